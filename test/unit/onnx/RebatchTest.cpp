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

INSTANTIATE_TEST_SUITE_P(
    Shapes, Rebatch,
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
        // Time first, as torch's attention has it: merged behind it, and split off.
        Case{{6, 4, 4, 4}, {6, 7, 4, 4}, {24, 16}, 4, {42, 16}},
        Case{{24, 16}, {42, 16}, {6, 4, 16}, 4, {6, 7, 16}},
        // The batch is not the first dimension.
        Case{{64, 2, 128}, {64, 8, 128}, {64, 2, 4, 32}, 2, {64, 8, 4, 32}}));

TEST(RebatchShape, ExpandFollowsItsInput) {
  using dsc::onnx::rebatchExpand;
  EXPECT_EQ(rebatchExpand({4, 1}, {7, 1}, {4, 8}), (Shape{7, 8}));
  EXPECT_EQ(rebatchExpand({4, 1, 4}, {7, 1, 4}, {2, 4, 5, 4}), (Shape{2, 7, 5, 4}));
  // Nothing says that this 4 is the batch.
  EXPECT_EQ(rebatchExpand({1, 3}, {1, 3}, {4, 3}), (Shape{4, 3}));
}

TEST(RebatchShape, SaysNoWhereThereIsNoPlace) {
  // The batch of 4 is not where it should be, and nothing else has its size.
  EXPECT_FALSE(rebatchReshape({3, 16}, {3, 28}, {3, 2, 8}, 4).has_value());
  // Two dimensions changed.
  EXPECT_FALSE(rebatchReshape({2, 2}, {8, 8}, {4}, 2).has_value());
}

/// A class token: repeated once per row, where it is not the batch itself.
TEST(RebatchShape, RepetitionForEveryRow) {
  using dsc::onnx::rebatchRepetition;
  EXPECT_EQ(rebatchRepetition({1, 1, 16}, {4, 1, 16}, 4, 8), (Shape{8, 1, 16}));
  EXPECT_EQ(rebatchRepetition({16}, {4, 16}, 4, 8), (Shape{8, 16}));
  EXPECT_EQ(rebatchRepetition({4, 1}, {4, 3}, 4, 8), (Shape{4, 3}));
  EXPECT_EQ(rebatchRepetition({1, 16}, {2, 16}, 4, 8), (Shape{2, 16}));
}

} // namespace
