//===- Plan.cpp - What is decided about how a step runs -------------------===//

#include "dsc/Planner/Plan.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace dsc;
namespace json = llvm::json;

static constexpr int64_t kPlanVersion = 1;

json::Object MemoryByClass::toJson() const {
  return json::Object{{"parameters", parameters},   {"gradients", gradients},
                      {"optimizer", optimizer},     {"state", state},
                      {"activations", activations}, {"workspace", workspace}};
}

json::Value Plan::toJson() const {
  json::Array others;
  for (const Alternative &other : alternatives) {
    others.push_back(json::Object{{"change", other.change},
                                  {"step_seconds", other.stepSeconds},
                                  {"memory_bytes", other.memoryBytes},
                                  {"reason", other.reason}});
  }
  return json::Object{
      {"version", kPlanVersion},
      {"model", model},
      {"model_hash", modelHash},
      {"batch", batch},
      {"mesh", json::Object{{"dp", dp}, {"tp", tp}, {"pp", pp}}},
      {"microbatches", microbatches},
      {"schedule", schedule},
      {"zero", zero},
      {"sequence_parallel", sequenceParallel},
      {"precision", precision},
      {"remat", remat},
      {"target", target},
      {"cpu", cpu},
      {"hardware", json::Object{{"name", hardware.name},
                                {"gemm_gflops", hardware.gemmGflops},
                                {"copy_gigabytes_per_second", hardware.copyGigabytes},
                                {"threads", hardware.threads}}},
      {"predicted",
       json::Object{{"step_seconds", stepSeconds}, {"flops", flops}, {"memory", memory.toJson()}}},
      {"alternatives", std::move(others)}};
}

namespace {
/// Reads required fields and remembers the first that is missing.
class FieldReader {
public:
  explicit FieldReader(const json::Object &object) : object(object) {}

  void read(llvm::StringRef name, int64_t &field) {
    if (auto value = object.getInteger(name)) {
      field = *value;
    } else {
      missing(name);
    }
  }
  void read(llvm::StringRef name, double &field) {
    if (auto value = object.getNumber(name)) {
      field = *value;
    } else {
      missing(name);
    }
  }
  void read(llvm::StringRef name, std::string &field) {
    if (auto value = object.getString(name)) {
      field = value->str();
    } else {
      missing(name);
    }
  }
  void read(llvm::StringRef name, bool &field) {
    if (auto value = object.getBoolean(name)) {
      field = *value;
    } else {
      missing(name);
    }
  }
  const json::Object *readObject(llvm::StringRef name) {
    const json::Object *inner = object.getObject(name);
    if (!inner) {
      missing(name);
    }
    return inner;
  }
  std::string error;

private:
  void missing(llvm::StringRef name) {
    if (error.empty()) {
      error = ("field '" + name + "' is missing or has the wrong type").str();
    }
  }
  const json::Object &object;
};
} // namespace

static std::string readPlan(const json::Object &root, Plan &plan) {
  FieldReader reader(root);
  int64_t version = 0;
  reader.read("version", version);
  reader.read("model", plan.model);
  reader.read("model_hash", plan.modelHash);
  reader.read("batch", plan.batch);
  reader.read("microbatches", plan.microbatches);
  reader.read("schedule", plan.schedule);
  reader.read("zero", plan.zero);
  reader.read("sequence_parallel", plan.sequenceParallel);
  reader.read("precision", plan.precision);
  reader.read("remat", plan.remat);
  reader.read("target", plan.target);
  reader.read("cpu", plan.cpu);
  if (const json::Object *mesh = reader.readObject("mesh")) {
    FieldReader axes(*mesh);
    axes.read("dp", plan.dp);
    axes.read("tp", plan.tp);
    axes.read("pp", plan.pp);
    reader.error = reader.error.empty() ? axes.error : reader.error;
  }
  if (const json::Object *hardware = reader.readObject("hardware")) {
    FieldReader fields(*hardware);
    fields.read("name", plan.hardware.name);
    fields.read("gemm_gflops", plan.hardware.gemmGflops);
    fields.read("copy_gigabytes_per_second", plan.hardware.copyGigabytes);
    fields.read("threads", plan.hardware.threads);
    reader.error = reader.error.empty() ? fields.error : reader.error;
  }
  if (reader.error.empty() && version != kPlanVersion) {
    return "version " + std::to_string(version) + " is not " + std::to_string(kPlanVersion);
  }
  if (reader.error.empty() &&
      (plan.microbatches <= 0 || plan.batch <= 0 || plan.dp <= 0 || plan.tp <= 0 || plan.pp <= 0)) {
    return "batch, micro-batches and degrees must be positive";
  }
  return reader.error;
}

llvm::Expected<Plan> Plan::fromJson(llvm::StringRef text, llvm::StringRef file) {
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value) {
    return llvm::createStringError("plan '" + file +
                                   "' is not JSON: " + llvm::toString(value.takeError()));
  }
  const json::Object *root = value->getAsObject();
  Plan plan;
  std::string problem = root ? readPlan(*root, plan) : "expected an object";
  if (!problem.empty()) {
    return llvm::createStringError("plan '" + file + "': " + problem);
  }
  return plan;
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

static std::string bytesText(int64_t bytes) {
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
  printRow(os, "processor", cpu + ", " + llvm::Twine(hardware.threads) + " threads");
  std::string peaks;
  llvm::raw_string_ostream(peaks) << llvm::format("gemm %.0f GFLOP/s, copy %.1f GB/s",
                                                  hardware.gemmGflops, hardware.copyGigabytes);
  printRow(os, "measured peaks", peaks);
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
  unsigned differences = 0;
  for (const auto &[key, value] : *left.getAsObject()) {
    const json::Value *other = right.getAsObject()->get(key);
    if (other && *other != value && key != "alternatives") {
      os << key.str() << ": " << value << " -> " << *other << '\n';
      ++differences;
    }
  }
  if (differences == 0) {
    os << "the plans are equal\n";
  }
}
