//===- Products.h - Matrix products with ONNX's rules ----------*- C++ -*-===//

#ifndef DSC_FRONTEND_ONNX_OPS_PRODUCTS_H
#define DSC_FRONTEND_ONNX_OPS_PRODUCTS_H

#include "../NodeImport.h"

namespace dsc::onnx {

/// a b over the last two dimensions; others broadcast. Null where sizes differ.
mlir::Value matmul(NodeImport &n, mlir::Value a, mlir::Value b);

/// The matrix [out, in] times each line of x along `axis`.
mlir::Value applyMatrix(NodeImport &n, mlir::Value matrix, mlir::Value x, int64_t axis);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_OPS_PRODUCTS_H
