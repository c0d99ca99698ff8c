//===- Norm.cpp - Softmax and normalizations ------------------------------===//

#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc::train;

using Kind = ShardingRule::Kind;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Mean over `dims`.
static Expr mean(Expr x, ArrayRef<int64_t> dims) {
  double count = 1;
  for (int64_t dim : dims) {
    count *= static_cast<double>(x.dim(dim));
  }
  return x.sum(dims) * (1.0 / count);
}

//===----------------------------------------------------------------------===//
// Softmax and log-softmax
//===----------------------------------------------------------------------===//

template <typename OpTy> static LogicalResult verifyDim(OpTy op) {
  auto dim = static_cast<int64_t>(op.getDim());
  if (dim >= 0 && dim < typeOf(op.getX()).getRank()) {
    return success();
  }
  return op.emitOpError() << "C1: dimension " << dim << " is outside rank "
                          << typeOf(op.getX()).getRank();
}
LogicalResult SoftmaxOp::verify() { return verifyDim(*this); }
LogicalResult LogSoftmaxOp::verify() { return verifyDim(*this); }

SmallVector<Value> SoftmaxOp::decompose(OpBuilder &builder) {
  Expr x(builder, getLoc(), getX());
  int64_t dim = static_cast<int64_t>(getDim());
  Expr shifted = exp(x - x.max({dim}).expandDims(x.shape(), {dim}));
  return {shifted / shifted.sum({dim}).expandDims(x.shape(), {dim})};
}

SmallVector<Value> LogSoftmaxOp::decompose(OpBuilder &builder) {
  Expr x(builder, getLoc(), getX());
  int64_t dim = static_cast<int64_t>(getDim());
  Expr shifted = x - x.max({dim}).expandDims(x.shape(), {dim});
  return {shifted - log(exp(shifted).sum({dim})).expandDims(x.shape(), {dim})};
}

LogicalResult SoftmaxOp::buildVjp(Vjp &vjp) {
  Expr y(vjp.builder, vjp.loc(), getY()), g = y.with(vjp.grads[0]);
  int64_t dim = static_cast<int64_t>(getDim());
  vjp.set(0, y * (g - (g * y).sum({dim}).expandDims(y.shape(), {dim})));
  return success();
}

LogicalResult LogSoftmaxOp::buildVjp(Vjp &vjp) {
  Expr y(vjp.builder, vjp.loc(), getY()), g = y.with(vjp.grads[0]);
  int64_t dim = static_cast<int64_t>(getDim());
  vjp.set(0, g - exp(y) * g.sum({dim}).expandDims(y.shape(), {dim}));
  return success();
}

ShardingRule SoftmaxOp::getShardingRule() {
  return rowwiseShardingRule(*this, {static_cast<int64_t>(getDim())});
}
ShardingRule LogSoftmaxOp::getShardingRule() {
  return rowwiseShardingRule(*this, {static_cast<int64_t>(getDim())});
}
int64_t SoftmaxOp::getFlops() { return 4 * typeOf(getX()).getNumElements(); }
int64_t LogSoftmaxOp::getFlops() { return 4 * typeOf(getX()).getNumElements(); }

//===----------------------------------------------------------------------===//
// Layer norm
//===----------------------------------------------------------------------===//

void LayerNormOp::build(OpBuilder &builder, OperationState &state, Value x, Value scale, Value bias,
                        int64_t axis, double epsilon) {
  auto rows = typeOf(x).clone(typeOf(x).getShape().take_front(static_cast<size_t>(axis)));
  build(builder, state, x.getType(), rows, rows, x, scale, bias, builder.getI64IntegerAttr(axis),
        builder.getF64FloatAttr(epsilon));
}

static LogicalResult verifyLayerNorm(Operation *op, Value x, Value scale, Value mean, Value rstd,
                                     int64_t axis) {
  ArrayRef<int64_t> shape = typeOf(x).getShape();
  if (axis < 0 || axis >= typeOf(x).getRank()) {
    return op->emitOpError() << "C1: axis " << axis << " is outside rank " << typeOf(x).getRank();
  }
  if (typeOf(scale).getShape() != shape.drop_front(static_cast<size_t>(axis))) {
    return op->emitOpError("C2: expected scale and bias shaped as x from the axis on");
  }
  for (Value rows : {mean, rstd}) {
    if (typeOf(rows).getShape() != shape.take_front(static_cast<size_t>(axis))) {
      return op->emitOpError("C3: expected mean and rstd shaped as x before the axis");
    }
  }
  return success();
}

LogicalResult LayerNormOp::verify() {
  if (getY().getType() != getX().getType() || getScale().getType() != getBias().getType()) {
    return emitOpError("C2: x and y, scale and bias must have one type each");
  }
  return verifyLayerNorm(*this, getX(), getScale(), getMean(), getRstd(),
                         static_cast<int64_t>(getAxis()));
}

