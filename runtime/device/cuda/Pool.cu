//===- Pool.cu - Pooling --------------------------------------------------===//
//
// A thread per element of what is written: gradients gather instead of scattering,
// so nothing is added twice at once.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Kernel.h"
#include "device/cuda/Routines.h"
#include "device/cuda/Strided.h"
#include "device/cuda/Window.h"

namespace dsc::cuda {

namespace {

constexpr int maxDims = Window::maxDims;

struct Shape {
  Window window;
  int64_t n, c;
  WindowStrides input, output;
  bool countsPads;

  /// How many elements the average of a window is over.
  __device__ int64_t divisor(const int64_t *position) const {
    int64_t product = 1;
    for (int dim = 0; dim < maxDims; ++dim) {
      int64_t low = countsPads ? -window.lowPads[dim] : 0;
      int64_t high = window.input[dim] + (countsPads ? window.highPads[dim] : 0), count = 0;
      for (int64_t tap = 0; tap < window.kernel[dim]; ++tap) {
        int64_t at =
            position[dim] * window.strides[dim] - window.lowPads[dim] + tap * window.dilations[dim];
        count += at >= low && at < high;
      }
      product *= count;
    }
    return product;
  }
};

__global__ void __launch_bounds__(256)
    maxPoolForward(Shape shape, const float *input, float *output, int32_t *index) {
  const Window &window = shape.window;
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= shape.n * shape.c * window.outputs())
    return;
  int64_t position[maxDims], at[maxDims];
  int64_t plane = split(i, window.output, position), n = plane / shape.c, c = plane % shape.c;
  float best = -INFINITY;
  int64_t winner = -1;
  for (int64_t tap = 0; tap < window.taps(); ++tap) {
    if (!window.locate(position, tap, at))
      continue;
    float value = input[shape.input.place(n, c, at)];
    if (winner < 0 || value > best || (value != value && best == best)) {
      best = value;
      winner = (at[0] * window.input[1] + at[1]) * window.input[2] + at[2];
    }
  }
  int64_t to = shape.output.place(n, c, position);
  output[to] = best;
  if (index)
    index[to] = static_cast<int32_t>(winner);
}

__global__ void __launch_bounds__(256)
    avgPoolForward(Shape shape, const float *input, float *output) {
  const Window &window = shape.window;
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= shape.n * shape.c * window.outputs())
    return;
  int64_t position[maxDims], at[maxDims];
  int64_t plane = split(i, window.output, position), n = plane / shape.c, c = plane % shape.c;
  float sum = 0.0f;
  for (int64_t tap = 0; tap < window.taps(); ++tap)
    if (window.locate(position, tap, at))
      sum += input[shape.input.place(n, c, at)];
  output[shape.output.place(n, c, position)] = sum / static_cast<float>(shape.divisor(position));
}

/// A thread per element of the input: which windows read it?
__global__ void __launch_bounds__(256)
    avgPoolBackward(Shape shape, const float *outputGrad, float *inputGrad) {
  const Window &window = shape.window;
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= shape.n * shape.c * window.inputs())
    return;
  int64_t at[maxDims], position[maxDims];
  int64_t plane = split(i, window.input, at), n = plane / shape.c, c = plane % shape.c;
  float sum = 0.0f;
  for (int64_t tap = 0; tap < window.taps(); ++tap)
    if (window.findReader(at, tap, position))
      sum += outputGrad[shape.output.place(n, c, position)] /
             static_cast<float>(shape.divisor(position));
  inputGrad[shape.input.place(n, c, at)] = sum;
}

Shape shapeOf(const Pool &call) {
  return {makeWindow(call),
          call.n,
          call.c,
          makeStrides(call.inputStrides),
          makeStrides(call.outputStrides),
          (call.flags & DSC_POOL_COUNT_INCLUDE_PAD) != 0};
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
