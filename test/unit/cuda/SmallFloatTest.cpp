//===- SmallFloatTest.cpp - The emulator's half types ---------------------===//
//
// All patterns of 16 bits, against llvm::APFloat.
//
//===----------------------------------------------------------------------===//
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "llvm/ADT/APFloat.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

using llvm::APFloat;
using llvm::APInt;

namespace {

struct Half {
  using Type = __half;
  static const llvm::fltSemantics &semantics() { return APFloat::IEEEhalf(); }
};

struct BFloat16 {
  using Type = __nv_bfloat16;
  static const llvm::fltSemantics &semantics() { return APFloat::BFloat(); }
};

template <typename Format> struct SmallFloats : testing::Test {
  using Type = typename Format::Type;

  static APFloat exact(uint16_t bits) { return APFloat(Format::semantics(), APInt(16, bits)); }

  static float toFloat(uint16_t bits) {
    APFloat value = exact(bits);
    bool losesInfo = false;
    value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &losesInfo);
    return value.convertToFloat();
  }

  /// The pattern that `value` is rounded to; as on a device, one for all NaNs.
  static uint16_t pattern(APFloat value) {
    bool losesInfo = false;
    value.convert(Format::semantics(), APFloat::rmNearestTiesToEven, &losesInfo);
    if (value.isNaN())
      return 0x7FFF;
    return static_cast<uint16_t>(value.bitcastToAPInt().getZExtValue());
  }

  static void expectRounded(double value) {
    ASSERT_EQ(Type(value).toBits(), pattern(APFloat(value))) << value;
  }

  static Type number(uint16_t bits) { return Type::fromBits(bits); }
};

using Formats = testing::Types<Half, BFloat16>;
TYPED_TEST_SUITE(SmallFloats, Formats, );

TYPED_TEST(SmallFloats, EveryPatternIsTheFloatItMeans) {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    float expected = this->toFloat(static_cast<uint16_t>(bits));
    float found = float(this->number(static_cast<uint16_t>(bits)));
    if (std::isnan(expected))
      ASSERT_TRUE(std::isnan(found)) << bits;
    else
      ASSERT_EQ(std::bit_cast<uint32_t>(found), std::bit_cast<uint32_t>(expected)) << bits;
  }
}

TYPED_TEST(SmallFloats, EveryPatternComesBack) {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    float value = this->toFloat(static_cast<uint16_t>(bits));
    auto expected = static_cast<uint16_t>(std::isnan(value) ? 0x7FFF : bits);
    ASSERT_EQ(typename TypeParam::Type(value).toBits(), expected);
  }
}

/// Between every two neighbours: their middle, which is a tie, and what lies just beside it.
TYPED_TEST(SmallFloats, RoundsToNearestAndTiesToEven) {
  for (uint32_t bits = 0; bits < 0xFFFF; ++bits) {
    double low = this->toFloat(static_cast<uint16_t>(bits));
    double high = this->toFloat(static_cast<uint16_t>(bits + 1));
    if (!std::isfinite(low) || !std::isfinite(high) || low < high != low >= 0)
      continue; // the end of the numbers of one sign
    double middle = (low + high) / 2;
    this->expectRounded(middle);
    this->expectRounded(std::nextafter(middle, low));
    this->expectRounded(std::nextafter(middle, high));
  }
}

