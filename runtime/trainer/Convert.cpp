//===- Convert.cpp - From the data's element types to the model's ---------===//
//
// Integers pass through int64 and floats through double in small blocks, so
// that there is one loop per type and not one per pair of types.
//
//===----------------------------------------------------------------------===//
#include "trainer/Convert.h"

#include "trainer/Error.h"

#include <algorithm>
#include <cstring>
#include <limits>

using namespace dsc;

namespace {

constexpr int64_t blockSize = 256;

bool isInteger(ArrayType type) { return type.kind != 'f'; }

template <typename T> void widen(int64_t *to, const void *from, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    T value;
    memcpy(&value, static_cast<const char *>(from) + i * sizeof(T), sizeof(T));
    to[i] = static_cast<int64_t>(value);
  }
}

void widenIntegers(int64_t *to, const void *from, ArrayType type, int64_t count) {
  bool isSigned = type.kind == 'i';
  switch (type.size) {
  case 1:
    return isSigned ? widen<int8_t>(to, from, count) : widen<uint8_t>(to, from, count);
  case 2:
    return isSigned ? widen<int16_t>(to, from, count) : widen<uint16_t>(to, from, count);
  case 4:
    return isSigned ? widen<int32_t>(to, from, count) : widen<uint32_t>(to, from, count);
  default:
    return widen<int64_t>(to, from, count); // uint64 above 2^63 turns negative: see narrow
  }
}

/// Stores what fits; returns the index of the first that does not, or -1.
template <typename T>
int64_t narrow(void *to, const int64_t *from, int64_t count, int64_t lowest, int64_t highest) {
  for (int64_t i = 0; i < count; ++i) {
    if (from[i] < lowest || from[i] > highest)
      return i;
    T value = static_cast<T>(from[i]);
    memcpy(static_cast<char *>(to) + i * sizeof(T), &value, sizeof(T));
  }
  return -1;
}

template <typename T>
int64_t narrowTo(void *to, const int64_t *from, int64_t count, bool fromWideUnsigned) {
  using Limits = std::numeric_limits<T>;
  int64_t lowest = fromWideUnsigned ? 0 : static_cast<int64_t>(Limits::min());
  return narrow<T>(to, from, count, lowest, static_cast<int64_t>(Limits::max()));
}

int64_t narrowIntegers(void *to, DscType type, const int64_t *from, int64_t count,
                       bool fromWideUnsigned) {
  switch (type) {
  case DSC_I1:
    return narrow<uint8_t>(to, from, count, 0, 1);
  case DSC_I8:
    return narrowTo<int8_t>(to, from, count, fromWideUnsigned);
  case DSC_U8:
    return narrowTo<uint8_t>(to, from, count, fromWideUnsigned);
  case DSC_I16:
    return narrowTo<int16_t>(to, from, count, fromWideUnsigned);
  case DSC_I32:
    return narrowTo<int32_t>(to, from, count, fromWideUnsigned);
  default:
    return narrowTo<int64_t>(to, from, count, fromWideUnsigned);
  }
}

/// The type of the ABI with the same bytes; there is none for the wide unsigned types.
std::optional<DscType> sameBytes(ArrayType type) {
  if (type.kind == 'f')
    return type.size == 4 ? DSC_F32 : type.size == 8 ? DSC_F64 : DSC_F16;
  if (type.kind == 'b')
    return DSC_I1;
  if (type.kind == 'u')
    return type.size == 1 ? std::optional<DscType>(DSC_U8) : std::nullopt;
  return type.size == 1 ? DSC_I8 : type.size == 2 ? DSC_I16 : type.size == 4 ? DSC_I32 : DSC_I64;
}

void scaleBytes(void *to, DscType type, const uint8_t *from, int64_t count,
                const Scaling &scaling) {
  float scale = static_cast<float>(scaling.scale), offset = static_cast<float>(scaling.offset);
  if (type == DSC_F32) {
    float *result = static_cast<float *>(to);
    for (int64_t i = 0; i < count; ++i)
      result[i] = static_cast<float>(from[i]) * scale + offset;
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    storeDouble(to, type, i, from[i] * scaling.scale + scaling.offset);
}

int64_t convertIntegers(void *to, DscType toType, const void *from, ArrayType fromType,
                        int64_t count) {
  int64_t block[blockSize];
  bool wideUnsigned = fromType == ArrayType{'u', 8};
  for (int64_t start = 0; start < count; start += blockSize) {
    int64_t length = std::min(blockSize, count - start);
    widenIntegers(block, static_cast<const char *>(from) + start * fromType.size, fromType, length);
    char *target = static_cast<char *>(to) + start * static_cast<int64_t>(typeSize(toType));
    int64_t bad = narrowIntegers(target, toType, block, length, wideUnsigned);
    if (bad >= 0)
      return start + bad;
  }
  return -1;
}

} // namespace

bool dsc::isSameType(ArrayType from, DscType to) { return sameBytes(from) == to; }

std::string dsc::whyNotConvertible(ArrayType from, DscType to, const Scaling &scaling) {
  if (isFloat(to) != isInteger(from))
    return "";
  bool isBytes = from == ArrayType{'u', 1};
  if (isFloat(to) && isBytes && scaling.given)
    return "";
  if (isFloat(to) && isBytes)
    return "uint8 feeds a float input only through --scale F and --offset F (such as --scale "
           "0.00392156862745098 for 0..255 to 0..1)";
  if (isFloat(to))
    return "save it as float32";
  return "save it as an integer array";
}

int64_t dsc::convertArray(void *to, DscType toType, const void *from, ArrayType fromType,
                          int64_t count, const Scaling &scaling) {
  if (isInteger(fromType) && !isFloat(toType) && toType != DSC_I1 && isSameType(fromType, toType)) {
    memcpy(to, from, static_cast<size_t>(count * fromType.size));
    return -1;
  }
  if (isInteger(fromType) && isFloat(toType)) {
    scaleBytes(to, toType, static_cast<const uint8_t *>(from), count, scaling);
    return -1;
  }
  if (isInteger(fromType))
    return convertIntegers(to, toType, from, fromType, count);
  convertElements(to, toType, from, *sameBytes(fromType), count);
  return -1;
}

std::string dsc::elementText(const void *data, ArrayType type, int64_t index) {
  int64_t value;
  widenIntegers(&value, static_cast<const char *>(data) + index * type.size, type, 1);
  return type == ArrayType{'u', 8} ? std::to_string(static_cast<uint64_t>(value))
                                   : std::to_string(value);
}

std::optional<std::pair<int64_t, int64_t>> dsc::findOutside(const void *data, DscType type,
                                                            int64_t count, int64_t bound,
                                                            std::optional<int64_t> ignored) {
  int64_t block[blockSize];
  ArrayType wide{type == DSC_U8 || type == DSC_I1 ? 'u' : 'i', static_cast<int>(typeSize(type))};
  for (int64_t start = 0; start < count; start += blockSize) {
    int64_t length = std::min(blockSize, count - start);
    widenIntegers(block, static_cast<const char *>(data) + start * wide.size, wide, length);
    for (int64_t i = 0; i < length; ++i)
      if ((block[i] < 0 || block[i] >= bound) && block[i] != ignored)
        return std::pair(start + i, block[i]);
  }
  return std::nullopt;
}
