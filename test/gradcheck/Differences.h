//===- Differences.h - Derivatives by differences -------------------------===//
#ifndef DSC_TEST_GRADCHECK_DIFFERENCES_H
#define DSC_TEST_GRADCHECK_DIFFERENCES_H

#include "Compare.h"

namespace dsc::gradcheck {

/// A gradient to check: of `loss` with respect to `*variable`, which `loss` reads.
struct Subject {
  std::string name;
  Tensor *variable;
  Tensor gradient;
  bool mayBeZero = false;
};

/// Compares every gradient with central differences of fourth order,
///   (8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12h,
/// at up to `maxElements` evenly chosen elements of each. An error counts
/// relative to the tensor's largest gradient, or 1 % of the largest of all. A
/// gradient that is zero throughout proves nothing and fails.
void checkGradients(llvm::MutableArrayRef<Subject> subjects, llvm::function_ref<double()> loss,
                    size_t maxElements, Report &report);

} // namespace dsc::gradcheck

#endif // DSC_TEST_GRADCHECK_DIFFERENCES_H
