//===- Shape.cpp - Moving elements without computing on them --------------===//

#include "../NodeImport.h"

using namespace mlir;

namespace dsc::onnx {

/// Axes, sizes and the like were an attribute in old opsets and are an input now.
static llvm::FailureOr<std::optional<Shape>> listArgument(NodeImport &n, unsigned input,
                                                          llvm::StringRef name) {
  if (std::optional<Shape> given = n.integers(name))
    return given;
  if (!n.has(input))
    return std::optional<Shape>();
  llvm::FailureOr<Shape> values = n.integers(input, name);
  if (failed(values))
    return failure();
  return std::optional<Shape>(*values);
}

//===----------------------------------------------------------------------===//
// Same elements, another shape
//===----------------------------------------------------------------------===//

/// ONNX's target shape: -1 is inferred, 0 copies the input's size (unless allowzero).
static llvm::FailureOr<Shape> resolveTarget(NodeImport &n, llvm::ArrayRef<int64_t> input,
                                            llvm::ArrayRef<int64_t> target) {
  Shape shape(target);
  int64_t inferred = -1;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 0 && !n.integer("allowzero", 0)) {
      if (d >= input.size())
        return n.fail("its target shape copies dimension " + llvm::Twine(d) +
                      " of an input that has none");
      shape[d] = input[d];
    }
    if (shape[d] < -1 || (shape[d] == -1 && inferred >= 0))
      return n.fail("its target shape is not a shape");
    if (shape[d] == -1)
      inferred = static_cast<int64_t>(d);
  }
  auto total = productOf(input);
  if (inferred >= 0) {
    shape[inferred] = 1;
    auto rest = productOf(shape);
    if (!total || !rest || *rest == 0 || *total % *rest != 0)
      return n.failToFit("no size for -1 in its target shape fits its input");
    shape[inferred] = *total / *rest;
  }
  if (productOf(shape) != total)
    return n.failToFit("its target shape has another number of elements than its input, " +
                       describe(n.input(0)));
  return shape;
}

static LogicalResult importReshape(NodeImport &n) {
  auto target = n.integers(1, "its target shape");
  if (failed(target))
    return failure();
  Value x = n.input(0);
  if (auto changed = n.rebatchReshape(x, *target))
    return n.set(0, n.reshape(x, *changed));
  auto shape = resolveTarget(n, shapeOf(x), *target);
  if (failed(shape))
    return failure();
  return n.set(0, n.reshape(x, *shape));
}

static LogicalResult importFlatten(NodeImport &n) {
  Value x = n.input(0);
  auto axis = n.axis(n.integer("axis", 1), rankOf(x), /*orEnd=*/true);
  if (failed(axis))
    return failure();
  auto outer = productOf(shapeOf(x).take_front(*axis));
  auto inner = productOf(shapeOf(x).drop_front(*axis));
  return n.set(0, n.reshape(x, {*outer, *inner}));
}

static LogicalResult importSqueeze(NodeImport &n) {
  Value x = n.input(0);
  auto given = listArgument(n, 1, "axes");
  if (failed(given))
    return failure();
  auto dims = n.axes(given->value_or(Shape()), rankOf(x));
  if (failed(dims))
    return failure();
  Shape shape;
  for (auto [d, size] : llvm::enumerate(shapeOf(x))) {
    bool named = llvm::is_contained(*dims, static_cast<int64_t>(d));
    if (named && size != 1)
      return n.fail("dimension " + llvm::Twine(d) + " has size " + llvm::Twine(size) +
                    ", expected 1");
    if (!named && (*given || size != 1))
      shape.push_back(size);
  }
  return n.set(0, n.reshape(x, shape));
}

