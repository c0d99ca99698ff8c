//===- VerifyExec.cpp - The contract that ends the exec phase -------------===//

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Exec/TargetModel.h"
#include "dsc/Analysis/Placement.h"
#include "dsc/Lowering/Passes.h"
#include "lib/Lowering/ArenaPacking.h"
#include "lib/Lowering/ExecLowering.h"

#include <map>
#include <vector>

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

/// Only rows of a loop's stacks may begin elsewhere than on a cache line.
static bool mayBeRow(Operation *op, int64_t stride) { return stride != 0 || isMove(op); }

/// A result at `offset`, which moves with every iteration of the loop around the op.
static LogicalResult verifyPlace(Operation *op, Type type, int64_t offset, int64_t stride,
                                 int64_t arenaBytes) {
  auto loop = dyn_cast<exec::LoopOp>(op->getParentOp());
  int64_t last = loop ? offset + stride * static_cast<int64_t>(loop.getCount() - 1) : offset;
  if (std::min(offset, last) < 0 ||
      std::max(offset, last) + train::getTensorBytes(type) > arenaBytes ||
      (offset % kArenaAlignment != 0 && !mayBeRow(op, stride))) {
    return illegal(op) << "a result at " << offset << " is not within the arena of " << arenaBytes
                       << " bytes, on a multiple of " << kArenaAlignment;
  }
  return success();
}

/// Every result of `op` lies in the arena.
static LogicalResult verifyOffsets(Operation *op, std::optional<ArrayRef<int64_t>> offsets,
                                   std::optional<ArrayRef<int64_t>> strides, int64_t arenaBytes) {
  if (!offsets || offsets->size() != op->getNumResults() ||
      (strides && strides->size() != op->getNumResults())) {
    return illegal(op) << "expected one offset per result";
  }
  for (auto [index, type] : llvm::enumerate(op->getResultTypes())) {
    int64_t stride = strides ? (*strides)[index] : 0;
    if (failed(verifyPlace(op, type, (*offsets)[index], stride, arenaBytes))) {
      return failure();
    }
  }
  return success();
}

namespace {
/// What a launch reads or writes.
struct UsedBytes {
  int32_t space;
  int64_t begin, end;
  exec::LaunchOp launch;
  bool isWrite;
};
} // namespace

static void collectRanges(Placement &placement, exec::LaunchOp launch,
                          std::vector<UsedBytes> &ranges) {
  PlacedCall call = placement.placeCall(launch);
  for (auto [index, buffer] : llvm::enumerate(call.buffers)) {
    int64_t begin = buffer.place.offset, bytes = train::getTensorBytes(buffer.value.getType());
    if (bytes > 0) {
      ranges.push_back(
          {buffer.place.space, begin, begin + bytes, launch, index >= call.numOperands()});
    }
  }
}

/// No launch of a batch writes what another one uses.
static LogicalResult verifyBatch(std::vector<UsedBytes> ranges) {
  auto key = [](const UsedBytes &range) { return std::pair(range.space, range.begin); };
  llvm::sort(ranges, [&](const UsedBytes &a, const UsedBytes &b) { return key(a) < key(b); });
  for (size_t i = 0; i < ranges.size(); ++i) {
    const UsedBytes &a = ranges[i];
    for (size_t j = i + 1; j < ranges.size() && key(ranges[j]) < std::pair(a.space, a.end); ++j) {
      if (ranges[j].launch != a.launch && (ranges[j].isWrite || a.isWrite)) {
        exec::LaunchOp launch = a.launch;
        return illegal(launch) << "batch " << *launch.getBatch() << ": byte " << ranges[j].begin
                               << " is written by one launch and used by another";
      }
    }
  }
  return success();
}

/// Launches of a batch stand behind each other and need nothing of each other.
static LogicalResult verifyBatches(exec::ProgramOp program, Placement &placement) {
  std::map<std::pair<Block *, int64_t>, std::vector<UsedBytes>> batches;
  WalkResult result = program.walk([&](exec::LaunchOp launch) {
    if (!launch.getBatch()) {
      return WalkResult::advance();
    }
    auto [it, isNew] = batches.try_emplace({launch->getBlock(), *launch.getBatch()});
    if (!isNew && !launch.continuesBatch()) {
      illegal(launch) << "launches of batch " << *launch.getBatch()
                      << " do not stand behind each other";
      return WalkResult::interrupt();
    }
    collectRanges(placement, launch, it->second);
    return WalkResult::advance();
  });
  bool good = llvm::all_of(
      batches, [](auto &entry) { return succeeded(verifyBatch(std::move(entry.second))); });
  return success(good && !result.wasInterrupted());
}

/// The file need not grow with what one number says.
static LogicalResult verifyConstants(exec::ProgramOp program) {
  WalkResult result = program.walk([](exec::ConstantOp constant) {
    if (!isFilled(constant)) {
      return WalkResult::advance();
    }
    illegal(constant) << "a stored constant of " << constant.getType() << " with equal elements";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

static LogicalResult verifyPlaces(exec::ProgramOp program) {
  auto arena = program->getAttrOfType<IntegerAttr>(exec::kArenaBytesAttr);
  if (!arena) {
    return illegal(program) << "program '" << program.getName() << "' has no arena size";
  }
  WalkResult result = program.walk([&](Operation *op) {
    LogicalResult placed = success();
    if (auto launch = dyn_cast<exec::LaunchOp>(op)) {
      placed = verifyOffsets(op, launch.getOffsets(), launch.getStrides(), arena.getInt());
    } else if (auto call = dyn_cast<exec::CallOp>(op)) {
      placed = verifyOffsets(op, call.getOffsets(), call.getStrides(), arena.getInt());
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
    Placement placement(getOperation());
    for (auto program : getOperation().getOps<exec::ProgramOp>()) {
      if (failed(verifyOps(program)) || failed(verifyConstants(program)) ||
          failed(verifyPlaces(program)) || failed(verifyBatches(program, placement))) {
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
