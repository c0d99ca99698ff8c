//===- MakeGradients.cpp - The program that shows outputs and gradients ---===//

#include "Losses.h"
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
  Value reciprocal = buildReciprocalCount(builder, end->getOperand(1));
  int64_t averaged = 0;
  for (OpOperand &operand : end->getOpOperands()) {
    StringRef parameter = getResultName(step, operand.getOperandNumber());
    if (parameter.consume_front(kGradPrefix)) {
      auto name = builder.getStringAttr("gradient of '" + parameter + "'");
      Expr sum(builder, NameLoc::get(name), operand.get());
      Expr factor = sum.with(reciprocal).convert(sum.type().getElementType());
      operand.set(sum * factor.splatTo(sum.shape()));
      ++averaged;
    }
  }
  return averaged;
}

/// The model's own loss over several micro-batches is no mean of theirs where they have different
/// numbers of targets.
static void restoreLossOutput(train::StepOp step) {
  std::optional<LossSpec> spec = LossSpec::fromAttr(step->getAttr(kLossAttr));
  if (!spec || !spec->isModelOutput()) {
    return;
  }
  Operation *end = step.getBody().front().getTerminator();
  OpBuilder builder(end);
  for (OpOperand &operand : end->getOpOperands()) {
    StringRef name = getResultName(step, operand.getOperandNumber());
    if (name.consume_front(kOutputPrefix) && name == spec->output) {
      auto type = cast<RankedTensorType>(operand.get().getType());
      Expr sum(builder, end->getLoc(), end->getOperand(0));
      Expr loss = sum * sum.with(buildReciprocalCount(builder, end->getOperand(1)));
      operand.set(loss.convert(type.getElementType()).reshape(type.getShape()));
    }
  }
}

/// Parameters that the loss does not depend on: readers expect every parameter.
static void addZeroGradients(train::StepOp step, ModuleOp module) {
  auto end = cast<train::ReturnOp>(step.getBody().front().getTerminator());
  OpBuilder builder(end);
  SmallVector<Type> types(step.getResultTypes());
  SmallVector<Attribute> attrs(step.getAllResultAttrs().getValue());
  for (auto parameter : getVariables(module, train::VariableRole::Parameter)) {
    if (parameter->hasAttr(train::kNoGradientAttr)) {
      Value zero =
          train::ConstantOp::create(builder, parameter.getLoc(), parameter.getTensorType(), 0.0);
      end.getValuesMutable().append(zero);
      types.push_back(zero.getType());
      attrs.push_back(makeNameAttrs(module.getContext(), kGradPrefix + parameter.getSymName()));
    }
  }
  step.setFunctionType(builder.getFunctionType(step.getArgumentTypes(), types));
  step.setResAttrsAttr(builder.getArrayAttr(attrs));
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
    FailureOr<train::MicrobatchOp> loop = findMicrobatch(step);
    if (failed(loop)) {
      return signalPassFailure();
    }
    numAveraged += static_cast<unsigned>(averageGradients(step));
    if (loop->getCount() > 1) {
      restoreLossOutput(step);
    }
    addZeroGradients(step, getOperation());
    pruneMicrobatch(*loop);
    eraseDeadOps(body);
  }
};
} // namespace
