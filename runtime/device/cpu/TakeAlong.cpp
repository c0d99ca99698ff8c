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

#include <algorithm>

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
    outDims = scatter ? operands.take(rank) : nullptr;
    if (outDims)
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

/// Neighbouring lines that one thread walks together: line i begins at `at + i * step`, for i in
/// [begin, end).
struct Lines {
  StridedLoop<3>::Strides at, step;
  int64_t begin, end;

  /// Calls element(source, index, target) for each position, in order of the axis, of which one
  /// step is `axis`.
  template <typename Element>
  void forEach(int64_t count, const StridedLoop<3>::Strides &axis, Element &&element) const {
    StridedLoop<3>::Strides first;
    for (int op = 0; op < 3; ++op)
      first[op] = at[op] + begin * step[op];
    if (end - begin == 1) {
      for (int64_t a = 0; a < count; ++a)
        element(first[0] + a * axis[0], first[1] + a * axis[1], first[2] + a * axis[2]);
    } else {
      for (int64_t a = 0; a < count; ++a) {
        for (int64_t i = 0; i < end - begin; ++i)
          element(first[0] + a * axis[0] + i * step[0], first[1] + a * axis[1] + i * step[1],
                  first[2] + a * axis[2] + i * step[2]);
      }
    }
  }
};

/// Calls body(Lines) for all lines, in parallel.
template <typename Body> void forEachLines(const AlongShape &shape, Body &&body) {
  StridedLoop<3> loop = shape.lines();
  int64_t run = 1;
  StridedLoop<3>::Strides step{};
  // Where the axis is innermost, lines are walked one by one.
  if (shape.index[shape.axis] != 1 && loop.rank > 0) {
    run = loop.dims[loop.rank - 1];
    step = loop.strides[--loop.rank];
  }
  int64_t length = std::max<int64_t>(1, shape.dims[shape.axis]);
  auto grain = [&](int64_t work) {
    return std::max<int64_t>(1, (1 << 13) / std::max<int64_t>(1, work));
  };
  int64_t rows = loop.size();
  if (rows >= threadCount()) {
    return parallelFor(rows, grain(length * run), [&](int64_t begin, int64_t end) {
      loop.forEach(begin, end, [&](const auto &at) { body(Lines{at, step, 0, run}); });
    });
  }
  loop.forEach(0, rows, [&](const auto &at) {
    parallelFor(run, grain(length),
                [&](int64_t begin, int64_t end) { body(Lines{at, step, begin, end}); });
  });
}

template <typename T, typename Index>
void takeAlong(const AlongShape &shape, const T *data, const Index *index, T *out) {
  int64_t axisStride = shape.source[shape.axis];
  forEachLines(shape, [&](const Lines &lines) {
    lines.forEach(shape.dims[shape.axis], {0, shape.index[shape.axis], shape.target[shape.axis]},
                  [&](int64_t from, int64_t at, int64_t to) {
                    out[to] = data[from + index[at] * axisStride];
                  });
  });
}

/// One line whose elements are neighbours in all operands (planes of max pooling).
template <typename T, typename Index>
void scatterDenseLine(int64_t count, const T *updates, const Index *index, T *out) {
  for (int64_t a = 0; a < count; ++a)
    out[index[a]] += updates[a];
}

/// `zero`: lines of the output are set to zero just before they are used (and stay in the cache).
template <typename T, typename Index>
void scatterAddAlong(const AlongShape &shape, bool zero, const T *updates, const Index *index,
                     T *out) {
  int64_t axisStride = shape.target[shape.axis];
  bool dense = axisStride == 1 && shape.source[shape.axis] == 1 && shape.index[shape.axis] == 1;
  forEachLines(shape, [&](const Lines &lines) {
    if (dense) { // then lines come one by one
      T *line = out + lines.at[2];
      if (zero)
        std::fill_n(line, shape.axisSize, T(0));
      return scatterDenseLine(shape.dims[shape.axis], updates + lines.at[0], index + lines.at[1],
                              line);
    }
    if (zero)
      lines.forEach(shape.axisSize, {0, 0, axisStride},
                    [&](int64_t, int64_t, int64_t to) { out[to] = 0; });
    lines.forEach(shape.dims[shape.axis], {shape.source[shape.axis], shape.index[shape.axis], 0},
                  [&](int64_t from, int64_t at, int64_t to) {
                    out[to + index[at] * axisStride] += updates[from];
                  });
  });
}

/// Whether the lines of the updates reach all of the output.
bool coversOutput(const AlongShape &shape) {
  for (int64_t i = 0; i < shape.rank; ++i)
    if (i != shape.axis && shape.dims[i] != shape.outDims[i])
      return false;
  return true;
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
  withElement(bytes, [&](auto element) {
    using T = decltype(element);
    withIndex(shape.indexType, buffers[1], [&](auto *index) {
      takeAlong(shape, static_cast<const T *>(buffers[0]), index, static_cast<T *>(buffers[2]));
    });
  });
  return 0;
}

int32_t dscCpuScatterAddAlong(const DscCall *call, void *const *buffers) {
  Operands operands(call);
  int64_t type = operands.type(summedTypes);
  AlongShape shape;
  shape.read(operands, /*scatter=*/true);
  int64_t flags = operands.next();
  if (!operands.ok() || !shape.indicesInside(call, buffers[1]))
    return 1;
  bool zero = !(flags & DSC_SCATTER_ACCUMULATE), byLine = coversOutput(shape);
  withSummed(type, [&](auto element) {
    using T = decltype(element);
    if (zero && !byLine)
      zeroTarget(shape, sizeof(T), buffers[2]);
    withIndex(shape.indexType, buffers[1], [&](auto *index) {
      scatterAddAlong(shape, zero && byLine, static_cast<const T *>(buffers[0]), index,
                      static_cast<T *>(buffers[2]));
    });
  });
  return 0;
}
