//===- Signal.cpp - Fourier transforms, windows, overlapping blocks -------===//
//
// A transform is a product with two matrices, of cosines and of sines, so that its
// derivative is one too. Complex numbers lie in a last dimension of two.
//
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "Products.h"

#include <cmath>
#include <numbers>

using namespace mlir;

namespace dsc::onnx {

//===----------------------------------------------------------------------===//
// Fourier transforms
//===----------------------------------------------------------------------===//

/// cos or sin of 2 pi k n / length as [rows, length].
static Value waves(NodeImport &n, Type element, int64_t rows, int64_t length, bool sine) {
  HostTensor host(RankedTensorType::get({rows, length}, element));
  for (int64_t k = 0; k < rows; ++k)
    for (int64_t i = 0; i < length; ++i) {
      // The product modulo the length keeps the angle small and exact.
      double angle =
          2 * std::numbers::pi * static_cast<double>(k * i % length) / static_cast<double>(length);
      host.floats[static_cast<size_t>(k * length + i)] = sine ? std::sin(angle) : std::cos(angle);
    }
  return n.make<train::ConstantOp>(encode(host));
}

namespace {
struct Complex {
  Value real, imaginary; // the latter null for real numbers
};
} // namespace

/// Along `axis`; `rows` frequencies.
static Complex transform(NodeImport &n, Complex x, int64_t axis, int64_t rows, bool inverse) {
  Type element = elementOf(x.real);
  int64_t length = shapeOf(x.real)[axis];
  Value cosine = waves(n, element, rows, length, false);
  Value sine = waves(n, element, rows, length, true);
  auto times = [&](Value part, Value matrix) { return applyMatrix(n, matrix, part, axis); };
  double sign = inverse ? 1 : -1;
  Complex y{times(x.real, cosine), n.mul(times(x.real, sine), sign)};
  if (x.imaginary) {
    y.real = n.make<train::AddOp>(y.real, n.mul(times(x.imaginary, sine), -sign));
    y.imaginary = n.make<train::AddOp>(y.imaginary, times(x.imaginary, cosine));
  }
  if (inverse) {
    y.real = n.mul(y.real, 1 / static_cast<double>(length));
    y.imaginary = n.mul(y.imaginary, 1 / static_cast<double>(length));
  }
  return y;
}

/// Real numbers from the frequencies 0 ... length / 2; the others are their conjugates.
static Value transformBack(NodeImport &n, Complex x, int64_t axis, int64_t length) {
  Type element = elementOf(x.real);
  int64_t rows = shapeOf(x.real)[axis];
  HostTensor factors(RankedTensorType::get({rows}, element));
  for (int64_t k = 0; k < rows; ++k) {
    bool isSingle = k == 0 || 2 * k == length;
    factors.floats[static_cast<size_t>(k)] = (isSingle ? 1.0 : 2.0) / static_cast<double>(length);
  }
  Value weights = n.make<train::ConstantOp>(encode(factors));
  auto part = [&](Value value, bool sine) {
    Value scaled = n.make<train::MulOp>(value, n.broadcastAlong(weights, {axis}, shapeOf(value)));
    Value matrix = n.slice(waves(n, element, length, length, sine), 1, 0, rows);
    return applyMatrix(n, matrix, scaled, axis);
  };
  return n.make<train::SubOp>(part(x.real, false), part(x.imaginary, true));
}

static Complex split(NodeImport &n, Value x) {
  int64_t last = rankOf(x) - 1;
  Shape shape(shapeOf(x).drop_back());
  auto part = [&](int64_t i) { return n.reshape(n.slice(x, last, i, 1), shape); };
  return {part(0), shapeOf(x)[last] == 2 ? part(1) : Value()};
}

static Value join(NodeImport &n, Complex x) {
  Shape shape(shapeOf(x.real));
  shape.push_back(1);
  llvm::SmallVector<Value> parts = {n.reshape(x.real, shape), n.reshape(x.imaginary, shape)};
  return n.make<train::ConcatOp>(static_cast<int64_t>(shape.size()) - 1, parts);
}

/// Cut off or filled with zeros.
static Value withLength(NodeImport &n, Value x, int64_t axis, int64_t length) {
  int64_t own = shapeOf(x)[axis];
  if (length <= own)
    return n.slice(x, axis, 0, length);
  Shape none(rankOf(x), 0), high(rankOf(x), 0);
  high[axis] = length - own;
  return n.make<train::PadOp>(x, 0.0, none, high, none);
}

/// Frequencies of real numbers become `length` of those: [..., 1].
static LogicalResult importInverseOfReal(NodeImport &n, Value x, int64_t axis, int64_t length) {
  if (shapeOf(x).back() != 2 || length < 1)
    return n.fail("frequencies of real numbers are complex, and at least two of them");
  Complex y = split(n, withLength(n, x, axis, length / 2 + 1));
  Value real = transformBack(n, y, axis, length);
  Shape shape(shapeOf(real));
  shape.push_back(1);
  return n.set(0, n.reshape(real, shape));
}

static LogicalResult importDFT(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 2)))
    return failure();
  Value x = n.input(0);
  double given = static_cast<double>(n.integer("axis", 1)); // an attribute until opset 19
  if (n.opset >= 20)
    given = -2;
  if (n.has(2)) {
    auto input = n.number(2, "the axis");
    if (failed(input))
      return failure();
    given = *input;
  }
  auto axis = n.axis(static_cast<int64_t>(given), rankOf(x));
  if (failed(axis))
    return failure();
  int64_t length = shapeOf(x)[*axis];
  if (n.has(1)) {
    auto input = n.number(1, "the length");
    if (failed(input))
      return failure();
    length = static_cast<int64_t>(*input);
  }
  constexpr int64_t longest = 1 << 14;
  bool onesided = n.integer("onesided", 0) != 0, inverse = n.integer("inverse", 0) != 0;
  if (*axis == rankOf(x) - 1 || shapeOf(x).back() > 2 || length < 1 || length > longest)
    return n.fail("a transform of this kind or length is not supported");
  if (onesided && inverse)
    return importInverseOfReal(n, x, *axis, n.has(1) ? length : 2 * (length - 1));
  Complex y = transform(n, split(n, withLength(n, x, *axis, length)), *axis,
                        onesided ? length / 2 + 1 : length, inverse);
  return n.set(0, join(n, y));
}

