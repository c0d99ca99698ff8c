//===- Move.cu - Strided copies and fills ---------------------------------===//
//
// A copy whose elements lie side by side along one dimension of the input and along another of
// the output is a transpose: tiles of it pass through shared memory, so that both the loads and
// the stores of a warp are neighbours. Any other copy is a thread per element.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Kernel.h"
#include "device/cuda/Routines.h"
#include "device/cuda/Strided.h"
#include "device/cuda/Tensors.h"

#include <algorithm>
#include <cstdlib>

namespace dsc::cuda {

namespace {

template <typename T>
__global__ void __launch_bounds__(256) copyElements(Strided<2> places, const T *in, T *out) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < places.count) {
    auto at = places.at(i);
    out[at[1]] = in[at[0]];
  }
}

constexpr int tileSize = 32, tileRows = 8;

/// Matrices whose columns lie together in the input, and whose rows in the output.
struct Transpose {
  Strided<2> batch; // where each matrix begins
  int64_t rows, columns;
  int64_t rowStride[2], columnStride[2]; // of the input and of the output
  int64_t tileColumns, tiles;            // of a matrix
};

/// A block of 32 x 8 threads per tile of 32 x 32. A row of the tile is an odd number of words
/// (elements of eight bytes: a word more than a multiple of 64 bytes), so that reading a column
/// meets every bank once.
template <typename T>
__global__ void __launch_bounds__(256) transposeTiles(Transpose shape, const T *in, T *out) {
  constexpr int padding = sizeof(T) < 4 ? 4 / sizeof(T) : 1;
  __shared__ T part[tileSize][tileSize + padding];
  int64_t matrix = blockIdx.x / shape.tiles, tile = blockIdx.x - matrix * shape.tiles;
  auto begin = shape.batch.at(matrix);
  int64_t firstRow = tile / shape.tileColumns * tileSize;
  int64_t firstColumn = tile % shape.tileColumns * tileSize;
  int across = static_cast<int>(threadIdx.x), down = static_cast<int>(threadIdx.y);
  for (int k = down; k < tileSize; k += tileRows) {
    int64_t row = firstRow + k, column = firstColumn + across;
    if (row < shape.rows && column < shape.columns)
      part[k][across] = in[begin[0] + row * shape.rowStride[0] + column * shape.columnStride[0]];
  }
  __syncthreads();
  for (int k = down; k < tileSize; k += tileRows) {
    int64_t row = firstRow + across, column = firstColumn + k;
    if (row < shape.rows && column < shape.columns)
      out[begin[1] + row * shape.rowStride[1] + column * shape.columnStride[1]] = part[across][k];
  }
}

template <typename T>
__global__ void __launch_bounds__(256) fillElements(Strided<1> places, T value, T *out) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < places.count)
    out[places.at(i)[0]] = value;
}

constexpr int32_t wordBytes = sizeof(float4), fillChunk = 4 * 256 * wordBytes;

/// 16 bytes of the pattern at a time; a tensor's last bytes one by one.
__global__ void __launch_bounds__(256) fillTensors(const Tensors<char> tensors, uint64_t pattern) {
  int32_t own = tensors.own();
  int64_t begin = tensors.block(own) * fillChunk, left = tensors.counts[own] - begin;
  char *data = tensors.data[own] + begin;
  int32_t size = left < fillChunk ? static_cast<int32_t>(left) : fillChunk;
  const uint64_t twice[2] = {pattern, pattern};
  float4 word;
  memcpy(&word, twice, sizeof word);
  for (int32_t i = threadIdx.x * wordBytes; i < size; i += 256 * wordBytes) {
    if (i + wordBytes <= size) {
      *asVector<float4>(data + i) = word;
      continue;
    }
    for (int32_t k = i; k < size; ++k)
      data[k] = static_cast<char>(pattern >> k % 8 * 8);
  }
}

__global__ void __launch_bounds__(256)
    copyRows(int64_t bytes, const char *part, const int64_t *number, char *out) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < bytes)
    out[*number * bytes + i] = part[i];
}

/// A dimension of a copy.
struct Dim {
  int64_t size, in, out; // strides
};

/// The dimensions in the order in which they lie in the output; those that lie behind each other
/// on both sides are one, and those of one element left out.
std::vector<Dim> layoutOf(const Copy &shape) {
  std::vector<Dim> dims, merged;
  for (size_t i = 0; i < shape.dims.size(); ++i)
    if (shape.dims[i] != 1)
      dims.push_back({shape.dims[i], shape.in[i], shape.out[i]});
  std::sort(dims.begin(), dims.end(),
            [](const Dim &a, const Dim &b) { return std::abs(a.out) > std::abs(b.out); });
  for (const Dim &dim : dims) {
    Dim *last = merged.empty() ? nullptr : &merged.back();
    if (last && last->in == dim.in * dim.size && last->out == dim.out * dim.size)
      *last = {last->size * dim.size, dim.in, dim.out};
    else
      merged.push_back(dim);
  }
  return merged;
}

