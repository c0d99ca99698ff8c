//===- Loop.cpp - Scans as loops ------------------------------------------===//
//
// A scan becomes an exec.loop. What a loop's region uses from outside it may name
// itself, so invariants need no arguments: ops that only say where an invariant's
// elements are (the transpose of a weight, say) are repeated in the region, where
// users see through them. What then depends on no iteration is computed before
// the loop.
//
//===----------------------------------------------------------------------===//

#include "lib/Lowering/ExecLowering.h"

#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc;

/// The value for use in the region that `inBody` builds; what is not deferred is
/// computed outside.
static Value bringInside(Value value, OpBuilder &inBody, ExecLowering &lowering) {
  Operation *op = value.getDefiningOp();
  if (!op || !isDeferred(op) || lowering.isLowered(value)) {
    lowering.materialize(value);
    return value;
  }
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(bringInside(operand, inBody, lowering));
  }
  Operation *copy = inBody.clone(*op);
  copy->setOperands(operands);
  return copy->getResult(0);
}

static void bringInvariantsInside(train::ScanOp op, ExecLowering &lowering) {
  OpBuilder inBody = OpBuilder::atBlockBegin(op.getBlock());
  for (auto [argument, value] : llvm::zip_equal(op.getInvariantArguments(), op.getInvariants())) {
    argument.replaceAllUsesWith(bringInside(value, inBody, lowering));
  }
}

namespace {
/// The outputs of a scan that something reads; those that are yielded the same
/// value are one.
struct LoopOutputs {
  explicit LoopOutputs(train::ScanOp op);

  llvm::MapVector<Value, SmallVector<Value>> results; // yielded value -> results of the scan
  SmallVector<Type> types;
};
} // namespace

LoopOutputs::LoopOutputs(train::ScanOp op) {
  for (auto [value, result] : llvm::zip_equal(op.getYieldedOutputs(), op.getOutputs())) {
    if (result.use_empty()) {
      continue;
    }
    SmallVector<Value> &same = results[value];
    if (same.empty()) {
      types.push_back(result.getType());
    }
    same.push_back(result);
  }
}

static SmallVector<Value> materializeAll(ValueRange values, ExecLowering &lowering) {
  return llvm::map_to_vector(values, [&](Value value) { return lowering.materialize(value); });
}

/// Inputs that the region does not read are not the loop's.
static exec::LoopOp createLoop(train::ScanOp op, TypeRange outputs, ExecLowering &lowering) {
  SmallVector<Value> carry = materializeAll(op.getCarry(), lowering), inputs;
  SmallVector<BlockArgument> arguments(op.getCarryArguments());
  for (auto [argument, input] : llvm::zip_equal(op.getInputArguments(), op.getInputs())) {
    if (!argument.use_empty()) {
      arguments.push_back(argument);
      inputs.push_back(lowering.materialize(input));
    }
  }
  auto loop =
      exec::LoopOp::create(lowering.builder, op.getLoc(), ValueRange(carry).getTypes(), outputs,
                           op.getCountAttr(), op.getReverseAttr(), carry, inputs, nullptr, nullptr);
  Block &body = loop.getBody().emplaceBlock();
  for (BlockArgument argument : arguments) {
    lowering.set(argument, body.addArgument(argument.getType(), op.getLoc()));
  }
  return loop;
}

static LogicalResult fillLoop(train::ScanOp op, exec::LoopOp loop, const LoopOutputs &outputs,
                              ExecLowering &lowering) {
  OpBuilder::InsertionGuard guard(lowering.builder);
  lowering.builder.setInsertionPointToEnd(loop.getBlock());
  for (Operation &inner : llvm::make_early_inc_range(op.getBlock()->without_terminator())) {
    if (failed(lowering.lower(&inner))) {
      return failure();
    }
  }
  SmallVector<Value> yielded = materializeAll(op.getYieldedCarry(), lowering);
  for (const auto &[value, results] : outputs.results) {
    yielded.push_back(lowering.materialize(value));
  }
  exec::YieldOp::create(lowering.builder, op.getLoc(), yielded);
  return success();
}

/// Moves what depends on no iteration before the loop; what a routine works on in place
/// begins anew with each iteration.
static void hoistInvariantOps(exec::LoopOp loop) {
  moveLoopInvariantCode(
      {&loop.getBody()},
      [&](Value value, Region *region) { return !region->isAncestor(value.getParentRegion()); },
      [&](Operation *op, Region *) { return isMemoryEffectFree(op) && !isOverwritten(op); },
      [&](Operation *op, Region *) { op->moveBefore(loop); });
}

static LogicalResult lowerScan(train::ScanOp op, ExecLowering &lowering) {
  bringInvariantsInside(op, lowering);
  LoopOutputs outputs(op);
  exec::LoopOp loop = createLoop(op, outputs.types, lowering);
  if (failed(fillLoop(op, loop, outputs, lowering))) {
    return failure();
  }
  if (lowering.hoistInvariants) {
    hoistInvariantOps(loop);
  }
  for (auto [result, value] : llvm::zip_equal(op.getCarried(), loop.getCarried())) {
    lowering.set(result, value);
  }
  for (auto [same, value] : llvm::zip_equal(outputs.results, loop.getOutputs())) {
    for (Value result : same.second) {
      lowering.set(result, value);
    }
  }
  return success();
}

void dsc::registerLoopLowerings(LoweringRegistry &registry) {
  registry.add<train::ScanOp>(lowerScan);
}
