//===- MakeEvaluate.cpp - The program that evaluates the model ------------===//

#include "Losses.h"
#include "Program.h"
#include "dialects/Train/BatchAnalysis.h"
#include "dsc/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"

namespace dsc {
#define GEN_PASS_DEF_MAKEEVALUATEPASS
#include "dsc/Transforms/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;
using train::Expr;

/// Replaces what behaves differently in training. Ops stay, dead, where they
/// have results that exist in training only.
static int64_t useEvaluationForms(Block &block) {
  int64_t replaced = 0;
  for (auto op : llvm::to_vector(block.getOps<train::EvaluationOpInterface>())) {
    OpBuilder builder(op);
    for (auto [result, value] : llvm::zip_equal(op->getResults(), op.buildEvaluation(builder))) {
      if (value) {
        result.replaceAllUsesWith(value);
      }
    }
    ++replaced;
  }
  return replaced;
}

static LogicalResult checkNoTrainingForms(Block &block) {
  for (auto op : block.getOps<train::EvaluationOpInterface>()) {
    return op->emitError() << "the model's outputs need a value that " << describeOp(op)
                           << " computes in training only (batch statistics), so it cannot be "
                              "evaluated";
  }
  return success();
}

namespace {
/// The results of @evaluate in the making.
struct Results {
  MLIRContext *context;
  SmallVector<Value> values;
  SmallVector<DictionaryAttr> attrs;

  void add(const Twine &name, Value value) {
    values.push_back(value);
    attrs.push_back(makeNameAttrs(context, name));
  }
};

struct MakeEvaluatePass : dsc::impl::MakeEvaluatePassBase<MakeEvaluatePass> {
  using MakeEvaluatePassBase::MakeEvaluatePassBase;

  void runOnOperation() override {
    FailureOr<func::FuncOp> forward = findForward(getOperation(), getArgument());
    if (failed(forward)) {
      return signalPassFailure();
    }
    std::optional<LossSpec> spec = LossSpec::fromAttr((*forward)->getAttr(kLossAttr));
    if (!spec) {
      forward->emitError("the model has no loss to evaluate; run dsc-attach-loss first");
      return signalPassFailure();
    }
    func::FuncOp evaluate = forward->clone();
    evaluate.setName(kEvaluateName);
    SymbolTable(getOperation()).insert(evaluate, std::next(Block::iterator(*forward)));
    numReplaced += useEvaluationForms(evaluate.getBody().front());
    if (failed(setResults(evaluate, *spec))) {
      signalPassFailure();
    }
  }

  static LogicalResult setResults(func::FuncOp evaluate, const LossSpec &spec);
};
} // namespace

static Value findArgument(func::FuncOp function, StringRef name) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    if (getArgName(function, i) == name) {
      return function.getArgument(i);
    }
  }
  return nullptr;
}

/// loss_sum, count and, for classes, correct of each sample.
static LogicalResult addSampleResults(func::FuncOp evaluate, const LossSpec &spec, Expr output,
                                      Results &results) {
  FailureOr<int64_t> rows = getBatchRows(evaluate);
  if (failed(rows)) {
    return failure();
  }
  std::string why;
  ArrayRef<int64_t> shape = getTargetType(spec, output.type(), why).getShape();
  Expr labels = output.with(findArgument(evaluate, kLabelsName)).reshape(shape);
  TargetLosses losses = buildTargetLosses(spec, output, labels);
  int64_t targets = losses.loss.type().getNumElements();
  if (targets % *rows != 0) {
    return evaluate.emitError() << "output \"" << spec.output << "\" has " << targets
                                << " targets, which do not divide into " << *rows << " samples";
  }
  auto type = RankedTensorType::get({*rows}, output.builder->getF32Type());
  Value count = losses.counted ? Value(sumTargetsPerSample(*losses.counted, *rows))
                               : train::ConstantOp::create(*output.builder, output.loc, type,
                                                           static_cast<double>(targets / *rows));
  results.add(kLossSumName, sumTargetsPerSample(losses.loss, *rows));
  results.add(kCountName, count);
  if (spec.hasClassLabels()) {
    results.add("correct", sumTargetsPerSample(buildCorrect(spec, output, labels), *rows));
  }
  return success();
}

/// Marks a program whose losses are not those of the samples alone: the last batch of
/// a data set cannot be filled up with copies.
static LogicalResult markWholeBatches(func::FuncOp evaluate, unsigned numLosses) {
  FailureOr<int64_t> rows = getBatchRows(evaluate);
  if (failed(rows)) {
    return failure();
  }
  Block &block = evaluate.getBody().front();
  train::BatchAnalysis analysis(block, *rows);
  auto losses = block.getTerminator()->getOperands().take_front(numLosses);
  bool joins = train::joinsParts(analysis.get(losses[0]), analysis.get(losses[1]));
  for (Value loss : losses) {
    const train::BatchState &state = analysis.get(loss);
    if (state.isMixed() || (state.isSum() && !joins)) {
      StringRef reason =
          state.isMixed() ? train::describe(state.mixing) : "sums over the rows of a batch";
      evaluate->setAttr(
          train::kWholeBatchesAttr,
          StringAttr::get(evaluate.getContext(), describeOp(state.culprit) + " " + reason));
      break;
    }
  }
  return success();
}

LogicalResult MakeEvaluatePass::setResults(func::FuncOp evaluate, const LossSpec &spec) {
  Block &block = evaluate.getBody().front();
  auto end = cast<func::ReturnOp>(block.getTerminator());
  unsigned numOutputs = evaluate.getNumResults() - 2; // before loss_sum and count
  Results results{evaluate.getContext(), {}, {}};
  OpBuilder builder(end);
  if (spec.isModelOutput()) {
    results.add(kLossSumName, end.getOperand(numOutputs));
    results.add(kCountName, end.getOperand(numOutputs + 1));
  }
  for (unsigned i = 0; i < numOutputs && !spec.isModelOutput(); ++i) {
    Expr output(builder, end.getOperand(i).getLoc(), end.getOperand(i));
    if (getResultName(evaluate, i) == spec.output &&
        failed(addSampleResults(evaluate, spec, output, results))) {
      return failure();
    }
  }
  auto numLosses = static_cast<unsigned>(results.values.size());
  for (unsigned i = 0; i < numOutputs; ++i) {
    results.add(kOutputPrefix + getResultName(evaluate, i), end.getOperand(i));
  }
  end->setOperands(results.values);
  evaluate.setFunctionType(
      builder.getFunctionType(evaluate.getArgumentTypes(), ValueRange(results.values).getTypes()));
  evaluate.setAllResultAttrs(results.attrs);

  for (auto write : llvm::to_vector(block.getOps<train::WriteOp>())) {
    write.erase();
  }
  eraseDeadOps(block);
  return failed(checkNoTrainingForms(block)) ? failure() : markWholeBatches(evaluate, numLosses);
}
