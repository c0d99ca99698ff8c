//===- ChannelBlocks.cpp - Tensors whose channels lie in blocks -----------===//

#include "dialects/Train/ChannelBlocks.h"

#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace dsc::train;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static Expr exprOf(OpBuilder &builder, Value value) { return Expr(builder, value.getLoc(), value); }

/// Moves dimension `from` of `rank` dimensions to `to`.
static SmallVector<int64_t> movedDim(int64_t rank, int64_t from, int64_t to) {
  SmallVector<int64_t> dims = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  dims.erase(dims.begin() + from);
  dims.insert(dims.begin() + to, from);
  return dims;
}

/// Splits dimension `dim` into its blocks and the place within a block.
static SmallVector<int64_t> splitShape(ArrayRef<int64_t> shape, size_t dim, int64_t block) {
  SmallVector<int64_t> split(shape);
  split[dim] /= block;
  split.insert(split.begin() + static_cast<int64_t>(dim) + 1, block);
  return split;
}

SmallVector<int64_t> dsc::train::blockedShape(ArrayRef<int64_t> plain, int64_t block) {
  SmallVector<int64_t> shape(plain);
  shape[1] /= block;
  shape.push_back(block);
  return shape;
}

Value dsc::train::toBlocks(OpBuilder &builder, Value plain, int64_t block) {
  Expr x = exprOf(builder, plain);
  int64_t rank = x.rank();
  return x.reshape(splitShape(x.shape(), 1, block)).transpose(movedDim(rank + 1, 2, rank));
}

Value dsc::train::fromBlocks(OpBuilder &builder, Value blocks) {
  RankedTensorType type = typeOf(blocks);
  int64_t rank = type.getRank();
  SmallVector<int64_t> plain(type.getShape().drop_back());
  plain[1] *= type.getShape().back();
  // Not folded: with `toBlocks` before it nothing would be left of both.
  Location loc = blocks.getLoc();
  Value inner = TransposeOp::create(builder, loc, blocks, movedDim(rank, rank - 1, 2));
  return ReshapeOp::create(builder, loc, type.clone(plain), inner);
}

/// Whether a value is shaped as the blocks of a tensor of that shape.
static bool areBlocksOf(Value blocks, ArrayRef<int64_t> plain, int64_t block) {
  return plain.size() > 2 && plain[1] % block == 0 &&
         typeOf(blocks).getShape() == ArrayRef<int64_t>(blockedShape(plain, block));
}

Value dsc::train::findBlocks(Value plain, int64_t block) {
  auto reshape = plain.getDefiningOp<ReshapeOp>();
  auto transpose = reshape ? reshape.getX().getDefiningOp<TransposeOp>() : nullptr;
  if (!transpose || !areBlocksOf(transpose.getX(), typeOf(plain).getShape(), block)) {
    return nullptr;
  }
  int64_t rank = transpose.getType().getRank();
  bool isInverse = transpose.getPermutation() == ArrayRef<int64_t>(movedDim(rank, rank - 1, 2));
  return isInverse ? transpose.getX() : nullptr;
}

Value dsc::train::findReadBlocks(Value plain, int64_t block) {
  auto reshape = plain.hasOneUse() ? dyn_cast<ReshapeOp>(*plain.user_begin()) : nullptr;
  auto transpose =
      reshape && reshape->hasOneUse() ? dyn_cast<TransposeOp>(*reshape->user_begin()) : nullptr;
  if (!transpose || !areBlocksOf(transpose, typeOf(plain).getShape(), block)) {
    return nullptr;
  }
  int64_t rank = transpose.getType().getRank();
  bool isForward = transpose.getPermutation() == ArrayRef<int64_t>(movedDim(rank, 2, rank - 1));
  return isForward ? transpose.getResult() : nullptr;
}

//===----------------------------------------------------------------------===//
// Elementwise ops
//===----------------------------------------------------------------------===//

/// What is repeated over [N, C, S...], repeated over its blocks.
static Value broadcastInBlocks(OpBuilder &builder, BroadcastOp op, int64_t block) {
  Expr x = exprOf(builder, op.getX());
  SmallVector<int64_t> shape = blockedShape(op.getType().getShape(), block);
  SmallVector<int64_t> dims(op.getDims());
  const auto *channels = llvm::find(op.getDims(), 1);
  auto at = channels - op.getDims().begin();
  if (channels == op.getDims().end() || x.dim(at) == 1) {
    return x.broadcast(shape, dims);
  }
  dims.push_back(static_cast<int64_t>(shape.size()) - 1);
  SmallVector<int64_t> split = splitShape(x.shape(), static_cast<size_t>(at), block);
  auto hasNoSpace = [&] {
    return llvm::all_of(x.shape().drop_front(static_cast<size_t>(at) + 1),
                        [](int64_t size) { return size == 1; });
  };
  if (!hasNoSpace()) {
    return x.reshape(split)
        .transpose(movedDim(x.rank() + 1, at + 1, x.rank()))
        .broadcast(shape, dims);
  }
  // Blocks of a vector are a view of it.
  split.erase(split.begin() + at + 1);
  split.push_back(block);
  return x.reshape(split).broadcast(shape, dims);
}

static Value operandInBlocks(OpBuilder &builder, Value operand, int64_t block) {
  if (Value blocks = findBlocks(operand, block)) {
    return blocks;
  }
  if (auto broadcast = operand.getDefiningOp<BroadcastOp>()) {
    return broadcastInBlocks(builder, broadcast, block);
  }
  auto constant = operand.getDefiningOp<ConstantOp>();
  if (auto splat = constant ? dyn_cast<SplatElementsAttr>(constant.getValue()) : nullptr) {
    auto type = typeOf(operand).clone(blockedShape(typeOf(operand).getShape(), block));
    return ConstantOp::create(builder, operand.getLoc(), type, splat.resizeSplat(type));
  }
  return toBlocks(builder, operand, block);
}

SmallVector<Value> dsc::train::buildElementwiseOnBlocks(OpBuilder &builder, Operation *op,
                                                        int64_t block) {
  SmallVector<int64_t> plain(typeOf(op->getResult(0)).getShape());
  SmallVector<int64_t> shape = blockedShape(plain, block);
  Operation *made = builder.clone(*op);
  builder.setInsertionPoint(made);
  for (OpOperand &operand : made->getOpOperands()) {
    if (typeOf(operand.get()).getShape() == ArrayRef<int64_t>(plain)) { // others are scalars
      operand.set(operandInBlocks(builder, operand.get(), block));
    }
  }
  builder.setInsertionPointAfter(made);
  SmallVector<Value> results;
  for (OpResult result : made->getResults()) {
    result.setType(typeOf(result).clone(shape));
    results.push_back(fromBlocks(builder, result));
  }
  return results;
}
