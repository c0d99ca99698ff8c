//===- PlanFile.cpp - Plans as JSON ---------------------------------------===//
//
// People edit these files, so a field is obeyed or refused by name: nothing that
// stands in one is ignored but the predictions, which every compilation makes anew.
//
//===----------------------------------------------------------------------===//

#include "dsc/Planner/Plan.h"
#include "dsc/Support/Json.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace dsc;
namespace json = llvm::json;

static constexpr int64_t kPlanVersion = 1;

json::Object MemoryByClass::toJson() const {
  return json::Object{{"parameters", parameters},   {"gradients", gradients},
                      {"optimizer", optimizer},     {"state", state},
                      {"activations", activations}, {"workspace", workspace}};
}

json::Object MatmulAlgorithms::toJson() const {
  json::Object texts;
  for (const auto &[problem, algorithm] : chosen) {
    texts[problem] = algorithm;
  }
  return json::Object{{"library", library}, {"chosen", std::move(texts)}};
}

json::Value Plan::toJson() const {
  json::Array others;
  for (const Alternative &other : alternatives) {
    others.push_back(json::Object{{"change", other.change},
                                  {"step_seconds", other.stepSeconds},
                                  {"memory_bytes", other.memoryBytes},
                                  {"reason", other.reason}});
  }
  json::Object object{
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
      {"optimizer", optimizer},
      {"clip", clip},
      {"target", target},
      {"cpu", cpu},
      {"hardware", json::Object{{"name", hardware.name},
                                {"gemm_gflops", hardware.gemmGflops},
                                {"copy_gigabytes_per_second", hardware.copyGigabytes},
                                {"threads", hardware.threads}}},
      {"predicted",
       json::Object{{"step_seconds", stepSeconds}, {"flops", flops}, {"memory", memory.toJson()}}},
      {"alternatives", std::move(others)}};
  if (!matmulAlgorithms.library.empty()) {
    object["matmul_algorithms"] = matmulAlgorithms.toJson();
  }
  return object;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {
/// Reads required fields of an object and remembers the first thing that is wrong.
class FieldReader {
public:
  explicit FieldReader(const json::Object &object, std::string prefix = "")
      : object(object), prefix(std::move(prefix)) {}

  void read(llvm::StringRef name, int64_t &field, int64_t least) {
    assign(name, "an integer", field, object.getInteger(name));
    require(name, field >= least, "at least " + std::to_string(least));
  }
  void read(llvm::StringRef name, double &field) {
    assign(name, "a number", field, object.getNumber(name));
    require(name, field > 0 && std::isfinite(field), "a positive number, and finite");
  }
  void read(llvm::StringRef name, std::string &field) {
    assign(name, "a string", field, object.getString(name));
  }
  void read(llvm::StringRef name, bool &field) {
    assign(name, "true or false", field, object.getBoolean(name));
  }
  /// Any fields, which are strings.
  void readTexts(llvm::StringRef name, std::map<std::string, std::string> &fields) {
    readObject(name, [&](FieldReader &texts) {
      for (const auto &[key, value] : texts.object) {
        texts.read(key, fields[key.str()]);
      }
    });
  }
  bool has(llvm::StringRef name) const { return object.get(name) != nullptr; }
  void readObject(llvm::StringRef name, llvm::function_ref<void(FieldReader &)> readFields) {
    const json::Object *inner = nullptr;
    assign(name, "an object", inner, asOptional(object.getObject(name)));
    if (!inner) {
      return;
    }
    FieldReader fields(*inner, prefix + name.str() + ".");
    readFields(fields);
    complain(fields.finish());
  }
  /// What every compilation writes anew, and so may say anything.
  void skipObject(llvm::StringRef name) {
    const json::Object *inner = nullptr;
    assign(name, "an object", inner, asOptional(object.getObject(name)));
  }
  void skipList(llvm::StringRef name) {
    const json::Array *inner = nullptr;
    assign(name, "a list", inner, asOptional(object.getArray(name)));
  }

  /// What is wrong; empty if nothing is. All known fields have been read.
  std::string finish() {
    for (const auto &[key, value] : object) {
      if (!known.contains(key)) {
        complain("field '" + prefix + key.str() + "' is unknown; is it spelled right?");
      }
    }
    return error;
  }

private:
  template <typename T> static std::optional<const T *> asOptional(const T *pointer) {
    return pointer ? std::optional(pointer) : std::nullopt;
  }
  template <typename Field, typename Value>
  void assign(llvm::StringRef name, const char *expected, Field &field,
              const std::optional<Value> &value) {
    known.insert(name);
    if (value) {
      field = Field(*value);
    } else {
      complain("field '" + prefix + name.str() + "' " +
               (object.get(name) ? "has the wrong type: expected " + std::string(expected)
                                 : "is missing"));
    }
  }
  void require(llvm::StringRef name, bool holds, const std::string &expected) {
    if (!holds) {
      complain("field '" + prefix + name.str() + "' must be " + expected);
    }
  }
  void complain(const std::string &problem) {
    if (error.empty()) {
      error = problem;
    }
  }

  const json::Object &object;
  std::string prefix, error;
  llvm::StringSet<> known;
};
} // namespace

static void readMesh(FieldReader &reader, Plan &plan) {
  reader.readObject("mesh", [&](FieldReader &mesh) {
    mesh.read("dp", plan.dp, 1);
    mesh.read("tp", plan.tp, 1);
    mesh.read("pp", plan.pp, 1);
  });
}

static void readHardware(FieldReader &reader, Plan &plan) {
  reader.readObject("hardware", [&](FieldReader &hardware) {
    hardware.read("name", plan.hardware.name);
    hardware.read("gemm_gflops", plan.hardware.gemmGflops);
    hardware.read("copy_gigabytes_per_second", plan.hardware.copyGigabytes);
    hardware.read("threads", plan.hardware.threads, 1);
  });
}

/// Only a run on the device adds it.
static void readMatmulAlgorithms(FieldReader &reader, Plan &plan) {
  if (!reader.has("matmul_algorithms")) {
    return;
  }
  reader.readObject("matmul_algorithms", [&](FieldReader &algorithms) {
    algorithms.read("library", plan.matmulAlgorithms.library);
    algorithms.readTexts("chosen", plan.matmulAlgorithms.chosen);
  });
}

static std::string readPlan(const json::Object &root, Plan &plan) {
  FieldReader reader(root);
  int64_t version = 0;
  reader.read("version", version, 1);
  if (version > kPlanVersion) {
    return "field 'version' is " + std::to_string(version) + "; this compiler knows version " +
           std::to_string(kPlanVersion);
  }
  reader.read("model", plan.model);
  reader.read("model_hash", plan.modelHash);
  reader.read("batch", plan.batch, 1);
  readMesh(reader, plan);
  reader.read("microbatches", plan.microbatches, 1);
  reader.read("schedule", plan.schedule);
  reader.read("zero", plan.zero, 0);
  reader.read("sequence_parallel", plan.sequenceParallel);
  reader.read("precision", plan.precision);
  reader.read("remat", plan.remat);
  reader.read("optimizer", plan.optimizer);
  reader.read("clip", plan.clip);
  reader.read("target", plan.target);
  reader.read("cpu", plan.cpu);
  readHardware(reader, plan);
  readMatmulAlgorithms(reader, plan);
  reader.skipObject("predicted");
  reader.skipList("alternatives");
  return reader.finish();
}

llvm::Expected<Plan> Plan::fromJson(llvm::StringRef text, llvm::StringRef file) {
  llvm::Expected<json::Value> value = parseJson(text);
  if (!value) {
    return llvm::createStringError(
        "plan '" + file + "' cannot be read as JSON: " + llvm::toString(value.takeError()));
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
// What there is not yet
//===----------------------------------------------------------------------===//

std::string Plan::findUnsupported() const {
  const std::tuple<const char *, json::Value, json::Value> fields[] = {
      {"mesh.dp", dp, 1},
      {"mesh.tp", tp, 1},
      {"mesh.pp", pp, 1},
      {"schedule", schedule, "none"},
      {"zero", zero, 0},
      {"sequence_parallel", sequenceParallel, false},
      {"precision", precision, "fp32"},
      {"remat", remat, "none"},
      {"hardware.name", hardware.name, "host"},
  };
  std::string problem;
  for (const auto &[name, given, supported] : fields) {
    if (given != supported) {
      llvm::raw_string_ostream(problem) << "field '" << name << "' is " << given
                                        << ", which is not supported yet; set it to " << supported;
      break;
    }
  }
  if (problem.empty() && target == "cpu" && !matmulAlgorithms.library.empty()) {
    problem = "field 'matmul_algorithms' is of the cuda target, and field 'target' is \"cpu\"; "
              "take it out";
  }
  return problem;
}
