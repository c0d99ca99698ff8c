//===- Random.cpp - Dropout -----------------------------------------------===//

#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"

using namespace mlir;
using namespace dsc::train;

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
