// Runs PlainConv.cu on random shapes and compares with sums written from the definition.
#include "device/cuda/library/PlainConv.h"

#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>

using namespace dsc::cuda;

//===----------------------------------------------------------------------===//
// What CudaDevice.cpp has in a trainer
//===----------------------------------------------------------------------===//

cudaStream_t dsc::cuda::stepStream() {
  static cudaStream_t stream = [] {
    cudaStream_t made;
    cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking);
    return made;
  }();
  return stream;
}
Step::~Step() {}
Step &Step::at(const char *nodes) { return node = nodes, *this; }
bool Step::check(cudaError_t error, const char *) { return !(failed |= error != cudaSuccess); }
void Step::fail(const char *what, const char *) { printf("%s\n", what), failed = true; }
void dscSetError(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
}

namespace {

std::mt19937 engine(7);
int64_t draw(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(engine);
}

/// An array on the device in which dimensions lie in a random order.
struct Array {
  Array(const Sizes &dims) : dims(dims), strides(dims.size()) {
    std::vector<size_t> order(dims.size());
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), engine);
    for (size_t dim : order) {
      strides[dim] = count;
      count *= dims[dim];
    }
    host.resize(size_t(count));
    for (float &value : host)
      value = static_cast<float>(draw(-8, 8)) / 8;
    cudaMalloc(&device, size_t(count) * 4);
    cudaMemcpyAsync(device, host.data(), size_t(count) * 4, cudaMemcpyHostToDevice, stepStream());
  }
  ~Array() { cudaFree(device); }

  Buffer buffer() const { return Tensor<float>{static_cast<float *>(device), count}; }
  float &at(int64_t i, int64_t j, const Sizes &rest) {
    int64_t place = i * strides[0] + (strides.size() > 1 ? j * strides[1] : 0);
    for (size_t dim = 0; dim < rest.size(); ++dim)
      place += rest[dim] * strides[dim + 2];
    return host[size_t(place)];
  }
  std::vector<float> read() const {
    std::vector<float> values(host.size());
    cudaMemcpyAsync(values.data(), device, values.size() * 4, cudaMemcpyDeviceToHost, stepStream());
    cudaStreamSynchronize(stepStream());
    return values;
  }

  Sizes dims, strides;
  int64_t count = 1;
  std::vector<float> host;
  void *device = nullptr;
};

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

/// Calls `body` for every index below `sizes`.
template <typename Body> void forEach(const Sizes &sizes, Body body) {
  Sizes at(sizes.size(), 0);
  while (true) {
    body(at);
    size_t dim = sizes.size();
    while (dim > 0 && ++at[dim - 1] == sizes[dim - 1])
      at[--dim] = 0;
    if (dim == 0)
      return;
  }
}

/// Calls `body` for every product of the convolution: sample, output channel, position, and
/// channel within the group, tap, channel, input position.
template <typename Body> void forEachProduct(const Conv &conv, Body body) {
  int64_t perGroup = conv.c / conv.groups;
  forEach(join(conv.n, conv.k, conv.output), [&](const Sizes &out) {
    Sizes position(out.begin() + 2, out.end());
    forEach(join(1, perGroup, conv.kernel), [&](const Sizes &in) {
      Sizes tap(in.begin() + 2, in.end()), from;
      for (size_t dim = 0; dim < tap.size(); ++dim)
        from.push_back(position[dim] * conv.strides[dim] - conv.lowPads[dim] +
                       tap[dim] * conv.dilations[dim]);
      for (size_t dim = 0; dim < from.size(); ++dim)
        if (from[dim] < 0 || from[dim] >= conv.input[dim])
          return;
      int64_t channel = out[1] / (conv.k / conv.groups) * perGroup + in[1];
      body(out[0], out[1], position, in[1], tap, channel, from);
    });
  });
}

int tensors = 0;

/// The sums `expected` lie where the array's elements do.
void compare(const char *what, const Array &array, const std::vector<double> &expected) {
  std::vector<float> found = array.read();
  for (size_t i = 0; i < found.size(); ++i)
    if (!(std::abs(found[i] - expected[i]) <= 1e-5 * (1 + std::abs(expected[i])))) {
      printf("%s: element %zu is %g, expected %g\n", what, i, double(found[i]), expected[i]);
      exit(1);
    }
  ++tensors;
}

void check(Conv conv) {
  Array input(join(conv.n, conv.c, conv.input)), output(join(conv.n, conv.k, conv.output));
  Array weight(join(conv.k, conv.c / conv.groups, conv.kernel)), bias({conv.k});
  Array inputGrad(input), weightGrad(weight), outputGrad(output);
  auto newMemory = [](Array &array) { // a copy shares the device's memory
    cudaMalloc(&array.device, size_t(array.count) * 4);
    cudaMemcpyAsync(array.device, array.host.data(), size_t(array.count) * 4,
                    cudaMemcpyHostToDevice, stepStream());
  };
  for (Array *array : {&inputGrad, &weightGrad, &outputGrad})
    newMemory(*array);
  Array biasGrad({conv.k});
  conv.inputStrides = input.strides;
  conv.weightStrides = weight.strides;
  conv.outputStrides = output.strides;
  bool hasBias = (conv.flags & DSC_CONV_BIAS) != 0;

  std::vector<double> y(output.host.size()), dx(input.host.size()), dw(weight.host.size());
  std::vector<double> db(size_t(conv.k));
  forEach(join(conv.n, conv.k, conv.output), [&](const Sizes &at) {
    Sizes position(at.begin() + 2, at.end());
    float &place = output.at(at[0], at[1], position);
    y[size_t(&place - output.host.data())] = hasBias ? bias.host[size_t(at[1])] : 0;
    db[size_t(at[1])] += outputGrad.at(at[0], at[1], position);
  });
  forEachProduct(conv, [&](int64_t n, int64_t k, const Sizes &position, int64_t c, const Sizes &tap,
                           int64_t channel, const Sizes &from) {
    float &out = output.at(n, k, position), &in = input.at(n, channel, from);
    float &w = weight.at(k, c, tap), &grad = outputGrad.at(n, k, position);
    y[size_t(&out - output.host.data())] += double(in) * w;
    dx[size_t(&in - input.host.data())] += double(grad) * w;
    dw[size_t(&w - weight.host.data())] += double(grad) * in;
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
  plainConvInputGrad(step, conv, {outputGrad.buffer(), weight.buffer(), inputGrad.buffer()});
  conv.flags |= DSC_CONV_BIAS;
  plainConvWeightGrad(
      step, conv, {input.buffer(), outputGrad.buffer(), weightGrad.buffer(), biasGrad.buffer()});
  compare("output", output, y);
  compare("input gradient", inputGrad, dx);
  compare("weight gradient", weightGrad, dw);
  compare("bias gradient", biasGrad, db);
}

} // namespace

int main(int, char **argv) {
  int shapes = atoi(argv[1]);
  for (int i = 0; i < shapes; ++i)
    check(drawConv());
  printf("%d shapes, %d tensors\n", shapes, tensors);
  cudaStreamDestroy(stepStream());
}
