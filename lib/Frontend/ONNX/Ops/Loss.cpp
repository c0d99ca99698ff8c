//===- Loss.cpp - Losses that models compute themselves -------------------===//
//
// Both losses take one value per class along dimension 1, and reduce over all
// targets: `mean` divides by the weights of the targets that count.
//
//===----------------------------------------------------------------------===//

#include "../NodeImport.h"

#include <limits>

using namespace mlir;

namespace dsc::onnx {

/// No label has this value, so nothing is ignored.
static constexpr int64_t ignoreNothing = std::numeric_limits<int64_t>::min();

static int64_t ignoredIndex(NodeImport &n) { return n.integer("ignore_index", ignoreNothing); }

/// Labels with ignored ones replaced by class 0, and whether each counts.
static std::pair<Value, Value> countedLabels(NodeImport &n, Value labels) {
  auto type = tensorType(labels);
  Value ignored = n.make<train::ConstantOp>(
      DenseElementsAttr::get(type, n.b.getIntegerAttr(type.getElementType(), ignoredIndex(n))));
  Value counts = n.compare(train::Comparison::NE, labels, ignored);
  return {n.select(counts, labels, n.like(labels, 0)), counts};
}

/// Weight of each target: its class's, or 1, and 0 where it is ignored.
static Value targetWeights(NodeImport &n, Value labels, Type element) {
  auto [safe, counts] = countedLabels(n, labels);
  Value mask = n.convert(counts, element);
  if (!n.has(2))
    return mask;
  Value weights = n.make<train::TakeOp>(n.input(2), safe, int64_t{0});
  return n.make<train::MulOp>(weights, mask);
}

/// Reduces the losses of targets, ignored ones being 0 already.
static LogicalResult reduceLoss(NodeImport &n, Value losses, Value labels) {
  llvm::StringRef reduction = n.string("reduction", "mean");
  if (!llvm::is_contained({"mean", "sum", "none"}, reduction))
    return n.fail("attribute 'reduction' is '" + reduction + "', expected mean, sum or none");
  bool isWeighted = n.has(2), mayIgnore = n.hasAttribute("ignore_index");
  Value weights;
  if (isWeighted || (reduction == "mean" && mayIgnore))
    weights = targetWeights(n, labels, elementOf(losses));
  if (isWeighted)
    losses = n.make<train::MulOp>(losses, weights);
  if (reduction == "none")
    return n.set(0, losses);
  Shape all = iotaShape(rankOf(losses));
  if (reduction == "mean" && !weights)
    return n.set(0, n.mean(losses, all, false));
  Value sum = n.reduce<train::ReduceSumOp>(losses, all, false);
  if (reduction == "sum")
    return n.set(0, sum);
  return n.set(0, n.make<train::DivOp>(sum, n.reduce<train::ReduceSumOp>(weights, all, false)));
}

/// Class weights belong to the loss: as parameters they would shrink it, whatever is learned.
static void keepClassWeights(NodeImport &n) {
  Variable *weights = n.variable(2);
  if (!weights || weights->isChosen)
    return;
  weights->role = train::VariableRole::Frozen;
  weights->why = "class weights of a loss";
}

/// scores [N, C, d...], labels [N, d...], weights [C].
static LogicalResult checkLossInputs(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 2)))
    return failure();
  Shape expected(shapeOf(n.input(0)));
  int64_t classes = expected[1];
  expected.erase(expected.begin() + 1);
  if (shapeOf(n.input(1)) != llvm::ArrayRef(expected) || isFloat(n.input(1)))
    return n.fail("labels are " + describe(n.input(1)) +
                  ", expected integers shaped like the scores without dimension 1");
  if (n.has(2) && (shapeOf(n.input(2)) != llvm::ArrayRef<int64_t>{classes} ||
                   elementOf(n.input(2)) != elementOf(n.input(0))))
    return n.fail("weights are " + describe(n.input(2)) + ", expected one per class");
  keepClassWeights(n);
  return success();
}

static LogicalResult importSoftmaxCrossEntropyLoss(NodeImport &n) {
  if (failed(checkLossInputs(n)))
    return failure();
  Value scores = n.input(0), labels = n.input(1);
  if (n.isUsed(1) && failed(n.set(1, n.make<train::LogSoftmaxOp>(scores, int64_t{1}))))
    return failure();
  auto loss = train::CrossEntropyOp::create(n.b, n.loc, scores, labels, 1, ignoredIndex(n), 0.0);
  return reduceLoss(n, loss.getLoss(), labels);
}

static LogicalResult importNegativeLogLikelihoodLoss(NodeImport &n) {
  if (failed(checkLossInputs(n)))
    return failure();
  Value scores = n.input(0), labels = n.input(1);
  auto [safe, counts] = countedLabels(n, labels);
  Shape one(shapeOf(scores));
  one[1] = 1;
  Value picked = n.make<train::TakeAlongOp>(RankedTensorType::get(one, elementOf(scores)), scores,
                                            n.reshape(safe, one), int64_t{1});
  Value losses = n.make<train::NegOp>(n.reshape(picked, shapeOf(labels)));
  if (n.hasAttribute("ignore_index"))
    losses = n.select(counts, losses, n.like(losses, 0));
  return reduceLoss(n, losses, labels);
}

void populateLoss(Registry &registry) {
  registry.add("NegativeLogLikelihoodLoss", 12, inputs(2, 3), importNegativeLogLikelihoodLoss);
  registry.add("SoftmaxCrossEntropyLoss", 12, inputs(2, 3), importSoftmaxCrossEntropyLoss);
}

} // namespace dsc::onnx
