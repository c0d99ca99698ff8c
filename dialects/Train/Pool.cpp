//===- Pool.cpp - Windows and pooling -------------------------------------===//

#include "dialects/Train/ChannelBlocks.h"
#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"
#include "dialects/Train/Window.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace dsc::train;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

//===----------------------------------------------------------------------===//
// Window
//===----------------------------------------------------------------------===//

LogicalResult Window::verify(Operation *op, int64_t spatialRank) const {
  for (ArrayRef<int64_t> list : {sizes, strides, low, high, dilations}) {
    if (static_cast<int64_t>(list.size()) != spatialRank) {
      return op->emitOpError() << "C1: expected " << spatialRank
                               << " entries per window attribute, got " << list.size();
    }
  }
  auto isPositive = [](int64_t value) { return value > 0; };
  auto isNotNegative = [](int64_t value) { return value >= 0; };
  if (!llvm::all_of(sizes, isPositive) || !llvm::all_of(strides, isPositive) ||
      !llvm::all_of(dilations, isPositive)) {
    return op->emitOpError("C1: window sizes, strides and dilations must be positive");
  }
  if (!llvm::all_of(low, isNotNegative) || !llvm::all_of(high, isNotNegative)) {
    return op->emitOpError("C1: padding must not be negative");
  }
  return success();
}

int64_t Window::outputSize(size_t dim, int64_t size) const {
  int64_t covered = dilations[dim] * (sizes[dim] - 1) + 1;
  int64_t room = size + low[dim] + high[dim] - covered;
  return room < 0 ? 0 : room / strides[dim] + 1;
}

