//===- Random.cpp - Dropout -----------------------------------------------===//

#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc::train;

/// Elements are counted from an offset in row-major order: a part is contiguous
/// only along the outermost dimension of more than one element.
static ShardingRule countedShardingRule(Operation *op) {
  auto shape = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  auto rank = static_cast<int64_t>(shape.size());
  auto outermost = llvm::find_if(shape, [](int64_t size) { return size != 1; }) - shape.begin();
  auto inner = llvm::seq<int64_t>(std::min(outermost + 1, rank), rank);
  return rowwiseShardingRule(op, llvm::to_vector(inner));
}
ShardingRule UniformOp::getShardingRule() { return countedShardingRule(*this); }
ShardingRule DropoutOp::getShardingRule() { return countedShardingRule(*this); }

LogicalResult DropoutOp::verify() {
  double ratio = getRatio().convertToDouble();
  if (ratio >= 0 && ratio < 1) {
    return success();
  }
  return emitOpError() << "C1: expected a ratio in [0, 1), got " << ratio;
}

SmallVector<Value> DropoutOp::decompose(OpBuilder &builder) {
  Expr x(builder, getLoc(), getX());
  double ratio = getRatio().convertToDouble();
  Expr u = x.with(UniformOp::create(builder, getLoc(), x.type(), getSeed(), getStep(), getOffset(),
                                    getStreamAttr()));
  return {select(u >= ratio, x * (1.0 / (1.0 - ratio)), 0.0)};
}

SmallVector<Value> DropoutOp::buildEvaluation(OpBuilder &) { return {getX()}; }

LogicalResult DropoutOp::buildVjp(Vjp &vjp) {
  vjp.set(0, DropoutOp::create(vjp.builder, vjp.loc(), getType(), vjp.grads[0], getSeed(),
                               getStep(), getOffset(), getRatioAttr(), getStreamAttr()));
  return success();
}
