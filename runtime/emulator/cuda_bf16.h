//===- cuda_bf16.h - CUDA's bfloat16 as the emulator offers it ------------===//
//
// Stands in for the toolkit's header: the names that generated code and runtime/device/cuda use.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_EMULATOR_CUDA_BF16_H
#define DSC_RUNTIME_EMULATOR_CUDA_BF16_H

#include "SmallFloat.h"

#include <cuda_runtime.h>

using __nv_bfloat16 = emulator::SmallFloat<8, 7>;

struct alignas(4) __nv_bfloat162 {
  __nv_bfloat16 x, y;
};

inline __nv_bfloat16 __float2bfloat16_rn(float value) { return __nv_bfloat16(value); }
inline __nv_bfloat16 __double2bfloat16(double value) { return __nv_bfloat16(value); }
inline float __bfloat162float(__nv_bfloat16 value) { return float(value); }
inline uint16_t __bfloat16_as_ushort(__nv_bfloat16 value) { return value.toBits(); }
inline __nv_bfloat16 __ushort_as_bfloat16(uint16_t bits) { return __nv_bfloat16::fromBits(bits); }

inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y) {
  return {__nv_bfloat16(x), __nv_bfloat16(y)};
}
inline float __low2float(__nv_bfloat162 pair) { return float(pair.x); }
inline float __high2float(__nv_bfloat162 pair) { return float(pair.y); }
inline float2 __bfloat1622float2(__nv_bfloat162 pair) { return {float(pair.x), float(pair.y)}; }

#endif // DSC_RUNTIME_EMULATOR_CUDA_BF16_H
