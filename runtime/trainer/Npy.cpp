//===- Npy.cpp - The header of a NumPy array ------------------------------===//
//
// "\x93NUMPY", version, header length, and a Python dictionary such as
// {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), }
//
//===----------------------------------------------------------------------===//
#include "trainer/Npy.h"

#include "trainer/Error.h"

#include <charconv>
#include <cstring>

using namespace dsc;

namespace {

constexpr size_t highestRank = 64;        // of NumPy
constexpr size_t longestHeader = 1 << 16; // a plain array's has a hundred bytes

/// What follows `'key':` in the header dictionary, blanks skipped.
std::string_view valueOf(std::string_view header, std::string_view key, const std::string &source) {
  size_t position = header.find("'" + std::string(key) + "'");
  if (position != std::string_view::npos)
    position = header.find(':', position);
  if (position != std::string_view::npos)
    position = header.find_first_not_of(' ', position + 1);
  if (position == std::string_view::npos)
    failInput("%s: its .npy header has no '%.*s'", source.c_str(), int(key.size()), key.data());
  return header.substr(position);
}

ArrayType parseType(std::string_view text, const std::string &source) {
  size_t end = text.size() > 1 && text[0] == '\'' ? text.find('\'', 1) : std::string_view::npos;
  if (end == std::string_view::npos)
    failInput("%s: structured element types are not supported; save one plain array per name",
              source.c_str());
  std::string_view descr = text.substr(1, end - 1); // such as <f4 or |u1
  if (descr.size() == 3 && (descr[0] == '<' || descr[0] == '|')) {
    ArrayType type{descr[1], descr[2] - '0'};
    bool isFloat = type.kind == 'f' && (type.size == 2 || type.size == 4 || type.size == 8);
    bool isInteger = (type.kind == 'i' || type.kind == 'u') &&
                     (type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8);
    if (isFloat || isInteger || (type.kind == 'b' && type.size == 1))
      return type;
  }
  failInput("%s: element type '%.*s' is not supported; save little-endian floats, integers or "
            "bools",
            source.c_str(), int(descr.size()), descr.data());
}

Shape parseShape(std::string_view text, const std::string &source) {
  size_t end = text.find(')');
  Shape shape;
  size_t position = 1;
  while (text[0] == '(' && end != std::string_view::npos && position < end) {
    int64_t size = 0;
    auto [next, error] = std::from_chars(text.data() + position, text.data() + end, size);
    if (error != std::errc() || size < 0)
      break;
    shape.push_back(size);
    position = text.find_first_not_of(", ", static_cast<size_t>(next - text.data()));
  }
  if (text[0] != '(' || end == std::string_view::npos || position < end)
    failInput("%s: its .npy header has no readable shape", source.c_str());
  if (shape.size() > highestRank)
    failInput("%s: its .npy header has a shape of %zu dimensions, more than %zu", source.c_str(),
              shape.size(), highestRank);
  return shape;
}

/// Splits the file into header text and data.
std::pair<std::string_view, std::string_view> splitHeader(std::string_view bytes,
                                                          const std::string &source) {
  if (bytes.size() < 12 || memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
    failInput("%s is not a .npy array, or it is truncated", source.c_str());
  bool isFirstVersion = bytes[6] == 1;
  size_t lengthSize = isFirstVersion ? 2 : 4, length = 0;
  memcpy(&length, bytes.data() + 8, lengthSize); // little endian
  size_t start = 8 + lengthSize;
  if (length > bytes.size() - start)
    failInput("%s is truncated within its header", source.c_str());
  if (length > longestHeader)
    failInput("%s: its .npy header is %zu bytes long, not that of a plain array", source.c_str(),
              length);
  return {bytes.substr(start, length), bytes.substr(start + length)};
}

void requireData(const Array &array, size_t available, const std::string &source) {
  uint64_t bytes = static_cast<uint64_t>(array.type.size);
  bool overflow = false;
  for (int64_t size : array.shape)
    overflow |= __builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes);
  if (overflow || bytes > available)
    failInput("%s is truncated: %s of shape %s needs %llu bytes, the file has %zu", source.c_str(),
              array.type.name().c_str(), shapeText(array.shape).c_str(),
              static_cast<unsigned long long>(bytes), available);
}

} // namespace

std::string ArrayType::name() const {
  switch (kind) {
  case 'b':
    return "bool";
  case 'f':
    return "float" + std::to_string(size * 8);
  case 'i':
    return "int" + std::to_string(size * 8);
  default:
    return "uint" + std::to_string(size * 8);
  }
}

Array dsc::parseNpy(std::string_view bytes, std::shared_ptr<const void> owner,
                    const std::string &source) {
  auto [header, data] = splitHeader(bytes, source);
  Array array;
  array.type = parseType(valueOf(header, "descr", source), source);
  array.shape = parseShape(valueOf(header, "shape", source), source);
  array.data = data.data();
  array.owner = std::move(owner);
  bool isFortran = valueOf(header, "fortran_order", source).substr(0, 4) == "True";
  if (isFortran && array.shape.size() > 1)
    failInput("%s is stored in Fortran order; save numpy.ascontiguousarray of it", source.c_str());
  requireData(array, data.size(), source);
  return array;
}
