//===- Move.cpp - Strided copies and fills --------------------------------===//
//
// A copy is one of three things once its loop is normalized: contiguous runs, a
// transpose (each side is contiguous in another dimension; done in tiles, so that
// whole cache lines are read and written), or neither.
//
//===----------------------------------------------------------------------===//
#include "device/cpu/Move.h"

#include "abi/CpuRoutines.h"
#include "device/cpu/Parallel.h"
#include "device/cpu/kernels/Kernels.h"

#include <cstring>

using namespace dsc;

namespace {

/// Least work for a thread, in bytes moved.
constexpr int64_t grainBytes = 1 << 16;

int64_t grainOf(int64_t bytesPerStep) {
  return std::max<int64_t>(1, grainBytes / std::max<int64_t>(1, bytesPerStep));
}

/// Takes the innermost dimension out of the loop and returns it (1 if there is none).
template <int N> int64_t splitInner(StridedLoop<N> &loop, typename StridedLoop<N>::Strides &step) {
  step.fill(1);
  if (loop.rank == 0)
    return 1;
  step = loop.strides[loop.rank - 1];
  return loop.dims[--loop.rank];
}

/// Calls row(offsets, begin, end) for parts of rows of `inner` elements: rows are shared out to the
/// threads, or their elements where there are too few rows.
template <int N, typename Row>
void parallelRows(const StridedLoop<N> &outer, int64_t inner, int64_t bytes, Row &&row) {
  int64_t rows = outer.size();
  if (rows >= threadCount()) {
    return parallelFor(rows, grainOf(inner * bytes), [&](int64_t begin, int64_t end) {
      outer.forEach(begin, end, [&](const auto &offsets) { row(offsets, 0, inner); });
    });
  }
  outer.forEach(0, rows, [&](const auto &offsets) {
    parallelFor(inner, grainOf(bytes),
                [&](int64_t begin, int64_t end) { row(offsets, begin, end); });
  });
}

template <typename T> void copyRows(CopyLoop loop, T *out, const T *in) {
  CopyLoop::Strides step;
  int64_t inner = splitInner(loop, step);
  parallelRows(loop, inner, sizeof(T), [&](const auto &offsets, int64_t begin, int64_t end) {
    T *to = out + offsets[0] + begin * step[0];
    const T *from = in + offsets[1] + begin * step[1];
    if (step[0] == 1 && step[1] == 1)
      std::memcpy(to, from, (end - begin) * sizeof(T));
    else
      for (int64_t i = 0; i < end - begin; ++i)
        to[i * step[0]] = from[i * step[1]];
  });
}

/// Elements per side of a tile of a transpose: two tiles lie in the nearest caches.
constexpr int64_t tileSize = 64;

/// to[a * toStride + b] = from[a + b * fromStride]
template <typename T>
void transposeTile(int64_t sizeA, int64_t sizeB, T *__restrict to, int64_t toStride,
                   const T *__restrict from, int64_t fromStride) {
  if constexpr (sizeof(T) == sizeof(float))
    return kernels().transposeWords(sizeA, sizeB, reinterpret_cast<float *>(to), toStride,
                                    reinterpret_cast<const float *>(from), fromStride);
  for (int64_t a = 0; a < sizeA; ++a)
    for (int64_t b = 0; b < sizeB; ++b)
      to[a * toStride + b] = from[a + b * fromStride];
}

/// `loop`'s innermost dimension (b) is contiguous in `out`, dimension `dimA` in `in`.
template <typename T> void copyTransposed(CopyLoop loop, int64_t dimA, T *out, const T *in) {
  int64_t sizeA = loop.dims[dimA], sizeB = loop.dims[loop.rank - 1];
  int64_t toStride = loop.strides[dimA][0], fromStride = loop.strides[loop.rank - 1][1];
  loop.remove(loop.rank - 1);
  loop.remove(dimA);
  loop.add((sizeA + tileSize - 1) / tileSize, {tileSize * toStride, tileSize});
  loop.add((sizeB + tileSize - 1) / tileSize, {tileSize, tileSize * fromStride});
  int64_t tilesB = loop.dims[loop.rank - 1], tilesA = loop.dims[loop.rank - 2];
  parallelFor(loop.size(), grainOf(tileSize * tileSize * sizeof(T)),
              [&](int64_t begin, int64_t end) {
                int64_t index = begin;
                loop.forEach(begin, end, [&](const auto &offsets) {
                  int64_t a = index / tilesB % tilesA * tileSize, b = index % tilesB * tileSize;
                  ++index;
                  transposeTile(std::min(tileSize, sizeA - a), std::min(tileSize, sizeB - b),
                                out + offsets[0], toStride, in + offsets[1], fromStride);
                });
              });
}

/// The dimension that makes the copy a transpose, or -1.
int64_t transposedDim(const CopyLoop &loop) {
  if (loop.rank < 2 || loop.strides[loop.rank - 1][0] != 1 || loop.strides[loop.rank - 1][1] == 1)
    return -1;
  for (int64_t i = loop.rank - 2; i >= 0; --i)
    if (loop.strides[i][1] == 1 && loop.dims[i] >= 4)
      return i;
  return -1;
}

template <int N> StridedLoop<N> readLoop(Operands &operands) {
  StridedLoop<N> loop;
  int64_t rank = operands.rank();
  const int64_t *dims = operands.take(rank);
  const int64_t *strides = operands.take(N * rank);
  for (int64_t i = 0; strides && i < rank; ++i) {
    typename StridedLoop<N>::Strides stride;
    for (int op = 0; op < N; ++op) // the table lists what is read first, the loop what is written
      stride[N - 1 - op] = strides[op * rank + i];
    loop.add(dims[i], stride);
  }
  return loop;
}

} // namespace

