//===- RebatchTest.cpp - Where a reshape holds the batch ------------------===//

#include "lib/Frontend/ONNX/Rebatch.h"

#include <gtest/gtest.h>

using dsc::onnx::rebatchReshape;
using dsc::onnx::Shape;

namespace {

struct Case {
  Shape before, now, target;
  int64_t oldBatch;
  Shape expected;
};

class Rebatch : public testing::TestWithParam<Case> {};

TEST_P(Rebatch, FindsTheDimension) {
  const Case &c = GetParam();
  auto shape = rebatchReshape(c.before, c.now, c.target, c.oldBatch);
  ASSERT_TRUE(shape.has_value());
  EXPECT_EQ(*shape, c.expected);
  EXPECT_EQ(dsc::onnx::productOf(*shape), dsc::onnx::productOf(c.now));
}

INSTANTIATE_TEST_SUITE_P(Shapes, Rebatch,
                         testing::Values(
                             // Heads split and merged.
                             Case{{2, 64, 128}, {8, 64, 128}, {2, 64, 4, 32}, 2, {8, 64, 4, 32}},
                             Case{{2, 4, 64, 64}, {6, 4, 64, 64}, {8, 64, 64}, 2, {24, 64, 64}},
                             // Batch and time flattened, and back.
                             Case{{2, 64, 128}, {3, 64, 128}, {128, 128}, 2, {192, 128}},
                             Case{{128, 128}, {192, 128}, {2, 64, 128}, 2, {3, 64, 128}},
                             // A batch of 1 leaves no trace in sizes.
                             Case{{1, 64, 128}, {8, 64, 128}, {64, 128}, 1, {512, 128}},
                             Case{{64, 128}, {512, 128}, {1, 64, 128}, 1, {8, 64, 128}},
                             Case{{1, 64, 128}, {8, 64, 128}, {1, 1, 64, 128}, 1, {8, 1, 64, 128}},
                             // The batch is not the first dimension.
                             Case{{64, 2, 128}, {64, 8, 128}, {64, 2, 4, 32}, 2, {64, 8, 4, 32}}));

TEST(RebatchShape, SaysNoWhereThereIsNoPlace) {
  // The batch of 4 is not where it should be, and nothing else has its size.
  EXPECT_FALSE(rebatchReshape({3, 16}, {3, 28}, {3, 2, 8}, 4).has_value());
  // Two dimensions changed.
  EXPECT_FALSE(rebatchReshape({2, 2}, {8, 8}, {4}, 2).has_value());
}

} // namespace
