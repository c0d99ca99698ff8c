//===- MoveTest.cpp - dscCpuCopy, dscCpuFill ------------------------------===//
#include "Support.h"

using namespace dsc::test;

namespace {

template <typename T> void checkCopy(Random &random, const Dims &dims, const Dims &inStrides) {
  Tensor<T> in(dims, inStrides), out(dims, someStrides(random, dims));
  int64_t next = 0;
  in.fill([&] { return static_cast<T>(++next); });
  DSC_CALL(dscCpuCopy)
      .ints({sizeof(T), static_cast<int64_t>(dims.size())})
      .ints(dims)
      .ints(in.strides)
      .ints(out.strides)
      .ints({0, 0})
      .in(in)
      .out(out)
      .run();
  forEach(dims, [&](const Dims &at) { ASSERT_EQ(out.at(at), in.at(at)); });
}

TEST(Copy, RandomStrides) {
  Random random(1);
  for (int round = 0; round < 60; ++round) {
    Dims dims(pick(random, 0, 5));
    for (int64_t &dim : dims)
      dim = pick(random, 1, 9);
    checkCopy<uint8_t>(random, dims, someStrides(random, dims));
    checkCopy<uint16_t>(random, dims, someStrides(random, dims));
    checkCopy<uint32_t>(random, dims, someStrides(random, dims));
    checkCopy<uint64_t>(random, dims, someStrides(random, dims));
  }
}

TEST(Copy, TransposesLargerThanATile) {
  Random random(2);
  checkCopy<uint32_t>(random, {3, 70, 131}, {70 * 131, 1, 70});
  checkCopy<uint8_t>(random, {257, 65}, {1, 257});
  checkCopy<uint64_t>(random, {40, 5, 33}, {1, 40 * 33, 40});
}

TEST(Copy, LargeContiguousIsSplit) {
  Random random(3);
  checkCopy<uint32_t>(random, {300, 1000}, {1000, 1});
}

TEST(Copy, Broadcast) {
  Random random(4);
  checkCopy<uint32_t>(random, {7, 5, 6}, {0, 1, 0});
  checkCopy<uint32_t>(random, {3, 4}, {0, 0});
}

TEST(Copy, ReversedWithOffset) {
  Tensor<uint32_t> in({5}), out({5});
  uint32_t next = 0;
  in.fill([&] { return next++; });
  DSC_CALL(dscCpuCopy).ints({4, 1, 5, -1, 1, 4, 0}).in(in).out(out).run();
  EXPECT_EQ(out.data, (std::vector<uint32_t>{4, 3, 2, 1, 0}));
}

TEST(Copy, NothingToDo) {
  Tensor<uint32_t> in({4}), out({4});
  DSC_CALL(dscCpuCopy).ints({4, 2, 0, 4, 4, 1, 4, 1, 0, 0}).in(in).out(out).run();
  uint32_t sentinel;
  std::memset(&sentinel, untouched, sizeof(sentinel));
  EXPECT_EQ(out.data, std::vector<uint32_t>(4, sentinel));
}

TEST(Copy, MalformedTable) {
  Tensor<uint32_t> in({4}), out({4});
  EXPECT_EQ(DSC_CALL(dscCpuCopy).ints({4, 1, 4, 1}).in(in).out(out).runOnce(1), 1);
  EXPECT_NE(lastError.find("expected at least"), std::string::npos) << lastError;
  EXPECT_EQ(DSC_CALL(dscCpuCopy).ints({4, 1, 4, 1, 1, 0, 0, 9}).in(in).out(out).runOnce(1), 1);
  EXPECT_NE(lastError.find("expected 7 ints, got 8"), std::string::npos) << lastError;
  EXPECT_EQ(DSC_CALL(dscCpuCopy).ints({3, 1, 4, 1, 1, 0, 0}).in(in).out(out).runOnce(1), 1);
  EXPECT_NE(lastError.find("1, 2, 4 or 8 bytes"), std::string::npos) << lastError;
}

TEST(Fill, RandomStrides) {
  Random random(5);
  for (int round = 0; round < 40; ++round) {
    Dims dims(pick(random, 0, 4));
    for (int64_t &dim : dims)
      dim = pick(random, 1, 12);
    Tensor<float> out(dims, someStrides(random, dims));
    DSC_CALL(dscCpuFill)
        .ints({4, static_cast<int64_t>(dims.size())})
        .ints(dims)
        .ints(out.strides)
        .ints({0, 0x3fc00000})
        .out(out)
        .run();
    expectNear(out, [](const Dims &) { return 1.5; }, 0);
  }
}

TEST(Fill, NegativeWideInteger) {
  Tensor<int64_t> out({9});
  DSC_CALL(dscCpuFill).ints({8, 1, 8, 1, 1, -100}).out(out).runOnce(2);
  EXPECT_EQ(out.data[8], -100);
  EXPECT_EQ(out.data[1], -100);
  EXPECT_NE(out.data[0], -100);
}

TEST(FillAll, EachItsSize) {
  Tensor<int16_t> first({5}), none({1}), last({20001});
  DSC_CALL(dscCpuFillAll).ints({2, -7, 3, 4, 0, 20000}).out(first).out(none).out(last).runOnce(2);
  EXPECT_EQ(first.data[3], -7);
  EXPECT_NE(first.data[4], -7);
  EXPECT_NE(none.data[0], -7);
  EXPECT_EQ(last.data[19999], -7);
  EXPECT_NE(last.data[20000], -7);
  EXPECT_EQ(DSC_CALL(dscCpuFillAll).ints({2, 0, 2, 4}).out(first).out(none).runOnce(1), 1);
}

} // namespace
