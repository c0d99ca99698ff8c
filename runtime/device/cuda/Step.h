//===- Step.h - What the text of a step is written with -------------------===//
//
// Buffers with their sizes, the stream, the node a call came from, and launches.
// The first error ends a step: what follows does nothing, and status() says 1.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_STEP_H
#define DSC_RUNTIME_DEVICE_CUDA_STEP_H

#include "abi/Abi.h"
#include "device/cuda/Parts.h"

#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>
#include <vector>

namespace dsc::cuda {

/// Elements in the device's memory.
template <typename T> struct Tensor {
  T *data;
  int64_t count;

  operator T *() const { return data; }
  operator const T *() const
    requires(!std::is_const_v<T>)
  {
    return data;
  }
};

/// A tensor whatever its elements are, for library routines.
struct Buffer {
  void *data;
  int64_t bytes;

  template <typename T>
  Buffer(Tensor<T> tensor)
      : data(const_cast<std::remove_const_t<T> *>(tensor.data)),
        bytes(tensor.count * int64_t(sizeof(T))) {}
  template <typename T> Tensor<T> tensor() const {
    return {static_cast<T *>(data), bytes / int64_t(sizeof(T))};
  }
};

/// The stream that steps run on.
cudaStream_t stepStream();

class Step {
public:
  /// `buffers` are the arena, the constants, and the inputs.
  explicit Step(void *const *buffers) : stream(stepStream()), buffers(buffers) {}
  Step(const Step &) = delete;
  ~Step();

  template <typename T> Tensor<T> arena(int64_t offset, int64_t count) const {
    return {reinterpret_cast<T *>(static_cast<char *>(buffers[0]) + offset), count};
  }
  template <typename T> Tensor<const T> constant(int64_t offset, int64_t count) const {
    return {reinterpret_cast<const T *>(static_cast<const char *>(buffers[1]) + offset), count};
  }
  template <typename T> Tensor<const T> input(int index, int64_t offset, int64_t count) const {
    const char *data = static_cast<const char *>(buffers[2 + index]);
    return {reinterpret_cast<const T *>(data + offset), count};
  }

  /// The parts that a kernel is launched over; their places are in the arena.
  template <int N, size_t Count> PartTable<N> parts(const Part<N> (&table)[Count]) {
    return {static_cast<const Part<N> *>(onDevice(table)), static_cast<int32_t>(Count),
            static_cast<char *>(buffers[0])};
  }

  /// Says which ONNX nodes the next call came from, for errors and profiles.
  Step &at(const char *nodes);
  /// 0, or 1 after an error, which dscSetError has.
  int32_t status() const { return failed ? 1 : 0; }

  /// Records the error of a call of CUDA or of one of its libraries.
  bool check(cudaError_t error, const char *what);
  void fail(const char *what, const char *why);

  cudaStream_t stream;
  const char *node = nullptr;
  bool failed = false;

private:
  /// Where a variable of the device's lies, which the host knows by its own address.
  const void *onDevice(const void *variable);

  void *const *buffers;
};

#ifdef DSC_EMULATOR
/// What a kernel's parameter says it does with an argument.
template <typename Param, typename T>
void addAccess(std::vector<emulator::Access> &accesses, Tensor<T> tensor) {
  bool isWrite = !std::is_const_v<std::remove_pointer_t<Param>>;
  accesses.push_back({tensor.data, static_cast<size_t>(tensor.count) * sizeof(T), isWrite});
}
template <typename Param, typename T>
  requires std::is_arithmetic_v<T>
void addAccess(std::vector<emulator::Access> &, T) {}
/// Structs that hold pointers say so.
template <typename Param, typename T>
  requires std::is_class_v<T>
void addAccess(std::vector<emulator::Access> &accesses, const T &argument) {
  if constexpr (requires(const Param &param) { param.addAccesses(accesses); })
    static_cast<Param>(argument).addAccesses(accesses);
}
#endif

/// Starts a kernel. Arguments are tensors, numbers, or small structs.
template <typename... Params, typename... Args>
void launch(Step &step, const char *name, void (*kernel)(Params...), dim3 blocks, dim3 threads,
            size_t sharedBytes, cudaStream_t stream, const Args &...args) {
  static_assert(sizeof...(Params) == sizeof...(Args), "a kernel takes what it declares");
  if (step.failed)
    return;
#ifdef __CUDACC__
  kernel<<<blocks, threads, sharedBytes, stream>>>(static_cast<Params>(args)...);
  step.check(cudaGetLastError(), name);
#elif defined(DSC_EMULATOR)
  std::vector<emulator::Access> accesses;
  (addAccess<Params>(accesses, args), ...);
  auto thread = [kernel, ... values = static_cast<Params>(args)] { kernel(values...); };
  emulator::launch({name, step.node, blocks, threads, sharedBytes, thread}, accesses, stream);
#else
  static_assert(sizeof...(Params) < 0, "kernels are launched from .cu files");
#endif
}

/// launch() with the kernel's name, for messages and profiles.
#define LAUNCH(step, kernel, ...) ::dsc::cuda::launch(step, #kernel, kernel, __VA_ARGS__)

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_STEP_H