/// Transforms of overlapping frames: [B, frames, frequencies, 2].
static LogicalResult importSTFT(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 2, 3)))
    return failure();
  Value x = n.input(0);
  auto step = n.number(1, "frame_step");
  if (failed(step))
    return failure();
  int64_t length = n.has(2) ? shapeOf(n.input(2)).back() : 0;
  if (n.has(3)) {
    auto given = n.number(3, "frame_length");
    if (failed(given))
      return failure();
    length = static_cast<int64_t>(*given);
  }
  if (rankOf(x) == 2)
    x = n.reshape(x, {shapeOf(x)[0], shapeOf(x)[1], 1});
  auto stride = static_cast<int64_t>(*step);
  if (stride < 1 || length < 1 || length > shapeOf(x)[1])
    return n.fail("its frames do not fit the signal");
  int64_t frames = (shapeOf(x)[1] - length) / stride + 1;
  Shape indices;
  for (int64_t i = 0; i < frames * length; ++i)
    indices.push_back(i / length * stride + i % length);
  Value framed = n.reshape(pick(n, x, 1, indices), {shapeOf(x)[0], frames, length, shapeOf(x)[2]});
  if (n.has(2)) {
    Value window = n.input(2);
    if (rankOf(window) != 1 || shapeOf(window)[0] != length ||
        elementOf(window) != elementOf(framed))
      return n.set(0, {});
    framed = n.make<train::MulOp>(framed, n.broadcastAlong(window, {2}, shapeOf(framed)));
  }
  bool onesided = n.integer("onesided", 1) != 0;
  Complex y = transform(n, split(n, framed), 2, onesided ? length / 2 + 1 : length, false);
  return n.set(0, join(n, y));
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// a - b cos(2 pi i / n) + c cos(4 pi i / n).
template <int a, int b, int c, int of> static LogicalResult importWindow(NodeImport &n) {
  auto size = n.number(0, "its size");
  if (failed(size))
    return failure();
  auto type = static_cast<DataType>(n.integer("output_datatype", 1));
  Type element = elementType(type, n.b.getContext());
  if (!element || !isa<FloatType>(element) || *size < 0 ||
      *size > static_cast<double>(maxHostElements))
    return n.fail("a window of this size or type is not supported");
  auto count = static_cast<int64_t>(*size);
  auto period = static_cast<double>(n.integer("periodic", 1) ? count : count - 1);
  HostTensor host(RankedTensorType::get({count}, element));
  for (int64_t i = 0; i < count; ++i) {
    double angle = 2 * std::numbers::pi * static_cast<double>(i) / period;
    double value = (a - b * std::cos(angle) + c * std::cos(2 * angle)) / of;
    host.floats[static_cast<size_t>(i)] = value;
  }
  return n.set(0, n.make<train::ConstantOp>(encode(host)));
}

