//===- Names.h - Readable identifiers for generated code ------------------===//
#ifndef DSC_LIB_TARGET_CUDA_NAMES_H
#define DSC_LIB_TARGET_CUDA_NAMES_H

#include "dsc/Analysis/Placement.h"
#include "llvm/ADT/StringSet.h"

#include <string>

namespace dsc::cuda {

/// An identifier of C++ made of the text's letters and digits; `fallback` where
/// there are none.
std::string makeIdentifier(llvm::StringRef text, llvm::StringRef fallback = "value");

/// Identifiers of one scope, each different from the others and from what C++ and
/// CUDA have taken.
class NameScope {
public:
  std::string add(llvm::StringRef wanted);

private:
  llvm::StringSet<> taken;
};

/// What values are called in generated code: after the ONNX tensors and nodes.
class ValueNames {
public:
  explicit ValueNames(exec::ProgramOp program);
  std::string nameOf(mlir::Value value) const;

private:
  llvm::DenseMap<mlir::Value, std::string> known; // results and what is written
};

/// The name of a kernel: what it fuses, and the first node it came from.
std::string kernelName(exec::KernelOp kernel, mlir::Location launchedAt);

} // namespace dsc::cuda

#endif // DSC_LIB_TARGET_CUDA_NAMES_H
