//===- Attention.cpp - Scaled dot-product attention -----------------------===//

#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"
#include "llvm/ADT/STLExtras.h"

#include <limits>

using namespace mlir;
using namespace dsc::train;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

void AttentionOp::build(OpBuilder &builder, OperationState &state, Value q, Value k, Value v,
                        Value mask, double scale, bool causal) {
  SmallVector<int64_t> shape(typeOf(q).getShape());
  auto lse = typeOf(q).clone(ArrayRef<int64_t>(shape).take_front(3));
  shape[3] = typeOf(v).getDimSize(3);
  build(builder, state, typeOf(q).clone(shape), lse, q, k, v, mask, builder.getF64FloatAttr(scale),
        builder.getBoolAttr(causal));
}

/// C2 for the tensors that forward and backward share.
static LogicalResult verifyAttentionTypes(Operation *op, Value q, ValueRange others) {
  for (Value value : others) {
    if (value && getElementTypeOrSelf(value) != getElementTypeOrSelf(q)) {
      return op->emitOpError() << "C2: expected element type " << getElementTypeOrSelf(q)
                               << ", got " << value.getType();
    }
  }
  return success();
}

/// C1 and C2 for the tensors that forward and backward share.
static LogicalResult verifyAttention(Operation *op, Value q, Value k, Value v, Value y, Value lse,
                                     Value mask) {
  for (Value value : {q, k, v, y}) {
    if (typeOf(value).getRank() != 4) {
      return op->emitOpError() << "C1: expected tensors [B, H, T, D], got " << value.getType();
    }
  }
  ArrayRef<int64_t> qs = typeOf(q).getShape(), ks = typeOf(k).getShape(), vs = typeOf(v).getShape();
  if (ks.take_front(2) != qs.take_front(2) || vs.take_front(2) != qs.take_front(2) ||
      ks[3] != qs[3] || vs[2] != ks[2] || typeOf(lse).getShape() != qs.take_front(3) ||
      typeOf(y).getShape() != ArrayRef<int64_t>({qs[0], qs[1], qs[2], vs[3]})) {
    return op->emitOpError("C1: the shapes of q, k, v, result and lse do not agree");
  }
  if (!mask) {
    return verifyAttentionTypes(op, q, {k, v, y});
  }
  ArrayRef<int64_t> ms = typeOf(mask).getShape();
  auto fits = [](int64_t size, int64_t full) { return size == 1 || size == full; };
  if (ms.size() != 4 || !fits(ms[0], qs[0]) || !fits(ms[1], qs[1]) || !fits(ms[2], qs[2]) ||
      ms[3] != ks[2]) {
    return op->emitOpError() << "C1: mask " << mask.getType()
                             << " does not broadcast to the scores";
  }
  return verifyAttentionTypes(op, q, {k, v, y, mask});
}

LogicalResult AttentionOp::verify() {
  return verifyAttention(*this, getQ(), getK(), getV(), getY(), getLse(), getMask());
}
LogicalResult AttentionGradOp::verify() {
  return verifyAttention(*this, getQ(), getK(), getV(), getDy(), getLse(), getMask());
}

/// i1 [B, H, T, S]: s > t + S - T.
static Expr causallyHidden(Expr scores) {
  OpBuilder &b = *scores.builder;
  auto type = RankedTensorType::get({scores.dim(2), scores.dim(3)}, b.getI64Type());
  Expr t = scores.with(IotaOp::create(b, scores.loc, type, 0));
  Expr s = scores.with(IotaOp::create(b, scores.loc, type, 1));
  Expr last = t + static_cast<double>(scores.dim(3) - scores.dim(2));
  return (s > last).broadcast(scores.shape(), {2, 3});
}

static Expr attentionScores(Expr q, Value k, Value mask, double scale, bool causal) {
  Expr scores = q.with(DotOp::create(*q.builder, q.loc, q.value, k, {0, 1}, {0, 1}, {3}, {3}));
  scores = scores * scale;
  if (mask) {
    scores = scores + q.with(mask).broadcast(scores.shape(), {0, 1, 2, 3});
  }
  if (causal) {
    double hidden = -std::numeric_limits<double>::infinity();
    scores = select(causallyHidden(scores), scores.constant(hidden), scores);
  }
  return scores;
}

/// dot over the last dimensions of p [B,H,T,S] and the third of v.
static Expr weighted(Expr p, Value v) {
  return p.with(DotOp::create(*p.builder, p.loc, p.value, v, {0, 1}, {0, 1}, {3}, {2}));
}

namespace {
/// A softmax over the last dimension, zeros in rows that see no key.
struct Probabilities {
  Expr p, lse;
};
} // namespace

