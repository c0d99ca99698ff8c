// A product by tensor cores: a warp per tile of 16 x 8, with any strides. Also compiled by nvcc.
#include "device/cuda/TensorCore.h"

using namespace dsc::cuda;

/// Strides of rows and columns.
struct Layout {
  int64_t row, column;
};

template <typename T>
__global__ void __launch_bounds__(64)
    multiplyTiles(const T *lhs, const T *rhs, float *out, Layout l, Layout r, Layout o, int64_t k) {
  int64_t row = threadIdx.x / 32 * 16, column = int64_t(blockIdx.x) * 8;
  tensorcore::Rows<T> a;
  tensorcore::Columns<T> b;
  tensorcore::Sums c = {};
  for (int64_t at = 0; at < k; at += tensorcore::depth) {
    a.load(lhs + row * l.row + at * l.column, l.row, l.column);
    b.load(rhs + at * r.row + column * r.column, r.row, r.column);
    tensorcore::multiplyAdd(a, b, c);
  }
  c.forEach(
      [&](int i, int j, float &sum) { out[(row + i) * o.row + (column + j) * o.column] = sum; });
}

/// Only one half of a warp multiplies.
template <typename T> __global__ void multiplyByHalfAWarp(const T *data, float *out) {
  tensorcore::Rows<T> a;
  tensorcore::Columns<T> b;
  tensorcore::Sums c = {};
  a.load(data, 16, 1);
  b.load(data, 8, 1);
  if (threadIdx.x < 16)
    tensorcore::multiplyAdd(a, b, c);
  out[threadIdx.x] = c.values[0];
}

template __global__ void multiplyTiles(const __half *, const __half *, float *, Layout, Layout,
                                       Layout, int64_t);
template __global__ void multiplyTiles(const __nv_bfloat16 *, const __nv_bfloat16 *, float *,
                                       Layout, Layout, Layout, int64_t);
