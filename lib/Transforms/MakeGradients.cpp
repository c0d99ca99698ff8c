//===- MakeGradients.cpp - The program that shows outputs and gradients ---===//

#include "Program.h"
#include "dialects/Train/Expr.h"
#include "dsc/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"

namespace dsc {
#define GEN_PASS_DEF_MAKEGRADIENTSPASS
#include "dsc/Transforms/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;
using train::Expr;

/// Divides every gradient of the sum by the number of targets.
static int64_t averageGradients(train::StepOp step) {
  Operation *end = step.getBody().front().getTerminator();
  OpBuilder builder(end);
  Value reciprocal = buildReciprocalCount(builder, end->getLoc(), end->getOperand(1));
  int64_t averaged = 0;
  for (OpOperand &operand : end->getOpOperands()) {
    if (getResultName(step, operand.getOperandNumber()).starts_with(kGradPrefix)) {
      Expr sum(builder, operand.get().getLoc(), operand.get());
      Expr factor = sum.with(reciprocal).convert(sum.type().getElementType());
      operand.set(sum * factor.splatTo(sum.shape()));
      ++averaged;
    }
  }
  return averaged;
}

namespace {
struct MakeGradientsPass : dsc::impl::MakeGradientsPassBase<MakeGradientsPass> {
  using MakeGradientsPassBase::MakeGradientsPassBase;

  void runOnOperation() override {
    FailureOr<train::StepOp> train = findTrainStep(getOperation(), getArgument());
    if (failed(train)) {
      return signalPassFailure();
    }
    train::StepOp step = train->clone();
    step.setSymName(kGradientsName);
    SymbolTable(getOperation()).insert(step, std::next(Block::iterator(*train)));
    Block &body = step.getBody().front();
    for (auto write : llvm::to_vector(body.getOps<train::WriteOp>())) {
      write.erase();
    }
    numAveraged += static_cast<unsigned>(averageGradients(step));
    FailureOr<train::MicrobatchOp> loop = findMicrobatch(step);
    if (failed(loop)) {
      return signalPassFailure();
    }
    pruneMicrobatch(*loop);
    eraseDeadOps(body);
  }
};
} // namespace
