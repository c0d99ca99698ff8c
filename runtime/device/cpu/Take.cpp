//===- Take.cpp - Gathering along an axis by one list of indices ----------===//
//
// dscCpuTake and its transpose, dscCpuScatterAdd (an embedding and its gradient).
// The transpose needs no atomics: a thread owns a part of the output (columns of
// rows where there are enough, otherwise rows) and walks all indices in order.
//
//===----------------------------------------------------------------------===//
#include "abi/CpuRoutines.h"
#include "device/cpu/IndexCheck.h"
#include "device/cpu/Move.h"
#include "device/cpu/Parallel.h"

#include <cstring>

using namespace dsc;

namespace {

/// The ints that both share; `source` is what is read, `target` what is written.
struct TakeShape {
  int64_t type, indexType, outer, axis, inner, count;
  const int64_t *source;
  int64_t indexStride;
  const int64_t *target;

  void read(Operands &operands) {
    indexType = operands.indexType();
    outer = operands.size();
    axis = operands.size();
    inner = operands.size();
    count = operands.size();
    source = operands.take(3);
    indexStride = operands.next();
    target = operands.take(3);
  }

  bool indicesInside(const DscCall *call, const void *index) const {
    if (outer * inner == 0)
      return true;
    StridedLoop<1> loop;
    loop.add(count, {indexStride});
    return checkIndices(call, indexType, index, loop, axis);
  }
};

template <typename T>
void copyRow(int64_t count, T *to, int64_t toStride, const T *from, int64_t fromStride) {
  if (toStride == 1 && fromStride == 1)
    return static_cast<void>(std::memcpy(to, from, count * sizeof(T)));
  for (int64_t i = 0; i < count; ++i)
    to[i * toStride] = from[i * fromStride];
}

template <typename T, typename Index>
void take(const TakeShape &shape, const T *table, const Index *index, T *out) {
  int64_t grain = std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(1, shape.inner));
  parallelFor(shape.outer * shape.count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      int64_t o = row / shape.count, j = row % shape.count;
      copyRow(shape.inner, out + o * shape.target[0] + j * shape.target[1], shape.target[2],
              table + o * shape.source[0] + index[j * shape.indexStride] * shape.source[1],
              shape.source[2]);
    }
  });
}

template <typename T>
void addRow(int64_t count, T *to, int64_t toStride, const T *from, int64_t fromStride) {
  if (toStride == 1 && fromStride == 1) {
    for (int64_t i = 0; i < count; ++i)
      to[i] += from[i];
  } else {
    for (int64_t i = 0; i < count; ++i)
      to[i * toStride] += from[i * fromStride];
  }
}

/// Adds the updates that fall into rows [axisBegin, axisEnd), columns [innerBegin, innerEnd).
template <typename T, typename Index>
void scatterPart(const TakeShape &shape, int64_t o, int64_t axisBegin, int64_t axisEnd,
                 int64_t innerBegin, int64_t innerEnd, const T *updates, const Index *index,
                 T *out) {
  updates += o * shape.source[0] + innerBegin * shape.source[2];
  out += o * shape.target[0] + innerBegin * shape.target[2];
  for (int64_t j = 0; j < shape.count; ++j) {
    int64_t row = index[j * shape.indexStride];
    if (row >= axisBegin && row < axisEnd)
      addRow(innerEnd - innerBegin, out + row * shape.target[1], shape.target[2],
             updates + j * shape.source[1], shape.source[2]);
  }
}

/// Columns a thread owns at least: a cache line of f32, so that no two threads write one line.
constexpr int64_t columnUnit = 16;

template <typename T, typename Index>
void scatterAdd(const TakeShape &shape, const T *updates, const Index *index, T *out) {
  int64_t units = (shape.inner + columnUnit - 1) / columnUnit;
  if (shape.outer * units >= static_cast<int64_t>(2) * threadCount()) {
    int64_t grain =
        std::max<int64_t>(1, (1 << 14) / (columnUnit * std::max<int64_t>(1, shape.count)));
    return parallelFor(shape.outer * units, grain, [&](int64_t begin, int64_t end) {
      while (begin < end) {
        int64_t o = begin / units, first = begin % units;
        int64_t last = std::min(units, first + end - begin);
        scatterPart(shape, o, 0, shape.axis, first * columnUnit,
                    std::min(shape.inner, last * columnUnit), updates, index, out);
        begin += last - first;
      }
    });
  }
  int64_t grain = std::max<int64_t>(1, shape.axis * 1024 / std::max<int64_t>(1, shape.count));
  parallelFor(shape.axis, grain, [&](int64_t begin, int64_t end) {
    for (int64_t o = 0; o < shape.outer; ++o)
      scatterPart(shape, o, begin, end, 0, shape.inner, updates, index, out);
  });
}

void zeroTarget(const TakeShape &shape, int64_t bytes, void *out) {
  FillLoop loop;
  loop.add(shape.outer, {shape.target[0]});
  loop.add(shape.axis, {shape.target[1]});
  loop.add(shape.inner, {shape.target[2]});
  fillStrided(bytes, loop, out, 0);
}

} // namespace

int32_t dscCpuTake(const DscCall *call, void *const *buffers) {
  Operands operands(call);
  int64_t bytes = operands.elementBytes();
  TakeShape shape;
  shape.read(operands);
  if (!operands.ok() || !shape.indicesInside(call, buffers[1]))
    return 1;
  withElement(bytes, [&](auto element) {
    using T = decltype(element);
    withIndex(shape.indexType, buffers[1], [&](auto *index) {
      take(shape, static_cast<const T *>(buffers[0]), index, static_cast<T *>(buffers[2]));
    });
  });
  return 0;
}

int32_t dscCpuScatterAdd(const DscCall *call, void *const *buffers) {
  Operands operands(call);
  int64_t type = operands.type(summedTypes);
  TakeShape shape;
  shape.read(operands);
  int64_t flags = operands.next();
  if (!operands.ok() || !shape.indicesInside(call, buffers[1]))
    return 1;
  withSummed(type, [&](auto element) {
    using T = decltype(element);
    if (!(flags & DSC_SCATTER_ACCUMULATE))
      zeroTarget(shape, sizeof(T), buffers[2]);
    withIndex(shape.indexType, buffers[1], [&](auto *index) {
      scatterAdd(shape, static_cast<const T *>(buffers[0]), index, static_cast<T *>(buffers[2]));
    });
  });
  return 0;
}
