//===- PoolKernels.cpp - Pooling of one plane -----------------------------===//
//
// A vector of outputs of one row is computed at a time: for each position of the
// kernel (a tap) one vector of inputs is read, whose lanes beyond the border are
// masked. With a stride of 2 that is every other lane of two vectors.
//
// Windows two wide that neither overlap nor leave the input (the commonest pooling)
// have a loop of their own: the pair of vectors is loaded once for both taps of a
// row, and nothing but the end of a row is masked.
//
//===----------------------------------------------------------------------===//
#include "device/cpu/kernels/Vector.h"

namespace dsc::DSC_LEVEL {
namespace {

int toLane(int64_t lane) { return static_cast<int>(most(0, least(lane, width))); }

/// The smallest lane l with l * stride >= distance.
int firstLane(int64_t distance, int64_t stride) {
  if (distance <= 0)
    return 0;
  return toLane(stride == 1 ? distance : (distance + stride - 1) / stride);
}

/// Elements x, x + stride, x + 2 stride, … of a row of `size` elements: the lanes that exist. With
/// a stride of 2 they come from two vectors, of which those from lowBegin and highBegin exist.
struct Lanes {
  int64_t x;
  int begin, end, lowBegin, lowEnd, highBegin, highEnd;
  IntVec mask;

  Lanes() = default;
  Lanes(const PoolPlane &p, int64_t x)
      : x(x), begin(firstLane(-x, p.strides[2])), end(firstLane(p.input[2] - x, p.strides[2])),
        lowBegin(toLane(-x)), lowEnd(toLane(p.input[2] - x)), highBegin(toLane(-x - width)),
        highEnd(toLane(p.input[2] - x - width)) {
    IntVec lanes = laneNumbers();
    mask = (lanes >= begin) & (lanes < end);
  }
};

/// A vector of neighbouring outputs of a row, and the lanes of its taps: they are the same for all
/// rows of a plane.
struct Column {
  int64_t ow;
  int count; // outputs