/// From the largest number to infinity, and from the least one to zero.
TYPED_TEST(SmallFloats, RoundsBeyondTheirEnds) {
  double largest = APFloat::getLargest(TypeParam::semantics()).convertToDouble();
  APFloat below = APFloat::getLargest(TypeParam::semantics());
  below.next(/*nextDown=*/true);
  double middle = largest + (largest - below.convertToDouble()) / 2; // rounds to infinity
  double least = APFloat::getSmallest(TypeParam::semantics()).convertToDouble();
  for (double value :
       {middle, std::nextafter(middle, 0.0), 2 * largest, least / 2, least / 4,
        std::nextafter(least / 2, 1.0), 1.5 * least, std::numeric_limits<double>::max(),
        std::numeric_limits<double>::min(), std::numeric_limits<double>::denorm_min(),
        std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    this->expectRounded(value);
    this->expectRounded(-value);
  }
}

/// A conversion from a double is rounded once, not by way of a float.
TYPED_TEST(SmallFloats, RoundsDoublesOnce) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200000; ++i)
    this->expectRounded(std::bit_cast<double>(random()));
  for (int i = 0; i < 200000; ++i) // exponents that both have
    this->expectRounded(std::ldexp(static_cast<double>(random()), int(random() % 64) - 96));
}

TYPED_TEST(SmallFloats, ArithmeticIsRoundedOnce) {
  std::mt19937_64 random(11);
  APFloat::roundingMode nearest = APFloat::rmNearestTiesToEven;
  for (int i = 0; i < 400000; ++i) {
    auto x = static_cast<uint16_t>(random()), y = static_cast<uint16_t>(random());
    auto a = this->number(x), b = this->number(y);
    APFloat sum = this->exact(x), difference = sum, product = sum, quotient = sum;
    sum.add(this->exact(y), nearest);
    difference.subtract(this->exact(y), nearest);
    product.multiply(this->exact(y), nearest);
    quotient.divide(this->exact(y), nearest);
    ASSERT_EQ((a + b).toBits(), this->pattern(sum)) << x << ' ' << y;
    ASSERT_EQ((a - b).toBits(), this->pattern(difference)) << x << ' ' << y;
    ASSERT_EQ((a * b).toBits(), this->pattern(product)) << x << ' ' << y;
    ASSERT_EQ((a / b).toBits(), this->pattern(quotient)) << x << ' ' << y;
  }
}

TYPED_TEST(SmallFloats, ComparesNumbersNotPatterns) {
  std::mt19937_64 random(13);
  for (int i = 0; i < 400000; ++i) {
    auto x = static_cast<uint16_t>(random()), y = static_cast<uint16_t>(random());
    if (i % 16 == 0)
      y = x;
    auto a = this->number(x), b = this->number(y);
    auto result = this->exact(x).compare(this->exact(y));
    ASSERT_EQ(a == b, result == APFloat::cmpEqual);
    ASSERT_EQ(a != b, result != APFloat::cmpEqual);
    ASSERT_EQ(a < b, result == APFloat::cmpLessThan);
    ASSERT_EQ(a > b, result == APFloat::cmpGreaterThan);
    ASSERT_EQ(a <= b, result == APFloat::cmpLessThan || result == APFloat::cmpEqual);
    ASSERT_EQ(a >= b, result == APFloat::cmpGreaterThan || result == APFloat::cmpEqual);
  }
  EXPECT_TRUE(this->number(0x8000) == this->number(0));
}

TYPED_TEST(SmallFloats, NegationChangesTheSignAlone) {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits)
    ASSERT_EQ((-this->number(static_cast<uint16_t>(bits))).toBits(), bits ^ 0x8000);
}

TEST(HalfPairs, HoldTheLowerFirst) {
  __half2 halves = __floats2half2_rn(1.5f, -65520.0f);
  EXPECT_EQ(std::bit_cast<uint32_t>(halves), 0xFC003E00u);
  EXPECT_EQ(__low2float(halves), 1.5f);
  EXPECT_EQ(__half22float2(halves).y, -std::numeric_limits<float>::infinity());
  __nv_bfloat162 pair = __floats2bfloat162_rn(1.5f, 1e-45f);
  EXPECT_EQ(std::bit_cast<uint32_t>(pair), 0x00003FC0u);
  EXPECT_EQ(__bfloat1622float2(pair).x, 1.5f);
  EXPECT_EQ(__high2float(pair), 0.0f);
}

} // namespace
