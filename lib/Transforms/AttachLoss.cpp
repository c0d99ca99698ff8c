//===- AttachLoss.cpp - Give the model's graph its loss -------------------===//

#include "Losses.h"
#include "Program.h"
#include "dialects/Train/BatchAnalysis.h"
#include "dsc/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"

namespace dsc {
#define GEN_PASS_DEF_ATTACHLOSSPASS
#include "dsc/Transforms/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;
using train::Expr;

/// "a", "b" and "c": the model's outputs, for messages.
static std::string listOutputs(func::FuncOp forward) {
  std::string list;
  for (unsigned i = 0; i < forward.getNumResults(); ++i) {
    list += (i ? ", \"" : "\"") + getResultName(forward, i).str() + "\"";
  }
  return list;
}

static FailureOr<unsigned> findOutput(func::FuncOp forward, StringRef name) {
  for (unsigned i = 0; i < forward.getNumResults(); ++i) {
    if (getResultName(forward, i) == name) {
      return i;
    }
  }
  return forward.emitError() << "the model has no output \"" << name << "\"; its outputs are "
                             << listOutputs(forward);
}

static std::optional<unsigned> findArgument(func::FuncOp forward, StringRef name) {
  for (unsigned i = 0; i < forward.getNumArguments(); ++i) {
    if (getArgName(forward, i) == name) {
      return i;
    }
  }
  return std::nullopt;
}

namespace {
struct AttachLossPass : dsc::impl::AttachLossPassBase<AttachLossPass> {
  using AttachLossPassBase::AttachLossPassBase;

  void runOnOperation() override {
    FailureOr<func::FuncOp> forward = findForward(getOperation(), getArgument());
    if (failed(forward) || failed(checkUnattached(*forward)) || failed(attach(*forward))) {
      return signalPassFailure();
    }
    ++numAttached;
  }

  LogicalResult attach(func::FuncOp forward) {
    return lossOutput.empty() ? attachLoss(forward) : attachModelLoss(forward);
  }

  static LogicalResult checkUnattached(func::FuncOp forward) {
    if (forward->hasAttr(kLossAttr)) {
      return forward.emitError("the model already has a loss attached");
    }
    return success();
  }

  LogicalResult attachModelLoss(func::FuncOp forward);
  LogicalResult attachLoss(func::FuncOp forward);
  FailureOr<unsigned> chooseOutput(func::FuncOp forward);
  int64_t chooseClassAxis(int64_t rank);
  FailureOr<Value> getLabels(func::FuncOp forward, const LossSpec &spec, RankedTensorType output);
  static FailureOr<Value> addLabels(func::FuncOp forward, const LossSpec &spec,
                                    RankedTensorType targets);
  static LogicalResult checkLabels(func::FuncOp forward, const LossSpec &spec, Type given,
                                   RankedTensorType targets);
};
} // namespace

static func::ReturnOp getReturn(func::FuncOp forward) {
  return cast<func::ReturnOp>(forward.getBody().front().getTerminator());
}

/// Appends the results loss_sum and count, and says on the function what they are.
static LogicalResult appendResults(func::FuncOp forward, const LossSpec &spec, Value lossSum,
                                   Value count) {
  MLIRContext *context = forward.getContext();
  unsigned end = forward.getNumResults();
  getReturn(forward).getOperandsMutable().append({lossSum, count});
  forward->setAttr(kLossAttr, spec.toAttr(context));
  return forward.insertResults(
      {end, end}, {lossSum.getType(), count.getType()},
      {makeNameAttrs(context, kLossSumName), makeNameAttrs(context, kCountName)});
}

static Value buildScalar(OpBuilder &builder, Location loc, double value) {
  return train::ConstantOp::create(builder, loc, RankedTensorType::get({}, builder.getF32Type()),
                                   value);
}

namespace {
/// A loss that the model computes as a sum over a count, such as the mean over the labels that
/// are not ignored, as these two: micro-batches and batches then weigh by their counts. The
/// quotient may be scaled or negated. Any other loss is one over 1, so that a divisor that is
/// trained has its gradient.
class MeanSplitter {
public:
  MeanSplitter(OpBuilder &builder, int64_t rows)
      : builder(builder), analysis(*builder.getInsertionBlock(), rows) {}

