//===- Shape.cpp - Verifiers, folds and rules of shape ops ----------------===//

#include "dialects/Train/ChannelBlocks.h"
#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc::train;

using Kind = ShardingRule::Kind;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Fails unless `list` has one entry per dimension of `type`.
static LogicalResult checkLength(Operation *op, StringRef name, ArrayRef<int64_t> list,
                                 RankedTensorType type) {
  if (static_cast<int64_t>(list.size()) == type.getRank()) {
    return success();
  }
  return op->emitOpError() << "C1: expected one entry of '" << name << "' per dimension ("
                           << type.getRank() << "), got " << list.size();
}

static LogicalResult checkSameElementType(Operation *op, StringRef label, Value a, Value b) {
  if (getElementTypeOrSelf(a) == getElementTypeOrSelf(b)) {
    return success();
  }
  return op->emitOpError() << label << ": expected element type " << getElementTypeOrSelf(a)
                           << ", got " << getElementTypeOrSelf(b);
}

//===----------------------------------------------------------------------===//
// Constant, iota
//===----------------------------------------------------------------------===//

void ConstantOp::build(OpBuilder &builder, OperationState &state, RankedTensorType type,
                       double splat) {
  Type element = type.getElementType();
  ElementsAttr value;
  if (auto floatType = dyn_cast<FloatType>(element)) {
    value = DenseElementsAttr::get(type, FloatAttr::get(floatType, splat).getValue());
  } else {
    value = DenseElementsAttr::get(type, APInt(element.getIntOrFloatBitWidth(),
                                               static_cast<uint64_t>(static_cast<int64_t>(splat)),
                                               true, true));
  }
  build(builder, state, type, value);
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

ShardingRule ConstantOp::getShardingRule() { return elementwiseShardingRule(*this); }

LogicalResult IotaOp::verify() {
  if (static_cast<int64_t>(getDim()) < 0 ||
      static_cast<int64_t>(getDim()) >= typeOf(getResult()).getRank()) {
    return emitOpError() << "C1: dimension " << getDim() << " is outside the result's rank "
                         << typeOf(getResult()).getRank();
  }
  return success();
}

ShardingRule IotaOp::getShardingRule() {
  return rowwiseShardingRule(*this, {static_cast<int64_t>(getDim())});
}

//===----------------------------------------------------------------------===//
// Reshape
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::verify() {
  if (typeOf(getX()).getNumElements() != typeOf(getY()).getNumElements()) {
    return emitOpError() << "C1: expected " << typeOf(getX()).getNumElements()
                         << " elements in the result, got " << typeOf(getY()).getNumElements();
  }
  return checkSameElementType(*this, "C2", getX(), getY());
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType()) {
    return getX();
  }
  if (auto before = getX().getDefiningOp<ReshapeOp>()) {
    setOperand(before.getX());
    return getResult();
  }
  if (auto dense = dyn_cast_or_null<DenseElementsAttr>(adaptor.getX())) {
    return dense.reshape(typeOf(getResult()));
  }
  return {};
}

LogicalResult ReshapeOp::buildVjp(Vjp &vjp) {
  vjp.set(0, Expr(vjp.builder, vjp.loc(), vjp.grads[0]).reshape(typeOf(getX()).getShape()));
  return success();
}

namespace {
/// The factors of a reshape. Dimension d of a shape lies between two cuts of the
/// row-major order: cuts[d + 1] elements from one of it to the next, cuts[d] in all.
/// Between neighbouring cuts of either shape lies a factor where all of them divide
/// each other: [4, 6] -> [8, 3] has the cuts 24, 6, 3, 1 and the factors 4, 2, 3.
/// Where they do not, as in [4, 6] -> [6, 4], the dimensions concerned have none.
///
/// A dimension of size 1 is a factor too, as a batch may have one row. It is paired
/// with one at the same cut, or becomes part of the dimension that begins there.
class ReshapeFactors {
public:
  explicit ReshapeFactors(ReshapeOp op) : rule(emptyShardingRule(op)) {
    addTensor(op.getX(), rule.operands[0]);
    addTensor(op.getY(), rule.results[0]);
  }

  ShardingRule build();

private:
  struct Side {
    ArrayRef<int64_t> shape;
    SmallVector<int64_t> cuts;
    ShardingRule::TensorFactors &factors;
  };

  void addTensor(Value value, ShardingRule::TensorFactors &factors);
  void addUnits(int64_t cut);
  void addFactors(ArrayRef<int64_t> cuts);

