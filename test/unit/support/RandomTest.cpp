//===- RandomTest.cpp - Philox and initial values -------------------------===//

#include "dsc/Support/Philox.h"
#include "dsc/Support/RandomInit.h"

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

using namespace dsc;

// The known-answer vectors that the authors publish with Random123.
TEST(Philox, KnownAnswers) {
  using Words = std::array<uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

namespace {
struct Moments {
  double mean = 0, variance = 0, fourth = 0;
};
} // namespace

static Moments momentsOf(const std::vector<double> &values) {
  Moments moments;
  auto count = static_cast<double>(values.size());
  for (double value : values) {
    moments.mean += value / count;
  }
  for (double value : values) {
    moments.variance += std::pow(value - moments.mean, 2) / count;
    moments.fourth += std::pow(value - moments.mean, 4) / count;
  }
  return moments;
}

TEST(RandomInit, NormalHasItsMoments) {
  std::vector<double> values(1 << 18);
  fillNormal(7, 3.0, 0.5, 0, values);
  Moments moments = momentsOf(values);
  EXPECT_NEAR(moments.mean, 3.0, 0.005);
  EXPECT_NEAR(moments.variance, 0.25, 0.004);
  EXPECT_NEAR(moments.fourth / (0.25 * 0.25), 3.0, 0.1);
}

TEST(RandomInit, UniformHasItsMomentsAndBounds) {
  std::vector<double> values(1 << 18);
  fillUniform(7, -1.0, 2.0, 0, values);
  Moments moments = momentsOf(values);
  EXPECT_NEAR(moments.mean, 0.5, 0.01);
  EXPECT_NEAR(moments.variance, 9.0 / 12.0, 0.01);
  for (double value : values) {
    ASSERT_GE(value, -1.0);
    ASSERT_LT(value, 2.0);
  }
}

TEST(RandomInit, ChunksEqualTheWhole) {
  std::vector<double> whole(101), parts(101);
  fillNormal(11, 0.0, 1.0, 0, whole);
  llvm::MutableArrayRef<double> view(parts);
  fillNormal(11, 0.0, 1.0, 0, view.take_front(33));
  fillNormal(11, 0.0, 1.0, 33, view.drop_front(33));
  EXPECT_EQ(whole, parts);
}

TEST(RandomInit, SeedsDiffer) {
  std::vector<double> a(16), b(16), c(16);
  fillNormal(1, 0.0, 1.0, 0, a);
  fillNormal(2, 0.0, 1.0, 0, b);
  fillNormal(uint64_t{1} << 32 | 1, 0.0, 1.0, 0, c);
  EXPECT_NE(a, b);
  EXPECT_NE(a, c);
}
