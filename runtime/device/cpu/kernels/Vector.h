//===- Vector.h - Vectors of one level ------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_KERNELS_VECTOR_H
#define DSC_RUNTIME_DEVICE_CPU_KERNELS_VECTOR_H

#include "device/cpu/kernels/Level.h"

#if defined(__AVX2__)
#include <immintrin.h> // static functions only
#endif

namespace dsc::DSC_LEVEL {
namespace {

#if defined(__AVX512F__)
constexpr int64_t width = 16;
#elif defined(__AVX2__)
constexpr int64_t width = 8;
#else
constexpr int64_t width = 4;
#endif

// As GCC and Clang both have them.
using Vec = float __attribute__((vector_size(width * sizeof(float))));
using IntVec = int32_t __attribute__((vector_size(width * sizeof(int32_t))));

constexpr float infinity = __builtin_inff();

inline Vec splat(float value) { return value - Vec{}; } // keeps the sign of zero
inline IntVec splat(int32_t value) { return value + IntVec{}; }

inline Vec load(const float *from) {
  Vec value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

inline void store(float *to, Vec value) { __builtin_memcpy(to, &value, sizeof(value)); }

/// 0, 1, 2, …
inline IntVec laneNumbers() {
  IntVec lanes;
  for (int i = 0; i < width; ++i)
    lanes[i] = i;
  return lanes;
}

/// Lanes [begin, end) from memory, the others from `fill`; touches no memory of the others.
inline Vec loadLanes(const float *from, int begin, int end, Vec fill) {
  if (begin == 0 && end == width)
    return load(from);
#if defined(__AVX512F__)
  return _mm512_mask_loadu_ps(fill, static_cast<__mmask16>((1u << end) - (1u << begin)), from);
#elif defined(__AVX2__)
  IntVec lanes = laneNumbers();
  IntVec inside = (lanes >= begin) & (lanes < end);
  Vec loaded = _mm256_maskload_ps(from, __builtin_bit_cast(__m256i, inside));
  return inside ? loaded : fill;
#else
  for (int i = begin; i < end; ++i)
    fill[i] = from[i];
  return fill;
#endif
}

/// Writes lanes [begin, end) alone.
inline void storeLanes(float *to, int begin, int end, Vec value) {
  if (begin == 0 && end == width)
    return store(to, value);
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << end) - (1u << begin)), value);
#elif defined(__AVX2__)
  IntVec lanes = laneNumbers();
  IntVec inside = (lanes >= begin) & (lanes < end);
  _mm256_maskstore_ps(to, __builtin_bit_cast(__m256i, inside), value);
#else
  for (int i = begin; i < end; ++i)
    to[i] = value[i];
#endif
}

/// e^x to 2 units in the last place; 0 below the smallest normal number; NaN stays NaN.
inline Vec expOf(Vec x) {
  constexpr float low = -87.33654f, high = 88.72283f;
  Vec bounded = x < low ? splat(low) : x;
  bounded = bounded > high ? splat(high) : bounded;
  // Adding 1.5 * 2^23 rounds to an integer, which then is in the low bits.
  constexpr float magic = 12582912.0f;
  Vec shifted = bounded * 1.44269504f + magic;
  Vec n = shifted - magic;
  Vec r = n * -0.693359375f + bounded; // ln 2 in two parts: n times the first is exact
  r = n * 2.12194440e-4f + r;
  Vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + (r + 1.0f);
  IntVec exponent = __builtin_bit_cast(IntVec, shifted) << 23;
  Vec result = __builtin_bit_cast(Vec, __builtin_bit_cast(IntVec, p) + exponent);
  result = x < low ? splat(0.0f) : result;
  return x == x ? result : x;
}

// a0 b0 a1 b1 … of the low and of the high halves; lanes 0, 2, 4, … and 1, 3, 5, … of both.
#if defined(__AVX512F__)
inline Vec interleaveLow(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline Vec interleaveHigh(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}
inline Vec evenLanes(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}
inline Vec oddLanes(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}
#elif defined(__AVX2__)
inline Vec interleaveLow(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
inline Vec interleaveHigh(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
inline Vec evenLanes(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
}
inline Vec oddLanes(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
}
#else
inline Vec interleaveLow(Vec a, Vec b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
inline Vec interleaveHigh(Vec a, Vec b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
inline Vec evenLanes(Vec a, Vec b) { return __builtin_shufflevector(a, b, 0, 2, 4, 6); }
inline Vec oddLanes(Vec a, Vec b) { return __builtin_shufflevector(a, b, 1, 3, 5, 7); }
#endif

/// Transposes a width x width matrix: interleaving rows i and i + width / 2, log2(width) times.
inline void transpose(Vec (&rows)[width]) {
#pragma clang loop unroll(full)
  for (int64_t stage = 1; stage < width; stage *= 2) {
    Vec next[width];
#pragma clang loop unroll(full)
    for (int64_t i = 0; i < width / 2; ++i) {
      next[2 * i] = interleaveLow(rows[i], rows[i + width / 2]);
      next[2 * i + 1] = interleaveHigh(rows[i], rows[i + width / 2]);
    }
#pragma clang loop unroll(full)
    for (int64_t i = 0; i < width; ++i)
      rows[i] = next[i];
  }
}

constexpr int64_t paddedToWidth(int64_t n) { return (n + width - 1) / width * width; }

} // namespace
} // namespace dsc::DSC_LEVEL

#endif // DSC_RUNTIME_DEVICE_CPU_KERNELS_VECTOR_H
