//===- Convert.h - From the data's element types to the model's -----------===//
//
// The rules: equal types are copied; integers and bools convert to any integer
// type in which the value fits; floats convert to floats; uint8 feeds floats
// through scale and offset. Nothing else.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_CONVERT_H
#define DSC_RUNTIME_TRAINER_CONVERT_H

#include "trainer/Npy.h"

namespace dsc {

/// value * scale + offset, for uint8 arrays of float inputs.
struct Scaling {
  bool given = false;
  double scale = 1;
  double offset = 0;
};

/// Why an array of type `from` cannot feed an input of type `to`; empty when it can.
std::string whyNotConvertible(ArrayType from, DscType to, const Scaling &scaling);

/// Whether the bytes are the same, so that no conversion is needed.
bool isSameType(ArrayType from, DscType to);

/// Converts `count` elements. Returns the index of the first integer that does not fit, or -1.
int64_t convertArray(void *to, DscType toType, const void *from, ArrayType fromType, int64_t count,
                     const Scaling &scaling);

/// An integer element as text, for messages.
std::string elementText(const void *data, ArrayType type, int64_t index);
/// The first of `count` integers outside [0, bound) that is not `ignored`: index and value.
std::optional<std::pair<int64_t, int64_t>> findOutside(const void *data, DscType type,
                                                       int64_t count, int64_t bound,
                                                       std::optional<int64_t> ignored);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_CONVERT_H
