//===- ConvTest.cpp - dscCpuConv and its gradients ------------------------===//
#include "Support.h"

#include <cmath>

using namespace dsc::test;

namespace {

struct ConvCase {
  int64_t batch, inputs, outputs, groups;
  Dims input, kernel, strides, dilations, low, high;

  Dims output() const {
    Dims dims;
    for (size_t i = 0; i < input.size(); ++i)
      dims.push_back(
          (input[i] + low[i] + high[i] - dilations[i] * (kernel[i] - 1) - 1) / strides[i] + 1);
    return dims;
  }
  static Dims with(int64_t a, int64_t b, const Dims &spatial) {
    Dims dims{a, b};
    dims.insert(dims.end(), spatial.begin(), spatial.end());
    return dims;
  }
  Dims inputDims() const { return with(batch, inputs, input); }
  Dims weightDims() const { return with(outputs, inputs / groups, kernel); }
  Dims outputDims() const { return with(batch, outputs, output()); }

  Call &describe(Call &call, const Dims &in, const Dims &weight, const Dims &out,
                 int64_t flags) const {
    return call.ints({static_cast<int64_t>(input.size()), batch, inputs, outputs, groups})
        .ints(input)
        .ints(kernel)
        .ints(strides)
        .ints(dilations)
        .ints(low)
        .ints(high)
        .ints(output())
        .ints(in)
        .ints(weight)
        .ints(out)
        .ints({flags});
  }

