//===- GridSample.cpp - Interpolation at computed places ------------------===//
//
// Places come with the data and are differentiated too: the elements around each
// place are gathered from flattened images and summed with weights that are
// functions of the place.
//
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "Neighbors.h"

#include <numeric>

using namespace mlir;

namespace dsc::onnx {

namespace {

enum class Padding { Zeros, Border, Reflection };

struct Sampler {
  NodeImport &n;
  Padding padding;
  bool alignCorners;
  llvm::StringRef mode;

  Value coordinate(Value grid, int64_t size);
  Value reflect(Value x, int64_t size);
  Value clamp(Value x, int64_t size);
  Tap tapAt(Value index, Value weight, int64_t size);
  llvm::SmallVector<Tap> taps(Value x, int64_t size);
};

} // namespace

/// From [-1, 1] to the image's elements.
Value Sampler::coordinate(Value grid, int64_t size) {
  auto length = static_cast<double>(size);
  if (alignCorners)
    return n.mul(n.add(grid, 1), (length - 1) / 2);
  return n.mul(n.add(n.mul(n.add(grid, 1), length), -1), 0.5);
}

Value Sampler::clamp(Value x, int64_t size) {
  Value low = n.make<train::MaxOp>(x, n.like(x, 0));
  return n.make<train::MinOp>(low, n.like(x, static_cast<double>(size - 1)));
}

/// Folds the line at the image's borders: a wave that rises and falls.
Value Sampler::reflect(Value x, int64_t size) {
  double low = alignCorners ? 0 : -0.5;
  double range = static_cast<double>(size) - (alignCorners ? 1 : 0);
  if (range == 0)
    return n.mul(x, 0);
  Value distance = n.make<train::AbsOp>(n.add(x, -low));
  Value phase = n.make<train::RemOp>(distance, n.like(distance, 2 * range));
  Value falling = n.make<train::SubOp>(n.like(phase, 2 * range), phase);
  Value isRising = n.compare(train::Comparison::LE, phase, n.like(phase, range));
  return n.add(n.select(isRising, phase, falling), low);
}

Tap Sampler::tapAt(Value index, Value weight, int64_t size) {
  Tap tap{index, weight, {}};
  if (padding == Padding::Zeros) {
    Value last = n.like(index, static_cast<double>(size - 1));
    tap.inside = n.make<train::AndOp>(n.compare(train::Comparison::GE, index, n.like(index, 0)),
                                      n.compare(train::Comparison::LE, index, last));
  } else if (padding == Padding::Reflection) {
    tap.index = reflect(index, size);
  }
  tap.index = clamp(tap.index, size);
  return tap;
}

/// Keys' cubic with a = -0.75, of the distance.
static Value cubicWeight(NodeImport &n, Value distance) {
  constexpr double a = -0.75;
  Value t = n.make<train::AbsOp>(distance);
  auto horner = [&](double c3, double c2, double c1, double c0) {
    Value y = n.add(n.mul(t, c3), c2);
    y = n.add(n.make<train::MulOp>(y, t), c1);
    return n.add(n.make<train::MulOp>(y, t), c0);
  };
  Value isNear = n.compare(train::Comparison::LE, t, n.like(t, 1));
  return n.select(isNear, horner(a + 2, -(a + 3), 0, 1), horner(a, -5 * a, 8 * a, -4 * a));
}

llvm::SmallVector<Tap> Sampler::taps(Value x, int64_t size) {
  if (padding == Padding::Border && mode != "cubic")
    x = clamp(x, size);
  if (padding == Padding::Reflection && mode != "cubic")
    x = reflect(x, size);
  llvm::SmallVector<Tap> taps;
  if (mode == "nearest") {
    taps.push_back(tapAt(n.make<train::RoundOp>(x), {}, size));
    return taps;
  }
  Value base = n.make<train::FloorOp>(x);
  Value fraction = n.make<train::SubOp>(x, base);
  bool isCubic = mode == "cubic";
  for (int64_t i = isCubic ? -1 : 0, end = isCubic ? 3 : 2; i < end; ++i) {
    auto offset = static_cast<double>(i);
    Value weight = fraction;
    if (isCubic)
      weight = cubicWeight(n, n.add(fraction, -offset));
    else if (i == 0)
      weight = n.make<train::SubOp>(n.like(fraction, 1), fraction);
    taps.push_back(tapAt(n.add(base, offset), weight, size));
  }
  return taps;
}

llvm::SmallVector<Value> weightedNeighbors(NodeImport &n, Value images,
                                           llvm::ArrayRef<int64_t> sizes,
                                           llvm::ArrayRef<llvm::SmallVector<Tap>> taps) {
  llvm::SmallVector<size_t> chosen(sizes.size(), 0);
  Shape flat(shapeOf(taps[0][0].index)); // [images, places]
  Shape wide{flat[0], shapeOf(images)[1], flat[1]};
  auto broadcast = [&](Value value) { return n.broadcastAlong(value, {0, 2}, wide); };
  llvm::SmallVector<Value> neighbors;
  for (bool more = true; more;) {
    Value index, weight, inside;
    for (size_t d = 0; d < sizes.size(); ++d) {
      const Tap &tap = taps[d][chosen[d]];
      Value whole = n.convert(tap.index, n.b.getI64Type());
      if (index)
        whole = n.make<train::AddOp>(n.mul(index, static_cast<double>(sizes[d])), whole);
      index = whole;
      if (tap.weight)
        weight = weight ? n.make<train::MulOp>(weight, tap.weight) : tap.weight;
      if (tap.inside)
        inside = inside ? n.make<train::AndOp>(inside, tap.inside) : tap.inside;
    }
    Value element = n.make<train::TakeAlongOp>(RankedTensorType::get(wide, elementOf(images)),
                                               images, broadcast(index), 2);
    if (weight)
      element = n.make<train::MulOp>(element, broadcast(weight));
    if (inside)
      element = n.select(broadcast(inside), element, n.like(element, 0));
    neighbors.push_back(element);
    more = false;
    for (size_t d = 0; d < sizes.size() && !more; ++d) {
      more = ++chosen[d] < taps[d].size();
      chosen[d] = more ? chosen[d] : 0;
    }
  }
  return neighbors;
}

Value sumOfNeighbors(NodeImport &n, Value images, llvm::ArrayRef<int64_t> sizes,
                     llvm::ArrayRef<llvm::SmallVector<Tap>> taps) {
  llvm::SmallVector<Value> neighbors = weightedNeighbors(n, images, sizes, taps);
  Value sum = neighbors.front();
  for (Value neighbor : llvm::drop_begin(neighbors))
    sum = n.make<train::AddOp>(sum, neighbor);
  return sum;
}

llvm::SmallVector<Tap> linearTaps(NodeImport &n, Value x, int64_t size) {
  return Sampler{n, Padding::Zeros, /*alignCorners=*/true, "linear"}.taps(x, size);
}

static std::optional<Padding> paddingOf(llvm::StringRef name) {
  if (name == "zeros")
    return Padding::Zeros;
  if (name == "border")
    return Padding::Border;
  if (name == "reflection")
    return Padding::Reflection;
  return std::nullopt;
}

/// The names of before opset 20.
static llvm::StringRef interpolation(llvm::StringRef name) {
  if (name == "bilinear")
    return "linear";
  return name == "bicubic" ? "cubic" : name;
}

static LogicalResult importGridSample(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectFloat(1)) || failed(n.expectRank(0, 3)))
    return failure();
  Value x = n.input(0), grid = n.convert(n.input(1), elementOf(n.input(0)));
  llvm::ArrayRef<int64_t> sizes = shapeOf(x).drop_front(2);
  auto spatial = static_cast<int64_t>(sizes.size());
  auto padding = paddingOf(n.string("padding_mode", "zeros"));
  llvm::StringRef mode = interpolation(n.string("mode", "linear"));
  if (!padding || !llvm::is_contained({"nearest", "linear", "cubic"}, mode))
    return n.fail("its mode or padding mode is not known");
  if (rankOf(grid) != spatial + 2 || shapeOf(grid).back() != spatial ||
      shapeOf(grid)[0] != shapeOf(x)[0] || tensorType(x).getNumElements() == 0)
    return n.set(0, {});
  Sampler sampler{n, *padding, n.integer("align_corners", 0) != 0, mode};
  int64_t elements = std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
  int64_t places = tensorType(grid).getNumElements() / (shapeOf(x)[0] * spatial);
  llvm::SmallVector<llvm::SmallVector<Tap>> taps;
  for (int64_t d = 0; d < spatial; ++d) { // The grid's last coordinate is the first dimension.
    Value component = n.slice(grid, spatial + 1, spatial - 1 - d, 1);
    component = n.reshape(component, {shapeOf(x)[0], places});
    taps.push_back(sampler.taps(sampler.coordinate(component, sizes[d]), sizes[d]));
  }
  Value images = n.reshape(x, {shapeOf(x)[0], shapeOf(x)[1], elements});
  Shape shape(shapeOf(x).take_front(2));
  llvm::append_range(shape, shapeOf(grid).slice(1, spatial));
  return n.set(0, n.reshape(sumOfNeighbors(n, images, sizes, taps), shape));
}

