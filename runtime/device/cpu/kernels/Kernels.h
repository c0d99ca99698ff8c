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

/// A convolution may have this many taps at most for the functions below.
constexpr int64_t maxThinTaps = 512;

/// One image of a convolution of few input channels in two dimensions. All tensors are dense.
struct ThinConv {
  int64_t inputs, outputs; // channels
  int64_t input[2], kernel[2], strides[2], dilations[2], low[2], output[2];

  int64_t taps() const { return inputs * kernel[0] * kernel[1]; }
};

/// Queries and keys are worked on in blocks of this many.
constexpr int64_t attentionBlock = 64;

/// One query head of an attention call. The last dimension of each matrix is contiguous.
struct AttentionHead {
  int64_t T, S, D, Dv; // queries, keys, width of q and k, width of v
  float scale;
  bool causal;
  const float *q, *k, *v, *mask; // mask may be null
  int64_t qStride, kStride, vStride, maskStrides[2];
  float *out, *lse;
  int64_t outStride;
  const float *outGrad; // the rest is for the gradient alone
  float *qGrad, *kGrad, *vGrad;
  int64_t outGradStride, qGradStride, kGradStride, vGradStride;
};

/// Which gradients `attentionGrad` computes.
enum AttentionGrads : uint8_t { attentionGradQ = 1, attentionGradKV = 2 };

/// The functions of one level.
struct KernelTable {
  const char *level;
  /// Floats of scratch memory, 64-byte aligned, that a call of either of these needs.
  int64_t (*attentionScratch)(int64_t D, int64_t Dv);
  /// out and lse of the query block that begins at `query`.
  void (*attention)(const AttentionHead &head, int64_t query, float *scratch);
  /// What the query block at `query` and the keys [keyBegin, keyEnd) give: sets qGrad of the block
  /// (all keys must be given then), adds to kGrad and vGrad. keyBegin is a block's beginning.
  void (*attentionGrad)(const AttentionHead &head, int64_t query, int64_t keyBegin, int64_t keyEnd,
                        int what, float *scratch);
  /// to[a * toStride + b] = from[a + b * fromStride] for elements of 4 bytes.
  void (*transposeWords)(int64_t sizeA, int64_t sizeB, float *to, int64_t toStride,
                         const float *from, int64_t fromStride);
  void (*maxPoolPlane)(const PoolPlane &plane, const float *input, float *output, int32_t *index);
  void (*avgPoolPlane)(const PoolPlane &plane, const float *input, float *output);
  /// Adds to the input gradient.
  void (*avgPoolGradPlane)(const PoolPlane &plane, const float *outputGrad, float *inputGrad);
  /// Floats of scratch memory that a call of either of the next two needs.
  int64_t (*thinConvScratch)(const ThinConv &conv);
  /// `bias` may be null.
  void (*thinConv)(const ThinConv &conv, const float *input, const float *weight, const float *bias,
                   bool relu, float *output, float *scratch);
  /// Adds to weightGrad[outputs][taps].
  void (*thinConvWeightGrad)(const ThinConv &conv, const float *input, const float *outputGrad,
                             float *weightGrad, float *scratch);
};

/// The table of the best level of this processor.
const KernelTable &kernels();

/// All levels this processor can run, worst first (tests run each).
const KernelTable *const *runnableKernels(int *count);

/// Makes `kernels()` return another table; for tests.
void useKernels(const KernelTable &table);

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_KERNELS_KERNELS_H
