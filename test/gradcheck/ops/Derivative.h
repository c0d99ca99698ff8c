//===- Derivative.h - A small reverse mode over the derivative rules ------===//
#ifndef DSC_GRADCHECK_DERIVATIVE_H
#define DSC_GRADCHECK_DERIVATIVE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dsc::gradcheck {

/// Adds the function `name` to `function`'s module: from the arguments of
/// `function` and a gradient of each result in `results` to the gradients of
/// the arguments in `inputs`. Ops without a rule for the case are decomposed.
/// Fails, with a diagnostic, where an op has neither.
llvm::FailureOr<mlir::func::FuncOp> buildDerivative(mlir::func::FuncOp function,
                                                    llvm::StringRef name,
                                                    llvm::ArrayRef<unsigned> results,
                                                    llvm::ArrayRef<unsigned> inputs);

/// Adds a copy of `function` called `name` in which every whole op is replaced
/// by its decomposition, down to the core.
mlir::func::FuncOp buildDecomposed(mlir::func::FuncOp function, llvm::StringRef name);

} // namespace dsc::gradcheck

#endif // DSC_GRADCHECK_DERIVATIVE_H
