//===- VerifyExec.cpp - The contract that ends the exec phase -------------===//

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Exec/TargetModel.h"
#include "dsc/Lowering/Passes.h"
#include "lib/Lowering/ArenaPacking.h"
#include "lib/Lowering/ExecLowering.h"

namespace dsc {
#define GEN_PASS_DEF_VERIFYEXECPASS
#include "dsc/Lowering/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

static InFlightDiagnostic illegal(Operation *op) {
  return op->emitError() << "illegal after exec: ";
}

/// Programs consist of exec ops.
static LogicalResult verifyOps(exec::ProgramOp program) {
  WalkResult result = program.walk([](Operation *op) {
    if (isa<exec::ExecDialect>(op->getDialect())) {
      return WalkResult::advance();
    }
    illegal(op) << "'" << op->getName() << "' outside a kernel";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// Every result of `op` lies in the arena, on a cache line.
static LogicalResult verifyOffsets(Operation *op, std::optional<ArrayRef<int64_t>> offsets,
                                   int64_t arenaBytes) {
  if (!offsets || offsets->size() != op->getNumResults()) {
    return illegal(op) << "expected one offset per result";
  }
  for (auto [offset, type] : llvm::zip_equal(*offsets, op->getResultTypes())) {
    if (offset < 0 || offset % kArenaAlignment != 0 ||
        offset + train::getTensorBytes(type) > arenaBytes) {
      return illegal(op) << "a result at " << offset << " is not within the arena of " << arenaBytes
                         << " bytes, on a multiple of " << kArenaAlignment;
    }
  }
  return success();
}

static LogicalResult verifyPlaces(exec::ProgramOp program) {
  auto arena = program->getAttrOfType<IntegerAttr>(exec::kArenaBytesAttr);
  if (!arena) {
    return illegal(program) << "program '" << program.getName() << "' has no arena size";
  }
  WalkResult result = program.walk([&](Operation *op) {
    LogicalResult placed = success();
    if (auto launch = dyn_cast<exec::LaunchOp>(op)) {
      placed = verifyOffsets(op, launch.getOffsets(), arena.getInt());
    } else if (auto call = dyn_cast<exec::CallOp>(op)) {
      placed = verifyOffsets(op, call.getOffsets(), arena.getInt());
    }
    return failed(placed) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

namespace {
struct VerifyExecPass : dsc::impl::VerifyExecPassBase<VerifyExecPass> {
  VerifyExecPass() = default;
  VerifyExecPass(std::shared_ptr<const TargetModel> target) : target(std::move(target)) {}

  void runOnOperation() override {
    for (auto program : getOperation().getOps<exec::ProgramOp>()) {
      if (failed(verifyOps(program)) || failed(verifyPlaces(program))) {
        return signalPassFailure();
      }
    }
    for (auto kernel : getOperation().getOps<exec::KernelOp>()) {
      if (target && !target->acceptsKernel(kernel.getBody())) {
        illegal(kernel) << "the target refuses kernel '" << kernel.getName() << "'";
        return signalPassFailure();
      }
    }
    markAllAnalysesPreserved();
  }

  std::shared_ptr<const TargetModel> target;
};
} // namespace

std::unique_ptr<Pass> dsc::createVerifyExecPassFor(std::shared_ptr<const TargetModel> target) {
  return std::make_unique<VerifyExecPass>(std::move(target));
}
