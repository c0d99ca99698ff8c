//===- Index.cpp - Gathering and scattering by integer tensors ------------===//

#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc::train;

using Kind = ShardingRule::Kind;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static LogicalResult verifyAxis(Operation *op, int64_t axis, RankedTensorType x) {
  if (axis >= 0 && axis < x.getRank()) {
    return success();
  }
  return op->emitOpError() << "C1: axis " << axis << " is outside rank " << x.getRank();
}

static LogicalResult verifySameElementType(Operation *op, Value x, Value y) {
  if (getElementTypeOrSelf(x) == getElementTypeOrSelf(y)) {
    return success();
  }
  return op->emitOpError() << "C3: expected element type " << getElementTypeOrSelf(x) << ", got "
                           << getElementTypeOrSelf(y);
}

//===----------------------------------------------------------------------===//
// take and scatter_add
//===----------------------------------------------------------------------===//

/// x's shape with dimension `axis` replaced by the indices' shape.
static SmallVector<int64_t> takenShape(RankedTensorType x, RankedTensorType indices, int64_t axis) {
  SmallVector<int64_t> shape(x.getShape().take_front(static_cast<size_t>(axis)));
  llvm::append_range(shape, indices.getShape());
  llvm::append_range(shape, x.getShape().drop_front(static_cast<size_t>(axis) + 1));
  return shape;
}

static LogicalResult verifyTake(Operation *op, Value x, Value indices, Value y, int64_t axis) {
  if (failed(verifyAxis(op, axis, typeOf(x)))) {
    return failure();
  }
  if (ArrayRef<int64_t>(takenShape(typeOf(x), typeOf(indices), axis)) != typeOf(y).getShape()) {
    return op->emitOpError("C2: the shapes do not agree: expected the table's shape with the "
                           "axis replaced by the shape of the indices");
  }
  return verifySameElementType(op, x, y);
}

void TakeOp::build(OpBuilder &builder, OperationState &state, Value x, Value indices,
                   int64_t axis) {
  auto type = typeOf(x).clone(takenShape(typeOf(x), typeOf(indices), axis));
  build(builder, state, type, x, indices, builder.getI64IntegerAttr(axis));
}

LogicalResult TakeOp::verify() {
  return verifyTake(*this, getX(), getIndices(), getY(), static_cast<int64_t>(getAxis()));
}
LogicalResult ScatterAddOp::verify() {
  return verifyTake(*this, getX(), getIndices(), getUpdates(), static_cast<int64_t>(getAxis()));
}

LogicalResult TakeOp::buildVjp(Vjp &vjp) {
  vjp.set(0, ScatterAddOp::create(vjp.builder, vjp.loc(), getX().getType(), vjp.grads[0],
                                  getIndices(), getAxisAttr()));
  return success();
}
LogicalResult ScatterAddOp::buildVjp(Vjp &vjp) {
  vjp.set(0, TakeOp::create(vjp.builder, vjp.loc(), getUpdates().getType(), vjp.grads[0],
                            getIndices(), getAxisAttr()));
  return success();
}

/// The dimensions around the axis are shared by table and slices, those of the
/// indices by indices and slices; the axis stays whole. `indexKind`: scattering
/// sums over the indices.
static ShardingRule takeRule(ShardingRule rule, ShardingRule::TensorFactors &x,
                             ShardingRule::TensorFactors &y, Value xValue, Value indices,
                             int64_t axis, Kind indexKind) {
  size_t nIndices = static_cast<size_t>(typeOf(indices).getRank());
  for (size_t dim = 0; dim < x.size(); ++dim) {
    bool isAxis = dim == static_cast<size_t>(axis);
    int factor = rule.addFactor(typeOf(xValue).getDimSize(static_cast<unsigned>(dim)),
                                isAxis ? Kind::Whole : Kind::Parallel);
    x[dim] = {factor};
    if (!isAxis) {
      y[dim < static_cast<size_t>(axis) ? dim : dim - 1 + nIndices] = {factor};
    }
  }
  for (size_t dim = 0; dim < nIndices; ++dim) {
    int factor = rule.addFactor(typeOf(indices).getDimSize(static_cast<unsigned>(dim)), indexKind);
    rule.operands[1][dim] = {factor};
    y[static_cast<size_t>(axis) + dim] = {factor};
  }
  return rule;
}