//===----------------------------------------------------------------------===//
// Affine grids
//===----------------------------------------------------------------------===//

/// -1 ... 1 along one dimension of the sampled image.
static Value gridLine(NodeImport &n, llvm::ArrayRef<int64_t> shape, int64_t dim, Type element,
                      bool alignCorners) {
  auto size = static_cast<double>(shape[dim]);
  Value index = iota(n, shape, dim, element);
  if (alignCorners)
    return shape[dim] == 1 ? n.like(index, 0) : n.add(n.mul(index, 2 / (size - 1)), -1);
  return n.add(n.mul(index, 2 / size), 1 / size - 1);
}

/// theta [N, d, d + 1] times the homogeneous coordinates of each element.
static LogicalResult importAffineGrid(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 3, 3)))
    return failure();
  auto size = n.integers(1, "size");
  if (failed(size))
    return failure();
  Value theta = n.input(0);
  int64_t spatial = shapeOf(theta)[1];
  if (static_cast<int64_t>(size->size()) != spatial + 2 || shapeOf(theta)[2] != spatial + 1 ||
      !productOf(*size) || *productOf(*size) == 0)
    return n.set(0, {});
  Shape sizes(size->begin() + 2, size->end()), column(sizes);
  column.push_back(1);
  llvm::SmallVector<Value> columns;
  for (int64_t d = spatial - 1; d >= 0; --d)
    columns.push_back(n.reshape(
        gridLine(n, sizes, d, elementOf(theta), n.integer("align_corners", 0) != 0), column));
  columns.push_back(n.like(columns.front(), 1));
  Value places = n.make<train::ConcatOp>(spatial, columns); // [D..., d + 1]
  llvm::ArrayRef<int64_t> none;
  Value y = n.make<train::DotOp>(theta, places, none, none, llvm::ArrayRef<int64_t>{2},
                                 llvm::ArrayRef<int64_t>{spatial});
  Shape permutation{0}; // [N, d, D...] to [N, D..., d]
  for (int64_t d = 0; d < spatial; ++d)
    permutation.push_back(d + 2);
  permutation.push_back(1);
  return n.set(0, n.transpose(y, permutation));
}

void populateGridSample(Registry &registry) {
  registry.add("AffineGrid", 20, inputs(2), importAffineGrid);
  registry.add("GridSample", 16, inputs(2), importGridSample);
}

} // namespace dsc::onnx
