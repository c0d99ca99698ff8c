//===- Strided.h - Strided places for kernels of the library --------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_STRIDED_H
#define DSC_RUNTIME_DEVICE_CUDA_STRIDED_H

#include "device/cuda/Routines.h"

#include <initializer_list>

namespace dsc::cuda {

/// Places of one iteration in N tensors.
template <int N> struct Places {
  int64_t offset[N];
  __device__ int64_t operator[](int tensor) const { return offset[tensor]; }
};

/// Where the elements of N tensors lie, for iterations over common sizes. Small
/// enough to be a kernel's argument.
template <int N> struct Strided {
  static constexpr int maxRank = 16;
  int rank = 0;
  int64_t count = 1;
  int64_t sizes[maxRank] = {};
  int64_t strides[N][maxRank] = {};
  int64_t offset[N] = {};

  /// The places of the i-th iteration, row by row.
  __device__ Places<N> at(int64_t i) const {
    Places<N> places;
    for (int tensor = 0; tensor < N; ++tensor)
      places.offset[tensor] = offset[tensor];
    for (int dim = rank - 1; dim >= 0; --dim) {
      int64_t index = i % sizes[dim];
      i /= sizes[dim];
      for (int tensor = 0; tensor < N; ++tensor)
        places.offset[tensor] += index * strides[tensor][dim];
    }
    return places;
  }
};

template <int N>
Strided<N> makeStrided(const Sizes &sizes, std::initializer_list<const Sizes *> strides) {
  Strided<N> result;
  result.rank = static_cast<int>(sizes.size());
  for (int dim = 0; dim < result.rank; ++dim) {
    size_t at = static_cast<size_t>(dim);
    result.sizes[dim] = sizes[at];
    result.count *= sizes[at];
    for (int tensor = 0; tensor < N; ++tensor)
      result.strides[tensor][dim] = (*strides.begin()[tensor])[at];
  }
  return result;
}

inline int64_t countOf(const Sizes &sizes) {
  int64_t count = 1;
  for (int64_t size : sizes)
    count *= size;
  return count;
}

/// Blocks of 256 threads, one thread per element.
inline unsigned blocksFor(int64_t count) { return static_cast<unsigned>((count + 255) / 256); }

/// Calls `body` with a zero of the unsigned type of that many bytes.
template <typename Body> void withWidth(int64_t bytes, Body body) {
  switch (bytes) {
  case 1:
    return body(uint8_t(0));
  case 2:
    return body(uint16_t(0));
  case 4:
    return body(uint32_t(0));
  default:
    return body(uint64_t(0));
  }
}

/// Calls `body` with a zero of the index type.
template <typename Body> void withIndex(DscType type, Body body) {
  return type == DSC_I32 ? body(int32_t(0)) : body(int64_t(0));
}

/// Calls `body` with a zero of the type that is added in: integers without a sign, which
/// wrap.
template <typename Body> void withSummed(DscType type, Body body) {
  switch (type) {
  case DSC_F64:
    return body(double(0));
  case DSC_I32:
    return body(uint32_t(0));
  case DSC_I64:
    return body(uint64_t(0));
  default:
    return body(float(0));
  }
}

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_STRIDED_H
