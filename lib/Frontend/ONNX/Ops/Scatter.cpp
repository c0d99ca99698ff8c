//===- Scatter.cpp - Reading and writing at computed places ---------------===//
//
// All of these turn their indices into one index into a table [places, inner] and
// take or add there, so that their derivatives are those of take and scatter_add.
//
//===----------------------------------------------------------------------===//

#include "Indices.h"

#include <limits>
#include <numeric>

using namespace mlir;

namespace dsc::onnx {

Value iota(NodeImport &n, llvm::ArrayRef<int64_t> shape, int64_t dim, Type element) {
  return n.make<train::IotaOp>(
      RankedTensorType::get(shape, element ? element : Type(n.b.getI64Type())), dim);
}

Value countFromFront(NodeImport &n, Value indices, int64_t size) {
  indices = n.convert(indices, n.b.getI64Type());
  Value negative = n.compare(train::Comparison::LT, indices, n.like(indices, 0));
  return n.select(negative, n.add(indices, static_cast<double>(size)), indices);
}

Value takeInRows(NodeImport &n, Value x, Value indices) {
  Shape taken{shapeOf(x)[0], shapeOf(indices)[1], shapeOf(x)[2]};
  Value wide = n.broadcastAlong(indices, {0, 1}, taken);
  return n.make<train::TakeAlongOp>(RankedTensorType::get(taken, elementOf(x)), x, wide, 1);
}

Value pick(NodeImport &n, Value x, int64_t axis, llvm::ArrayRef<int64_t> indices) {
  auto count = static_cast<int64_t>(indices.size());
  int64_t stride = count > 1 ? indices[1] - indices[0] : 1;
  bool isSlice = count > 0 && stride > 0;
  for (int64_t i = 1; i < count; ++i)
    isSlice &= indices[i] - indices[i - 1] == stride;
  if (isSlice)
    return n.slice(x, axis, indices[0], count, stride);
  return n.make<train::TakeOp>(x, n.ints(indices), axis);
}

static int64_t product(llvm::ArrayRef<int64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<int64_t>());
}

//===----------------------------------------------------------------------===//
// Index tuples
//===----------------------------------------------------------------------===//

/// Component `d` of index tuples along the last dimension, if they were put together of single
/// ones.
static Value partOf(Value indices, int64_t d) {
  auto concat = indices.getDefiningOp<train::ConcatOp>();
  if (!concat || static_cast<int64_t>(concat.getDim()) != rankOf(indices) - 1 ||
      static_cast<int64_t>(concat.getInputs().size()) != shapeOf(indices).back())
    return {};
  return concat.getInputs()[static_cast<unsigned>(d)];
}

static Value component(NodeImport &n, Value indices, int64_t d) {
  Value part = partOf(indices, d);
  if (!part || shapeOf(part).back() != 1)
    part = n.slice(indices, rankOf(indices) - 1, d, 1);
  return n.reshape(part, shapeOf(indices).drop_back());
}

/// The place in row-major order of `sizes` that each tuple's components from `first` on name.
static Value flattenTuples(NodeImport &n, Value indices, int64_t first,
                           llvm::ArrayRef<int64_t> sizes) {
  Value flat = n.splat(RankedTensorType::get(shapeOf(indices).drop_back(), n.b.getI64Type()), 0);
  for (auto [d, size] : llvm::enumerate(sizes)) {
    Value index = component(n, indices, first + static_cast<int64_t>(d));
    auto stride = static_cast<double>(product(sizes.drop_front(d + 1)));
    flat = n.make<train::AddOp>(flat, n.mul(countFromFront(n, index, size), stride));
  }
  return flat;
}

static bool areTuples(Value indices, int64_t rank) {
  return !isFloat(indices) && rankOf(indices) >= 1 && shapeOf(indices).back() <= rank;
}

/// Component `d` of index tuples, where it is known.
static std::optional<HostTensor> knownComponent(NodeImport &n, Value indices, int64_t d) {
  auto type = RankedTensorType::get(shapeOf(indices).drop_back(), elementOf(indices));
  Value own = partOf(indices, d);
  const HostTensor *whole = n.known(indices), *part = own ? n.known(own) : nullptr;
  HostTensor result(type);
  if (part && part->size() == result.size())
    result.ints = part->ints;
  else if (!whole)
    return std::nullopt;
  auto tuple = static_cast<size_t>(shapeOf(indices).back()), first = static_cast<size_t>(d);
  for (size_t i = 0; whole && i < result.size(); ++i)
    result.ints[i] = whole->ints[i * tuple + first];
  return result;
}