ShardingRule TakeOp::getShardingRule() {
  ShardingRule rule = emptyShardingRule(*this);
  auto x = rule.operands[0], y = rule.results[0];
  rule =
      takeRule(rule, x, y, getX(), getIndices(), static_cast<int64_t>(getAxis()), Kind::Parallel);
  rule.operands[0] = x;
  rule.results[0] = y;
  return rule;
}
ShardingRule ScatterAddOp::getShardingRule() {
  ShardingRule rule = emptyShardingRule(*this);
  auto y = rule.operands[0], x = rule.results[0];
  rule =
      takeRule(rule, x, y, getX(), getIndices(), static_cast<int64_t>(getAxis()), Kind::Reduction);
  rule.operands[0] = y;
  rule.results[0] = x;
  return rule;
}

/// The rows that are taken, rather than the table.
static int64_t takeBytes(Value table, Value indices, Value taken) {
  int64_t rows = getTensorBytes(taken.getType());
  return std::min(rows, getTensorBytes(table.getType())) + getTensorBytes(indices.getType()) + rows;
}

int64_t TakeOp::getFlops() { return 0; }
int64_t TakeOp::getBytes() { return takeBytes(getX(), getIndices(), getY()); }
int64_t ScatterAddOp::getFlops() { return typeOf(getUpdates()).getNumElements(); }

//===----------------------------------------------------------------------===//
// take_along and scatter_add_along
//===----------------------------------------------------------------------===//

static LogicalResult verifyAlong(Operation *op, Value x, Value indices, Value y, int64_t axis) {
  if (failed(verifyAxis(op, axis, typeOf(x)))) {
    return failure();
  }
  if (typeOf(x).getRank() != typeOf(indices).getRank()) {
    return op->emitOpError() << "C1: expected indices of rank " << typeOf(x).getRank() << ", got "
                             << typeOf(indices).getRank();
  }
  if (typeOf(indices).getShape() != typeOf(y).getShape()) {
    return op->emitOpError("C2: one element per index: the shapes differ");
  }
  for (unsigned dim = 0; dim < typeOf(x).getRank(); ++dim) {
    if (dim != axis && typeOf(x).getDimSize(dim) != typeOf(indices).getDimSize(dim)) {
      return op->emitOpError() << "C2: sizes of dimension " << dim << " differ";
    }
  }
  return verifySameElementType(op, x, y);
}

LogicalResult TakeAlongOp::verify() {
  return verifyAlong(*this, getX(), getIndices(), getY(), static_cast<int64_t>(getAxis()));
}
LogicalResult ScatterAddAlongOp::verify() {
  return verifyAlong(*this, getX(), getIndices(), getUpdates(), static_cast<int64_t>(getAxis()));
}

LogicalResult TakeAlongOp::buildVjp(Vjp &vjp) {
  vjp.set(0, ScatterAddAlongOp::create(vjp.builder, vjp.loc(), getX().getType(), vjp.grads[0],
                                       getIndices(), getAxisAttr()));
  return success();
}
LogicalResult ScatterAddAlongOp::buildVjp(Vjp &vjp) {
  vjp.set(0, TakeAlongOp::create(vjp.builder, vjp.loc(), getUpdates().getType(), vjp.grads[0],
                                 getIndices(), getAxisAttr()));
  return success();
}

/// Everything but the axis is shared; the axis of table and indices is whole.
static ShardingRule alongRule(Operation *op, int64_t axis) {
  ShardingRule rule = rowwiseShardingRule(op, {axis});
  auto fix = [&](ShardingRule::TensorFactors &tensor, Type type) {
    int64_t size = cast<RankedTensorType>(type).getDimSize(static_cast<unsigned>(axis));
    tensor[static_cast<size_t>(axis)] = {rule.addFactor(size, Kind::Whole)};
  };
  for (auto [tensor, type] : llvm::zip_equal(rule.operands, op->getOperandTypes())) {
    fix(tensor, type);
  }
  return rule;
}
ShardingRule TakeAlongOp::getShardingRule() {
  return alongRule(*this, static_cast<int64_t>(getAxis()));
}
ShardingRule ScatterAddAlongOp::getShardingRule() {
  return alongRule(*this, static_cast<int64_t>(getAxis()));
}

int64_t TakeAlongOp::getFlops() { return 0; }
int64_t TakeAlongOp::getBytes() { return takeBytes(getX(), getIndices(), getY()); }
int64_t ScatterAddAlongOp::getFlops() { return typeOf(getUpdates()).getNumElements(); }
