//===- KernelsToLoops.cpp - dsc-cpu-kernels-to-loops ----------------------===//
//
// The pass around lowerKernelFunction.
//
//===----------------------------------------------------------------------===//
#include "dsc/Target/CPU/Kernels.h"
#include "dsc/Target/CPU/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace dsc::cpu {

#define GEN_PASS_DEF_CPUKERNELSTOLOOPS
#include "dsc/Target/CPU/Passes.h.inc"

namespace {

struct CpuKernelsToLoops : impl::CpuKernelsToLoopsBase<CpuKernelsToLoops> {
  using CpuKernelsToLoopsBase::CpuKernelsToLoopsBase;

  mlir::LogicalResult initialize(mlir::MLIRContext *context) override {
    llvm::Expected<CpuTarget> found = CpuTarget::get(cpu);
    if (!found)
      return mlir::emitError(mlir::UnknownLoc::get(context)) << llvm::toString(found.takeError());
    target = *found;
    return mlir::success();
  }

  void runOnOperation() override {
    if (!isKernelFunction(getOperation()))
      return;
    if (failed(lowerKernelFunction(getOperation(), target)))
      return signalPassFailure();
    ++numKernels;
  }

private:
  CpuTarget target;
};

} // namespace
} // namespace dsc::cpu
