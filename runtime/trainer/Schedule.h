//===- Schedule.h - The learning rate of a step ---------------------------===//
#ifndef DSC_RUNTIME_TRAINER_SCHEDULE_H
#define DSC_RUNTIME_TRAINER_SCHEDULE_H

#include <cstdint>

namespace dsc {

enum class ScheduleKind { Constant, Linear, Cosine };

/// Rises linearly over the first `warmup` steps, then falls to `minimum` at step `total`.
struct Schedule {
  ScheduleKind kind = ScheduleKind::Constant;
  double rate = 1e-3;
  double minimum = 0;
  int64_t warmup = 0;
  int64_t total = 0;

  /// The rate of `step`, counted from 1.
  double at(int64_t step) const;
};

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_SCHEDULE_H
