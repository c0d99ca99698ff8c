//===- Loss.cpp - Draws of cross-entropy ----------------------------------===//

#include "../Case.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

namespace {
struct DrawnLoss {
  Shape logits, targets;
  int64_t dim, ignore;
  double smoothing;

  explicit DrawnLoss(CaseBuilder &c)
      : logits(c.shape(2, 4)), dim(c.draw.dimOf(logits)), ignore(c.draw.flag() ? -100 : 0),
        smoothing(c.draw.flag() ? 0.0 : c.draw.real(0.05, 0.3)) {
    logits[static_cast<size_t>(dim)] = c.draw.integer(2, 5);
    targets = logits;
    targets.erase(targets.begin() + dim);
    if (countElements(targets) < 2) {
      targets[0] = 3;
      logits[dim == 0 ? 1 : 0] = 3;
    }
  }

  /// Some targets are ignored, at least one is not.
  Value drawLabels(CaseBuilder &c) const {
    Value labels = c.index(targets, logits[static_cast<size_t>(dim)]);
    for (int64_t &label : c.lastInput().ints) {
      label = c.draw.integer(0, 3) == 0 ? ignore : label;
    }
    c.lastInput().ints[0] = 1;
    return labels;
  }
};
} // namespace

static Operation *drawCrossEntropy(CaseBuilder &c) {
  DrawnLoss loss(c);
  Value logits = c.real(loss.logits), labels = loss.drawLabels(c);
  return c.create<train::CrossEntropyOp>(logits, labels, loss.dim, loss.ignore, loss.smoothing);
}

static Operation *drawCrossEntropyGrad(CaseBuilder &c) {
  DrawnLoss loss(c);
  Value g = c.real(loss.targets), logits = c.real(loss.logits), labels = loss.drawLabels(c);
  Value lse = c.real(loss.targets);
  return c.create<train::CrossEntropyGradOp>(
      logits.getType(), g, logits, labels, lse, c.builder.getI64IntegerAttr(loss.dim),
      c.builder.getI64IntegerAttr(loss.ignore), c.builder.getF64FloatAttr(loss.smoothing));
}

void dsc::gradcheck::addLoss(Generators &generators) {
  generators.add<train::CrossEntropyOp>(drawCrossEntropy);
  generators.add<train::CrossEntropyGradOp>(drawCrossEntropyGrad);
}
