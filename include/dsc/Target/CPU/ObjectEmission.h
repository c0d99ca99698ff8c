//===- ObjectEmission.h - From the LLVM dialect to an object file ---------===//
//
// The last step of the CPU target: LLVM IR, optimization, machine code.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TARGET_CPU_OBJECTEMISSION_H
#define DSC_TARGET_CPU_OBJECTEMISSION_H

#include "dsc/Target/CPU/CpuTarget.h"

#include "mlir/IR/BuiltinOps.h"

namespace llvm {
class LLVMContext;
class Module;
class raw_pwrite_stream;
} // namespace llvm

namespace dsc::cpu {

/// Translates `module` (LLVM dialect: functions of kernels, and whatever globals
/// and tables stand beside them) to LLVM IR for `target`, optimized. Null after
/// an error has been emitted.
std::unique_ptr<llvm::Module> translateAndOptimize(mlir::ModuleOp module, const CpuTarget &target,
                                                   llvm::LLVMContext &context);

/// Writes `module` as a relocatable object file.
mlir::LogicalResult emitObject(mlir::ModuleOp module, const CpuTarget &target,
                               llvm::raw_pwrite_stream &output);

} // namespace dsc::cpu

#endif // DSC_TARGET_CPU_OBJECTEMISSION_H
