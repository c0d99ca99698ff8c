//===- OnnxSkeleton.h - A model without the data of its variables ---------===//
#ifndef DSC_LIB_DRIVER_ONNXSKELETON_H
#define DSC_LIB_DRIVER_ONNXSKELETON_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"

#include <string>

namespace dsc {

/// The bytes of an ONNX model whose initializers called as in `variables` have
/// lost their data (names, types and dims stay). Everything else is unchanged.
/// `model` must have been read without errors.
std::string dropInitializerData(llvm::StringRef model, const llvm::StringSet<> &variables);

} // namespace dsc

#endif // DSC_LIB_DRIVER_ONNXSKELETON_H