static Probabilities probabilities(Expr scores) {
  Expr largest = scores.max({3});
  // A row that sees no key: keep -inf - (-inf) from becoming NaN.
  double lowest = -std::numeric_limits<double>::infinity();
  Expr safe = select(largest == lowest, largest.constant(0.0), largest);
  Expr weights = exp(scores - safe.expandDims(scores.shape(), {3}));
  Expr sum = weights.sum({3});
  Expr divisor = select(sum == 0.0, sum.constant(1.0), sum);
  return {weights / divisor.expandDims(scores.shape(), {3}), log(sum) + safe};
}

SmallVector<Value> AttentionOp::decompose(OpBuilder &builder) {
  Expr q(builder, getLoc(), getQ());
  auto [p, lse] = probabilities(
      attentionScores(q, getK(), getMask(), getScale().convertToDouble(), getCausal()));
  return {weighted(p, getV()), lse};
}

LogicalResult AttentionOp::buildVjp(Vjp &vjp) {
  bool maskNeeded = getMask() && vjp.needs(3);
  if (vjp.grads[1] || maskNeeded) {
    return failure();
  }
  auto grad = AttentionGradOp::create(
      vjp.builder, vjp.loc(), TypeRange{getQ().getType(), getK().getType(), getV().getType()},
      vjp.grads[0], getQ(), getK(), getV(), getY(), getLse(), getMask(), getScaleAttr(),
      getCausalAttr());
  for (unsigned operand = 0; operand < 3; ++operand) {
    vjp.set(operand, grad.getResult(operand));
  }
  return success();
}

SmallVector<Value> AttentionGradOp::decompose(OpBuilder &builder) {
  Expr q(builder, getLoc(), getQ()), dy = q.with(getDy());
  double scale = getScale().convertToDouble();
  Expr scores = attentionScores(q, getK(), getMask(), scale, getCausal());
  // Not from lse, which loses the logarithm of the sum where all scores are large.
  Expr p = probabilities(scores).p;
  // Contract over the queries for dv and dk, over the keys for dq.
  auto overQueries = [&](Expr a, Expr b) {
    return a.with(DotOp::create(builder, getLoc(), a.value, b.value, {0, 1}, {0, 1}, {2}, {2}));
  };
  Expr dv = overQueries(p, dy);
  Expr dp = q.with(DotOp::create(builder, getLoc(), getDy(), getV(), {0, 1}, {0, 1}, {3}, {3}));
  Expr delta = (dy * q.with(getY())).sum({3});
  Expr ds = p * (dp - delta.expandDims(scores.shape(), {3})) * scale;
  return {weighted(ds, getK()), overQueries(ds, q), dv};
}

/// Batch and heads are free, positions and head width whole.
static ShardingRule attentionRule(Operation *op) {
  ShardingRule rule = emptyShardingRule(op);
  auto q = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  int b = rule.addFactor(q[0]), h = rule.addFactor(q[1]);
  auto assign = [&](ShardingRule::TensorFactors &tensor, Type type) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
    for (size_t dim = 0; dim < tensor.size(); ++dim) {
      int shared = dim == 0 ? b : h;
      bool isShared = dim < 2 && shape[dim] == q[dim];
      tensor[dim] = {isShared ? shared : rule.addFactor(shape[dim], ShardingRule::Kind::Whole)};
    }
  };
  for (auto [tensor, type] : llvm::zip_equal(rule.operands, op->getOperandTypes())) {
    assign(tensor, type);
  }
  for (auto [tensor, type] : llvm::zip_equal(rule.results, op->getResultTypes())) {
    assign(tensor, type);
  }
  return rule;
}
ShardingRule AttentionOp::getShardingRule() { return attentionRule(*this); }
ShardingRule AttentionGradOp::getShardingRule() { return attentionRule(*this); }

/// Scores a row of queries computes: all keys, or about half of them.
static int64_t scoreCount(Value q, Value k, bool causal) {
  ArrayRef<int64_t> qs = typeOf(q).getShape();
  int64_t all = qs[0] * qs[1] * qs[2] * typeOf(k).getDimSize(2);
  return causal ? (all + qs[0] * qs[1] * qs[2]) / 2 : all;
}
int64_t AttentionOp::getFlops() {
  int64_t width = typeOf(getQ()).getDimSize(3) + typeOf(getV()).getDimSize(3);
  return scoreCount(getQ(), getK(), getCausal()) * (2 * width + 4);
}
int64_t AttentionGradOp::getFlops() {
  int64_t width = 3 * typeOf(getQ()).getDimSize(3) + 2 * typeOf(getV()).getDimSize(3);
  return scoreCount(getQ(), getK(), getCausal()) * (2 * width + 6);
}