/// How many leading components of index tuples say nothing but where the tuple itself stands in
/// the leading dimensions, as x[arange(batch), i] has it: these dimensions are shared with x.
static int64_t countShared(NodeImport &n, Value x, Value indices) {
  int64_t most = std::min(shapeOf(indices).back(), rankOf(indices)) - 1, inner = 1, shared = 0;
  for (int64_t size : shapeOf(indices).drop_back())
    inner *= size;
  for (; shared < most && shapeOf(x)[shared] == shapeOf(indices)[shared]; ++shared) {
    std::optional<HostTensor> host = knownComponent(n, indices, shared);
    int64_t size = shapeOf(x)[shared];
    inner /= std::max<int64_t>(size, 1);
    for (size_t i = 0; host && i < host->size(); ++i)
      if (host->ints[i] != static_cast<int64_t>(i) / inner % size)
        host.reset();
    if (!host)
      break;
  }
  return shared;
}

static LogicalResult importGatherND(NodeImport &n) {
  Value x = n.input(0), indices = n.input(1);
  int64_t batch = n.integer("batch_dims", 0), shared = 0;
  if (batch < 0 || batch >= rankOf(indices) || batch > rankOf(x) ||
      !areTuples(indices, rankOf(x) - batch) ||
      shapeOf(x).take_front(batch) != shapeOf(indices).take_front(batch))
    return n.set(0, {});
  if (batch == 0)
    batch = shared = countShared(n, x, indices);
  int64_t tuple = shapeOf(indices).back() - shared;
  llvm::ArrayRef<int64_t> sizes = shapeOf(x).slice(batch, tuple);
  llvm::ArrayRef<int64_t> behind = shapeOf(x).drop_front(batch + tuple);
  Value flat = flattenTuples(n, indices, shared, sizes);
  Shape shape(shapeOf(flat));
  llvm::append_range(shape, behind);
  if (batch == 0) {
    Shape table{product(sizes)};
    llvm::append_range(table, behind);
    return n.set(0, n.make<train::TakeOp>(n.reshape(x, table), flat, 0));
  }
  int64_t rows = product(shapeOf(x).take_front(batch)), inner = product(behind);
  int64_t count = product(shapeOf(flat).drop_front(batch));
  Value y =
      takeInRows(n, n.reshape(x, {rows, product(sizes), inner}), n.reshape(flat, {rows, count}));
  return n.set(0, n.reshape(y, shape));
}

//===----------------------------------------------------------------------===//
// Scattering
//===----------------------------------------------------------------------===//

/// Where updates go in a table: along `axis` at the place that each one's index says, or of
/// rank 1, each update with all that stands behind its first dimension to a place of the table's.
/// Along an axis, the other dimensions are each other's, so that rows of a batch stay apart.
struct Places {
  Value indices;
  int64_t axis = 0;
  bool areSlices() const { return rankOf(indices) == 1; }
};

/// Adding into zeros of `shape`, in a type of at least 32 bits.
static Value addAt(NodeImport &n, Value updates, Places places, llvm::ArrayRef<int64_t> shape) {
  Type own = elementOf(updates), element = own;
  if (own.getIntOrFloatBitWidth() < 32)
    element = isFloat(updates) ? Type(n.b.getF32Type()) : n.b.getI32Type();
  auto type = RankedTensorType::get(shape, element);
  Value wide = n.convert(updates, element);
  Value sum = places.areSlices()
                  ? n.make<train::ScatterAddOp>(type, wide, places.indices, 0)
                  : n.make<train::ScatterAddAlongOp>(type, wide, places.indices, places.axis);
  return n.convert(sum, own);
}

/// How often each element of the table is written.
static Value countAt(NodeImport &n, Value table, Places places) {
  auto ones = RankedTensorType::get(shapeOf(places.indices), n.b.getI32Type());
  Shape shape(shapeOf(table).take_front(rankOf(places.indices)));
  return n.broadcastAlong(addAt(n, n.splat(ones, 1), places, shape), iotaShape(shape.size()),
                          shapeOf(table));
}

