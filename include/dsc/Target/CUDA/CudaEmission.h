//===- CudaEmission.h - From placed exec IR to CUDA sources ---------------===//
//
// A compiled model is three texts: the kernels, their declarations, and the step,
// which calls kernels and library in order. docs/CudaTarget.md shows them.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TARGET_CUDA_CUDAEMISSION_H
#define DSC_TARGET_CUDA_CUDAEMISSION_H

#include "dialects/Exec/TargetModel.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"

#include <memory>
#include <string>

namespace dsc::cuda {

/// What the passes on exec IR must know of this target.
std::shared_ptr<const TargetModel> createCudaTargetModel();

struct CudaSources {
  std::string kernels;  // kernels.cu
  std::string header;   // kernels.h
  std::string step;     // step.cu
  std::string programs; // programs.h
  std::string module;   // module.cpp
};

/// Every result of the programs must have its place. `description` is the JSON of
/// docs/TrainerFormat.md. Fails with an error on the op that has no CUDA code.
mlir::FailureOr<CudaSources> emitSources(mlir::ModuleOp exec, llvm::StringRef description);

/// The kernels alone as a module of the EmitC dialect, as it is before it becomes
/// text.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> emitKernelModule(mlir::ModuleOp exec);

} // namespace dsc::cuda

#endif // DSC_TARGET_CUDA_CUDAEMISSION_H