  Column(const PoolPlane &p, int64_t ow)
      : ow(ow), count(toLane(p.output[2] - ow)), start(ow * p.strides[2] - p.low[2]) {
    for (int64_t kw = 0; kw < least(p.kernel[2], kept); ++kw)
      taps[kw] = Lanes(p, start + kw * p.dilations[2]);
  }
  Lanes tap(const PoolPlane &p, int64_t kw) const {
    return kw < kept ? taps[kw] : Lanes(p, start + kw * p.dilations[2]);
  }

private:
  static constexpr int64_t kept = 8;
  int64_t start;
  Lanes taps[kept];
};

/// Reads such lanes; `fill` for those that do not exist.
Vec loadRow(const PoolPlane &p, const float *row, const Lanes &lanes, Vec fill) {
  int64_t x = lanes.x;
  if (p.inputStrides[2] == 1 && p.strides[2] == 1)
    return loadLanes(row + x, lanes.begin, lanes.end, fill);
  if (p.inputStrides[2] == 1 && p.strides[2] == 2) {
    Vec low = loadLanes(row + x, lanes.lowBegin, lanes.lowEnd, fill);
    Vec high = loadLanes(row + x + width, lanes.highBegin, lanes.highEnd, fill);
    return evenLanes(low, high);
  }
  for (int i = lanes.begin; i < lanes.end; ++i)
    fill[i] = row[(x + i * p.strides[2]) * p.inputStrides[2]];
  return fill;
}

void addLanes(float *to, int begin, int end, Vec values) {
  if (begin < end)
    storeLanes(to, begin, end, loadLanes(to, begin, end, splat(0.0f)) + values);
}

/// Adds to such lanes.
void addToRow(const PoolPlane &p, float *row, const Lanes &lanes, Vec values) {
  int64_t x = lanes.x;
  if (p.inputStrides[2] == 1 && p.strides[2] == 1)
    return addLanes(row + x, lanes.begin, lanes.end, values);
  if (p.inputStrides[2] == 1 && p.strides[2] == 2) {
    Vec zero = splat(0.0f);
    addLanes(row + x, lanes.lowBegin, lanes.lowEnd, interleaveLow(values, zero));
    addLanes(row + x + width, lanes.highBegin, lanes.highEnd, interleaveHigh(values, zero));
    return;
  }
  for (int i = lanes.begin; i < lanes.end; ++i)
    row[(x + i * p.strides[2]) * p.inputStrides[2]] += values[i];
}

/// Writes the first `count` lanes to outputs.
template <typename T, typename V> void storeOutputs(T *to, int64_t stride, int count, V values) {
  if (stride == 1 && count == width)
    return static_cast<void>(__builtin_memcpy(to, &values, sizeof(values)));
  if (stride == 1)
    return storeLanes(reinterpret_cast<float *>(to), 0, count, __builtin_bit_cast(Vec, values));
  for (int i = 0; i < count; ++i)
    to[i * stride] = values[i];
}

/// Calls body(lanes, input row, number of the row's first element in the plane) for each tap of the
/// outputs (od, oh, ow…) that lies in the input.
template <typename Body>
void forEachTap(const PoolPlane &p, int64_t od, int64_t oh, const Column &column, Body &&body) {
  for (int64_t kd = 0; kd < p.kernel[0]; ++kd) {
    int64_t d = od * p.strides[0] - p.low[0] + kd * p.dilations[0];
    if (d < 0 || d >= p.input[0])
      continue;
    for (int64_t kh = 0; kh < p.kernel[1]; ++kh) {
      int64_t h = oh * p.strides[1] - p.low[1] + kh * p.dilations[1];
      if (h < 0 || h >= p.input[1])
        continue;
      int64_t row = d * p.inputStrides[0] + h * p.inputStrides[1];
      int64_t number = (d * p.input[1] + h) * p.input[2];
      for (int64_t kw = 0; kw < p.kernel[2]; ++kw) {
        const Lanes lanes = column.tap(p, kw);
        if (lanes.begin < lanes.end)
          body(lanes, row, number);
      }
    }
  }
}

/// Calls body(column, od, oh, outputs' offset) for each vector of outputs.
template <typename Body> void forEachVector(const PoolPlane &p, Body &&body) {
  for (int64_t ow = 0; ow < p.output[2]; ow += width) {
    Column column(p, ow);
    for (int64_t od = 0; od < p.output[0]; ++od) {
      for (int64_t oh = 0; oh < p.output[1]; ++oh)
        body(column, od, oh,
             od * p.outputStrides[0] + oh * p.outputStrides[1] + ow * p.outputStrides[2]);
    }
  }
}

/// How many positions of window `output` along `dim` count for the average.
int64_t countOf(const PoolPlane &p, int dim, int64_t output) {
  int64_t start = output * p.strides[dim] - p.low[dim], dilation = p.dilations[dim];
  int64_t low = p.countIncludePad ? -p.low[dim] : 0;
  int64_t high = p.input[dim] + (p.countIncludePad ? p.high[dim] : 0);
  int64_t begin = start >= low ? 0 : (low - start + dilation - 1) / dilation;
  int64_t end = start >= high ? 0 : (high - start + dilation - 1) / dilation;
  return most(0, least(end, p.kernel[dim]) - begin);
}

/// The last row's 1 / count, for as long as the column of vectors stays the same.
class InverseCounts {
public:
  Vec at(const PoolPlane &p, int64_t od, int64_t oh, const Column &column) {
    for (int i = 0; column.ow != last && i < column.count; ++i)
      counts[i] = static_cast<float>(countOf(p, 2, column.ow + i));
    last = column.ow;
    Vec count = counts * static_cast<float>(countOf(p, 0, od) * countOf(p, 1, oh));
    return count > 0.0f ? 1.0f / count : splat(0.0f);
  }

private:
  int64_t last = -1;
  Vec counts = splat(0.0f);
};

/// Whether each output's taps in a row are two neighbours that no other output has.
bool isPaired(const PoolPlane &p) {
  bool inside = true;
  for (int i = 0; i < 3; ++i) {
    int64_t last = (p.output[i] - 1) * p.strides[i] + (p.kernel[i] - 1) * p.dilations[i];
    inside &= p.low[i] == 0 && last < p.input[i];
  }
  return inside && p.kernel[2] == 2 && p.strides[2] == 2 && p.dilations[2] == 1 &&
         p.inputStrides[2] == 1 && p.outputStrides[2] == 1;
}

/// The inputs of `count` neighbouring outputs: lane i's are left[i] and right[i].
struct Pairs {
  Vec left, right;

