//===- OnnxSkeleton.h - A model without the data of its variables ---------===//
#ifndef DSC_LIB_DRIVER_ONNXSKELETON_H
#define DSC_LIB_DRIVER_ONNXSKELETON_H

#include "dsc/Frontend/ONNX/Model.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"

#include <string>

namespace dsc {

/// The bytes of an ONNX model whose initializers called as in `variables` have
/// lost their data (names, types and dims stay), and whose merged initializers are
/// restored. Everything else is unchanged. `model` must have been read without errors.
std::string makeSkeleton(llvm::StringRef model, const llvm::StringSet<> &variables,
                         const onnx::Restoration &restoration);

} // namespace dsc

#endif // DSC_LIB_DRIVER_ONNXSKELETON_H
