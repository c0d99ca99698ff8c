//===- VerifyMicrobatches.cpp - Is the loss of a batch that of its parts? -===//

#include "Losses.h"
#include "Program.h"
#include "dialects/Train/BatchAnalysis.h"
#include "dsc/Transforms/Passes.h"

namespace dsc {
#define GEN_PASS_DEF_VERIFYMICROBATCHESPASS
#include "dsc/Transforms/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;
using train::BatchState;

namespace {
struct VerifyMicrobatchesPass : dsc::impl::VerifyMicrobatchesPassBase<VerifyMicrobatchesPass> {
  using VerifyMicrobatchesPassBase::VerifyMicrobatchesPassBase;

  void runOnOperation() override {
    if (microbatches == 1) {
      return;
    }
    FailureOr<func::FuncOp> forward = findForward(getOperation(), getArgument());
    if (failed(forward) || failed(verify(*forward))) {
      return signalPassFailure();
    }
    markAllAnalysesPreserved();
  }

  LogicalResult verify(func::FuncOp forward);
  LogicalResult verifyState(Block &block);
  LogicalResult verifyModelLoss(StringRef name, const BatchState &loss, const BatchState &count);
};
} // namespace

LogicalResult VerifyMicrobatchesPass::verify(func::FuncOp forward) {
  std::optional<LossSpec> spec = LossSpec::fromAttr(forward->getAttr(kLossAttr));
  if (!spec) {
    return forward.emitError("the model has no loss yet; run dsc-attach-loss first");
  }
  FailureOr<int64_t> rows = getBatchRows(forward);
  if (failed(rows)) {
    return failure();
  }
  if (*rows == 1) {
    return success(); // shapes do not show where one row is: see the pass's description
  }
  Block &block = forward.getBody().front();
  if (failed(verifyState(block))) {
    return failure();
  }
  train::BatchAnalysis analysis(block, *rows);
  for (Operation &op : block) {
    numFollowed += llvm::count_if(
        op.getResults(), [&](Value value) { return !analysis.get(value).positions.empty(); });
  }
  auto last = block.getTerminator()->getOperands().take_back(2); // loss_sum and count
  for (Value result : last) {
    const BatchState &state = analysis.get(result);
    if (state.isMixed()) {
      return state.culprit->emitError()
             << state.culprit->getName() << ' ' << train::describe(state.mixing) << ", so "
             << int64_t(microbatches)
             << " micro-batches would not compute what the whole batch does; train this model "
                "with --microbatches 1";
    }
  }
  return spec->isModelOutput()
             ? verifyModelLoss(spec->output, analysis.get(last[0]), analysis.get(last[1]))
             : success();
}

/// What is kept from step to step would change in every micro-batch. Statistics of batch norms
/// are meant to.
LogicalResult VerifyMicrobatchesPass::verifyState(Block &block) {
  for (auto write : block.getOps<train::WriteOp>()) {
    if (!isa_and_nonnull<train::EvaluationOpInterface>(write.getValue().getDefiningOp())) {
      return write.emitError() << "the model changes it in every step, which "
                               << int64_t(microbatches)
                               << " micro-batches would do as often; train this model with "
                                  "--microbatches 1";
    }
  }
  return success();
}

/// Losses that do not come with a count of targets are averaged over the micro-batches.
LogicalResult VerifyMicrobatchesPass::verifyModelLoss(StringRef name, const BatchState &loss,
                                                      const BatchState &count) {
  if (joinsParts(loss, count)) {
    return success();
  }
  return loss.culprit->emitError()
         << "the loss \"" << name << "\" is a sum over the rows of a batch ("
         << loss.culprit->getName() << "), not a mean, so " << int64_t(microbatches)
         << " micro-batches, whose losses are averaged, would not compute what the whole batch "
            "does; train this model with --microbatches 1";
}
