//===- Loss.cpp - Evaluation of cross-entropy -----------------------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Evaluation/Registry.h"

#include <cmath>

using namespace mlir;
using namespace dsc;

namespace {
/// The logits of target i: element c lies at first(i) + c * stride.
struct Classes {
  size_t stride, count;

  Classes(const Tensor &logits, uint64_t dim)
      : stride(static_cast<size_t>(stridesOf(logits.shape())[dim])),
        count(static_cast<size_t>(logits.shape()[dim])) {}

  size_t at(size_t target, size_t c) const {
    return (target / stride * count + c) * stride + target % stride;
  }
};
} // namespace

static LogicalResult checkLabel(Operation *op, int64_t label, size_t count) {
  if (label >= 0 && label < static_cast<int64_t>(count)) {
    return success();
  }
  return op->emitError() << "label " << label << " is outside [0, " << count << ")";
}

static double logSumExp(const Tensor &logits, const Classes &classes, size_t target) {
  double largest = logits.floats[classes.at(target, 0)], sum = 0;
  for (size_t c = 0; c < classes.count; ++c) {
    largest = std::max(largest, logits.floats[classes.at(target, c)]);
  }
  for (size_t c = 0; c < classes.count; ++c) {
    sum += std::exp(logits.floats[classes.at(target, c)] - largest);
  }
  return largest + std::log(sum);
}

static LogicalResult evalCrossEntropy(train::CrossEntropyOp op, Evaluation &e) {
  const Tensor &logits = e.operand(0), &labels = e.operand(1);
  Classes classes(logits, op.getDim());
  double smoothing = op.getSmoothing().convertToDouble();
  for (size_t target = 0; target < labels.size(); ++target) {
    double lse = e.result(1).floats[target] = logSumExp(logits, classes, target);
    int64_t label = labels.ints[target];
    if (label == op.getIgnoreIndexAttr().getInt()) {
      continue;
    }
    if (failed(checkLabel(op, label, classes.count))) {
      return failure();
    }
    double average = 0;
    for (size_t c = 0; c < classes.count; ++c) {
      average += logits.floats[classes.at(target, c)] / static_cast<double>(classes.count);
    }
    double picked = logits.floats[classes.at(target, static_cast<size_t>(label))];
    e.result(0).floats[target] =
        (1 - smoothing) * (lse - picked) + (smoothing != 0 ? smoothing * (lse - average) : 0);
  }
  return success();
}

static LogicalResult evalCrossEntropyGrad(train::CrossEntropyGradOp op, Evaluation &e) {
  const Tensor &g = e.operand(0), &logits = e.operand(1), &labels = e.operand(2);
  Classes classes(logits, op.getDim());
  double smoothing = op.getSmoothing().convertToDouble();
  for (size_t target = 0; target < labels.size(); ++target) {
    int64_t label = labels.ints[target];
    if (label == op.getIgnoreIndexAttr().getInt()) {
      continue;
    }
    if (failed(checkLabel(op, label, classes.count))) {
      return failure();
    }
    for (size_t c = 0; c < classes.count; ++c) {
      size_t at = classes.at(target, c);
      double isLabel = static_cast<int64_t>(c) == label ? 1.0 : 0.0;
      e.result(0).floats[at] =
          g.floats[target] *
          (std::exp(logits.floats[at] - e.operand(3).floats[target]) - (1 - smoothing) * isLabel -
           smoothing / static_cast<double>(classes.count));
    }
  }
  return success();
}

void dsc::registerLoss(Registry &registry) {
  registry.add<train::CrossEntropyOp>(evalCrossEntropy);
  registry.add<train::CrossEntropyGradOp>(evalCrossEntropyGrad);
}