LogicalResult Window::verifySizes(Operation *op, StringRef label, ArrayRef<int64_t> input,
                                  ArrayRef<int64_t> output) const {
  for (size_t dim = 0; dim < input.size(); ++dim) {
    int64_t expected = outputSize(dim, input[dim]);
    if (expected != output[dim]) {
      return op->emitOpError() << label << ": expected output size " << expected
                               << " of spatial dimension " << dim << ", got " << output[dim];
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Pooling
//===----------------------------------------------------------------------===//

/// Whether one of the window's positions along `dim` of `size` has no element.
static bool hasEmptyWindow(const Window &window, size_t dim, int64_t size) {
  int64_t dilation = window.dilations[dim];
  for (int64_t position = 0; position < window.outputSize(dim, size); ++position) {
    int64_t start = position * window.strides[dim] - window.low[dim];
    int64_t before = start < 0 ? (-start + dilation - 1) / dilation : 0; // elements left of 0
    if (before >= window.sizes[dim] || start + before * dilation >= size) {
      return true;
    }
  }
  return false;
}

template <typename OpTy> static LogicalResult verifyPool(OpTy op, Value x, Value y) {
  Window window = Window::of(op, op.getWindow());
  if (typeOf(x).getRank() < 3 || typeOf(x).getRank() != typeOf(y).getRank() ||
      typeOf(x).getShape().take_front(2) != typeOf(y).getShape().take_front(2)) {
    return op.emitOpError("C2: expected [N, C, S...] tensors of one rank, batch and channels");
  }
  if (getElementTypeOrSelf(x) != getElementTypeOrSelf(y)) {
    return op.emitOpError() << "C2: expected element type " << getElementTypeOrSelf(x) << ", got "
                            << getElementTypeOrSelf(y);
  }
  if (failed(window.verify(op, typeOf(x).getRank() - 2))) {
    return failure();
  }
  for (size_t dim = 0; dim < window.sizes.size(); ++dim) {
    if (hasEmptyWindow(window, dim, typeOf(x).getShape()[dim + 2])) {
      return op.emitOpError() << "C1: a window of spatial dimension " << dim
                              << " lies wholly inside the padding";
    }
  }
  return window.verifySizes(op, "C2", typeOf(x).getShape().drop_front(2),
                            typeOf(y).getShape().drop_front(2));
}

LogicalResult MaxPoolOp::verify() {
  if (typeOf(getIndex()).getShape() != typeOf(getY()).getShape()) {
    return emitOpError("C2: y and index differ in shape");
  }
  return verifyPool(*this, getX(), getY());
}
LogicalResult AvgPoolOp::verify() { return verifyPool(*this, getX(), getY()); }
LogicalResult AvgPoolGradOp::verify() { return verifyPool(*this, getDx(), getDy()); }

static SmallVector<int64_t> flattenSpatial(ArrayRef<int64_t> shape) {
  int64_t plane = 1;
  for (int64_t size : shape.drop_front(2)) {
    plane *= size;
  }
  return {shape[0], shape[1], plane};
}

LogicalResult MaxPoolOp::buildVjp(Vjp &vjp) {
  Expr g(vjp.builder, vjp.loc(), vjp.grads[0]);
  ArrayRef<int64_t> inner = typeOf(getX()).getShape();
  Expr updates = g.reshape(flattenSpatial(g.shape()));
  Expr index = g.with(getIndex()).reshape(flattenSpatial(g.shape()));
  auto plane = typeOf(getX()).clone(flattenSpatial(inner));
  Expr scattered = g.with(
      ScatterAddAlongOp::create(vjp.builder, vjp.loc(), plane, updates.value, index.value, 2));
  vjp.set(0, scattered.reshape(inner));
  return success();
}

LogicalResult AvgPoolOp::buildVjp(Vjp &vjp) {
  vjp.set(0, AvgPoolGradOp::create(vjp.builder, vjp.loc(), getX().getType(),
                                   ValueRange{vjp.grads[0]}, ownAttributes(*this)));
  return success();
}

LogicalResult AvgPoolGradOp::buildVjp(Vjp &vjp) {
  vjp.set(0, AvgPoolOp::create(vjp.builder, vjp.loc(), getDy().getType(), ValueRange{vjp.grads[0]},
                               ownAttributes(*this)));
  return success();
}

/// A pool takes every plane by itself, so a block of channels may stand for an image: the
/// operand is a view of the blocks, and what comes out is plain.
static SmallVector<Value> poolOnBlocks(Operation *op, OpBuilder &builder, int64_t block) {
  Expr blocks(builder, op->getLoc(), findBlocks(op->getOperand(0), block));
  SmallVector<int64_t> images(blocks.shape().drop_front());
  images[0] *= blocks.dim(0);
  SmallVector<int64_t> inner = {0, blocks.rank() - 2}; // n, c, then space
  llvm::append_range(inner, llvm::seq<int64_t>(1, blocks.rank() - 2));
  Operation *pool = builder.clone(*op);
  builder.setInsertionPoint(pool);
  pool->setOperand(0, blocks.reshape(images).transpose(inner));
  builder.setInsertionPointAfter(pool);
  SmallVector<Value> results;
  for (OpResult result : pool->getResults()) {
    ArrayRef<int64_t> plain = typeOf(result).getShape();
    SmallVector<int64_t> shape = {images[0], images.back()};
    llvm::append_range(shape, plain.drop_front(2));
    result.setType(typeOf(result).clone(shape));
    results.push_back(
        blocks.with(result).reshape(typeOf(op->getResult(result.getResultNumber())).getShape()));
  }
  return results;
}
SmallVector<Value> MaxPoolOp::buildOnBlocks(OpBuilder &builder, int64_t block) {
  return poolOnBlocks(*this, builder, block);
}
SmallVector<Value> AvgPoolOp::buildOnBlocks(OpBuilder &builder, int64_t block) {
  return poolOnBlocks(*this, builder, block);
}
SmallVector<Value> AvgPoolGradOp::buildOnBlocks(OpBuilder &builder, int64_t block) {
  return poolOnBlocks(*this, builder, block);
}

/// Batch and channels are free; spatial dimensions stay whole.
static ShardingRule poolRule(Operation *op) {
  ShardingRule rule = emptyShardingRule(op);
  auto shape = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  int n = rule.addFactor(shape[0]), c = rule.addFactor(shape[1]);
  auto assign = [&](ShardingRule::TensorFactors &tensor, Type type) {
    tensor[0] = {n};
    tensor[1] = {c};
    for (unsigned dim = 2; dim < tensor.size(); ++dim) {
      int64_t size = cast<RankedTensorType>(type).getDimSize(dim);
      tensor[dim] = {rule.addFactor(size, ShardingRule::Kind::Whole)};
    }
  };
  assign(rule.operands[0], op->getOperand(0).getType());
  for (auto [tensor, type] : llvm::zip_equal(rule.results, op->getResultTypes())) {
    assign(tensor, type);
  }
  return rule;
}
ShardingRule MaxPoolOp::getShardingRule() { return poolRule(*this); }
ShardingRule AvgPoolOp::getShardingRule() { return poolRule(*this); }
ShardingRule AvgPoolGradOp::getShardingRule() { return poolRule(*this); }

static int64_t poolFlops(Value pooled, ArrayRef<int64_t> window) {
  int64_t flops = typeOf(pooled).getNumElements();
  for (int64_t size : window) {
    flops *= size;
  }
  return flops;
}
int64_t MaxPoolOp::getFlops() { return poolFlops(getY(), getWindow()); }
int64_t AvgPoolOp::getFlops() { return poolFlops(getY(), getWindow()); }
int64_t AvgPoolGradOp::getFlops() { return poolFlops(getDy(), getWindow()); }
