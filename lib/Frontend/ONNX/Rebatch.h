//===- Rebatch.h - Another batch for a model exported with one -*- C++ -*-===//
//
// A static export has its batch size in its inputs, but also in the target shapes
// of Reshape and Expand nodes, as constants. To change the batch, the model is
// imported twice: first as exported, then with the new size. In between the rows of
// the batch are followed through the program (dialects/Train/BatchAnalysis.h), which
// tells of every value in which dimension it has them. Where a node of the second
// import has the same constants as in the first, its result gets its new size there.
//
//   exported, B=2:   x [2, 64, 128]  --Reshape [2, 64, 4, 32]--> [2, 64, 4, 32]
//   asked for, B=8:  x [8, 64, 128]  --Reshape [2, 64, 4, 32]--> [8, 64, 4, 32]
//
// Not everything can follow: rows picked by number, rows divided among dimensions, a
// sum divided by the old size. The rows are followed through the second program too,
// and where the two differ, or a number looks like the old size, an error names the
// node.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_REBATCH_H
#define DSC_FRONTEND_ONNX_REBATCH_H

#include "TensorBuilder.h"
#include "dialects/Train/BatchAnalysis.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace dsc::onnx {

/// A value of an import.
struct RecordedValue {
  Shape shape;
  mlir::Value value; // while the import lasts
  std::string node;  // that defines it, for errors
  /// Where it has the batch: rows, and what meets rows.
  llvm::SmallVector<train::BatchPosition, 1> batch;
  bool hasRows = false;
};

/// What an import leaves to the next one of the same model, with another batch.
struct BatchRecord {
  llvm::StringMap<RecordedValue> values; // by scoped name
  std::vector<llvm::StringRef> order;    // of their nodes
  /// Target shapes that nodes were given, by output.
  llvm::StringMap<Shape> targets;
  /// The numbers by which ops divide what depends on rows, by location, in their order.
  llvm::StringMap<llvm::SmallVector<double, 1>> divisors;
  /// Nodes that take their inputs apart at places that follow from sizes, by location.
  llvm::StringSet<> placedBySize;
  int64_t rows = 0;
};

/// Fills in the places of the batch.
void followBatch(BatchRecord &record, const train::BatchAnalysis &analysis);

/// Fills in the divisors of a program of `batch` rows.
void recordDivisors(BatchRecord &record, const train::BatchAnalysis &analysis, mlir::Block &block,
                    int64_t batch);

/// Marks what divides by a number with what that is to the batch (train.batch_scale), from
/// what it is with the batch of another record.
void markScales(const BatchRecord &other, const train::BatchAnalysis &analysis, mlir::Block &block,
                int64_t batch);

/// The first value that has not followed to another batch: an error, or an empty text. `exported`
/// is the record at the old size.
std::string findUnfollowed(const BatchRecord &record, const BatchRecord &exported);

/// What a program does with rows that it would not have done in an export of its batch rather than
/// of `oldBatch`: an error, or an empty text. Values that are known have to be constants.
std::string findFixed(const BatchRecord &exported, const train::BatchAnalysis &analysis,
                      mlir::Block &block, int64_t oldBatch);

/// The target shape of a reshape when its input's shape changes from `before` to
/// `now`; `target` is the result's shape before. Nothing if no dimension of the
/// target holds the batch. For a batch of one row, which leaves no trace in the
/// shapes of the export: it is found by its stride, the elements from one row to the
/// next.
std::optional<Shape> rebatchReshape(llvm::ArrayRef<int64_t> before, llvm::ArrayRef<int64_t> now,
                                    llvm::ArrayRef<int64_t> target, int64_t oldBatch);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_REBATCH_H
