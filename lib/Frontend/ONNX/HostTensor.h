//===- HostTensor.h - Tensors the importer computes with -------*- C++ -*-===//
//
// Shapes, indices, axes and masks are computed in the graph by exporters, but have
// to be known to build statically shaped ops. A HostTensor is such a value.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_HOSTTENSOR_H
#define DSC_FRONTEND_ONNX_HOSTTENSOR_H

#include "dsc/Evaluation/Tensor.h"
#include "dsc/Frontend/ONNX/Model.h"

namespace dsc::onnx {

/// Larger tensors are computed when the trainer runs rather than here.
constexpr int64_t maxHostElements = int64_t{1} << 24;

using HostTensor = dsc::Tensor; // beside onnx::Tensor, which is bytes of a file

/// The MLIR type of an ONNX element type; null for those that have none here.
mlir::Type elementType(DataType type, mlir::MLIRContext *context);

/// Decodes; null if the type has no MLIR type, the data is not there or too large.
std::optional<HostTensor> decode(const Tensor &tensor, mlir::MLIRContext *context);

/// The attribute of a constant op, rounded to its type; a splat where all elements are equal.
mlir::DenseElementsAttr encode(const HostTensor &tensor);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_HOSTTENSOR_H
