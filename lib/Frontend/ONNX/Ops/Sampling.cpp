//===- Sampling.cpp - Convolution and pooling at computed places ----------===//
//
// Places are differentiated like those of GridSample, with whose interpolation both
// are made.
//
//===----------------------------------------------------------------------===//

#include "../Window.h"
#include "Indices.h"
#include "Neighbors.h"

#include <functional>
#include <numeric>

using namespace mlir;

namespace dsc::onnx {

static int64_t product(llvm::ArrayRef<int64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<int64_t>());
}

//===----------------------------------------------------------------------===//
// Deformable convolution
//===----------------------------------------------------------------------===//

namespace {
/// A DeformConv node: each element of the kernel reads where the regular window and an
/// offset say, times a mask; offsets and mask serve `offsetGroups` parts of the channels.
struct DeformConv {
  NodeImport &n;
  Value x, w, offsets;
  int64_t groups = 1, offsetGroups = 1;
  Window window;

  int64_t images() const { return shapeOf(x)[0] * offsetGroups; }
  llvm::ArrayRef<int64_t> sizes() const { return shapeOf(x).drop_front(2); }
  llvm::ArrayRef<int64_t> kernel() const { return shapeOf(w).drop_front(2); }
  /// Elements of the kernel, each at every place of the result.
  int64_t places() const { return product(kernel()) * product(window.result); }

  bool fits();
  Value regularPlaces(int64_t dim);
  Value columns();
  Value multiply(Value columns);
};
} // namespace

bool DeformConv::fits() {
  Shape offsetShape{shapeOf(x)[0], offsetGroups * product(kernel()) * (rankOf(x) - 2)};
  llvm::append_range(offsetShape, window.result);
  Shape maskShape(offsetShape);
  maskShape[1] = offsetGroups * product(kernel());
  return shapeOf(offsets) == llvm::ArrayRef<int64_t>(offsetShape) &&
         elementOf(offsets) == elementOf(x) &&
         (!n.has(4) || (shapeOf(n.input(4)) == llvm::ArrayRef<int64_t>(maskShape) &&
                        elementOf(n.input(4)) == elementOf(x)));
}

/// Where the window's elements stand along a dimension without offsets:
/// [kernel..., result...].
Value DeformConv::regularPlaces(int64_t dim) {
  Shape shape(kernel());
  llvm::append_range(shape, window.result);
  auto spatial = static_cast<int64_t>(kernel().size());
  Value inKernel = iota(n, shape, dim, elementOf(x));
  Value ofResult = iota(n, shape, spatial + dim, elementOf(x));
  Value start = n.add(n.mul(ofResult, static_cast<double>(window.strides[dim])),
                      -static_cast<double>(window.low[dim]));
  return n.make<train::AddOp>(n.mul(inKernel, static_cast<double>(window.dilations[dim])), start);
}

/// What the kernel is multiplied with: [images, channels, kernel x result].
Value DeformConv::columns() {
  auto spatial = static_cast<int64_t>(kernel().size());
  int64_t results = product(window.result);
  Value byElement = n.reshape(offsets, {images(), product(kernel()), spatial, results});
  llvm::SmallVector<llvm::SmallVector<Tap>> taps;
  for (int64_t d = 0; d < spatial; ++d) {
    Value offset = n.reshape(n.slice(byElement, 2, d, 1), {images(), places()});
    Value regular = n.reshape(regularPlaces(d), {1, places()});
    taps.push_back(linearTaps(n, n.binary<train::AddOp>(offset, regular), sizes()[d]));
  }
  Value parts = n.reshape(x, {images(), shapeOf(x)[1] / offsetGroups, product(sizes())});
  Value columns = sumOfNeighbors(n, parts, sizes(), taps);
  if (!n.has(4))
    return columns;
  Value mask = n.reshape(n.input(4), {images(), places()});
  return n.make<train::MulOp>(columns, n.broadcastAlong(mask, {0, 2}, shapeOf(columns)));
}

