//===- Norm.cu - The norm of all gradients --------------------------------===//
//
// Blocks add up the squares of chunks, one block the sums of them: always in the same
// order, so that the same gradients have the same norm.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Kernel.h"
#include "device/cuda/Routines.h"

#include <algorithm>

namespace dsc::cuda {

namespace {

/// Tensors of one launch: within the 4 KiB that a kernel's arguments may have.
struct Tensors {
  static constexpr int most = 128;
  const float *data[most];
  int64_t counts[most];
  int32_t firstBlocks[most];
  int32_t number = 0;

#ifdef DSC_EMULATOR
  void addAccesses(std::vector<emulator::Access> &accesses) const {
    for (int i = 0; i < number; ++i)
      accesses.push_back({data[i], static_cast<size_t>(counts[i]) * sizeof(float), false});
  }
#endif
};
static_assert(sizeof(Tensors) <= 4000);

constexpr int threads = 256;

__device__ float square(float4 x) { return x.x * x.x + x.y * x.y + x.z * x.z + x.w * x.w; }

/// A block per chunk, 16 bytes at a time where the tensor allows it.
__global__ void __launch_bounds__(threads)
    sumSquares(const Tensors tensors, int32_t chunk, float *__restrict__ sums) {
  int32_t tensor = findOwn(tensors.number, [&](int32_t i) { return tensors.firstBlocks[i]; });
  int64_t begin = (static_cast<int32_t>(blockIdx.x) - tensors.firstBlocks[tensor]) * int64_t(chunk);
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

/// The next tensors of the list, and how many blocks they take.
int32_t nextTensors(Tensors &tensors, const Buffer *&next, const Buffer *end, int64_t chunk) {
  int32_t blocks = 0;
  for (tensors.number = 0; next != end && tensors.number < Tensors::most; ++next) {
    auto tensor = next->tensor<const float>();
    if (tensor.count == 0)
      continue;
    int i = tensors.number++;
    tensors.data[i] = tensor.data;
    tensors.counts[i] = tensor.count;
    tensors.firstBlocks[i] = blocks;
    blocks += static_cast<int32_t>((tensor.count + chunk - 1) / chunk);
  }
  return blocks;
}

} // namespace

void globalNorm(Step &step, const GlobalNorm &shape, const Buffer *buffers, size_t count) {
  const Buffer *next = buffers, *end = buffers + count - 2;
  auto norm = end[0].tensor<float>(), sums = end[1].tensor<float>();
  int64_t done = 0;
  while (next != end) {
    Tensors tensors = {};
    int64_t blocks = nextTensors(tensors, next, end, shape.chunk);
    if (blocks == 0)
      continue;
    LAUNCH(step, sumSquares, static_cast<unsigned>(blocks), threads, 0, step.stream, tensors,
           static_cast<int32_t>(shape.chunk), Tensor<float>{sums.data + done, blocks});
    done += blocks;
  }
  LAUNCH(step, rootOfSum, 1, threads, 0, step.stream, sums, sums.count, norm);
}

} // namespace dsc::cuda
