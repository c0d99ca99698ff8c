//===- Summary.cpp - What a run took, beside what the plan predicted ------===//
#include "trainer/Summary.h"

#include "device/Device.h"
#include "trainer/Error.h"
#include "trainer/Info.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

using namespace dsc;

void StepTimes::add(double milliseconds) {
  if (steps > 0 && latest.size() < most)
    latest.push_back(milliseconds);
  else if (steps > 0)
    latest[steps % most] = milliseconds;
  ++steps;
}

std::optional<double> StepTimes::median() const {
  if (latest.empty())
    return std::nullopt;
  std::vector<double> sorted = latest;
  auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

namespace {

/// The most memory that this process has had so far; 0 where the system does not say. (getrusage
/// would count what the process was before it became this program.)
int64_t peakProcessBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0)
      return strtoll(line.c_str() + 6, nullptr, 10) * 1024;
  return 0;
}

std::string stepTimeText(double measured, double predicted) {
  std::string text = format("step time %.4g ms", measured);
  if (predicted > 0)
    text += format(", predicted %.4g ms (%+.0f %%)", predicted, 100 * (measured / predicted - 1));
  return text;
}

std::string memoryText(int64_t predicted) {
  int64_t process = peakProcessBytes();
  std::string text = "peak memory of the process " + byteText(process);
  if (predicted > 0)
    text += ", predicted for the model " + byteText(predicted) + " (" +
            byteText(std::max<int64_t>(0, process - predicted)) + " besides)";
  return text;
}

} // namespace

std::string dsc::summaryText(const ModuleInfo &info, const StepTimes &times) {
  std::optional<double> measured = times.median();
  if (!measured)
    return "";
  double predicted = device().isEmulated() ? 0 : info.predictedStepSeconds * 1e3;
  return stepTimeText(*measured, predicted) + "\n" + memoryText(info.predictedBytes());
}