/// The product of each group's kernel with its columns, in the result's shape.
Value DeformConv::multiply(Value columns) {
  int64_t batch = shapeOf(x)[0], results = product(window.result);
  int64_t depth = shapeOf(w)[1] * product(kernel()), filters = shapeOf(w)[0] / groups;
  Value byGroup = n.reshape(columns, {batch, groups, depth, results});
  Value kernels = n.reshape(w, {groups, filters, depth});
  Shape ofKernels{0}, ofColumns{1};
  Value y = n.make<train::DotOp>(kernels, byGroup, ofKernels, ofColumns, Shape{2}, Shape{2});
  y = n.transpose(y, {2, 0, 1, 3}); // from [groups, filters, batch, results]
  Shape shape{batch, shapeOf(w)[0]};
  llvm::append_range(shape, window.result);
  return n.reshape(y, shape);
}

static LogicalResult importDeformConv(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 3)) || failed(n.expectRank(1, 3)))
    return failure();
  DeformConv conv{
      n, n.input(0), n.input(1), n.input(2), n.integer("group", 1), n.integer("offset_group", 1),
      {}};
  llvm::ArrayRef<int64_t> x = shapeOf(conv.x), w = shapeOf(conv.w);
  if (w.size() != x.size() || elementOf(conv.w) != elementOf(conv.x) || conv.groups < 1 ||
      conv.offsetGroups < 1 || w[0] % conv.groups != 0 || x[1] != w[1] * conv.groups ||
      x[1] % conv.offsetGroups != 0 || tensorType(conv.x).getNumElements() == 0)
    return n.set(0, {});
  auto window = readWindow(n, conv.sizes(), conv.kernel());
  if (failed(window))
    return failure();
  conv.window = *window;
  if (!conv.fits())
    return n.set(0, {});
  Value y = conv.multiply(conv.columns());
  if (!n.has(3))
    return n.set(0, y);
  Value bias = n.input(3);
  bool fits = shapeOf(bias) == llvm::ArrayRef<int64_t>{w[0]} && elementOf(bias) == elementOf(y);
  return n.set(0,
               fits ? n.make<train::AddOp>(y, n.broadcastAlong(bias, {1}, shapeOf(y))) : Value());
}

//===----------------------------------------------------------------------===//
// Pooling of regions
//===----------------------------------------------------------------------===//

namespace {
/// A RoiAlign node: a box of an image becomes a grid of bins, and each bin the mean or
/// the largest of `ratio` x `ratio` samples.
struct RoiAlign {
  NodeImport &n;
  Value x, boxes;
  int64_t ratio;
  double scale;
  bool halfPixel;

  int64_t numBoxes() const { return shapeOf(boxes)[0]; }
  Value corner(int64_t column);
  Value samples(int64_t start, int64_t bins);
  llvm::SmallVector<Tap> taps(Value samples, int64_t size, llvm::ArrayRef<int64_t> grid,
                              int64_t dim);
};
} // namespace

/// A corner's coordinate in elements of x: [boxes].
Value RoiAlign::corner(int64_t column) {
  Value corner = n.reshape(n.slice(boxes, 1, column, 1), {numBoxes()});
  return n.add(n.mul(corner, scale), halfPixel ? -0.5 : 0);
}

/// Where the samples lie along the dimension whose first corner is in that column:
/// [boxes, bins x ratio]. Without half pixels a box is at least one element wide.
Value RoiAlign::samples(int64_t start, int64_t bins) {
  Value first = corner(start), extent = n.make<train::SubOp>(corner(start + 2), first);
  if (!halfPixel)
    extent = n.make<train::MaxOp>(extent, n.like(extent, 1));
  Shape shape{numBoxes(), bins * ratio};
  Value position = n.add(iota(n, shape, 1, elementOf(x)), 0.5);
  position = n.mul(position, 1.0 / static_cast<double>(bins * ratio));
  Value inBox = n.make<train::MulOp>(position, n.broadcastAlong(extent, {0}, shape));
  return n.make<train::AddOp>(inBox, n.broadcastAlong(first, {0}, shape));
}

