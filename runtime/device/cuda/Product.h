//===- Product.h - Matrix products with one batch dimension ---------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_PRODUCT_H
#define DSC_RUNTIME_DEVICE_CUDA_PRODUCT_H

#include "device/cuda/Routines.h"

#include <array>
#include <utility>

namespace dsc::cuda {

/// Of an element of a product: f32, or a half type.
inline int64_t bytesOf(DscType type) { return type == DSC_F32 ? 4 : 2; }

/// out[b] = lhs[b] rhs[b], with strides in elements of one type.
struct BatchedProduct {
  DscType type;
  int64_t batch, m, n, k;
  int64_t lhsRow, lhsColumn, rhsRow, rhsColumn, outRow, outColumn;
  int64_t lhsBatch, rhsBatch, outBatch;
  bool accumulates;
  const void *lhs, *rhs;
  void *out;

  /// out^T = rhs^T lhs^T.
  BatchedProduct transposed() const {
    BatchedProduct t = *this;
    std::swap(t.m, t.n);
    std::swap(t.lhs, t.rhs);
    t.lhsRow = rhsColumn, t.lhsColumn = rhsRow, t.lhsBatch = rhsBatch;
    t.rhsRow = lhsColumn, t.rhsColumn = lhsRow, t.rhsBatch = lhsBatch;
    std::swap(t.outRow, t.outColumn);
    return t;
  }
#ifdef DSC_EMULATOR
  void addAccesses(std::vector<emulator::Access> &accesses) const {
    addAccess(accesses, lhs, {{{m, lhsRow}, {k, lhsColumn}, {batch, lhsBatch}}}, false);
    addAccess(accesses, rhs, {{{k, rhsRow}, {n, rhsColumn}, {batch, rhsBatch}}}, false);
    addAccess(accesses, out, {{{m, outRow}, {n, outColumn}, {batch, outBatch}}}, true);
  }

private:
  struct Dim {
    int64_t size, stride;
  };
  /// From the first element to the last.
  void addAccess(std::vector<emulator::Access> &accesses, const void *matrix,
                 const std::array<Dim, 3> &dims, bool isWrite) const {
    int64_t first = 0, last = 0;
    for (auto [size, stride] : dims) {
      if (size == 0)
        return;
      (stride < 0 ? first : last) += (size - 1) * stride;
    }
    int64_t bytes = bytesOf(type);
    accesses.push_back({static_cast<const char *>(matrix) + first * bytes,
                        size_t((last - first + 1) * bytes), isWrite});
  }
#endif
};

/// A thread per element of the output, for every layout and epilogue. `bias` is null
/// without DSC_MATMUL_BIAS.
void plainProduct(Step &step, const BatchedProduct &product, Tensor<const float> bias,
                  int64_t flags);

/// Calls `body(product, bias)` for the batches of a call; the last batch dimension
/// stays in the product.
template <typename Body> void forEachProduct(const Matmul &shape, Buffers buffers, Body body) {
  const Buffer *buffer = buffers.begin();
  size_t rank = shape.batch.size();
  bool hasBias = (shape.flags & DSC_MATMUL_BIAS) != 0;
  Tensor<const float> bias = {nullptr, 0};
  if (hasBias)
    bias = buffer[2].tensor<const float>();
  BatchedProduct product = {shape.type,
                            rank ? shape.batch[rank - 1] : 1,
                            shape.m,
                            shape.n,
                            shape.k,
                            shape.lhs[rank],
                            shape.lhs[rank + 1],
                            shape.rhs[rank],
                            shape.rhs[rank + 1],
                            shape.out[rank],
                            shape.out[rank + 1],
                            rank ? shape.lhs[rank - 1] : 0,
                            rank ? shape.rhs[rank - 1] : 0,
                            rank ? shape.out[rank - 1] : 0,
                            (shape.flags & DSC_MATMUL_ACCUMULATE) != 0,
                            nullptr,
                            nullptr,
                            nullptr};
  auto placeIn = [&](const Buffer &matrix, int64_t element) {
    return static_cast<char *>(matrix.data) + element * bytesOf(shape.type);
  };
  int64_t outer = 1;
  for (size_t dim = 0; dim + 1 < rank; ++dim)
    outer *= shape.batch[dim];
  if (outer * product.batch * product.m * product.n == 0)
    return;
  for (int64_t i = 0; i < outer; ++i) {
    int64_t rest = i, lhs = 0, rhs = 0, out = 0;
    for (size_t dim = rank ? rank - 1 : 0; dim-- > 0; rest /= shape.batch[dim]) {
      int64_t index = rest % shape.batch[dim];
      lhs += index * shape.lhs[dim];
      rhs += index * shape.rhs[dim];
      out += index * shape.out[dim];
    }
    product.lhs = placeIn(buffer[0], lhs);
    product.rhs = placeIn(buffer[1], rhs);
    product.out = placeIn(buffer[hasBias ? 3 : 2], out);
    body(product, bias);
  }
}

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_PRODUCT_H
