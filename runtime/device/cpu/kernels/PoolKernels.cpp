//===- PoolKernels.cpp - Pooling of one plane -----------------------------===//
//
// A row of outputs is computed chunk by chunk: for each position of the kernel,
// the outputs of the chunk whose window holds an element there form one range, so
// the inner loop runs over outputs, without a test for the border.
//
//===----------------------------------------------------------------------===//
#include "device/cpu/kernels/Level.h"

namespace dsc::DSC_LEVEL {
namespace {

constexpr int64_t chunkSize = 64;

/// Outputs [begin, end) of a chunk, and the input coordinate that belongs to output `begin`.
struct Range {
  int64_t begin, end, input;
};

/// The outputs o of [first, last) with 0 <= o * stride + offset < size, relative to `first`.
Range rangeOf(int64_t first, int64_t last, int64_t stride, int64_t offset, int64_t size) {
  int64_t low = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  int64_t high = offset >= size ? 0 : (size - offset + stride - 1) / stride;
  int64_t begin = most(first, low), end = least(last, high);
  return {begin - first, most(begin, end) - first, begin * stride + offset};
}

/// Calls body(range, input offset of range.begin, kernel position number) for each position of the
/// kernel that touches the chunk [first, last) of the output row (od, oh).
template <typename Body>
void forEachTap(const PoolPlane &p, int64_t od, int64_t oh, int64_t first, int64_t last,
                Body &&body) {
  for (int64_t kd = 0; kd < p.kernel[0]; ++kd) {
    int64_t d = od * p.strides[0] - p.low[0] + kd * p.dilations[0];
    if (d < 0 || d >= p.input[0])
      continue;
    for (int64_t kh = 0; kh < p.kernel[1]; ++kh) {
      int64_t h = oh * p.strides[1] - p.low[1] + kh * p.dilations[1];
      if (h < 0 || h >= p.input[1])
        continue;
      for (int64_t kw = 0; kw < p.kernel[2]; ++kw) {
        Range range =
            rangeOf(first, last, p.strides[2], kw * p.dilations[2] - p.low[2], p.input[2]);
        if (range.begin < range.end)
          body(range, d, h);
      }
    }
  }
}

/// Calls body(od, oh, first, last) for each chunk of each output row.
template <typename Body> void forEachChunk(const PoolPlane &p, Body &&body) {
  for (int64_t od = 0; od < p.output[0]; ++od)
    for (int64_t oh = 0; oh < p.output[1]; ++oh)
      for (int64_t first = 0; first < p.output[2]; first += chunkSize)
        body(od, oh, first, least(first + chunkSize, p.output[2]));
}

/// Calls body with a step known to the compiler where it is a common one.
template <typename Body> void withStep(int64_t step, Body &&body) {
  struct One {
    constexpr operator int64_t() const { return 1; }
  };
  struct Two {
    constexpr operator int64_t() const { return 2; }
  };
  if (step == 1)
    body(One{});
  else if (step == 2)
    body(Two{});
  else
    body(step);
}

int64_t inputOffset(const PoolPlane &p, int64_t d, int64_t h, int64_t w) {
  return d * p.inputStrides[0] + h * p.inputStrides[1] + w * p.inputStrides[2];
}

int64_t outputOffset(const PoolPlane &p, int64_t d, int64_t h, int64_t w) {
  return d * p.outputStrides[0] + h * p.outputStrides[1] + w * p.outputStrides[2];
}

/// How many positions of the window that starts at `start` count for the average.
int64_t countOf(const PoolPlane &p, int dim, int64_t output) {
  int64_t start = output * p.strides[dim] - p.low[dim];
  int64_t low = p.countIncludePad ? -p.low[dim] : 0;
  int64_t high = p.input[dim] + (p.countIncludePad ? p.high[dim] : 0);
  Range range = rangeOf(0, p.kernel[dim], p.dilations[dim], start - low, high - low);
  return range.end - range.begin;
}

/// 1 / count for the outputs of a chunk.
void inverseCounts(const PoolPlane &p, int64_t od, int64_t oh, int64_t first, int64_t last,
                   float *inverse) {
  int64_t rows = countOf(p, 0, od) * countOf(p, 1, oh);
  for (int64_t o = first; o < last; ++o) {
    int64_t count = rows * countOf(p, 2, o);
    inverse[o - first] = count > 0 ? 1.0f / static_cast<float>(count) : 0.0f;
  }
}

} // namespace

void maxPoolPlane(const PoolPlane &p, const float *input, float *output, int32_t *index) {
  forEachChunk(p, [&](int64_t od, int64_t oh, int64_t first, int64_t last) {
    float best[chunkSize];
    int32_t winner[chunkSize];
    for (int64_t i = 0; i < chunkSize; ++i) {
      best[i] = -__builtin_inff();
      winner[i] = -1;
    }
    forEachTap(p, od, oh, first, last, [&](Range range, int64_t d, int64_t h) {
      const float *from = input + inputOffset(p, d, h, range.input);
      auto number = static_cast<int32_t>((d * p.input[1] + h) * p.input[2] + range.input);
      auto numberStep = static_cast<int32_t>(p.strides[2]);
      withStep(p.strides[2] * p.inputStrides[2], [&](auto step) {
        for (int64_t i = range.begin; i < range.end; ++i) {
          float value = from[(i - range.begin) * step];
          bool wins = (value > best[i]) | (value != value) | (winner[i] < 0);
          best[i] = wins ? value : best[i];
          winner[i] =
              wins ? number + static_cast<int32_t>(i - range.begin) * numberStep : winner[i];
        }
      });
    });
    int64_t at = outputOffset(p, od, oh, first);
    for (int64_t i = 0; i < last - first; ++i)
      output[at + i * p.outputStrides[2]] = best[i];
    for (int64_t i = 0; index && i < last - first; ++i)
      index[at + i * p.outputStrides[2]] = winner[i] < 0 ? 0 : winner[i];
  });
}

void avgPoolPlane(const PoolPlane &p, const float *input, float *output) {
  forEachChunk(p, [&](int64_t od, int64_t oh, int64_t first, int64_t last) {
    float sum[chunkSize] = {}, inverse[chunkSize];
    inverseCounts(p, od, oh, first, last, inverse);
    forEachTap(p, od, oh, first, last, [&](Range range, int64_t d, int64_t h) {
      const float *from = input + inputOffset(p, d, h, range.input);
      withStep(p.strides[2] * p.inputStrides[2], [&](auto step) {
        for (int64_t i = range.begin; i < range.end; ++i)
          sum[i] += from[(i - range.begin) * step];
      });
    });
    int64_t at = outputOffset(p, od, oh, first);
    for (int64_t i = 0; i < last - first; ++i)
      output[at + i * p.outputStrides[2]] = sum[i] * inverse[i];
  });
}

void avgPoolGradPlane(const PoolPlane &p, const float *outputGrad, float *inputGrad) {
  forEachChunk(p, [&](int64_t od, int64_t oh, int64_t first, int64_t last) {
    float share[chunkSize];
    inverseCounts(p, od, oh, first, last, share);
    int64_t at = outputOffset(p, od, oh, first);
    for (int64_t i = 0; i < last - first; ++i)
      share[i] *= outputGrad[at + i * p.outputStrides[2]];
    forEachTap(p, od, oh, first, last, [&](Range range, int64_t d, int64_t h) {
      float *to = inputGrad + inputOffset(p, d, h, range.input);
      withStep(p.strides[2] * p.inputStrides[2], [&](auto step) {
        for (int64_t i = range.begin; i < range.end; ++i)
          to[(i - range.begin) * step] += share[i];
      });
    });
  });
}

} // namespace dsc::DSC_LEVEL
