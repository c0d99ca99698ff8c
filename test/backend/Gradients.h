//===- Gradients.h - Derivatives of what was imported ---------------------===//
//
// Where a test's results are floats that depend on floats, the derivative along a
// random direction is compared with differences of the interpreter in f64. Places
// where the function has a kink or a jump, which tests like, do not count.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_BACKEND_GRADIENTS_H
#define DSC_TEST_BACKEND_GRADIENTS_H

#include "Import.h"

namespace dsc::backend {

enum class GradientCheck { Agrees, Differs, DoesNotApply };

/// `message` says how it differs.
GradientCheck checkGradient(const Run &run, std::string &message);

} // namespace dsc::backend

#endif // DSC_TEST_BACKEND_GRADIENTS_H
