// Runs PlainConv.cu on random shapes and compares with sums written from the definition.
#include "device/cuda/library/PlainConv.h"

#include "device.h"

namespace {

Conv drawConv() {
  Conv conv = {};
  size_t rank = size_t(draw(1, 3));
  conv.groups = draw(1, 3);
  conv.n = draw(1, 3);
  conv.c = conv.groups * draw(1, 3);
  conv.k = conv.groups * draw(1, 3);
  conv.flags = draw(0, 1) * DSC_CONV_BIAS;
  for (size_t dim = 0; dim < rank; ++dim) {
    conv.kernel.push_back(draw(1, 3));
    conv.dilations.push_back(draw(1, 2));
    conv.strides.push_back(draw(1, 2));
    conv.lowPads.push_back(draw(0, 2));
    conv.highPads.push_back(draw(0, 2));
    int64_t reach = conv.dilations[dim] * (conv.kernel[dim] - 1) + 1;
    conv.input.push_back(reach + draw(0, 3));
    int64_t room = conv.input[dim] + conv.lowPads[dim] + conv.highPads[dim] - reach;
    conv.output.push_back(room / conv.strides[dim] + 1);
  }
  return conv;
}

Sizes join(int64_t first, int64_t second, Sizes rest) {
  rest.insert(rest.begin(), {first, second});
  return rest;
}

/// Calls `body` for every product of the convolution with the indices of output, weight, input.
template <typename Body> void forEachProduct(const Conv &conv, Body body) {
  int64_t perGroup = conv.c / conv.groups;
  forEach(join(conv.n, conv.k, conv.output), [&](const Sizes &out) {
    forEach(join(1, perGroup, conv.kernel), [&](const Sizes &tap) {
      Sizes weight = tap, input = {out[0], out[1] / (conv.k / conv.groups) * perGroup + tap[1]};
      weight[0] = out[1];
      for (size_t dim = 0; dim < conv.kernel.size(); ++dim) {
        input.push_back(out[dim + 2] * conv.strides[dim] - conv.lowPads[dim] +
                        tap[dim + 2] * conv.dilations[dim]);
        if (input.back() < 0 || input.back() >= conv.input[dim])
          return;
      }
      body(out, weight, input);
    });
  });
}

void check(Conv conv) {
  Array input(join(conv.n, conv.c, conv.input)), output(join(conv.n, conv.k, conv.output));
  Array weight(join(conv.k, conv.c / conv.groups, conv.kernel)), bias({conv.k});
  Array outputGrad(output.dims);
  outputGrad.strides = output.strides;
  conv.inputStrides = input.strides;
  conv.weightStrides = weight.strides;
  conv.outputStrides = output.strides;
  bool hasBias = (conv.flags & DSC_CONV_BIAS) != 0;

  std::vector<double> y(output.host.size()), dx(input.host.size()), dw(weight.host.size());
  forEach(output.dims,
          [&](const Sizes &at) { y[output.placeOf(at)] = hasBias ? bias[{at[1]}] : 0; });
  forEachProduct(conv, [&](const Sizes &out, const Sizes &w, const Sizes &in) {
    y[output.placeOf(out)] += double(input[in]) * weight[w];
    dx[input.placeOf(in)] += double(outputGrad[out]) * weight[w];
    dw[weight.placeOf(w)] += double(outputGrad[out]) * input[in];
  });
  if (conv.n % 2 == 0) { // every other shape
    conv.flags |= DSC_CONV_RELU;
    for (double &value : y)
      value = std::max(value, 0.0);
  }

  void *none[2] = {};
  Step step(none);
  if (hasBias)
    plainConv(step, conv, {input.buffer(), weight.buffer(), bias.buffer(), output.buffer()});
  else
    plainConv(step, conv, {input.buffer(), weight.buffer(), output.buffer()});
  compare("output", output, y);
  Conv gradient = conv;
  gradient.flags = 0;
  Array inputGrad(input.dims), weightGrad(weight.dims);
  plainConvInputGrad(step, gradient, {outputGrad.buffer(), weight.buffer(), inputGrad.buffer()});
  plainConvWeightGrad(step, gradient, {input.buffer(), outputGrad.buffer(), weightGrad.buffer()});
  // Gradients lie as what they are of.
  compare("input gradient", inputGrad, dx);
  compare("weight gradient", weightGrad, dw);
}

} // namespace

int main(int, char **argv) {
  int shapes = atoi(argv[1]);
  for (int i = 0; i < shapes; ++i)
    check(drawConv());
  printf("%d shapes, %d tensors\n", shapes, comparisons);
  cudaStreamDestroy(stepStream());
}
