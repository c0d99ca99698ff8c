//===- Index.cpp - Gathering by integer tensors ---------------------------===//

#include "Indices.h"

using namespace mlir;

namespace dsc::onnx {

/// start, start + stride, ...: such indices are a slice, whose derivative is a pad.
static std::optional<std::pair<int64_t, int64_t>> asSlice(llvm::ArrayRef<int64_t> indices) {
  if (indices.empty())
    return std::nullopt;
  int64_t stride = indices.size() > 1 ? indices[1] - indices[0] : 1;
  for (size_t i = 1; i < indices.size(); ++i)
    if (indices[i] - indices[i - 1] != stride)
      return std::nullopt;
  if (stride < 1)
    return std::nullopt;
  return std::pair(indices.front(), stride);
}

/// Indices known now: checked, counted from the front.
static llvm::FailureOr<HostTensor> normalize(NodeImport &n, const HostTensor &indices,
                                             int64_t size) {
  HostTensor result = indices;
  for (int64_t &index : result.ints) {
    if (index < -size || index >= size)
      return n.fail("index " + llvm::Twine(index) + " is outside a dimension of " +
                    llvm::Twine(size));
    index += index < 0 ? size : 0;
  }
  return result;
}

static LogicalResult gatherKnown(NodeImport &n, Value x, const HostTensor &given, int64_t axis) {
  auto indices = normalize(n, given, shapeOf(x)[axis]);
  if (failed(indices))
    return failure();
  Shape shape(shapeOf(x).take_front(axis));
  llvm::append_range(shape, indices->shape());
  llvm::append_range(shape, shapeOf(x).drop_front(axis + 1));
  if (auto slice = asSlice(indices->ints))
    return n.set(0,
                 n.reshape(n.slice(x, axis, slice->first, indices->size(), slice->second), shape));
  Value known = n.make<train::ConstantOp>(encode(*indices));
  return n.set(0, n.make<train::TakeOp>(x, known, axis));
}

/// Computed indices, counted from the front. Those of the data itself are taken as
/// they are, so that a wrong token is found out of range when the trainer runs.
static Value fromFront(NodeImport &n, Value indices, int64_t size) {
  Value source = indices;
  if (auto convert = source.getDefiningOp<train::ConvertOp>())
    source = convert.getX();
  if (isa<BlockArgument>(source) && !n.options().asWritten)
    return indices;
  Value negative = n.compare(train::Comparison::LT, indices, n.like(indices, 0));
  return n.select(negative, n.add(indices, static_cast<double>(size)), indices);
}

/// Rows taken from a table, of which one is not trained.
static Value withoutRow(NodeImport &n, Value taken, Value indices, int64_t row) {
  auto number = static_cast<double>(row);
  Value isRow = n.compare(train::Comparison::EQ, indices, n.like(indices, number));
  Value predicate = n.broadcastAlong(isRow, iotaShape(rankOf(indices)), shapeOf(taken));
  return n.select(predicate, n.make<train::StopGradientOp>(taken), taken);
}

/// What is added up to make the value: at most some few addends.
static llvm::SmallVector<Value> addendsOf(Value sum) {
  constexpr size_t most = 8;
  llvm::SmallVector<Value> addends = {sum};
  for (size_t i = 0; i < addends.size() && addends.size() < most;) {
    auto add = addends[i].getDefiningOp<train::AddOp>();
    if (!add) {
      ++i;
      continue;
    }
    addends[i] = add->getOperand(0);
    addends.push_back(add->getOperand(1));
  }
  return addends;
}

/// Whether element [r, ...] is r * stride.
static bool areStarts(const HostTensor &x, int64_t stride) {
  auto inner = static_cast<int64_t>(x.size()) / x.shape()[0];
  for (size_t i = 0; i < x.size(); ++i)
    if (x.ints[i] != static_cast<int64_t>(i) / inner * stride)
      return false;
  return true;
}

/// x[arange(rows), i], as TorchScript writes it: of x with its rows and places in one dimension, at
/// arange(rows) * places + i. With the starts of the rows taken off again, rows stay apart, and a
/// negative i counts from the end of its row, not of the one before. Null where the indices are not
/// such a sum.
static Value gatherInRows(NodeImport &n, Value x, Value indices) {
  auto joined = x.getDefiningOp<train::ReshapeOp>();
  if (!joined || n.options().asWritten || rankOf(indices) == 0 || rankOf(joined.getX()) == 0)
    return {};
  int64_t rows = shapeOf(indices)[0], size = shapeOf(x)[0];
  if (rows < 2 || shapeOf(joined.getX())[0] != rows || size % rows != 0)
    return {};
  llvm::SmallVector<Value> addends = addendsOf(indices);
  auto starts = llvm::find_if(addends, [&](Value addend) {
    const HostTensor *known = n.known(addend);
    return known && areStarts(*known, size / rows);
  });
  if (starts == addends.end() || addends.size() == 1)
    return {};
  addends.erase(starts);
  Value within = addends.front();
  for (Value addend : llvm::drop_begin(addends))
    within = n.make<train::AddOp>(within, addend);
  int64_t inner = tensorType(x).getNumElements() / std::max<int64_t>(size, 1);
  int64_t count = tensorType(indices).getNumElements() / rows;
  Value front = n.reshape(countFromFront(n, within, size / rows), {rows, count});
  Value y = takeInRows(n, n.reshape(x, {rows, size / rows, inner}), front);
  Shape shape(shapeOf(indices));
  llvm::append_range(shape, shapeOf(x).drop_front());
  return n.reshape(y, shape);
}

static LogicalResult importGather(NodeImport &n) {
  Value x = n.input(0), indices = n.input(1);
  auto axis = n.axis("axis", 0, rankOf(x));
  if (failed(axis))
    return failure();
  if (isFloat(indices) || elementOf(indices).getIntOrFloatBitWidth() < 32)
    return n.fail("its indices are " + describe(indices) + ", expected int32 or int64");
  if (const HostTensor *known = n.known(1))
    return gatherKnown(n, x, *known, *axis);
  if (Value y = *axis == 0 ? gatherInRows(n, x, indices) : Value())
    return n.set(0, y);
  Value front = fromFront(n, indices, shapeOf(x)[*axis]);
  Value taken = n.make<train::TakeOp>(x, front, *axis);
  std::optional<int64_t> padding = *axis == 0 ? n.paddingRow() : std::nullopt;
  return n.set(0, padding ? withoutRow(n, taken, front, *padding) : taken);
}

static LogicalResult importGatherElements(NodeImport &n) {
  Value x = n.input(0), indices = n.grown(n.input(1), shapeOf(x));
  auto axis = n.axis("axis", 0, rankOf(x));
  if (failed(axis))
    return failure();
  if (rankOf(indices) != rankOf(x) || isFloat(indices))
    return n.set(0, {});
  for (int64_t d = 0; d < rankOf(x); ++d) {
    if (d == *axis)
      continue;
    if (shapeOf(indices)[d] > shapeOf(x)[d])
      return n.set(0, {});
    x = n.slice(x, d, 0, shapeOf(indices)[d]);
  }
  if (const HostTensor *known = n.known(indices)) {
    auto normal = normalize(n, *known, shapeOf(x)[*axis]);
    if (failed(normal))
      return failure();
    indices = n.make<train::ConstantOp>(encode(*normal));
  } else {
    indices = fromFront(n, indices, shapeOf(x)[*axis]);
  }
  auto type = RankedTensorType::get(shapeOf(indices), elementOf(x));
  return n.set(0, n.make<train::TakeAlongOp>(type, x, indices, *axis));
}

/// values = [off, on]; the new dimension of size `depth` stands at `axis`.
static LogicalResult importOneHot(NodeImport &n) {
  auto depth = n.number(1, "depth");
  if (failed(depth))
    return failure();
  Value indices = n.input(0), values = n.input(2);
  auto size = static_cast<int64_t>(*depth);
  auto axis = n.axis("axis", -1, rankOf(indices) + 1);
  if (failed(axis))
    return failure();
  if (rankOf(values) != 1 || shapeOf(values)[0] != 2 || size < 1)
    return n.fail("expected a positive depth and two values");
  indices = n.convert(indices, n.b.getI64Type());
  Value negative = n.compare(train::Comparison::LT, indices, n.like(indices, 0));
  indices = n.select(negative, n.add(indices, *depth), indices);
  Shape shape(shapeOf(indices)), dims;
  shape.insert(shape.begin() + *axis, size);
  for (int64_t d = 0; d < rankOf(indices); ++d)
    dims.push_back(d < *axis ? d : d + 1);
  auto type = RankedTensorType::get(shape, n.b.getI64Type());
  Value isHot = n.compare(train::Comparison::EQ, n.make<train::IotaOp>(type, *axis),
                          n.make<train::BroadcastOp>(type, indices, dims));
  Value off = n.reshape(n.slice(values, 0, 0, 1), {}), on = n.reshape(n.slice(values, 0, 1, 1), {});
  return n.set(0, n.select(isHot, on, off));
}

void populateIndex(Registry &registry) {
  registry.add("Gather", 1, inputs(2), importGather).weightInputs({0});
  registry.add("GatherElements", 11, inputs(2), importGatherElements);
  registry.add("OneHot", 11, inputs(3), importOneHot);
}

} // namespace dsc::onnx
