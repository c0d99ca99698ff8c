//===- DistinctFiles.cpp - No file is read and replaced -------------------===//
#include "trainer/DistinctFiles.h"

#include "trainer/Error.h"

#include <filesystem>

using namespace dsc;
namespace fs = std::filesystem;

namespace {

struct NamedPath {
  const char *flag;
  fs::path path;
};

/// Links are followed; a file that is not there yet is known by its name.
bool isSame(const fs::path &a, const fs::path &b) {
  std::error_code error;
  if (fs::equivalent(a, b, error) && !error)
    return true;
  fs::path left = fs::weakly_canonical(a, error), right = fs::weakly_canonical(b, error);
  return !error && left == right;
}

/// Whether writing `output` would replace a file of the folder `data`.
bool replacesArray(const fs::path &output, const fs::path &data) {
  std::error_code error;
  fs::path folder = output.has_parent_path() ? output.parent_path() : fs::path(".");
  return fs::is_directory(data, error) && fs::exists(output, error) && isSame(folder, data);
}

std::vector<NamedPath> given(std::initializer_list<NamedPath> all) {
  std::vector<NamedPath> found;
  for (const NamedPath &each : all)
    if (!each.path.empty())
      found.push_back(each);
  return found;
}

[[noreturn]] void refuse(const NamedPath &output, const char *what) {
  failUsage("%s: %s is %s, which would be lost; name another file", output.flag,
            output.path.c_str(), what);
}

} // namespace

void dsc::requireDistinctFiles(const Options &options) {
  std::vector<NamedPath> inputs = given({{"--data", options.data},
                                         {"--eval-data", options.evalData},
                                         {"--init", options.init},
                                         {"the trainer itself", "/proc/self/exe"}});
  std::vector<NamedPath> outputs = given({{"--metrics", options.metrics},
                                          {"--loss-curve", options.lossCurve},
                                          {"--export-onnx", options.exportOnnx},
                                          {"--dump-tensors", options.dumpTensors},
                                          {"--profile", options.profile},
                                          {"--pin-plan", options.pinPlan}});
  for (size_t i = 0; i < outputs.size(); ++i) {
    for (const NamedPath &input : inputs) {
      if (isSame(outputs[i].path, input.path))
        refuse(outputs[i], input.flag);
      if (replacesArray(outputs[i].path, input.path))
        refuse(outputs[i], "one of the arrays of the data");
    }
    for (size_t j = 0; j < i; ++j)
      if (isSame(outputs[i].path, outputs[j].path))
        failUsage("%s and %s name the same file; name two", outputs[j].flag, outputs[i].flag);
  }
}
