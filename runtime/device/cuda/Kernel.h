//===- Kernel.h - What generated kernels are written with -----------------===//
//
// Scalar functions whose meaning CUDA's own do not have, and reductions among the
// threads of a warp, a block, or the rows of a block.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_KERNEL_H
#define DSC_RUNTIME_DEVICE_CUDA_KERNEL_H

#include "device/cuda/Parts.h"

#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace dsc::cuda {

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

/// What a number and a literal, which is an int, are computed in.
template <typename A, typename B> using Common = std::common_type_t<A, B>;

/// The greater one; NaN where either is (fmax would drop it).
template <typename A, typename B> __host__ __device__ inline Common<A, B> maximum(A a, B b) {
  return a > b || a != a ? a : b;
}
template <typename A, typename B> __host__ __device__ inline Common<A, B> minimum(A a, B b) {
  return a < b || a != a ? a : b;
}
template <typename T> __host__ __device__ inline T maximumUnsigned(T a, T b) {
  using U = std::make_unsigned_t<T>;
  return U(a) > U(b) ? a : b;
}
template <typename T> __host__ __device__ inline T minimumUnsigned(T a, T b) {
  using U = std::make_unsigned_t<T>;
  return U(a) < U(b) ? a : b;
}
template <typename T> __host__ __device__ inline T magnitude(T a) { return a < 0 ? T(-a) : a; }

/// Integers that wrap around, which C++ leaves undefined for signed ones.
template <typename A, typename B> __host__ __device__ inline Common<A, B> wrapAdd(A a, B b) {
  return Common<A, B>(uint64_t(a) + uint64_t(b));
}
template <typename A, typename B> __host__ __device__ inline Common<A, B> wrapSubtract(A a, B b) {
  return Common<A, B>(uint64_t(a) - uint64_t(b));
}
template <typename A, typename B> __host__ __device__ inline Common<A, B> wrapMultiply(A a, B b) {
  return Common<A, B>(uint64_t(a) * uint64_t(b));
}

/// Divisions that round down or up, whatever the signs.
template <typename T> __host__ __device__ inline T floorDivide(T a, T b) {
  T quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}
template <typename T> __host__ __device__ inline T ceilDivide(T a, T b) {
  T quotient = a / b;
  return a % b != 0 && (a < 0) == (b < 0) ? quotient + 1 : quotient;
}
template <typename T> __host__ __device__ inline T floorModulo(T a, T b) {
  return a - floorDivide(a, b) * b;
}

/// The same bits as another type.
template <typename To, typename From> __host__ __device__ inline To bitCast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof(To));
  return to;
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

/// Several numbers as one, at a multiple of its size: a device ends a kernel that is elsewhere, and
/// so does the emulator.
template <typename Vector, typename T> __device__ inline Vector *asVector(T *data) {
#ifdef DSC_EMULATOR
  emulator::requireAligned(data, sizeof(Vector));
#endif
  return reinterpret_cast<Vector *>(data);
}

/// The four elements at `first`, in one load of 16 bytes; `data` begins on a multiple of
/// 16 bytes, `first` is a multiple of 4.
template <typename T, typename Index>
__device__ inline void loadFour(const T *data, Index first, T (&four)[4]) {
  static_assert(sizeof(T) == 4);
  float4 vector = *asVector<const float4>(data + first);
  memcpy(four, &vector, sizeof vector);
}

/// The same where they are written.
template <typename T, typename Index>
__device__ inline void storeFour(T *data, Index first, const T (&four)[4]) {
  static_assert(sizeof(T) == 4);
  float4 vector;
  memcpy(&vector, four, sizeof vector);
  *asVector<float4>(data + first) = vector;
}

/// The same where a thread keeps several such fours: into or from the one of a `turn`.
template <typename T, typename Index, int Turns>
__device__ inline void loadFour(const T *data, Index first, T (&kept)[Turns][4], Index turn) {
  loadFour(data, first, kept[turn]);
}
template <typename T, typename Index, int Turns>
__device__ inline void storeFour(T *data, Index first, const T (&kept)[Turns][4], Index turn) {
  storeFour(data, first, kept[turn]);
}