  ShardingRule rule;
  SmallVector<Side, 2> sides;
};
} // namespace

void ReshapeFactors::addTensor(Value value, ShardingRule::TensorFactors &factors) {
  ArrayRef<int64_t> shape = typeOf(value).getShape();
  SmallVector<int64_t> cuts(shape.size() + 1, 1);
  for (size_t d = shape.size(); d-- > 0;) {
    cuts[d] = cuts[d + 1] * shape[d];
  }
  sides.push_back({shape, cuts, factors});
}

/// Pairs the dimensions of size 1 at a cut.
void ReshapeFactors::addUnits(int64_t cut) {
  SmallVector<SmallVector<ShardingRule::DimFactors *>, 2> units(2);
  SmallVector<ShardingRule::DimFactors *, 2> around(2, nullptr); // rather what begins there
  for (auto [side, own, other] : llvm::zip_equal(sides, units, around)) {
    for (size_t d = 0; d < side.shape.size(); ++d) {
      if (side.shape[d] == 1 && side.cuts[d] == cut) {
        own.push_back(&side.factors[d]);
      } else if (side.shape[d] != 1 && side.cuts[d + 1] <= cut && cut <= side.cuts[d]) {
        other = &side.factors[d];
      }
    }
  }
  for (size_t i = 0; i < std::max(units[0].size(), units[1].size()); ++i) {
    int factor = rule.addFactor(1);
    for (size_t side : {0, 1}) {
      if (auto *dim = i < units[side].size() ? units[side][i] : around[side]) {
        dim->push_back(factor);
      }
    }
  }
}

/// A factor between each two of the cuts, which divide each other.
void ReshapeFactors::addFactors(ArrayRef<int64_t> cuts) {
  for (auto [high, low] : llvm::zip_equal(cuts.drop_back(), cuts.drop_front())) {
    int factor = rule.addFactor(high / low);
    for (Side &side : sides) {
      for (size_t d = 0; d < side.shape.size(); ++d) {
        if (side.cuts[d + 1] <= low && high <= side.cuts[d]) {
          side.factors[d].push_back(factor);
        }
      }
    }
    addUnits(low);
  }
}

/// From the left, a group of dimensions at a time: up to where both shapes have a cut.
ShardingRule ReshapeFactors::build() {
  SmallVector<int64_t> cuts;
  for (Side &side : sides) {
    llvm::append_range(cuts, side.cuts);
  }
  llvm::sort(cuts, std::greater<>());
  cuts.erase(llvm::unique(cuts), cuts.end());
  if (cuts.front() == 0) {
    return rule; // an empty tensor
  }
  addUnits(cuts.front());
  size_t first = 0;
  bool divides = true;
  for (size_t i = 1; i < cuts.size(); ++i) {
    divides &= cuts[i - 1] % cuts[i] == 0;
    auto hasCut = [&](const Side &side) { return llvm::is_contained(side.cuts, cuts[i]); };
    if (!llvm::all_of(sides, hasCut)) {
      continue;
    }
    if (divides) {
      addFactors(ArrayRef(cuts).slice(first, i - first + 1));
    } else {
      addUnits(cuts[i]);
    }
    first = i;
    divides = true;
  }
  return rule;
}

ShardingRule ReshapeOp::getShardingRule() { return ReshapeFactors(*this).build(); }

//===----------------------------------------------------------------------===//
// Transpose
//===----------------------------------------------------------------------===//

void TransposeOp::build(OpBuilder &builder, OperationState &state, Value x,
                        ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> shape;
  for (int64_t dim : permutation) {
    shape.push_back(typeOf(x).getDimSize(static_cast<unsigned>(dim)));
  }
  build(builder, state, typeOf(x).clone(shape), x, permutation);
}

LogicalResult TransposeOp::verify() {
  if (failed(checkLength(*this, "permutation", getPermutation(), typeOf(getX()))) ||
      failed(checkLength(*this, "permutation", getPermutation(), typeOf(getY())))) {
    return failure();
  }
  SmallVector<int64_t> sorted(getPermutation());
  llvm::sort(sorted);
  for (auto [index, dim] : llvm::enumerate(sorted)) {
    if (dim != static_cast<int64_t>(index)) {
      return emitOpError("C1: 'permutation' is not a permutation of the dimensions");
    }
  }
  for (auto [index, dim] : llvm::enumerate(getPermutation())) {
    int64_t expected = typeOf(getX()).getDimSize(static_cast<unsigned>(dim));
    int64_t found = typeOf(getY()).getDimSize(static_cast<unsigned>(index));
    if (expected != found) {
      return emitOpError() << "C2: expected size " << expected << " of result dimension " << index
                           << ", got " << found;
    }
  }
  return checkSameElementType(*this, "C2", getX(), getY());
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (llvm::equal(getPermutation(), llvm::seq<int64_t>(0, typeOf(getX()).getRank()))) {
    return getX();
  }
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getX())) {
    return splat.resizeSplat(typeOf(getResult()));
  }
  auto before = getX().getDefiningOp<TransposeOp>();
  if (!before) {
    return {};
  }
  SmallVector<int64_t> combined;
  for (int64_t dim : getPermutation()) {
    combined.push_back(before.getPermutation()[static_cast<size_t>(dim)]);
  }
  setOperand(before.getX());
  setPermutation(combined);
  return getResult();
}

