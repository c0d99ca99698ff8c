//===- Types.cpp - Element types, shapes and number conversion ------------===//
#include "trainer/Types.h"

#include "trainer/Error.h"

#include <algorithm>
#include <bit>
#include <cstring>

using namespace dsc;

namespace {

struct TypeEntry {
  DscType type;
  const char *name;
  const char *safetensors;
  int onnx;
  size_t size;
};

// Order of DscType.
constexpr TypeEntry typeTable[] = {
    {DSC_F32, "f32", "F32", 1, 4},  {DSC_F64, "f64", "F64", 11, 8},
    {DSC_F16, "f16", "F16", 10, 2}, {DSC_BF16, "bf16", "BF16", 16, 2},
    {DSC_I1, "i1", "BOOL", 9, 1},   {DSC_I8, "i8", "I8", 3, 1},
    {DSC_I16, "i16", "I16", 5, 2},  {DSC_I32, "i32", "I32", 6, 4},
    {DSC_I64, "i64", "I64", 7, 8},  {DSC_U8, "u8", "U8", 2, 1},
};

template <typename Matches> std::optional<DscType> findType(Matches matches) {
  for (const TypeEntry &entry : typeTable)
    if (matches(entry))
      return entry.type;
  return std::nullopt;
}

template <typename T> T load(const void *data, int64_t index) {
  T value;
  memcpy(&value, static_cast<const char *>(data) + index * sizeof(T), sizeof(T));
  return value;
}

template <typename T> void store(void *data, int64_t index, T value) {
  memcpy(static_cast<char *>(data) + index * sizeof(T), &value, sizeof(T));
}

} // namespace

int64_t dsc::numElements(const Shape &shape) {
  // First: the other sizes of an empty array may multiply to more than there are numbers for.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end())
    return 0;
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

std::string dsc::shapeText(const Shape &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

size_t dsc::typeSize(DscType type) { return typeTable[type].size; }
bool dsc::isFloat(DscType type) { return type <= DSC_BF16; }
const char *dsc::typeName(DscType type) { return typeTable[type].name; }
const char *dsc::safetensorsName(DscType type) { return typeTable[type].safetensors; }
int dsc::onnxType(DscType type) { return typeTable[type].onnx; }

std::optional<DscType> dsc::typeFromName(std::string_view name) {
  return findType([&](const TypeEntry &entry) { return entry.name == name; });
}

std::optional<DscType> dsc::typeFromSafetensors(std::string_view name) {
  return findType([&](const TypeEntry &entry) { return entry.safetensors == name; });
}

std::optional<DscType> dsc::typeFromOnnx(int type) {
  return findType([&](const TypeEntry &entry) { return entry.onnx == type; });
}

float dsc::halfToFloat(uint16_t bits) {
  uint32_t sign = (bits & 0x8000u) << 16;
  uint32_t exponent = (bits >> 10) & 31, mantissa = bits & 0x3ffu;
  if (exponent == 31) // infinity, NaN
    return std::bit_cast<float>(sign | 0x7f800000u | mantissa << 13);
  if (exponent == 0) { // zero, subnormal: mantissa * 2^-24
    float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

uint16_t dsc::floatToHalf(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
  bits &= 0x7fffffffu;
  if (bits >= 0x7f800000u) // infinity stays, NaN becomes a quiet one
    return sign | (bits > 0x7f800000u ? 0x7e00 : 0x7c00);
  if (bits >= 0x477ff000u) // rounds to more than the largest half
    return sign | 0x7c00;
  if (bits < 0x38800000u) { // below the smallest normal: adding 0.5 rounds at 2^-24
    float shifted = std::bit_cast<float>(bits) + 0.5f;
    return sign | static_cast<uint16_t>(std::bit_cast<uint32_t>(shifted) - 0x3f000000u);
  }
  uint32_t odd = (bits >> 13) & 1; // round to nearest, ties to even
  return sign | static_cast<uint16_t>((bits - 0x38000000u + 0xfffu + odd) >> 13);
}

float dsc::bfloat16ToFloat(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

uint16_t dsc::floatToBfloat16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) // rounding must not turn a NaN into an infinity
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

double dsc::loadDouble(const void *data, DscType type, int64_t index) {
  switch (type) {
  case DSC_F32:
    return load<float>(data, index);
  case DSC_F64:
    return load<double>(data, index);
  case DSC_F16:
    return halfToFloat(load<uint16_t>(data, index));
  case DSC_BF16:
    return bfloat16ToFloat(load<uint16_t>(data, index));
  case DSC_I8:
    return load<int8_t>(data, index);
  case DSC_I16:
    return load<int16_t>(data, index);
  case DSC_I32:
    return load<int32_t>(data, index);
  case DSC_I64:
    return static_cast<double>(load<int64_t>(data, index));
  case DSC_I1:
  case DSC_U8:
    return load<uint8_t>(data, index);
  }
  failInternal("unknown element type %d", static_cast<int>(type));
}

void dsc::storeDouble(void *data, DscType type, int64_t index, double value) {
  switch (type) {
  case DSC_F32:
    return store(data, index, static_cast<float>(value));
  case DSC_F64:
    return store(data, index, value);
  case DSC_F16:
    return store(data, index, floatToHalf(static_cast<float>(value)));
  case DSC_BF16:
    return store(data, index, floatToBfloat16(static_cast<float>(value)));
  case DSC_I8:
    return store(data, index, static_cast<int8_t>(value));
  case DSC_I16:
    return store(data, index, static_cast<int16_t>(value));
  case DSC_I32:
    return store(data, index, static_cast<int32_t>(value));
  case DSC_I64:
    return store(data, index, static_cast<int64_t>(value));
  case DSC_I1:
    return store(data, index, static_cast<uint8_t>(value != 0));
  case DSC_U8:
    return store(data, index, static_cast<uint8_t>(value));
  }
  failInternal("unknown element type %d", static_cast<int>(type));
}

void dsc::convertElements(void *to, DscType toType, const void *from, DscType fromType,
                          int64_t count) {
  if (toType == fromType) {
    memcpy(to, from, static_cast<size_t>(count) * typeSize(toType));
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    storeDouble(to, toType, i, loadDouble(from, fromType, i));
}
