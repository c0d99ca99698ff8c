//===- Window.h - Windows over up to three spatial dimensions -------------===//
//
// What pooling and convolution have in common: an output position looks at a window
// of input positions, its taps. Arrays hold three dimensions; those that a call does
// not have come first, with one position.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_WINDOW_H
#define DSC_RUNTIME_DEVICE_CUDA_WINDOW_H

#include "device/cuda/Routines.h"

namespace dsc::cuda {

struct Window {
  static constexpr int maxDims = 3;
  int64_t input[maxDims], kernel[maxDims], strides[maxDims], dilations[maxDims];
  int64_t lowPads[maxDims], highPads[maxDims], output[maxDims];

  __host__ __device__ int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  __host__ __device__ int64_t inputs() const { return input[0] * input[1] * input[2]; }
  __host__ __device__ int64_t outputs() const { return output[0] * output[1] * output[2]; }

  /// Where tap number `tap` of the output position reads; false beyond the input.
  __device__ bool locate(const int64_t *position, int64_t tap, int64_t *at) const {
    for (int dim = maxDims - 1; dim >= 0; --dim) {
      at[dim] = position[dim] * strides[dim] - lowPads[dim] + tap % kernel[dim] * dilations[dim];
      tap /= kernel[dim];
      if (at[dim] < 0 || at[dim] >= input[dim])
        return false;
    }
    return true;
  }

  /// The output position whose tap number `tap` reads `at`; false where there is none.
  __device__ bool findReader(const int64_t *at, int64_t tap, int64_t *position) const {
    bool reads = true;
    for (int dim = maxDims - 1; dim >= 0; --dim) {
      int64_t begin = at[dim] + lowPads[dim] - tap % kernel[dim] * dilations[dim];
      tap /= kernel[dim];
      position[dim] = begin / strides[dim];
      reads = reads && begin >= 0 && begin % strides[dim] == 0 && position[dim] < output[dim];
    }
    return reads;
  }
};

/// Number i as a position within `sizes`, last dimension fastest; returns what is left.
__device__ inline int64_t split(int64_t i, const int64_t *sizes, int64_t *at) {
  for (int dim = Window::maxDims - 1; dim >= 0; --dim) {
    at[dim] = i % sizes[dim];
    i /= sizes[dim];
  }
  return i;
}

/// Strides of a tensor [first, second, spatial...], such as [samples, channels, ...].
struct WindowStrides {
  int64_t values[Window::maxDims + 2];

  __device__ int64_t place(int64_t first, int64_t second, const int64_t *at) const {
    return first * values[0] + second * values[1] + at[0] * values[2] + at[1] * values[3] +
           at[2] * values[4];
  }
};

/// Copies a list of the call's own dimensions behind those it lacks.
inline void copySpatial(int64_t *to, const Sizes &from, size_t skip, int64_t filler) {
  size_t missing = Window::maxDims + skip - from.size();
  for (size_t dim = 0; dim < Window::maxDims; ++dim)
    to[dim] = dim < missing ? filler : from[dim - missing + skip];
}

inline WindowStrides makeStrides(const Sizes &from) {
  WindowStrides strides = {{from[0], from[1]}};
  copySpatial(strides.values + 2, from, 2, 0);
  return strides;
}

/// Of a Pool or Conv.
template <typename Call> Window makeWindow(const Call &call) {
  Window window = {};
  copySpatial(window.input, call.input, 0, 1);
  copySpatial(window.kernel, call.kernel, 0, 1);
  copySpatial(window.strides, call.strides, 0, 1);
  copySpatial(window.dilations, call.dilations, 0, 1);
  copySpatial(window.lowPads, call.lowPads, 0, 0);
  copySpatial(window.highPads, call.highPads, 0, 0);
  copySpatial(window.output, call.output, 0, 1);
  return window;
}

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_WINDOW_H
