//===- PlainConv.cu - Convolutions that cuDNN does not take ---------------===//
//
// Different pads at the two ends, weights in another order, groups without a
// deterministic algorithm. A thread per element of an output or an input gradient, a
// block per element of a weight's: nothing is added twice at once.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/library/PlainConv.h"

#include "device/cuda/Kernel.h"
#include "device/cuda/Strided.h"
#include "device/cuda/Window.h"

namespace dsc::cuda {

namespace {

/// Channels of a group lie side by side in inputs (c) and outputs (k).
struct Shape {
  Window window;
  int64_t n, c, k, groups;
  WindowStrides input, weight, output;

  __host__ __device__ int64_t inputsPerGroup() const { return c / groups; }
  __host__ __device__ int64_t outputsPerGroup() const { return k / groups; }
};

Shape shapeOf(const Conv &call) {
  return {makeWindow(call),
          call.n,
          call.c,
          call.k,
          call.groups,
          makeStrides(call.inputStrides),
          makeStrides(call.weightStrides),
          makeStrides(call.outputStrides)};
}

__global__ void __launch_bounds__(256)
    convolvePlainly(Shape s, const float *input, const float *weight, const float *bias,
                    float *output, bool relu) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= s.n * s.k * s.window.outputs())
    return;
  int64_t position[Window::maxDims], at[Window::maxDims], tapAt[Window::maxDims];
  int64_t plane = split(i, s.window.output, position), n = plane / s.k, k = plane % s.k;
  int64_t firstChannel = k / s.outputsPerGroup() * s.inputsPerGroup();
  float sum = bias ? bias[k] : 0.0f;
  for (int64_t tap = 0; tap < s.window.taps(); ++tap) {
    if (!s.window.locate(position, tap, at))
      continue;
    split(tap, s.window.kernel, tapAt);
    for (int64_t c = 0; c < s.inputsPerGroup(); ++c)
      sum += input[s.input.place(n, firstChannel + c, at)] * weight[s.weight.place(k, c, tapAt)];
  }
  output[s.output.place(n, k, position)] = relu ? maximum(sum, 0.0f) : sum;
}

/// A thread per element of the input: which outputs read it, by which weight?
__global__ void __launch_bounds__(256)
    convolveBack(Shape s, const float *outputGrad, const float *weight, float *inputGrad) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= s.n * s.c * s.window.inputs())
    return;
  int64_t at[Window::maxDims], position[Window::maxDims], tapAt[Window::maxDims];
  int64_t plane = split(i, s.window.input, at), n = plane / s.c, c = plane % s.c;
  int64_t firstOutput = c / s.inputsPerGroup() * s.outputsPerGroup();
  float sum = 0.0f;
  for (int64_t tap = 0; tap < s.window.taps(); ++tap) {
    if (!s.window.findReader(at, tap, position))
      continue;
    split(tap, s.window.kernel, tapAt);
    for (int64_t k = firstOutput; k < firstOutput + s.outputsPerGroup(); ++k)
      sum += outputGrad[s.output.place(n, k, position)] *
             weight[s.weight.place(k, c % s.inputsPerGroup(), tapAt)];
  }
  inputGrad[s.input.place(n, c, at)] = sum;
}

/// A block per weight; its threads share the samples and output positions.
__global__ void __launch_bounds__(128)
    correlate(Shape s, const float *input, const float *outputGrad, float *weightGrad) {
  int64_t position[Window::maxDims], at[Window::maxDims], tapAt[Window::maxDims];
  int64_t taps = s.window.taps(), tap = blockIdx.x % taps, plane = blockIdx.x / taps;
  int64_t k = plane / s.inputsPerGroup(), c = plane % s.inputsPerGroup();
  int64_t channel = k / s.outputsPerGroup() * s.inputsPerGroup() + c;
  float sum = 0.0f;
  for (int64_t i = threadIdx.x; i < s.n * s.window.outputs(); i += blockDim.x) {
    int64_t n = split(i, s.window.output, position);
    if (s.window.locate(position, tap, at))
      sum += input[s.input.place(n, channel, at)] * outputGrad[s.output.place(n, k, position)];
  }
  sum = blockReduce<Sum>(sum);
  split(tap, s.window.kernel, tapAt);
  if (threadIdx.x == 0)
    weightGrad[s.weight.place(k, c, tapAt)] = sum;
}

} // namespace

void plainConv(Step &step, const Conv &call, Buffers buffers) {
  const Buffer *buffer = buffers.begin();
  bool hasBias = (call.flags & DSC_CONV_BIAS) != 0;
  Tensor<const float> bias = {nullptr, 0};
  if (hasBias)
    bias = buffer[2].tensor<const float>();
  int64_t count = call.n * call.k * countOf(call.output);
  if (count > 0)
    LAUNCH(step, convolvePlainly, blocksFor(count), 256, 0, step.stream, shapeOf(call),
           buffer[0].tensor<const float>(), buffer[1].tensor<const float>(), bias,
           buffer[hasBias ? 3 : 2].tensor<float>(), (call.flags & DSC_CONV_RELU) != 0);
}

void plainConvInputGrad(Step &step, const Conv &call, Buffers buffers) {
  const Buffer *buffer = buffers.begin();
  int64_t count = call.n * call.c * countOf(call.input);
  if (count > 0)
    LAUNCH(step, convolveBack, blocksFor(count), 256, 0, step.stream, shapeOf(call),
           buffer[0].tensor<const float>(), buffer[1].tensor<const float>(),
           buffer[2].tensor<float>());
}

void plainConvWeightGrad(Step &step, const Conv &call, Buffers buffers) {
  const Buffer *buffer = buffers.begin();
  int64_t count = call.k * (call.c / call.groups) * countOf(call.kernel);
  if (count > 0)
    LAUNCH(step, correlate, static_cast<unsigned>(count), 128, 0, step.stream, shapeOf(call),
           buffer[0].tensor<const float>(), buffer[1].tensor<const float>(),
           buffer[2].tensor<float>());
}

} // namespace dsc::cuda