static LogicalResult importUnsqueeze(NodeImport &n) {
  Value x = n.input(0);
  auto given = listArgument(n, 1, "axes");
  if (failed(given))
    return failure();
  if (!*given)
    return n.fail("has no axes");
  int64_t rank = rankOf(x) + static_cast<int64_t>((*given)->size());
  if (failed(n.expectRankOfResult(rank)))
    return failure();
  auto dims = n.axes(**given, rank);
  if (failed(dims))
    return failure();
  Shape shape;
  llvm::ArrayRef<int64_t> rest = shapeOf(x);
  for (int64_t d = 0; d < rank; ++d) {
    bool isNew = llvm::is_contained(*dims, d);
    shape.push_back(isNew ? 1 : rest.front());
    rest = rest.drop_front(isNew ? 0 : 1);
  }
  return n.set(0, n.reshape(x, shape));
}

static LogicalResult importTranspose(NodeImport &n) {
  Value x = n.input(0);
  Shape reversed = iotaShape(rankOf(x));
  std::reverse(reversed.begin(), reversed.end());
  Shape permutation = n.integers("perm").value_or(reversed);
  Shape sorted(permutation);
  llvm::sort(sorted);
  if (sorted != iotaShape(rankOf(x)))
    return n.fail("attribute 'perm' is not a permutation of the input's dimensions");
  return n.set(0, n.transpose(x, permutation));
}

/// Blocks of the channel dimension become squares of pixels: [N, C, H, W] with
/// C = b b C' to [N, C', H b, W b].
static LogicalResult importDepthToSpace(NodeImport &n) {
  if (failed(n.expectRank(0, 4, 4)))
    return failure();
  Value x = n.input(0);
  int64_t b = n.integer("blocksize", 0);
  llvm::ArrayRef<int64_t> s = shapeOf(x);
  if (b < 1 || b > s[1] || s[1] % (b * b) != 0)
    return n.fail("attribute 'blocksize' does not divide the channels");
  int64_t c = s[1] / (b * b);
  bool crd = n.string("mode", "DCR") == "CRD";
  Value blocks =
      crd ? n.reshape(x, {s[0], c, b, b, s[2], s[3]}) : n.reshape(x, {s[0], b, b, c, s[2], s[3]});
  Value moved = n.transpose(blocks, crd ? llvm::ArrayRef<int64_t>{0, 1, 4, 2, 5, 3}
                                        : llvm::ArrayRef<int64_t>{0, 3, 4, 1, 5, 2});
  return n.set(0, n.reshape(moved, {s[0], c, s[2] * b, s[3] * b}));
}

static LogicalResult importSpaceToDepth(NodeImport &n) {
  if (failed(n.expectRank(0, 4, 4)))
    return failure();
  Value x = n.input(0);
  int64_t b = n.integer("blocksize", 0);
  llvm::ArrayRef<int64_t> s = shapeOf(x);
  if (b < 1 || s[2] % b != 0 || s[3] % b != 0)
    return n.fail("attribute 'blocksize' does not divide the image");
  Value blocks = n.reshape(x, {s[0], s[1], s[2] / b, b, s[3] / b, b});
  bool crd = n.string("mode", "DCR") == "CRD";
  Value moved = n.transpose(blocks, crd ? llvm::ArrayRef<int64_t>{0, 1, 3, 5, 2, 4}
                                        : llvm::ArrayRef<int64_t>{0, 3, 5, 1, 2, 4});
  return n.set(0, n.reshape(moved, {s[0], s[1] * b * b, s[2] / b, s[3] / b}));
}

//===----------------------------------------------------------------------===//
// Parts and wholes
//===----------------------------------------------------------------------===//

/// Parts grown to each other's batch, which is not along the axis.
static void growParts(NodeImport &n, llvm::MutableArrayRef<Value> parts, int64_t axis) {
  for (Value &part : parts)
    for (Value other : parts) {
      Shape shape(shapeOf(other));
      if (rankOf(other) != rankOf(part) || axis >= rankOf(part))
        continue; // Refused below.
      shape[axis] = shapeOf(part)[axis];
      part = n.grown(part, shape);
    }
}