/// The updates where there is one. ONNX leaves open which of several at one place
/// wins; here it is their mean.
static Value overwrite(NodeImport &n, Value table, Places places, Value updates) {
  Value count = countAt(n, table, places);
  Value written = n.compare(train::Comparison::GT, count, n.like(count, 0));
  Value divisor = n.make<train::MaxOp>(count, n.like(count, 1));
  Type own = elementOf(table);
  Value values = isBool(table) ? n.convert(updates, n.b.getI32Type()) : updates;
  Value sum = addAt(n, values, places, shapeOf(table));
  Value mean = n.make<train::DivOp>(sum, n.convert(divisor, elementOf(sum)));
  return n.select(written, n.convert(mean, own), table);
}

/// The table's element and all updates of its place as candidates, in a new dimension behind the
/// axis; those of other places are replaced by a value that changes nothing.
static Value candidates(NodeImport &n, Value table, Places places, Value updates,
                        Attribute neutral) {
  int64_t axis = places.axis, of = axis + 1;
  Value indices =
      n.broadcastAlong(places.indices, iotaShape(rankOf(places.indices)), shapeOf(updates));
  Shape wide(shapeOf(table)), one(shapeOf(table)), dims = iotaShape(rankOf(table) + 1);
  wide.insert(wide.begin() + of, shapeOf(updates)[axis]);
  one.insert(one.begin() + of, 1);
  dims.erase(dims.begin() + axis);
  Value isHere = n.compare(train::Comparison::EQ, iota(n, wide, axis, elementOf(indices)),
                           n.broadcastAlong(indices, dims, wide));
  Value all = n.broadcastAlong(updates, dims, wide);
  Value none = n.make<train::ConstantOp>(DenseElementsAttr::get(tensorType(all), neutral));
  llvm::SmallVector<Value> parts = {n.reshape(table, one), n.select(isHere, all, none)};
  return n.make<train::ConcatOp>(of, parts);
}

/// Infinity of floats; the least or greatest of integers, which no double holds exactly.
static Attribute extremeOf(Type element, bool isLeast) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (isa<FloatType>(element))
    return FloatAttr::get(element, isLeast ? -infinity : infinity);
  unsigned width = element.getIntOrFloatBitWidth();
  if (element.isUnsignedInteger() || width == 1)
    return IntegerAttr::get(element, isLeast ? APInt::getZero(width) : APInt::getMaxValue(width));
  return IntegerAttr::get(element, isLeast ? APInt::getSignedMinValue(width)
                                           : APInt::getSignedMaxValue(width));
}

/// Ties of the maximum share its gradient evenly, as PyTorch's scatter_reduce.
static Value reduceInto(NodeImport &n, Value table, Places places, Value updates,
                        llvm::StringRef reduction) {
  Type element = elementOf(table);
  Shape dims{places.axis + 1};
  if (reduction == "none")
    return overwrite(n, table, places, updates);
  if (reduction == "add")
    return n.make<train::AddOp>(table, addAt(n, updates, places, shapeOf(table)));
  mlir::Attribute one = isFloat(table) ? mlir::Attribute(n.b.getFloatAttr(element, 1))
                                       : n.b.getIntegerAttr(element, 1);
  if (reduction == "mul")
    return n.reshape(productAlong(n, candidates(n, table, places, updates, one), dims[0]),
                     shapeOf(table));
  if (reduction == "max")
    return n.reduce<train::ReduceMaxOp>(
        candidates(n, table, places, updates, extremeOf(element, true)), dims, false);
  return n.reduce<train::ReduceMinOp>(
      candidates(n, table, places, updates, extremeOf(element, false)), dims, false);
}

/// Whether every update of each place can be looked at: `add` and `none` need no candidates.
static bool areFew(Value table, Places places, Value updates) {
  constexpr int64_t mostCandidates = int64_t{1} << 26;
  return tensorType(table).getNumElements() <= mostCandidates / shapeOf(updates)[places.axis];
}

