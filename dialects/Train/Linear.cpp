//===- Linear.cpp - Matrix products and convolutions ----------------------===//

#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"
#include "dialects/Train/Window.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc::train;

using Kind = ShardingRule::Kind;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static int64_t sizeOf(Value value, int64_t dim) {
  return typeOf(value).getDimSize(static_cast<unsigned>(dim));
}

//===----------------------------------------------------------------------===//
// Dot
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> concat(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> both(a);
  both.append(b.begin(), b.end());
  return both;
}

/// The shape C3 asks for.
static SmallVector<int64_t> dotShape(Value a, Value b, ArrayRef<int64_t> aBatch,
                                     ArrayRef<int64_t> bBatch, ArrayRef<int64_t> aContract,
                                     ArrayRef<int64_t> bContract) {
  SmallVector<int64_t> shape;
  for (int64_t dim : aBatch) {
    shape.push_back(sizeOf(a, dim));
  }
  for (int64_t dim : otherDims(typeOf(a).getRank(), concat(aBatch, aContract))) {
    shape.push_back(sizeOf(a, dim));
  }
  for (int64_t dim : otherDims(typeOf(b).getRank(), concat(bBatch, bContract))) {
    shape.push_back(sizeOf(b, dim));
  }
  return shape;
}

void DotOp::build(OpBuilder &builder, OperationState &state, Value a, Value b,
                  ArrayRef<int64_t> aBatch, ArrayRef<int64_t> bBatch, ArrayRef<int64_t> aContract,
                  ArrayRef<int64_t> bContract) {
  auto type = typeOf(a).clone(dotShape(a, b, aBatch, bBatch, aContract, bContract));
  build(builder, state, type, a, b, aBatch, bBatch, aContract, bContract);
}

SmallVector<int64_t> DotOp::getAFree() {
  return otherDims(typeOf(getA()).getRank(), concat(getABatch(), getAContract()));
}

SmallVector<int64_t> DotOp::getBFree() {
  return otherDims(typeOf(getB()).getRank(), concat(getBBatch(), getBContract()));
}

/// C1 and C2 of one list pair.
static LogicalResult verifyPairs(DotOp op, StringRef what, ArrayRef<int64_t> aDims,
                                 ArrayRef<int64_t> bDims) {
  if (aDims.size() != bDims.size()) {
    return op.emitOpError() << "C1: expected as many " << what << " dimensions of b as of a ("
                            << aDims.size() << "), got " << bDims.size();
  }
  for (auto [aDim, bDim] : llvm::zip_equal(aDims, bDims)) {
    if (aDim < 0 || aDim >= typeOf(op.getA()).getRank() || bDim < 0 ||
        bDim >= typeOf(op.getB()).getRank()) {
      return op.emitOpError() << "C1: a " << what << " dimension is outside the operand's rank";
    }
    if (sizeOf(op.getA(), aDim) != sizeOf(op.getB(), bDim)) {
      return op.emitOpError() << "C2: " << what << " dimension " << aDim << " of a has size "
                              << sizeOf(op.getA(), aDim) << ", dimension " << bDim << " of b "
                              << sizeOf(op.getB(), bDim);
    }
  }
  return success();
}

LogicalResult DotOp::verify() {
  if (failed(verifyPairs(*this, "batch", getABatch(), getBBatch())) ||
      failed(verifyPairs(*this, "contract", getAContract(), getBContract()))) {
    return failure();
  }
  for (auto dims : {concat(getABatch(), getAContract()), concat(getBBatch(), getBContract())}) {
    llvm::sort(dims);
    if (std::adjacent_find(dims.begin(), dims.end()) != dims.end()) {
      return emitOpError("C1: a dimension stands in two lists");
    }
  }
  auto expected =
      dotShape(getA(), getB(), getABatch(), getBBatch(), getAContract(), getBContract());
  if (typeOf(getY()).getShape() != ArrayRef<int64_t>(expected)) {
    auto diag = emitOpError("C3: expected a result of shape [");
    llvm::interleaveComma(expected, diag);
    return diag << "]";
  }
  if (getElementTypeOrSelf(getA()) != getElementTypeOrSelf(getB()) ||
      getElementTypeOrSelf(getA()) != getElementTypeOrSelf(getY())) {
    return emitOpError("C3: expected one element type");
  }
  return success();
}

static SmallVector<int64_t> range(int64_t first, int64_t count) {
  return llvm::to_vector(llvm::seq<int64_t>(first, first + count));
}

