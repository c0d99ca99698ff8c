//===- Inputs.h - Values that derivatives are checked at ------------------===//
//
// Floats are a shuffled grid, so that all elements of a tensor differ (no ties
// in maxima) and none lies at a grid's middle, 0 by default (no kinks).
// Attributes of an argument choose others:
//
//   {check.low = 0.5, check.high = 2.0}    floats in (low, high), default (-1, 1)
//   {check.bound = 10}                     integers in [0, bound), default 2
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_GRADCHECK_INPUTS_H
#define DSC_TEST_GRADCHECK_INPUTS_H

#include "dsc/Evaluation/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace dsc::gradcheck {

/// Values for argument `index`; equal seeds give equal values.
Tensor makeInput(mlir::FunctionOpInterface function, unsigned index, uint64_t seed);

/// A tensor's shuffled grid in (low, high).
Tensor makeGrid(mlir::RankedTensorType type, double low, double high, uint64_t seed);

} // namespace dsc::gradcheck

#endif // DSC_TEST_GRADCHECK_INPUTS_H
