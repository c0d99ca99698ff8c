//===- Tensor.h - Tensors that the compiler computes with -----------------===//
//
// The simplest thing that can hold every element type: floats of any width as
// doubles, integers of any width as 64-bit integers, in row-major order.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_EVALUATION_TENSOR_H
#define DSC_EVALUATION_TENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <vector>

namespace dsc {

struct Tensor {
  mlir::RankedTensorType type;
  std::vector<double> floats; // the elements if the element type is a float
  std::vector<int64_t> ints;  // else; booleans are 0 and 1

  Tensor() = default;
  /// Zeros.
  explicit Tensor(mlir::RankedTensorType type);
  Tensor(mlir::RankedTensorType type, std::vector<double> floats)
      : type(type), floats(std::move(floats)) {}
  Tensor(mlir::RankedTensorType type, std::vector<int64_t> ints)
      : type(type), ints(std::move(ints)) {}
  /// A rank-0 tensor.
  static Tensor scalar(mlir::Type elementType, double value);
  /// The elements of a dense attribute.
  static mlir::FailureOr<Tensor> fromAttribute(mlir::ElementsAttr attribute);

  /// Asks the type only where there are no elements: loops over elements ask for each.
  bool isFloat() const {
    return ints.empty() && (!floats.empty() || mlir::isa<mlir::FloatType>(type.getElementType()));
  }
  llvm::ArrayRef<int64_t> shape() const { return type.getShape(); }
  int64_t rank() const { return type.getRank(); }
  int64_t dim(int64_t i) const { return type.getDimSize(static_cast<unsigned>(i)); }
  size_t size() const { return isFloat() ? floats.size() : ints.size(); }
  /// Element `i` as a double, whatever the element type.
  double number(size_t i) const { return isFloat() ? floats[i] : static_cast<double>(ints[i]); }
  void setNumber(size_t i, double value);
  /// Element `i` becomes element `j` of `from`, of the same element type.
  void copyElement(size_t i, const Tensor &from, size_t j);
  /// Every element becomes that of `from` at `start` and as many `strides` behind it as its
  /// index says.
  void copyStrided(const Tensor &from, size_t start, llvm::ArrayRef<int64_t> strides);

  /// Brings every element into its type's set of values: floats round to
  /// nearest even, integers wrap.
  void roundToType();
  /// As roundToType, but floats stay f64.
  void wrapIntegers();
};

/// `value` rounded to nearest even in `type`.
double roundToFloatType(mlir::FloatType type, double value);

/// Row-major strides.
llvm::SmallVector<int64_t> stridesOf(llvm::ArrayRef<int64_t> shape);

/// Calls `visit(index)` for every index of `shape` in row-major order.
void forEachIndex(llvm::ArrayRef<int64_t> shape,
                  llvm::function_ref<void(llvm::ArrayRef<int64_t>)> visit);

/// The position of `index` under `strides`.
size_t positionOf(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> strides);

/// The product of the sizes in `shape`.
int64_t countElements(llvm::ArrayRef<int64_t> shape);

} // namespace dsc

#endif // DSC_EVALUATION_TENSOR_H
