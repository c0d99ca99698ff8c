//===- Neighbors.h - Elements around computed places -----------*- C++ -*-===//
//
// A place between elements is a sum over its neighbors, which are the combinations of
// one tap of each dimension:
//
//   y(place) = sum of weight(place) x[index(place)]
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_OPS_NEIGHBORS_H
#define DSC_FRONTEND_ONNX_OPS_NEIGHBORS_H

#include "../NodeImport.h"

namespace dsc::onnx {

/// One neighbor along one dimension, for all places at once: [images, places] each.
struct Tap {
  mlir::Value index;  // whole numbers inside the image, of any type
  mlir::Value weight; // null: 1
  mlir::Value inside; // i1; null: always
};

/// Weight times element of each neighbor, [images, channels, places], for images
/// [images, channels, elements] whose elements are an array of `sizes`; 0 where it is
/// not inside. `taps` has one list per dimension.
llvm::SmallVector<mlir::Value> weightedNeighbors(NodeImport &n, mlir::Value images,
                                                 llvm::ArrayRef<int64_t> sizes,
                                                 llvm::ArrayRef<llvm::SmallVector<Tap>> taps);

/// Their sum.
mlir::Value sumOfNeighbors(NodeImport &n, mlir::Value images, llvm::ArrayRef<int64_t> sizes,
                           llvm::ArrayRef<llvm::SmallVector<Tap>> taps);

/// The two elements that x [images, places], counted in elements, lies between along a
/// dimension of `size`, for linear interpolation; there are zeros around the image.
llvm::SmallVector<Tap> linearTaps(NodeImport &n, mlir::Value x, int64_t size);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_OPS_NEIGHBORS_H
