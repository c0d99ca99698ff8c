//===- Model.cpp - The compiled model with its memory ---------------------===//
#include "trainer/Model.h"

#include "trainer/Error.h"

#include <cmath>
#include <cstring>
#include <regex>

using namespace dsc;

Model::Model(const ModuleInfo &info, Trace *trace) : info(info), arena(info.arenaBytes) {
  auto prepare = [&](std::optional<Executor> &executor, const ProgramInfo &program) {
    if (program.table)
      executor.emplace(*program.table, arena.base(), info.constants, trace);
  };
  prepare(trainExecutor, info.train);
  prepare(gradientsExecutor, info.gradients);
  prepare(evaluateExecutor, info.evaluate);
}

double Model::scalarValue(const ScalarInfo &scalar, const StepValues &values) const {
  double count = static_cast<double>(values.updateCount);
  if (scalar.name == "weight_decay") {
    for (size_t i = 0; i < undecayed.size(); ++i)
      if (undecayed[i] && info.parameters[i].name == scalar.parameter)
        return 0;
    return values.weightDecay;
  }
  const std::pair<const char *, double> known[] = {
      {"lr", values.lr},
      {"momentum", values.momentum},
      {"beta1", values.beta1},
      {"beta2", values.beta2},
      {"eps", values.eps},
      {"correction1", 1 - std::pow(values.beta1, count)},
      {"correction2", 1 - std::pow(values.beta2, count)},
      {"first_update", values.updateCount == 1 ? 1 : 0},
      {"clip_norm", values.clipNorm},
      {"microbatch", 0},
  };
  for (const auto &[name, value] : known)
    if (scalar.name == name)
      return value;
  failInternal("the compiled model reads the unknown scalar '%s'", scalar.name.c_str());
}

void Model::setScalars(const StepValues &values) {
  for (const ScalarInfo &scalar : info.scalars) {
    // 64-bit integers do not pass through double.
    bool isSeed = scalar.name == "seed";
    if (isSeed || scalar.name == "step") {
      int64_t value = isSeed ? values.seed : values.step;
      convertElements(data(scalar), scalar.type, &value, DSC_I64, 1);
    } else {
      storeDouble(data(scalar), scalar.type, 0, scalarValue(scalar, values));
    }
  }
}

void Model::run(std::optional<Executor> &executor, const ProgramInfo &program, const Batch &batch) {
  if (!executor)
    failInternal("the compiled model lacks a program that this needs");
  int64_t microbatchRows = program.rows / program.table->microbatches;
  rows.clear();
  for (int input : program.inputs)
    rows.push_back({batch.rows[size_t(input)],
                    int64_t(info.inputs[size_t(input)].sampleBytes()) * microbatchRows});
  executor->run(rows, [this](int64_t microbatch) {
    for (const ScalarInfo &scalar : info.scalars)
      if (scalar.name == "microbatch")
        storeDouble(data(scalar), scalar.type, 0, static_cast<double>(microbatch));
  });
}

double Model::result(const ProgramInfo &program, const char *name, int64_t index,
                     double fallback) const {
  const TensorInfo *tensor = program.findResult(name);
  return tensor ? loadDouble(data(*tensor), tensor->type, index) : fallback;
}

void Model::load(const TensorInfo &tensor, const StoredTensor &stored, const std::string &source) {
  if (stored.shape != tensor.shape)
    failInput("%s: tensor '%s' has shape %s, expected %s", source.c_str(), tensor.name.c_str(),
              shapeText(stored.shape).c_str(), shapeText(tensor.shape).c_str());
  if (stored.type != tensor.type && !(isFloat(stored.type) && isFloat(tensor.type)))
    failInput("%s: tensor '%s' is %s, expected %s", source.c_str(), tensor.name.c_str(),
              typeName(stored.type), typeName(tensor.type));
  convertElements(data(tensor), tensor.type, stored.data, stored.type, tensor.elements());
}

void Model::load(const std::vector<TensorInfo> &tensors, const Safetensors &image,
                 const std::string &source) {
  for (const TensorInfo &tensor : tensors) {
    const StoredTensor *stored = image.find(tensor.name);
    if (!stored)
      failInput("%s has no tensor '%s', expected one of shape %s", source.c_str(),
                tensor.name.c_str(), shapeText(tensor.shape).c_str());
    load(tensor, *stored, source);
  }
}

std::vector<TensorToWrite> Model::view(const std::vector<TensorInfo> &tensors) const {
  std::vector<TensorToWrite> views;
  for (const TensorInfo &tensor : tensors)
    views.push_back({tensor.name, tensor.type, tensor.shape, data(tensor)});
  return views;
}

std::vector<bool> dsc::matchUndecayed(const ModuleInfo &info, const std::string &pattern) {
  std::vector<bool> matched;
  std::regex compiled(pattern);
  for (const ParameterInfo &parameter : info.parameters)
    matched.push_back(pattern == "1d"
                          ? parameter.shape.size() <= 1
                          : !pattern.empty() && std::regex_search(parameter.name, compiled));
  return matched;
}
