//===- Loss.cpp - Cross-entropy -------------------------------------------===//

#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc::train;

using Kind = ShardingRule::Kind;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static SmallVector<int64_t> targetShape(Value logits, int64_t dim) {
  SmallVector<int64_t> shape(typeOf(logits).getShape());
  shape.erase(shape.begin() + dim);
  return shape;
}

void CrossEntropyOp::build(OpBuilder &builder, OperationState &state, Value logits, Value labels,
                           int64_t dim, int64_t ignoreIndex, double smoothing) {
  auto type = typeOf(logits).clone(targetShape(logits, dim));
  build(builder, state, type, type, logits, labels, builder.getI64IntegerAttr(dim),
        builder.getI64IntegerAttr(ignoreIndex), builder.getF64FloatAttr(smoothing));
}

static LogicalResult verifyCrossEntropy(Operation *op, Value logits, int64_t dim,
                                        ValueRange perTarget) {
  if (dim < 0 || dim >= typeOf(logits).getRank()) {
    return op->emitOpError() << "C1: dimension " << dim << " is outside the logits' rank "
                             << typeOf(logits).getRank();
  }
  SmallVector<int64_t> expected = targetShape(logits, dim);
  for (Value value : perTarget) {
    if (typeOf(value).getShape() != ArrayRef<int64_t>(expected)) {
      return op->emitOpError() << "C2: expected the logits' shape without dimension " << dim
                               << ", got " << value.getType();
    }
  }
  return success();
}

LogicalResult CrossEntropyOp::verify() {
  return verifyCrossEntropy(*this, getLogits(), static_cast<int64_t>(getDim()),
                            {getLabels(), getLoss(), getLse()});
}
LogicalResult CrossEntropyGradOp::verify() {
  return verifyCrossEntropy(*this, getLogits(), static_cast<int64_t>(getDim()),
                            {getLabels(), getG(), getLse()});
}

/// i1, shaped as the logits: whether an element belongs to its target's label.
static Expr isLabel(Expr logits, Value labels, int64_t dim) {
  auto type = logits.type().clone(getElementTypeOrSelf(labels));
  Expr classes = logits.with(IotaOp::create(*logits.builder, logits.loc, type, dim));
  return classes == logits.with(labels).expandDims(logits.shape(), {dim});
}

SmallVector<Value> CrossEntropyOp::decompose(OpBuilder &builder) {
  Expr logits(builder, getLoc(), getLogits()), labels = logits.with(getLabels());
  int64_t dim = static_cast<int64_t>(getDim());
  double smoothing = getSmoothing().convertToDouble();
  Expr largest = logits.max({dim});
  Expr sum = exp(logits - largest.expandDims(logits.shape(), {dim})).sum({dim});
  Expr lse = log(sum) + largest;
  Expr picked = select(isLabel(logits, getLabels(), dim), logits, 0.0).sum({dim});
  Expr loss = (lse - picked) * (1.0 - smoothing);
  if (smoothing != 0) {
    Expr average = logits.sum({dim}) * (1.0 / static_cast<double>(logits.dim(dim)));
    loss = loss + (lse - average) * smoothing;
  }
  Expr ignored = labels == static_cast<double>(getIgnoreIndexAttr().getInt());
  return {select(ignored, loss.constant(0.0), loss), lse};
}

LogicalResult CrossEntropyOp::buildVjp(Vjp &vjp) {
  if (vjp.grads[1]) {
    return failure(); // lse was used otherwise: differentiate the parts
  }
  vjp.set(0, CrossEntropyGradOp::create(vjp.builder, vjp.loc(), getLogits().getType(), vjp.grads[0],
                                        getLogits(), getLabels(), getLse(), getDimAttr(),
                                        getIgnoreIndexAttr(), getSmoothingAttr()));
  return success();
}

SmallVector<Value> CrossEntropyGradOp::decompose(OpBuilder &builder) {
  Expr logits(builder, getLoc(), getLogits()), labels = logits.with(getLabels());
  int64_t dim = static_cast<int64_t>(getDim());
  double smoothing = getSmoothing().convertToDouble();
  double spread = smoothing / static_cast<double>(logits.dim(dim));
  Expr ignored = labels == static_cast<double>(getIgnoreIndexAttr().getInt());
  Expr g = logits.with(getG());
  Expr weight = select(ignored, g.constant(0.0), g).expandDims(logits.shape(), {dim});
  Expr p = exp(logits - logits.with(getLse()).expandDims(logits.shape(), {dim}));
  Expr target =
      select(isLabel(logits, getLabels(), dim), logits.constant(1.0 - smoothing + spread), spread);
  return {weight * (p - target)};
}

/// Targets are free, the classes whole.
static ShardingRule lossRule(Operation *op, Value logits, int64_t dim) {
  ShardingRule rule = emptyShardingRule(op);
  ArrayRef<int64_t> shape = typeOf(logits).getShape();
  for (auto [index, size] : llvm::enumerate(shape)) {
    rule.addFactor(size, static_cast<int64_t>(index) == dim ? Kind::Whole : Kind::Parallel);
  }
  auto assign = [&](ShardingRule::TensorFactors &tensor) {
    for (size_t i = 0; i < tensor.size(); ++i) {
      bool skips = tensor.size() < shape.size() && i >= static_cast<size_t>(dim);
      tensor[i] = {static_cast<int>(skips ? i + 1 : i)};
    }
  };
  llvm::for_each(rule.operands, assign);
  llvm::for_each(rule.results, assign);
  return rule;
}
ShardingRule CrossEntropyOp::getShardingRule() {
  return lossRule(*this, getLogits(), static_cast<int64_t>(getDim()));
}
ShardingRule CrossEntropyGradOp::getShardingRule() {
  return lossRule(*this, getLogits(), static_cast<int64_t>(getDim()));
}
int64_t CrossEntropyOp::getFlops() { return 5 * typeOf(getLogits()).getNumElements(); }
int64_t CrossEntropyGradOp::getFlops() { return 4 * typeOf(getLogits()).getNumElements(); }