/// Sets the result, which has x's shape; table and updates are x and the node's in other shapes.
static LogicalResult scatter(NodeImport &n, Value x, Value table, Places places, Value updates) {
  llvm::StringRef reduction = n.string("reduction", "none");
  if (!llvm::is_contained({"none", "add", "mul", "max", "min"}, reduction))
    return n.fail("reduction '" + reduction + "' is not known");
  if (tensorType(updates).getNumElements() == 0 || tensorType(x).getNumElements() == 0)
    return n.set(0, x);
  if (reduction != "none" && reduction != "add" && !areFew(table, places, updates))
    return n.fail("reduction '" + reduction +
                  "' of so many updates into so many places is not supported");
  return n.set(0, n.reshape(reduceInto(n, table, places, updates, reduction), shapeOf(x)));
}

/// Single elements of x.
static LogicalResult scatterElements(NodeImport &n, Value x, Value places, Value updates) {
  Shape flat{tensorType(updates).getNumElements()};
  return scatter(n, x, n.reshape(x, {tensorType(x).getNumElements()}), {n.reshape(places, flat)},
                 n.reshape(updates, flat));
}

/// Whether only the axis has another size.
static bool areAlike(Value x, Value y, int64_t axis) {
  Shape ofX(shapeOf(x)), ofY(shapeOf(y));
  ofX[axis] = ofY[axis];
  return ofX == ofY;
}

namespace {
/// x[mask] = v, as exporters write it: a ScatterND of v, repeated as often as the mask holds, at
/// the places where it holds. Nobody needs to know how many these are: it is a choice between v and
/// x.
class MaskedAssignment {
public:
  explicit MaskedAssignment(NodeImport &n) : n(n) {}
  /// The value for every element of x; null if the node is another ScatterND.
  Value match(Value x);

private:
  Value findMask();
  Value findValue();
  bool fits(Value x) const;

  NodeImport &n;
  Value mask, value;
};
} // namespace

/// The node of that operator which makes the deferred value; null if it is another.
static const DeferredNode *madeBy(llvm::StringRef op, const ImportedValue &value) {
  const DeferredNode *made = value.kind == ImportedValue::Kind::Deferred ? value.deferred : nullptr;
  bool isThis = made && made->node.opType == op && isDefaultDomain(made->node.domain);
  return isThis ? made : nullptr;
}

/// Whether a Transpose of a matrix exchanges its dimensions.
static bool exchangesDims(const Node &transpose) {
  const NodeAttribute *order = transpose.attribute("perm");
  return !order || llvm::ArrayRef<int64_t>(order->ints) == llvm::ArrayRef<int64_t>{1, 0};
}

/// Of Transpose(NonZero(mask)).
Value MaskedAssignment::findMask() {
  const DeferredNode *transpose = madeBy("Transpose", *n.find(1));
  const DeferredNode *nonZero = transpose ? madeBy("NonZero", transpose->inputs[0]) : nullptr;
  bool areTuples = nonZero && exchangesDims(transpose->node);
  return areTuples ? n.tensorOf(nonZero->inputs[0]) : Value();
}

/// What the updates repeat.
Value MaskedAssignment::findValue() {
  const ImportedValue *updates = n.find(2);
  bool isStopped = n.isStopped(n.node, 2);
  if (const DeferredNode *reshape = madeBy("Reshape", *updates)) {
    updates = &reshape->inputs[0];
    isStopped |= n.isStopped(reshape->node, 0);
  }
  const DeferredNode *expand = madeBy("Expand", *updates);
  Value repeated = expand ? n.tensorOf(expand->inputs[0]) : Value();
  isStopped |= expand && n.isStopped(expand->node, 0);
  return repeated && isStopped ? n.make<train::StopGradientOp>(repeated) : repeated;
}

/// Whether the mask is the same along the last `count` dimensions.
static bool isConstantAlong(Value mask, int64_t count) {
  auto broadcast = mask.getDefiningOp<train::BroadcastOp>();
  if (!broadcast)
    return count == 0;
  Value from = broadcast.getX();
  for (auto [i, dim] : llvm::enumerate(broadcast.getDims()))
    if (dim >= rankOf(mask) - count && shapeOf(from)[i] != 1)
      return false;
  return true;
}