/// The two elements a sample lies between; up to one element around the image its edge
/// counts, and 0 further out. `grid` is [boxes, rows, columns].
llvm::SmallVector<Tap> RoiAlign::taps(Value samples, int64_t size, llvm::ArrayRef<int64_t> grid,
                                      int64_t dim) {
  auto last = static_cast<double>(size - 1);
  Value isNear =
      n.make<train::AndOp>(n.compare(train::Comparison::GE, samples, n.like(samples, -1)),
                           n.compare(train::Comparison::LE, samples, n.like(samples, last + 1)));
  Value place = n.clamp(samples, 0, last), low = n.make<train::FloorOp>(place);
  Value high = n.make<train::MinOp>(n.add(low, 1), n.like(low, last));
  Value fraction = n.make<train::SubOp>(place, low);
  Value rest = n.make<train::SubOp>(n.like(fraction, 1), fraction);
  auto everywhere = [&](Value value) {
    Value wide = n.broadcastAlong(value, {0, dim}, grid);
    return n.reshape(wide, {1, product(grid)});
  };
  return {{everywhere(low), everywhere(rest), everywhere(isNear)},
          {everywhere(high), everywhere(fraction), everywhere(isNear)}};
}

/// The samples of each bin, [channels, boxes, height, ratio, width, ratio], as one value
/// per bin.
static Value poolBins(NodeImport &n, llvm::ArrayRef<Value> neighbors, llvm::ArrayRef<int64_t> bins,
                      bool isMax) {
  Value all = neighbors.front();
  for (Value next : neighbors.drop_front())
    all = isMax ? n.make<train::MaxOp>(all, next) : n.make<train::AddOp>(all, next);
  all = n.reshape(all, bins);
  Shape inBin{3, 5};
  Value y = isMax ? n.reduce<train::ReduceMaxOp>(all, inBin, false) : n.mean(all, inBin, false);
  return n.transpose(y, {1, 0, 2, 3});
}

/// Pools the boxes (x1, y1, x2, y2) of images of x. The largest is taken of the
/// neighbors' weighted elements, not of their sums.
static LogicalResult importRoiAlign(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 4, 4)) || failed(n.expectRank(1, 2, 2)))
    return failure();
  // Opset 10 had no such attribute, and no half pixel.
  llvm::StringRef transformation =
      n.string("coordinate_transformation_mode", n.opset < 16 ? "output_half_pixel" : "half_pixel");
  RoiAlign align{n,
                 n.input(0),
                 n.input(1),
                 n.integer("sampling_ratio", 0),
                 n.number("spatial_scale", 1),
                 transformation == "half_pixel"};
  int64_t height = n.integer("output_height", 1), width = n.integer("output_width", 1);
  llvm::StringRef mode = n.string("mode", "avg");
  if ((mode != "avg" && mode != "max") ||
      (!align.halfPixel && transformation != "output_half_pixel") || height < 1 || width < 1)
    return n.fail("its mode, coordinate transformation or output size is not known");
  if (align.ratio < 1)
    return n.fail("as many samples as the boxes' sizes ask for are not supported; export it with "
                  "a sampling_ratio above 0");
  Value batch = n.input(2);
  int64_t boxes = align.numBoxes(), channels = shapeOf(align.x)[1];
  llvm::ArrayRef<int64_t> x = shapeOf(align.x);
  if (shapeOf(align.boxes)[1] != 4 || elementOf(align.boxes) != elementOf(align.x) ||
      isFloat(batch) || shapeOf(batch) != llvm::ArrayRef<int64_t>{boxes} ||
      tensorType(align.x).getNumElements() == 0 || boxes == 0)
    return n.set(0, {});
  Shape grid{boxes, height * align.ratio, width * align.ratio};
  Tap image{n.reshape(n.broadcastAlong(batch, {0}, grid), {1, product(grid)}), {}, {}};
  llvm::SmallVector<Tap> rows = align.taps(align.samples(1, height), x[2], grid, 1);
  llvm::SmallVector<Tap> columns = align.taps(align.samples(0, width), x[3], grid, 2);
  Value flat = n.reshape(n.transpose(align.x, {1, 0, 2, 3}), {1, channels, x[0] * x[2] * x[3]});
  auto neighbors = weightedNeighbors(n, flat, {x[0], x[2], x[3]}, {{image}, rows, columns});
  Shape bins{channels, boxes, height, align.ratio, width, align.ratio};
  return n.set(0, poolBins(n, neighbors, bins, mode == "max"));
}

void populateSampling(Registry &registry) {
  registry.add("DeformConv", 19, inputs(3, 5), importDeformConv).weightInputs({1, 3});
  registry.add("RoiAlign", 10, inputs(3), importRoiAlign);
}

} // namespace dsc::onnx
