//===- Passes.h - Passes of the CPU target --------------------------------===//
//
// Declares the passes of Passes.td and the pipeline that runs them in order.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TARGET_CPU_PASSES_H
#define DSC_TARGET_CPU_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace dsc::cpu {

#define GEN_PASS_DECL
#include "dsc/Target/CPU/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "dsc/Target/CPU/Passes.h.inc"

/// Kernels (functions on tensors) and what else is already in the LLVM dialect
/// become a module in the LLVM dialect, ready for `emitObject`. The pass manager
/// is one for modules.
void buildKernelPipeline(mlir::OpPassManager &pm, llvm::StringRef cpu);

/// Registers the pipeline as `dsc-cpu-kernels`.
void registerKernelPipeline();

} // namespace dsc::cpu

#endif // DSC_TARGET_CPU_PASSES_H
