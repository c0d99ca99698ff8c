//===- CpuLibrary.cpp - Modules as machine code of this processor ---------===//

#include "Library.h"

#include "dsc/Target/CPU/ExecEmission.h"
#include "dsc/Target/CPU/ObjectEmission.h"
#include "dsc/Target/CPU/Passes.h"
#include "dsc/Target/CUDA/CudaEmission.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace dsc;

namespace {
/// The CPU, which would rather launch what a GPU launches as one.
struct BatchingTarget : TargetModel {
  std::shared_ptr<const TargetModel> cpu = cpu::createCpuTargetModel();
  std::shared_ptr<const TargetModel> cuda = cuda::createCudaTargetModel();

  SmallVector<std::pair<unsigned, unsigned>> getInPlacePairs(Region &kernel) const override {
    return cpu->getInPlacePairs(kernel);
  }
  bool acceptsKernel(Region &kernel) const override { return cpu->acceptsKernel(kernel); }
  int64_t getChannelBlock() const override { return cpu->getChannelBlock(); }
  bool launchesBatches() const override { return true; }
  std::string getBatchSignature(Region &kernel) const override {
    return cuda->getBatchSignature(kernel);
  }
  void addDialects(DialectRegistry &registry) const override { cuda->addDialects(registry); }
};
} // namespace

std::shared_ptr<const TargetModel> cpucheck::createTargetModel() {
  return std::make_shared<BatchingTarget>();
}

namespace {
/// A temporary file that goes when this does.
struct ObjectFile {
  ObjectFile() { llvm::sys::fs::createTemporaryFile("cpu-check", "o", path); }
  ~ObjectFile() { llvm::sys::fs::remove(path); }
  SmallString<128> path;
};
} // namespace

template <typename Write> static LogicalResult writeFile(StringRef path, Write write) {
  std::error_code error;
  llvm::raw_fd_ostream output(path, error);
  return error ? failure() : write(output);
}

static LogicalResult link(ModuleOp exec, StringRef code, StringRef tables, StringRef path) {
  std::string message;
  SmallVector<StringRef> command = {DSC_LINKER, "-shared", "-fuse-ld=lld", "-o",
                                    path,       code,      tables,         "-lm"};
  if (llvm::sys::ExecuteAndWait(DSC_LINKER, command, std::nullopt, {}, 120, 0, &message) != 0) {
    return exec->emitError() << "linking failed: " << message;
  }
  return success();
}

LogicalResult cpucheck::writeLibrary(ModuleOp exec, const std::string &cpu,
                                     const std::string &path) {
  llvm::Expected<cpu::CpuTarget> target = cpu::CpuTarget::get(cpu);
  if (!target) {
    return exec->emitError() << llvm::toString(target.takeError());
  }
  OwningOpRef<ModuleOp> kernels = cpu::extractKernels(exec);
  PassManager pm(exec->getContext());
  cpu::buildKernelPipeline(pm, cpu);
  ObjectFile code, tables;
  if (failed(pm.run(*kernels)) ||
      failed(writeFile(
          code.path,
          [&](llvm::raw_pwrite_stream &os) { return cpu::emitObject(*kernels, *target, os); })) ||
      failed(writeFile(tables.path, [&](llvm::raw_pwrite_stream &os) {
        return cpu::emitTables(exec, *target, "{}", os);
      }))) {
    return failure();
  }
  return link(exec, code.path, tables.path, path);
}