static LogicalResult importConcat(NodeImport &n) {
  llvm::SmallVector<Value> parts = n.allInputs();
  if (parts.empty())
    return n.fail("has no inputs");
  auto axis = n.axis("axis", 0, rankOf(parts.front()));
  if (failed(axis))
    return failure();
  growParts(n, parts, *axis);
  Shape expected(shapeOf(parts.front()));
  for (Value part : parts) {
    Shape shape(shapeOf(part));
    if (shape.size() != expected.size() || elementOf(part) != elementOf(parts.front()))
      return n.set(0, {});
    shape[*axis] = expected[*axis];
    if (shape != expected)
      return n.set(0, {});
  }
  return n.set(0, parts.size() == 1 ? parts.front() : n.make<train::ConcatOp>(*axis, parts));
}

/// Sizes along the axis: given, or `count` equal ones of which the last may be less.
static llvm::FailureOr<Shape> splitSizes(NodeImport &n, int64_t total) {
  auto given = listArgument(n, 1, "split");
  if (failed(given))
    return failure();
  if (*given)
    return **given;
  auto count = static_cast<int64_t>(n.node.outputs.size());
  if (n.opset < 18 && total % count != 0)
    return n.fail("cannot split a dimension of " + llvm::Twine(total) + " into " +
                  llvm::Twine(count) + " equal parts; give their sizes");
  int64_t part = (total + count - 1) / count;
  Shape sizes;
  for (int64_t rest = total; static_cast<int64_t>(sizes.size()) < count; rest -= part)
    sizes.push_back(std::clamp<int64_t>(rest, 0, part));
  return sizes;
}

static LogicalResult importSplit(NodeImport &n) {
  Value x = n.input(0);
  auto axis = n.axis("axis", 0, rankOf(x));
  if (failed(axis))
    return failure();
  auto sizes = splitSizes(n, shapeOf(x)[*axis]);
  if (failed(sizes))
    return failure();
  int64_t start = 0;
  for (auto [i, size] : llvm::enumerate(*sizes)) {
    if (size < 0 || size > shapeOf(x)[*axis] - start)
      return n.fail("its parts do not fit into a dimension of " + llvm::Twine(shapeOf(x)[*axis]));
    if (failed(n.set(i, n.slice(x, *axis, start, size))))
      return failure();
    start += size;
  }
  if (start != shapeOf(x)[*axis])
    return n.fail("its parts add up to " + llvm::Twine(start) + ", but the dimension is " +
                  llvm::Twine(shapeOf(x)[*axis]));
  if (sizes->size() != n.node.outputs.size())
    return n.fail("has " + llvm::Twine(n.node.outputs.size()) +
                  " outputs, expected one per part, " + llvm::Twine(sizes->size()));
  return success();
}

/// Elements of one dimension chosen by known indices.
static Value pick(NodeImport &n, Value x, int64_t axis, llvm::ArrayRef<int64_t> indices) {
  return n.make<train::TakeOp>(x, n.ints(indices), axis);
}

static Value sliceAxis(NodeImport &n, Value x, int64_t axis, int64_t start, int64_t end,
                       int64_t step) {
  int64_t size = shapeOf(x)[axis];
  auto fromEnd = [&](int64_t value) { return value < 0 ? value + size : value; };
  if (step > 0) {
    start = std::clamp<int64_t>(fromEnd(start), 0, size);
    end = std::clamp<int64_t>(fromEnd(end), 0, size);
    int64_t count = end > start ? (end - start - 1) / step + 1 : 0;
    return n.slice(x, axis, count ? start : 0, count, count > 1 ? step : 1);
  }
  start = std::clamp<int64_t>(fromEnd(start), -1, size - 1);
  end = std::clamp<int64_t>(fromEnd(end), -1, size - 1);
  Shape indices;
  for (int64_t i = start; i > end; i += step)
    indices.push_back(i);
  return pick(n, x, axis, indices);
}

