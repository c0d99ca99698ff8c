//===- Optimizer.cpp - One fused update per parameter ---------------------===//

#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"

using namespace mlir;
using namespace dsc::train;

/// A scalar hyperparameter repeated to a parameter's shape and element type.
static Expr hyper(Expr like, Value scalar) {
  return like.with(scalar).convert(like.type().getElementType()).splatTo(like.shape());
}

SmallVector<Value> SgdOp::decompose(OpBuilder &builder) {
  Expr p(builder, getLoc(), getParam()), raw = p.with(getGrad());
  Expr g = raw * hyper(p, getScale()) + hyper(p, getDecay()) * p;
  return {p - hyper(p, getLr()) * g};
}

SmallVector<Value> MomentumOp::decompose(OpBuilder &builder) {
  Expr p(builder, getLoc(), getParam()), raw = p.with(getGrad());
  Expr g = raw * hyper(p, getScale()) + hyper(p, getDecay()) * p;
  Expr continued = hyper(p, getMomentum()) * p.with(getBuffer()) + g;
  Expr buffer = select(hyper(p, getFirst()) > 0.5, g, continued);
  return {p - hyper(p, getLr()) * buffer, buffer};
}

/// Moments and step of Adam for the gradient g, applied to p.
template <typename OpTy> static SmallVector<Value> adamUpdate(OpTy op, Expr p, Expr g) {
  Expr beta1 = hyper(p, op.getBeta1()), beta2 = hyper(p, op.getBeta2());
  Expr m = beta1 * p.with(op.getM()) + (1.0 - beta1) * g;
  Expr v = beta2 * p.with(op.getV()) + (1.0 - beta2) * (g * g);
  // On scalars, before they are repeated: one division and one root per update.
  Expr lr = p.with(op.getLr()), root2 = sqrt(p.with(op.getCorrection2()));
  Expr rate = hyper(p, lr / p.with(op.getCorrection1()));
  Expr denominator = sqrt(v) / hyper(p, root2) + hyper(p, op.getEps());
  return {p - rate * (m / denominator), m, v};
}

SmallVector<Value> AdamOp::decompose(OpBuilder &builder) {
  Expr p(builder, getLoc(), getParam()), raw = p.with(getGrad());
  return adamUpdate(*this, p, raw * hyper(p, getScale()) + hyper(p, getDecay()) * p);
}

SmallVector<Value> AdamWOp::decompose(OpBuilder &builder) {
  Expr p(builder, getLoc(), getParam()), raw = p.with(getGrad());
  Expr shrink = 1.0 - p.with(getLr()) * p.with(getDecay());
  return adamUpdate(*this, p * hyper(p, shrink), raw * hyper(p, getScale()));
}

SmallVector<Value> GlobalNormOp::decompose(OpBuilder &builder) {
  Type f32 = builder.getF32Type();
  auto scalar = RankedTensorType::get({}, f32);
  Expr total(builder, getLoc(), ConstantOp::create(builder, getLoc(), scalar, 0.0));
  for (Value input : getInputs()) {
    Expr x = total.with(input).convert(f32);
    total = total + (x * x).sum(otherDims(x.rank(), {}));
  }
  return {sqrt(total)};
}

ShardingRule GlobalNormOp::getShardingRule() { return replicatedShardingRule(*this); }

int64_t GlobalNormOp::getFlops() {
  int64_t flops = 0;
  for (Value input : getInputs()) {
    flops += 2 * cast<RankedTensorType>(input.getType()).getNumElements();
  }
  return flops;
}
