//===- ShardingRule.h - How an op's dimensions correspond -----------------===//
//
// A sharding rule names the *factors* of an op: loop dimensions of its
// mathematical definition. Each tensor dimension is a list of factors, most
// significant first (several where a reshape merged them). For
//
//   train.dot %a, %b contract [1] x [0] : tensor<8x32>, tensor<32x16> -> tensor<8x16>
//
// the factors are i = 8, j = 16, k = 32 and the rule prints as
//
//   ([i, k], [k, j]) -> ([i, j]) {i=8, j=16, k=32} reduction={k}
//
// A factor found in operands and results may be split without communication: an
// operand or result that has it is split along it, an operand that lacks it is
// needed whole, a result that lacks it becomes a partial sum (the gradient of a
// scale when rows are split). A factor found in operands only is a *reduction*:
// splitting it leaves partial sums of every result. A factor that must stay
// whole (the axis of a softmax) is marked so.
// (The idea of factor rules is that of Shardy and of GSPMD's dimension maps.)
//
//===----------------------------------------------------------------------===//
#ifndef DSC_DIALECTS_TRAIN_SHARDINGRULE_H
#define DSC_DIALECTS_TRAIN_SHARDINGRULE_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"

namespace dsc::train {

struct ShardingRule {
  enum class Kind {
    Parallel,  // in operands and results: split freely
    Reduction, // in operands only: splitting leaves partial sums
    Whole      // must not be split
  };
  struct Factor {
    int64_t size;
    Kind kind;
  };
  using DimFactors = llvm::SmallVector<int, 1>; // factors of one dimension
  using TensorFactors = llvm::SmallVector<DimFactors, 4>;

  llvm::SmallVector<Factor> factors;
  llvm::SmallVector<TensorFactors> operands;
  llvm::SmallVector<TensorFactors> results;

  /// Adds a factor and returns its number.
  int addFactor(int64_t size, Kind kind = Kind::Parallel);

  /// Prints the rule as in the example above.
  void print(llvm::raw_ostream &os) const;
};

/// Starts a rule for `op`: every dimension without factors yet.
ShardingRule emptyShardingRule(mlir::Operation *op);

/// One parallel factor per dimension of the first result, shared by every
/// operand and result of the same rank; scalars have none.
ShardingRule elementwiseShardingRule(mlir::Operation *op);

/// Like elementwise, but the dimensions in `whole` must not be split.
ShardingRule rowwiseShardingRule(mlir::Operation *op, llvm::ArrayRef<int64_t> whole);

/// Every dimension of every tensor a factor of its own that must stay whole.
ShardingRule replicatedShardingRule(mlir::Operation *op);

} // namespace dsc::train

#endif // DSC_DIALECTS_TRAIN_SHARDINGRULE_H