/// The dimension along which the input is read best where that is not the output's, which comes
/// last; else the number of dimensions. Where a tile would be less than a quarter full, caches
/// serve neighbours as well; elements that are repeated along the output are one load.
size_t columnsOf(const std::vector<Dim> &dims) {
  constexpr int64_t least = tileSize / 4;
  size_t best = dims.size();
  if (dims.empty() || dims.back().size < least)
    return best;
  int64_t stride = std::abs(dims.back().in);
  for (size_t i = 0; i + 1 < dims.size(); ++i)
    if (dims[i].size >= least && dims[i].in != 0 && std::abs(dims[i].in) < stride) {
      stride = std::abs(dims[i].in);
      best = i;
    }
  return best;
}

Strided<2> placesOf(const std::vector<Dim> &dims, const Copy &shape) {
  Sizes sizes, in, out;
  for (const Dim &dim : dims) {
    sizes.push_back(dim.size);
    in.push_back(dim.in);
    out.push_back(dim.out);
  }
  Strided<2> places = makeStrided<2>(sizes, {&in, &out});
  places.offset[0] = shape.inOffset;
  places.offset[1] = shape.outOffset;
  return places;
}

template <typename T>
void transposeAs(Step &step, const Copy &shape, std::vector<Dim> dims, size_t at, Buffer in,
                 Buffer out) {
  Dim rows = dims.back(), columns = dims[at];
  dims.pop_back();
  dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(at));
  auto tilesOf = [](const Dim &dim) { return (dim.size + tileSize - 1) / tileSize; };
  Transpose transpose = {placesOf(dims, shape),
                         rows.size,
                         columns.size,
                         {rows.in, rows.out},
                         {columns.in, columns.out},
                         tilesOf(columns),
                         tilesOf(rows) * tilesOf(columns)};
  auto blocks = static_cast<unsigned>(transpose.tiles * transpose.batch.count);
  LAUNCH(step, transposeTiles<T>, blocks, dim3(tileSize, tileRows), 0, step.stream, transpose,
         in.tensor<const T>(), out.tensor<T>());
}

template <typename T> void copyAs(Step &step, const Copy &shape, Buffer in, Buffer out) {
  std::vector<Dim> dims = layoutOf(shape);
  if (size_t at = columnsOf(dims); at < dims.size())
    return transposeAs<T>(step, shape, dims, at, in, out);
  Strided<2> places = placesOf(dims, shape);
  LAUNCH(step, copyElements<T>, blocksFor(places.count), 256, 0, step.stream, places,
         in.tensor<const T>(), out.tensor<T>());
}

template <typename T> void fillAs(Step &step, const Fill &shape, Buffer out) {
  Strided<1> places = makeStrided<1>(shape.dims, {&shape.strides});
  places.offset[0] = shape.offset;
  LAUNCH(step, fillElements<T>, blocksFor(places.count), 256, 0, step.stream, places,
         static_cast<T>(shape.pattern), out.tensor<T>());
}

/// Eight bytes of elements that have `bytes`.
uint64_t repeated(int64_t pattern, int64_t bytes) {
  uint64_t eight = static_cast<uint64_t>(pattern);
  for (; bytes < 8; bytes *= 2)
    eight = eight << 8 * bytes | (eight & ((uint64_t(1) << 8 * bytes) - 1));
  return eight;
}

} // namespace

void copy(Step &step, const Copy &shape, Buffers buffers) {
  if (countOf(shape.dims) > 0)
    withWidth(shape.bytes, [&](auto zero) {
      copyAs<decltype(zero)>(step, shape, buffers.begin()[0], buffers.begin()[1]);
    });
}

void fill(Step &step, const Fill &shape, Buffers buffers) {
  if (countOf(shape.dims) > 0)
    withWidth(shape.bytes,
              [&](auto zero) { fillAs<decltype(zero)>(step, shape, buffers.begin()[0]); });
}

void fillAll(Step &step, const FillAll &shape, const Buffer *buffers, size_t count) {
  const Buffer *next = buffers;
  Tensors<char> tensors;
  while (int32_t blocks = tensors.take(next, buffers + count, fillChunk))
    LAUNCH(step, fillTensors, static_cast<unsigned>(blocks), 256, 0, step.stream, tensors,
           repeated(shape.pattern, shape.bytes));
}

void stackRows(Step &step, const StackRows &shape, Buffers buffers) {
  if (shape.bytes == 0)
    return;
  const Buffer *buffer = buffers.begin();
  LAUNCH(step, copyRows, blocksFor(shape.bytes), 256, 0, step.stream, shape.bytes,
         buffer[0].tensor<const char>(), buffer[1].tensor<const int64_t>(),
         buffer[2].tensor<char>());
}

} // namespace dsc::cuda
