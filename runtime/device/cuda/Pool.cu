//===- Pool.cu - Pooling --------------------------------------------------===//
//
// A thread per element of what is written: gradients gather instead of scattering,
// so nothing is added twice at once.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Kernel.h"
#include "device/cuda/Routines.h"
#include "device/cuda/Strided.h"

namespace dsc::cuda {

namespace {

constexpr int maxDims = 3;

struct Shape {
  int dims;
  int64_t n, c;
  int64_t input[maxDims], kernel[maxDims], strides[maxDims], dilations[maxDims];
  int64_t lowPads[maxDims], highPads[maxDims], output[maxDims];
  int64_t inputStrides[maxDims + 2], outputStrides[maxDims + 2];
  bool countsPads;

  __device__ int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  /// Where tap number `tap` of a window reads; false beyond the input.
  __device__ bool locate(const int64_t *window, int64_t tap, int64_t *at) const {
    for (int dim = maxDims - 1; dim >= 0; --dim) {
      at[dim] = window[dim] * strides[dim] - lowPads[dim] + tap % kernel[dim] * dilations[dim];
      tap /= kernel[dim];
      if (at[dim] < 0 || at[dim] >= input[dim])
        return false;
    }
    return true;
  }
  /// How many elements the average of a window is over.
  __device__ int64_t divisor(const int64_t *window) const {
    int64_t product = 1;
    for (int dim = 0; dim < maxDims; ++dim) {
      int64_t low = countsPads ? -lowPads[dim] : 0;
      int64_t high = input[dim] + (countsPads ? highPads[dim] : 0), count = 0;
      for (int64_t tap = 0; tap < kernel[dim]; ++tap) {
        int64_t at = window[dim] * strides[dim] - lowPads[dim] + tap * dilations[dim];
        count += at >= low && at < high;
      }
      product *= count;
    }
    return product;
  }
};

/// The sizes of `dims` as position i, last dimension fastest; returns what is left.
__device__ inline int64_t split(int64_t i, const int64_t *sizes, int64_t *at) {
  for (int dim = maxDims - 1; dim >= 0; --dim) {
    at[dim] = i % sizes[dim];
    i /= sizes[dim];
  }
  return i;
}

__device__ inline int64_t place(const int64_t *strides, int64_t n, int64_t c, const int64_t *at) {
  return n * strides[0] + c * strides[1] + at[0] * strides[2] + at[1] * strides[3] +
         at[2] * strides[4];
}

__global__ void __launch_bounds__(256)
    maxPoolForward(Shape shape, const float *input, float *output, int32_t *index) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= shape.n * shape.c * shape.output[0] * shape.output[1] * shape.output[2])
    return;
  int64_t window[maxDims], at[maxDims];
  int64_t plane = split(i, shape.output, window), n = plane / shape.c, c = plane % shape.c;
  float best = -INFINITY;
  int64_t winner = -1;
  for (int64_t tap = 0; tap < shape.taps(); ++tap) {
    if (!shape.locate(window, tap, at))
      continue;
    float value = input[place(shape.inputStrides, n, c, at)];
    if (winner < 0 || value > best || (value != value && best == best)) {
      best = value;
      winner = (at[0] * shape.input[1] + at[1]) * shape.input[2] + at[2];
    }
  }
  int64_t to = place(shape.outputStrides, n, c, window);
  output[to] = best;
  if (index)
    index[to] = static_cast<int32_t>(winner);
}

__global__ void __launch_bounds__(256)
    avgPoolForward(Shape shape, const float *input, float *output) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= shape.n * shape.c * shape.output[0] * shape.output[1] * shape.output[2])
    return;
  int64_t window[maxDims], at[maxDims];
  int64_t plane = split(i, shape.output, window), n = plane / shape.c, c = plane % shape.c;
  float sum = 0.0f;
  for (int64_t tap = 0; tap < shape.taps(); ++tap)
    if (shape.locate(window, tap, at))
      sum += input[place(shape.inputStrides, n, c, at)];
  output[place(shape.outputStrides, n, c, window)] =
      sum / static_cast<float>(shape.divisor(window));
}

