//===- Evaluator.h - Slow, obviously right evaluation of kernels ----------===//
//
// Evaluates the tensor body of a kernel element by element, floats in double,
// with nothing shared with the code generator. Only the tests use it.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_UNIT_KERNELS_EVALUATOR_H
#define DSC_TEST_UNIT_KERNELS_EVALUATOR_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <vector>

namespace dsc::test {

/// A number: floats in `f`, integers (sign extended) and indices in `i`.
struct Number {
  double f = 0;
  int64_t i = 0;
};

struct Tensor {
  mlir::RankedTensorType type;
  std::vector<Number> elements;
};

/// Runs `func` on `operands`. Fails with an error on an op it does not know.
mlir::FailureOr<std::vector<Tensor>> evaluate(mlir::func::FuncOp func,
                                              const std::vector<Tensor> &operands);

/// What storing `number` as an element of `type` and loading it again gives.
Number roundTo(mlir::Type type, Number number);

} // namespace dsc::test

#endif // DSC_TEST_UNIT_KERNELS_EVALUATOR_H