LogicalResult LayerNormGradOp::verify() {
  if (getDy().getType() != getX().getType() || getDx().getType() != getX().getType() ||
      getDscale().getType() != getScale().getType() ||
      getDbias().getType() != getScale().getType()) {
    return emitOpError("C2: a gradient's type differs from its tensor's");
  }
  return verifyLayerNorm(*this, getX(), getScale(), getMean(), getRstd(),
                         static_cast<int64_t>(getAxis()));
}

static SmallVector<int64_t> dimsFrom(int64_t first, int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(first, rank));
}

SmallVector<Value> LayerNormOp::decompose(OpBuilder &builder) {
  Expr x(builder, getLoc(), getX());
  SmallVector<int64_t> dims = dimsFrom(static_cast<int64_t>(getAxis()), x.rank());
  SmallVector<int64_t> rows = dimsFrom(0, static_cast<int64_t>(getAxis()));
  Expr mu = mean(x, dims);
  Expr centered = x - mu.broadcast(x.shape(), rows);
  Expr rstd = rsqrt(mean(centered * centered, dims) + getEpsilon().convertToDouble());
  Expr normalized = centered * rstd.broadcast(x.shape(), rows);
  Expr y = normalized * x.with(getScale()).broadcast(x.shape(), dims) +
           x.with(getBias()).broadcast(x.shape(), dims);
  return {y, mu, rstd};
}

LogicalResult LayerNormOp::buildVjp(Vjp &vjp) {
  if (vjp.grads[1] || vjp.grads[2]) {
    return failure(); // mean and rstd were used otherwise: differentiate the parts
  }
  auto grad = LayerNormGradOp::create(
      vjp.builder, vjp.loc(),
      TypeRange{getX().getType(), getScale().getType(), getBias().getType()}, vjp.grads[0], getX(),
      getScale(), getMean(), getRstd(), getAxisAttr());
  for (unsigned operand = 0; operand < 3; ++operand) {
    vjp.set(operand, grad.getResult(operand));
  }
  return success();
}

SmallVector<Value> LayerNormGradOp::decompose(OpBuilder &builder) {
  Expr dy(builder, getLoc(), getDy()), x = dy.with(getX());
  SmallVector<int64_t> dims = dimsFrom(static_cast<int64_t>(getAxis()), x.rank());
  SmallVector<int64_t> rows = dimsFrom(0, static_cast<int64_t>(getAxis()));
  Expr rstd = dy.with(getRstd()).broadcast(x.shape(), rows);
  Expr normalized = (x - dy.with(getMean()).broadcast(x.shape(), rows)) * rstd;
  Expr scaled = dy * dy.with(getScale()).broadcast(x.shape(), dims);
  Expr average = mean(scaled, dims).broadcast(x.shape(), rows);
  Expr projection = mean(scaled * normalized, dims).broadcast(x.shape(), rows);
  Expr dx = (scaled - average - normalized * projection) * rstd;
  return {dx, (dy * normalized).sum(rows), dy.sum(rows)};
}

/// Rows are free, the normalized dimensions whole; scale and bias follow the
/// latter, statistics the former.
static ShardingRule layerNormRule(Operation *op, int64_t axis, bool isGrad) {
  ShardingRule rule = emptyShardingRule(op);
  auto shape = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  size_t split = static_cast<size_t>(axis);
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    rule.addFactor(shape[dim], dim < split ? Kind::Parallel : Kind::Whole);
  }
  auto assign = [&](ShardingRule::TensorFactors &tensor, size_t first) {
    for (size_t dim = 0; dim < tensor.size(); ++dim) {
      tensor[dim] = {static_cast<int>(first + dim)};
    }
  };
  size_t scaleOperand = isGrad ? 2 : 1;
  for (size_t i = 0; i < rule.operands.size(); ++i) {
    bool isScale = i == scaleOperand || (!isGrad && i == 2);
    assign(rule.operands[i], isScale ? split : 0);
  }
  for (size_t i = 0; i < rule.results.size(); ++i) {
    assign(rule.results[i], isGrad && i > 0 ? split : 0);
  }
  return rule;
}
ShardingRule LayerNormOp::getShardingRule() {
  return layerNormRule(*this, static_cast<int64_t>(getAxis()), false);
}
// dscale and dbias sum over rows and lack their factors: a split of the rows
// leaves them partial sums.
ShardingRule LayerNormGradOp::getShardingRule() {
  return layerNormRule(*this, static_cast<int64_t>(getAxis()), true);
}
int64_t LayerNormOp::getFlops() { return 8 * typeOf(getX()).getNumElements(); }
int64_t LayerNormGradOp::getFlops() { return 14 * typeOf(getX()).getNumElements(); }

//===----------------------------------------------------------------------===//
// Batch norm
//===----------------------------------------------------------------------===//

