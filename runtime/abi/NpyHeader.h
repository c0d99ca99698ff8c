//===- NpyHeader.h - The text in front of a NumPy array -------------------===//
//
// A Python dictionary such as
// {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), }
// Files come from strangers: compiler and trainer take only what has one meaning.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_ABI_NPYHEADER_H
#define DSC_RUNTIME_ABI_NPYHEADER_H

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace dsc::npyheader {

constexpr size_t longestHeader = 1 << 16; // a plain array's has a hundred bytes
constexpr size_t longestPrefix = 12;      // magic, version and length of the header
constexpr size_t highestRank = 64;        // of NumPy
constexpr const char *blanks = " \t\n\r";

/// The versions differ in the length's width and the text's encoding.
inline bool isVersion(char major, char minor) { return major >= 1 && major <= 3 && minor == 0; }

inline std::string_view dropBlanks(std::string_view text) {
  size_t start = text.find_first_not_of(blanks);
  return start == std::string_view::npos ? std::string_view() : text.substr(start);
}

inline std::string_view trimBlanks(std::string_view text) {
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

inline bool consume(std::string_view &text, char expected) {
  text = dropBlanks(text);
  if (text.empty() || text.front() != expected)
    return false;
  text = dropBlanks(text.substr(1));
  return true;
}

/// Takes a name in quotes; empty where there is none.
inline std::string_view takeName(std::string_view &text) {
  if (text.empty() || (text[0] != '\'' && text[0] != '"'))
    return {};
  size_t end = text.find(text[0], 1);
  if (end == std::string_view::npos)
    return {};
  std::string_view name = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  return name;
}

/// Takes what stands before the next comma, or the end, of this dictionary.
inline std::string_view takeValue(std::string_view &text) {
  int depth = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote != 0)
      quote = c == quote ? '\0' : quote;
    else if (c == '\'' || c == '"')
      quote = c;
    else if (depth == 0 && (c == ',' || c == '}')) {
      std::string_view value = trimBlanks(text.substr(0, i));
      text.remove_prefix(i);
      return value;
    } else
      depth += (c == '(' || c == '[' || c == '{') - (c == ')' || c == ']' || c == '}');
  }
  return {};
}

using Fields = std::map<std::string_view, std::string_view>;

/// Splits the header into values by name; returns what is wrong with it, or null.
inline const char *readFields(std::string_view header, Fields &fields) {
  const char *noDictionary = "its header is no dictionary";
  if (!consume(header, '{'))
    return noDictionary;
  while (!consume(header, '}')) {
    std::string_view name = takeName(header);
    if (name.empty() || !consume(header, ':'))
      return noDictionary;
    std::string_view value = takeValue(header);
    if (value.empty())
      return noDictionary;
    if (!fields.emplace(name, value).second)
      return "its header has a field twice";
    consume(header, ',');
  }
  return header.empty() ? nullptr : noDictionary;
}

/// Reads a tuple of sizes, as Python writes it: (), (2,), (2, 3) or (2, 3,).
inline bool readShape(std::string_view text, std::vector<int64_t> &shape) {
  bool endsInComma = true;
  if (!consume(text, '('))
    return false;
  while (!consume(text, ')')) {
    int64_t size = 0;
    auto [next, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (!endsInComma || error != std::errc() || size < 0)
      return false;
    text.remove_prefix(static_cast<size_t>(next - text.data()));
    endsInComma = consume(text, ',');
    shape.push_back(size);
  }
  return text.empty() && (shape.size() != 1 || endsInComma); // (2) is a number
}

/// The bytes of an array, or false where that overflows.
inline bool countBytes(const std::vector<int64_t> &shape, uint64_t elementSize, uint64_t &bytes) {
  bytes = elementSize;
  bool overflow = false;
  for (int64_t size : shape)
    overflow |= __builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes);
  return !overflow && bytes <= uint64_t(1) << 62;
}

} // namespace dsc::npyheader

#endif // DSC_RUNTIME_ABI_NPYHEADER_H
