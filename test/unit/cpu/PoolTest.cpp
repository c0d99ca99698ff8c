//===- PoolTest.cpp - dscCpuMaxPool, dscCpuAvgPool, dscCpuAvgPoolGrad -----===//
#include "Support.h"

#include <cmath>
#include <limits>

using namespace dsc::test;

namespace {

struct PoolCase {
  Dims input, kernel, strides, dilations, low, high, output;
  int64_t batch, channels;

  Dims inputDims() const { return with(input); }
  Dims outputDims() const { return with(output); }
  Call &describe(Call &call, const Dims &inStrides, const Dims &outStrides, int64_t flags) const {
    return call.ints({static_cast<int64_t>(input.size()), batch, channels})
        .ints(input)
        .ints(kernel)
        .ints(strides)
        .ints(dilations)
        .ints(low)
        .ints(high)
        .ints(output)
        .ints(inStrides)
        .ints(outStrides)
        .ints({flags});
  }

  /// Calls body(input position or empty, counts with pads) for each kernel position of the window.
  void window(const Dims &at, const std::function<void(const Dims &, bool)> &body) const {
    forEach(kernel, [&](const Dims &tap) {
      Dims position{at[0], at[1]};
      bool inside = true, padded = true;
      for (size_t i = 0; i < input.size(); ++i) {
        int64_t x = at[2 + i] * strides[i] - low[i] + tap[i] * dilations[i];
        inside &= x >= 0 && x < input[i];
        padded &= x >= -low[i] && x < input[i] + high[i];
        position.push_back(x);
      }
      body(inside ? position : Dims(), padded);
    });
  }

private:
  Dims with(const Dims &spatial) const {
    Dims result{batch, channels};
    result.insert(result.end(), spatial.begin(), spatial.end());
    return result;
  }
};

/// Windows that reach beyond the high pad are included (ceil mode); pads stay below the kernel, so
/// that every window holds an element.
PoolCase randomPool(Random &random) {
  PoolCase c;
  c.batch = pick(random, 1, 3);
  c.channels = pick(random, 1, 4);
  int64_t rank = pick(random, 1, 3);
  for (int64_t i = 0; i < rank; ++i) {
    int64_t kernel = pick(random, 1, 3), dilation = pick(random, 1, 2), stride = pick(random, 1, 3);
    int64_t extent = (kernel - 1) * dilation + 1,
            size = extent + pick(random, 0, rank == 1 ? 90 : 9);
    int64_t low = pick(random, 0, (kernel - 1) / 2), high = pick(random, 0, (kernel - 1) / 2);
    bool ceil = chance(random);
    int64_t reach = size + low + high - extent;
    int64_t output = (reach + (ceil ? stride - 1 : 0)) / stride + 1;
    if ((output - 1) * stride >= size + low) // as PyTorch: no window starts in the high pad
      --output;
    // With dilation the overhanging window may miss the input altogether; leave that out.
    while (output > 1 && (output - 1) * stride - low >= size)
      --output;
    c.input.push_back(size);
    c.kernel.push_back(kernel);
    c.strides.push_back(stride);
    c.dilations.push_back(dilation);
    c.low.push_back(low);
    c.high.push_back(high);
    c.output.push_back(output);
  }
  return c;
}

class PoolLevels : public LevelTest {};

void checkMaxPool(Random &random, const PoolCase &c, bool nan, bool dense = false) {
  Dims in = c.inputDims(), out = c.outputDims();
  auto stridesOf = [&](const Dims &dims) {
    return dense ? Tensor<float>(dims).strides : someStrides(random, dims);
  };
  Tensor<float> input(in, stridesOf(in));
  input.fill([&]() -> float {
    if (nan && pick(random, 0, 9) == 0)
      return std::numeric_limits<float>::quiet_NaN();
    return pick(random, 0, 30) == 0 ? -INFINITY : static_cast<float>(pick(random, -4, 4));
  });
  Tensor<float> output(out, stridesOf(out));
  Tensor<int32_t> index(out, output.strides);
  Call call = DSC_CALL(dscCpuMaxPool);
  c.describe(call, input.strides, output.strides, DSC_POOL_INDEX).in(input).out(output).out(index);
  call.run();
  forEach(out, [&](const Dims &at) {
    float best = -INFINITY;
    int32_t winner = -1;
    c.window(at, [&](const Dims &position, bool) {
      if (position.empty())
        return;
      float value = input.at(position);
      int32_t number = 0;
      for (size_t i = 0; i < c.input.size(); ++i)
        number = static_cast<int32_t>(number * c.input[i] + position[2 + i]);
      if (value > best || std::isnan(value) || winner < 0) {
        best = value;
        winner = number;
      }
    });
    ASSERT_EQ(index.at(at), winner);
    ASSERT_TRUE(output.at(at) == best || (std::isnan(best) && std::isnan(output.at(at))));
  });
}

TEST_P(PoolLevels, Max) {
  Random random(1);
  for (int round = 0; round < 60; ++round)
    checkMaxPool(random, randomPool(random), round % 2);
}

/// What each window divides by.
double countOf(const PoolCase &c, const Dims &at, bool includePad) {
  double count = 0;
  c.window(at, [&](const Dims &position, bool padded) {
    count += includePad ? padded : !position.empty();
  });
  return count;
}

void checkAvgPool(Random &random, const PoolCase &c, bool includePad, bool dense = false) {
  Dims in = c.inputDims(), out = c.outputDims();
  auto stridesOf = [&](const Dims &dims) {
    return dense ? Tensor<float>(dims).strides : someStrides(random, dims);
  };
  int64_t flags = includePad ? DSC_POOL_COUNT_INCLUDE_PAD : 0;
  auto input = randomTensor(random, in, stridesOf(in));
  Tensor<float> output(out, stridesOf(out));
  Call forward = DSC_CALL(dscCpuAvgPool);
  c.describe(forward, input.strides, output.strides, flags).in(input).out(output).run();
  expectNear(
      output,
      [&](const Dims &at) {
        double sum = 0;
        c.window(at, [&](const Dims &position, bool) {
          sum += position.empty() ? 0 : input.at(position);
        });
        return sum / countOf(c, at, includePad);
      },
      1e-5);

  auto outputGrad = randomTensor(random, out, stridesOf(out));
  Tensor<float> inputGrad(in, stridesOf(in));
  Tensor<double> want(in);
  want.fill([] { return 0.0; });
  forEach(out, [&](const Dims &at) {
    c.window(at, [&](const Dims &position, bool) {
      if (!position.empty())
        want.at(position) += outputGrad.at(at) / countOf(c, at, includePad);
    });
  });
  Call backward = DSC_CALL(dscCpuAvgPoolGrad);
  c.describe(backward, inputGrad.strides, outputGrad.strides, flags)
      .in(outputGrad)
      .out(inputGrad)
      .run();
  expectNear(inputGrad, [&](const Dims &at) { return want.at(at); }, 1e-5);
}

TEST_P(PoolLevels, Average) {
  Random random(2);
  for (int round = 0; round < 60; ++round)
    checkAvgPool(random, randomPool(random), round % 2);
}

/// Windows two wide that neither overlap nor leave the input, of any width, with elements left
/// over.
PoolCase pairedPool(Random &random) {
  PoolCase c;
  c.batch = pick(random, 1, 3);
  c.channels = pick(random, 1, 4);
  int64_t rank = pick(random, 1, 3);
  for (int64_t i = 0; i < rank; ++i) {
    bool innermost = i == rank - 1;
    int64_t kernel = innermost ? 2 : pick(random, 1, 3), stride = innermost ? 2 : kernel;
    int64_t output = pick(random, 1, innermost ? 40 : 4);
    c.input.push_back((output - 1) * stride + kernel + pick(random, 0, stride - 1));
    c.kernel.push_back(kernel);
    c.strides.push_back(stride);
    c.output.push_back(output);
  }
  c.dilations = Dims(c.input.size(), 1);
  c.low = c.high = Dims(c.input.size(), 0);
  return c;
}

TEST_P(PoolLevels, PairedWindows) {
  Random random(4);
  for (int round = 0; round < 60; ++round) {
    PoolCase c = pairedPool(random);
    checkMaxPool(random, c, round % 2, /*dense=*/true);
    checkAvgPool(random, c, round % 2, /*dense=*/true);
  }
}

TEST_P(PoolLevels, LargeEnoughForThreads) {
  Random random(3);
  PoolCase c{{28, 28}, {2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}, {14, 14}, 8, 32};
  checkMaxPool(random, c, false);
  checkAvgPool(random, c, false);
}

INSTANTIATE_TEST_SUITE_P(Levels, PoolLevels, testing::Range(0, levelCount()));

TEST(Pool, RefusesAStrideOfZero) {
  Tensor<float> input({1}), output({1});
  PoolCase c{{1}, {1}, {0}, {1}, {0}, {0}, {1}, 1, 1};
  Call call = DSC_CALL(dscCpuMaxPool);
  EXPECT_EQ(c.describe(call, {1, 1, 1}, {1, 1, 1}, 0).in(input).out(output).runOnce(1), 1);
  EXPECT_NE(lastError.find("at least 1"), std::string::npos) << lastError;
}

} // namespace
