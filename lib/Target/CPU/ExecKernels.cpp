//===- ExecKernels.cpp - exec.kernel as functions, and what may share buffers ===//

#include "dialects/Exec/ExecDialect.h"
#include "dsc/Analysis/KernelAnalysis.h"
#include "dsc/Target/CPU/ExecEmission.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dsc;

namespace {
struct CpuTargetModel : TargetModel {
  explicit CpuTargetModel(const cpu::CpuTarget &cpu) : vectorBits(cpu.vectorBits) {}

  SmallVector<std::pair<unsigned, unsigned>> getInPlacePairs(Region &kernel) const override {
    return findSharablePairs(kernel);
  }

  bool acceptsKernel(Region &kernel) const override {
    return succeeded(analyzeKernel(kernel, [](Operation *, const llvm::Twine &) {}));
  }

  bool hasProductActivation(int64_t) const override { return true; } // oneDNN's post-ops

  /// oneDNN's blocks fill a vector of floats, but are never of 4.
  int64_t getChannelBlock() const override { return vectorBits >= 512 ? 16 : 8; }

private:
  unsigned vectorBits;
};
} // namespace

std::shared_ptr<const TargetModel> cpu::createCpuTargetModel(const CpuTarget &cpu) {
  return std::make_shared<CpuTargetModel>(cpu);
}

OwningOpRef<ModuleOp> cpu::extractKernels(ModuleOp exec) {
  OpBuilder builder(exec.getContext());
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(builder, exec.getLoc());
  builder.setInsertionPointToEnd(kernels->getBody());
  for (auto kernel : exec.getOps<exec::KernelOp>()) {
    auto function =
        func::FuncOp::create(builder, kernel.getLoc(), kernel.getName(), kernel.getFunctionType());
    IRMapping mapping;
    kernel.getBody().cloneInto(&function.getBody(), mapping);
    Operation *yield = function.getBody().front().getTerminator();
    OpBuilder atEnd(yield);
    func::ReturnOp::create(atEnd, yield->getLoc(), yield->getOperands());
    yield->erase();
  }
  return kernels;
}