//===----------------------------------------------------------------------===//
// Mel bands
//===----------------------------------------------------------------------===//

/// The spectrum's bins at which bands begin, peak and end: band i from edge i over i + 1
/// to i + 2. Edges are equally spaced on the mel scale.
static Shape melEdges(int64_t bands, int64_t length, double rate, double low, double high) {
  auto melOf = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  auto hertzOf = [](double mel) { return 700 * (std::pow(10, mel / 2595) - 1); };
  double first = melOf(low), step = (melOf(high) - first) / static_cast<double>(bands + 2);
  Shape edges;
  for (int64_t i = 0; i < bands + 2; ++i) {
    double hertz = hertzOf(first + static_cast<double>(i) * step);
    edges.push_back(static_cast<int64_t>(std::floor((length + 1) * hertz / rate)));
  }
  return edges;
}

/// A triangle of height 1 at `peak`.
static double bandWeight(int64_t bin, int64_t begin, int64_t peak, int64_t end) {
  if (bin == peak)
    return 1;
  if (bin < begin || bin > end)
    return 0;
  return bin < peak ? static_cast<double>(bin - begin) / static_cast<double>(peak - begin)
                    : static_cast<double>(end - bin) / static_cast<double>(end - peak);
}

/// [bins of the spectrum, bands]: what turns a spectrum into one of mel bands.
static LogicalResult importMelWeightMatrix(NodeImport &n) {
  static constexpr llvm::StringRef names[] = {"the number of bands", "the transform's length",
                                              "the sample rate", "the lowest frequency",
                                              "the highest frequency"};
  double given[5];
  for (auto [i, name] : llvm::enumerate(names)) {
    auto number = n.number(static_cast<unsigned>(i), name);
    if (failed(number))
      return failure();
    given[i] = *number;
  }
  auto [numBands, length, rate, low, high] = given;
  auto type = static_cast<DataType>(n.integer("output_datatype", 1));
  Type element = elementType(type, n.b.getContext());
  constexpr double most = 1 << 20;
  if (!(numBands >= 1 && numBands < most && length >= 1 && length < most && rate > 0 && low >= 0 &&
        high >= low) ||
      !element || !isa<FloatType>(element))
    return n.fail("its numbers describe no bands of a spectrum");
  auto bands = static_cast<int64_t>(numBands), bins = static_cast<int64_t>(length) / 2 + 1;
  Shape edges = melEdges(bands, static_cast<int64_t>(length), rate, low, high);
  if (edges.back() > bins || bands * bins > maxHostElements)
    return n.fail("its highest frequency lies beyond the spectrum");
  HostTensor host(RankedTensorType::get({bins, bands}, element));
  for (int64_t bin = 0; bin < bins; ++bin)
    for (int64_t i = 0; i < bands; ++i)
      host.floats[static_cast<size_t>(bin * bands + i)] =
          bandWeight(bin, edges[i], edges[i + 1], edges[i + 2]);
  return n.set(0, n.make<train::ConstantOp>(encode(host)));
}

