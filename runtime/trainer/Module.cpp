//===- Module.cpp - What the compiled model says about itself -------------===//
#include "trainer/Module.h"

#include "trainer/Error.h"
#include "trainer/PinnedPlan.h"

#include <nlohmann/json.hpp>

using namespace dsc;
using nlohmann::ordered_json;

namespace {

void readTensor(const ordered_json &json, TensorInfo &tensor) {
  tensor.name = json.at("name");
  std::string type = json.value("dtype", "f32");
  std::optional<DscType> known = typeFromName(type);
  if (!known)
    failInternal("description: '%s' has the unknown dtype '%s'", tensor.name.c_str(), type.c_str());
  tensor.type = *known;
  tensor.shape = json.value("shape", Shape());
  tensor.offset = json.value("offset", int64_t(0));
}

InputInfo readInput(const ordered_json &json, int64_t batch) {
  InputInfo input;
  readTensor(json, input);
  input.isLabels = json.value("labels", false);
  input.classes = json.value("classes", int64_t(0));
  input.indexBound = json.value("index_bound", int64_t(0));
  if (json.contains("ignore_index"))
    input.ignoreIndex = json.at("ignore_index").get<int64_t>();
  if (input.shape.empty() || input.shape[0] != batch)
    failInternal("description: input '%s' of shape %s does not start with the batch %ld",
                 input.name.c_str(), shapeText(input.shape).c_str(), long(batch));
  return input;
}

ParameterInfo readParameter(const ordered_json &json) {
  ParameterInfo parameter;
  readTensor(json, parameter);
  for (const ordered_json &slot : json.value("optimizer_state", ordered_json::array())) {
    TensorInfo tensor;
    readTensor(slot, tensor);
    tensor.name = parameter.name + "." + tensor.name;
    if (!slot.contains("shape"))
      tensor.shape = parameter.shape;
    if (!slot.contains("dtype"))
      tensor.type = parameter.type;
    parameter.optimizerState.push_back(tensor);
  }
  return parameter;
}

ScalarInfo readScalar(const ordered_json &json) {
  ScalarInfo scalar;
  readTensor(json, scalar);
  scalar.parameter = json.value("parameter", "");
  return scalar;
}

const DscProgram *findTable(const DscModule &module, const std::string &name) {
  for (int32_t i = 0; i < module.numPrograms; ++i)
    if (module.programs[i].name == name)
      return &module.programs[i];
  failInternal("description: program '%s' has no table", name.c_str());
}

int findInput(const ModuleInfo &info, const std::string &name) {
  for (size_t i = 0; i < info.inputs.size(); ++i)
    if (info.inputs[i].name == name)
      return static_cast<int>(i);
  failInternal("description: a program reads the unknown input '%s'", name.c_str());
}

ProgramInfo readProgram(const DscModule &module, const ModuleInfo &info, const ordered_json &all,
                        const std::string &name) {
  ProgramInfo program;
  if (!all.contains(name))
    return program;
  program.table = findTable(module, name);
  for (const std::string input : all[name].at("inputs"))
    program.inputs.push_back(findInput(info, input));
  for (const ordered_json &result : all[name].at("results"))
    readTensor(result, program.results.emplace_back());
  // Evaluation may cover the rows of a micro-batch only; its results per sample tell.
  const TensorInfo *loss = name == "evaluate" ? program.findResult("loss_sum") : nullptr;
  program.rows =
      all[name].value("rows", loss && !loss->shape.empty() ? loss->shape[0] : info.batch);
  return program;
}

void requireInArena(const TensorInfo &tensor, const ModuleInfo &info) {
  if (tensor.offset < 0 || tensor.offset + int64_t(tensor.bytes()) > info.arenaBytes)
    failInternal("description: '%s' lies outside the arena", tensor.name.c_str());
}

void requireAllInArena(const ModuleInfo &info) {
  for (const TensorInfo &tensor : info.trainingState())
    requireInArena(tensor, info);
  for (const ScalarInfo &scalar : info.scalars)
    requireInArena(scalar, info);
  for (const ProgramInfo *program : {&info.train, &info.gradients, &info.evaluate})
    for (const TensorInfo &result : program->results)
      requireInArena(result, info);
}

void readLists(const ordered_json &json, ModuleInfo &info) {
  ordered_json memory = json.value("memory", ordered_json::object());
  for (const auto &[name, bytes] : memory.items())
    info.memory.emplace_back(name, bytes.get<int64_t>());
  info.scratchBytes = json.value("scratch_bytes", int64_t(0));
  info.libraries = json.value("libraries", std::vector<std::string>());
  for (const ordered_json &input : json.at("inputs"))
    info.inputs.push_back(readInput(input, info.batch));
  for (const ordered_json &parameter : json.at("parameters"))
    info.parameters.push_back(readParameter(parameter));
  for (const ordered_json &state : json.value("state", ordered_json::array()))
    readTensor(state, info.state.emplace_back());
  for (const ordered_json &scalar : json.value("scalars", ordered_json::array()))
    info.scalars.push_back(readScalar(scalar));
}

ModuleInfo readDescription(const DscModule &module, const ordered_json &json) {
  ModuleInfo info;
  info.model = json.value("model", "");
  info.modelHash = json.value("model_hash", "");
  info.source = json.value("source", "");
  info.target = json.value("target", "cpu");
  info.cpu = json.value("cpu", "");
  info.precision = json.value("precision", "fp32");
  info.optimizer = json.value("optimizer", "");
  info.loss = json.value("loss", "");
  info.wholeBatches = json.value("whole_batches", "");
  info.batch = json.at("batch");
  info.microbatches = json.value("microbatches", int64_t(1));
  info.arenaBytes = json.at("arena_bytes");
  info.clip = json.value("clip", false);
  info.predictedStepSeconds = json.value("predicted_step_seconds", 0.0);
  info.constants = module.constants;
  info.constantsBytes = module.constantsBytes;
  readLists(json, info);
  if (json.contains("matmul_algorithms"))
    info.algorithms = readAlgorithms(nlohmann::json(json["matmul_algorithms"]), "description");
  const ordered_json &programs = json.at("programs");
  info.train = readProgram(module, info, programs, "train");
  info.gradients = readProgram(module, info, programs, "gradients");
  info.evaluate = readProgram(module, info, programs, "evaluate");
  requireAllInArena(info);
  return info;
}

} // namespace

