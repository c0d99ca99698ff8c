//===- Comparison.h - Compiled results against the interpreter's ----------===//
//
// Integers, booleans and whatever only moves must agree in every bit. Other
// floats may differ by a tolerance relative to the tensor's largest element:
// 1e-5 in f32, 1e-12 in f64, two units in the last place of f16 and bf16.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_CPUCHECK_COMPARISON_H
#define DSC_TEST_CPUCHECK_COMPARISON_H

#include "dsc/Evaluation/Tensor.h"

namespace dsc::cpucheck {

/// What a value must be: by the interpreter in f64, and by the same interpreter
/// rounding every step to the element type, which shows how well conditioned
/// the computation is.
struct Expected {
  Tensor f64, rounded;
  bool isExact = false;
  double scale = 0.0; // the tolerance is relative to at least this
};

double toleranceOf(mlir::Type elementType);

/// The largest finite absolute element.
double magnitudeOf(const Tensor &tensor);

/// The largest difference of `actual`, relative to the largest element; infinite
/// where NaNs or infinities stand at different places.
double errorOf(const Tensor &actual, const Tensor &expected);

/// What long computations are allowed beside the tolerance.
struct Allowance {
  double slack = 0.0; // times the error of the rounded computation
  double floor = 0.0; // the tolerance is relative to at least this
  double scale = 1.0; // of the tolerance: tiny in the test that the check can fail
};

/// Whether `actual` is right; else says on stderr which element is not.
bool agree(llvm::StringRef what, const Tensor &actual, const Expected &expected,
           Allowance allowance = {});

} // namespace dsc::cpucheck

#endif // DSC_TEST_CPUCHECK_COMPARISON_H
