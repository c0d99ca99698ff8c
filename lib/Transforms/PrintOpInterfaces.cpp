//===- PrintOpInterfaces.cpp - Sharding rules and costs as remarks --------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Transforms/Passes.h"

namespace dsc {
#define GEN_PASS_DEF_PRINTOPINTERFACESPASS
#include "dsc/Transforms/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

static StringRef precisionName(Operation *op) {
  auto precise = dyn_cast<train::PrecisionOpInterface>(op);
  if (!precise) {
    return "follows";
  }
  switch (precise.getPrecision()) {
  case train::Precision::ComputesLow:
    return "computes-low";
  case train::Precision::NeedsF32:
    return "needs-f32";
  case train::Precision::Follows:
    return "follows";
  }
  llvm_unreachable("unknown precision class");
}

namespace {
struct PrintOpInterfacesPass : dsc::impl::PrintOpInterfacesPassBase<PrintOpInterfacesPass> {
  void runOnOperation() override {
    getOperation()->walk([](train::ShardingRuleOpInterface op) {
      std::string rule;
      llvm::raw_string_ostream os(rule);
      op.getShardingRule().print(os);
      auto diag = op->emitRemark() << op->getName() << ' ' << rule << ", " << precisionName(op);
      if (auto cost = dyn_cast<train::CostOpInterface>(op.getOperation())) {
        diag << ", " << cost.getFlops() << " flops, " << cost.getBytes() << " bytes";
      }
    });
    markAllAnalysesPreserved();
  }
};
} // namespace
