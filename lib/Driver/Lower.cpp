//===- Lower.cpp - Passes over train and exec IR --------------------------===//

#include "dsc/Pipelines/Exec.h"
#include "dsc/Target/CPU/ExecEmission.h"
#include "dsc/Target/CPU/Passes.h"
#include "lib/Driver/Compilation.h"
#include "lib/Driver/Description.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace dsc;

/// Runs a phase. A reproducer stays where the failure is the compiler's own.
int Compilation::runPasses(PassManager &pm, ModuleOp op, int onFailure) {
  if (!options.dumpIr.empty()) {
    dumpAfterEachPass(pm, options.dumpIr, nextDump);
  }
  if (!options.crashBefore.empty()) {
    crashBeforePass(pm, options.crashBefore);
  }
  ScratchFile reproducer = ScratchFile::unwritten(reproducerName());
  pm.enableCrashReproducerGeneration(reproducer.name());
  if (succeeded(pm.run(op)) && !errors.hasError()) {
    return kDone;
  }
  if (onFailure == kBadInput && errors.hasError()) {
    return kBadInput;
  }
  if (llvm::Error error = reproducer.keep()) {
    llvm::consumeError(std::move(error));
  }
  return internalError();
}

/// What the plan and the trainer say about the model.
int Compilation::identifyModel() {
  inputs = describeInputs(*module);
  plan.model = stem;
  plan.modelHash = hashModel(*module);
  auto step = module->lookupSymbol<FunctionOpInterface>("train");
  auto first = step.getNumArguments() ? dyn_cast<RankedTensorType>(step.getArgumentTypes()[0])
                                      : RankedTensorType();
  if (!first || first.getRank() == 0) {
    return fail(llvm::createStringError("the model has no input with a batch dimension"));
  }
  plan.batch = first.getDimSize(0);
  return checkModelOfPlan();
}

int Compilation::lowerToTrain() {
  PassManager pm(&context);
  buildTrainPipeline(pm, trainOptions);
  if (int status = runPasses(pm, *module, kBadInput)) {
    return status;
  }
  if (int status = identifyModel()) {
    return status;
  }
  return options.emit == "train" ? writeText(*module) : kDone;
}

int Compilation::lowerToExec() {
  PassManager pm(&context);
  buildExecPipeline(pm, cpu::createCpuTargetModel());
  if (int status = runPasses(pm, *module, kBadInput)) {
    return status;
  }
  return options.emit == "exec" ? writeText(*module) : kDone;
}