  std::pair<Value, Value> split(Value loss);

private:
  SmallVector<unsigned> findRows(Operation &op) const;
  bool isSum(Value value) const;
  bool isMean(train::DivOp quotient) const;

  OpBuilder &builder;
  train::BatchAnalysis analysis;
};
} // namespace

/// The operands that depend on the batch.
SmallVector<unsigned> MeanSplitter::findRows(Operation &op) const {
  SmallVector<unsigned> found;
  for (OpOperand &operand : op.getOpOperands()) {
    if (analysis.get(operand.get()).usesRows) {
      found.push_back(operand.getOperandNumber());
    }
  }
  return found;
}

/// A sum over rows, or sums added up and scaled.
bool MeanSplitter::isSum(Value value) const {
  Operation *op = value.getDefiningOp();
  if (!op || isa<train::ReduceSumOp>(op)) {
    return op != nullptr;
  }
  SmallVector<unsigned> rows = findRows(*op);
  return train::scalesSums(*op, rows) &&
         llvm::all_of(rows, [&](unsigned i) { return isSum(op->getOperand(i)); });
}

bool MeanSplitter::isMean(train::DivOp quotient) const {
  return isSum(quotient.getA()) && isSum(quotient.getB()) &&
         analysis.get(quotient.getB()).usesRows && !analysis.get(quotient.getB()).isTrained;
}

std::pair<Value, Value> MeanSplitter::split(Value loss) {
  SmallVector<OpOperand *> scales; // from the loss to the quotient
  Value value = loss;
  while (Operation *op = value.getDefiningOp()) {
    auto quotient = dyn_cast<train::DivOp>(op);
    if (quotient && isMean(quotient)) {
      break;
    }
    SmallVector<unsigned> rows = findRows(*op);
    if (rows.size() != 1 || !train::scalesSums(*op, rows)) {
      return {loss, buildScalar(builder, loss.getLoc(), 1.0)};
    }
    scales.push_back(&op->getOpOperand(rows[0]));
    value = scales.back()->get();
  }
  auto quotient = value.getDefiningOp<train::DivOp>();
  if (!quotient || quotient.getType().getNumElements() != 1) {
    return {loss, buildScalar(builder, loss.getLoc(), 1.0)};
  }
  Value sum = quotient.getA();
  for (OpOperand *scaled : llvm::reverse(scales)) {
    Operation *op = builder.clone(*scaled->getOwner());
    op->setOperand(scaled->getOperandNumber(), sum);
    sum = op->getResult(0);
  }
  return {sum, quotient.getB()};
}

LogicalResult AttachLossPass::attachModelLoss(func::FuncOp forward) {
  FailureOr<unsigned> index = findOutput(forward, lossOutput);
  if (failed(index)) {
    return failure();
  }
  Value value = getReturn(forward).getOperand(*index);
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getNumElements() != 1 || !isa<FloatType>(type.getElementType())) {
    return forward.emitError() << "the loss output \"" << lossOutput << "\" has type " << type
                               << ", expected a floating-point scalar; --loss attaches a loss to "
                                  "an output that is none";
  }
  OpBuilder builder(getReturn(forward));
  FailureOr<int64_t> rows = getBatchRows(forward);
  if (failed(rows)) {
    return failure();
  }
  auto [sum, count] = MeanSplitter(builder, *rows).split(value);
  auto toScalar = [&](Value part) {
    return Expr(builder, value.getLoc(), part).reshape({}).convert(builder.getF32Type());
  };
  LossSpec spec;
  spec.kind = "output";
  spec.output = lossOutput;
  return appendResults(forward, spec, toScalar(sum), toScalar(count));
}

FailureOr<unsigned> AttachLossPass::chooseOutput(func::FuncOp forward) {
  if (!output.empty()) {
    return findOutput(forward, output);
  }
  if (forward.getNumResults() == 1) {
    return 0u;
  }
  if (forward.getNumResults() == 0) {
    return forward.emitError("the model has no outputs, so no loss can be attached to one");
  }
  return forward.emitError() << "the model has several outputs (" << listOutputs(forward)
                             << "); say which the loss is for: --loss " << getLossName(kind)
                             << ":OUTPUT";
}

/// PyTorch's conventions for [N, C], [N, T, C] and [N, C, H, W] by default.
int64_t AttachLossPass::chooseClassAxis(int64_t rank) {
  if (classAxis == kDefaultClassAxis) {
    return rank <= 3 ? rank - 1 : 1;
  }
  return classAxis < 0 ? classAxis + rank : static_cast<int64_t>(classAxis);
}

