//===- FloatBuilder.h - Formulas on scalars or vectors --------------------===//
//
// Lets the approximations of MathApproximation.cpp read as formulas. A value is
// a scalar or a vector; constants take the shape of the builder. Products and
// sums may be contracted into fused multiply-adds, nothing else is relaxed.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_TARGET_CPU_FLOATBUILDER_H
#define DSC_LIB_TARGET_CPU_FLOATBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"

namespace dsc::cpu {

class FloatBuilder {
public:
  using Value = mlir::Value;

  /// `like`: a float scalar or vector that gives type and shape.
  FloatBuilder(mlir::ImplicitLocOpBuilder &builder, mlir::Type like)
      : b(builder), type(like), element(mlir::getElementTypeOrSelf(like)) {}

  /// The same shape with elements of f64 (f32).
  FloatBuilder asF64() { return FloatBuilder(b, withElement(b.getF64Type())); }
  FloatBuilder asF32() { return FloatBuilder(b, withElement(b.getF32Type())); }
  Value extend(Value x) { return mlir::arith::ExtFOp::create(b, type, x); }
  Value truncate(Value x) { return mlir::arith::TruncFOp::create(b, type, x); }

  Value constant(double value) { return splat(b.getFloatAttr(element, value)); }
  Value add(Value x, Value y) { return contract(mlir::arith::AddFOp::create(b, x, y)); }
  Value sub(Value x, Value y) { return contract(mlir::arith::SubFOp::create(b, x, y)); }
  Value mul(Value x, Value y) { return contract(mlir::arith::MulFOp::create(b, x, y)); }
  Value div(Value x, Value y) { return mlir::arith::DivFOp::create(b, x, y); }
  Value mulAdd(Value x, Value y, Value z) { return add(mul(x, y), z); }
  Value abs(Value x) { return mlir::math::AbsFOp::create(b, x); }
  Value copySign(Value x, Value sign) { return mlir::math::CopySignOp::create(b, x, sign); }
  Value sqrt(Value x) { return mlir::math::SqrtOp::create(b, x); }

  /// coefficients[0] + coefficients[1] x + ... (Horner)
  Value polynomial(Value x, llvm::ArrayRef<double> coefficients) {
    Value result = constant(coefficients.back());
    for (double c : llvm::reverse(coefficients.drop_back()))
      result = mulAdd(result, x, constant(c));
    return result;
  }

  Value compare(mlir::arith::CmpFPredicate predicate, Value x, Value y) {
    return mlir::arith::CmpFOp::create(b, predicate, x, y);
  }
  Value less(Value x, Value y) { return compare(mlir::arith::CmpFPredicate::OLT, x, y); }
  Value equal(Value x, Value y) { return compare(mlir::arith::CmpFPredicate::OEQ, x, y); }
  Value isNaN(Value x) { return compare(mlir::arith::CmpFPredicate::UNO, x, x); }
  Value select(Value condition, Value x, Value y) {
    return mlir::arith::SelectOp::create(b, condition, x, y);
  }
  /// At most (at least) `bound`; NaN stays NaN.
  Value atMost(Value x, double bound) {
    Value limit = constant(bound);
    return select(less(limit, x), limit, x);
  }
  Value atLeast(Value x, double bound) {
    Value limit = constant(bound);
    return select(less(x, limit), limit, x);
  }

  // The bits of a value as integers of the same width.
  Value bits(Value x) { return mlir::arith::BitcastOp::create(b, integerType(), x); }
  Value fromBits(Value x) { return mlir::arith::BitcastOp::create(b, type, x); }
  Value integer(int64_t value) {
    return splat(b.getIntegerAttr(mlir::getElementTypeOrSelf(integerType()), value));
  }
  Value addI(Value x, Value y) { return mlir::arith::AddIOp::create(b, x, y); }
  Value subI(Value x, Value y) { return mlir::arith::SubIOp::create(b, x, y); }
  Value andI(Value x, Value y) { return mlir::arith::AndIOp::create(b, x, y); }
  Value shiftLeft(Value x, int64_t n) { return mlir::arith::ShLIOp::create(b, x, integer(n)); }
  Value shiftRight(Value x, int64_t n) { return mlir::arith::ShRSIOp::create(b, x, integer(n)); }
  Value toFloat(Value x) { return mlir::arith::SIToFPOp::create(b, type, x); }
  Value isNonZero(Value x) {
    return mlir::arith::CmpIOp::create(b, mlir::arith::CmpIPredicate::ne, x, integer(0));
  }
  Value isZero(Value x) {
    return mlir::arith::CmpIOp::create(b, mlir::arith::CmpIPredicate::eq, x, integer(0));
  }
  Value bothOf(Value x, Value y) { return mlir::arith::AndIOp::create(b, x, y); }

private:
  mlir::Type withElement(mlir::Type newElement) {
    auto vector = mlir::dyn_cast<mlir::VectorType>(type);
    return vector ? mlir::Type(vector.clone(newElement)) : newElement;
  }
  mlir::Type integerType() {
    return withElement(b.getIntegerType(element.getIntOrFloatBitWidth()));
  }
  Value splat(mlir::TypedAttr attr) {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type))
      attr = mlir::DenseElementsAttr::get(mlir::cast<mlir::ShapedType>(withElement(attr.getType())),
                                          mlir::Attribute(attr));
    return mlir::arith::ConstantOp::create(b, attr);
  }
  template <typename Op> Value contract(Op op) {
    op.setFastmath(mlir::arith::FastMathFlags::contract);
    return op;
  }

  mlir::ImplicitLocOpBuilder &b;
  mlir::Type type;
  mlir::Type element;
};

} // namespace dsc::cpu

#endif // DSC_LIB_TARGET_CPU_FLOATBUILDER_H