/// Whether each element's update follows from its place in the last dimensions: all of v goes to
/// each row of them.
bool MaskedAssignment::fits(Value x) const {
  int64_t ofMask = rankOf(mask), inside = rankOf(value) - (rankOf(x) - ofMask);
  return ofMask <= rankOf(x) && shapeOf(x).take_front(ofMask) == shapeOf(mask) &&
         elementOf(value) == elementOf(x) && rankOf(value) <= rankOf(x) &&
         shapeOf(x).take_back(rankOf(value)) == shapeOf(value) &&
         (inside <= 0 || isConstantAlong(mask, inside));
}

Value MaskedAssignment::match(Value x) {
  mask = findMask();
  value = mask ? findValue() : Value();
  if (!value || n.string("reduction", "none") != "none")
    return {};
  while (rankOf(value) > 0 && shapeOf(value)[0] == 1)
    value = n.reshape(value, shapeOf(value).drop_front());
  if (!fits(x))
    return {};
  Value holds = isBool(mask) ? mask : n.compare(train::Comparison::NE, mask, n.like(mask, 0));
  Value wide = n.broadcastAlong(holds, iotaShape(rankOf(mask)), shapeOf(x));
  return n.select(wide, n.broadcast(value, shapeOf(x)), x);
}

static LogicalResult importScatterND(NodeImport &n) {
  if (llvm::any_of(llvm::seq(3u), [&](unsigned i) { return n.isDeferred(i); })) {
    Value chosen = n.isDeferred(0) ? Value() : MaskedAssignment(n).match(n.input(0));
    return chosen ? n.set(0, chosen)
                  : n.defer("the data decides how many elements it writes, which is supported for "
                            "x[mask] = v with a v of one value, or of one row for a mask of rows; "
                            "choose with Where (torch.where, masked_fill) instead");
  }
  Value x = n.input(0), indices = n.input(1), updates = n.input(2);
  if (!areTuples(indices, rankOf(x)) || elementOf(x) != elementOf(updates))
    return n.set(0, {});
  int64_t tuple = shapeOf(indices).back(), last = rankOf(indices) - 1;
  Shape expected(shapeOf(indices).drop_back());
  llvm::append_range(expected, shapeOf(x).drop_front(tuple));
  if (shapeOf(updates) != llvm::ArrayRef<int64_t>(expected))
    return n.set(0, {});
  int64_t shared = countShared(n, x, indices);
  int64_t rows = product(shapeOf(x).take_front(shared));
  int64_t numPlaces = product(shapeOf(x).slice(shared, tuple - shared));
  int64_t count = product(shapeOf(indices).slice(shared, last - shared));
  int64_t inner = product(shapeOf(x).drop_front(tuple));
  Value flat = flattenTuples(n, indices, shared, shapeOf(x).slice(shared, tuple - shared));
  if (shared == 0)
    return scatter(n, x, n.reshape(x, {numPlaces, inner}), {n.reshape(flat, {count})},
                   n.reshape(updates, {count, inner}));
  Value wide = n.broadcastAlong(n.reshape(flat, {rows, count}), {0, 1}, {rows, count, inner});
  return scatter(n, x, n.reshape(x, {rows, numPlaces, inner}), {wide, 1},
                 n.reshape(updates, {rows, count, inner}));
}

static LogicalResult importScatterElements(NodeImport &n) {
  Value x = n.grown(n.input(0), shapeOf(n.input(1)));
  Value indices = n.grown(n.input(1), shapeOf(x)), updates = n.grown(n.input(2), shapeOf(x));
  auto axis = n.axis("axis", 0, rankOf(x));
  if (failed(axis))
    return failure();
  if (shapeOf(indices) != shapeOf(updates) || rankOf(indices) != rankOf(x) || isFloat(indices) ||
      elementOf(x) != elementOf(updates))
    return n.set(0, {});
  if (rankOf(x) > 1 && areAlike(x, indices, *axis))
    return scatter(n, x, x, {countFromFront(n, indices, shapeOf(x)[*axis]), *axis}, updates);
  Value places = n.splat(RankedTensorType::get(shapeOf(indices), n.b.getI64Type()), 0);
  for (int64_t d = 0; d < rankOf(x); ++d) {
    if (d != *axis && shapeOf(indices)[d] > shapeOf(x)[d])
      return n.set(0, {});
    Value index =
        d == *axis ? countFromFront(n, indices, shapeOf(x)[d]) : iota(n, shapeOf(indices), d);
    auto stride = static_cast<double>(product(shapeOf(x).drop_front(d + 1)));
    places = n.make<train::AddOp>(places, n.mul(index, stride));
  }
  return scatterElements(n, x, places, updates);
}

