//===- Indexing.cu - Gathers, and scatters without atomics ----------------===//
//
// A scatter adds in the order of its indices: a thread owns the places it writes,
// so the same data give the same bits.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Kernel.h"
#include "device/cuda/Routines.h"
#include "device/cuda/Strided.h"

namespace dsc::cuda {

namespace {

struct Strides3 {
  int64_t outer, middle, inner;
};
Strides3 strides3(const Sizes &sizes) { return {sizes[0], sizes[1], sizes[2]}; }

struct TakeShape {
  int64_t outer, axis, inner, count;
  Strides3 table, out;
  int64_t indexStride;
};

template <typename T, typename Index>
__global__ void __launch_bounds__(256)
    takeRows(TakeShape shape, const T *table, const Index *index, T *out) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= shape.outer * shape.count * shape.inner)
    return;
  int64_t inner = i % shape.inner, row = i / shape.inner % shape.count;
  int64_t outer = i / (shape.inner * shape.count);
  int64_t chosen = index[row * shape.indexStride];
  out[outer * shape.out.outer + row * shape.out.middle + inner * shape.out.inner] =
      table[outer * shape.table.outer + chosen * shape.table.middle + inner * shape.table.inner];
}

struct ScatterShape {
  int64_t outer, axis, inner, count;
  Strides3 updates, out;
  int64_t indexStride;
  int64_t axisPerBlock; // positions of the axis that blockIdx.y owns
  bool accumulates;
};

/// A thread owns one (outer, inner) and a part of the axis.
template <typename T, typename Index>
__global__ void __launch_bounds__(256)
    scatterRows(ScatterShape shape, const T *updates, const Index *index, T *out) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= shape.outer * shape.inner)
    return;
  int64_t inner = i % shape.inner, outer = i / shape.inner;
  int64_t begin = blockIdx.y * shape.axisPerBlock;
  int64_t end = minimum(begin + shape.axisPerBlock, shape.axis);
  T *column = out + outer * shape.out.outer + inner * shape.out.inner;
  if (!shape.accumulates)
    for (int64_t position = begin; position < end; ++position)
      column[position * shape.out.middle] = 0;
  const T *source = updates + outer * shape.updates.outer + inner * shape.updates.inner;
  for (int64_t row = 0; row < shape.count; ++row) {
    int64_t position = index[row * shape.indexStride];
    if (position >= begin && position < end)
      column[position * shape.out.middle] += source[row * shape.updates.middle];
  }
}

/// `axisStrides` are those of the data: the axis's own part is left out of `places`.
template <typename T, typename Index>
__global__ void __launch_bounds__(256)
    takeElements(Strided<3> places, int64_t axisStride, const T *data, const Index *index, T *out) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= places.count)
    return;
  auto at = places.at(i);
  out[at[2]] = data[at[0] + index[at[1]] * axisStride];
}

struct AxisShape {
  int64_t size, updates, index, out; // the axis's strides
};

/// A thread owns what lies along the axis.
template <typename T, typename Index>
__global__ void __launch_bounds__(256)
    scatterElements(Strided<3> places, AxisShape axis, const T *updates, const Index *index,
                    T *out) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= places.count)
    return;
  auto at = places.at(i);
  for (int64_t j = 0; j < axis.size; ++j)
    out[at[2] + index[at[1] + j * axis.index] * axis.out] += updates[at[0] + j * axis.updates];
}

struct ArgMaxShape {
  int64_t outer, axis, inner;
  Strides3 input;
  bool least, last;
};

/// An element of a row, and where it stands.
template <typename T> struct Placed {
  T value;
  int64_t at;
};

/// Whether `next` takes the place of `best`: the first NaN, else what is greater (or less), of
/// equal ones the first (or last). No two elements tie, so that they may be met in any order.
template <typename T>
__device__ bool wins(const ArgMaxShape &shape, const Placed<T> &next, const Placed<T> &best) {
  bool isNaN = next.value != next.value, wasNaN = best.value != best.value;
  if (isNaN || wasNaN)
    return isNaN && (!wasNaN || next.at < best.at);
  if (next.value == best.value)
    return shape.last ? next.at > best.at : next.at < best.at;
  return shape.least ? next.value < best.value : next.value > best.value;
}

/// `lanes` threads per row, 32 or 1, each of which looks at every `lanes`-th element. One behind
/// a short row's end looks at the last, which changes nothing.
template <typename T, int lanes>
__global__ void __launch_bounds__(256) argMaxRows(ArgMaxShape shape, const T *input, int64_t *out) {
  int64_t i = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / lanes;
  if (i >= shape.outer * shape.inner)
    return;
  int64_t outer = i / shape.inner, inner = i - outer * shape.inner;
  const T *row = input + outer * shape.input.outer + inner * shape.input.inner;
  int64_t lane = threadIdx.x % lanes, first = minimum(lane, shape.axis - 1);
  Placed<T> best = {row[first * shape.input.middle], first};
  for (int64_t j = lane + lanes; j < shape.axis; j += lanes) {
    Placed<T> next = {row[j * shape.input.middle], j};
    if (wins(shape, next, best))
      best = next;
  }
  for (int away = lanes / 2; away > 0; away /= 2) {
    Placed<T> next = {T(__shfl_xor_sync(allLanes, best.value, away)),
                      int64_t(__shfl_xor_sync(allLanes, best.at, away))};
    if (wins(shape, next, best))
      best = next;
  }
  if (lane == 0)
    out[i] = best.at;
}

Sizes without(Sizes sizes, int64_t axis, int64_t by) {
  sizes[static_cast<size_t>(axis)] = by;
  return sizes;
}

} // namespace

