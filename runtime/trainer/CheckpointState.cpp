//===- CheckpointState.cpp - The JSON file of a checkpoint ----------------===//
#include "trainer/CheckpointState.h"

#include "trainer/Error.h"
#include "trainer/Files.h"
#include "trainer/Json.h"

#include <nlohmann/json.hpp>

using namespace dsc;
using nlohmann::ordered_json;

const char *const dsc::optimizerCountKey = "optimizer_count";

namespace {

constexpr const char *checksumKey = "crc32", *versionKey = "version";
constexpr int64_t knownVersion = 1;
constexpr size_t longestText = 1 << 16; // what is written has a few hundred bytes

/// Of the text that nlohmann writes, which the order of the fields is a part of.
uint32_t jsonChecksum(const ordered_json &json) {
  std::string text = json.dump();
  return checksumOf(text.data(), text.size());
}

RunState runFrom(const ordered_json &json) {
  RunState run;
  run.step = readInteger(json.at("step"), 0, "step");
  run.updateCount = readInteger(json.at(optimizerCountKey), 0, optimizerCountKey);
  if (!json.at("seed").is_number_integer()) // any of them
    failInput("seed must be an integer");
  run.seed = json.at("seed").get<int64_t>();
  run.shuffle = json.at("shuffle").get<bool>();
  run.samples = readInteger(json.at("samples"), 0, "samples");
  if (json.contains("best_eval_loss"))
    run.bestLoss = json.at("best_eval_loss").get<double>();
  return run;
}

/// Says why the state, which is whole, cannot be read; empty where it can.
std::string whyUnknown(const ordered_json &json) {
  if (!json.contains(versionKey))
    return "its state has no version";
  if (json[versionKey] != knownVersion)
    return "its state is of version " + json[versionKey].dump().substr(0, 20) +
           ", and this trainer knows version " + std::to_string(knownVersion);
  return "";
}

CheckpointState stateFrom(const ordered_json &json) {
  CheckpointState state;
  state.whyUnknown = whyUnknown(json);
  if (!state.whyUnknown.empty())
    return state;
  state.run = runFrom(json);
  state.sequence = readInteger(json.at("sequence"), 1, "sequence");
  state.model = json.at("model").get<std::string>();
  state.modelHash = json.at("model_hash").get<std::string>();
  const ordered_json &tensors = json.at("tensors");
  state.tensorFile = tensors.at("file").get<std::string>();
  state.tensorBytes = static_cast<uint64_t>(readInteger(tensors.at("bytes"), 0, "bytes"));
  state.tensorChecksum = static_cast<uint32_t>(readInteger(tensors.at("crc32"), 0, "crc32"));
  return state;
}

} // namespace

std::string dsc::stateText(const CheckpointState &state) {
  ordered_json json = {{versionKey, knownVersion},
                       {"model", state.model},
                       {"model_hash", state.modelHash},
                       {"step", state.run.step},
                       {optimizerCountKey, state.run.updateCount},
                       {"seed", state.run.seed},
                       {"shuffle", state.run.shuffle},
                       {"samples", state.run.samples},
                       {"sequence", state.sequence}};
  if (state.run.bestLoss)
    json["best_eval_loss"] = *state.run.bestLoss;
  json["tensors"] = {
      {"file", state.tensorFile}, {"bytes", state.tensorBytes}, {"crc32", state.tensorChecksum}};
  json[checksumKey] = jsonChecksum(json);
  return json.dump(2) + "\n";
}

CheckpointState dsc::parseState(std::string_view text, const std::string &source) {
  if (text.size() > longestText)
    failInput("%s is too long for the state of a checkpoint", source.c_str());
  auto json = parseJson<ordered_json>(text, source);
  try {
    int64_t checksum = readInteger(json.at(checksumKey), 0, checksumKey);
    json.erase(checksumKey);
    if (checksum != jsonChecksum(json))
      failInput("the checksum of its state file is wrong");
    return stateFrom(json);
  } catch (const nlohmann::json::exception &error) {
    failInput("%s is not the state of a checkpoint (%s)", source.c_str(), error.what());
  }
}
