//===- StepText.h - step.cu and module.cpp --------------------------------===//
#ifndef DSC_LIB_TARGET_CUDA_STEPTEXT_H
#define DSC_LIB_TARGET_CUDA_STEPTEXT_H

#include "KernelModule.h"

namespace dsc::cuda {

/// The programs as functions of the host.
mlir::FailureOr<std::string> stepText(llvm::ArrayRef<PlacedProgram> programs,
                                      const KernelModule &kernels);

/// Their declarations.
std::string programsHeader(llvm::ArrayRef<PlacedProgram> programs);

/// The tables of runtime/abi/Abi.h around them.
std::string moduleText(llvm::ArrayRef<PlacedProgram> programs, const ConstantPool &constants,
                       llvm::StringRef description);

} // namespace dsc::cuda

#endif // DSC_LIB_TARGET_CUDA_STEPTEXT_H