//===----------------------------------------------------------------------===//
// Overlapping blocks
//===----------------------------------------------------------------------===//

/// Columns [N, C blocks, L] added where they lie in the image: the transpose of
/// cutting it into blocks.
static LogicalResult importCol2Im(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 3, 3)))
    return failure();
  auto image = n.integers(1, "image_shape"), block = n.integers(2, "block_shape");
  if (failed(image) || failed(block))
    return failure();
  Value x = n.input(0);
  size_t rank = image->size();
  Shape strides = n.integers("strides").value_or(Shape(rank, 1));
  Shape dilations = n.integers("dilations").value_or(Shape(rank, 1));
  Shape pads = n.integers("pads").value_or(Shape(2 * rank, 0));
  if (block->size() != rank || strides.size() != rank || dilations.size() != rank ||
      pads.size() != 2 * rank)
    return n.fail("its attributes need one value per dimension of the image");
  Shape padded, counts; // of the image with its padding; blocks per dimension
  for (size_t d = 0; d < rank; ++d) {
    padded.push_back((*image)[d] + pads[d] + pads[d + rank]);
    int64_t room = padded[d] - dilations[d] * ((*block)[d] - 1) - 1;
    if (room < 0 || strides[d] < 1 || pads[d] < 0 || pads[d + rank] < 0)
      return n.fail("its blocks do not fit the image");
    counts.push_back(room / strides[d] + 1);
  }
  auto places = productOf(*block), columns = productOf(counts), total = productOf(padded);
  if (!places || *places == 0 || !columns || *columns != shapeOf(x)[2] || !total ||
      shapeOf(x)[1] % *places != 0)
    return n.set(0, {});
  Shape indices;
  for (int64_t p = 0; p < *places; ++p)
    for (int64_t l = 0; l < *columns; ++l) {
      int64_t inBlock = p, column = l, index = 0, stride = 1;
      for (size_t d = rank; d-- > 0;) {
        index += stride * (column % counts[d] * strides[d] + inBlock % (*block)[d] * dilations[d]);
        column /= counts[d];
        inBlock /= (*block)[d];
        stride *= padded[d];
      }
      indices.push_back(index);
    }
  int64_t channels = shapeOf(x)[1] / *places;
  Value updates = n.reshape(x, {shapeOf(x)[0] * channels, *places * *columns});
  auto type = RankedTensorType::get({shapeOf(x)[0] * channels, *total}, elementOf(x));
  Value sum = n.make<train::ScatterAddOp>(type, updates, n.ints(indices), 1);
  Shape shape{shapeOf(x)[0], channels};
  llvm::append_range(shape, padded);
  Value y = n.reshape(sum, shape);
  for (size_t d = 0; d < rank; ++d)
    y = n.slice(y, static_cast<int64_t>(d) + 2, pads[d], (*image)[d]);
  return n.set(0, y);
}

void populateSignal(Registry &registry) {
  registry.add("BlackmanWindow", 17, inputs(1), importWindow<42, 50, 8, 100>);
  registry.add("Col2Im", 18, inputs(3), importCol2Im);
  registry.add("DFT", 17, inputs(1, 3), importDFT).ignores({"axis"});
  registry.add("HammingWindow", 17, inputs(1), importWindow<25, 21, 0, 46>);
  registry.add("HannWindow", 17, inputs(1), importWindow<1, 1, 0, 2>);
  registry.add("MelWeightMatrix", 17, inputs(5), importMelWeightMatrix);
  registry.add("STFT", 17, inputs(2, 4), importSTFT);
}

} // namespace dsc::onnx
