//===- ThinConv.cpp - Convolutions of few input channels ------------------===//
//
// Images are shared out to the threads; kernels/ThinConvKernels.cpp has the loops of
// one image. Each part of the weight gradient has sums of its own, which are added in
// the order of the parts: the same thread count gives the same bits.
//
//===----------------------------------------------------------------------===//
#include "device/cpu/ThinConv.h"

#include "abi/CpuRoutines.h"
#include "device/cpu/Parallel.h"
#include "device/cpu/Scratch.h"
#include "device/cpu/kernels/Kernels.h"

#include <algorithm>

using namespace dsc;
using dnnl::memory;

namespace {

/// The last two of the spatial `values`; one dimension becomes a plane one high.
void fillPlane(const memory::dims &values, size_t first, int64_t fill, int64_t (&to)[2]) {
  to[0] = values.size() - first == 2 ? values[first] : fill;
  to[1] = values.back();
}

ThinConv imageOf(const ConvShape &shape) {
  ThinConv conv{};
  conv.inputs = shape.input.dims[1];
  conv.outputs = shape.output.dims[1];
  fillPlane(shape.input.dims, 2, 1, conv.input);
  fillPlane(shape.weight.dims, 2, 1, conv.kernel);
  fillPlane(shape.strides, 0, 1, conv.strides);
  fillPlane(shape.dilations, 0, 0, conv.dilations);
  conv.dilations[0] += 1; // oneDNN counts from 0
  conv.dilations[1] += 1;
  fillPlane(shape.low, 0, 0, conv.low);
  fillPlane(shape.output.dims, 2, 1, conv.output);
  return conv;
}

/// The images of a call, and the scratch memory of the threads that share them.
class ThinConvolver : public Convolver {
public:
  explicit ThinConvolver(const ConvShape &shape)
      : shape(shape), conv(imageOf(shape)), batch(shape.input.dims[0]),
        inputSize(conv.inputs * conv.input[0] * conv.input[1]),
        outputSize(conv.outputs * conv.output[0] * conv.output[1]) {}

protected:
  int64_t parts() const { return parallelParts(batch, 1); }

  /// Calls body(image, its part) for each image, in parallel.
  template <typename Body> void forEachImage(Body &&body) const {
    int64_t count = parts();
    parallelFor(count, 1, [&](int64_t first, int64_t last) {
      for (int64_t part = first; part < last; ++part)
        for (int64_t n = batch * part / count; n < batch * (part + 1) / count; ++n)
          body(n, part);
    });
  }

  ConvShape shape;
  ThinConv conv;
  int64_t batch, inputSize, outputSize;
};

class ThinForward : public ThinConvolver {
public:
  using ThinConvolver::ThinConvolver;

  int32_t run(void *const *buffers) override {
    const KernelTable &table = kernels();
    int64_t perPart = table.thinConvScratch(conv);
    Scratch scratch;
    size_t place = scratch.reserve(parts() * perPart * sizeof(float));
    if (!scratch.allocate())
      return 1;
    bool hasBias = shape.flags & DSC_CONV_BIAS, relu = shape.flags & DSC_CONV_RELU;
    auto *input = static_cast<const float *>(buffers[0]);
    auto *weight = static_cast<const float *>(buffers[1]);
    auto *bias = hasBias ? static_cast<const float *>(buffers[2]) : nullptr;
    auto *output = static_cast<float *>(buffers[hasBias ? 3 : 2]);
    forEachImage([&](int64_t n, int64_t part) {
      table.thinConv(conv, input + n * inputSize, weight, bias, relu, output + n * outputSize,
                     scratch.floatsAt(place) + part * perPart);
    });
    return 0;
  }
};

class ThinWeightGrad : public ThinConvolver {
public:
  using ThinConvolver::ThinConvolver;

  int32_t run(void *const *buffers) override {
    const KernelTable &table = kernels();
    int64_t perImage = table.thinConvScratch(conv);
    Scratch scratch;
    size_t images = scratch.reserve(parts() * perImage * sizeof(float));
    size_t place = scratch.reserve(parts() * weights() * sizeof(float));
    if (!scratch.allocate())
      return 1;
    auto *input = static_cast<const float *>(buffers[0]);
    auto *outputGrad = static_cast<const float *>(buffers[1]);
    float *sums = scratch.floatsAt(place);
    std::fill(sums, sums + parts() * weights(), 0.0f);
    forEachImage([&](int64_t n, int64_t part) {
      table.thinConvWeightGrad(conv, input + n * inputSize, outputGrad + n * outputSize,
                               sums + part * weights(), scratch.floatsAt(images) + part * perImage);
    });
    addParts(sums);
    writeWeights(sums, static_cast<float *>(buffers[2]));
    return 0;
  }

private:
  int64_t weights() const { return conv.outputs * conv.taps(); }

  void addParts(float *sums) const {
    for (int64_t part = 1; part < parts(); ++part)
      for (int64_t i = 0; i < weights(); ++i)
        sums[i] += sums[part * weights() + i];
  }

  void writeWeights(const float *sums, float *to) const {
    const memory::dims &dims = shape.weight.dims, &strides = shape.weight.strides;
    for (int64_t i = 0; i < weights(); ++i) {
      int64_t rest = i, offset = 0;
      for (size_t d = dims.size(); d-- > 0; rest /= dims[d])
        offset += rest % dims[d] * strides[d];
      to[offset] = sums[i];
    }
  }
};

} // namespace

bool dsc::isThin(const ConvShape &shape, ConvDirection direction) {
  if (direction == ConvDirection::InputGrad || shape.groups > 1 || shape.spatial > 2)
    return false;
  constexpr int64_t leastRow = 8;
  bool forward = direction == ConvDirection::Forward;
  return shape.input.dims[1] <= thinChannels && imageOf(shape).taps() <= maxThinTaps &&
         shape.output.dims.back() >= leastRow && shape.input.dims[0] >= threadCount() &&
         shape.input.isRowMajor() && shape.output.isRowMajor() &&
         (!forward || shape.weight.isRowMajor());
}

Convolver *dsc::makeThinConv(const ConvShape &shape, ConvDirection direction) {
  if (direction == ConvDirection::Forward)
    return new ThinForward(shape);
  return new ThinWeightGrad(shape);
}
