//===- Arrays.h - Between .npz arrays and the interpreter's tensors -------===//
#ifndef DSC_TOOLS_INTERPRET_ARRAYS_H
#define DSC_TOOLS_INTERPRET_ARRAYS_H

#include "dsc/Evaluation/Tensor.h"
#include "dsc/Support/Npz.h"

namespace dsc {

/// The array called `name` as a value of `type`: floats become floats of another
/// width, integers and booleans integers that hold them; anything else fails.
llvm::Expected<Tensor> toTensor(llvm::StringRef name, const NpzArray &array,
                                mlir::RankedTensorType type);

/// An array's own type: f64, or i64.
Tensor toScalar(const NpzArray &array, mlir::MLIRContext *context);

/// Floats as f32 (f64 stays, and with `f64` all are), integers at their width.
NpzArray toArray(const Tensor &tensor, bool f64);

/// `tensor<2x3xf32> [0.5, 1, ...]`.
void printTensor(llvm::raw_ostream &os, const Tensor &tensor);

} // namespace dsc

#endif // DSC_TOOLS_INTERPRET_ARRAYS_H
