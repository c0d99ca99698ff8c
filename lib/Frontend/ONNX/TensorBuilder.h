//===- TensorBuilder.h - Train ops with ONNX's shape rules -----*- C++ -*-===//
//
// ONNX broadcasts implicitly, reduces with or without keeping dimensions and slices
// one axis at a time; train ops say shapes explicitly. These helpers stand between.
// Where shapes do not fit they build nothing and return a null value, except where
// a precondition is stated.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_TENSORBUILDER_H
#define DSC_FRONTEND_ONNX_TENSORBUILDER_H

#include "dialects/Train/TrainDialect.h"

#include <optional>

namespace dsc::onnx {

using Shape = llvm::SmallVector<int64_t>;

inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return tensorType(value).getShape(); }
inline mlir::Type elementOf(mlir::Value value) { return tensorType(value).getElementType(); }
inline int64_t rankOf(mlir::Value value) { return tensorType(value).getRank(); }
inline bool isFloat(mlir::Value value) { return llvm::isa<mlir::FloatType>(elementOf(value)); }
inline bool isBool(mlir::Value value) { return elementOf(value).isInteger(1); }

/// "2x3xf32", as messages write a value's type.
std::string describe(mlir::Value value);

/// The shape ONNX's multidirectional broadcasting gives.
std::optional<Shape> broadcastShapes(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);

/// 0 ... n-1.
Shape iotaShape(int64_t n);

/// The product of dimensions; nothing where it overflows.
std::optional<int64_t> productOf(llvm::ArrayRef<int64_t> shape);

/// Why a tensor is not worth going on with: it is more than a process can address, as sizes
/// that a model gone wrong computes are. Empty where it is not.
std::string findUnaddressable(mlir::RankedTensorType type);

class TensorBuilder {
public:
  TensorBuilder(mlir::OpBuilder &builder, mlir::Location loc) : b(builder), loc(loc) {}

  mlir::OpBuilder &b;
  mlir::Location loc;

  mlir::Value splat(mlir::RankedTensorType type, double value);
  /// A splat of x's type.
  mlir::Value like(mlir::Value x, double value) { return splat(tensorType(x), value); }
  mlir::Value ints(llvm::ArrayRef<int64_t> values);

  template <typename Op, typename... Args> mlir::Value make(Args &&...args) {
    return Op::create(b, loc, std::forward<Args>(args)...)->getResult(0);
  }

  /// A binary op on operands broadcast to each other; null where shapes differ.
  template <typename Op> mlir::Value binary(mlir::Value x, mlir::Value y) {
    auto shape = broadcastShapes(shapeOf(x), shapeOf(y));
    if (!shape || elementOf(x) != elementOf(y))
      return {};
    return make<Op>(broadcast(x, *shape), broadcast(y, *shape));
  }
  mlir::Value compare(train::Comparison relation, mlir::Value x, mlir::Value y);
  mlir::Value select(mlir::Value predicate, mlir::Value x, mlir::Value y);

  /// Arithmetic with a number.
  mlir::Value add(mlir::Value x, double y) { return make<train::AddOp>(x, like(x, y)); }
  mlir::Value mul(mlir::Value x, double y) { return make<train::MulOp>(x, like(x, y)); }

  mlir::Value clamp(mlir::Value x, double low, double high) {
    return make<train::MinOp>(make<train::MaxOp>(x, like(x, low)), like(x, high));
  }

  /// Right-aligned to `shape`, which must be one x broadcasts to.
  mlir::Value broadcast(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  /// Dimension i of x becomes dims[i]; sizes must agree.
  mlir::Value broadcastAlong(mlir::Value x, llvm::ArrayRef<int64_t> dims,
                             llvm::ArrayRef<int64_t> shape);
  /// The element count must agree.
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> permutation);
  /// Transposes the last two dimensions; rank >= 2.
  mlir::Value transposeLast(mlir::Value x);
  /// `size` elements from `start` along `dim`; must lie inside.
  mlir::Value slice(mlir::Value x, int64_t dim, int64_t start, int64_t size, int64_t stride = 1);
  mlir::Value convert(mlir::Value x, mlir::Type element);

  /// Reductions over sorted dims.
  template <typename Op>
  mlir::Value reduce(mlir::Value x, llvm::ArrayRef<int64_t> dims, bool keepDims) {
    mlir::Value y = dims.empty() ? x : make<Op>(x, dims);
    return keepDims ? reshape(y, keptShape(x, dims)) : y;
  }
  mlir::Value mean(mlir::Value x, llvm::ArrayRef<int64_t> dims, bool keepDims);

private:
  static Shape keptShape(mlir::Value x, llvm::ArrayRef<int64_t> dims);
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_TENSORBUILDER_H
