//===- TakeAlong.cpp - Gathering along an axis by an index per element ----===//
//
// dscCpuTakeAlong (GatherElements) and its transpose. Positions that differ only
// in the axis form a line; lines are independent, so threads share out lines and
// walk the axis in order: no atomics. Neighbouring lines are walked together, for
// the sake of the cache where the axis is not the innermost dimension.
//
//===----------------------------------------------------------------------===//
#include "abi/CpuRoutines.h"
#include "device/cpu/IndexCheck.h"
#include "device/cpu/Move.h"
#include "device/cpu/Parallel.h"

using namespace dsc;

namespace {

struct AlongShape {
  int64_t indexType, rank, axis, axisSize;
  const int64_t *dims, *outDims = nullptr, *source, *index, *target;

  /// TakeAlong lists the axis's size, ScatterAddAlong all sizes of its output.
  void read(Operands &operands, bool scatter) {
    indexType = operands.indexType();
    rank = operands.rank(1);
    axis = operands.rank(0, std::max<int64_t>(rank - 1, 0));
    axisSize = scatter ? 0 : operands.size();
    dims = operands.take(rank);
    if (scatter && (outDims = operands.take(rank)))
      axisSize = outDims[axis];
    source = operands.take(rank);
    index = operands.take(rank);
    target = operands.take(rank);
  }

  /// All dimensions but the axis. Operands: source, index, target.
  StridedLoop<3> lines() const {
    StridedLoop<3> loop;
    for (int64_t i = 0; i < rank; ++i)
      if (i != axis)
        loop.add(dims[i], {source[i], index[i], target[i]});
    loop.normalize(2);
    return loop;
  }

  bool indicesInside(const DscCall *call, const void *values) const {
    StridedLoop<1> loop;
    for (int64_t i = 0; i < rank; ++i)
      loop.add(dims[i], {index[i]});
    return checkIndices(call, indexType, values, loop, axisSize);
  }
};

/// Calls element(source offset, index offset, target offset) for every position; lines in
/// parallel, each in order of the axis.
template <typename Element> void forEachPosition(const AlongShape &shape, Element &&element) {
  StridedLoop<3> loop = shape.lines();
  int64_t count = shape.dims[shape.axis];
  int64_t run = 1;
  StridedLoop<3>::Strides step{};
  // Where the axis is innermost, lines are walked one by one.
  if (shape.index[shape.axis] != 1 && loop.rank > 0) {
    run = loop.dims[loop.rank - 1];
    step = loop.strides[--loop.rank];
  }
  int64_t rows = loop.size();
  auto walk = [&](const StridedLoop<3>::Strides &at, int64_t begin, int64_t end) {
    for (int64_t a = 0; a < count; ++a)
      for (int64_t i = begin; i < end; ++i)
        element(at[0] + a * shape.source[shape.axis] + i * step[0],
                at[1] + a * shape.index[shape.axis] + i * step[1],
                at[2] + a * shape.target[shape.axis] + i * step[2]);
  };
  auto grain = [&](int64_t work) {
    return std::max<int64_t>(1, (1 << 13) / std::max<int64_t>(1, work));
  };
  if (rows >= threadCount())
    return parallelFor(rows, grain(count * run), [&](int64_t begin, int64_t end) {
      loop.forEach(begin, end, [&](const auto &at) { walk(at, 0, run); });
    });
  loop.forEach(0, rows, [&](const auto &at) {
    parallelFor(run, grain(count), [&](int64_t begin, int64_t end) { walk(at, begin, end); });
  });
}

template <typename T, typename Index>
void scatterAddAlong(const AlongShape &shape, const T *updates, const Index *index, T *out) {
  int64_t axisStride = shape.target[shape.axis];
  int64_t count = shape.dims[shape.axis];
  AlongShape lines = shape; // the target offset must not move with the axis: the index decides
  int64_t target[maxRank];
  std::copy(shape.target, shape.target + shape.rank, target);
  target[shape.axis] = 0;
  lines.target = target;
  if (count > 0)
    forEachPosition(lines, [&](int64_t from, int64_t at, int64_t to) {
      out[to + index[at] * axisStride] += updates[from];
    });
}

void zeroTarget(const AlongShape &shape, int64_t bytes, void *out) {
  FillLoop loop;
  for (int64_t i = 0; i < shape.rank; ++i)
    loop.add(shape.outDims[i], {shape.target[i]});
  fillStrided(bytes, loop, out, 0);
}

} // namespace

int32_t dscCpuTakeAlong(const DscCall *call, void *const *buffers) {
  Operands operands(call);
  int64_t bytes = operands.elementBytes();
  AlongShape shape;
  shape.read(operands, /*scatter=*/false);
  if (!operands.ok() || !shape.indicesInside(call, buffers[1]))
    return 1;
  int64_t source[maxRank];
  std::copy(shape.source, shape.source + shape.rank, source);
  int64_t axisStride = source[shape.axis];
  source[shape.axis] = 0;
  AlongShape lines = shape;
  lines.source = source;
  withElement(bytes, [&](auto element) {
    using T = decltype(element);
    auto *data = static_cast<const T *>(buffers[0]);
    auto *out = static_cast<T *>(buffers[2]);
    withIndex(shape.indexType, buffers[1], [&](auto *index) {
      forEachPosition(lines, [&](int64_t from, int64_t at, int64_t to) {
        out[to] = data[from + index[at] * axisStride];
      });
    });
  });
  return 0;
}

int32_t dscCpuScatterAddAlong(const DscCall *call, void *const *buffers) {
  Operands operands(call);
  int64_t type = operands.type(1u << DSC_F32 | 1u << DSC_F64);
  AlongShape shape;
  shape.read(operands, /*scatter=*/true);
  int64_t flags = operands.next();
  if (!operands.ok() || !shape.indicesInside(call, buffers[1]))
    return 1;
  if (!(flags & DSC_SCATTER_ACCUMULATE))
    zeroTarget(shape, type == DSC_F32 ? 4 : 8, buffers[2]);
  withIndex(shape.indexType, buffers[1], [&](auto *index) {
    if (type == DSC_F32)
      scatterAddAlong(shape, static_cast<const float *>(buffers[0]), index,
                      static_cast<float *>(buffers[2]));
    else
      scatterAddAlong(shape, static_cast<const double *>(buffers[0]), index,
                      static_cast<double *>(buffers[2]));
  });
  return 0;
}
