//===- Routines.h - The library calls of a step ---------------------------===//
//
// What a routine computes, and which buffers it takes in which order, is what
// abi/CpuRoutines.h says of the CPU's routine with the same name; the structs below
// are its ints with names. Products are cuBLASLt, by oneDNN on the host (host/CublasLt.cpp);
// convolutions are cuDNN on a device and oneDNN on the host (library/ and host/); the rest
// are kernels of our own, on both.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_ROUTINES_H
#define DSC_RUNTIME_DEVICE_CUDA_ROUTINES_H

#include "abi/CpuRoutines.h"
#include "device/Device.h"
#include "device/cuda/Step.h"

#include <initializer_list>
#include <vector>

namespace dsc::cuda {

using Sizes = std::vector<int64_t>;
using Buffers = std::initializer_list<Buffer>;

struct Matmul {
  DscType type = DSC_F32;
  Sizes batch;
  int64_t m, n, k;
  Sizes lhs, rhs, out; // strides: batch, rows, columns
  int64_t flags = 0;
};
void matmul(Step &step, const Matmul &shape, Buffers buffers);
/// Device::pin() and Device::algorithms(): those of matmul's library.
bool pinMatmuls(const Algorithms &algorithms);
const Algorithms &matmulAlgorithms();

struct Conv {
  int64_t n, c, k, groups;
  Sizes input, kernel, strides, dilations, lowPads, highPads, output;
  Sizes inputStrides, weightStrides, outputStrides;
  int64_t flags = 0;
};
void conv(Step &step, const Conv &shape, Buffers buffers);
void convInputGrad(Step &step, const Conv &shape, Buffers buffers);
void convWeightGrad(Step &step, const Conv &shape, Buffers buffers);

struct Pool {
  int64_t n, c;
  Sizes input, kernel, strides, dilations, lowPads, highPads, output;
  Sizes inputStrides, outputStrides;
  int64_t flags = 0;
};
void maxPool(Step &step, const Pool &shape, Buffers buffers);
void avgPool(Step &step, const Pool &shape, Buffers buffers);
void avgPoolGrad(Step &step, const Pool &shape, Buffers buffers);

struct Attention {
  int64_t b, h, hkv, t, s, d, dv;
  Sizes q, k, v, out;
  Sizes mask = {};
  Sizes outGrad = {}, qGrad = {}, kGrad = {}, vGrad = {}; // of the gradient only
  Sizes joined = {}; // where the three gradients begin in their buffer
  int64_t flags = 0;
  double scale = 1;
};
void attention(Step &step, const Attention &shape, Buffers buffers);
void attentionGrad(Step &step, const Attention &shape, Buffers buffers);

struct Take {
  int64_t bytes;
  DscType indexType;
  int64_t outer, axis, inner, count;
  Sizes table;
  int64_t indexStride;
  Sizes out;
};
void take(Step &step, const Take &shape, Buffers buffers);

struct ScatterAdd {
  DscType type, indexType;
  int64_t outer, axis, inner, count;
  Sizes updates;
  int64_t indexStride;
  Sizes out;
  int64_t flags = 0;
};
void scatterAdd(Step &step, const ScatterAdd &shape, Buffers buffers);

struct TakeAlong {
  int64_t bytes;
  DscType indexType;
  int64_t axis, axisSize;
  Sizes dims, data, index, out;
};
void takeAlong(Step &step, const TakeAlong &shape, Buffers buffers);

struct ScatterAddAlong {
  DscType type, indexType;
  int64_t axis;
  Sizes dims, outDims, updates, index, out;
  int64_t flags = 0;
};
void scatterAddAlong(Step &step, const ScatterAddAlong &shape, Buffers buffers);

struct ArgMax {
  DscType type;
  int64_t outer, axis, inner;
  Sizes input;
  int64_t flags = 0;
};
void argMax(Step &step, const ArgMax &shape, Buffers buffers);

struct GlobalNorm {
  int64_t chunk; // elements of which a block adds up the squares
};
void globalNorm(Step &step, const GlobalNorm &shape, const Buffer *buffers, size_t count);
inline void globalNorm(Step &step, const GlobalNorm &shape, Buffers buffers) {
  globalNorm(step, shape, buffers.begin(), buffers.size());
}

struct Copy {
  int64_t bytes;
  Sizes dims, in, out;
  int64_t inOffset, outOffset;
};
void copy(Step &step, const Copy &shape, Buffers buffers);

struct Fill {
  int64_t bytes;
  Sizes dims, strides;
  int64_t offset, pattern;
};
void fill(Step &step, const Fill &shape, Buffers buffers);

/// Tensors that begin on multiples of 16 bytes.
struct FillAll {
  int64_t bytes, pattern;
};
void fillAll(Step &step, const FillAll &shape, const Buffer *buffers, size_t count);
inline void fillAll(Step &step, const FillAll &shape, Buffers buffers) {
  fillAll(step, shape, buffers.begin(), buffers.size());
}

struct StackRows {
  int64_t bytes, microbatches;
};
void stackRows(Step &step, const StackRows &shape, Buffers buffers);

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_ROUTINES_H