/// Gradient of one operand ("self"): contract g with the other operand over the
/// other's free dimensions, then bring batch, self's free and contracted
/// dimensions to where self has them.
static Expr dotOperandGrad(Expr g, Value other, ArrayRef<int64_t> selfBatch,
                           ArrayRef<int64_t> selfFree, ArrayRef<int64_t> selfContract,
                           ArrayRef<int64_t> otherBatch, ArrayRef<int64_t> otherFree,
                           ArrayRef<int64_t> otherContract, int64_t otherFreeInG) {
  int64_t nBatch = static_cast<int64_t>(selfBatch.size());
  int64_t nOther = static_cast<int64_t>(otherFree.size());
  // [batch, self free, other's contracted dims ascending].
  Expr product = g.with(DotOp::create(*g.builder, g.loc, g.value, other, range(0, nBatch),
                                      otherBatch, range(otherFreeInG, nOther), otherFree));
  SmallVector<int64_t> ascending(otherContract);
  llvm::sort(ascending);
  SmallVector<int64_t> permutation(static_cast<size_t>(product.rank()));
  int64_t next = 0;
  for (int64_t dim : selfBatch) {
    permutation[static_cast<size_t>(dim)] = next++;
  }
  for (int64_t dim : selfFree) {
    permutation[static_cast<size_t>(dim)] = next++;
  }
  for (int64_t dim : ascending) {
    size_t pair = static_cast<size_t>(llvm::find(otherContract, dim) - otherContract.begin());
    permutation[static_cast<size_t>(selfContract[pair])] = next++;
  }
  return product.transpose(permutation);
}

LogicalResult DotOp::buildVjp(Vjp &vjp) {
  Expr g(vjp.builder, vjp.loc(), vjp.grads[0]);
  SmallVector<int64_t> aFree = getAFree(), bFree = getBFree();
  int64_t nBatch = static_cast<int64_t>(getABatch().size());
  int64_t nA = static_cast<int64_t>(aFree.size());
  if (vjp.needs(0)) {
    vjp.set(0, dotOperandGrad(g, getB(), getABatch(), aFree, getAContract(), getBBatch(), bFree,
                              getBContract(), nBatch + nA));
  }
  if (vjp.needs(1)) {
    vjp.set(1, dotOperandGrad(g, getA(), getBBatch(), bFree, getBContract(), getABatch(), aFree,
                              getAContract(), nBatch));
  }
  return success();
}

ShardingRule DotOp::getShardingRule() {
  ShardingRule rule = emptyShardingRule(*this);
  size_t next = 0;
  auto at = [](ShardingRule::TensorFactors &tensor, int64_t dim) -> ShardingRule::DimFactors & {
    return tensor[static_cast<size_t>(dim)];
  };
  for (auto [aDim, bDim] : llvm::zip_equal(getABatch(), getBBatch())) {
    int factor = rule.addFactor(sizeOf(getA(), aDim));
    at(rule.operands[0], aDim) = at(rule.operands[1], bDim) = {factor};
    rule.results[0][next++] = {factor};
  }
  for (int64_t dim : getAFree()) {
    at(rule.operands[0], dim) = {rule.addFactor(sizeOf(getA(), dim))};
    rule.results[0][next++] = at(rule.operands[0], dim);
  }
  for (int64_t dim : getBFree()) {
    at(rule.operands[1], dim) = {rule.addFactor(sizeOf(getB(), dim))};
    rule.results[0][next++] = at(rule.operands[1], dim);
  }
  for (auto [aDim, bDim] : llvm::zip_equal(getAContract(), getBContract())) {
    int factor = rule.addFactor(sizeOf(getA(), aDim), Kind::Reduction);
    at(rule.operands[0], aDim) = at(rule.operands[1], bDim) = {factor};
  }
  return rule;
}

bool DotOp::isLinearIn(ArrayRef<unsigned> operands) { return operands.size() == 1; }

int64_t DotOp::getFlops() {
  int64_t contracted = 1;
  for (int64_t dim : getAContract()) {
    contracted *= sizeOf(getA(), dim);
  }
  return 2 * typeOf(getY()).getNumElements() * contracted;
}

//===----------------------------------------------------------------------===//
// Convolutions. All three relate x [N,C,S...], w [O,C/g,K...] and y [N,O,T...].
//===----------------------------------------------------------------------===//

template <typename OpTy> static LogicalResult verifyConv(OpTy op, Value x, Value w, Value y) {
  int64_t groups = static_cast<int64_t>(op.getGroups());
  if (typeOf(x).getRank() < 3 || typeOf(x).getRank() != typeOf(w).getRank() ||
      typeOf(x).getRank() != typeOf(y).getRank()) {
    return op.emitOpError("C1: expected three tensors of one rank, at least 3");
  }
  Window window = Window::of(op, typeOf(w).getShape().drop_front(2));
  if (failed(window.verify(op, typeOf(x).getRank() - 2))) {
    return failure();
  }
  if (groups <= 0 || sizeOf(x, 1) % groups != 0 || sizeOf(w, 0) % groups != 0 ||
      sizeOf(w, 1) != sizeOf(x, 1) / groups) {
    return op.emitOpError() << "C2: " << groups << " groups do not divide " << sizeOf(x, 1)
                            << " input and " << sizeOf(w, 0)
                            << " output channels, or the weights' second dimension is not "
                               "input channels / groups";
  }
  if (sizeOf(y, 0) != sizeOf(x, 0) || sizeOf(y, 1) != sizeOf(w, 0)) {
    return op.emitOpError("C3: batch or output channels of the tensors differ");
  }
  for (Value value : {w, y}) {
    if (getElementTypeOrSelf(value) != getElementTypeOrSelf(x)) {
      return op.emitOpError() << "C4: expected element type " << getElementTypeOrSelf(x) << ", got "
                              << getElementTypeOrSelf(value);
    }
  }
  return window.verifySizes(op, "C3", typeOf(x).getShape().drop_front(2),
                            typeOf(y).getShape().drop_front(2));
}

