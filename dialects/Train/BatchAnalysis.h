//===- BatchAnalysis.h - Where a program's values hold the batch ----------===//
//
// The rows of a batch come in with the arguments, whose dimension 0 they are. The
// sharding rules of the ops (ShardingRule.h) say where they go from there: to a
// dimension of the result, alone or merged with others, or into a sum. So the
// batch is a factor like any other, found from op to op:
//
//   %x                                    [B, T, C]    rows in dimension 0
//   %f = train.reshape %x                 [B*T, C]     in dimension 0, T elements apart
//   %h = train.dot %f, %w contract [1]    [B*T, D]     the same
//   %y = train.softmax %h 1               [B*T, D]     the same: dimension 1 is whole
//   %s = train.reduce_sum %y [0, 1]       []           a sum over rows
//   %z = train.softmax %h 0               [B*T, D]     mixed: dimension 0 must be whole
//
// A value is rows where row b of it is one function of row b of every argument, the
// same for all b. A program all of whose results are rows, or means of rows,
// computes of a part of a batch its part of them: micro-batches and the filling up
// of a batch stand on that. Where an op breaks it, what it computes is mixed, as is
// all that depends on it, and the op and the reason are kept.
//
// Whole batches one behind the other (two views of each sample) are an outer part of
// the dimension; a concat makes them, and a slice takes them apart again.
//
// A value without rows may meet them (a bias, a mask): what it holds along the
// batch must then be the same for every row. Constants are looked into; everything
// else is followed to what it was broadcast from.
//
// A sum over rows is a mean where it is divided by their number, or a multiple of it.
// Whether a number is that, its value alone does not say; where the frontend has
// compared two batches, `train.batch_scale` does.
//
// Ops that differ in evaluation define themselves what a part of a batch is to
// them: batch norm takes the statistics of the part, dropout draws by the place in
// the whole. They keep rows.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_DIALECTS_TRAIN_BATCHANALYSIS_H
#define DSC_DIALECTS_TRAIN_BATCHANALYSIS_H

#include "dialects/Train/Interfaces.h"
#include "llvm/ADT/DenseMap.h"

namespace dsc::train {

/// The attribute of @evaluate where its losses are those of a whole batch, not of the
/// samples alone: the op that makes them so, and how.
inline constexpr llvm::StringLiteral kWholeBatchesAttr = "train.whole_batches";

/// On an op that multiplies or divides what depends on rows by a number: what that
/// becomes with another batch (BatchScale, as text). Without it, a number that may be
/// the rows' is theirs.
inline constexpr llvm::StringLiteral kBatchScaleAttr = "train.batch_scale";

/// What a divisor is to the number of rows.
enum class BatchScale {
  Fixed, // the same for any batch
  Rows,  // in proportion to it
  Other
};
llvm::StringRef stringify(BatchScale scale);

/// Dimension `dim` is [outer, batch, inner], `outer` what is left of its size.
struct BatchPosition {
  unsigned dim = 0;
  int64_t inner = 1;

  bool operator==(const BatchPosition &other) const {
    return dim == other.dim && inner == other.inner;
  }
};

/// How an op mixes rows.
enum class RowMixing {
  None,
  TakenApart, // no dimension of the result holds the rows
  Combined,   // rows of one operand with other rows of another, or of the same
  Whole,      // along a dimension that must not be split
  ByNumber,   // with a value that differs from row to row
  Summed,     // into a sum on which rows depend
  NotLinear,  // in a function of their sum that is not linear
  Divisor,    // in a sum that divides
  Rescaled    // by a number that changes with that of the rows, and makes no mean
};

/// "mixes the rows of a batch", to stand behind the op's name.
llvm::StringRef describe(RowMixing mixing);

/// What a value is to the batch.
struct BatchState {
  /// Where it has an element for every row; several where rows met other rows.
  llvm::SmallVector<BatchPosition, 1> positions;
  bool usesRows = false;  // depends on the batch
  bool isTrained = false; // depends on a parameter
  bool isMean = false;    // of a sum over rows: divided by their number
  bool hasOffset = false; // of a sum over rows: plus what is none
  /// The op that first summed over rows, or that mixed them.
  mlir::Operation *culprit = nullptr;
  RowMixing mixing = RowMixing::None;

