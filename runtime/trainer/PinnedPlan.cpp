//===- PinnedPlan.cpp - The plan file that keeps algorithms ---------------===//
#include "trainer/PinnedPlan.h"

#include "trainer/Error.h"
#include "trainer/Files.h"
#include "trainer/Json.h"

using namespace dsc;
using nlohmann::json;

namespace {

const char *const fieldName = "matmul_algorithms";

const std::string &textOf(const json &value, const std::string &name, const std::string &source) {
  if (!value.is_string())
    failInput("%s: field '%s' must be a string", source.c_str(), name.c_str());
  return value.get_ref<const std::string &>();
}

} // namespace

Algorithms dsc::readAlgorithms(const json &field, const std::string &source) {
  bool isWhole = field.is_object() && field.size() == 2 && field.contains("library") &&
                 field.contains("chosen") && field["chosen"].is_object();
  if (!isWhole)
    failInput("%s: field '%s' must be an object of 'library' and 'chosen', itself an object; take "
              "it out to choose anew",
              source.c_str(), fieldName);
  Algorithms algorithms;
  algorithms.library = textOf(field["library"], std::string(fieldName) + ".library", source);
  for (const auto &[problem, algorithm] : field["chosen"].items())
    algorithms.chosen[problem] = textOf(algorithm, fieldName + (".chosen." + problem), source);
  return algorithms;
}

PinnedPlan::PinnedPlan(const std::string &path, const ModuleInfo &info) : path(path) {
  std::string source = "--pin-plan: " + path;
  MappedFile file(path, "the plan of --pin-plan");
  plan = parseJson<json>(file.bytes(), source);
  if (!plan.is_object() || !plan.contains("model_hash"))
    failInput("%s is no plan; give the one that dsc-compile wrote beside the trainer or into the "
              "package",
              source.c_str());
  if (textOf(plan["model_hash"], "model_hash", source) != info.modelHash)
    failInput("%s is the plan of another model; give the one that dsc-compile wrote for %s",
              source.c_str(), info.model.c_str());
  if (plan.contains(fieldName))
    kept = readAlgorithms(plan[fieldName], source);
}

void PinnedPlan::keep(const Algorithms &algorithms) {
  if (algorithms.library == kept.library && algorithms.chosen == kept.chosen)
    return;
  plan[fieldName] = {{"library", algorithms.library}, {"chosen", algorithms.chosen}};
  writeFile(path, plan.dump(2) + "\n");
  kept = algorithms;
}
