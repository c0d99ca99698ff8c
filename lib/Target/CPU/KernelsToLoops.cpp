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

  void runOnOperation() override {
    mlir::func::FuncOp func = getOperation();
    if (!isKernelFunction(func))
      return;
    llvm::Expected<CpuTarget> target = CpuTarget::get(cpu);
    if (!target) {
      func.emitError(llvm::toString(target.takeError()));
      return signalPassFailure();
    }
    if (failed(lowerKernelFunction(func, *target)))
      return signalPassFailure();
    ++numKernels;
  }
};

} // namespace
} // namespace dsc::cpu