LogicalResult TransposeOp::buildVjp(Vjp &vjp) {
  SmallVector<int64_t> inverse(getPermutation().size());
  for (auto [index, dim] : llvm::enumerate(getPermutation())) {
    inverse[static_cast<size_t>(dim)] = static_cast<int64_t>(index);
  }
  vjp.set(0, Expr(vjp.builder, vjp.loc(), vjp.grads[0]).transpose(inverse));
  return success();
}

ShardingRule TransposeOp::getShardingRule() {
  ShardingRule rule = emptyShardingRule(*this);
  for (auto [index, dim] : llvm::enumerate(getPermutation())) {
    int factor = rule.addFactor(typeOf(getY()).getDimSize(static_cast<unsigned>(index)));
    rule.results[0][index] = {factor};
    rule.operands[0][static_cast<size_t>(dim)] = {factor};
  }
  return rule;
}

//===----------------------------------------------------------------------===//
// Broadcast
//===----------------------------------------------------------------------===//

LogicalResult BroadcastOp::verify() {
  if (failed(checkLength(*this, "dims", getDims(), typeOf(getX())))) {
    return failure();
  }
  int64_t previous = -1;
  for (auto [index, dim] : llvm::enumerate(getDims())) {
    if (dim <= previous || dim >= typeOf(getY()).getRank()) {
      return emitOpError("C1: 'dims' must ascend and stay below the result's rank");
    }
    previous = dim;
    int64_t size = typeOf(getX()).getDimSize(static_cast<unsigned>(index));
    int64_t expected = typeOf(getY()).getDimSize(static_cast<unsigned>(dim));
    if (size != 1 && size != expected) {
      return emitOpError() << "C2: operand dimension " << index << " has size " << size
                           << ", expected 1 or " << expected;
    }
  }
  return checkSameElementType(*this, "C3", getX(), getY());
}

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType()) {
    return getX();
  }
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getX())) {
    return splat.resizeSplat(typeOf(getResult()));
  }
  return {};
}

LogicalResult BroadcastOp::buildVjp(Vjp &vjp) {
  SmallVector<int64_t> repeated = otherDims(typeOf(getY()).getRank(), getDims());
  for (auto [index, dim] : llvm::enumerate(getDims())) {
    if (typeOf(getX()).getDimSize(static_cast<unsigned>(index)) == 1 &&
        typeOf(getY()).getDimSize(static_cast<unsigned>(dim)) != 1) {
      repeated.push_back(dim);
    }
  }
  llvm::sort(repeated);
  Expr g(vjp.builder, vjp.loc(), vjp.grads[0]);
  vjp.set(0, g.sum(repeated).reshape(typeOf(getX()).getShape()));
  return success();
}

ShardingRule BroadcastOp::getShardingRule() {
  ShardingRule rule = elementwiseShardingRule(*this);
  for (auto [index, dim] : llvm::enumerate(getDims())) {
    bool same = typeOf(getX()).getDimSize(static_cast<unsigned>(index)) ==
                typeOf(getY()).getDimSize(static_cast<unsigned>(dim));
    rule.operands[0][index].clear();
    if (same) {
      rule.operands[0][index] = {static_cast<int>(dim)};
    }
  }
  return rule;
}

//===----------------------------------------------------------------------===//
// Slice and pad
//===----------------------------------------------------------------------===//