void take(Step &step, const Take &shape, Buffers buffers) {
  const Buffer *buffer = buffers.begin();
  int64_t count = shape.outer * shape.count * shape.inner;
  if (count == 0)
    return;
  TakeShape sizes = {shape.outer,           shape.axis,          shape.inner,      shape.count,
                     strides3(shape.table), strides3(shape.out), shape.indexStride};
  withWidth(shape.bytes, [&](auto element) {
    withIndex(shape.indexType, [&](auto index) {
      using T = decltype(element);
      using Index = decltype(index);
      LAUNCH(step, (takeRows<T, Index>), blocksFor(count), 256, 0, step.stream, sizes,
             buffer[0].tensor<const T>(), buffer[1].tensor<const Index>(), buffer[2].tensor<T>());
    });
  });
}

void scatterAdd(Step &step, const ScatterAdd &shape, Buffers buffers) {
  const Buffer *buffer = buffers.begin();
  int64_t columns = shape.outer * shape.inner;
  if (columns * shape.axis == 0)
    return;
  constexpr int64_t parts = 64; // enough blocks for a device, few enough scans of the indices
  int64_t perBlock = (shape.axis + parts - 1) / parts;
  ScatterShape sizes = {shape.outer,
                        shape.axis,
                        shape.inner,
                        shape.count,
                        strides3(shape.updates),
                        strides3(shape.out),
                        shape.indexStride,
                        perBlock,
                        (shape.flags & DSC_SCATTER_ACCUMULATE) != 0};
  dim3 blocks(blocksFor(columns), static_cast<unsigned>((shape.axis + perBlock - 1) / perBlock));
  withSummed(shape.type, [&](auto element) {
    withIndex(shape.indexType, [&](auto index) {
      using T = decltype(element);
      using Index = decltype(index);
      LAUNCH(step, (scatterRows<T, Index>), blocks, 256, 0, step.stream, sizes,
             buffer[0].tensor<const T>(), buffer[1].tensor<const Index>(), buffer[2].tensor<T>());
    });
  });
}

void takeAlong(Step &step, const TakeAlong &shape, Buffers buffers) {
  const Buffer *buffer = buffers.begin();
  Sizes data = without(shape.data, shape.axis, 0);
  Strided<3> places = makeStrided<3>(shape.dims, {&data, &shape.index, &shape.out});
  if (places.count == 0)
    return;
  int64_t axisStride = shape.data[static_cast<size_t>(shape.axis)];
  withWidth(shape.bytes, [&](auto element) {
    withIndex(shape.indexType, [&](auto index) {
      using T = decltype(element);
      using Index = decltype(index);
      LAUNCH(step, (takeElements<T, Index>), blocksFor(places.count), 256, 0, step.stream, places,
             axisStride, buffer[0].tensor<const T>(), buffer[1].tensor<const Index>(),
             buffer[2].tensor<T>());
    });
  });
}

void scatterAddAlong(Step &step, const ScatterAddAlong &shape, Buffers buffers) {
  const Buffer *buffer = buffers.begin();
  if (!(shape.flags & DSC_SCATTER_ACCUMULATE))
    withSummed(shape.type, [&](auto element) {
      fill(step, {sizeof(element), shape.outDims, shape.out, 0, 0}, {buffer[2]});
    });
  size_t at = static_cast<size_t>(shape.axis);
  Sizes dims = without(shape.dims, shape.axis, 1);
  Strided<3> places = makeStrided<3>(dims, {&shape.updates, &shape.index, &shape.out});
  if (places.count * shape.dims[at] == 0)
    return;
  AxisShape axis = {shape.dims[at], shape.updates[at], shape.index[at], shape.out[at]};
  withSummed(shape.type, [&](auto element) {
    withIndex(shape.indexType, [&](auto index) {
      using T = decltype(element);
      using Index = decltype(index);
      LAUNCH(step, (scatterElements<T, Index>), blocksFor(places.count), 256, 0, step.stream,
             places, axis, buffer[0].tensor<const T>(), buffer[1].tensor<const Index>(),
             buffer[2].tensor<T>());
    });
  });
}

/// Neighbouring threads read neighbouring elements: along the axis, by a warp per row, unless the
/// rows themselves lie closer together.
template <typename T> static void argMaxAs(Step &step, const ArgMax &shape, Buffers buffers) {
  ArgMaxShape sizes = {shape.outer,
                       shape.axis,
                       shape.inner,
                       strides3(shape.input),
                       (shape.flags & DSC_ARGMAX_MIN) != 0,
                       (shape.flags & DSC_ARGMAX_LAST) != 0};
  int64_t apart = shape.inner > 1 ? sizes.input.inner : sizes.input.outer;
  bool isAcross = shape.outer * shape.inner > 1 && apart < sizes.input.middle;
  auto start = [&](const char *name, auto kernel, int64_t lanes) {
    launch(step, name, kernel, blocksFor(shape.outer * shape.inner * lanes), 256, 0, step.stream,
           sizes, buffers.begin()[0].tensor<const T>(), buffers.begin()[1].tensor<int64_t>());
  };
  isAcross ? start("argMaxRows<T, 1>", argMaxRows<T, 1>, 1)
           : start("argMaxRows<T, 32>", argMaxRows<T, 32>, 32);
}

void argMax(Step &step, const ArgMax &shape, Buffers buffers) {
  if (shape.outer * shape.inner == 0)
    return;
  switch (shape.type) {
  case DSC_F64:
    return argMaxAs<double>(step, shape, buffers);
  case DSC_I32:
    return argMaxAs<int32_t>(step, shape, buffers);
  case DSC_I64:
    return argMaxAs<int64_t>(step, shape, buffers);
  default:
    return argMaxAs<float>(step, shape, buffers);
  }
}

} // namespace dsc::cuda
