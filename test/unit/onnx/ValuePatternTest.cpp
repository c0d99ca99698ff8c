//===- ValuePatternTest.cpp - Tables told from weights by values ----------===//

#include "lib/Frontend/ONNX/ValuePattern.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>

using namespace dsc::onnx;

namespace {

constexpr TensorUse kWeight{true, false, false}, kLookedUp{true, true, false},
    kBias{false, false, true};

/// A tensor whose element i is f(i), in a type of the test's choice.
class Sample {
public:
  Sample(std::vector<int64_t> dims, const std::function<double(int64_t)> &f,
         DataType type = DataType::Float) {
    tensor.dims = std::move(dims);
    tensor.type = type;
    tensor.numElements = 1;
    for (int64_t size : tensor.dims)
      tensor.numElements *= size;
    for (int64_t i = 0; i < tensor.numElements; ++i)
      append(static_cast<float>(f(i)));
    tensor.data = bytes;
  }

  std::string pattern(TensorUse use = {}) const { return tablePattern(tensor, use); }

private:
  void append(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    if (tensor.type == DataType::BFloat16) {
      uint16_t narrow = static_cast<uint16_t>((bits + 0x8000) >> 16);
      bytes.append(reinterpret_cast<const char *>(&narrow), sizeof(narrow));
      return;
    }
    bytes.append(reinterpret_cast<const char *>(&bits), sizeof(bits));
  }

  Tensor tensor;
  std::string bytes;
};

double causal(int64_t i, double above) { return i % 6 > i / 6 ? above : 0.0; }

TEST(ValuePattern, MasksHoldInfinitiesOrTwoValues) {
  double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Sample({6, 6}, [&](int64_t i) { return causal(i, -infinity); }).pattern(kWeight),
            "a mask: it holds infinities");
  EXPECT_EQ(Sample({6, 6}, [](int64_t i) { return causal(i, -1e9); }).pattern(kWeight),
            "a mask: it has two values, 0 and -1e+09");
  EXPECT_EQ(Sample({1, 1, 6, 6}, [](int64_t i) { return causal(i, 1); }).pattern(),
            "a mask: it has two values, 0 and 1");
  EXPECT_EQ(Sample({16}, [](int64_t i) { return i % 3 == 0; }).pattern(),
            "a mask: it has two values, 1 and 0");
}

TEST(ValuePattern, WeightsMayStartWithTwoValues) {
  EXPECT_EQ(Sample({6, 6}, [](int64_t i) { return i % 7 == 0; }).pattern(kWeight), "");
  EXPECT_EQ(Sample({16}, [](int64_t i) { return i >= 4 && i < 8; }).pattern(kBias), "");
  EXPECT_EQ(Sample({2, 4}, [](int64_t i) { return i % 2; }).pattern(), "");
  EXPECT_NE(Sample({6, 6}, [](int64_t i) { return causal(i, 1); }).pattern(kLookedUp), "");
}

TEST(ValuePattern, ANotANumberDoesNotMakeAMask) {
  auto broken = [](int64_t i) { return i == 5 ? std::nan("") : i % 2; };
  EXPECT_EQ(Sample({6, 6}, broken).pattern(), "");
}

TEST(ValuePattern, EqualElementsAreAWeight) {
  EXPECT_EQ(Sample({8, 8}, [](int64_t) { return 1; }).pattern(), "");
  EXPECT_EQ(Sample({64}, [](int64_t) { return 0; }).pattern(), "");
}

double sinusoid(int64_t i, int64_t width) {
  float rate = std::pow(10000.0F, -static_cast<float>(i % width / 2 * 2) / width);
  float angle = static_cast<float>(i / width) * rate; // in f32, as the tables are made
  return i % 2 ? std::cos(angle) : std::sin(angle);
}

TEST(ValuePattern, PositionTablesAreWaves) {
  Sample table({512, 64}, [](int64_t i) { return sinusoid(i, 64); });
  EXPECT_EQ(table.pattern(), "a table: a sampled wave");
  EXPECT_EQ(table.pattern(kLookedUp), "a table: a sampled wave");
  Sample wide({1, 4096, 8}, [](int64_t i) { return sinusoid(i, 8); });
  EXPECT_EQ(wide.pattern(), "a table: a sampled wave");
  Sample narrow({128, 32}, [](int64_t i) { return sinusoid(i, 32); }, DataType::BFloat16);
  EXPECT_EQ(narrow.pattern(), "a table: a sampled wave");
}

TEST(ValuePattern, OneFrequencyIsNoProofAgainstAWeight) {
  Sample made({8, 16}, [](int64_t i) { return std::sin(static_cast<double>(i)); });
  EXPECT_EQ(made.pattern(), "a table: a sampled wave");
  EXPECT_EQ(made.pattern(kWeight), "");
}

TEST(ValuePattern, FrequenciesAreGeometric) {
  Sample rates({16}, [](int64_t i) { return std::pow(10000.0, -i / 16.0); });
  EXPECT_EQ(rates.pattern(kWeight), "a table: a geometric sequence");
  Sample slopes({8, 1, 1}, [](int64_t i) { return std::pow(0.5, i + 1); });
  EXPECT_EQ(slopes.pattern(), "a table: a geometric sequence");
}

TEST(ValuePattern, CoordinatesAreRamps) {
  Sample ramp({1, 9}, [](int64_t i) { return -1 + 0.25 * static_cast<double>(i); });
  EXPECT_EQ(ramp.pattern(), "a table: a ramp");
  EXPECT_EQ(ramp.pattern(kWeight), "");
  EXPECT_EQ(ramp.pattern(kBias), "");
}

TEST(ValuePattern, RelativePositionsDependOnADifference) {
  Sample distances({2, 6, 6}, [](int64_t i) {
    return -std::pow(0.5, i / 36 + 1) * static_cast<double>(std::abs(i / 6 % 6 - i % 6));
  });
  EXPECT_EQ(distances.pattern(), "a table: it depends on the difference of two indices");
  EXPECT_EQ(distances.pattern(kWeight), "");
}

TEST(ValuePattern, RandomWeightsAreNoTables) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  for (DataType type : {DataType::Float, DataType::BFloat16})
    for (double center : {0.0, 1.0})
      for (double spread : {1.0, 0.02, 1e-4, 1e-6})
        for (const std::vector<int64_t> &dims : std::vector<std::vector<int64_t>>{
                 {5}, {16}, {768}, {5, 1}, {7, 7}, {64, 5}, {3, 2, 5, 5}, {1, 8, 16}})
          for (int i = 0; i < 20; ++i) {
            Sample sample(dims, [&](int64_t) { return center + spread * normal(random); }, type);
            EXPECT_EQ(sample.pattern(), "") << dims.size() << " " << center << " " << spread;
          }
}

} // namespace