CopyLoop dsc::copyLoop(const std::vector<int64_t> &dims, const std::vector<int64_t> &to,
                       const std::vector<int64_t> &from) {
  CopyLoop loop;
  for (size_t i = 0; i < dims.size(); ++i)
    loop.add(dims[i], {to[i], from[i]});
  return loop;
}

void dsc::copyStrided(int64_t bytes, CopyLoop loop, void *out, const void *in) {
  if (loop.size() == 0)
    return;
  loop.normalize(0);
  withElement(bytes, [&](auto element) {
    using T = decltype(element);
    int64_t dimA = transposedDim(loop);
    if (dimA >= 0)
      copyTransposed(loop, dimA, static_cast<T *>(out), static_cast<const T *>(in));
    else
      copyRows(loop, static_cast<T *>(out), static_cast<const T *>(in));
  });
}

void dsc::fillStrided(int64_t bytes, FillLoop loop, void *out, int64_t pattern) {
  if (loop.size() == 0)
    return;
  loop.normalize(0);
  withElement(bytes, [&](auto element) {
    using T = decltype(element);
    FillLoop::Strides step;
    int64_t inner = splitInner(loop, step);
    parallelRows(loop, inner, bytes, [&](const auto &offsets, int64_t begin, int64_t end) {
      T *to = static_cast<T *>(out) + offsets[0];
      if (step[0] == 1)
        std::fill(to + begin, to + end, static_cast<T>(pattern));
      else
        for (int64_t i = begin; i < end; ++i)
          to[i * step[0]] = static_cast<T>(pattern);
    });
  });
}

int32_t dscCpuCopy(const DscCall *call, void *const *buffers) {
  Operands operands(call);
  int64_t bytes = operands.elementBytes();
  CopyLoop loop = readLoop<2>(operands);
  int64_t inOffset = operands.next(), outOffset = operands.next();
  if (!operands.ok())
    return 1;
  copyStrided(bytes, loop, static_cast<char *>(buffers[1]) + outOffset * bytes,
              static_cast<const char *>(buffers[0]) + inOffset * bytes);
  return 0;
}

int32_t dscCpuFill(const DscCall *call, void *const *buffers) {
  Operands operands(call);
  int64_t bytes = operands.elementBytes();
  FillLoop loop = readLoop<1>(operands);
  int64_t offset = operands.next(), pattern = operands.next();
  if (!operands.ok())
    return 1;
  fillStrided(bytes, loop, static_cast<char *>(buffers[0]) + offset * bytes, pattern);
  return 0;
}

int32_t dscCpuFillAll(const DscCall *call, void *const *buffers) {
  Operands operands(call);
  int64_t bytes = operands.elementBytes(), pattern = operands.next(), number = operands.next();
  std::vector<int64_t> counts;
  for (int64_t i = 0; i < number; ++i)
    counts.push_back(operands.next());
  if (!operands.ok())
    return 1;
  for (int64_t count : counts) {
    FillLoop loop;
    loop.add(count, {1});
    fillStrided(bytes, loop, *buffers++, pattern);
  }
  return 0;
}
