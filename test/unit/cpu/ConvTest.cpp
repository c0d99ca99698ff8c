//===- ConvTest.cpp - dscCpuConv and its gradients ------------------------===//
#include "Support.h"

#include <array>
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
  bias.data[0] = NAN; // stays NaN behind a relu, too
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
      output, [&](const Dims &at) { return relu && want.at(at) < 0 ? 0.0 : want.at(at); }, 1e-4);
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

/// Products with patches, and just too many positions for that.
TEST(Conv, FewPositions) {
  Random random(8);
  for (int64_t size = 1; size <= 5; ++size)
    for (int round = 0; round < 4; ++round)
      checkAll(random, {3, 20, 24, 1, {size, size}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
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

/// A row-major tensor [N, C, S...] as it is, or in blocks of channels, and how a call says so.
struct Placed {
  Tensor<float> memory; // in blocks it is [N, C / block, S..., block]
  Dims strides;
  int64_t flag = 0, block = 1;

  Placed(const Tensor<float> &plain, int64_t block, int64_t blockedFlag)
      : memory(plain), strides(plain.strides), block(block) {
    if (block == 1)
      return;
    flag = blockedFlag;
    Dims dims = plain.dims;
    dims[1] /= block;
    dims.push_back(block);
    memory = Tensor<float>(dims);
    forEach(dims, [&](const Dims &at) { memory.at(at) = plain.at(plainPosition(at)); });
    strides[1] = 1;
    for (size_t i = 2; i < strides.size(); ++i)
      strides[i] *= block;
  }

  Dims plainPosition(Dims at) const {
    if (block > 1) {
      at[1] = at[1] * block + at.back();
      at.pop_back();
    }
    return at;
  }
  void expect(const Tensor<float> &plain) const {
    expectNear(memory, [&](const Dims &at) { return plain.at(plainPosition(at)); }, 1e-3);
  }
};

/// The routine on blocks against the same on plain tensors. `written` of input, weight and output
/// is the result.
void checkBlocks(const std::function<Call()> &makeCall, const ConvCase &c,
                 std::array<Tensor<float>, 3> tensors, size_t written, const Dims &blocks) {
  auto &[input, weight, output] = tensors;
  auto run = [&](Placed &in, Placed &out) {
    Placed *places[] = {&in, nullptr, &out};
    Call call = makeCall();
    c.describe(call, in.strides, weight.strides, out.strides, in.flag | out.flag);
    std::vector<size_t> order = written == 0   ? std::vector<size_t>{2, 1, 0}
                                : written == 1 ? std::vector<size_t>{0, 2, 1}
                                               : std::vector<size_t>{0, 1, 2};
    for (size_t i : order) {
      Tensor<float> &tensor = places[i] ? places[i]->memory : weight;
      i == written ? call.out(tensor) : call.in(tensor);
    }
    call.run(/*sameBits=*/false);
  };
  Placed plainIn(input, 1, 0), plainOut(output, 1, 0);
  run(plainIn, plainOut);
  Tensor<float> plainWeight = weight;
  Placed in(input, blocks[0], DSC_CONV_INPUT_BLOCKED);
  Placed out(output, blocks[1], DSC_CONV_OUTPUT_BLOCKED);
  run(in, out);
  in.expect(plainIn.memory);
  out.expect(plainOut.memory);
  expectNear(weight, [&](const Dims &at) { return plainWeight.at(at); }, 1e-3);
}

TEST(Conv, ReadsAndWritesBlocks) {
  Random random(9);
  const std::function<Call()> calls[] = {[] { return DSC_CALL(dscCpuConvInputGrad); },
                                         [] { return DSC_CALL(dscCpuConvWeightGrad); },
                                         [] { return DSC_CALL(dscCpuConv); }};
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    ConvCase c = randomConv(random);
    Dims blocks = {pick(random, 0, 2) * 8, pick(random, 0, 2) * 8};
    c.groups = pick(random, 1, 2);
    c.inputs = c.groups * (blocks[0] ? blocks[0] : 11) * pick(random, 1, 2);
    c.outputs = c.groups * (blocks[1] ? blocks[1] : 9) * pick(random, 1, 2);
    for (int64_t &block : blocks)
      block = std::max<int64_t>(block, 1);
    auto dense = [&](const Dims &dims) { return randomTensor(random, dims, rowMajor(dims)); };
    for (size_t written = 0; written < 3; ++written)
      checkBlocks(calls[written], c,
                  {dense(c.inputDims()), dense(c.weightDims()), dense(c.outputDims())}, written,
                  blocks);
    if (HasFailure())
      return;
  }
}

TEST(Conv, RefusesBlocksThatDoNotDivideTheChannels) {
  Tensor<float> t({1024});
  ConvCase c{1, 12, 8, 1, {4}, {1}, {1}, {1}, {0}, {0}};
  Call call = DSC_CALL(dscCpuConv);
  c.describe(call, {48, 1, 8}, {12, 1, 1}, {32, 4, 1}, DSC_CONV_INPUT_BLOCKED).in(t).in(t).out(t);
  EXPECT_EQ(call.runOnce(1), 1);
  EXPECT_EQ(lastError, "dscCpuConv: expected blocks of 8 or 16 that divide 12 channels, got 8");
}

TEST(Conv, BroadcastOutputGradient) {
  Random random(5);
  ConvCase c{2, 4, 16, 1, {6, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
  checkInputGrad(random, c, [&](const Dims &dims) {
    return dims == c.outputDims() ? Dims{16, 1, 0, 0} : rowMajor(dims);
  });
}

/// The input gradient of no outputs is zero wherever it lies.
TEST(Conv, EmptyOutputOfBlocks) {
  Random random(10);
  ConvCase c{2, 16, 16, 1, {2, 5}, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
  auto dense = [&](const Dims &dims) { return randomTensor(random, dims, rowMajor(dims)); };
  checkBlocks([] { return DSC_CALL(dscCpuConvInputGrad); }, c,
              {dense(c.inputDims()), dense(c.weightDims()), dense(c.outputDims())}, 0, {8, 1});
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
