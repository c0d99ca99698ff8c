//===- Move.h - Strided copies and fills ----------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_MOVE_H
#define DSC_RUNTIME_DEVICE_CPU_MOVE_H

#include "device/cpu/StridedLoop.h"

#include <vector>

namespace dsc {

/// Operand 0 of the loop is written, operand 1 is read. `bytes` is the size of an element.
using CopyLoop = StridedLoop<2>;
using FillLoop = StridedLoop<1>;

/// A copy of a tensor from one layout into another; the three have a number for each dimension.
CopyLoop copyLoop(const std::vector<int64_t> &dims, const std::vector<int64_t> &to,
                  const std::vector<int64_t> &from);

/// Copies; uses the thread pool. The loop need not be normalized.
void copyStrided(int64_t bytes, CopyLoop loop, void *out, const void *in);

/// Sets every element to the low `bytes` bytes of `pattern`; uses the thread pool.
void fillStrided(int64_t bytes, FillLoop loop, void *out, int64_t pattern);

/// Calls body(Element{}) with the unsigned type of `bytes` bytes.
template <typename Body> void withElement(int64_t bytes, Body &&body) {
  switch (bytes) {
  case 1:
    return body(uint8_t{});
  case 2:
    return body(uint16_t{});
  case 4:
    return body(uint32_t{});
  default:
    return body(uint64_t{});
  }
}

/// The types that scatters add in, a bit (1 << type) each.
inline constexpr unsigned summedTypes =
    1u << DSC_F32 | 1u << DSC_F64 | 1u << DSC_I32 | 1u << DSC_I64;

/// Calls body(Element{}) with one of these; integers without a sign, which wrap.
template <typename Body> void withSummed(int64_t type, Body &&body) {
  switch (type) {
  case DSC_F32:
    return body(float{});
  case DSC_F64:
    return body(double{});
  case DSC_I32:
    return body(uint32_t{});
  default:
    return body(uint64_t{});
  }
}

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_MOVE_H
