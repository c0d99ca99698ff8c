//===- Expr.h - Derivative rules and decompositions read as formulas ------===//
//
// An Expr is a tensor value with the builder that extends it, so that a rule
// can be written as mathematics:
//
//   tanh:  g * (1 - y * y)
//
// Operators take operands of one type; a double stands for a constant of the
// other operand's type. Everything built this way is an ordinary train op.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_DIALECTS_TRAIN_EXPR_H
#define DSC_DIALECTS_TRAIN_EXPR_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace dsc::train {

class Expr {
public:
  Expr(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value)
      : builder(&builder), loc(loc), value(value) {}

  operator mlir::Value() const { return value; }
  mlir::RankedTensorType type() const {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }
  llvm::ArrayRef<int64_t> shape() const { return type().getShape(); }
  int64_t rank() const { return type().getRank(); }
  int64_t dim(int64_t i) const { return type().getDimSize(static_cast<unsigned>(i)); }

  /// Another value under the same builder.
  Expr with(mlir::Value other) const { return Expr(*builder, loc, other); }
  /// A constant of this type.
  Expr constant(double c) const;
  /// A constant of this element type and any shape.
  Expr constant(double c, llvm::ArrayRef<int64_t> shape) const;

  /// Broadcast to `shape`; dims[i] is the result dimension of dimension i.
  Expr broadcast(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> dims) const;
  /// A scalar broadcast to `shape`.
  Expr splatTo(llvm::ArrayRef<int64_t> shape) const { return broadcast(shape, {}); }
  /// The inverse of a reduction: this tensor lacks the dimensions `dims` of
  /// `shape` and is repeated along them.
  Expr expandDims(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> dims) const;
  Expr reshape(llvm::ArrayRef<int64_t> shape) const;
  Expr transpose(llvm::ArrayRef<int64_t> permutation) const;
  Expr sum(llvm::ArrayRef<int64_t> dims) const;
  Expr max(llvm::ArrayRef<int64_t> dims) const;
  Expr convert(mlir::Type elementType) const;

  mlir::OpBuilder *builder;
  mlir::Location loc;
  mlir::Value value;
};

Expr operator-(Expr a);
Expr operator+(Expr a, Expr b);
Expr operator-(Expr a, Expr b);
Expr operator*(Expr a, Expr b);
Expr operator/(Expr a, Expr b);
Expr operator+(Expr a, double b);
Expr operator-(Expr a, double b);
Expr operator*(Expr a, double b);
Expr operator/(Expr a, double b);
Expr operator+(double a, Expr b);
Expr operator-(double a, Expr b);
Expr operator*(double a, Expr b);
Expr operator/(double a, Expr b);

// Comparisons and logic on i1 tensors.
Expr operator==(Expr a, Expr b);
Expr operator!=(Expr a, Expr b);
Expr operator<(Expr a, Expr b);
Expr operator>(Expr a, Expr b);
Expr operator>=(Expr a, Expr b);
Expr operator==(Expr a, double b);
Expr operator!=(Expr a, double b);
Expr operator<(Expr a, double b);
Expr operator>(Expr a, double b);
Expr operator>=(Expr a, double b);
Expr operator&(Expr a, Expr b);

Expr select(Expr predicate, Expr onTrue, Expr onFalse);
Expr select(Expr predicate, Expr onTrue, double onFalse);
Expr exp(Expr a);
Expr log(Expr a);
Expr sqrt(Expr a);
Expr rsqrt(Expr a);
Expr tanh(Expr a);
Expr erf(Expr a);
Expr sin(Expr a);
Expr cos(Expr a);
Expr sign(Expr a);
Expr abs(Expr a);
Expr pow(Expr a, Expr b);
Expr min(Expr a, Expr b);

/// The dimensions 0 … rank−1 that are not in `dims`.
llvm::SmallVector<int64_t> otherDims(int64_t rank, llvm::ArrayRef<int64_t> dims);

} // namespace dsc::train

#endif // DSC_DIALECTS_TRAIN_EXPR_H
