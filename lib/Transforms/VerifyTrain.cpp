//===- VerifyTrain.cpp - What the autodiff phase promises -----------------===//

#include "Program.h"
#include "dsc/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace dsc {
#define GEN_PASS_DEF_VERIFYTRAINPASS
#include "dsc/Transforms/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

static InFlightDiagnostic illegal(Operation *op) {
  return op->emitError("illegal after autodiff: ");
}

/// C2 for arguments or results.
static LogicalResult checkNames(FunctionOpInterface program, unsigned count, StringRef what,
                                StringRef (*getName)(FunctionOpInterface, unsigned)) {
  llvm::StringSet<> seen;
  for (unsigned i = 0; i < count; ++i) {
    StringRef name = getName(program, i);
    if (name.empty()) {
      return illegal(program) << what << ' ' << i << " of @" << program.getName()
                              << " has no name (C2)";
    }
    if (!seen.insert(name).second) {
      return illegal(program) << "two of @" << program.getName() << "'s " << what
                              << "s are called \"" << name << "\" (C2)";
    }
  }
  return success();
}

/// C2: names, and the two results every program begins with.
static LogicalResult checkSignature(FunctionOpInterface program) {
  if (failed(checkNames(program, program.getNumArguments(), "argument", getArgName)) ||
      failed(checkNames(program, program.getNumResults(), "result", getResultName))) {
    return failure();
  }
  if (program.getNumResults() < 2 || getResultName(program, 0) != kLossSumName ||
      getResultName(program, 1) != kCountName) {
    return illegal(program) << "the results of @" << program.getName() << " must begin with \""
                            << kLossSumName << "\", \"" << kCountName << "\" (C2)";
  }
  return success();
}

/// C3.
static LogicalResult checkLoop(train::StepOp step) {
  auto loops = step.getBody().getOps<train::MicrobatchOp>();
  if (llvm::hasSingleElement(loops)) {
    return success();
  }
  return illegal(step) << "@" << step.getName() << " has "
                       << std::distance(loops.begin(), loops.end())
                       << " train.microbatch, expected one (C3)";
}

/// C4 for programs other than @train.
static LogicalResult checkWritesNothing(Operation *program) {
  LogicalResult result = success();
  program->walk([&](train::WriteOp write) {
    result = illegal(write) << "only @train writes variables (C4)";
  });
  return result;
}

/// C4 for one variable that @train writes `writes` times.
static LogicalResult checkWrites(train::VariableOp variable, unsigned writes) {
  train::VariableRole role = variable.getRole();
  bool isFixed = role == train::VariableRole::Frozen || variable->hasAttr(train::kNoGradientAttr);
  bool mustBeWritten =
      !isFixed && (role == train::VariableRole::Parameter || role == train::VariableRole::Slot);
  unsigned most = isFixed ? 0 : 1;
  if (writes <= most && (writes == 1 || !mustBeWritten)) {
    return success();
  }
  return illegal(variable) << "@train writes " << train::stringifyVariableRole(role) << " @"
                           << variable.getSymName() << ' ' << writes << " times, expected "
                           << (mustBeWritten ? "once"
                               : most == 0   ? "never"
                                             : "at most once")
                           << " (C4)";
}

namespace {
struct VerifyTrainPass : dsc::impl::VerifyTrainPassBase<VerifyTrainPass> {
  void runOnOperation() override {
    if (failed(checkPrograms()) || failed(checkTrain()) || failed(checkEvaluate())) {
      return signalPassFailure();
    }
    markAllAnalysesPreserved();
  }

  LogicalResult checkPrograms();
  LogicalResult checkTrain();
  LogicalResult checkEvaluate();

  train::StepOp train;
  func::FuncOp evaluate;
};
} // namespace

/// C1, and C2 to C4 as far as all programs share them.
LogicalResult VerifyTrainPass::checkPrograms() {
  ModuleOp module = getOperation();
  train = module.lookupSymbol<train::StepOp>(kTrainName);
  evaluate = module.lookupSymbol<func::FuncOp>(kEvaluateName);
  if (!train || !evaluate) {
    return illegal(module) << "there is no " << (train ? "function @evaluate" : "train.step @train")
                           << " (C1)";
  }
  if (Operation *forward = module.lookupSymbol(kForwardName)) {
    return illegal(forward) << "@forward is left (C1)";
  }
  for (auto program : module.getOps<FunctionOpInterface>()) {
    auto step = dyn_cast<train::StepOp>(*program);
    if (failed(checkSignature(program)) || (step && failed(checkLoop(step))) ||
        (step != train && failed(checkWritesNothing(program)))) {
      return failure();
    }
    ++numPrograms;
  }
  return success();
}

/// C4 for @train.
LogicalResult VerifyTrainPass::checkTrain() {
  llvm::StringMap<unsigned> writes;
  train.walk([&](train::WriteOp write) { ++writes[write.getVariable()]; });
  for (auto variable : getOperation().getOps<train::VariableOp>()) {
    if (failed(checkWrites(variable, writes.lookup(variable.getSymName())))) {
      return failure();
    }
  }
  return success();
}

/// C5.
LogicalResult VerifyTrainPass::checkEvaluate() {
  LogicalResult result = success();
  evaluate.walk([&](train::EvaluationOpInterface op) {
    result = illegal(op) << describeOp(op) << " behaves as in training (C5)";
  });
  return result;
}