/// Writes new keys or values into a cache: update[b] at sequence positions
/// write_indices[b] ..., wrapping around in the circular mode.
static LogicalResult importTensorScatter(NodeImport &n) {
  Value cache = n.input(0), update = n.input(1);
  auto axis = n.axis("axis", -2, rankOf(cache));
  if (failed(axis))
    return failure();
  if (rankOf(update) != rankOf(cache) || elementOf(update) != elementOf(cache) || *axis == 0 ||
      !areAlike(cache, update, *axis))
    return n.set(0, {});
  int64_t size = shapeOf(cache)[*axis];
  bool isCircular = n.string("mode", "linear") == "circular";
  if (!isCircular && shapeOf(update)[*axis] > size)
    return n.set(0, {});
  Value index = iota(n, shapeOf(update), *axis);
  if (n.has(2))
    index = n.make<train::AddOp>(
        index, n.broadcastAlong(n.convert(n.input(2), n.b.getI64Type()), {0}, shapeOf(update)));
  if (isCircular)
    index = n.make<train::RemOp>(index, n.like(index, static_cast<double>(size)));
  return scatter(n, cache, cache, {index, *axis}, update);
}

/// Values go back to where a max pooling found them; the rest is 0.
static LogicalResult importMaxUnpool(NodeImport &n) {
  if (failed(n.expectRank(0, 3)) || failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0), indices = n.input(1);
  Shape kernel = n.integers("kernel_shape").value_or(Shape());
  size_t spatial = static_cast<size_t>(rankOf(x)) - 2;
  Shape strides = n.integers("strides").value_or(Shape(spatial, 1));
  Shape pads = n.integers("pads").value_or(Shape(2 * spatial, 0));
  if (kernel.size() != spatial || strides.size() != spatial || pads.size() != 2 * spatial ||
      shapeOf(indices) != shapeOf(x))
    return n.set(0, {});
  Shape shape(shapeOf(x).take_front(2));
  for (size_t d = 0; d < spatial; ++d)
    shape.push_back((shapeOf(x)[d + 2] - 1) * strides[d] + kernel[d] - pads[d] - pads[d + spatial]);
  Shape high(spatial + 2, 0), none(spatial + 2, 0); // A larger output is 0 at its ends.
  if (n.has(2)) {
    auto given = n.integers(2, "output_shape");
    if (failed(given))
      return failure();
    if (given->size() != shape.size())
      return n.fail("output_shape needs one size per dimension");
    for (size_t d = 0; d < shape.size(); ++d)
      high[d] = (*given)[d] - shape[d];
  }
  auto total = productOf(shape);
  if (!total || *total == 0 || llvm::any_of(high, [](int64_t more) { return more < 0; }))
    return n.fail("its output is smaller than the pooling windows, or empty");
  int64_t count = tensorType(x).getNumElements();
  Value zeros = n.splat(RankedTensorType::get({*total}, elementOf(x)), 0);
  Value y = overwrite(n, zeros, {n.reshape(indices, {count})}, n.reshape(x, {count}));
  y = n.reshape(y, shape);
  return n.set(0, high == none ? y : n.make<train::PadOp>(y, 0.0, none, high, none));
}

//===----------------------------------------------------------------------===//
// Choosing by known values
//===----------------------------------------------------------------------===//

static LogicalResult importCompress(NodeImport &n) {
  auto condition = n.constant(1, "the condition");
  if (failed(condition))
    return failure();
  Value x = n.input(0);
  if (!n.hasAttribute("axis"))
    x = n.reshape(x, {tensorType(x).getNumElements()});
  auto axis = n.axis("axis", 0, rankOf(x));
  if (failed(axis))
    return failure();
  Shape kept;
  for (auto [i, keep] : llvm::enumerate(condition->ints))
    if (keep && static_cast<int64_t>(i) < shapeOf(x)[*axis])
      kept.push_back(static_cast<int64_t>(i));
  if (kept.empty())
    return n.set(0, n.slice(x, *axis, 0, 0));
  return n.set(0, pick(n, x, *axis, kept));
}

