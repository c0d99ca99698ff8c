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
/// restored. Other data that lies in files beside the model is taken in, so that the
/// result stands alone. Everything else is unchanged.
std::string makeSkeleton(const onnx::Model &model, const llvm::StringSet<> &variables,
                         const onnx::Restoration &restoration);

} // namespace dsc

#endif // DSC_LIB_DRIVER_ONNXSKELETON_H
