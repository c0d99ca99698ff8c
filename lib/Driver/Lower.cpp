//===- Lower.cpp - Passes over train and exec IR --------------------------===//

#include "dsc/Pipelines/Exec.h"
#include "dsc/Target/CPU/ExecEmission.h"
#include "dsc/Target/CPU/Passes.h"
#include "dsc/Target/CUDA/CudaEmission.h"
#include "lib/Driver/Compilation.h"
#include "lib/Driver/Description.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace dsc;

/// Runs a phase. A reproducer stays where the failure is the compiler's own.
int Compilation::runPasses(PassManager &pm, ModuleOp op, int onFailure) {
  dumps.attach(pm);
  if (!options.crashBefore.empty()) {
    crashBeforePass(pm, options.crashBefore);
  }
  ScratchFile reproducer = ScratchFile::unwritten(reproducerName());
  pm.enableCrashReproducerGeneration(reproducer.name());
  bool succeeds = succeeded(pm.run(op)) && !errors.hasError();
  if (llvm::Error error = dumps.takeError()) {
    return fail(std::move(error));
  }
  if (succeeds) {
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

/// The rows of a step, over all micro-batches.
int Compilation::countBatch() {
  auto step = module->lookupSymbol<FunctionOpInterface>("train");
  auto first = step.getNumArguments() ? dyn_cast<RankedTensorType>(step.getArgumentTypes()[0])
                                      : RankedTensorType();
  if (!first || first.getRank() == 0) {
    return fail(llvm::createStringError("the model has no input with a batch dimension"));
  }
  plan.batch = first.getDimSize(0);
  if (obeyed && obeyed->batch != plan.batch) {
    return failPlan("field 'batch' is " + llvm::Twine(obeyed->batch) + ", but '" + options.input +
                    "' makes a batch of " + llvm::Twine(plan.batch) + " with microbatches " +
                    llvm::Twine(trainOptions.microbatches));
  }
  return kDone;
}

/// Micro-batches of one row: whether the model mixes rows shows with two.
int Compilation::checkSingleRows() {
  if (!onnxModel || trainOptions.microbatches == 1 || leadingDim(*module) != 1) {
    return kDone;
  }
  onnx::ImportOptions import = importOptions(options);
  import.batch = 2;
  auto two = onnx::importModel(*onnxModel, context, import);
  if (!two) {
    printWarning("the model takes one row only, so nothing shows whether it mixes the rows of a "
                 "batch, which " +
                 llvm::Twine(trainOptions.microbatches) +
                 " micro-batches would not do: " + llvm::toString(two.takeError()));
    return kDone;
  }
  PassManager pm(&context);
  buildLossPipeline(pm, trainOptions);
  return runPasses(pm, *two->module, kBadInput);
}

int Compilation::lowerToTrain() {
  if (int status = identifyModel()) {
    return status;
  }
  if (int status = checkSingleRows()) {
    return status;
  }
  PassManager pm(&context);
  buildTrainPipeline(pm, trainOptions);
  if (int status = runPasses(pm, *module, kBadInput)) {
    return status;
  }
  inputs = describeInputs(*module);
  wholeBatches = describeWholeBatches(*module);
  if (int status = countBatch()) {
    return status;
  }
  return options.emit == "train" ? writeText(*module) : kDone;
}

int Compilation::lowerToExec() {
  PassManager pm(&context);
  buildExecPipeline(pm, options.target == "cuda" ? cuda::createCudaTargetModel()
                                                 : cpu::createCpuTargetModel(*cpuTarget));
  if (int status = runPasses(pm, *module, kBadInput)) {
    return status;
  }
  return options.emit == "exec" ? writeText(*module) : kDone;
}
