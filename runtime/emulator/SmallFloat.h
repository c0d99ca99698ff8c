//===- SmallFloat.h - Floats of 16 bits -----------------------------------===//
//
// What cuda_fp16.h and cuda_bf16.h have in common: a sign, an exponent, and the bits of a
// significand below its leading one.
//
//             exponent  significand
//   half          5         10        largest 65504, spacing at 1: 2^-10
//   bfloat16      8          7        the upper half of a float
//
// Numbers are rounded to nearest, ties to even; every NaN becomes 0x7FFF, as on a device. One
// operation is a float's, rounded: a float has more than twice the bits, so that the result is
// that of rounding once. Conversions are explicit here, since the toolkit's implicit ones are
// ambiguous in places where ours would not be.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_EMULATOR_SMALLFLOAT_H
#define DSC_RUNTIME_EMULATOR_SMALLFLOAT_H

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace emulator {

template <int ExponentBits, int SignificandBits> class SmallFloat {
public:
  SmallFloat() = default;
  /// Takes a float too, which no rounding comes before.
  explicit SmallFloat(double value) : bits(round(value)) {}
  explicit operator float() const { return widen(bits); }

  static SmallFloat fromBits(uint16_t bits) {
    SmallFloat result;
    result.bits = bits;
    return result;
  }
  uint16_t toBits() const { return bits; }

  friend SmallFloat operator+(SmallFloat a, SmallFloat b) { return of(float(a) + float(b)); }
  friend SmallFloat operator-(SmallFloat a, SmallFloat b) { return of(float(a) - float(b)); }
  friend SmallFloat operator*(SmallFloat a, SmallFloat b) { return of(float(a) * float(b)); }
  friend SmallFloat operator/(SmallFloat a, SmallFloat b) { return of(float(a) / float(b)); }
  friend SmallFloat operator-(SmallFloat a) { return fromBits(a.bits ^ signBit); }
  friend bool operator==(SmallFloat a, SmallFloat b) { return float(a) == float(b); }
  friend bool operator!=(SmallFloat a, SmallFloat b) { return float(a) != float(b); }
  friend bool operator<(SmallFloat a, SmallFloat b) { return float(a) < float(b); }
  friend bool operator<=(SmallFloat a, SmallFloat b) { return float(a) <= float(b); }
  friend bool operator>(SmallFloat a, SmallFloat b) { return float(a) > float(b); }
  friend bool operator>=(SmallFloat a, SmallFloat b) { return float(a) >= float(b); }

private:
  static constexpr uint16_t signBit = 0x8000, nan = 0x7FFF;
  static constexpr int bias = (1 << (ExponentBits - 1)) - 1;
  static constexpr int mostExponent = (1 << ExponentBits) - 1; // that of infinity and NaN
  static constexpr uint16_t infinity = mostExponent << SignificandBits;

  static SmallFloat of(float value) { return SmallFloat(value); }

  static uint16_t round(double value) {
    if (std::isnan(value))
      return nan;
    auto whole = std::bit_cast<uint64_t>(value);
    uint16_t sign = static_cast<uint16_t>(whole >> 48 & signBit);
    int exponent = static_cast<int>(whole >> 52 & 0x7FF) - 1023;
    // Below the least exponent, fewer bits of the significand are left.
    bool isSubnormal = exponent < 1 - bias;
    int dropped = 52 - SignificandBits + (isSubnormal ? 1 - bias - exponent : 0);
    if (dropped > 53)
      return sign; // less than half of the least number
    uint64_t significand = (whole & ((uint64_t(1) << 52) - 1)) | uint64_t(1) << 52;
    uint64_t kept = significand >> dropped, half = uint64_t(1) << (dropped - 1);
    uint64_t rest = significand & (2 * half - 1);
    if (rest > half || (rest == half && kept % 2 != 0))
      ++kept; // the carry moves on into the exponent
    if (!isSubnormal)
      kept += static_cast<uint64_t>(exponent + bias - 1) << SignificandBits;
    return static_cast<uint16_t>(sign | (kept < infinity ? kept : infinity));
  }

  static float widen(uint16_t bits) {
    uint32_t sign = uint32_t(bits & signBit) << 16;
    uint32_t exponent = bits >> SignificandBits & mostExponent;
    uint32_t significand = bits & ((1u << SignificandBits) - 1);
    if (exponent == 0) {
      float size = std::ldexp(static_cast<float>(significand), 1 - bias - SignificandBits);
      return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(size));
    }
    uint32_t wide = exponent == mostExponent ? 0xFF : exponent - bias + 127;
    return std::bit_cast<float>(sign | wide << 23 | significand << (23 - SignificandBits));
  }

  /// That of a half which nobody wrote. Without it, g++ would run a constructor where shared memory
  /// is first used, and note in there that it did: a race.
  uint16_t bits = nan;
};

} // namespace emulator

#endif // DSC_RUNTIME_EMULATOR_SMALLFLOAT_H