  Pairs(const float *from, int count, Vec fill) {
    Vec low = loadLanes(from, 0, toLane(2 * count), fill);
    Vec high =
        2 * count > width ? loadLanes(from + width, 0, toLane(2 * count - width), fill) : fill;
    left = evenLanes(low, high);
    right = oddLanes(low, high);
  }
};

/// Calls body(first output's column, outputs, od, oh, outputs' offset) for each vector of outputs.
template <typename Body> void forEachPairedVector(const PoolPlane &p, Body &&body) {
  for (int64_t od = 0; od < p.output[0]; ++od) {
    for (int64_t oh = 0; oh < p.output[1]; ++oh) {
      for (int64_t ow = 0; ow < p.output[2]; ow += width)
        body(ow, toLane(p.output[2] - ow), od, oh,
             od * p.outputStrides[0] + oh * p.outputStrides[1] + ow);
    }
  }
}

/// Calls body(inputs' offset, number of their first in the plane) for each row of a window.
template <typename Body>
void forEachPairedRow(const PoolPlane &p, int64_t od, int64_t oh, int64_t ow, Body &&body) {
  for (int64_t kd = 0; kd < p.kernel[0]; ++kd) {
    int64_t d = od * p.strides[0] + kd * p.dilations[0];
    for (int64_t kh = 0; kh < p.kernel[1]; ++kh) {
      int64_t h = oh * p.strides[1] + kh * p.dilations[1];
      body(d * p.inputStrides[0] + h * p.inputStrides[1] + 2 * ow,
           (d * p.input[1] + h) * p.input[2] + 2 * ow);
    }
  }
}

void maxPoolPairs(const PoolPlane &p, const float *input, float *output, int32_t *index) {
  IntVec steps = laneNumbers() * 2;
  forEachPairedVector(p, [&](int64_t ow, int count, int64_t od, int64_t oh, int64_t to) {
    Vec best = splat(-infinity);
    IntVec winner = splat(-1);
    auto consider = [&](Vec value, IntVec number) {
      IntVec wins = (value > best) | (value != value) | (winner < 0);
      best = wins ? value : best;
      winner = wins ? number : winner;
    };
    forEachPairedRow(p, od, oh, ow, [&](int64_t from, int64_t first) {
      Pairs pairs(input + from, count, splat(0.0f));
      IntVec number = steps + static_cast<int32_t>(first);
      consider(pairs.left, number);
      consider(pairs.right, number + 1);
    });
    storeOutputs(output + to, 1, count, best);
    if (index)
      storeOutputs(index + to, 1, count, winner);
  });
}

/// All windows lie inside the input and so have all their taps.
float inverseCountOfPairs(const PoolPlane &p) {
  return 1.0f / static_cast<float>(p.kernel[0] * p.kernel[1] * p.kernel[2]);
}

void avgPoolPairs(const PoolPlane &p, const float *input, float *output) {
  float inverse = inverseCountOfPairs(p);
  forEachPairedVector(p, [&](int64_t ow, int count, int64_t od, int64_t oh, int64_t to) {
    Vec sum = splat(0.0f);
    forEachPairedRow(p, od, oh, ow, [&](int64_t from, int64_t) {
      Pairs pairs(input + from, count, splat(0.0f));
      sum += pairs.left;
      sum += pairs.right;
    });
    storeOutputs(output + to, 1, count, sum * inverse);
  });
}

void avgPoolGradPairs(const PoolPlane &p, const float *outputGrad, float *inputGrad) {
  float inverse = inverseCountOfPairs(p);
  forEachPairedVector(p, [&](int64_t ow, int count, int64_t od, int64_t oh, int64_t from) {
    Vec share = loadLanes(outputGrad + from, 0, count, splat(0.0f)) * inverse;
    Vec low = interleaveLow(share, share), high = interleaveHigh(share, share);
    forEachPairedRow(p, od, oh, ow, [&](int64_t to, int64_t) {
      addLanes(inputGrad + to, 0, toLane(2 * count), low);
      addLanes(inputGrad + to + width, 0, toLane(2 * count - width), high);
    });
  });
}

} // namespace

void maxPoolPlane(const PoolPlane &p, const float *input, float *output, int32_t *index) {
  if (isPaired(p))
    return maxPoolPairs(p, input, output, index);
  IntVec steps = laneNumbers() * static_cast<int32_t>(p.strides[2]);
  forEachVector(p, [&](const Column &column, int64_t od, int64_t oh, int64_t to) {
    Vec best = splat(-infinity);
    IntVec winner = splat(-1);
    forEachTap(p, od, oh, column, [&](const Lanes &lanes, int64_t row, int64_t number) {
      Vec value = loadRow(p, input + row, lanes, splat(-infinity));
      IntVec wins = ((value > best) | (value != value) | (winner < 0)) & lanes.mask;
      best = wins ? value : best;
      winner = wins ? steps + static_cast<int32_t>(number + lanes.x) : winner;
    });
    storeOutputs(output + to, p.outputStrides[2], column.count, best);
    if (index)
      storeOutputs(index + to, p.outputStrides[2], column.count, winner < 0 ? splat(0) : winner);
  });
}

void avgPoolPlane(const PoolPlane &p, const float *input, float *output) {
  if (isPaired(p))
    return avgPoolPairs(p, input, output);
  InverseCounts inverse;
  forEachVector(p, [&](const Column &column, int64_t od, int64_t oh, int64_t to) {
    Vec sum = splat(0.0f);
    forEachTap(p, od, oh, column, [&](const Lanes &lanes, int64_t row, int64_t) {
      sum += loadRow(p, input + row, lanes, splat(0.0f));
    });
    storeOutputs(output + to, p.outputStrides[2], column.count,
                 sum * inverse.at(p, od, oh, column));
  });
}

void avgPoolGradPlane(const PoolPlane &p, const float *outputGrad, float *inputGrad) {
  if (isPaired(p))
    return avgPoolGradPairs(p, outputGrad, inputGrad);
  InverseCounts inverse;
  forEachVector(p, [&](const Column &column, int64_t od, int64_t oh, int64_t from) {
    Vec share = splat(0.0f);
    if (p.outputStrides[2] == 1)
      share = loadLanes(outputGrad + from, 0, column.count, share);
    else
      for (int i = 0; i < column.count; ++i)
        share[i] = outputGrad[from + i * p.outputStrides[2]];
    share *= inverse.at(p, od, oh, column);
    forEachTap(p, od, oh, column, [&](const Lanes &lanes, int64_t row, int64_t) {
      addToRow(p, inputGrad + row, lanes, share);
    });
  });
}

} // namespace dsc::DSC_LEVEL
