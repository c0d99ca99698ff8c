//===- Window.h - The sliding windows of convolutions and pooling ---------===//
#ifndef DSC_DIALECTS_TRAIN_WINDOW_H
#define DSC_DIALECTS_TRAIN_WINDOW_H

#include "mlir/IR/Operation.h"

namespace dsc::train {

/// One entry per spatial dimension in each list.
struct Window {
  llvm::ArrayRef<int64_t> sizes, strides, low, high, dilations;

  template <typename OpTy> static Window of(OpTy op, llvm::ArrayRef<int64_t> sizes) {
    return {sizes, op.getStrides(), op.getLow(), op.getHigh(), op.getDilations()};
  }

  /// Constraint C1: lengths and signs.
  llvm::LogicalResult verify(mlir::Operation *op, int64_t spatialRank) const;

  /// How many positions the window takes along spatial dimension `dim` of `size`.
  int64_t outputSize(size_t dim, int64_t size) const;

  /// The constraint called `label`: `output` are the sizes that follow from `input`.
  llvm::LogicalResult verifySizes(mlir::Operation *op, llvm::StringRef label,
                                  llvm::ArrayRef<int64_t> input,
                                  llvm::ArrayRef<int64_t> output) const;
};

} // namespace dsc::train

#endif // DSC_DIALECTS_TRAIN_WINDOW_H
