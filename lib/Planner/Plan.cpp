//===- Plan.cpp - A plan as a table, and two plans compared ---------------===//

#include "dsc/Planner/Plan.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <set>

using namespace dsc;
namespace json = llvm::json;

std::string dsc::bytesText(int64_t bytes) {
  static constexpr const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(unit == 0 ? "%.0f %s" : "%.1f %s", value,
                                                 units[unit]);
  return text;
}

static std::string timeText(double seconds) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (seconds < 1) {
    os << llvm::format("%.2f ms", seconds * 1e3);
  } else {
    os << llvm::format("%.2f s", seconds);
  }
  return text;
}

static void printRow(llvm::raw_ostream &os, llvm::StringRef label, const llvm::Twine &value) {
  os << "  " << llvm::left_justify(label, 22) << value << '\n';
}

void Plan::print(llvm::raw_ostream &os) const {
  os << "plan for " << model << ", batch " << batch << ", on " << hardware.name << '\n';
  printRow(os, "mesh",
           llvm::Twine("dp=") + llvm::Twine(dp) + " tp=" + llvm::Twine(tp) +
               " pp=" + llvm::Twine(pp));
  printRow(os, "micro-batches", llvm::Twine(microbatches));
  printRow(os, "precision", precision);
  printRow(os, "optimizer", optimizer + (clip ? ", clipping possible" : ""));
  printRow(os, "processor", cpu + ", " + llvm::Twine(hardware.threads) + " threads");
  std::string peaks;
  llvm::raw_string_ostream(peaks) << llvm::format("gemm %.0f GFLOP/s, copy %.1f GB/s",
                                                  hardware.gemmGflops, hardware.copyGigabytes);
  printRow(os, "measured peaks", peaks);
  if (hardware.wasBusy) {
    printRow(os, "", "(the machine is busy: repeated measurements differ by more than 2x)");
  }
  std::string step;
  llvm::raw_string_ostream(step) << timeText(stepSeconds)
                                 << llvm::format("  (%.0f samples/s, MFU %.0f %%)",
                                                 static_cast<double>(batch) / stepSeconds,
                                                 100 * flops / stepSeconds /
                                                     (hardware.gemmGflops * 1e9));
  printRow(os, "predicted step", step);
  printRow(os, "predicted memory", bytesText(memory.total()));
  const std::pair<const char *, int64_t> classes[] = {
      {"parameters", memory.parameters},     {"gradients", memory.gradients},
      {"optimizer state", memory.optimizer}, {"model state", memory.state},
      {"activations", memory.activations},   {"workspace", memory.workspace}};
  for (auto [label, bytes] : classes) {
    printRow(os, std::string("  ") + label, bytesText(bytes));
  }
  for (const Alternative &other : alternatives) {
    printRow(os, "not chosen",
             other.change + ": " + timeText(other.stepSeconds) + ", " +
                 bytesText(other.memoryBytes) + "; " + other.reason);
  }
}

void dsc::printPlanDiff(const Plan &a, const Plan &b, llvm::raw_ostream &os) {
  json::Value left = a.toJson(), right = b.toJson();
  const json::Object &before = *left.getAsObject(), &after = *right.getAsObject();
  std::set<std::string> keys; // some are not in all plans
  for (const json::Object *fields : {&before, &after}) {
    for (const auto &[key, value] : *fields) {
      keys.insert(key.str());
    }
  }
  keys.erase("alternatives");
  unsigned differences = 0;
  auto valueOf = [](const json::Object &fields, const std::string &key) {
    const json::Value *value = fields.get(key);
    return value ? *value : json::Value(nullptr);
  };
  for (const std::string &key : keys) {
    json::Value old = valueOf(before, key), now = valueOf(after, key);
    if (old != now) {
      os << key << ": " << old << " -> " << now << '\n';
      ++differences;
    }
  }
  if (differences == 0) {
    os << "the plans are equal\n";
  }
}
