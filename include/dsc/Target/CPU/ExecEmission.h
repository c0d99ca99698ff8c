//===- ExecEmission.h - From placed exec IR to object files ---------------===//
//
// A compiled model is two objects: the kernels' code, and the tables that the
// runtime walks (runtime/abi/Abi.h), which name kernels and routines.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TARGET_CPU_EXECEMISSION_H
#define DSC_TARGET_CPU_EXECEMISSION_H

#include "dialects/Exec/TargetModel.h"
#include "dsc/Target/CPU/CpuTarget.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <memory>

namespace llvm {
class raw_pwrite_stream;
}

namespace dsc::cpu {

/// What the passes on exec IR must know of this target.
std::shared_ptr<const TargetModel> createCpuTargetModel(const CpuTarget &cpu = {});

/// The bodies of the module's `exec.kernel`s as functions of a module of their
/// own, input of the kernel pipeline.
mlir::OwningOpRef<mlir::ModuleOp> extractKernels(mlir::ModuleOp exec);

/// Writes an object file that defines `dscModule`. Every result of the programs
/// must have its place. `description` is the JSON of docs/TrainerFormat.md.
mlir::LogicalResult emitTables(mlir::ModuleOp exec, const CpuTarget &target,
                               llvm::StringRef description, llvm::raw_pwrite_stream &output);

} // namespace dsc::cpu

#endif // DSC_TARGET_CPU_EXECEMISSION_H