  bool isMixed() const { return mixing != RowMixing::None; }
  /// Affine in sums over rows of functions of each.
  bool isSum() const { return usesRows && positions.empty() && !isMixed(); }
};

/// Whether a loss over a count is, for a batch, the sum of its parts' losses over the sum
/// of their counts (where the count has nothing to do with rows: the mean of the losses).
/// For states that are not mixed.
bool joinsParts(const BatchState &loss, const BatchState &count);

/// Whether an op is linear in the operands `sums` that depend on rows, and adds nothing
/// to them.
bool scalesSums(mlir::Operation &op, llvm::ArrayRef<unsigned> sums);

/// The number by which an op divides what it is given, if it does.
std::optional<double> getDivisor(mlir::Operation &op);

/// The number of which a value holds nothing but copies, if it is a constant or made
/// of one.
std::optional<double> getSplat(mlir::Value value);

class BatchAnalysis {
public:
  /// Follows `batch` rows through a straight-line block, from its arguments: the
  /// outermost part of dimension 0 of each whose size it divides.
  BatchAnalysis(mlir::Block &block, int64_t batch);

  const BatchState &get(mlir::Value value) const { return states.find(value)->second; }

  /// Where a value has an element for every row: rows do, and what meets rows.
  /// Empty for what is not of the block.
  llvm::SmallVector<BatchPosition, 1> positionsOf(mlir::Value value) const;

  bool hasRows(mlir::Value value) const {
    auto state = states.find(value);
    return state != states.end() && !state->second.positions.empty();
  }

  /// How an op of the block mixes the rows that it is given, mixed before or not.
  RowMixing mixingOf(mlir::Operation *op) const { return mixings.lookup(op); }

private:
  /// A factor of a rule, taken apart as a dimension is in BatchPosition.
  struct FactorPosition {
    int factor;
    int64_t inner;

    bool operator==(const FactorPosition &other) const {
      return factor == other.factor && inner == other.inner;
    }
  };
  using FactorPositions = llvm::SmallVector<FactorPosition, 2>;

  void visit(mlir::Operation &op);
  BatchState join(mlir::Operation &op) const;
  void visitSums(mlir::Operation &op, BatchState &state) const;
  void divideSum(mlir::Operation &op, double divisor, BatchState &state) const;
  BatchScale scaleOf(mlir::Operation &op, double divisor, bool isMean) const;
  void visitRows(mlir::Operation &op, BatchState state);
  std::optional<BatchPosition> keptBlocks(mlir::Operation &op) const;
  RowMixing findFactors(mlir::Operation &op, const ShardingRule &rule, FactorPositions &found);
  bool areSameForAllRows(mlir::Operation &op, const ShardingRule &rule, FactorPosition factor);
  std::optional<FactorPosition> locate(const ShardingRule &rule,
                                       const ShardingRule::TensorFactors &tensor,
                                       BatchPosition position) const;
  static std::optional<BatchPosition> place(const ShardingRule &rule,
                                            const ShardingRule::TensorFactors &tensor,
                                            FactorPosition position);
  bool isSameForAllRows(mlir::Value value, BatchPosition position);
  bool computeSameForAllRows(mlir::Value value, BatchPosition position);

  int64_t batch;
  llvm::DenseMap<mlir::Value, BatchState> states;
  llvm::DenseMap<mlir::Operation *, RowMixing> mixings;
  /// Where values meet rows, and whether they are the same for all of them.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<std::pair<BatchPosition, bool>, 1>> met;
};

} // namespace dsc::train

#endif // DSC_DIALECTS_TRAIN_BATCHANALYSIS_H
