//===- Indices.h - Integer tensors that say where elements are -*- C++ -*-===//

#ifndef DSC_FRONTEND_ONNX_OPS_INDICES_H
#define DSC_FRONTEND_ONNX_OPS_INDICES_H

#include "../NodeImport.h"

namespace dsc::onnx {

/// Element i along `dim` is i.
mlir::Value iota(NodeImport &n, llvm::ArrayRef<int64_t> shape, int64_t dim,
                 mlir::Type element = {});

/// Indices of a dimension of `size`, of which negative ones count from its end, as i64
/// counted from the front.
mlir::Value countFromFront(NodeImport &n, mlir::Value indices, int64_t size);

/// x[r, indices[r, ...], ...] of an x [rows, places, inner] and indices [rows, count]: rows stay
/// apart. The result is [rows, count, inner].
mlir::Value takeInRows(NodeImport &n, mlir::Value x, mlir::Value indices);

/// Elements of one dimension chosen by known indices; free where they are a slice.
mlir::Value pick(NodeImport &n, mlir::Value x, int64_t axis, llvm::ArrayRef<int64_t> indices);

/// The product over one dimension, which keeps size 1.
mlir::Value productAlong(NodeImport &n, mlir::Value x, int64_t dim);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_OPS_INDICES_H
