//===- Emit.cpp - Object files of kernels and tables ----------------------===//

#include "dsc/Target/CPU/ExecEmission.h"
#include "dsc/Target/CPU/Passes.h"
#include "lib/Driver/Compilation.h"
#include "lib/Driver/Description.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace dsc;

static llvm::StringRef lossName(const TrainOptions &options) {
  return options.lossOutput.empty() ? nameOf(options.loss) : "model";
}

std::string Compilation::description() {
  llvm::json::Object object{{"version", 1},
                            {"model", stem},
                            {"model_hash", plan.modelHash},
                            {"source", llvm::sys::path::filename(options.input)},
                            {"batch", plan.batch},
                            {"microbatches", plan.microbatches},
                            {"target", "cpu"},
                            {"cpu", cpuTarget->cpu},
                            {"precision", plan.precision},
                            {"optimizer", nameOf(trainOptions.optimizer)},
                            {"clip", trainOptions.clip},
                            {"loss", lossName(trainOptions)},
                            {"predicted_step_seconds", plan.stepSeconds},
                            {"libraries", llvm::json::Array{"libdnnl.so.2", "libgomp.so.1"}},
                            {"inputs", llvm::json::Array(inputs)}};
  object["memory"] = plan.memory.toJson();
  object["scratch_bytes"] = plan.scratchBytes;
  describePlacement(*module, object);
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(object));
  return text;
}

int Compilation::emitKernels(llvm::raw_pwrite_stream &object) {
  OwningOpRef<ModuleOp> kernels = cpu::extractKernels(*module);
  PassManager pm(&context);
  cpu::buildKernelPipeline(pm, cpuName);
  if (int status = runPasses(pm, *kernels, kInternalError)) {
    return status;
  }
  if (options.emit == "llvm") {
    return writeText(*kernels);
  }
  if (failed(cpu::emitObject(*kernels, *cpuTarget, object))) {
    return internalError();
  }
  return kDone;
}

int Compilation::emitObjects(const ScratchFile &kernels, const ScratchFile &tables) {
  int status = kDone;
  auto failed = writeFile(kernels, [&](llvm::raw_fd_ostream &os) { status = emitKernels(os); });
  if (failed) {
    return fail(std::move(failed));
  }
  if (status != kDone) {
    return status;
  }
  failed = writeFile(tables, [&](llvm::raw_fd_ostream &os) {
    if (mlir::failed(cpu::emitTables(*module, *cpuTarget, description(), os))) {
      status = internalError();
    }
  });
  return failed ? fail(std::move(failed)) : status;
}

int Compilation::emit() {
  auto kernels = ScratchFile::temporary("dsc-kernels", "o");
  if (!kernels) {
    return fail(kernels.takeError());
  }
  auto tables = ScratchFile::temporary("dsc-tables", "o");
  if (!tables) {
    return fail(tables.takeError());
  }
  if (int status = emitObjects(*kernels, *tables)) {
    return status;
  }
  times.begin("link");
  llvm::Error error = writeResults({kernels->name(), tables->name()});
  return error ? fail(std::move(error)) : int(kDone);
}
