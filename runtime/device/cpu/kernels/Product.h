//===- Product.h - Small matrix products in registers ---------------------===//
//
// c[m, n] (+)= sum_k a[m, k] b[k, n] for blocks that lie in the cache. A tile of
// `tileRows` rows and two vectors of columns stays in registers over the whole sum:
// per step two vectors of b are loaded, and each a[m, k] is broadcast, so a may have
// any strides. Columns come in whole vectors: b and c are padded to that.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_KERNELS_PRODUCT_H
#define DSC_RUNTIME_DEVICE_CPU_KERNELS_PRODUCT_H

#include "device/cpu/kernels/Vector.h"

namespace dsc::DSC_LEVEL {
namespace {

/// Rows of a tile: 16 sums of 32 registers for v4, 12 of 16 below.
constexpr int tileRows = width == 16 ? 8 : 6;
/// Rows of the tile for what is left over of `rows`.
constexpr int fewerRows(int rows) { return rows == 6 ? 4 : rows / 2; }

struct ScalarMatrix { // read element by element
  const float *data;
  int64_t rowStride, colStride;
};
struct VectorMatrix { // read row by row in vectors
  const float *data;
  int64_t rowStride;
};
struct ResultMatrix {
  float *data;
  int64_t rowStride;
};

/// The part of a sum that a tile needs.
struct SumRange {
  int64_t begin, end;
};

template <int Rows, int Vectors, bool Add>
inline void tile(SumRange range, ScalarMatrix a, VectorMatrix b, ResultMatrix c) {
  Vec sums[Rows][Vectors];
#pragma clang loop unroll(full)
  for (int m = 0; m < Rows; ++m) {
#pragma clang loop unroll(full)
    for (int v = 0; v < Vectors; ++v)
      sums[m][v] = Add ? load(c.data + m * c.rowStride + v * width) : splat(0.0f);
  }
  const float *aAt = a.data + range.begin * a.colStride;
  const float *bAt = b.data + range.begin * b.rowStride;
  for (int64_t k = range.begin; k < range.end; ++k) {
    Vec right[Vectors];
#pragma clang loop unroll(full)
    for (int v = 0; v < Vectors; ++v)
      right[v] = load(bAt + v * width);
#pragma clang loop unroll(full)
    for (int m = 0; m < Rows; ++m) {
      Vec left = splat(aAt[m * a.rowStride]);
#pragma clang loop unroll(full)
      for (int v = 0; v < Vectors; ++v)
        sums[m][v] = left * right[v] + sums[m][v];
    }
    aAt += a.colStride;
    bAt += b.rowStride;
  }
#pragma clang loop unroll(full)
  for (int m = 0; m < Rows; ++m) {
#pragma clang loop unroll(full)
    for (int v = 0; v < Vectors; ++v)
      store(c.data + m * c.rowStride + v * width, sums[m][v]);
  }
}

/// One column strip of `Vectors` vectors, rows [m, M).
template <int Rows, int Vectors, bool Add, typename Range>
inline void strip(int64_t m, int64_t M, int64_t n, ScalarMatrix a, VectorMatrix b, ResultMatrix c,
                  Range &&range) {
  for (; m + Rows <= M; m += Rows) {
    tile<Rows, Vectors, Add>(range(m, m + Rows, n, n + Vectors * width),
                             {a.data + m * a.rowStride, a.rowStride, a.colStride},
                             {b.data + n, b.rowStride},
                             {c.data + m * c.rowStride + n, c.rowStride});
  }
  if constexpr (Rows > 1)
    if (m < M)
      strip<fewerRows(Rows), Vectors, Add>(m, M, n, a, b, c, range);
}

/// `range(m, mEnd, n, nEnd)` says which part of the sum the tile [m, mEnd) x [n, nEnd) needs.
/// N is a multiple of the vector width.
template <bool Add, typename Range>
void multiply(int64_t M, int64_t N, ScalarMatrix a, VectorMatrix b, ResultMatrix c, Range &&range) {
  int64_t n = 0;
  for (; n + 2 * width <= N; n += 2 * width)
    strip<tileRows, 2, Add>(0, M, n, a, b, c, range);
  if (n < N)
    strip<tileRows, 1, Add>(0, M, n, a, b, c, range);
}

template <typename Range>
void multiply(bool add, int64_t M, int64_t N, ScalarMatrix a, VectorMatrix b, ResultMatrix c,
              Range &&range) {
  if (add)
    multiply<true>(M, N, a, b, c, range);
  else
    multiply<false>(M, N, a, b, c, range);
}

} // namespace
} // namespace dsc::DSC_LEVEL

#endif // DSC_RUNTIME_DEVICE_CPU_KERNELS_PRODUCT_H
