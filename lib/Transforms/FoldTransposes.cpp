//===- FoldTransposes.cpp - Products that come out transposed -------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

namespace dsc {
#define GEN_PASS_DEF_FOLDTRANSPOSESPASS
#include "dsc/Transforms/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

/// The permutation that moves b's dimensions in front of a's, behind the batch:
/// what exchanging the operands does to the result.
static SmallVector<int64_t> exchangedDims(train::DotOp dot) {
  auto batch = static_cast<int64_t>(dot.getABatch().size());
  auto ofA = static_cast<int64_t>(dot.getAFree().size());
  auto ofB = static_cast<int64_t>(dot.getBFree().size());
  SmallVector<int64_t> dims = llvm::to_vector(llvm::seq<int64_t>(0, batch));
  llvm::append_range(dims, llvm::seq(batch + ofA, batch + ofA + ofB));
  llvm::append_range(dims, llvm::seq(batch, batch + ofA));
  return dims;
}

namespace {
struct FoldTransposesPass : dsc::impl::FoldTransposesPassBase<FoldTransposesPass> {
  void runOnOperation() override {
    getOperation()->walk([&](train::TransposeOp transpose) {
      auto dot = transpose.getX().getDefiningOp<train::DotOp>();
      // With a second reader both orders would have to be computed.
      if (!dot || !dot->hasOneUse() ||
          transpose.getPermutation() != ArrayRef<int64_t>(exchangedDims(dot))) {
        return;
      }
      OpBuilder builder(dot);
      auto exchanged =
          train::DotOp::create(builder, dot.getLoc(), dot.getB(), dot.getA(), dot.getBBatch(),
                               dot.getABatch(), dot.getBContract(), dot.getAContract());
      transpose.replaceAllUsesWith(exchanged.getResult());
      transpose.erase();
      dot.erase();
      ++numFolded;
    });
  }
};
} // namespace
