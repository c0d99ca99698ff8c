//===- Dataset.cpp - Samples for the model's inputs -----------------------===//
#include "trainer/Dataset.h"

#include "trainer/Error.h"

#include <filesystem>

using namespace dsc;

void Dataset::checkRow(int index, int64_t sample, const void *row) const {
  const InputInfo &input = inputs[static_cast<size_t>(index)];
  int64_t bound = input.isLabels && input.classes > 0 ? input.classes : input.indexBound;
  if (bound <= 0 || isFloat(input.type))
    return;
  auto bad =
      findOutside(row, input.type, numElements(input.sampleShape()), bound, input.ignoreIndex);
  if (!bad)
    return;
  std::string ignored =
      input.ignoreIndex ? format(" or %lld", static_cast<long long>(*input.ignoreIndex)) : "";
  failInput("%s, sample %lld: value %lld is out of range; the model takes 0 to %lld%s",
            describe(index).c_str(), static_cast<long long>(sample),
            static_cast<long long>(bad->second), static_cast<long long>(bound - 1),
            ignored.c_str());
}

std::unique_ptr<Dataset> dsc::openDataset(const std::string &path, const std::string &flag,
                                          const ModuleInfo &module, const Scaling &scaling) {
  std::filesystem::path file(path);
  if (!std::filesystem::exists(file))
    failInput("%s: %s does not exist", flag.c_str(), path.c_str());
  if (std::filesystem::is_directory(file) || file.extension() == ".npz")
    return openArrayDataset(path, module, scaling);
  if (file.extension() == ".bin") {
    if (scaling.given)
      failInput("%s: --scale and --offset have no meaning for tokens", path.c_str());
    return openTokenDataset(path, module);
  }
  failInput("%s: %s is neither a .npz file, a directory of .npy files, nor a token file (.bin)",
            flag.c_str(), path.c_str());
}