  /// Calls body(input, weight, output) for every product of the convolution.
  void products(const std::function<void(const Dims &, const Dims &, const Dims &)> &body) const {
    forEach(outputDims(), [&](const Dims &out) {
      forEach(with(1, inputs / groups, kernel), [&](const Dims &tap) {
        Dims in{out[0], out[1] / (outputs / groups) * (inputs / groups) + tap[1]};
        for (size_t i = 0; i < input.size(); ++i) {
          in.push_back(out[2 + i] * strides[i] - low[i] + tap[2 + i] * dilations[i]);
          if (in.back() < 0 || in.back() >= input[i])
            return;
        }
        Dims weight = tap;
        weight[0] = out[1];
        body(in, weight, out);
      });
    });
  }
};

double reference(const Tensor<double> &tensor, const Dims &at) { return tensor.at(at); }

Tensor<double> zeros(const Dims &dims) {
  return std::move(Tensor<double>(dims).fill([] { return 0.0; }));
}

/// Strides for a tensor of the case: row-major, channels-last or anything.
using Layout = std::function<Dims(const Dims &)>;

void checkForward(Random &random, const ConvCase &c, const Layout &layout, int64_t flags) {
  auto input = randomTensor(random, c.inputDims(), layout(c.inputDims()));
  auto weight = randomTensor(random, c.weightDims());
  auto bias = randomTensor(random, {c.outputs}, {1});
  Tensor<float> output(c.outputDims(), layout(c.outputDims()));
  Tensor<double> want(c.outputDims());
  forEach(want.dims,
          [&](const Dims &at) { want.at(at) = (flags & DSC_CONV_BIAS) ? bias.at({at[1]}) : 0.0f; });
  c.products([&](const Dims &in, const Dims &w, const Dims &out) {
    want.at(out) += static_cast<double>(input.at(in)) * weight.at(w);
  });
  Call call = DSC_CALL(dscCpuConv);
  c.describe(call, input.strides, weight.strides, output.strides, flags).in(input).in(weight);
  if (flags & DSC_CONV_BIAS)
    call.in(bias);
  call.out(output).run(/*sameBits=*/false);
  bool relu = flags & DSC_CONV_RELU;
  expectNear(
      output, [&](const Dims &at) { return relu ? std::max(0.0, want.at(at)) : want.at(at); },
      1e-4);
}

void checkInputGrad(Random &random, const ConvCase &c, const Layout &layout) {
  auto outputGrad = randomTensor(random, c.outputDims(), layout(c.outputDims()));
  auto weight = randomTensor(random, c.weightDims());
  Tensor<float> inputGrad(c.inputDims(), layout(c.inputDims()));
  auto want = zeros(c.inputDims());
  c.products([&](const Dims &in, const Dims &w, const Dims &out) {
    want.at(in) += static_cast<double>(outputGrad.at(out)) * weight.at(w);
  });
  Call call = DSC_CALL(dscCpuConvInputGrad);
  c.describe(call, inputGrad.strides, weight.strides, outputGrad.strides, 0)
      .in(outputGrad)
      .in(weight)
      .out(inputGrad)
      .run(/*sameBits=*/false);
  expectNear(inputGrad, [&](const Dims &at) { return reference(want, at); }, 1e-4);
}

void checkWeightGrad(Random &random, const ConvCase &c, const Layout &layout) {
  int64_t flags = chance(random) ? DSC_CONV_LIBRARY : 0;
  auto input = randomTensor(random, c.inputDims(), layout(c.inputDims()));
  auto outputGrad = randomTensor(random, c.outputDims(), layout(c.outputDims()));
  Tensor<float> weightGrad(c.weightDims(), someStrides(random, c.weightDims()));
  auto want = zeros(c.weightDims());
  c.products([&](const Dims &in, const Dims &w, const Dims &out) {
    want.at(w) += static_cast<double>(input.at(in)) * outputGrad.at(out);
  });
  Call call = DSC_CALL(dscCpuConvWeightGrad);
  c.describe(call, input.strides, weightGrad.strides, outputGrad.strides, flags)
      .in(input)
      .in(outputGrad)
      .out(weightGrad)
      .run(/*sameBits=*/false);
  expectNear(weightGrad, [&](const Dims &at) { return reference(want, at); }, 2e-4);
}

void checkAll(Random &random, const ConvCase &c, const Layout &layout) {
  checkForward(random, c, layout, pick(random, 0, 3));
  checkInputGrad(random, c, layout);
  checkWeightGrad(random, c, layout);
}

ConvCase randomConv(Random &random) {
  static const int64_t groupCounts[] = {1, 1, 1, 2, 3};
  ConvCase c;
  c.batch = pick(random, 1, 3);
  c.groups = groupCounts[pick(random, 0, 4)];
  c.inputs = c.groups * pick(random, 1, c.groups > 1 ? 4 : 20);
  c.outputs = c.groups * pick(random, 1, c.groups > 1 ? 4 : 20);
  int64_t rank = pick(random, 1, 3);
  for (int64_t i = 0; i < rank; ++i) {
    int64_t kernel = pick(random, 1, 3), dilation = pick(random, 1, 2);
    c.kernel.push_back(kernel);
    c.dilations.push_back(dilation);
    c.strides.push_back(pick(random, 1, 2));
    c.low.push_back(pick(random, 0, 2));
    c.high.push_back(pick(random, 0, 2));
    c.input.push_back((kernel - 1) * dilation + 1 + pick(random, 0, rank == 3 ? 3 : 7));
  }
  return c;
}

TEST(Conv, RandomShapesAndStrides) {
  Random random(1);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    checkAll(random, randomConv(random),
             [&](const Dims &dims) { return someStrides(random, dims); });
    if (HasFailure())
      return;
  }
}

Dims channelsLast(const Dims &dims) {
  Dims order{dims[0]};
  order.insert(order.end(), dims.begin() + 2, dims.end());
  order.push_back(dims[1]);
  Dims dense = rowMajor(order), strides{dense[0], 1};
  strides.insert(strides.end(), dense.begin() + 1, dense.end() - 1);
  return strides;
}

TEST(Conv, ChannelsLast) {
  Random random(2);
  for (int round = 0; round < 20; ++round)
    checkAll(random, randomConv(random), channelsLast);
}