static LogicalResult importSlice(NodeImport &n) {
  auto startList = listArgument(n, 1, "starts"), endList = listArgument(n, 2, "ends");
  if (failed(startList) || failed(endList))
    return failure();
  if (!*startList || !*endList)
    return n.fail("has no starts or no ends");
  const Shape *starts = &**startList, *ends = &**endList;
  Value x = n.input(0);
  Shape axes = n.integers("axes").value_or(iotaShape(starts->size())); // until opset 9
  Shape steps(starts->size(), 1);
  if (n.has(3)) {
    auto given = n.integers(3, "axes");
    if (failed(given))
      return failure();
    axes = *given;
  }
  if (n.has(4)) {
    auto given = n.integers(4, "steps");
    if (failed(given))
      return failure();
    steps = *given;
  }
  if (ends->size() != starts->size() || axes.size() != starts->size() ||
      steps.size() != starts->size())
    return n.fail("starts, ends, axes and steps have different lengths");
  for (auto [start, end, axis, step] : llvm::zip(*starts, *ends, axes, steps)) {
    auto dim = n.axis(axis, rankOf(x));
    if (failed(dim))
      return failure();
    if (step == 0 || step == std::numeric_limits<int64_t>::min())
      return n.fail("a step of " + llvm::Twine(step) + " leads nowhere");
    x = sliceAxis(n, x, *dim, start, end, step);
  }
  return n.set(0, x);
}

//===----------------------------------------------------------------------===//
// Repetition and padding
//===----------------------------------------------------------------------===//

static LogicalResult importExpand(NodeImport &n) {
  auto target = n.integers(1, "its target shape");
  if (failed(target))
    return failure();
  if (!productOf(*target))
    return n.fail("its target shape is not a shape");
  Shape wanted = n.rebatch(*target).value_or(*target);
  Value x = n.grown(n.input(0), wanted);
  auto shape = broadcastShapes(shapeOf(x), wanted);
  return n.set(0, shape ? n.broadcast(x, *shape) : Value());
}

/// [a, b] repeated (r, s) times is [1, a, 1, b] broadcast to [r, a, s, b].
static LogicalResult importTile(NodeImport &n) {
  auto repeats = n.integers(1, "repeats");
  if (failed(repeats))
    return failure();
  Value x = n.input(0);
  if (static_cast<int64_t>(repeats->size()) != rankOf(x) || !productOf(*repeats))
    return n.fail("repeats needs one count per dimension, none below 0, and a product that is a "
                  "number of elements");
  if (auto changed = n.rebatch(*repeats))
    for (auto [count, size, whole] : llvm::zip_equal(*repeats, shapeOf(x), *changed))
      count = size > 0 && whole % size == 0 ? whole / size : count;
  Shape wide, dims, result;
  for (auto [count, size] : llvm::zip(*repeats, shapeOf(x))) {
    wide.append({count, size});
    dims.push_back(static_cast<int64_t>(wide.size()) - 1);
    result.push_back(count * size);
  }
  if (!productOf(result))
    return n.fail("its result is larger than any memory");
  if (result == shapeOf(x))
    return n.set(0, x);
  return n.set(0, n.reshape(n.broadcastAlong(x, dims, wide), result));
}

/// The source of element i of a padded dimension, for modes that copy elements.
static int64_t paddingSource(llvm::StringRef mode, int64_t i, int64_t size) {
  if (mode == "edge")
    return std::clamp<int64_t>(i, 0, size - 1);
  if (mode == "wrap")
    return ((i % size) + size) % size;
  int64_t period = std::max<int64_t>(1, 2 * (size - 1)); // reflect
  int64_t place = ((i % period) + period) % period;
  return place < size ? place : period - place;
}

static LogicalResult padByCopies(NodeImport &n, Value x, llvm::StringRef mode,
                                 llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high) {
  for (int64_t d = 0; d < rankOf(x); ++d) {
    int64_t size = shapeOf(x)[d];
    if ((low[d] == 0 && high[d] == 0) || size == 0)
      continue;
    Shape indices;
    for (int64_t i = -low[d]; i < size + high[d]; ++i)
      indices.push_back(paddingSource(mode, i, size));
    x = pick(n, x, d, indices);
  }
  return n.set(0, x);
}