/// Factors of dimensions that keep their size are shared, the others whole.
static ShardingRule resizeRule(Operation *op) {
  ShardingRule rule = emptyShardingRule(op);
  auto from = cast<RankedTensorType>(op->getOperand(0).getType());
  auto to = cast<RankedTensorType>(op->getResult(0).getType());
  for (unsigned dim = 0; dim < to.getRank(); ++dim) {
    bool same = from.getDimSize(dim) == to.getDimSize(dim);
    int factor = rule.addFactor(to.getDimSize(dim), same ? Kind::Parallel : Kind::Whole);
    rule.results[0][dim] = {factor};
    rule.operands[0][dim] = {same ? factor : rule.addFactor(from.getDimSize(dim), Kind::Whole)};
  }
  return rule;
}

LogicalResult SliceOp::verify() {
  if (failed(checkLength(*this, "starts", getStarts(), typeOf(getX()))) ||
      failed(checkLength(*this, "strides", getStrides(), typeOf(getX()))) ||
      failed(checkLength(*this, "starts", getStarts(), typeOf(getY())))) {
    return failure();
  }
  for (unsigned dim = 0; dim < getStarts().size(); ++dim) {
    int64_t start = getStarts()[dim], stride = getStrides()[dim];
    if (stride <= 0) {
      return emitOpError() << "C1: stride " << stride << " of dimension " << dim
                           << " is not positive";
    }
    int64_t size = typeOf(getX()).getDimSize(dim), count = typeOf(getY()).getDimSize(dim);
    if (start < 0 || (count > 0 && start + (count - 1) * stride >= size)) {
      return emitOpError() << "C2: the slice leaves dimension " << dim << " of size " << size;
    }
  }
  return checkSameElementType(*this, "C2", getX(), getY());
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType()) {
    return getX();
  }
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getX())) {
    return splat.resizeSplat(typeOf(getResult()));
  }
  return {};
}

LogicalResult SliceOp::buildVjp(Vjp &vjp) {
  SmallVector<int64_t> high, interior;
  for (unsigned dim = 0; dim < getStarts().size(); ++dim) {
    int64_t count = typeOf(getY()).getDimSize(dim), stride = getStrides()[dim];
    int64_t covered = count == 0 ? 0 : (count - 1) * stride + 1;
    high.push_back(typeOf(getX()).getDimSize(dim) - getStarts()[dim] - covered);
    interior.push_back(stride - 1);
  }
  vjp.set(0, PadOp::create(vjp.builder, vjp.loc(), vjp.grads[0], 0.0, getStarts(), high, interior));
  return success();
}

/// Whole blocks of channels, any part of the rest.
SmallVector<Value> SliceOp::buildOnBlocks(OpBuilder &builder, int64_t block) {
  ArrayRef<int64_t> shape = typeOf(getY()).getShape();
  if (getStarts()[1] % block != 0 || shape[1] % block != 0 || getStrides()[1] != 1) {
    return {};
  }
  SmallVector<int64_t> starts(getStarts()), strides(getStrides());
  starts[1] /= block;
  starts.push_back(0);
  strides.push_back(1);
  Value part = SliceOp::create(builder, getLoc(), typeOf(getY()).clone(blockedShape(shape, block)),
                               findBlocks(getX(), block), starts, strides);
  return {fromBlocks(builder, part)};
}

ShardingRule SliceOp::getShardingRule() { return resizeRule(*this); }

static int64_t paddedSize(int64_t size, int64_t low, int64_t high, int64_t interior) {
  return low + high + size + (size > 0 ? (size - 1) * interior : 0);
}

void PadOp::build(OpBuilder &builder, OperationState &state, Value x, double value,
                  ArrayRef<int64_t> low, ArrayRef<int64_t> high, ArrayRef<int64_t> interior) {
  SmallVector<int64_t> shape;
  for (unsigned dim = 0; dim < low.size(); ++dim) {
    shape.push_back(paddedSize(typeOf(x).getDimSize(dim), low[dim], high[dim], interior[dim]));
  }
  build(builder, state, typeOf(x).clone(shape), x, builder.getF64FloatAttr(value),
        builder.getDenseI64ArrayAttr(low), builder.getDenseI64ArrayAttr(high),
        builder.getDenseI64ArrayAttr(interior));
}

LogicalResult PadOp::verify() {
  RankedTensorType from = typeOf(getX()), to = typeOf(getY());
  if (failed(checkLength(*this, "low", getLow(), from)) ||
      failed(checkLength(*this, "high", getHigh(), from)) ||
      failed(checkLength(*this, "interior", getInterior(), from)) ||
      failed(checkLength(*this, "low", getLow(), to))) {
    return failure();
  }
  for (unsigned dim = 0; dim < getLow().size(); ++dim) {
    int64_t low = getLow()[dim], high = getHigh()[dim], interior = getInterior()[dim];
    if (low < 0 || high < 0 || interior < 0) {
      return emitOpError() << "C1: padding of dimension " << dim << " is negative";
    }
    int64_t expected = paddedSize(from.getDimSize(dim), low, high, interior);
    if (expected != to.getDimSize(dim)) {
      return emitOpError() << "C2: expected size " << expected << " of result dimension " << dim
                           << ", got " << to.getDimSize(dim);
    }
  }
  return checkSameElementType(*this, "C2", getX(), getY());
}

