//===- Tensors.h - Many tensors as one argument of a kernel ---------------===//
//
// A kernel over many tensors takes them in chunks, a block per chunk:
//
//   Tensors<float> tensors;
//   while (int32_t blocks = tensors.take(next, end, chunk))
//     LAUNCH(step, kernel, blocks, ..., tensors, chunk)
//
// whose blocks look for their own:
//
//   int32_t own = tensors.own();
//   int64_t begin = tensors.block(own) * chunk;
//   float *data = tensors.data[own] + begin;
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_TENSORS_H
#define DSC_RUNTIME_DEVICE_CUDA_TENSORS_H

#include "device/cuda/Kernel.h"
#include "device/cuda/Step.h"

namespace dsc::cuda {

/// Tensors of one launch: within the 4 KiB that a kernel's arguments may have.
template <typename T> struct Tensors {
  static constexpr int most = 128;
  T *data[most];
  int64_t counts[most];
  int32_t firstBlocks[most];
  int32_t number;

  /// The tensor that this block's chunk is of.
  __device__ int32_t own() const {
    return findOwn(number, [&](int32_t i) { return firstBlocks[i]; });
  }
  /// This block's number within the tensor.
  __device__ int64_t block(int32_t tensor) const {
    return static_cast<int32_t>(blockIdx.x) - firstBlocks[tensor];
  }

  /// Takes the next tensors of the list; how many chunks they have, none at the list's end.
  int32_t take(const Buffer *&next, const Buffer *end, int64_t chunk);

#ifdef DSC_EMULATOR
  void addAccesses(std::vector<emulator::Access> &accesses) const {
    for (int i = 0; i < number; ++i)
      accesses.push_back(
          {data[i], static_cast<size_t>(counts[i]) * sizeof(T), !std::is_const_v<T>});
  }
#endif
};

template <typename T>
int32_t Tensors<T>::take(const Buffer *&next, const Buffer *end, int64_t chunk) {
  static_assert(sizeof(Tensors) <= 4000);
  int32_t blocks = 0;
  for (number = 0; next != end && number < most; ++next) {
    auto tensor = next->tensor<T>();
    if (tensor.count == 0)
      continue;
    int i = number++;
    data[i] = tensor.data;
    counts[i] = tensor.count;
    firstBlocks[i] = blocks;
    blocks += static_cast<int32_t>((tensor.count + chunk - 1) / chunk);
  }
  return blocks;
}

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_TENSORS_H
