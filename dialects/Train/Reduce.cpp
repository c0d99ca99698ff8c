//===- Reduce.cpp - Verifiers and rules of reductions ---------------------===//

#include "dialects/Train/ChannelBlocks.h"
#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc::train;

using Kind = ShardingRule::Kind;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static SmallVector<int64_t> shapeWithout(RankedTensorType type, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> shape;
  for (int64_t dim : otherDims(type.getRank(), dims)) {
    shape.push_back(type.getDimSize(static_cast<unsigned>(dim)));
  }
  return shape;
}

static LogicalResult verifyReduction(Operation *op, RankedTensorType x, ArrayRef<int64_t> dims,
                                     ArrayRef<int64_t> result) {
  int64_t previous = -1;
  for (int64_t dim : dims) {
    if (dim <= previous || dim >= x.getRank()) {
      return op->emitOpError() << "C1: reduced dimensions must ascend within rank " << x.getRank();
    }
    previous = dim;
  }
  SmallVector<int64_t> expected = shapeWithout(x, dims);
  if (ArrayRef<int64_t>(expected) != result) {
    auto diag = op->emitOpError("C2: expected a result of shape [");
    llvm::interleaveComma(expected, diag);
    return diag << "]";
  }
  return success();
}

/// Kept dimensions are parallel; `kind` says what the reduced ones are.
static ShardingRule reductionRule(Operation *op, ArrayRef<int64_t> dims, Kind kind) {
  ShardingRule rule = emptyShardingRule(op);
  auto x = cast<RankedTensorType>(op->getOperand(0).getType());
  size_t next = 0;
  for (int64_t dim = 0; dim < x.getRank(); ++dim) {
    bool reduced = llvm::is_contained(dims, dim);
    int factor =
        rule.addFactor(x.getDimSize(static_cast<unsigned>(dim)), reduced ? kind : Kind::Parallel);
    rule.operands[0][static_cast<size_t>(dim)] = {factor};
    if (!reduced) {
      rule.results[0][next++] = {factor};
    }
  }
  return rule;
}

/// Ties share the gradient: g / (number of winners), at each winner.
static LogicalResult extremumVjp(Vjp &vjp, Value x, Value y, ArrayRef<int64_t> dims) {
  Expr xe(vjp.builder, vjp.loc(), x), ye = xe.with(y), g = xe.with(vjp.grads[0]);
  Expr isWinner = xe == ye.expandDims(xe.shape(), dims);
  Expr count = isWinner.convert(xe.type().getElementType()).sum(dims);
  vjp.set(0, select(isWinner, (g / count).expandDims(xe.shape(), dims), 0.0));
  return success();
}

template <typename OpTy>
static void buildReduction(OpBuilder &builder, OperationState &state, Value x,
                           ArrayRef<int64_t> dims) {
  OpTy::build(builder, state, typeOf(x).clone(shapeWithout(typeOf(x), dims)), x, dims);
}

void ReduceSumOp::build(OpBuilder &builder, OperationState &state, Value x,
                        ArrayRef<int64_t> dims) {
  buildReduction<ReduceSumOp>(builder, state, x, dims);
}
void ReduceMaxOp::build(OpBuilder &builder, OperationState &state, Value x,
                        ArrayRef<int64_t> dims) {
  buildReduction<ReduceMaxOp>(builder, state, x, dims);
}
void ReduceMinOp::build(OpBuilder &builder, OperationState &state, Value x,
                        ArrayRef<int64_t> dims) {
  buildReduction<ReduceMinOp>(builder, state, x, dims);
}

template <typename OpTy> static LogicalResult verifyReduceOp(OpTy op) {
  if (failed(verifyReduction(op, typeOf(op.getX()), op.getDims(), typeOf(op.getY()).getShape()))) {
    return failure();
  }
  Type expected = getElementTypeOrSelf(op.getX()), found = getElementTypeOrSelf(op.getY());
  if (expected == found) {
    return success();
  }
  return op.emitOpError() << "C2: expected element type " << expected << ", got " << found;
}
LogicalResult ReduceSumOp::verify() { return verifyReduceOp(*this); }
LogicalResult ReduceMaxOp::verify() { return verifyReduceOp(*this); }
LogicalResult ReduceMinOp::verify() { return verifyReduceOp(*this); }
LogicalResult ArgMaxOp::verify() {
  return verifyReduction(*this, typeOf(getX()), {static_cast<int64_t>(getDim())},
                         typeOf(getY()).getShape());
}

LogicalResult ReduceSumOp::buildVjp(Vjp &vjp) {
  Expr g(vjp.builder, vjp.loc(), vjp.grads[0]);
  vjp.set(0, g.expandDims(typeOf(getX()).getShape(), getDims()));
  return success();
}
LogicalResult ReduceMaxOp::buildVjp(Vjp &vjp) {
  return extremumVjp(vjp, getX(), getY(), getDims());
}
LogicalResult ReduceMinOp::buildVjp(Vjp &vjp) {
  return extremumVjp(vjp, getX(), getY(), getDims());
}

/// The reduced dimensions in blocks: those of the channels are two.
static SmallVector<int64_t> blockedDims(ArrayRef<int64_t> dims, int64_t rank) {
  SmallVector<int64_t> blocked(dims);
  if (llvm::is_contained(dims, 1)) {
    blocked.push_back(rank);
  }
  return blocked;
}

/// Sums over all of space: what is left is [N, C] or part of it, of which blocks are a view. Of
/// sums over the channels nothing of the blocks is left.
template <typename OpTy>
static SmallVector<Value> reduceOnBlocks(OpTy op, OpBuilder &builder, int64_t block) {
  int64_t rank = typeOf(op.getX()).getRank();
  auto keepsSpace = [&] {
    return llvm::any_of(otherDims(rank, op.getDims()), [](int64_t dim) { return dim > 1; });
  };
  if (!llvm::is_contained(op.getDims(), 1) && keepsSpace()) {
    return {};
  }
  Value sums = OpTy::create(builder, op.getLoc(), findBlocks(op.getX(), block),
                            blockedDims(op.getDims(), rank));
  return {Expr(builder, op.getLoc(), sums).reshape(typeOf(op.getY()).getShape())};
}
SmallVector<Value> ReduceSumOp::buildOnBlocks(OpBuilder &builder, int64_t block) {
  return reduceOnBlocks(*this, builder, block);
}
SmallVector<Value> ReduceMaxOp::buildOnBlocks(OpBuilder &builder, int64_t block) {
  return reduceOnBlocks(*this, builder, block);
}
SmallVector<Value> ReduceMinOp::buildOnBlocks(OpBuilder &builder, int64_t block) {
  return reduceOnBlocks(*this, builder, block);
}

ShardingRule ReduceSumOp::getShardingRule() {
  return reductionRule(*this, getDims(), Kind::Reduction);
}
// A partial maximum is not a partial sum.
ShardingRule ReduceMaxOp::getShardingRule() { return reductionRule(*this, getDims(), Kind::Whole); }
ShardingRule ReduceMinOp::getShardingRule() { return reductionRule(*this, getDims(), Kind::Whole); }
ShardingRule ArgMaxOp::getShardingRule() {
  return reductionRule(*this, {static_cast<int64_t>(getDim())}, Kind::Whole);
}

int64_t ReduceSumOp::getFlops() { return typeOf(getX()).getNumElements(); }
int64_t ReduceMaxOp::getFlops() { return typeOf(getX()).getNumElements(); }
int64_t ReduceMinOp::getFlops() { return typeOf(getX()).getNumElements(); }
int64_t ArgMaxOp::getFlops() { return typeOf(getX()).getNumElements(); }
