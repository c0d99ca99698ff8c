//===- Expr.cpp - Derivative rules and decompositions read as formulas ----===//

#include "dialects/Train/Expr.h"

#include "dialects/Train/TrainDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc::train;

Expr Expr::constant(double c) const { return constant(c, shape()); }

Expr Expr::constant(double c, ArrayRef<int64_t> shape) const {
  auto type = RankedTensorType::get(shape, this->type().getElementType());
  return with(ConstantOp::create(*builder, loc, type, c));
}

Expr Expr::broadcast(ArrayRef<int64_t> shape, ArrayRef<int64_t> dims) const {
  auto type = RankedTensorType::get(shape, this->type().getElementType());
  return with(
      builder->createOrFold<BroadcastOp>(loc, type, value, builder->getDenseI64ArrayAttr(dims)));
}

Expr Expr::expandDims(ArrayRef<int64_t> shape, ArrayRef<int64_t> dims) const {
  return broadcast(shape, otherDims(static_cast<int64_t>(shape.size()), dims));
}

Expr Expr::reshape(ArrayRef<int64_t> shape) const {
  auto type = RankedTensorType::get(shape, this->type().getElementType());
  return with(builder->createOrFold<ReshapeOp>(loc, type, value));
}

Expr Expr::transpose(ArrayRef<int64_t> permutation) const {
  return with(builder->createOrFold<TransposeOp>(loc, value, permutation));
}

Expr Expr::sum(ArrayRef<int64_t> dims) const {
  if (dims.empty()) {
    return *this;
  }
  return with(ReduceSumOp::create(*builder, loc, value, dims));
}

Expr Expr::max(ArrayRef<int64_t> dims) const {
  return with(ReduceMaxOp::create(*builder, loc, value, dims));
}

Expr Expr::convert(Type elementType) const {
  if (type().getElementType() == elementType) {
    return *this;
  }
  return with(ConvertOp::create(*builder, loc, type().clone(elementType), value));
}

template <typename OpTy> static Expr unary(Expr a) {
  return a.with(OpTy::create(*a.builder, a.loc, a.value.getType(), a.value));
}

template <typename OpTy> static Expr binary(Expr a, Expr b) {
  return a.with(a.builder->createOrFold<OpTy>(a.loc, a.value.getType(), a.value, b.value));
}

static Expr compare(Comparison relation, Expr a, Expr b) {
  return a.with(CompareOp::create(*a.builder, a.loc, relation, a.value, b.value));
}

namespace dsc::train {
Expr operator-(Expr a) { return unary<NegOp>(a); }
Expr operator+(Expr a, Expr b) { return binary<AddOp>(a, b); }
Expr operator-(Expr a, Expr b) { return binary<SubOp>(a, b); }
Expr operator*(Expr a, Expr b) { return binary<MulOp>(a, b); }
Expr operator/(Expr a, Expr b) { return binary<DivOp>(a, b); }
Expr operator+(Expr a, double b) { return a + a.constant(b); }
Expr operator-(Expr a, double b) { return a - a.constant(b); }
Expr operator*(Expr a, double b) { return a * a.constant(b); }
Expr operator/(Expr a, double b) { return a / a.constant(b); }
Expr operator+(double a, Expr b) { return b.constant(a) + b; }
Expr operator-(double a, Expr b) { return b.constant(a) - b; }
Expr operator*(double a, Expr b) { return b.constant(a) * b; }
Expr operator/(double a, Expr b) { return b.constant(a) / b; }
Expr operator==(Expr a, Expr b) { return compare(Comparison::EQ, a, b); }
Expr operator!=(Expr a, Expr b) { return compare(Comparison::NE, a, b); }
Expr operator<(Expr a, Expr b) { return compare(Comparison::LT, a, b); }
Expr operator>(Expr a, Expr b) { return compare(Comparison::GT, a, b); }
Expr operator>=(Expr a, Expr b) { return compare(Comparison::GE, a, b); }
Expr operator==(Expr a, double b) { return a == a.constant(b); }
Expr operator!=(Expr a, double b) { return a != a.constant(b); }
Expr operator<(Expr a, double b) { return a < a.constant(b); }
Expr operator>(Expr a, double b) { return a > a.constant(b); }
Expr operator>=(Expr a, double b) { return a >= a.constant(b); }
Expr operator&(Expr a, Expr b) { return binary<AndOp>(a, b); }

Expr select(Expr predicate, Expr onTrue, Expr onFalse) {
  return onTrue.with(SelectOp::create(*onTrue.builder, onTrue.loc, onTrue.value.getType(),
                                      predicate.value, onTrue.value, onFalse.value));
}
Expr select(Expr predicate, Expr onTrue, double onFalse) {
  return select(predicate, onTrue, onTrue.constant(onFalse));
}
Expr exp(Expr a) { return unary<ExpOp>(a); }
Expr log(Expr a) { return unary<LogOp>(a); }
Expr sqrt(Expr a) { return unary<SqrtOp>(a); }
Expr rsqrt(Expr a) { return unary<RsqrtOp>(a); }
Expr tanh(Expr a) { return unary<TanhOp>(a); }
Expr erf(Expr a) { return unary<ErfOp>(a); }
Expr sin(Expr a) { return unary<SinOp>(a); }
Expr cos(Expr a) { return unary<CosOp>(a); }
Expr sign(Expr a) { return unary<SignOp>(a); }
Expr abs(Expr a) { return unary<AbsOp>(a); }
Expr pow(Expr a, Expr b) { return binary<PowOp>(a, b); }
Expr min(Expr a, Expr b) { return binary<MinOp>(a, b); }

SmallVector<int64_t> otherDims(int64_t rank, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> others;
  for (int64_t dim = 0; dim < rank; ++dim) {
    if (!llvm::is_contained(dims, dim)) {
      others.push_back(dim);
    }
  }
  return others;
}
} // namespace dsc::train
