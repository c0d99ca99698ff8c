//===- Types.h - Element types, shapes and number conversion --------------===//
//
// The element types of the ABI with their names in the three formats that use
// them (description, safetensors, ONNX), and conversion between float types.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_TYPES_H
#define DSC_RUNTIME_TRAINER_TYPES_H

#include "abi/Abi.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dsc {

using Shape = std::vector<int64_t>;

int64_t numElements(const Shape &shape);
/// "[2, 3]"
std::string shapeText(const Shape &shape);

size_t typeSize(DscType type);
bool isFloat(DscType type);

const char *typeName(DscType type);                         // "f32"
std::optional<DscType> typeFromName(std::string_view name); // "f32"
const char *safetensorsName(DscType type);                  // "F32"
std::optional<DscType> typeFromSafetensors(std::string_view name);
int onnxType(DscType type); // TensorProto.DataType
std::optional<DscType> typeFromOnnx(int type);

float halfToFloat(uint16_t bits);
uint16_t floatToHalf(float value);
float bfloat16ToFloat(uint16_t bits);
uint16_t floatToBfloat16(float value);

/// Reads element `index` of an array of any type as a double.
double loadDouble(const void *data, DscType type, int64_t index);
/// Writes it; floats round to nearest even, integers truncate.
void storeDouble(void *data, DscType type, int64_t index, double value);
/// Converts `count` elements. Equal types are copied bit for bit.
void convertElements(void *to, DscType toType, const void *from, DscType fromType, int64_t count);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_TYPES_H
