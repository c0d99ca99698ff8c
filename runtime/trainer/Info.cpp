//===- Info.cpp - What --info prints --------------------------------------===//
#include "trainer/Info.h"

#include "trainer/Error.h"

using namespace dsc;

namespace {

std::string line(const std::string &name, const std::string &value) {
  return format("%-16s %s\n", name.c_str(), value.c_str());
}

/// What the data must hold: name, type, shape, and how large integers may be.
std::string inputLine(const InputInfo &input) {
  std::string text = "  " + input.name + " " + typeName(input.type) + shapeText(input.shape);
  if (int64_t bound = input.isLabels ? input.classes : input.indexBound)
    text += format(" below %lld", static_cast<long long>(bound));
  return text + "\n";
}

std::string planText(const ModuleInfo &info) {
  std::string text =
      format("1 rank, batch %lld, %lld micro-batch%s", static_cast<long long>(info.batch),
             static_cast<long long>(info.microbatches), info.microbatches == 1 ? "" : "es");
  if (info.predictedStepSeconds > 0)
    text += format(", predicted step time %.4g ms", info.predictedStepSeconds * 1e3);
  return text;
}

/// The predicted peak and what it consists of; the arena may be larger, for --dump-tensors.
std::string memoryLines(const ModuleInfo &info) {
  auto bytesText = [](int64_t bytes) {
    return format("%s (%lld bytes)", byteText(bytes).c_str(), static_cast<long long>(bytes));
  };
  std::string text;
  if (!info.memory.empty())
    text += line("memory", bytesText(info.predictedBytes()));
  for (const auto &[name, bytes] : info.memory)
    text += line("  " + name, byteText(bytes));
  if (info.scratchBytes > 0)
    text += line("    routines'", byteText(info.scratchBytes));
  return text + line("arena", bytesText(info.arenaBytes));
}

std::string join(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "none" : text;
}

} // namespace

std::string dsc::byteText(int64_t bytes) {
  const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    ++unit;
  }
  return format(unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

std::string dsc::infoText(const ModuleInfo &info) {
  int64_t count = 0;
  for (const ParameterInfo &parameter : info.parameters)
    count += parameter.elements();
  std::string text = line("model", info.model + " (from " + info.source + ")");
  text += line("model hash", info.modelHash);
  text += line("target", info.target + ", " + info.cpu);
  text += line("precision", info.precision);
  text += line("plan", planText(info));
  text += line("loss", info.loss);
  text += line("optimizer", info.optimizer + (info.clip ? ", clipping possible" : ""));
  text += line("parameters", format("%lld in %zu tensors", static_cast<long long>(count),
                                    info.parameters.size()));
  text += memoryLines(info);
  text += line("libraries", join(info.libraries));
  if (!info.algorithms.library.empty())
    text += line("algorithms", format("%zu pinned, by %s", info.algorithms.chosen.size(),
                                      info.algorithms.library.c_str()));
  text +=
      line("versions", format("abi %d, compiler of the runtime %s", DSC_ABI_VERSION, __VERSION__));
  text += "inputs\n";
  for (const InputInfo &input : info.inputs)
    text += inputLine(input);
  return text;
}