/// Padding per dimension; it may be negative.
static LogicalResult readPads(NodeImport &n, Value x, Shape &low, Shape &high) {
  auto pads = listArgument(n, 1, "pads");
  if (failed(pads))
    return failure();
  if (!*pads)
    return n.fail("has no pads");
  Shape axes = iotaShape(rankOf(x));
  if (n.has(3)) {
    auto given = n.integers(3, "axes");
    if (failed(given))
      return failure();
    axes = *given;
  }
  if ((*pads)->size() != 2 * axes.size())
    return n.fail("pads needs two counts per padded dimension");
  low.assign(rankOf(x), 0);
  high.assign(rankOf(x), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    auto dim = n.axis(axes[i], rankOf(x));
    if (failed(dim))
      return failure();
    low[*dim] = (**pads)[i];
    high[*dim] = (**pads)[i + axes.size()];
    constexpr int64_t most = int64_t{1} << 31;
    int64_t size = shapeOf(x)[*dim];
    if (std::abs(low[*dim]) > most || std::abs(high[*dim]) > most ||
        size + std::min<int64_t>(low[*dim], 0) + std::min<int64_t>(high[*dim], 0) < 0)
      return n.fail("pads do not fit dimension " + llvm::Twine(*dim));
  }
  return success();
}

static LogicalResult importPad(NodeImport &n) {
  Value x = n.input(0);
  Shape low, high;
  if (failed(readPads(n, x, low, high)))
    return failure();
  for (int64_t d = 0; d < rankOf(x); ++d) { // Negative padding cuts off.
    int64_t front = std::max<int64_t>(0, -low[d]), back = std::max<int64_t>(0, -high[d]);
    x = n.slice(x, d, front, shapeOf(x)[d] - front - back);
    low[d] = std::max<int64_t>(0, low[d]);
    high[d] = std::max<int64_t>(0, high[d]);
  }
  llvm::StringRef mode = n.string("mode", "constant");
  if (mode != "constant")
    return padByCopies(n, x, mode, low, high);
  double value = n.number("value", 0); // until opset 10
  if (n.has(2)) {
    auto given = n.number(2, "the padding value");
    if (failed(given))
      return failure();
    value = *given;
  }
  Shape interior(rankOf(x), 0);
  return n.set(0, n.make<train::PadOp>(x, value, low, high, interior));
}

//===----------------------------------------------------------------------===//
// Shapes as values, and index patterns
//===----------------------------------------------------------------------===//

static LogicalResult importShape(NodeImport &n) {
  int64_t rank = rankOf(n.input(0));
  auto bound = [&](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  int64_t start = bound(n.integer("start", 0));
  int64_t end = std::max(start, bound(n.integer("end", rank)));
  return n.set(0, n.ints(shapeOf(n.input(0)).slice(start, end - start)));
}

static LogicalResult importSize(NodeImport &n) {
  auto type = RankedTensorType::get({}, n.b.getI64Type());
  int64_t size = tensorType(n.input(0)).getNumElements();
  return n.set(0, n.make<train::ConstantOp>(DenseElementsAttr::get(type, size)));
}

/// start + i delta for as long as that is before the limit.
static LogicalResult importRange(NodeImport &n) {
  auto start = n.number(0, "start"), limit = n.number(1, "limit"), delta = n.number(2, "delta");
  if (failed(start) || failed(limit) || failed(delta))
    return failure();
  double count = std::max(0.0, std::ceil((*limit - *start) / *delta));
  if (*delta == 0 || !(count < static_cast<double>(int64_t{1} << 40)))
    return n.fail("its range has no end");
  Type element = elementOf(n.input(0));
  Value index =
      n.make<train::IotaOp>(RankedTensorType::get({static_cast<int64_t>(count)}, element), 0);
  Value scaled = *delta == 1 ? index : n.make<train::MulOp>(index, n.like(index, *delta));
  return n.set(0, *start == 0 ? scaled : n.make<train::AddOp>(scaled, n.like(index, *start)));
}

/// column - row of the last two dimensions, as far as x has them.
static Value diagonalOf(NodeImport &n, llvm::ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, n.b.getI64Type());
  auto rank = static_cast<int64_t>(shape.size());
  return n.make<train::SubOp>(n.make<train::IotaOp>(type, rank - 1),
                              n.make<train::IotaOp>(type, rank - 2));
}

