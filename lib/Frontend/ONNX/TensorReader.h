//===- TensorReader.h - TensorProto to Tensor ------------------*- C++ -*-===//
//
// ONNX keeps tensor data in raw bytes, in one of five typed lists, or in another
// file; this part reads them all into one form and checks sizes against shapes.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_TENSORREADER_H
#define DSC_FRONTEND_ONNX_TENSORREADER_H

#include "Wire.h"
#include "dsc/Frontend/ONNX/Model.h"

namespace dsc::onnx {

/// Reads a TensorProto; data that needs decoding is kept in `model`. External data
/// is only noted. Throws ReadError.
Tensor readTensor(Wire wire, Model &model);

/// The bytes a tensor of this type and size takes; throws ReadError on overflow.
uint64_t tensorBytes(const Tensor &tensor);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_TENSORREADER_H
