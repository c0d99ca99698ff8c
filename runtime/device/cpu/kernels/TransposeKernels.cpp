//===- TransposeKernels.cpp - Transposing in registers --------------------===//
#include "device/cpu/kernels/Vector.h"

namespace dsc::DSC_LEVEL {

/// to[a * toStride + b] = from[a + b * fromStride]. Elements only pass through: their bits may mean
/// anything.
void transposeWords(int64_t sizeA, int64_t sizeB, float *to, int64_t toStride, const float *from,
                    int64_t fromStride) {
  int64_t a = 0;
  for (; a + width <= sizeA; a += width) {
    int64_t b = 0;
    for (; b + width <= sizeB; b += width) {
      Vec rows[width];
#pragma clang loop unroll(full)
      for (int i = 0; i < width; ++i)
        rows[i] = load(from + a + (b + i) * fromStride);
      transpose(rows);
#pragma clang loop unroll(full)
      for (int i = 0; i < width; ++i)
        store(to + (a + i) * toStride + b, rows[i]);
    }
    for (; b < sizeB; ++b)
      for (int i = 0; i < width; ++i)
        to[(a + i) * toStride + b] = from[a + i + b * fromStride];
  }
  for (; a < sizeA; ++a)
    for (int64_t b = 0; b < sizeB; ++b)
      to[a * toStride + b] = from[a + b * fromStride];
}

} // namespace dsc::DSC_LEVEL
