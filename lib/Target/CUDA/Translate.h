//===- Translate.h - EmitC to text with readable names --------------------===//
#ifndef DSC_LIB_TARGET_CUDA_TRANSLATE_H
#define DSC_LIB_TARGET_CUDA_TRANSLATE_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace dsc::cuda {

/// Folds values that are used once into expressions, and writes the module as C++.
/// Values are called what their kNameAttr says. The stock translator numbers them,
/// so a marker line behind each definition carries the name, and goes again when
/// the text is renamed.
mlir::FailureOr<std::string> translate(mlir::ModuleOp module);

/// Renames by markers. "//@name v3 row" behind the line that defines v3 renames it
/// there and to the end of its block; "//@alias v4 v3" drops the line that defines
/// v4 and writes v3's name for it.
std::string renameByMarkers(llvm::StringRef text);

} // namespace dsc::cuda

#endif // DSC_LIB_TARGET_CUDA_TRANSLATE_H