LogicalResult ConvOp::verify() { return verifyConv(*this, getX(), getW(), getY()); }
LogicalResult ConvInputGradOp::verify() { return verifyConv(*this, getDx(), getW(), getDy()); }
LogicalResult ConvWeightGradOp::verify() { return verifyConv(*this, getX(), getDw(), getDy()); }

/// 2 * (output elements) * (elements of one filter).
static int64_t convFlops(Value w, Value y) {
  return 2 * typeOf(y).getNumElements() * (typeOf(w).getNumElements() / sizeOf(w, 0));
}
int64_t ConvOp::getFlops() { return convFlops(getW(), getY()); }
int64_t ConvInputGradOp::getFlops() { return convFlops(getW(), getDy()); }
int64_t ConvWeightGradOp::getFlops() { return convFlops(getDw(), getDy()); }

template <typename OpTy>
static Value convLike(OpBuilder &b, Operation *like, Type type, Value first, Value second) {
  return OpTy::create(b, like->getLoc(), type, ValueRange{first, second}, ownAttributes(like));
}

LogicalResult ConvOp::buildVjp(Vjp &vjp) {
  Value g = vjp.grads[0];
  if (vjp.needs(0)) {
    vjp.set(0, convLike<ConvInputGradOp>(vjp.builder, *this, getX().getType(), g, getW()));
  }
  if (vjp.needs(1)) {
    vjp.set(1, convLike<ConvWeightGradOp>(vjp.builder, *this, getW().getType(), getX(), g));
  }
  return success();
}

LogicalResult ConvInputGradOp::buildVjp(Vjp &vjp) {
  Value g = vjp.grads[0];
  if (vjp.needs(0)) {
    vjp.set(0, convLike<ConvOp>(vjp.builder, *this, getDy().getType(), g, getW()));
  }
  if (vjp.needs(1)) {
    vjp.set(1, convLike<ConvWeightGradOp>(vjp.builder, *this, getW().getType(), g, getDy()));
  }
  return success();
}

LogicalResult ConvWeightGradOp::buildVjp(Vjp &vjp) {
  Value g = vjp.grads[0];
  if (vjp.needs(0)) {
    vjp.set(0, convLike<ConvInputGradOp>(vjp.builder, *this, getX().getType(), getDy(), g));
  }
  if (vjp.needs(1)) {
    vjp.set(1, convLike<ConvOp>(vjp.builder, *this, getDy().getType(), getX(), g));
  }
  return success();
}

/// Factors n (batch), c (input channels), o (output channels); a reduction
/// where the result lacks them. With groups only the batch may be split;
/// spatial dimensions stay whole.
static ShardingRule convRule(Operation *op, Value x, Value w, Value y, int64_t groups) {
  ShardingRule rule = emptyShardingRule(op);
  Value result = op->getResult(0);
  Kind channels = groups == 1 ? Kind::Parallel : Kind::Whole;
  auto kindOf = [&](Value absent, Kind kind) {
    return result == absent && kind == Kind::Parallel ? Kind::Reduction : kind;
  };
  int n = rule.addFactor(sizeOf(x, 0), kindOf(w, Kind::Parallel));
  int c = rule.addFactor(sizeOf(x, 1), kindOf(y, channels));
  int o = rule.addFactor(sizeOf(w, 0), kindOf(x, channels));
  auto assign = [&](ShardingRule::TensorFactors &tensor, Value value) {
    tensor[0] = {value == w ? o : n};
    bool isPartOfC = value == w && groups != 1; // its second dimension is C / groups
    tensor[1] = {isPartOfC ? rule.addFactor(sizeOf(w, 1), Kind::Whole) : value == y ? o : c};
    for (size_t dim = 2; dim < tensor.size(); ++dim) {
      tensor[dim] = {rule.addFactor(sizeOf(value, static_cast<int64_t>(dim)), Kind::Whole)};
    }
  };
  for (auto [tensor, value] : llvm::zip_equal(rule.operands, op->getOperands())) {
    assign(tensor, value);
  }
  assign(rule.results[0], result);
  return rule;
}

ShardingRule ConvOp::getShardingRule() {
  return convRule(*this, getX(), getW(), getY(), static_cast<int64_t>(getGroups()));
}
ShardingRule ConvInputGradOp::getShardingRule() {
  return convRule(*this, getDx(), getW(), getDy(), static_cast<int64_t>(getGroups()));
}
ShardingRule ConvWeightGradOp::getShardingRule() {
  return convRule(*this, getX(), getDw(), getDy(), static_cast<int64_t>(getGroups()));
}
