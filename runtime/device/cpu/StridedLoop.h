//===- StridedLoop.h - Walking tensors of the same shape ------------------===//
//
// Several tensors (operands) of one shape, each with strides of its own, are
// walked together. Before that the loop is normalized: dimensions of size 1
// vanish, the rest is ordered by the strides of one operand (the one that is
// written, outermost first), and neighbours that are contiguous to each other in
// all operands become one. A contiguous tensor of any rank is then rank 1.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_STRIDEDLOOP_H
#define DSC_RUNTIME_DEVICE_CPU_STRIDEDLOOP_H

#include "device/cpu/Operands.h"

#include <algorithm>
#include <array>

namespace dsc {

template <int NumOperands> struct StridedLoop {
  using Strides = std::array<int64_t, NumOperands>;

  int64_t rank = 0;
  int64_t dims[maxRank];
  Strides strides[maxRank];

  /// Appends a dimension inside the others.
  void add(int64_t dim, Strides stride) {
    dims[rank] = dim;
    strides[rank++] = stride;
  }

  int64_t size() const {
    int64_t product = 1;
    for (int64_t i = 0; i < rank; ++i)
      product *= dims[i];
    return product;
  }

  /// Takes dimension `i` out of the loop.
  void remove(int64_t i) {
    std::copy(dims + i + 1, dims + rank, dims + i);
    std::copy(strides + i + 1, strides + rank, strides + i);
    --rank;
  }

  void normalize(int orderBy) {
    dropUnitDims();
    sortBy(orderBy);
    merge();
  }

  /// Where linear position `index` lies in each operand.
  Strides offsetsOf(int64_t index) const {
    Strides offsets{};
    for (int64_t i = rank - 1; i >= 0; --i) {
      int64_t coordinate = index % dims[i];
      index /= dims[i];
      for (int op = 0; op < NumOperands; ++op)
        offsets[op] += coordinate * strides[i][op];
    }
    return offsets;
  }

  /// Calls body(offsets) for the linear positions [begin, end).
  template <typename Body> void forEach(int64_t begin, int64_t end, Body &&body) const {
    if (begin >= end)
      return;
    int64_t position[maxRank];
    for (int64_t i = rank - 1, rest = begin; i >= 0; rest /= dims[i--])
      position[i] = rest % dims[i];
    Strides offsets = offsetsOf(begin);
    for (int64_t index = begin; index < end; ++index) {
      body(offsets);
      advance(position, offsets);
    }
  }

private:
  void advance(int64_t *position, Strides &offsets) const {
    for (int64_t i = rank - 1; i >= 0; --i) {
      bool carry = ++position[i] == dims[i];
      int64_t steps = carry ? 1 - dims[i] : 1;
      for (int op = 0; op < NumOperands; ++op)
        offsets[op] += steps * strides[i][op];
      if (!carry)
        return;
      position[i] = 0;
    }
  }

  void dropUnitDims() {
    for (int64_t i = rank - 1; i >= 0; --i)
      if (dims[i] == 1)
        remove(i);
  }

  /// Insertion sort: ranks are tiny, and it must be stable.
  void sortBy(int op) {
    auto magnitude = [&](int64_t i) { return std::abs(strides[i][op]); };
    for (int64_t i = 1; i < rank; ++i) {
      for (int64_t j = i; j > 0 && magnitude(j - 1) < magnitude(j); --j) {
        std::swap(dims[j - 1], dims[j]);
        std::swap(strides[j - 1], strides[j]);
      }
    }
  }

  bool contiguous(int64_t outer, int64_t inner) const {
    for (int op = 0; op < NumOperands; ++op)
      if (strides[outer][op] != strides[inner][op] * dims[inner])
        return false;
    return true;
  }

  void merge() {
    for (int64_t i = rank - 2; i >= 0; --i) {
      if (contiguous(i, i + 1)) {
        dims[i + 1] *= dims[i];
        remove(i);
      }
    }
  }
};

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_STRIDEDLOOP_H