LogicalResult AttachLossPass::attachLoss(func::FuncOp forward) {
  FailureOr<unsigned> index = chooseOutput(forward);
  if (failed(index)) {
    return failure();
  }
  Value value = getReturn(forward).getOperand(*index);
  auto type = cast<RankedTensorType>(value.getType());
  LossSpec spec;
  spec.kind = getLossName(kind);
  spec.output = getResultName(forward, *index);
  spec.ignoreIndex = ignoreIndex;
  spec.labelSmoothing = labelSmoothing;
  spec.classAxis = chooseClassAxis(type.getRank());
  FailureOr<Value> labels = getLabels(forward, spec, type);
  if (failed(labels)) {
    return failure();
  }
  if (spec.hasClassLabels()) {
    spec.classes = type.getDimSize(static_cast<unsigned>(spec.classAxis));
  }
  OpBuilder builder(getReturn(forward));
  Expr outputs(builder, value.getLoc(), value);
  TargetLosses losses = buildTargetLosses(spec, outputs, outputs.with(*labels));
  double targets = static_cast<double>(losses.loss.type().getNumElements());
  Value count = losses.counted ? Value(sumTargets(*losses.counted))
                               : buildScalar(builder, value.getLoc(), targets);
  return appendResults(forward, spec, sumTargets(losses.loss), count);
}

FailureOr<Value> AttachLossPass::getLabels(func::FuncOp forward, const LossSpec &spec,
                                           RankedTensorType type) {
  std::string why;
  RankedTensorType targets = getTargetType(spec, type, why);
  if (!targets) {
    return forward.emitError() << "loss " << spec.kind << " cannot be attached to output \""
                               << spec.output << "\" of type " << type << ": " << why;
  }
  std::optional<unsigned> existing = findArgument(forward, kLabelsName);
  if (!existing) {
    return addLabels(forward, spec, targets);
  }
  Value labels = forward.getArgument(*existing);
  if (failed(checkLabels(forward, spec, labels.getType(), targets))) {
    return failure();
  }
  OpBuilder builder(getReturn(forward));
  return Value(Expr(builder, labels.getLoc(), labels).reshape(targets.getShape()));
}

/// An input of the model called labels must hold targets of the loss.
LogicalResult AttachLossPass::checkLabels(func::FuncOp forward, const LossSpec &spec, Type given,
                                          RankedTensorType targets) {
  auto type = cast<RankedTensorType>(given);
  Type element = type.getElementType();
  bool fits = spec.hasClassLabels() ? element.isInteger(64) || element.isInteger(32)
                                    : isa<FloatType>(element);
  if (fits && type.getNumElements() == targets.getNumElements()) {
    return success();
  }
  return forward.emitError() << "the model's input \"" << kLabelsName << "\" has type " << type
                             << "; loss " << spec.kind << " of output \"" << spec.output
                             << "\" needs " << targets;
}

/// A new input: the targets, with the batch as dimension 0 also where the model
/// has flattened batch and sequence into one dimension.
FailureOr<Value> AttachLossPass::addLabels(func::FuncOp forward, const LossSpec &spec,
                                           RankedTensorType targets) {
  FailureOr<int64_t> rows = getBatchRows(forward);
  if (failed(rows)) {
    return failure();
  }
  SmallVector<int64_t> shape(targets.getShape());
  if (shape[0] % *rows != 0) {
    return forward.emitError() << "dimension 0 of output \"" << spec.output << "\" has size "
                               << shape[0] << ", not a multiple of the batch's " << *rows
                               << ", so its targets cannot be split into samples";
  }
  if (shape[0] != *rows) {
    shape[0] /= *rows;
    shape.insert(shape.begin(), *rows);
  }
  unsigned end = forward.getNumArguments();
  auto type = RankedTensorType::get(shape, targets.getElementType());
  if (failed(forward.insertArgument(end, type, makeNameAttrs(forward.getContext(), kLabelsName),
                                    forward.getLoc()))) {
    return failure();
  }
  OpBuilder builder(getReturn(forward));
  Value labels = forward.getArgument(end);
  return Value(Expr(builder, labels.getLoc(), labels).reshape(targets.getShape()));
}
