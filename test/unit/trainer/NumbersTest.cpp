//===- NumbersTest.cpp - Types, conversion, order, schedule, parallel loops -===//
#include "device/cpu/Parallel.h"
#include "trainer/Convert.h"
#include "trainer/Order.h"
#include "trainer/Sample.h"
#include "trainer/Schedule.h"
#include "trainer/Types.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <set>

using namespace dsc;

namespace {

TEST(Types, EveryHalfMatchesTheCompilers) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = halfToFloat(static_cast<uint16_t>(bits));
    _Float16 reference = std::bit_cast<_Float16>(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(static_cast<float>(reference))) << bits;
      continue;
    }
    ASSERT_EQ(value, static_cast<float>(reference)) << bits;
    ASSERT_EQ(floatToHalf(value), bits);
  }
}

TEST(Types, RoundingToHalfMatchesTheCompilers) {
  for (uint64_t i = 0; i < 200000; ++i) {
    float value = std::bit_cast<float>(static_cast<uint32_t>(mixBits(i)));
    if (i % 2) // half of them in the range of halves, subnormal ones included
      value = std::ldexp(static_cast<float>(uniform(1, i)), static_cast<int>(i % 50) - 30);
    uint16_t reference = std::bit_cast<uint16_t>(static_cast<_Float16>(value));
    if (std::isnan(value))
      ASSERT_TRUE(std::isnan(halfToFloat(floatToHalf(value))));
    else
      ASSERT_EQ(floatToHalf(value), reference) << value;
  }
}

TEST(Types, Bfloat16RoundsToNearestEven) {
  auto rounded = [](uint32_t bits) { return floatToBfloat16(std::bit_cast<float>(bits)); };
  EXPECT_EQ(rounded(0x3f808000), 0x3f80); // a tie goes to even
  EXPECT_EQ(rounded(0x3f818000), 0x3f82);
  EXPECT_EQ(rounded(0x3f808001), 0x3f81);
  EXPECT_EQ(rounded(0x7f7fffff), 0x7f80); // overflows to infinity
  EXPECT_TRUE(std::isnan(bfloat16ToFloat(rounded(0x7f800001))));
  EXPECT_EQ(bfloat16ToFloat(0xc049), std::bit_cast<float>(0xc0490000u));
}

TEST(Order, APermutationForEverySize) {
  for (uint64_t size : {1, 2, 3, 4, 5, 7, 64, 1000, 4097}) {
    Permutation permutation(size, mixBits(size));
    std::set<uint64_t> seen;
    for (uint64_t i = 0; i < size; ++i) {
      ASSERT_LT(permutation.at(i), size);
      seen.insert(permutation.at(i));
    }
    EXPECT_EQ(seen.size(), size);
  }
}

TEST(Order, PermutationsSpread) {
  // Where index 0 goes under many keys: a chi-squared test with 9 degrees of freedom.
  int counts[10] = {};
  for (uint64_t key = 0; key < 10000; ++key)
    ++counts[Permutation(10, mixBits(key)).at(0)];
  double chiSquared = 0;
  for (int count : counts)
    chiSquared += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(chiSquared, 33); // exceeded by chance once in 10^4
  // Neighbours do not stay neighbours.
  Permutation permutation(100000, 42);
  int64_t together = 0;
  for (uint64_t i = 0; i + 1 < 100000; ++i)
    together += permutation.at(i + 1) == permutation.at(i) + 1;
  EXPECT_LT(together, 10);
}

TEST(Order, EpochsDifferAndCoverAllSamples) {
  SampleOrder order{100, 100, 7, true};
  std::vector<int64_t> first, second;
  for (int64_t i = 0; i < 100; ++i) {
    first.push_back(order.at(i));
    second.push_back(order.at(100 + i));
  }
  EXPECT_NE(first, second);
  EXPECT_EQ(std::set<int64_t>(first.begin(), first.end()).size(), 100u);
  EXPECT_EQ(std::set<int64_t>(second.begin(), second.end()).size(), 100u);
}

TEST(Order, UnshuffledStartsOverAfterThePeriod) {
  SampleOrder order{10, 8, 7, false};
  EXPECT_EQ(order.at(7), 7);
  EXPECT_EQ(order.at(8), 0);
}