TEST(Conv, ManyChannelsPointwiseDepthwise) {
  Random random(3);
  checkAll(random, {2, 32, 48, 1, {9, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}, rowMajor);
  checkAll(random, {2, 32, 48, 1, {9, 9}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}}, rowMajor);
  checkAll(random, {2, 32, 48, 1, {9, 9}, {1, 1}, {2, 2}, {1, 1}, {0, 0}, {0, 0}}, rowMajor);
  checkAll(random, {2, 32, 32, 32, {9, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}, rowMajor);
  checkAll(random, {2, 1, 32, 1, {12, 12}, {5, 5}, {2, 2}, {1, 1}, {2, 2}, {1, 1}}, rowMajor);
}

/// Weight gradients as products with patches, and just too many positions for that.
TEST(Conv, FewPositions) {
  Random random(8);
  for (int64_t size = 1; size <= 5; ++size)
    for (int round = 0; round < 4; ++round)
      checkWeightGrad(random, {3, 20, 24, 1, {size, size}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
                      rowMajor);
}

TEST(Conv, PadsBeyondTheKernel) {
  Random random(4);
  checkAll(random, {1, 3, 4, 1, {4, 4}, {2, 2}, {1, 1}, {1, 1}, {4, 3}, {5, 2}}, rowMajor);
  checkAll(random, {1, 16, 16, 1, {5, 4}, {1, 3}, {2, 1}, {1, 2}, {3, 0}, {2, 4}}, rowMajor);
}

class ThinConvLevels : public LevelTest {};
INSTANTIATE_TEST_SUITE_P(Levels, ThinConvLevels, testing::Range(0, levelCount()));

/// Few input channels, rows longer and shorter than vectors.
ConvCase randomThin(Random &random) {
  ConvCase c;
  c.batch = pick(random, 1, 5);
  c.groups = 1;
  c.inputs = pick(random, 1, 3);
  c.outputs = pick(random, 1, 13);
  for (int64_t rank = pick(random, 1, 2); rank > 0; --rank) {
    int64_t kernel = pick(random, 1, 4), dilation = pick(random, 1, 3);
    c.kernel.push_back(kernel);
    c.dilations.push_back(dilation);
    c.strides.push_back(pick(random, 1, 3));
    c.low.push_back(pick(random, 0, 3));
    c.high.push_back(pick(random, 0, 3));
    c.input.push_back((kernel - 1) * dilation + 1 + pick(random, 0, rank == 1 ? 80 : 5));
  }
  return c;
}

TEST_P(ThinConvLevels, RandomShapes) {
  Random random(7);
  for (int round = 0; round < 100; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    ConvCase c = randomThin(random);
    checkForward(random, c, rowMajor, pick(random, 0, 7)); // bias, relu, by the library
    checkWeightGrad(random, c, rowMajor);
    if (HasFailure())
      return;
  }
}

TEST(Conv, BroadcastOutputGradient) {
  Random random(5);
  ConvCase c{2, 4, 16, 1, {6, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
  checkInputGrad(random, c, [&](const Dims &dims) {
    return dims == c.outputDims() ? Dims{16, 1, 0, 0} : rowMajor(dims);
  });
}

TEST(Conv, EmptyBatch) {
  Random random(6);
  checkAll(random, {0, 3, 4, 1, {5}, {2}, {1}, {1}, {0}, {0}}, rowMajor);
}

TEST(Conv, RefusesAWrongOutputSize) {
  Tensor<float> t({64});
  EXPECT_EQ(DSC_CALL(dscCpuConv)
                .ints({1, 1, 1, 1, 1, 5, 2, 1, 1, 0, 0, 5, 5, 5, 1, 2, 2, 1, 5, 5, 1, 0})
                .in(t)
                .in(t)
                .out(t)
                .runOnce(1),
            1);
  EXPECT_EQ(lastError, "dscCpuConv: expected output dimension 2 to be 4, got 5");
}

} // namespace
