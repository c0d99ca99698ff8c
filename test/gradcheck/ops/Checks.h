//===- Checks.h - What is checked of one drawn case -----------------------===//
//
// Every check evaluates in f64 by the reference interpreter and returns a
// message where something is wrong.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_GRADCHECK_CHECKS_H
#define DSC_GRADCHECK_CHECKS_H

#include "Case.h"

#include <optional>
#include <string>

namespace dsc::gradcheck {

using Failure = std::optional<std::string>;

/// What all draws of one op together have shown.
struct Coverage {
  double tolerance = 1e-6;                    // of derivatives, relative
  double worstError = 0;                      // largest relative error
  llvm::SmallVector<double> largestReference; // per operand
  unsigned derivatives = 0, secondDerivatives = 0, splits = 0;
};

/// Operands are not trivial, and flops and bytes are counted.
Failure checkShape(const Case &c);

/// The derivative rule against central differences, for every result alone and
/// all together, and for every operand alone.
Failure checkDerivative(Case &c, Coverage &coverage);

/// The derivative of the derivative likewise, in one random direction.
Failure checkSecondDerivative(Case &c, Coverage &coverage);

/// The decomposition computes what the op computes.
Failure checkDecomposition(Case &c);

/// What the op is outside training.
Failure checkEvaluation(Case &c);

/// For every factor: the parts of a split evaluated and joined are the whole.
Failure checkSharding(Case &c, Coverage &coverage);

/// Gradients at kinks, ties, singular and extreme points, as PyTorch's.
unsigned countKinkFailures(mlir::MLIRContext &context);

/// Largest |a - b| relative to the largest |b|; equal infinities are equal.
double relativeError(const Tensor &a, const Tensor &b);

/// Three digits and an exponent, for messages.
std::string scientific(double value);

} // namespace dsc::gradcheck

#endif // DSC_GRADCHECK_CHECKS_H
