//===- Model.cpp - The compiled model with its memory ---------------------===//
#include "trainer/Model.h"

#include "device/Device.h"
#include "trainer/Error.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <regex>

using namespace dsc;

Model::Model(const ModuleInfo &info, Trace *trace) : info(info), arena(info.arenaBytes) {
  if (!device().sharesHostMemory() && info.constantsBytes > 0) {
    constants = device().allocate(info.constantsBytes);
    size_t bytes = static_cast<size_t>(info.constantsBytes);
    if (!constants || !device().write(constants, info.constants, bytes))
      failInput("the device has no room for %zu bytes of constants", bytes);
  }
  auto prepare = [&](std::optional<Executor> &executor, const ProgramInfo &program) {
    if (program.table)
      executor.emplace(*program.table, arena.base(), constants ? constants : info.constants, trace);
  };
  prepare(trainExecutor, info.train);
  prepare(gradientsExecutor, info.gradients);
  prepare(evaluateExecutor, info.evaluate);
}

Model::~Model() {
  if (constants)
    device().release(constants, info.constantsBytes);
}

const char *Model::data(const TensorInfo &tensor) const {
  const char *memory = arena.at(tensor.offset);
  if (device().sharesHostMemory())
    return memory;
  auto [copy, isNew] = copies.try_emplace(tensor.offset);
  if (isNew || copy->second.size() < tensor.bytes()) {
    copy->second.resize(tensor.bytes());
    if (!device().read(copy->second.data(), memory, tensor.bytes()))
      failInput("%s", takeRoutineError().c_str());
  }
  return copy->second.data();
}

void Model::store(const TensorInfo &tensor, const std::function<void(char *)> &fill) {
  if (device().sharesHostMemory())
    return fill(arena.at(tensor.offset));
  std::vector<char> image(tensor.bytes());
  fill(image.data());
  write(tensor, image.data());
}

void Model::write(const TensorInfo &tensor, const void *elements) {
  if (!device().write(arena.at(tensor.offset), elements, tensor.bytes()))
    failInput("%s", takeRoutineError().c_str());
  copies.erase(tensor.offset);
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

void Model::storeScalar(const ScalarInfo &scalar, const StepValues &values, char *cell) const {
  // 64-bit integers do not pass through double.
  bool isSeed = scalar.name == "seed";
  if (isSeed || scalar.name == "step") {
    int64_t value = isSeed ? values.seed : values.step;
    convertElements(cell, scalar.type, &value, DSC_I64, 1);
  } else {
    storeDouble(cell, scalar.type, 0, scalarValue(scalar, values));
  }
}

/// The compiler places scalars side by side, eight bytes each, so that they go to the
/// device at once.
void Model::setScalars(const StepValues &values) {
  if (info.scalars.empty())
    return;
  auto [first, last] = std::minmax_element(
      info.scalars.begin(), info.scalars.end(),
      [](const ScalarInfo &a, const ScalarInfo &b) { return a.offset < b.offset; });
  std::vector<char> image(static_cast<size_t>(last->offset - first->offset) + 8);
  if (image.size() > info.scalars.size() * 8)
    failInternal("the scalars of the compiled model do not lie side by side");
  for (const ScalarInfo &scalar : info.scalars)
    storeScalar(scalar, values, image.data() + (scalar.offset - first->offset));
  if (!device().write(arena.at(first->offset), image.data(), image.size()))
    failInput("%s", takeRoutineError().c_str());
}

void Model::stageInputs(const ProgramInfo &program, const Batch &batch) {
  int64_t microbatchRows = program.rows / program.table->microbatches;
  rows.clear();
  for (int input : program.inputs) {
    const InputInfo &array = info.inputs[size_t(input)];
    size_t bytes = array.sampleBytes() * static_cast<size_t>(program.rows);
    const void *data = device().stageInput(size_t(input), batch.rows[size_t(input)], bytes);
    if (!data)
      failInput("%s", takeRoutineError().c_str());
    rows.push_back({data, int64_t(array.sampleBytes()) * microbatchRows});
  }
}

void Model::prefetchInputs(const ProgramInfo &program, const Batch &batch) {
  for (int input : program.inputs) {
    size_t bytes = info.inputs[size_t(input)].sampleBytes() * static_cast<size_t>(program.rows);
    if (!device().prefetchInput(size_t(input), batch.rows[size_t(input)], bytes))
      failInput("%s", takeRoutineError().c_str());
  }
}

void Model::run(std::optional<Executor> &executor, const ProgramInfo &program, const Batch &batch,
                const NextBatch &next) {
  if (!executor)
    failInternal("the compiled model lacks a program that this needs");
  stageInputs(program, batch);
  copies.clear();
  auto setNumber = [this](int64_t microbatch) {
    for (const ScalarInfo &scalar : info.scalars)
      if (scalar.name == "microbatch")
        store(scalar, [&](char *cell) {
          storeDouble(cell, scalar.type, 0, static_cast<double>(microbatch));
        });
  };
  executor->run(rows, setNumber, [&] {
    if (const Batch *batch = next())
      prefetchInputs(program, *batch);
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
  if (stored.type == tensor.type)
    return write(tensor, stored.data);
  store(tensor, [&](char *elements) {
    convertElements(elements, tensor.type, stored.data, stored.type, tensor.elements());
  });
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
  if (!pattern.empty() && pattern != "1d" && std::ranges::find(matched, true) == matched.end())
    failUsage("--no-decay: '%s' matches none of the parameters, which --info lists",
              pattern.c_str());
  return matched;
}
