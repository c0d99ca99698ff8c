//===- DumpTensors.cpp - What --dump-tensors writes -----------------------===//
#include "trainer/DumpTensors.h"

#include "trainer/Error.h"

using namespace dsc;

void dsc::dumpTensors(Model &model, const Batch &batch, const std::string &path) {
  const ProgramInfo &program = model.info.gradients;
  if (!program.table)
    failUsage("--dump-tensors: the model was compiled without its gradients program");
  model.gradients(batch);
  std::vector<std::vector<float>> values;
  std::vector<ArrayToWrite> arrays;
  values.reserve(program.results.size() + 1); // arrays point into it
  auto add = [&](const std::string &name, const Shape &shape, std::vector<float> data) {
    values.push_back(std::move(data));
    arrays.push_back({name, DSC_F32, shape, values.back().data()});
  };
  double loss = model.result(program, "loss_sum") / model.result(program, "count", 0, 1);
  add("loss", {}, {static_cast<float>(loss)});
  for (const TensorInfo &result : program.results) {
    if (result.name == "loss_sum" || result.name == "count")
      continue;
    std::vector<float> data(size_t(result.elements()));
    convertElements(data.data(), DSC_F32, model.data(result), result.type, result.elements());
    add(result.name, result.shape, std::move(data));
  }
  writeNpz(path, arrays);
}