/// The next four of `count` elements, one by one if the end comes first.
template <typename T>
__device__ inline void loadFour(const T *data, int32_t first, int32_t count, T (&four)[4]) {
  if (first + 4 <= count)
    return loadFour(data, first, four);
#pragma unroll
  for (int32_t k = 0; k < 4; ++k)
    four[k] = first + k < count ? data[first + k] : T(0);
}

template <typename T>
__device__ inline void storeFour(T *data, int32_t first, int32_t count, const T (&four)[4]) {
  if (first + 4 <= count)
    return storeFour(data, first, four);
#pragma unroll
  for (int32_t k = 0; k < 4; ++k)
    if (first + k < count)
      data[first + k] = four[k];
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

struct Sum {
  template <typename T> static __device__ T combine(T a, T b) { return T(a + b); }
};
struct Product {
  template <typename T> static __device__ T combine(T a, T b) { return T(a * b); }
};
struct Maximum {
  template <typename T> static __device__ T combine(T a, T b) { return maximum(a, b); }
};
struct Minimum {
  template <typename T> static __device__ T combine(T a, T b) { return minimum(a, b); }
};
struct MaximumNumber {
  template <typename T> static __device__ T combine(T a, T b) { return a > b || b != b ? a : b; }
};
struct MinimumNumber {
  template <typename T> static __device__ T combine(T a, T b) { return a < b || b != b ? a : b; }
};
struct MaximumUnsigned {
  template <typename T> static __device__ T combine(T a, T b) { return maximumUnsigned(a, b); }
};
struct MinimumUnsigned {
  template <typename T> static __device__ T combine(T a, T b) { return minimumUnsigned(a, b); }
};
struct And {
  template <typename T> static __device__ T combine(T a, T b) { return T(a & b); }
};
struct Or {
  template <typename T> static __device__ T combine(T a, T b) { return T(a | b); }
};
struct ExclusiveOr {
  template <typename T> static __device__ T combine(T a, T b) { return T(a ^ b); }
};

constexpr unsigned allLanes = 0xffffffffu;

/// Over the lanes of a warp; every lane gets the result.
template <typename Op, typename T> __device__ inline T warpReduce(T value) {
  for (int lanes = 16; lanes > 0; lanes /= 2)
    value = Op::combine(value, T(__shfl_xor_sync(allLanes, value, lanes)));
  return value;
}

/// Over the threads of a one-dimensional block; every thread gets the result.
template <typename Op, typename T> __device__ inline T blockReduce(T value) {
  __shared__ T partial[32];
  value = warpReduce<Op>(value);
  __syncthreads(); // partial results of the last reduction have been read
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = value;
  __syncthreads();
  value = partial[0];
  for (unsigned warp = 1; warp < blockDim.x / 32; ++warp)
    value = Op::combine(value, partial[warp]);
  return value;
}

/// Over threadIdx.y, for each of the 32 columns of a block; every thread gets its
/// column's result.
template <typename Op, typename T> __device__ inline T columnReduce(T value) {
  __shared__ T partial[32][32];
  __syncthreads(); // partial results of the last reduction have been read
  partial[threadIdx.y][threadIdx.x] = value;
  __syncthreads();
  value = partial[0][threadIdx.x];
  for (unsigned row = 1; row < blockDim.y; ++row)
    value = Op::combine(value, partial[row][threadIdx.x]);
  return value;
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

/// The last of `count` parts that does not begin behind this block: `firstBlock(i)` says where
/// part i begins.
template <typename FirstBlock>
__device__ inline int32_t findOwn(int32_t count, FirstBlock firstBlock) {
  int32_t low = 0, high = count;
  while (high - low > 1) {
    int32_t middle = (low + high) / 2;
    if (firstBlock(middle) <= static_cast<int32_t>(blockIdx.x))
      low = middle;
    else
      high = middle;
  }
  return low;
}

template <typename... Buffers>
__device__ inline OwnPart<Buffers...> Parts<Buffers...>::own() const {
  const auto &part = table[findOwn(count, [&](int32_t i) { return table[i].firstBlock; })];
  int32_t block = static_cast<int32_t>(blockIdx.x) - part.firstBlock;
  return {part.places, arena, block, part.rows, part.columns};
}

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_KERNEL_H
