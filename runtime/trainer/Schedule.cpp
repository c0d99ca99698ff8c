//===- Schedule.cpp - The learning rate of a step -------------------------===//
#include "trainer/Schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace dsc;

double Schedule::at(int64_t step) const {
  if (step <= warmup)
    return rate * static_cast<double>(step) / static_cast<double>(warmup);
  if (kind == ScheduleKind::Constant)
    return rate;
  double progress = static_cast<double>(step - warmup) / static_cast<double>(total - warmup);
  progress = std::clamp(progress, 0.0, 1.0);
  if (kind == ScheduleKind::Linear)
    return rate + (minimum - rate) * progress;
  return minimum + (rate - minimum) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}
