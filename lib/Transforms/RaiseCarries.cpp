//===- RaiseCarries.cpp - Carried values that no step changes -------------===//
//
//   carry(w), every step yields w  =  invariant(w)
//
// TensorFlow's loops carry the weights that their bodies use. The gradient of an
// invariant is one product over all steps, that of a carried value a sum in each.
//
//===----------------------------------------------------------------------===//

#include "RaiseMatchers.h"

using namespace mlir;

namespace dsc {

namespace {
struct RaiseUnchangedCarries : OpRewritePattern<train::ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(train::ScanOp op, PatternRewriter &rewriter) const override;
};
} // namespace

static llvm::SmallVector<bool> findUnchanged(train::ScanOp op) {
  llvm::SmallVector<bool> unchanged;
  for (auto [argument, next] : llvm::zip_equal(op.getCarryArguments(), op.getYieldedCarry()))
    unchanged.push_back(argument == next);
  return unchanged;
}

/// Arguments follow the operands' order: the unchanged ones behind the invariants.
static void moveArguments(train::ScanOp scan, unsigned numInvariants,
                          llvm::ArrayRef<bool> unchanged, PatternRewriter &rewriter) {
  Block *body = scan.getBlock();
  Operation *end = body->getTerminator();
  unsigned carried = numInvariants, yielded = 0;
  for (bool isUnchanged : unchanged) {
    if (!isUnchanged) {
      ++carried;
      ++yielded;
      continue;
    }
    BlockArgument old = body->getArgument(carried);
    BlockArgument moved = body->insertArgument(numInvariants, old.getType(), old.getLoc());
    ++numInvariants;
    rewriter.replaceAllUsesWith(body->getArgument(carried + 1), moved);
    body->eraseArgument(++carried);
    rewriter.modifyOpInPlace(end, [&] { end->eraseOperand(yielded); });
  }
}

LogicalResult RaiseUnchangedCarries::matchAndRewrite(train::ScanOp op,
                                                     PatternRewriter &rewriter) const {
  llvm::SmallVector<bool> unchanged = findUnchanged(op);
  if (!llvm::is_contained(unchanged, true))
    return failure();
  llvm::SmallVector<Value> invariants(op.getInvariants()), carry, results;
  auto numInvariants = static_cast<unsigned>(invariants.size());
  for (auto [initial, isUnchanged] : llvm::zip_equal(op.getCarry(), unchanged))
    (isUnchanged ? invariants : carry).push_back(initial);
  auto scan = train::ScanOp::create(rewriter, op.getLoc(), op.getCount(), op.getReverse(),
                                    invariants, carry, op.getInputs(), op.getOutputs().getTypes());
  scan.getBody().takeBody(op.getBody());
  moveArguments(scan, numInvariants, unchanged, rewriter);
  ResultRange made = scan->getResults();
  for (auto [initial, isUnchanged] : llvm::zip_equal(op.getCarry(), unchanged)) {
    results.push_back(isUnchanged ? initial : made.front());
    made = made.drop_front(isUnchanged ? 0 : 1);
  }
  llvm::append_range(results, made);
  rewriter.replaceOp(op, results);
  return success();
}

void populateRaiseCarriesPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseUnchangedCarries>(patterns.getContext());
}

} // namespace dsc
