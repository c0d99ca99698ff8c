//===- Compare.h - Whether two tensors are equal enough -------------------===//
#ifndef DSC_TEST_GRADCHECK_COMPARE_H
#define DSC_TEST_GRADCHECK_COMPARE_H

#include "dsc/Evaluation/Tensor.h"

namespace dsc::gradcheck {

/// Collects comparisons; prints what differs, and a summary at the end.
class Report {
public:
  explicit Report(double tolerance) : tolerance(tolerance) {}

  /// |actual - expected| <= tolerance * scale for the elements in `positions`
  /// (all of them if empty).
  void compare(llvm::StringRef what, const Tensor &actual, const Tensor &expected, double scale,
               llvm::ArrayRef<size_t> positions = {});
  void fail(const llvm::Twine &message);

  /// One line for `name`: how much was compared, and the largest relative error.
  void summarize(llvm::StringRef name);
  bool hasFailed() const { return failedBefore || failed; }

private:
  double tolerance;
  double worst = 0;
  size_t elements = 0;
  bool failed = false, failedBefore = false;
};

/// The largest absolute element.
double largest(const Tensor &tensor);

} // namespace dsc::gradcheck

#endif // DSC_TEST_GRADCHECK_COMPARE_H
