//===- Kernels.h - Inner loops that exist once per instruction set --------===//
//
// Everything under kernels/ is compiled once per level (x86-64-v2, -v3, -v4; one
// `baseline` elsewhere) into a namespace of that level's name, and `kernels()`
// picks the best level this processor has, once.
//
// Rule for those files: no function with external linkage but those of the level's
// namespace. An inline function of the standard library compiled for v4 could
// otherwise be the copy that the linker keeps for everybody.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_KERNELS_KERNELS_H
#define DSC_RUNTIME_DEVICE_CPU_KERNELS_KERNELS_H

#include <stdint.h>

namespace dsc {

/// One (n, c) plane of a pooling call; spatial dimensions are filled up with 1s in front to three.
struct PoolPlane {
  int64_t input[3], kernel[3], strides[3], dilations[3], low[3], high[3], output[3];
  int64_t inputStrides[3], outputStrides[3];
  bool countIncludePad;
};

/// The functions of one level.
struct KernelTable {
  const char *level;
  void (*maxPoolPlane)(const PoolPlane &plane, const float *input, float *output, int32_t *index);
  void (*avgPoolPlane)(const PoolPlane &plane, const float *input, float *output);
  /// Adds to the input gradient.
  void (*avgPoolGradPlane)(const PoolPlane &plane, const float *outputGrad, float *inputGrad);
};

/// The table of the best level of this processor.
const KernelTable &kernels();

/// All levels this processor can run, worst first (tests run each).
const KernelTable *const *runnableKernels(int *count);

/// Makes `kernels()` return another table; for tests.
void useKernels(const KernelTable &table);

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_KERNELS_KERNELS_H
