//===- Norm.cu - The norm of all gradients --------------------------------===//
//
// Blocks add up the squares of chunks, one block the sums of them: always in the same
// order, so that the same gradients have the same norm.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Kernel.h"
#include "device/cuda/Routines.h"
#include "device/cuda/Tensors.h"

namespace dsc::cuda {

namespace {

constexpr int threads = 256;

__device__ float square(float4 x) { return x.x * x.x + x.y * x.y + x.z * x.z + x.w * x.w; }

/// A block per chunk, 16 bytes at a time where the tensor allows it.
__global__ void __launch_bounds__(threads)
    sumSquares(const Tensors<const float> tensors, int32_t chunk, float *__restrict__ sums) {
  int32_t tensor = tensors.own();
  int64_t begin = tensors.block(tensor) * chunk;
  const float *data = tensors.data[tensor] + begin;
  int64_t left = tensors.counts[tensor] - begin;
  int32_t size = left < chunk ? static_cast<int32_t>(left) : chunk;
  bool isAligned = reinterpret_cast<uintptr_t>(data) % sizeof(float4) == 0;
  int32_t inFours = isAligned ? size / 4 * 4 : 0;
  float sum = 0;
  for (int32_t i = 4 * threadIdx.x; i < inFours; i += 4 * threads)
    sum += square(*asVector<const float4>(data + i));
  for (int32_t i = inFours + threadIdx.x; i < size; i += threads)
    sum += data[i] * data[i];
  sum = blockReduce<Sum>(sum);
  if (threadIdx.x == 0)
    sums[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(threads)
    rootOfSum(const float *__restrict__ sums, int64_t count, float *__restrict__ norm) {
  float sum = 0;
  for (int64_t i = threadIdx.x; i < count; i += threads)
    sum += sums[i];
  sum = blockReduce<Sum>(sum);
  if (threadIdx.x == 0)
    *norm = sqrtf(sum);
}

} // namespace

void globalNorm(Step &step, const GlobalNorm &shape, const Buffer *buffers, size_t count) {
  const Buffer *next = buffers, *end = buffers + count - 2;
  auto norm = end[0].tensor<float>(), sums = end[1].tensor<float>();
  int64_t done = 0;
  Tensors<const float> tensors;
  while (int32_t blocks = tensors.take(next, end, shape.chunk)) {
    LAUNCH(step, sumSquares, static_cast<unsigned>(blocks), threads, 0, step.stream, tensors,
           static_cast<int32_t>(shape.chunk), Tensor<float>{sums.data + done, blocks});
    done += blocks;
  }
  LAUNCH(step, rootOfSum, 1, threads, 0, step.stream, sums, sums.count, norm);
}

} // namespace dsc::cuda
