//===- ThinConvKernels.cpp - Convolution of one image of few channels -----===//
//
// With one to three input channels there is no block of channels to fill a vector
// with; a vector holds neighbouring outputs of a row instead. The image is packed
// first: zeros around it, and each row dealt out by its phase of the stride, so that
// every tap (input channel and position of the kernel) reads whole vectors.
//
// Forward, a tile of output channels stays in registers over all taps. For the weight
// gradient a tile of output channels times taps stays in registers over the image.
//
//===----------------------------------------------------------------------===//
#include "device/cpu/kernels/Vector.h"

namespace dsc::DSC_LEVEL {
namespace {

/// Output channels of a forward tile: 16 sums of 32 registers for v4, 12 of 16 below.
constexpr int forwardChannels = width == 16 ? 8 : 6;
/// A tile of the gradient: kernels are mostly a multiple of 3 wide; 12 sums of 32 registers, or 9
/// of 16, hide the latency of a multiplication.
constexpr int gradChannels = width == 16 ? 4 : 3;
constexpr int gradTaps = 3;

constexpr int64_t quotientUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// A packed image is [channel][row][phase][pitch].
struct PackedImage {
  const ThinConv &conv;
  int64_t pitch, row, plane;
  int64_t offsets[maxThinTaps]; // of each tap's first input, for the output at (0, 0)
  float *data;

