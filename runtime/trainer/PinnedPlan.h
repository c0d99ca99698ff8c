//===- PinnedPlan.h - The plan file that keeps algorithms -----------------===//
//
// dsc-compile's plan does not say which algorithms a device's libraries take: only the
// device knows. With --pin-plan a trainer adds them to the plan's field
// `matmul_algorithms` (docs/PlanFile.md), and takes those that are there.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_PINNEDPLAN_H
#define DSC_RUNTIME_TRAINER_PINNEDPLAN_H

#include "device/Device.h"
#include "trainer/Module.h"

#include <nlohmann/json.hpp>

namespace dsc {

/// The field's value; fails, naming `source`, where it is something else.
Algorithms readAlgorithms(const nlohmann::json &field, const std::string &source);

class PinnedPlan {
public:
  /// Fails where the file is no plan of this model.
  PinnedPlan(const std::string &path, const ModuleInfo &info);
  const Algorithms &algorithms() const { return kept; }
  /// Writes the file again where these are not what it has.
  void keep(const Algorithms &algorithms);

private:
  std::string path;
  nlohmann::json plan;
  Algorithms kept;
};

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_PINNEDPLAN_H