static LogicalResult importTrilu(NodeImport &n) {
  if (failed(n.expectRank(0, 2)))
    return failure();
  Value x = n.input(0);
  double k = 0;
  if (n.has(1)) {
    auto given = n.number(1, "k");
    if (failed(given))
      return failure();
    k = *given;
  }
  bool upper = n.integer("upper", 1) != 0;
  Value diagonal = diagonalOf(n, shapeOf(x).take_back(2));
  Value keep = n.compare(upper ? train::Comparison::GE : train::Comparison::LE, diagonal,
                         n.like(diagonal, k));
  return n.set(0, n.select(keep, x, n.like(x, 0)));
}

static LogicalResult importEyeLike(NodeImport &n) {
  if (failed(n.expectRank(0, 2, 2)))
    return failure();
  Value diagonal = diagonalOf(n, shapeOf(n.input(0)));
  Value isOne = n.compare(train::Comparison::EQ, diagonal,
                          n.like(diagonal, static_cast<double>(n.integer("k", 0))));
  Type element = elementOf(n.input(0));
  if (n.hasAttribute("dtype"))
    element = elementType(static_cast<DataType>(n.integer("dtype", 0)), n.b.getContext());
  if (!element)
    return n.fail("attribute 'dtype' names a type that is not supported");
  return n.set(0, n.convert(isOne, element));
}

/// Each axis is cut to its target size in the middle, or padded at both ends.
static LogicalResult importCenterCropPad(NodeImport &n) {
  auto target = n.integers(1, "its target shape");
  if (failed(target))
    return failure();
  Value x = n.input(0);
  Shape axes = n.integers("axes").value_or(iotaShape(rankOf(x)));
  if (axes.size() != target->size())
    return n.fail("its target shape needs one size per axis");
  Shape low(rankOf(x), 0), high(rankOf(x), 0), interior(rankOf(x), 0);
  for (auto [given, size] : llvm::zip(axes, *target)) {
    auto axis = n.axis(given, rankOf(x));
    if (failed(axis))
      return failure();
    int64_t own = shapeOf(x)[*axis];
    if (size < 0 || size > (int64_t{1} << 31))
      return n.fail("its target shape is not a shape");
    if (size < own)
      x = n.slice(x, *axis, (own - size) / 2, size);
    low[*axis] = std::max<int64_t>(0, size - own) / 2;
    high[*axis] = std::max<int64_t>(0, size - own) - low[*axis];
  }
  return n.set(0, n.make<train::PadOp>(x, 0.0, low, high, interior));
}

void populateShape(Registry &registry) {
  registry.add("CenterCropPad", 18, inputs(2), importCenterCropPad);
  registry.add("Concat", 4, atLeast(1), importConcat);
  registry.add("DepthToSpace", 11, inputs(1), importDepthToSpace);
  registry.add("Expand", 8, inputs(2), importExpand);
  registry.add("EyeLike", 9, inputs(1), importEyeLike);
  registry.add("Flatten", 1, inputs(1), importFlatten);
  registry.add("Pad", 2, inputs(1, 4), importPad);
  registry.add("Range", 11, inputs(3), importRange).ignores({"stash_type"});
  registry.add("Reshape", 5, inputs(2), importReshape).ignores({"allowzero"});
  registry.add("Shape", 1, inputs(1), importShape);
  registry.add("Size", 1, inputs(1), importSize);
  registry.add("Slice", 1, inputs(1, 5), importSlice);
  registry.add("SpaceToDepth", 1, inputs(1), importSpaceToDepth);
  registry.add("Split", 2, inputs(1, 2), importSplit).ignores({"num_outputs"});
  registry.add("Squeeze", 1, inputs(1, 2), importSqueeze);
  registry.add("Tile", 6, inputs(2), importTile);
  registry.add("Transpose", 1, inputs(1), importTranspose);
  registry.add("Trilu", 14, inputs(1, 2), importTrilu);
  registry.add("Unsqueeze", 1, inputs(1, 2), importUnsqueeze);
}

} // namespace dsc::onnx
