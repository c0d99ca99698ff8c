//===- Weights.cpp - Where a run's first weights come from ----------------===//
#include "trainer/Weights.h"

#include "trainer/Checkpoint.h"
#include "trainer/Error.h"

#include <charconv>

using namespace dsc;

namespace {

/// Loads the optimizer state that the file has; whether there was any.
bool loadOptimizerState(Model &model, const Safetensors &image, const std::string &path) {
  bool any = false;
  for (const ParameterInfo &parameter : model.info.parameters)
    for (const TensorInfo &slot : parameter.optimizerState)
      if (const StoredTensor *stored = image.find(slot.name)) {
        model.load(slot, *stored, path);
        any = true;
      }
  return any;
}

/// A larger one is damage, and would overflow on the way.
constexpr int64_t largestCount = int64_t(1) << 53;

std::optional<int64_t> findCount(const Model &model, const Safetensors &image) {
  auto entry = image.metadata.find(optimizerCountKey);
  int64_t count = 0;
  if (entry != image.metadata.end()) {
    const std::string &text = entry->second;
    const char *last = text.data() + text.size();
    auto [end, error] = std::from_chars(text.data(), last, count);
    if (error == std::errc() && end == last && count >= 0 && count <= largestCount)
      return count;
  }
  for (const ParameterInfo &parameter : model.info.parameters) {
    const StoredTensor *stored = image.find(parameter.name + ".step");
    if (!stored || numElements(stored->shape) != 1)
      continue;
    double value = loadDouble(stored->data, stored->type, 0);
    if (value >= 0 && value <= largestCount)
      return static_cast<int64_t>(value);
  }
  return std::nullopt;
}

} // namespace

void dsc::loadCompiledWeights(Model &model, const Payload &payload) {
  const std::string &source = payload.weightsSource();
  if (!payload.weights() && payload.isCutShort())
    failInput("the weights are missing: the end of this trainer was cut off; copy it again, as a "
              "whole, or compile it again; if it was built from sources, leave it beside their "
              "module.cpp and weights.safetensors");
  if (!payload.weights())
    failInput("the weights are missing: %s does not exist; copy it beside the trainer, or give "
              "--init FILE.safetensors",
              source.c_str());
  model.load(model.info.weights(), readSafetensors(*payload.weights(), source), source);
}

int64_t dsc::loadInitFile(Model &model, const std::string &path) {
  MappedFile file(path, "--init");
  Safetensors image = readSafetensors(file.bytes(), path);
  model.load(model.info.weights(), image, path);
  if (!loadOptimizerState(model, image, path))
    return 0;
  std::optional<int64_t> count = findCount(model, image);
  // Bias correction depends on the count; momentum only needs to know that it is not the first.
  if (!count && model.info.readsScalar("correction1"))
    failInput("%s has optimizer state but not the number of updates behind it; add the metadata "
              "\"optimizer_count\": \"N\" or a tensor '%s.step'",
              path.c_str(), model.info.parameters[0].name.c_str());
  return count.value_or(1);
}