  PackedImage(const ThinConv &conv, float *data);
  void pack(const float *image);
  /// What the output row `oh` adds to a tap's offset.
  const float *at(int64_t oh) const { return data + oh * conv.strides[0] * row; }
  int64_t rows() const {
    return (conv.output[0] - 1) * conv.strides[0] + (conv.kernel[0] - 1) * conv.dilations[0] + 1;
  }

private:
  void packRow(const float *from, float *to) const;
};

PackedImage::PackedImage(const ThinConv &conv, float *data) : conv(conv), data(data) {
  int64_t stride = conv.strides[1], reach = (conv.kernel[1] - 1) * conv.dilations[1];
  pitch = paddedToWidth(conv.output[1]) + reach / stride;
  row = pitch * stride;
  plane = row * rows();
  int64_t *next = offsets;
  for (int64_t c = 0; c < conv.inputs; ++c)
    for (int64_t kh = 0; kh < conv.kernel[0]; ++kh)
      for (int64_t kw = 0; kw < conv.kernel[1]; ++kw) {
        int64_t x = kw * conv.dilations[1];
        *next++ = c * plane + kh * conv.dilations[0] * row + x % stride * pitch + x / stride;
      }
}

void PackedImage::packRow(const float *from, float *to) const {
  int64_t stride = conv.strides[1], low = conv.low[1];
  for (int64_t phase = 0; phase < stride; ++phase, to += pitch) {
    int64_t first = least(pitch, quotientUp(most(0, low - phase), stride));
    int64_t end = least(pitch, quotientUp(most(0, conv.input[1] + low - phase), stride));
    for (int64_t i = 0; i < first; ++i)
      to[i] = 0.0f;
    for (int64_t i = first; i < end; ++i)
      to[i] = from[i * stride + phase - low];
    for (int64_t i = most(first, end); i < pitch; ++i)
      to[i] = 0.0f;
  }
}

void PackedImage::pack(const float *image) {
  for (int64_t c = 0; c < conv.inputs; ++c)
    for (int64_t r = 0; r < rows(); ++r) {
      float *to = data + c * plane + r * row;
      int64_t y = r - conv.low[0];
      if (y >= 0 && y < conv.input[0])
        packRow(image + (c * conv.input[0] + y) * conv.input[1], to);
      else
        for (int64_t i = 0; i < row; ++i)
          to[i] = 0.0f;
    }
}

/// What a tile of the forward product reads and writes beside the image.
struct ForwardCall {
  const float *weight, *bias; // [outputs][taps]; bias may be null
  bool relu;
  float *output;
};

/// Outputs k to k + Channels, a row's columns from ow: `Vectors` vectors, `count` columns.
template <int Channels, int Vectors>
inline void forwardTile(const PackedImage &image, const ForwardCall &call, int64_t k, int64_t oh,
                        int64_t ow, int64_t count) {
  const ThinConv &conv = image.conv;
  int64_t taps = conv.taps();
  const float *weight = call.weight + k * taps, *from = image.at(oh) + ow;
  Vec sums[Channels][Vectors];
#pragma clang loop unroll(full)
  for (int i = 0; i < Channels; ++i) {
#pragma clang loop unroll(full)
    for (int v = 0; v < Vectors; ++v)
      sums[i][v] = call.bias ? splat(call.bias[k + i]) : splat(0.0f);
  }
  for (int64_t t = 0; t < taps; ++t) {
    Vec values[Vectors];
#pragma clang loop unroll(full)
    for (int v = 0; v < Vectors; ++v)
      values[v] = load(from + image.offsets[t] + v * width);
#pragma clang loop unroll(full)
    for (int i = 0; i < Channels; ++i) {
      Vec factor = splat(weight[i * taps + t]);
#pragma clang loop unroll(full)
      for (int v = 0; v < Vectors; ++v)
        sums[i][v] = factor * values[v] + sums[i][v];
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < Channels; ++i) {
    float *to = call.output + ((k + i) * conv.output[0] + oh) * conv.output[1] + ow;
#pragma clang loop unroll(full)
    for (int v = 0; v < Vectors; ++v) {
      if (call.relu) // NaN stays NaN
        sums[i][v] = sums[i][v] < 0.0f ? splat(0.0f) : sums[i][v];
      storeLanes(to + v * width, 0, static_cast<int>(least(width, count - v * width)), sums[i][v]);
    }
  }
}

template <int Channels>
void forwardRows(const PackedImage &image, const ForwardCall &call, int64_t k) {
  const ThinConv &conv = image.conv;
  for (int64_t oh = 0; oh < conv.output[0]; ++oh) {
    int64_t ow = 0;
    for (; ow + width < conv.output[1]; ow += 2 * width)
      forwardTile<Channels, 2>(image, call, k, oh, ow, least(2 * width, conv.output[1] - ow));
    if (ow < conv.output[1])
      forwardTile<Channels, 1>(image, call, k, oh, ow, conv.output[1] - ow);
  }
}

template <int Channels>
void forwardChannelsFrom(const PackedImage &image, const ForwardCall &call, int64_t k) {
  for (; k + Channels <= image.conv.outputs; k += Channels)
    forwardRows<Channels>(image, call, k);
  if constexpr (Channels > 1)
    if (k < image.conv.outputs)
      forwardChannelsFrom<Channels / 2>(image, call, k);
}

/// The vectors of a plane of output gradients; lanes beyond a row are zero.
template <typename Body> inline void forEachVector(const ThinConv &conv, Body &&body) {
  for (int64_t oh = 0; oh < conv.output[0]; ++oh)
    for (int64_t ow = 0; ow < conv.output[1]; ow += width)
      body(oh, ow, static_cast<int>(least(width, conv.output[1] - ow)));
}

float laneSum(Vec values) {
  float sum = 0.0f;
  for (int i = 0; i < width; ++i)
    sum += values[i];
  return sum;
}

/// Adds to the gradients of output channels k to k + Channels and taps t to t + Taps.
template <int Channels, int Taps>
void gradTile(const PackedImage &image, const float *outputGrad, int64_t k, int64_t t,
              float *weightGrad) {
  const ThinConv &conv = image.conv;
  int64_t plane = conv.output[0] * conv.output[1];
  outputGrad += k * plane;
  Vec tile[Channels][Taps];
#pragma clang loop unroll(full)
  for (int i = 0; i < Channels; ++i) {
#pragma clang loop unroll(full)
    for (int j = 0; j < Taps; ++j)
      tile[i][j] = splat(0.0f);
  }
  forEachVector(conv, [&](int64_t oh, int64_t ow, int count) {
    const float *from = image.at(oh) + ow;
    Vec grads[Channels];
#pragma clang loop unroll(full)
    for (int i = 0; i < Channels; ++i)
      grads[i] =
          loadLanes(outputGrad + i * plane + oh * conv.output[1] + ow, 0, count, splat(0.0f));
#pragma clang loop unroll(full)
    for (int j = 0; j < Taps; ++j) {
      Vec value = load(from + image.offsets[t + j]);
#pragma clang loop unroll(full)
      for (int i = 0; i < Channels; ++i)
        tile[i][j] = value * grads[i] + tile[i][j];
    }
  });
#pragma clang loop unroll(full)
  for (int i = 0; i < Channels; ++i) {
#pragma clang loop unroll(full)
    for (int j = 0; j < Taps; ++j)
      weightGrad[(k + i) * conv.taps() + t + j] += laneSum(tile[i][j]);
  }
}

template <int Channels, int Taps>
void gradTapsFrom(const PackedImage &image, const float *outputGrad, int64_t k, int64_t t,
                  float *weightGrad) {
  for (; t + Taps <= image.conv.taps(); t += Taps)
    gradTile<Channels, Taps>(image, outputGrad, k, t, weightGrad);
  if constexpr (Taps > 1)
    if (t < image.conv.taps())
      gradTapsFrom<Channels, Taps - 1>(image, outputGrad, k, t, weightGrad);
}

template <int Channels>
void gradChannelsFrom(const PackedImage &image, const float *outputGrad, int64_t k,
                      float *weightGrad) {
  for (; k + Channels <= image.conv.outputs; k += Channels)
    gradTapsFrom<Channels, gradTaps>(image, outputGrad, k, 0, weightGrad);
  if constexpr (Channels > 1)
    if (k < image.conv.outputs)
      gradChannelsFrom<Channels - 1>(image, outputGrad, k, weightGrad);
}

} // namespace

int64_t thinConvScratch(const ThinConv &conv) {
  return conv.inputs * PackedImage(conv, nullptr).plane;
}

void thinConv(const ThinConv &conv, const float *input, const float *weight, const float *bias,
              bool relu, float *output, float *scratch) {
  PackedImage image(conv, scratch);
  image.pack(input);
  forwardChannelsFrom<forwardChannels>(image, {weight, bias, relu, output}, 0);
}

void thinConvWeightGrad(const ThinConv &conv, const float *input, const float *outputGrad,
                        float *weightGrad, float *scratch) {
  PackedImage image(conv, scratch);
  image.pack(input);
  gradChannelsFrom<gradChannels>(image, outputGrad, 0, weightGrad);
}

} // namespace dsc::DSC_LEVEL
