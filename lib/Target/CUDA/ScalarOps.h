//===- ScalarOps.h - Scalar operations in CUDA ----------------------------===//
//
// How one operation of arith or math on scalars reads in CUDA C++, registered by
// the op's class.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_TARGET_CUDA_SCALAROPS_H
#define DSC_LIB_TARGET_CUDA_SCALAROPS_H

#include "mlir/Dialect/EmitC/IR/EmitC.h"
#include "mlir/IR/Builders.h"

namespace dsc::cuda {

/// The C++ name of an element's type.
llvm::StringRef kernelTypeOf(mlir::Type type);

/// Builds EmitC values at one place. Half types are opaque; each operation on them is rounded, as
/// the graph says, by their own operators or behind a function of floats.
struct CodeBuilder {
  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type indexType; // what `index` becomes
  bool widens = false;  // halves are computed in f32 at this place

  mlir::Type typeOf(mlir::Type type) const;
  mlir::Value literal(const llvm::Twine &text, mlir::Type type);
  mlir::Value integer(int64_t value, mlir::Type type) { return literal(llvm::Twine(value), type); }
  /// The text of a constant; null where the target has none.
  mlir::Value constant(mlir::TypedAttr attr);
  mlir::Value call(llvm::StringRef function, mlir::Type result, mlir::ValueRange operands,
                   llvm::ArrayRef<llvm::StringRef> templateArguments = {});
  mlir::Value cast(mlir::Value value, mlir::Type type);
  /// A half as f32; other values as they are.
  mlir::Value widen(mlir::Value value);
};

/// Builds `op` on `operands`; null if the op has no form in CUDA here.
mlir::Value buildScalarOp(CodeBuilder &code, mlir::Operation &op, mlir::ValueRange operands);

/// The functor of runtime/device/cuda/Reduce.h that combines as `op` does; empty
/// where there is none.
llvm::StringRef getReduction(mlir::Operation *op);

/// A noun for the op's result, for names of variables.
llvm::StringRef getResultNoun(mlir::Operation *op);

} // namespace dsc::cuda

#endif // DSC_LIB_TARGET_CUDA_SCALAROPS_H
