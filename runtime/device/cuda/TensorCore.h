//===- TensorCore.h - Products of half types by a warp --------------------===//
//
// A warp's tensor cores add a product of 16 x 16 by 16 x 8 elements of f16 or bf16 to 16 x 8
// floats:
//
//   Rows<T> a;  Columns<T> b;  Sums c = {};
//   for (int k = 0; k < depth; k += 16) {
//     a.load(lhs + k, rowStride, 1);
//     b.load(rhs + k * columns, columns, 1);
//     multiplyAdd(a, b, c);
//   }
//   c.forEach([&](int row, int column, float &sum) { out[row * columns + column] = sum; });
//
// What a lane holds is laid down by the instruction (mma.sync.m16n8k16); with g = lane / 4 and
// p = lane % 4, in pairs of which the first is in the lower half of a register:
//
//   Rows      (g, 2p)  (g + 8, 2p)  (g, 2p + 8)  (g + 8, 2p + 8), and the element right of each
//   Columns   (2p, g)  (2p + 8, g), and the element below each
//   Sums      (g, 2p)  (g + 8, 2p), and the element right of each
//
// All 32 lanes take part at once. Products are exact; the order in which the 16 of a sum are added
// is the device's affair, and from row to row here.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_TENSORCORE_H
#define DSC_RUNTIME_DEVICE_CUDA_TENSORCORE_H

#include "device/cuda/Kernel.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace dsc::cuda::tensorcore {

/// Tiles of a product: rows of the left operand and the sums, columns of the right and the sums,
/// and what a sum runs over.
constexpr int rows = 16, columns = 8, depth = 16;

__device__ inline int group() { return static_cast<int>(threadIdx.x % 32 / 4); }
__device__ inline int pair() { return static_cast<int>(threadIdx.x % 4) * 2; }

/// Two elements in a register.
template <typename T> struct alignas(4) Pair {
  T low, high;
};
template <typename T> __device__ inline uint32_t pack(T low, T high) {
  return bitCast<uint32_t>(Pair<T>{low, high});
}

/// The left operand, 16 x 16.
template <typename T> struct Rows {
  uint32_t pairs[4];

  /// From any memory, with strides in elements.
  __device__ void load(const T *tile, int64_t rowStride, int64_t columnStride) {
    for (int i = 0; i < 4; ++i) {
      const T *first =
          tile + (group() + i % 2 * 8) * rowStride + (pair() + i / 2 * 8) * columnStride;
      pairs[i] = pack(first[0], first[columnStride]);
    }
  }
};

/// The right operand, 16 x 8.
template <typename T> struct Columns {
  uint32_t pairs[2];

  __device__ void load(const T *tile, int64_t rowStride, int64_t columnStride) {
    for (int i = 0; i < 2; ++i) {
      const T *first = tile + (pair() + i * 8) * rowStride + group() * columnStride;
      pairs[i] = pack(first[0], first[rowStride]);
    }
  }
};

/// Sums of products, 16 x 8.
struct Sums {
  float values[4];

  /// Calls `body(row, column, sum)` for those of this lane.
  template <typename Body> __device__ void forEach(Body body) {
    for (int i = 0; i < 4; ++i)
      body(group() + i / 2 * 8, pair() + i % 2, values[i]);
  }
};

#ifdef DSC_EMULATOR

template <typename T>
inline void multiplyAdd(const Rows<T> &a, const Columns<T> &b, Sums &c, DSC_HERE) {
  auto from = [&](uint32_t mine, int lane) {
    uint32_t pair = emulator::shuffle(allLanes, mine, unsigned(lane), DSC_SITE("mma.sync"));
    return bitCast<Pair<T>>(pair);
  };
  Sums products = {};
  for (int k = 0; k < depth; k += 2) {
    int half = k / 8, lane = k % 8 / 2; // of the pair (k, k + 1) among four lanes
    Pair<T> upper = from(a.pairs[2 * half], group() * 4 + lane);
    Pair<T> lower = from(a.pairs[2 * half + 1], group() * 4 + lane);
    for (int i = 0; i < 2; ++i) {
      Pair<T> column = from(b.pairs[half], (pair() + i) * 4 + lane);
      products.values[i] += float(upper.low) * float(column.low);
      products.values[i] += float(upper.high) * float(column.high);
      products.values[2 + i] += float(lower.low) * float(column.low);
      products.values[2 + i] += float(lower.high) * float(column.high);
    }
  }
  for (int i = 0; i < 4; ++i)
    c.values[i] += products.values[i];
}

#else

#define DSC_MMA(type)                                                                              \
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." type "." type ".f32 "                      \
               "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                   \
               : "+f"(c.values[0]), "+f"(c.values[1]), "+f"(c.values[2]), "+f"(c.values[3])        \
               : "r"(a.pairs[0]), "r"(a.pairs[1]), "r"(a.pairs[2]), "r"(a.pairs[3]),               \
                 "r"(b.pairs[0]), "r"(b.pairs[1]))

__device__ inline void multiplyAdd(const Rows<__half> &a, const Columns<__half> &b, Sums &c) {
  DSC_MMA("f16");
}
__device__ inline void multiplyAdd(const Rows<__nv_bfloat16> &a, const Columns<__nv_bfloat16> &b,
                                   Sums &c) {
  DSC_MMA("bf16");
}

#undef DSC_MMA
#endif

} // namespace dsc::cuda::tensorcore

#endif // DSC_RUNTIME_DEVICE_CUDA_TENSORCORE_H