TEST(Order, UniformNumbers) {
  double sum = 0;
  for (uint64_t i = 0; i < 100000; ++i) {
    ASSERT_GE(uniform(3, i), 0);
    ASSERT_LT(uniform(3, i), 1);
    sum += uniform(3, i);
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
}

TEST(Schedule, WarmsUpAndFallsToTheMinimum) {
  Schedule schedule{ScheduleKind::Linear, 1.0, 0.2, 10, 30};
  EXPECT_DOUBLE_EQ(schedule.at(1), 0.1);
  EXPECT_DOUBLE_EQ(schedule.at(10), 1.0);
  EXPECT_DOUBLE_EQ(schedule.at(20), 0.6);
  EXPECT_DOUBLE_EQ(schedule.at(30), 0.2);
  schedule.kind = ScheduleKind::Cosine;
  EXPECT_DOUBLE_EQ(schedule.at(20), 0.6);
  EXPECT_NEAR(schedule.at(15), 0.2 + 0.8 * 0.5 * (1 + std::sqrt(0.5)), 1e-12);
  EXPECT_DOUBLE_EQ(schedule.at(30), 0.2);
  schedule.kind = ScheduleKind::Constant;
  EXPECT_DOUBLE_EQ(schedule.at(30), 1.0);
}

TEST(Schedule, WarmUpLongerThanTheRun) {
  Schedule schedule{ScheduleKind::Cosine, 1.0, 0.0, 100, 10};
  EXPECT_DOUBLE_EQ(schedule.at(10), 0.1);
  schedule.warmup = schedule.total = 10;
  EXPECT_DOUBLE_EQ(schedule.at(10), 1.0);
}

TEST(Parallel, PartsCoverTheExtentOnce) {
  for (int threads : {1, 2, 3, 8}) {
    setThreadCount(threads);
    for (int64_t extent : {0, 1, 2, 7, 100, 1001})
      for (int64_t grain : {1, 10, 2000}) {
        std::vector<std::atomic<int>> hits(static_cast<size_t>(extent));
        std::atomic<int64_t> parts = 0;
        parallelFor(extent, grain, [&](int64_t begin, int64_t end) {
          ++parts;
          for (int64_t i = begin; i < end; ++i)
            ++hits[static_cast<size_t>(i)];
        });
        for (const std::atomic<int> &count : hits)
          ASSERT_EQ(count, 1);
        ASSERT_EQ(parts, extent == 0 ? 0 : parallelParts(extent, grain));
        ASSERT_LE(parallelParts(extent, grain), threads);
      }
  }
}

TEST(Parallel, NestedLoopsRunInline) {
  setThreadCount(2);
  std::atomic<int64_t> sum = 0;
  parallelFor(4, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      parallelFor(100, 1, [&](int64_t low, int64_t high) { sum += high - low; });
  });
  EXPECT_EQ(sum, 400);
}

TEST(Convert, Limits) {
  int64_t values[] = {-128, 127, 128};
  int8_t narrow[3];
  EXPECT_EQ(convertArray(narrow, DSC_I8, values, {'i', 8}, 3, {}), 2);
  EXPECT_EQ(narrow[0], -128);
  uint64_t wide[] = {uint64_t(1) << 62, uint64_t(1) << 63};
  int64_t result[2];
  EXPECT_EQ(convertArray(result, DSC_I64, wide, {'u', 8}, 2, {}), 1);
  bool flags[] = {true, false};
  EXPECT_EQ(convertArray(result, DSC_I64, flags, {'b', 1}, 2, {}), -1);
  EXPECT_EQ(result[0], 1);
  int64_t two = 2;
  uint8_t bit;
  EXPECT_EQ(convertArray(&bit, DSC_I1, &two, {'i', 8}, 1, {}), 0);
}

TEST(Convert, BeyondABlock) {
  std::vector<int32_t> values(1000, 5);
  values[700] = -1;
  std::vector<uint8_t> result(1000);
  EXPECT_EQ(convertArray(result.data(), DSC_U8, values.data(), {'i', 4}, 1000, {}), 700);
  values[700] = 255;
  EXPECT_EQ(convertArray(result.data(), DSC_U8, values.data(), {'i', 4}, 1000, {}), -1);
  EXPECT_EQ(result[700], 255);
  EXPECT_EQ(result[999], 5);
}

TEST(Convert, FindsWhatIsOutside) {
  std::vector<int16_t> values(700, 4);
  EXPECT_EQ(findOutside(values.data(), DSC_I16, 700, 5, {}), std::nullopt);
  values[300] = -100;
  EXPECT_EQ(findOutside(values.data(), DSC_I16, 700, 5, -100), std::nullopt);
  EXPECT_EQ(findOutside(values.data(), DSC_I16, 700, 5, {}),
            (std::pair<int64_t, int64_t>(300, -100)));
  values[699] = 5;
  EXPECT_EQ(findOutside(values.data(), DSC_I16, 700, 5, -100),
            (std::pair<int64_t, int64_t>(699, 5)));
}

TEST(Convert, WhatMayFeedWhat) {
  Scaling none, scaled{true, 2, 1};
  EXPECT_EQ(whyNotConvertible({'f', 8}, DSC_BF16, none), "");
  EXPECT_EQ(whyNotConvertible({'b', 1}, DSC_I32, none), "");
  EXPECT_EQ(whyNotConvertible({'u', 1}, DSC_F16, scaled), "");
  EXPECT_NE(whyNotConvertible({'u', 1}, DSC_F32, none), "");
  EXPECT_NE(whyNotConvertible({'i', 1}, DSC_F32, scaled), "");
  EXPECT_NE(whyNotConvertible({'f', 4}, DSC_I64, scaled), "");
  uint8_t bytes[] = {0, 3, 255};
  uint16_t halves[3];
  convertArray(halves, DSC_F16, bytes, {'u', 1}, 3, scaled);
  EXPECT_EQ(halfToFloat(halves[1]), 7);
  EXPECT_EQ(halfToFloat(halves[2]), 511);
}

TEST(Sample, DrawsWithTheProbabilitiesOfTheSoftmax) {
  std::vector<double> logits = {0, std::log(2.0), std::log(5.0)};
  int counts[3] = {}, sharpened[3] = {};
  for (int i = 0; i < 80000; ++i) {
    ++counts[drawToken(logits, 1, (i + 0.5) / 80000)];
    ++sharpened[drawToken(logits, 0.5, (i + 0.5) / 80000)]; // squares the odds: 1 : 4 : 25
  }
  EXPECT_NEAR(counts[0], 10000, 1);
  EXPECT_NEAR(counts[1], 20000, 1);
  EXPECT_NEAR(sharpened[2], 80000.0 * 25 / 30, 1);
  EXPECT_EQ(drawToken(logits, 0, 0), 2);
}

} // namespace
