//===- Metrics.cpp - One JSON line per step and evaluation ----------------===//
#include "trainer/Metrics.h"

#include "trainer/Error.h"
#include "trainer/Files.h"

#include <filesystem>
#include <nlohmann/json.hpp>

using namespace dsc;
using nlohmann::ordered_json;

namespace {

/// Calls `take` with each line that is a JSON object.
template <typename Take> void readLines(std::string_view text, Take take) {
  for (size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1))
    if (ordered_json json = ordered_json::parse(text.substr(0, end), nullptr, false);
        json.is_object())
      take(json, text.substr(0, end + 1));
}

/// Drops the lines of steps that will run again, and a last line that was cut off.
void trim(const std::string &path, int64_t step) {
  std::string kept;
  MappedFile old(path, "the metrics");
  readLines(old.bytes(), [&](const ordered_json &json, std::string_view line) {
    if (json.contains("step") && json["step"].is_number_integer() &&
        json["step"].get<int64_t>() <= step)
      kept += line;
  });
  writeFile(path, kept);
}

} // namespace

void dsc::readLosses(const std::string &path, LossCurve &curve) {
  if (!std::filesystem::is_regular_file(path))
    return;
  MappedFile file(path, "the metrics");
  readLines(file.bytes(), [&](const ordered_json &json, std::string_view) {
    auto number = [&](const char *key) { return json.contains(key) && json[key].is_number(); };
    if (!json.contains("step") || !json["step"].is_number_integer())
      return;
    if (number("loss"))
      curve.addTraining(json["step"], json["loss"]);
    if (number("eval_loss"))
      curve.addEvaluation(json["step"], json["eval_loss"]);
  });
}

MetricsFile::MetricsFile(const std::string &path, std::optional<int64_t> resumedStep) : path(path) {
  if (path.empty())
    return;
  removeLeftovers(path);
  bool continues = resumedStep && std::filesystem::is_regular_file(path);
  if (continues)
    trim(path, *resumedStep);
  file = fopen(path.c_str(), continues ? "ae" : "we");
  if (!file)
    failSystem("--metrics: cannot write " + path);
  isEmpty = !continues && std::filesystem::is_regular_file(path);
}

MetricsFile::~MetricsFile() {
  if (!file)
    return;
  fclose(file);
  if (isEmpty)
    remove(path.c_str());
}

void MetricsFile::writeLine(const std::string &line) {
  isEmpty = false;
  if (fputs(line.c_str(), file) < 0 || fputc('\n', file) < 0 || fflush(file) != 0)
    failSystem("--metrics: cannot write " + path);
}

void MetricsFile::write(const StepMetrics &metrics) {
  if (!file)
    return;
  ordered_json json = {{"step", metrics.step}, {"loss", metrics.loss}, {"lr", metrics.lr}};
  json["grad_norm"] = metrics.gradNorm ? ordered_json(*metrics.gradNorm) : ordered_json();
  json["loss_scale"] = metrics.lossScale;
  json["skipped"] = metrics.skipped;
  json["step_ms"] = metrics.stepMs;
  json["samples_per_s"] = metrics.samplesPerSecond;
  if (metrics.tokensPerSecond)
    json["tokens_per_s"] = *metrics.tokensPerSecond;
  writeLine(json.dump());
}

void MetricsFile::write(int64_t step, const Evaluation &evaluation) {
  if (!file)
    return;
  ordered_json json = {{"step", step}, {"eval_loss", evaluation.loss}};
  if (evaluation.accuracy)
    json["accuracy"] = *evaluation.accuracy;
  writeLine(json.dump());
}
