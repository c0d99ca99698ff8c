//===- Emit.cpp - Object files of kernels and tables ----------------------===//

#include "dsc/Target/CPU/ExecEmission.h"
#include "dsc/Target/CPU/Passes.h"
#include "lib/Driver/Compilation.h"
#include "lib/Driver/CudaPackage.h"
#include "lib/Driver/Description.h"
#include "lib/Driver/Link.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace dsc;

static llvm::StringRef lossName(const TrainOptions &options) {
  return options.lossOutput.empty() ? nameOf(options.loss) : "model";
}

std::string Compilation::description() {
  bool isCuda = options.target == "cuda";
  llvm::json::Array libraries = isCuda ? llvm::json::Array{"cuBLASLt", "cuDNN"}
                                       : llvm::json::Array{"libdnnl.so.2", "libgomp.so.1"};
  llvm::json::Object object{{"version", 1},
                            {"model", stem},
                            {"model_hash", plan.modelHash},
                            {"source", llvm::sys::path::filename(options.input)},
                            {"batch", plan.batch},
                            {"microbatches", plan.microbatches},
                            {"target", options.target},
                            {"cpu", isCuda ? "" : cpuTarget->cpu},
                            {"precision", plan.precision},
                            {"optimizer", nameOf(trainOptions.optimizer)},
                            {"clip", trainOptions.clip},
                            {"loss", lossName(trainOptions)},
                            {"predicted_step_seconds", plan.stepSeconds},
                            {"libraries", std::move(libraries)},
                            {"inputs", llvm::json::Array(inputs)}};
  object["memory"] = plan.memory.toJson();
  if (!wholeBatches.empty()) {
    object["whole_batches"] = wholeBatches;
  }
  object["scratch_bytes"] = plan.scratchBytes;
  if (!plan.matmulAlgorithms.library.empty()) {
    object["matmul_algorithms"] = plan.matmulAlgorithms.toJson();
  }
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

int Compilation::writeCudaSources(llvm::function_ref<llvm::Error(const CudaPackage &)> write) {
  auto sources = cuda::emitSources(*module, description());
  if (mlir::failed(sources)) {
    return errors.hasError() ? int(kBadInput) : internalError();
  }
  std::string planText;
  llvm::raw_string_ostream os(planText);
  writePlan(os);
  CudaPackage package{
      stem,    llvm::sys::path::filename(options.input).str(), *sources, weights, modelSkeleton(),
      planText};
  llvm::Error error = write(package);
  return error ? fail(std::move(error)) : int(kDone);
}

/// Builds the package in a temporary folder; the trainer then carries its weights.
int Compilation::emitCudaTrainer() {
  CudaBuildFolder folder;
  if (llvm::Error error = folder.create()) {
    return fail(std::move(error));
  }
  auto write = [&](const CudaPackage &package) { return folder.write(package); };
  if (int status = writeCudaSources(write)) {
    return status;
  }
  times.begin("nvcc");
  llvm::Error error = folder.build(*results.trainer);
  return error ? fail(std::move(error)) : int(kDone);
}

int Compilation::emitCpuTrainer() {
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
  llvm::Error error = linkTrainer({kernels->name(), tables->name()}, *results.trainer);
  return error ? fail(std::move(error)) : int(kDone);
}

int Compilation::emit() {
  if (options.emit == "cuda") {
    return writeCudaSources(
        [this](const CudaPackage &package) { return writeCudaPackage(package, output); });
  }
  if (options.emit == "llvm") {
    return emitCpuTrainer(); // stops at the text
  }
  if (llvm::Error error = openResults()) {
    return fail(std::move(error));
  }
  if (int status = options.target == "cuda" ? emitCudaTrainer() : emitCpuTrainer()) {
    return status;
  }
  llvm::Error error = finishResults();
  return error ? fail(std::move(error)) : int(kDone);
}