/// [rank, count]: how many there are has to be known, and thus the input.
static LogicalResult importNonZero(NodeImport &n) {
  auto x = n.constant(0, "its result is as long as its values say; choose elements with Where "
                         "(torch.where, masked_fill) instead of by their indices: its input");
  if (failed(x))
    return failure();
  std::vector<Shape> found;
  for (int64_t i = 0; i < x->type.getNumElements(); ++i) {
    if (x->number(i) == 0)
      continue;
    Shape index(x->shape().size());
    int64_t rest = i;
    for (size_t d = index.size(); d-- > 0; rest /= x->shape()[d])
      index[d] = rest % x->shape()[d];
    found.push_back(index);
  }
  auto rank = static_cast<int64_t>(x->shape().size());
  auto count = static_cast<int64_t>(found.size());
  HostTensor y(RankedTensorType::get({rank, count}, n.b.getI64Type()));
  for (int64_t i = 0; i < count; ++i)
    for (int64_t d = 0; d < rank; ++d)
      y.ints[d * count + i] = found[i][d];
  return n.set(0, n.make<train::ConstantOp>(encode(y)));
}

/// The first lens[b] steps of each sequence in reverse order.
static LogicalResult importReverseSequence(NodeImport &n) {
  if (failed(n.expectRank(0, 2)))
    return failure();
  Value x = n.input(0);
  auto batch = n.axis("batch_axis", 1, rankOf(x)), time = n.axis("time_axis", 0, rankOf(x));
  if (failed(batch) || failed(time))
    return failure();
  if (rankOf(n.input(1)) != 1 || shapeOf(n.input(1))[0] != shapeOf(x)[*batch])
    return n.set(0, {});
  Value step = iota(n, shapeOf(x), *time);
  Value length = n.broadcastAlong(n.convert(n.input(1), n.b.getI64Type()), {*batch}, shapeOf(x));
  Value reversed = n.make<train::SubOp>(n.add(length, -1), step);
  Value source = n.select(n.compare(train::Comparison::LT, step, length), reversed, step);
  return n.set(0, n.make<train::TakeAlongOp>(x.getType(), x, source, *time));
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

/// How many elements of its row come before each: larger ones (or smaller), and equal
/// ones with a lower index.
static Value ranksInRow(NodeImport &n, Value x, bool largest) {
  int64_t last = rankOf(x) - 1, size = shapeOf(x)[last];
  Shape wide(shapeOf(x)), ofOther;
  wide.push_back(size);
  for (int64_t d = 0; d < last; ++d)
    ofOther.push_back(d);
  ofOther.push_back(last + 1);
  Value own = n.broadcastAlong(x, iotaShape(last + 1), wide);
  Value other = n.broadcastAlong(x, ofOther, wide);
  auto before = largest ? train::Comparison::GT : train::Comparison::LT;
  Value isLower = n.compare(train::Comparison::LT, iota(n, wide, last + 1, n.b.getI32Type()),
                            iota(n, wide, last, n.b.getI32Type()));
  Value precedes = n.make<train::OrOp>(
      n.compare(before, other, own),
      n.make<train::AndOp>(n.compare(train::Comparison::EQ, other, own), isLower));
  Shape dims{last + 1};
  return n.reduce<train::ReduceSumOp>(n.convert(precedes, n.b.getI32Type()), dims, false);
}

/// indices[r] = the i of rank r, as a sum over rows of which one term is not 0.
static Value indicesOfRanks(NodeImport &n, Value ranks, int64_t count) {
  int64_t last = rankOf(ranks) - 1;
  Shape wide(shapeOf(ranks)), dims;
  wide.insert(wide.end() - 1, count);
  for (int64_t d = 0; d < last; ++d)
    dims.push_back(d);
  dims.push_back(last + 1);
  Value isHere = n.compare(train::Comparison::EQ, n.broadcastAlong(ranks, dims, wide),
                           iota(n, wide, last, n.b.getI32Type()));
  Value index = iota(n, wide, last + 1, n.b.getI32Type());
  Shape reduced{last + 1};
  Value sum =
      n.reduce<train::ReduceSumOp>(n.select(isHere, index, n.like(index, 0)), reduced, false);
  return n.convert(sum, n.b.getI64Type());
}

/// All pairs of a row are compared, in one kernel without memory; of equal elements
/// the first comes first. The gradient of the values goes to where they were found.
static LogicalResult importTopK(NodeImport &n) {
  llvm::FailureOr<double> k = static_cast<double>(n.integer("k", 0));
  if (n.has(1))
    k = n.number(1, "k");
  Value x = n.input(0);
  auto axis = n.axis("axis", -1, rankOf(x));
  if (failed(k) || failed(axis))
    return failure();
  auto count = static_cast<int64_t>(*k);
  int64_t last = rankOf(x) - 1, size = shapeOf(x)[*axis];
  constexpr int64_t mostCompared = 8192;
  if (count < 0 || count > size || size > mostCompared)
    return n.fail("k = " + llvm::Twine(count) + " of " + llvm::Twine(size) +
                  " elements is not supported; there may be at most " + llvm::Twine(mostCompared));
  Shape swap = iotaShape(last + 1);
  std::swap(swap[*axis], swap[last]);
  Value rows = n.transpose(x, swap);
  Value indices = indicesOfRanks(n, ranksInRow(n, rows, n.integer("largest", 1) != 0), count);
  auto type = RankedTensorType::get(shapeOf(indices), elementOf(x));
  Value values = n.make<train::TakeAlongOp>(type, rows, indices, last);
  if (failed(n.set(0, n.transpose(values, swap))))
    return failure();
  return n.wants(1) ? n.set(1, n.transpose(indices, swap)) : success();
}

/// 1 at the first largest element of each row, 0 elsewhere.
static Value hardmax(NodeImport &n, Value x, int64_t axis) {
  Shape kept(shapeOf(x)), reduced(shapeOf(x));
  kept[axis] = 1;
  reduced.erase(reduced.begin() + axis);
  Value index = n.make<train::ArgMaxOp>(RankedTensorType::get(reduced, n.b.getI64Type()), x, axis);
  Value wide = n.broadcast(n.reshape(index, kept), shapeOf(x));
  return n.convert(n.compare(train::Comparison::EQ, iota(n, shapeOf(x), axis), wide), elementOf(x));
}

static LogicalResult importHardmax(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  auto axis = n.axis("axis", -1, rankOf(n.input(0)));
  return failed(axis) ? failure() : n.set(0, hardmax(n, n.input(0), *axis));
}

/// Until opset 12 all dimensions from `axis` on counted as one.
static LogicalResult importFlattenedHardmax(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0);
  auto axis = n.axis(n.integer("axis", 1), rankOf(x), /*orEnd=*/true);
  if (failed(axis))
    return failure();
  Shape flat{product(shapeOf(x).take_front(*axis)), product(shapeOf(x).drop_front(*axis))};
  return n.set(0, n.reshape(hardmax(n, n.reshape(x, flat), 1), shapeOf(x)));
}

void populateScatter(Registry &registry) {
  registry.add("Compress", 9, inputs(2), importCompress);
  registry.add("GatherND", 11, inputs(2), importGatherND);
  registry.add("Hardmax", 1, inputs(1), importFlattenedHardmax);
  registry.add("Hardmax", 13, inputs(1), importHardmax);
  registry.add("MaxUnpool", 9, inputs(2, 3), importMaxUnpool);
  registry.add("NonZero", 9, inputs(1), importNonZero);
  registry.add("ReverseSequence", 10, inputs(2), importReverseSequence);
  registry.add("Scatter", 9, inputs(3), importScatterElements);
  registry.add("ScatterElements", 11, inputs(3), importScatterElements);
  registry.add("ScatterND", 11, inputs(3), importScatterND).takesDeferred();
  registry.add("TensorScatter", 24, inputs(2, 3), importTensorScatter);
  registry.add("TopK", 1, inputs(1, 2), importTopK).ignores({"sorted"});
}

} // namespace dsc::onnx
