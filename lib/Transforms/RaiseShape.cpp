//===- RaiseShape.cpp - Shape changes out of the way of other patterns ----===//
//
// Exporters flatten batch and heads for a transpose or a batched product and unflatten
// them at once:
//
//   reshape(transpose(x, p), [split dimensions]) = transpose(reshape(x, ...), p')
//
// where the reshape splits dimensions of the transposed tensor, each by itself. The
// split then meets the merge before the transpose, and both fold away.
//
//   dot(x, transpose(w))  =  dot(x, w), summed over w's other dimension
//
// so that a Linear layer's weight is read as it lies.
//
//===----------------------------------------------------------------------===//

#include "RaiseMatchers.h"

using namespace mlir;
using namespace dsc;

/// For each dimension of `from`, how many of `to` it is split into, with none merged;
/// nothing if the reshape is no such split.
static std::optional<SmallVector<int64_t>> splitCounts(ArrayRef<int64_t> from,
                                                       ArrayRef<int64_t> to) {
  SmallVector<int64_t> counts;
  size_t next = 0;
  for (int64_t size : from) {
    int64_t product = 1, count = 0;
    while (next < to.size() && (product < size || count == 0)) {
      product *= to[next++];
      ++count;
    }
    if (product != size)
      return std::nullopt;
    counts.push_back(count);
  }
  return next == to.size() ? std::optional(counts) : std::nullopt;
}

namespace {
struct SplitBeforeTranspose : OpRewritePattern<train::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(train::ReshapeOp reshape,
                                PatternRewriter &rewriter) const override {
    auto transpose = reshape.getX().getDefiningOp<train::TransposeOp>();
    // Only where the split undoes a merge; elsewhere nothing is gained.
    if (!transpose || !transpose.getX().getDefiningOp<train::ReshapeOp>())
      return failure();
    auto counts =
        splitCounts(tensorOf(transpose.getY()).getShape(), tensorOf(reshape.getY()).getShape());
    if (!counts)
      return failure();

    // Result dimensions by the dimension of x they come from.
    ArrayRef<int64_t> permutation = transpose.getPermutation();
    SmallVector<SmallVector<int64_t>> parts(permutation.size());
    int64_t next = 0;
    for (auto [i, count] : llvm::enumerate(*counts))
      for (int64_t k = 0; k < count; ++k)
        parts[permutation[i]].push_back(next++);
    SmallVector<int64_t> shape, place(next);
    for (ArrayRef<int64_t> group : parts)
      for (int64_t dim : group) {
        place[dim] = static_cast<int64_t>(shape.size());
        shape.push_back(tensorOf(reshape.getY()).getDimSize(dim));
      }
    Value split = rewriter.createOrFold<train::ReshapeOp>(
        reshape.getLoc(), tensorOf(transpose.getX()).clone(shape), transpose.getX());
    rewriter.replaceOpWithNewOp<train::TransposeOp>(reshape, split, place);
    return success();
  }
};
} // namespace

namespace {
struct TransposeIntoDot : OpRewritePattern<train::DotOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(train::DotOp dot, PatternRewriter &rewriter) const override {
    Value a = dot.getA(), b = dot.getB();
    SmallVector<int64_t> aContract(dot.getAContract()), bContract(dot.getBContract());
    bool changed = absorb(a, dot.getABatch(), dot.getAFree(), aContract);
    changed |= absorb(b, dot.getBBatch(), dot.getBFree(), bContract);
    if (!changed)
      return failure();
    rewriter.replaceOpWithNewOp<train::DotOp>(dot, a, b, dot.getABatch(), dot.getBBatch(),
                                              aContract, bContract);
    return success();
  }

private:
  /// Takes a transpose of the dimensions that are no batch dimensions off the operand.
  static bool absorb(Value &operand, ArrayRef<int64_t> batch, ArrayRef<int64_t> free,
                     SmallVector<int64_t> &contract) {
    auto transpose = operand.getDefiningOp<train::TransposeOp>();
    if (!transpose)
      return false;
    ArrayRef<int64_t> source = transpose.getPermutation();
    auto stays = [&](int64_t dim) { return source[dim] == dim; };
    auto inSource = [&](int64_t dim) { return source[dim]; };
    // The result has the free dimensions in their order.
    if (!llvm::all_of(batch, stays) || !llvm::is_sorted(llvm::map_range(free, inSource)))
      return false;
    for (int64_t &dim : contract)
      dim = source[dim];
    operand = transpose.getX();
    return true;
  }
};
} // namespace

void dsc::populateRaiseShapePatterns(RewritePatternSet &patterns) {
  patterns.add<SplitBeforeTranspose, TransposeIntoDot>(patterns.getContext());
}
