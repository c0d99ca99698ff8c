//===- Optimizer.cpp - Evaluation of parameter updates --------------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Evaluation/Registry.h"

#include <cmath>

using namespace mlir;
using namespace dsc;

/// The scalar operand that the op's accessor names.
static double scalarOf(Evaluation &e, OpOperand &operand) {
  return e.operand(operand.getOperandNumber()).floats[0];
}

static LogicalResult evalSgd(train::SgdOp op, Evaluation &e) {
  double scale = scalarOf(e, op.getScaleMutable()), lr = scalarOf(e, op.getLrMutable());
  double decay = scalarOf(e, op.getDecayMutable());
  for (size_t i = 0; i < e.result(0).size(); ++i) {
    double p = e.operand(0).floats[i], g = scale * e.operand(1).floats[i] + decay * p;
    e.result(0).floats[i] = p - lr * g;
  }
  return success();
}

static LogicalResult evalMomentum(train::MomentumOp op, Evaluation &e) {
  double scale = scalarOf(e, op.getScaleMutable()), lr = scalarOf(e, op.getLrMutable());
  double decay = scalarOf(e, op.getDecayMutable()), momentum = scalarOf(e, op.getMomentumMutable());
  bool isFirst = scalarOf(e, op.getFirstMutable()) > 0.5;
  for (size_t i = 0; i < e.result(0).size(); ++i) {
    double p = e.operand(0).floats[i], g = scale * e.operand(1).floats[i] + decay * p;
    double buffer = isFirst ? g : momentum * e.operand(2).floats[i] + g;
    e.result(0).floats[i] = p - lr * buffer;
    e.result(1).floats[i] = buffer;
  }
  return success();
}

namespace {
struct AdamScalars {
  double scale, lr, beta1, beta2, eps, decay, correction1, correction2;

  template <typename OpTy>
  AdamScalars(OpTy op, Evaluation &e)
      : scale(scalarOf(e, op.getScaleMutable())), lr(scalarOf(e, op.getLrMutable())),
        beta1(scalarOf(e, op.getBeta1Mutable())), beta2(scalarOf(e, op.getBeta2Mutable())),
        eps(scalarOf(e, op.getEpsMutable())), decay(scalarOf(e, op.getDecayMutable())),
        correction1(scalarOf(e, op.getCorrection1Mutable())),
        correction2(scalarOf(e, op.getCorrection2Mutable())) {}

  /// Applies gradient g to parameter p of element i.
  void update(Evaluation &e, size_t i, double p, double g) const {
    double m = beta1 * e.operand(2).floats[i] + (1 - beta1) * g;
    double v = beta2 * e.operand(3).floats[i] + (1 - beta2) * g * g;
    double denominator = std::sqrt(v) / std::sqrt(correction2) + eps;
    e.result(0).floats[i] = p - lr / correction1 * m / denominator;
    e.result(1).floats[i] = m;
    e.result(2).floats[i] = v;
  }
};
} // namespace

static LogicalResult evalAdam(train::AdamOp op, Evaluation &e) {
  AdamScalars s(op, e);
  for (size_t i = 0; i < e.result(0).size(); ++i) {
    double p = e.operand(0).floats[i];
    s.update(e, i, p, s.scale * e.operand(1).floats[i] + s.decay * p);
  }
  return success();
}

static LogicalResult evalAdamW(train::AdamWOp op, Evaluation &e) {
  AdamScalars s(op, e);
  for (size_t i = 0; i < e.result(0).size(); ++i) {
    double p = e.operand(0).floats[i];
    s.update(e, i, p * (1 - s.lr * s.decay), s.scale * e.operand(1).floats[i]);
  }
  return success();
}

static LogicalResult evalGlobalNorm(train::GlobalNormOp, Evaluation &e) {
  double sum = 0;
  for (size_t input = 0; input < e.numOperands(); ++input) {
    for (double x : e.operand(input).floats) {
      sum += x * x;
    }
  }
  e.result(0).floats[0] = std::sqrt(sum);
  return success();
}

void dsc::registerOptimizer(Registry &registry) {
  registry.add<train::SgdOp>(evalSgd);
  registry.add<train::MomentumOp>(evalMomentum);
  registry.add<train::AdamOp>(evalAdam);
  registry.add<train::AdamWOp>(evalAdamW);
  registry.add<train::GlobalNormOp>(evalGlobalNorm);
}