/// A thread per element of the input: which windows read it?
__global__ void __launch_bounds__(256)
    avgPoolBackward(Shape shape, const float *outputGrad, float *inputGrad) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= shape.n * shape.c * shape.input[0] * shape.input[1] * shape.input[2])
    return;
  int64_t at[maxDims], window[maxDims];
  int64_t plane = split(i, shape.input, at), n = plane / shape.c, c = plane % shape.c;
  float sum = 0.0f;
  for (int64_t tap = 0; tap < shape.taps(); ++tap) {
    int64_t rest = tap;
    bool reads = true;
    for (int dim = maxDims - 1; dim >= 0; --dim) {
      int64_t begin =
          at[dim] + shape.lowPads[dim] - rest % shape.kernel[dim] * shape.dilations[dim];
      rest /= shape.kernel[dim];
      window[dim] = begin / shape.strides[dim];
      reads =
          reads && begin >= 0 && begin % shape.strides[dim] == 0 && window[dim] < shape.output[dim];
    }
    if (reads)
      sum += outputGrad[place(shape.outputStrides, n, c, window)] /
             static_cast<float>(shape.divisor(window));
  }
  inputGrad[place(shape.inputStrides, n, c, at)] = sum;
}

/// Missing dimensions come first, with one position.
Shape shapeOf(const Pool &call) {
  Shape shape = {};
  shape.n = call.n;
  shape.c = call.c;
  shape.countsPads = (call.flags & DSC_POOL_COUNT_INCLUDE_PAD) != 0;
  int given = static_cast<int>(call.input.size()), missing = maxDims - given;
  auto copy = [&](int64_t *to, const Sizes &from, int64_t filler) {
    for (int dim = 0; dim < maxDims; ++dim)
      to[dim] = dim < missing ? filler : from[static_cast<size_t>(dim - missing)];
  };
  copy(shape.input, call.input, 1);
  copy(shape.kernel, call.kernel, 1);
  copy(shape.strides, call.strides, 1);
  copy(shape.dilations, call.dilations, 1);
  copy(shape.lowPads, call.lowPads, 0);
  copy(shape.highPads, call.highPads, 0);
  copy(shape.output, call.output, 1);
  copy(shape.inputStrides + 2, Sizes(call.inputStrides.begin() + 2, call.inputStrides.end()), 0);
  copy(shape.outputStrides + 2, Sizes(call.outputStrides.begin() + 2, call.outputStrides.end()), 0);
  for (int dim = 0; dim < 2; ++dim) {
    shape.inputStrides[dim] = call.inputStrides[static_cast<size_t>(dim)];
    shape.outputStrides[dim] = call.outputStrides[static_cast<size_t>(dim)];
  }
  return shape;
}

} // namespace

void maxPool(Step &step, const Pool &call, Buffers buffers) {
  const Buffer *buffer = buffers.begin();
  int64_t count = call.n * call.c * countOf(call.output);
  Tensor<int32_t> index = {nullptr, 0};
  if (call.flags & DSC_POOL_INDEX)
    index = buffer[2].tensor<int32_t>();
  if (count > 0)
    LAUNCH(step, maxPoolForward, blocksFor(count), 256, 0, step.stream, shapeOf(call),
           buffer[0].tensor<const float>(), buffer[1].tensor<float>(), index);
}

void avgPool(Step &step, const Pool &call, Buffers buffers) {
  const Buffer *buffer = buffers.begin();
  int64_t count = call.n * call.c * countOf(call.output);
  if (count > 0)
    LAUNCH(step, avgPoolForward, blocksFor(count), 256, 0, step.stream, shapeOf(call),
           buffer[0].tensor<const float>(), buffer[1].tensor<float>());
}

void avgPoolGrad(Step &step, const Pool &call, Buffers buffers) {
  const Buffer *buffer = buffers.begin();
  int64_t count = call.n * call.c * countOf(call.input);
  if (count > 0)
    LAUNCH(step, avgPoolBackward, blocksFor(count), 256, 0, step.stream, shapeOf(call),
           buffer[0].tensor<const float>(), buffer[1].tensor<float>());
}

} // namespace dsc::cuda
