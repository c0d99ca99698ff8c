//===- Decompose.cpp - Replace whole ops by ops of the core ---------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Analysis/Origins.h"
#include "dsc/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"

namespace dsc {
#define GEN_PASS_DEF_DECOMPOSEPASS
#include "dsc/Transforms/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

namespace {
struct DecomposePass : dsc::impl::DecomposePassBase<DecomposePass> {
  using DecomposePassBase::DecomposePassBase;

  void runOnOperation() override {
    // A decomposition may contain whole ops again (dropout, for one, does not,
    // but nothing forbids it), so repeat until nothing is left.
    for (auto ops = collect(); !ops.empty(); ops = collect()) {
      for (train::DecomposableOpInterface op : ops) {
        OpBuilder builder(op);
        SmallVector<Value> parts = op.decompose(builder);
        passGradientsOn(op, parts);
        op->replaceAllUsesWith(parts);
        op->erase();
        ++numDecomposed;
      }
    }
  }

  SmallVector<train::DecomposableOpInterface> collect() {
    SmallVector<train::DecomposableOpInterface> ops;
    getOperation()->walk([&](train::DecomposableOpInterface op) {
      if (only.empty() || llvm::is_contained(only, op->getName().getStringRef().str())) {
        ops.push_back(op);
      }
    });
    return ops;
  }
};
} // namespace