const TensorInfo *ProgramInfo::findResult(std::string_view name) const {
  for (const TensorInfo &result : results)
    if (result.name == name)
      return &result;
  return nullptr;
}

int64_t ModuleInfo::predictedBytes() const {
  int64_t bytes = 0;
  for (const auto &[name, part] : memory)
    bytes += part;
  return bytes;
}

bool ModuleInfo::readsScalar(std::string_view name) const {
  for (const ScalarInfo &scalar : scalars)
    if (scalar.name == name)
      return true;
  return false;
}

std::vector<TensorInfo> ModuleInfo::weights() const {
  std::vector<TensorInfo> tensors(parameters.begin(), parameters.end());
  tensors.insert(tensors.end(), state.begin(), state.end());
  return tensors;
}

std::vector<TensorInfo> ModuleInfo::trainingState() const {
  std::vector<TensorInfo> tensors = weights();
  for (const ParameterInfo &parameter : parameters)
    tensors.insert(tensors.end(), parameter.optimizerState.begin(), parameter.optimizerState.end());
  return tensors;
}

const InputInfo *ModuleInfo::tokenInput() const {
  const InputInfo *tokens = nullptr;
  for (const InputInfo &input : inputs) {
    if (input.isLabels)
      continue;
    if (tokens || isFloat(input.type) || input.shape.size() != 2)
      return nullptr;
    tokens = &input;
  }
  return tokens;
}

ModuleInfo dsc::readModule(const DscModule &module) {
  if (module.abiVersion != DSC_ABI_VERSION)
    failInternal("the compiled model has ABI version %d, the runtime %d", module.abiVersion,
                 DSC_ABI_VERSION);
  try {
    const char *text = module.description;
    return readDescription(module, ordered_json::parse(text, text + module.descriptionBytes));
  } catch (const nlohmann::json::exception &error) {
    failInternal("the model's description cannot be read: %s", error.what());
  }
}
