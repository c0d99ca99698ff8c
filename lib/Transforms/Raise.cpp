//===- Raise.cpp - Recognize whole ops in what exporters decomposed -------===//
//
// The families of patterns stand in the files Raise*.cpp; this pass only runs them.
//
//===----------------------------------------------------------------------===//

#include "RaiseMatchers.h"
#include "dsc/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace dsc {
#define GEN_PASS_DEF_RAISEPASS
#include "dsc/Transforms/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

namespace {
/// Counts the whole ops that patterns build.
struct RaiseCounter : RewriterBase::Listener {
  void notifyOperationInserted(Operation *op, OpBuilder::InsertPoint) override {
    count += isa<train::LayerNormOp, train::GeluOp, train::AttentionOp, train::CrossEntropyOp,
                 train::LogSoftmaxOp>(op);
  }
  unsigned count = 0;
};

struct RaisePass : dsc::impl::RaisePassBase<RaisePass> {
  using RaisePassBase::RaisePassBase;

  void runOnOperation() override {
    // Patterns compare values by identity, so equal ones are made one first.
    IRRewriter rewriter(&getContext());
    DominanceInfo dominance(getOperation());
    eliminateCommonSubExpressions(rewriter, dominance, getOperation());

    RewritePatternSet patterns(&getContext());
    populateRaiseAttentionPatterns(patterns);
    populateRaiseCarriesPatterns(patterns);
    populateRaiseCrossEntropyPatterns(patterns);
    populateRaiseGeluPatterns(patterns);
    populateRaiseLayerNormPatterns(patterns);
    populateRaiseShapePatterns(patterns);
    populateRaiseUnrolledPatterns(patterns);
    RaiseCounter counter;
    GreedyRewriteConfig config;
    config.setListener(&counter);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      return signalPassFailure();
    numRaised += counter.count;
  }
};
} // namespace
