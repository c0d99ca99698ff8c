//===- ExternalData.h - Weights in files beside the model ------*- C++ -*-===//

#ifndef DSC_FRONTEND_ONNX_EXTERNALDATA_H
#define DSC_FRONTEND_ONNX_EXTERNALDATA_H

#include "dsc/Frontend/ONNX/Reader.h"

namespace dsc::onnx {

/// Maps the external data of all tensors of the model from files beneath
/// `directory` and checks that it is there. Throws ReadError.
void mapExternalData(Model &model, llvm::StringRef directory, const ReadOptions &options);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_EXTERNALDATA_H
