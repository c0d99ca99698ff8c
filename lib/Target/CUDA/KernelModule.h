//===- KernelModule.h - All kernels of a model as EmitC functions ---------===//
#ifndef DSC_LIB_TARGET_CUDA_KERNELMODULE_H
#define DSC_LIB_TARGET_CUDA_KERNELMODULE_H

#include "PartTable.h"

#include "dsc/Analysis/Placement.h"
#include "mlir/IR/OwningOpRef.h"

#include <map>

namespace dsc::cuda {

/// What the step must know of a kernel to launch it.
struct KernelInfo {
  std::string name;
  KernelForm form;
};

/// A batch of launches, which is one launch over parts.
struct BatchInfo {
  std::string kernel; // its function
  PartTable table;
};

struct KernelModule {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  llvm::StringMap<KernelInfo> infos;              // by the exec.kernel's symbol
  std::map<mlir::Operation *, BatchInfo> batches; // by the first launch
};

/// Kernels in the order of their first launch, each with a comment above.
mlir::FailureOr<KernelModule> buildKernels(mlir::ModuleOp exec,
                                           llvm::ArrayRef<PlacedProgram> programs);

} // namespace dsc::cuda

#endif // DSC_LIB_TARGET_CUDA_KERNELMODULE_H
