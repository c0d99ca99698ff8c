//===- Optimizer.cpp - What an optimizer does to all gradients at once ----===//

#include "lib/Lowering/ExecLowering.h"

using namespace mlir;
using namespace dsc;

/// Elements whose squares one group of threads adds up: few enough that a large
/// model's gradients fill a device, enough that the sums of sums are few.
static constexpr int64_t kNormChunk = 16384;

/// The op's input in f32; another type is converted by an op of its own.
static Value materializeInput(train::GlobalNormOp op, unsigned number, ExecLowering &lowering) {
  RankedTensorType type = tensorType(op->getOperand(number));
  if (!type.getElementType().isF32()) {
    OpBuilder train(op);
    auto converted = train::ConvertOp::create(
        train, op.getLoc(), RankedTensorType::get(type.getShape(), train.getF32Type()),
        op->getOperand(number));
    op->setOperand(number, converted);
    if (failed(lowering.lower(converted))) {
      return {};
    }
  }
  return lowering.materialize(op->getOperand(number));
}

/// The second result holds the sums of chunks.
static LogicalResult lowerGlobalNorm(train::GlobalNormOp op, ExecLowering &lowering) {
  SmallVector<Value> operands;
  int64_t chunks = 0;
  for (unsigned i = 0; i < op.getInputs().size(); ++i) {
    Value operand = materializeInput(op, i, lowering);
    if (!operand) {
      return failure();
    }
    operands.push_back(operand);
    chunks += (tensorType(operand).getNumElements() + kNormChunk - 1) / kNormChunk;
  }
  SmallVector<int64_t> shifts(operands.size(), 0);
  auto sums = RankedTensorType::get({chunks}, lowering.builder.getF32Type());
  ResultRange results =
      lowering.buildCall(op.getLoc(), "GlobalNorm", {op.getNorm().getType(), sums}, operands,
                         {kNormChunk}, {}, shifts, Cost{op.getFlops()});
  lowering.set(op.getNorm(), results[0]);
  return success();
}

void dsc::registerOptimizerLowerings(LoweringRegistry &registry, const TargetModel &target) {
  if (target.hasRoutine("GlobalNorm")) {
    registry.add<train::GlobalNormOp>(lowerGlobalNorm);
  }
}
