//===- cuda_fp16.h - CUDA's half as the emulator offers it ----------------===//
//
// Stands in for the toolkit's header: the names that generated code and runtime/device/cuda use.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_EMULATOR_CUDA_FP16_H
#define DSC_RUNTIME_EMULATOR_CUDA_FP16_H

#include "SmallFloat.h"

#include <cuda_runtime.h>

using __half = emulator::SmallFloat<5, 10>;

struct alignas(4) __half2 {
  __half x, y;
};

inline __half __float2half_rn(float value) { return __half(value); }
inline __half __double2half(double value) { return __half(value); }
inline float __half2float(__half value) { return float(value); }
inline uint16_t __half_as_ushort(__half value) { return value.toBits(); }
inline __half __ushort_as_half(uint16_t bits) { return __half::fromBits(bits); }

inline __half2 __floats2half2_rn(float x, float y) { return {__half(x), __half(y)}; }
inline float __low2float(__half2 pair) { return float(pair.x); }
inline float __high2float(__half2 pair) { return float(pair.y); }
inline float2 __half22float2(__half2 pair) { return {float(pair.x), float(pair.y)}; }

#endif // DSC_RUNTIME_EMULATOR_CUDA_FP16_H
