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

/// The words behind each other, on lines that begin as comments do.
llvm::SmallVector<std::string> commentLines(llvm::StringRef text);

/// Identifiers of one scope, each different from the others and from what C++ and
/// CUDA have taken.
class NameScope {
public:
  std::string add(llvm::StringRef wanted);
  /// A name from an outer scope that is used in this one.
  void reserve(llvm::StringRef name) { taken.insert(name); }

private:
  llvm::StringSet<> taken;
};

/// What values are called in generated code: after the ONNX tensors and nodes.
class ValueNames {
public:
  explicit ValueNames(exec::ProgramOp program);
  std::string nameOf(mlir::Value value) const;
  /// Whether the value is a variable's new one.
  bool isWritten(mlir::Value value) const { return written.contains(value); }

private:
  void nameCarried(exec::RepeatOp repeat);
  std::string argumentName(mlir::BlockArgument argument) const;
  std::string loopArgumentName(exec::LoopOp loop, unsigned index) const;

  llvm::DenseMap<mlir::Value, std::string> known; // results and what is written
  llvm::DenseSet<mlir::Value> written;
};

/// Kernels are named after what they fuse and the first node it came from:
/// `add_layernorm__blocks_0_ln_1`, with `_grad` where they compute gradients.
std::string kernelName(exec::KernelOp kernel, const PlacedCall &call, const ValueNames &values);

} // namespace dsc::cuda

#endif // DSC_LIB_TARGET_CUDA_NAMES_H
