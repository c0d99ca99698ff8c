//===- HostTensor.h - Tensors the importer computes with -------*- C++ -*-===//
//
// Shapes, indices, axes and masks are computed in the graph by exporters, but have
// to be known to build statically shaped ops. A HostTensor is such a value: wide
// numbers (int64 or double) beside the element type they are rounded to.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_HOSTTENSOR_H
#define DSC_FRONTEND_ONNX_HOSTTENSOR_H

#include "dsc/Frontend/ONNX/Model.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace dsc::onnx {

/// Larger tensors are computed when the trainer runs rather than here.
constexpr int64_t maxHostElements = int64_t{1} << 24;

struct HostTensor {
  mlir::RankedTensorType type;
  /// Exactly one has the elements: `floats` for float types, `ints` for integers
  /// and booleans (0 or 1).
  std::vector<double> floats;
  std::vector<int64_t> ints;

  bool isFloat() const { return llvm::isa<mlir::FloatType>(type.getElementType()); }
  llvm::ArrayRef<int64_t> shape() const { return type.getShape(); }
  int64_t size() const { return type.getNumElements(); }
  double number(int64_t i) const { return isFloat() ? floats[i] : static_cast<double>(ints[i]); }

  /// A tensor of this type whose elements are zero.
  static HostTensor zeros(mlir::RankedTensorType type);
};

/// The MLIR type of an ONNX element type; null for those that have none here.
mlir::Type elementType(DataType type, mlir::MLIRContext *context);

/// The value rounded as a float of this type would be.
double roundTo(mlir::Type floatType, double value);

/// The value wrapped as an integer of this type would be.
int64_t wrapTo(mlir::Type integerType, int64_t value);

/// Decodes; null if the type has no MLIR type or the data is not there.
std::optional<HostTensor> decode(const Tensor &tensor, mlir::MLIRContext *context);
std::optional<HostTensor> decode(mlir::DenseElementsAttr attribute);

/// The attribute of a constant op; a splat where all elements are equal.
mlir::DenseElementsAttr encode(const HostTensor &tensor);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_HOSTTENSOR_H