LogicalResult PadOp::buildVjp(Vjp &vjp) {
  SmallVector<int64_t> strides;
  for (int64_t interior : getInterior()) {
    strides.push_back(interior + 1);
  }
  vjp.set(0, SliceOp::create(vjp.builder, vjp.loc(), getX().getType(), vjp.grads[0], getLow(),
                             strides));
  return success();
}

ShardingRule PadOp::getShardingRule() { return resizeRule(*this); }

//===----------------------------------------------------------------------===//
// Concat
//===----------------------------------------------------------------------===//

void ConcatOp::build(OpBuilder &builder, OperationState &state, int64_t dim, ValueRange inputs) {
  SmallVector<int64_t> shape(typeOf(inputs.front()).getShape());
  for (Value input : inputs.drop_front()) {
    shape[static_cast<size_t>(dim)] += typeOf(input).getDimSize(static_cast<unsigned>(dim));
  }
  build(builder, state, typeOf(inputs.front()).clone(shape), builder.getI64IntegerAttr(dim),
        inputs);
}

LogicalResult ConcatOp::verify() {
  RankedTensorType result = typeOf(getY());
  int64_t dim = static_cast<int64_t>(getDim()), total = 0;
  if (getInputs().empty() || dim < 0 || dim >= result.getRank()) {
    return emitOpError("C1: expected at least one operand and a dimension within the rank");
  }
  for (Value input : getInputs()) {
    RankedTensorType type = typeOf(input);
    if (type.getRank() != result.getRank() || type.getElementType() != result.getElementType()) {
      return emitOpError() << "C1: expected operands of the result's rank and element type, got "
                           << type;
    }
    total += type.getDimSize(static_cast<unsigned>(dim));
    for (unsigned d = 0; d < type.getRank(); ++d) {
      if (d != dim && type.getDimSize(d) != result.getDimSize(d)) {
        return emitOpError() << "C2: expected size " << result.getDimSize(d) << " of dimension "
                             << d << ", got " << type.getDimSize(d);
      }
    }
  }
  if (total != result.getDimSize(static_cast<unsigned>(dim))) {
    return emitOpError() << "C2: expected size " << total << " of result dimension " << dim
                         << ", got " << result.getDimSize(static_cast<unsigned>(dim));
  }
  return success();
}

LogicalResult ConcatOp::buildVjp(Vjp &vjp) {
  SmallVector<int64_t> starts(typeOf(getY()).getShape().size(), 0), strides(starts.size(), 1);
  for (auto [index, input] : llvm::enumerate(getInputs())) {
    unsigned operand = static_cast<unsigned>(index);
    if (vjp.needs(operand)) {
      vjp.set(operand, SliceOp::create(vjp.builder, vjp.loc(), input.getType(), vjp.grads[0],
                                       starts, strides));
    }
    starts[getDim()] += typeOf(input).getDimSize(static_cast<unsigned>(getDim()));
  }
  return success();
}

/// Where all parts have whole blocks of channels; one that is plain is copied into blocks.
SmallVector<Value> ConcatOp::buildOnBlocks(OpBuilder &builder, int64_t block) {
  SmallVector<Value> parts;
  for (Value input : getInputs()) {
    if (typeOf(input).getDimSize(1) % block != 0) {
      return {};
    }
    Value blocks = findBlocks(input, block);
    parts.push_back(blocks ? blocks : toBlocks(builder, input, block));
  }
  return {fromBlocks(builder, ConcatOp::create(builder, getLoc(), getDim(), parts))};
}

ShardingRule ConcatOp::getShardingRule() {
  int64_t dim = static_cast<int64_t>(getDim());
  ShardingRule rule = rowwiseShardingRule(*this, {dim});
  // Operands have sizes of their own along `dim`.
  for (auto [tensor, input] : llvm::zip_equal(rule.operands, getInputs())) {
    int64_t size = typeOf(input).getDimSize(static_cast<unsigned>(dim));
    tensor[static_cast<size_t>(dim)] = {rule.addFactor(size, Kind::Whole)};
  }
  return rule;
}
