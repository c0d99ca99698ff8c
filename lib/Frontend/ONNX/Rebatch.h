//===- Rebatch.h - Another batch for a model exported with one -*- C++ -*-===//
//
// A static export has its batch size in its inputs, but also in the target shapes
// of Reshape and Expand nodes, as constants. To change the batch, the model is
// imported twice: first as exported, recording every value's shape, then with the
// new size. Where a constant target shape meets an input whose shape has changed,
// the record says what the node did, and the dimension that held the batch is found
// by its stride (or, where the batch was merged behind another dimension, by size).
//
//   exported, B=2:   x [2, 64, 128]  --Reshape [2, 64, 4, 32]--> [2, 64, 4, 32]
//   asked for, B=8:  x [8, 64, 128]  --Reshape [2, 64, 4, 32]--> [8, 64, 4, 32]
//
// Element b of the batch lies 64*128 elements apart in x; the target's dimension
// with that stride is the first one, so that is where 2 becomes 8.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_REBATCH_H
#define DSC_FRONTEND_ONNX_REBATCH_H

#include "TensorBuilder.h"

#include "llvm/ADT/StringMap.h"

namespace dsc::onnx {

/// Shapes of an import, by scoped value name.
struct ShapeRecord {
  llvm::StringMap<Shape> shapes;
  /// Target shapes that Reshape and Expand nodes were given, by output.
  llvm::StringMap<Shape> targets;
};

/// The target shape of a reshape when its input's shape changes from `before` to
/// `now`; `target` is the result's shape before. Nothing if no dimension of the
/// target holds the batch.
std::optional<Shape> rebatchReshape(llvm::ArrayRef<int64_t> before, llvm::ArrayRef<int64_t> now,
                                    llvm::ArrayRef<int64_t> target, int64_t oldBatch);

/// The same for a broadcast, whose target's dimensions correspond from the right.
Shape rebatchExpand(llvm::ArrayRef<int64_t> before, llvm::ArrayRef<int64_t> now,
                    llvm::ArrayRef<int64_t> target);

/// The same for a value that does not depend on the batch and is repeated for every
/// row of it (a class token): dimension 0 of the target is new there.
Shape rebatchRepetition(llvm::ArrayRef<int64_t> x, llvm::ArrayRef<int64_t> target, int64_t oldBatch,
                        int64_t newBatch);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_REBATCH_H
