//===- Level.h - What the kernel files of one level share -----------------===//
//
// Included by files that are compiled once per level, with DSC_LEVEL the level's
// name. Helpers are static or in the level's namespace (see Kernels.h).
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_KERNELS_LEVEL_H
#define DSC_RUNTIME_DEVICE_CPU_KERNELS_LEVEL_H

#include "device/cpu/kernels/Kernels.h"

namespace dsc::DSC_LEVEL {

constexpr int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

int64_t attentionScratch(int64_t D, int64_t Dv);
void attention(const AttentionHead &head, int64_t query, float *scratch);
void attentionGrad(const AttentionHead &head, int64_t query, int64_t keyBegin, int64_t keyEnd,
                   int what, float *scratch);
void transposeWords(int64_t sizeA, int64_t sizeB, float *to, int64_t toStride, const float *from,
                    int64_t fromStride);
void maxPoolPlane(const PoolPlane &plane, const float *input, float *output, int32_t *index);
void avgPoolPlane(const PoolPlane &plane, const float *input, float *output);
void avgPoolGradPlane(const PoolPlane &plane, const float *outputGrad, float *inputGrad);
int64_t thinConvScratch(const ThinConv &conv);
void thinConv(const ThinConv &conv, const float *input, const float *weight, const float *bias,
              bool relu, float *output, float *scratch);
void thinConvWeightGrad(const ThinConv &conv, const float *input, const float *outputGrad,
                        float *weightGrad, float *scratch);

} // namespace dsc::DSC_LEVEL

#endif // DSC_RUNTIME_DEVICE_CPU_KERNELS_LEVEL_H
