//===- Npy.cpp - The header of a NumPy array ------------------------------===//
//
// "\x93NUMPY", version, header length, and a Python dictionary such as
// {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), }
//
//===----------------------------------------------------------------------===//
#include "trainer/Npy.h"

#include "abi/NpyHeader.h"
#include "trainer/Error.h"

#include <algorithm>
#include <cstring>

using namespace dsc;

namespace {

std::string_view valueOf(const npyheader::Fields &fields, std::string_view name,
                         const std::string &source) {
  auto field = fields.find(name);
  if (field == fields.end())
    failInput("%s: its .npy header has no '%.*s'", source.c_str(), int(name.size()), name.data());
  return field->second;
}

ArrayType parseType(std::string_view text, const std::string &source) {
  size_t end = text.size() > 1 && (text[0] == '\'' || text[0] == '"') ? text.find(text[0], 1)
                                                                      : std::string_view::npos;
  if (end == std::string_view::npos)
    failInput("%s: structured element types are not supported; save one plain array per name",
              source.c_str());
  std::string_view descr = text.substr(1, std::min<size_t>(end - 1, 40)); // such as <f4 or |u1
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
  Shape shape;
  if (!npyheader::readShape(text, shape))
    failInput("%s: its .npy header has no readable shape", source.c_str());
  if (shape.size() > npyheader::highestRank)
    failInput("%s: its .npy header has a shape of %zu dimensions, more than %zu", source.c_str(),
              shape.size(), npyheader::highestRank);
  return shape;
}

void requireRowMajor(std::string_view isFortran, const Shape &shape, const std::string &source) {
  if (isFortran != "True" && isFortran != "False")
    failInput("%s: its .npy header has no readable 'fortran_order'", source.c_str());
  if (isFortran == "True" && shape.size() > 1)
    failInput("%s is stored in Fortran order; save numpy.ascontiguousarray of it", source.c_str());
}

/// The header text, and where the data starts, of a file of `size` bytes.
std::pair<std::string_view, size_t> findHeader(std::string_view prefix, uint64_t size,
                                               const std::string &source) {
  if (prefix.size() < npyheader::longestPrefix || memcmp(prefix.data(), "\x93NUMPY", 6) != 0)
    failInput("%s is not a .npy array, or it is truncated", source.c_str());
  if (!npyheader::isVersion(prefix[6], prefix[7]))
    failInput("%s is of .npy version %d.%d, which is unknown", source.c_str(), uint8_t(prefix[6]),
              uint8_t(prefix[7]));
  size_t lengthSize = prefix[6] == 1 ? 2 : 4, length = 0;
  memcpy(&length, prefix.data() + 8, lengthSize); // little endian
  size_t start = 8 + lengthSize;
  if (length > size - start)
    failInput("%s is truncated within its header", source.c_str());
  if (length > npyheader::longestHeader)
    failInput("%s: its .npy header is %zu bytes long, not that of a plain array", source.c_str(),
              length);
  return {prefix.substr(start, length), start + length};
}

/// The array's data, and nothing else, must follow the header.
void requireData(const NpyHeader &header, uint64_t available, const std::string &source) {
  uint64_t bytes = 0;
  std::string what = header.type.name() + " of shape " + shapeText(header.shape);
  if (!npyheader::countBytes(header.shape, uint64_t(header.type.size), bytes))
    failInput("%s: no memory holds %s; the file is corrupt", source.c_str(), what.c_str());
  if (bytes != available)
    failInput("%s is %s: %s needs %llu bytes, the file has %llu", source.c_str(),
              bytes > available ? "truncated" : "corrupt", what.c_str(),
              static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(available));
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

NpyHeader dsc::parseNpyHeader(std::string_view prefix, uint64_t size, const std::string &source) {
  auto [text, start] = findHeader(prefix, size, source);
  npyheader::Fields fields;
  if (const char *problem = npyheader::readFields(text, fields))
    failInput("%s: %s", source.c_str(), problem);
  NpyHeader header;
  header.type = parseType(valueOf(fields, "descr", source), source);
  header.shape = parseShape(valueOf(fields, "shape", source), source);
  header.dataStart = start;
  requireRowMajor(valueOf(fields, "fortran_order", source), header.shape, source);
  requireData(header, size - start, source);
  return header;
}

Array dsc::parseNpy(std::string_view bytes, std::shared_ptr<const void> owner,
                    const std::string &source) {
  NpyHeader header = parseNpyHeader(bytes, bytes.size(), source);
  return {header.type, std::move(header.shape), bytes.data() + header.dataStart, std::move(owner)};
}