static LogicalResult verifyBatchNorm(Operation *op, Value x) {
  if (typeOf(x).getRank() < 2) {
    return op->emitOpError("C1: expected a rank of at least 2");
  }
  int64_t channels = typeOf(x).getDimSize(1);
  auto check = [&](Value value) -> LogicalResult {
    if (value.getType() == x.getType() || typeOf(value).getShape() == ArrayRef(channels)) {
      return success();
    }
    return op->emitOpError() << "C2: expected shape [" << channels << "], got " << value.getType();
  };
  for (Value value : op->getOperands()) {
    if (failed(check(value))) {
      return failure();
    }
  }
  for (Value value : op->getResults()) {
    if (failed(check(value))) {
      return failure();
    }
  }
  return success();
}
LogicalResult BatchNormOp::verify() { return verifyBatchNorm(*this, getX()); }
LogicalResult BatchNormGradOp::verify() { return verifyBatchNorm(*this, getX()); }

SmallVector<Value> BatchNormOp::decompose(OpBuilder &builder) {
  Expr x(builder, getLoc(), getX());
  SmallVector<int64_t> dims = otherDims(x.rank(), {1});
  Expr mu = mean(x, dims);
  Expr centered = x - mu.broadcast(x.shape(), {1});
  Expr variance = mean(centered * centered, dims);
  Expr rstd = rsqrt(variance + getEpsilon().convertToDouble());
  Expr y = centered * (rstd * x.with(getScale())).broadcast(x.shape(), {1}) +
           x.with(getBias()).broadcast(x.shape(), {1});
  double count = static_cast<double>(x.type().getNumElements()) / static_cast<double>(x.dim(1));
  double momentum = getMomentum().convertToDouble();
  double unbias = count > 1 ? count / (count - 1) : 1.0;
  Expr newMean = x.with(getRunningMean()) * (1.0 - momentum) + mu * momentum;
  Expr newVar = x.with(getRunningVar()) * (1.0 - momentum) + variance * (momentum * unbias);
  return {y, newMean, newVar, mu, rstd};
}

SmallVector<Value> BatchNormOp::buildEvaluation(OpBuilder &builder) {
  Expr x(builder, getLoc(), getX());
  Expr rstd = rsqrt(x.with(getRunningVar()) + getEpsilon().convertToDouble());
  Expr scale = rstd * x.with(getScale());
  Expr y =
      (x - x.with(getRunningMean()).broadcast(x.shape(), {1})) * scale.broadcast(x.shape(), {1}) +
      x.with(getBias()).broadcast(x.shape(), {1});
  return {y, getRunningMean(), getRunningVar(), nullptr, nullptr};
}

LogicalResult BatchNormOp::buildVjp(Vjp &vjp) {
  for (unsigned result = 1; result < 5; ++result) {
    if (vjp.grads[result]) {
      return failure(); // statistics were used otherwise: differentiate the parts
    }
  }
  auto grad = BatchNormGradOp::create(
      vjp.builder, vjp.loc(),
      TypeRange{getX().getType(), getScale().getType(), getBias().getType()}, vjp.grads[0], getX(),
      getScale(), getMean(), getRstd(), getLocal());
  for (unsigned operand = 0; operand < 3; ++operand) {
    vjp.set(operand, grad.getResult(operand));
  }
  return success();
}

SmallVector<Value> BatchNormGradOp::decompose(OpBuilder &builder) {
  Expr dy(builder, getLoc(), getDy()), x = dy.with(getX()), rstd = dy.with(getRstd());
  SmallVector<int64_t> dims = otherDims(x.rank(), {1});
  Expr centered = x - dy.with(getMean()).broadcast(x.shape(), {1});
  Expr normalized = centered * rstd.broadcast(x.shape(), {1});
  Expr dbias = dy.sum(dims), dscale = (dy * normalized).sum(dims);
  double inverse = static_cast<double>(x.dim(1)) / static_cast<double>(x.type().getNumElements());
  Expr scaled = dy - (dbias * inverse).broadcast(x.shape(), {1}) -
                normalized * (dscale * inverse).broadcast(x.shape(), {1});
  Expr dx = scaled * (rstd * dy.with(getScale())).broadcast(x.shape(), {1});
  return {dx, dscale, dbias};
}

/// Channels are free; the statistics need batch and space whole (a partitioner
/// that splits the batch decomposes the op and reduces the sums, or for `local`
/// statistics leaves each rank its own op).
static ShardingRule batchNormRule(Operation *op) {
  ShardingRule rule = emptyShardingRule(op);
  auto shape = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    rule.addFactor(shape[dim], dim == 1 ? Kind::Parallel : Kind::Whole);
  }
  auto assign = [&](ShardingRule::TensorFactors &tensor) {
    for (size_t dim = 0; dim < tensor.size(); ++dim) {
      tensor[dim] = {tensor.size() == 1 ? 1 : static_cast<int>(dim)};
    }
  };
  llvm::for_each(rule.operands, assign);
  llvm::for_each(rule.results, assign);
  return rule;
}
ShardingRule BatchNormOp::getShardingRule() { return batchNormRule(*this); }
ShardingRule BatchNormGradOp::getShardingRule() { return batchNormRule(*this); }
int64_t BatchNormOp::getFlops() { return 8 * typeOf(getX()).getNumElements(); }
int64_t BatchNormGradOp::getFlops() { return 11 * typeOf(getX()).getNumElements(); }
