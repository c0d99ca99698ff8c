//===- BlockChannels.cpp - Channels in blocks from convolution to convolution ===//

#include "dialects/Train/ChannelBlocks.h"
#include "dialects/Train/DeadOps.h"
#include "dsc/Lowering/Passes.h"
#include "lib/Lowering/ExecLowering.h"
#include "llvm/ADT/STLExtras.h"

namespace dsc {
#define GEN_PASS_DEF_BLOCKCHANNELSPASS
#include "dsc/Lowering/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

bool dsc::fillChannelBlocks(int64_t inputs, int64_t outputs, int64_t groups, int64_t block) {
  if (inputs == groups && outputs == groups) {
    groups = 1;
  }
  auto fills = [&](int64_t channels) {
    int64_t ofGroup = channels / groups;
    return ofGroup >= block && (groups == 1 || ofGroup % block == 0);
  };
  return fills(inputs) && fills(outputs);
}

namespace {
struct BlockChannelsPass : dsc::impl::BlockChannelsPassBase<BlockChannelsPass> {
  using BlockChannelsPassBase::BlockChannelsPassBase;
  BlockChannelsPass(std::shared_ptr<const TargetModel> target) : target(std::move(target)) {
    block = this->target->getChannelBlock();
  }

  void runOnOperation() override {
    if (block < 2) {
      return;
    }
    if (!target) {
      target = std::make_shared<TargetModel>();
    }
    registry = LoweringRegistry::makeFor(*target);
    getOperation()->walk([&](Block *operations) {
      for (Operation &op : llvm::make_early_inc_range(*operations)) {
        visit(&op);
      }
      eraseDeadOps(*operations); // plain tensors of which only the blocks are read
    });
  }

private:
  void visit(Operation *op);
  void writeBlocks(Value result, Value operand, int64_t groups);
  void moveBehind(Operation *op);
  void decompose(train::DecomposableOpInterface op);
  bool isInBlocks(Value value) const {
    return isa<RankedTensorType>(value.getType()) && train::findBlocks(value, block);
  }

  std::shared_ptr<const TargetModel> target;
  LoweringRegistry registry;
};
} // namespace

void BlockChannelsPass::visit(Operation *op) {
  if (auto conv = dyn_cast<train::ConvOp>(op)) {
    writeBlocks(conv.getY(), conv.getX(), static_cast<int64_t>(conv.getGroups()));
  } else if (auto grad = dyn_cast<train::ConvInputGradOp>(op)) {
    writeBlocks(grad.getDx(), grad.getDy(), static_cast<int64_t>(grad.getGroups()));
  } else if (llvm::any_of(op->getOperands(), [&](Value x) { return isInBlocks(x); })) {
    auto whole = dyn_cast<train::DecomposableOpInterface>(op);
    whole && !registry.find(op) ? decompose(whole) : moveBehind(op);
  }
}

/// Lets everything read a convolution's result from blocks, where it fills some.
void BlockChannelsPass::writeBlocks(Value result, Value operand, int64_t groups) {
  RankedTensorType type = tensorType(result);
  int64_t channels = type.getDimSize(1), others = tensorType(operand).getDimSize(1);
  if (channels % block != 0 || !fillChannelBlocks(channels, others, groups, block) ||
      !type.getElementType().isF32() || type.getNumElements() == 0) {
    return;
  }
  OpBuilder builder(&getContext());
  builder.setInsertionPointAfterValue(result);
  Value blocks = train::toBlocks(builder, result, block);
  Operation *reshape = blocks.getDefiningOp<train::TransposeOp>().getX().getDefiningOp();
  result.replaceAllUsesExcept(train::fromBlocks(builder, blocks), reshape);
  ++numBlocked;
}

/// Rebuilds an op that reads blocks on them, where it can be.
void BlockChannelsPass::moveBehind(Operation *op) {
  OpBuilder builder(op);
  SmallVector<Value> replacements;
  if (op->hasTrait<OpTrait::Elementwise>()) {
    replacements = train::buildElementwiseOnBlocks(builder, op, block);
  } else if (auto reader = dyn_cast<train::ChannelBlocksOpInterface>(op)) {
    replacements = reader.buildOnBlocks(builder, block);
  }
  if (!replacements.empty()) {
    op->replaceAllUsesWith(replacements);
    op->erase();
    ++numMoved;
  }
}

void BlockChannelsPass::decompose(train::DecomposableOpInterface op) {
  SmallVector<Operation *> parts = replaceByParts(op);
  op->erase();
  for (Operation *part : parts) {
    visit(part);
  }
}

std::unique_ptr<Pass> dsc::createBlockChannelsPassFor(std::shared_ptr<const TargetModel> target) {
  return std::make_unique<BlockChannelsPass>(std::move(target));
}
