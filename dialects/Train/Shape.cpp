//===- Shape.cpp - Verifiers, folds and rules of shape ops ----------------===//

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

/// Walks both shapes from the left and closes a group of dimensions wherever
/// the products of sizes meet. The factors of a group are the sizes of its
/// finer side if the other side is one dimension; otherwise it stays whole.
ShardingRule ReshapeOp::getShardingRule() {
  ShardingRule rule = emptyShardingRule(*this);
  ArrayRef<int64_t> from = typeOf(getX()).getShape(), to = typeOf(getY()).getShape();
  size_t i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    size_t firstI = i, firstJ = j;
    int64_t left = i < from.size() ? from[i++] : 1, right = j < to.size() ? to[j++] : 1;
    while (left != right) {
      if (left < right && i < from.size()) {
        left *= from[i++];
      } else if (j < to.size()) {
        right *= to[j++];
      } else {
        break; // an empty tensor
      }
    }
    size_t countI = i - firstI, countJ = j - firstJ;
    if (countI != 1 && countJ != 1) {
      continue;
    }
    bool fineIsResult = countI == 1;
    auto &fine = fineIsResult ? rule.results[0] : rule.operands[0];
    auto &coarse = fineIsResult ? rule.operands[0] : rule.results[0];
    ArrayRef<int64_t> sizes = fineIsResult ? to : from;
    size_t firstFine = fineIsResult ? firstJ : firstI, firstCoarse = fineIsResult ? firstI : firstJ;
    for (size_t d = firstFine; d < firstFine + (fineIsResult ? countJ : countI); ++d) {
      int factor = rule.addFactor(sizes[d]);
      fine[d] = {factor};
      coarse[firstCoarse].push_back(factor);
    }
  }
  return rule;
}

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
