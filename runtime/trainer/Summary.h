//===- Summary.h - What a run took, beside what the plan predicted --------===//
#ifndef DSC_RUNTIME_TRAINER_SUMMARY_H
#define DSC_RUNTIME_TRAINER_SUMMARY_H

#include "trainer/Module.h"

namespace dsc {

/// The times of a run's latest steps. The first step prepares the library's routines and does not
/// count.
class StepTimes {
public:
  void add(double milliseconds);
  /// Empty before the second step.
  std::optional<double> median() const;

private:
  static constexpr size_t most = 1000;
  std::vector<double> latest;
  size_t steps = 0;
};

/// Measured and predicted step time with the difference, and the same of memory; empty where
/// nothing was measured.
std::string summaryText(const ModuleInfo &info, const StepTimes &times);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_SUMMARY_H
