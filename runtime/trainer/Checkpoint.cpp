//===- Checkpoint.cpp - What a run needs to go on -------------------------===//
#include "trainer/Checkpoint.h"

#include "trainer/Error.h"
#include "trainer/Files.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

using namespace dsc;
using nlohmann::ordered_json;
namespace fs = std::filesystem;

const char *const dsc::optimizerCountKey = "optimizer_count";

namespace {

constexpr const char *filePrefix = "step-", *stateSuffix = ".json";
constexpr const char *tensorSuffix = ".safetensors";
constexpr const char *checksumKey = "crc32";

bool startsWith(const std::string &text, const char *prefix) { return text.rfind(prefix, 0) == 0; }

/// What a killed process left: "step-….tmp1234", "best….tmp1234".
bool isLeftover(const std::string &name) {
  size_t suffix = name.rfind(".tmp");
  bool ours = startsWith(name, filePrefix) || startsWith(name, "best.");
  return ours && suffix != std::string::npos && suffix + 4 < name.size() &&
         name.find_first_not_of("0123456789", suffix + 4) == std::string::npos;
}

/// Of the directories that `path` leads through, the first that does not exist; or empty.
std::string firstMissing(const fs::path &path) {
  fs::path prefix;
  for (const fs::path &part : path) {
    prefix /= part;
    if (part.empty() || fs::exists(prefix))
      continue;
    return prefix.string();
  }
  return "";
}

uint32_t jsonChecksum(const ordered_json &json) {
  std::string text = json.dump();
  return checksumOf(text.data(), text.size());
}

ordered_json stateJson(const Model &model, const RunState &state, int64_t sequence,
                       const std::string &tensorFile, const AtomicFile &tensors) {
  ordered_json json = {{"version", 1},
                       {"model", model.info.model},
                       {"model_hash", model.info.modelHash},
                       {"step", state.step},
                       {optimizerCountKey, state.updateCount},
                       {"seed", state.seed},
                       {"shuffle", state.shuffle},
                       {"samples", state.samples},
                       {"sequence", sequence}};
  if (state.bestLoss)
    json["best_eval_loss"] = *state.bestLoss;
  json["tensors"] = {
      {"file", tensorFile}, {"bytes", tensors.size()}, {"crc32", tensors.checksum()}};
  json[checksumKey] = jsonChecksum(json);
  return json;
}

RunState stateFrom(const ordered_json &json) {
  RunState state;
  state.step = json.at("step");
  state.updateCount = json.at(optimizerCountKey);
  state.seed = json.at("seed");
  state.shuffle = json.at("shuffle");
  state.samples = json.at("samples");
  if (json.contains("best_eval_loss"))
    state.bestLoss = json.at("best_eval_loss").get<double>();
  return state;
}

std::map<std::string, std::string> metadataOf(const Model &model, const RunState &state) {
  return {{"format", "pt"},
          {"model", model.info.model},
          {"step", std::to_string(state.step)},
          {optimizerCountKey, std::to_string(state.updateCount)}};
}

} // namespace

CheckpointStore::CheckpointStore(const std::string &directory, int64_t keep)
    : directory(directory), created(firstMissing(directory)), keep(keep) {
  requireWritableDirectory(directory, "--checkpoint-dir");
  for (const auto &item : fs::directory_iterator(directory))
    if (isLeftover(item.path().filename().string()))
      fs::remove(item.path());
}

CheckpointStore::~CheckpointStore() {
  std::error_code ignored; // a directory that holds anything stays
  for (fs::path path = directory; !created.empty(); path = path.parent_path()) {
    if (!path.has_filename()) // "a/b/"
      continue;
    if (!fs::remove(path, ignored) || path == created)
      return;
  }
}

CheckpointStore::Entry CheckpointStore::readEntry(const std::string &stem) {
  Entry entry;
  entry.stem = stem;
  try {
    MappedFile file(stem + stateSuffix, "the checkpoint");
    ordered_json json = ordered_json::parse(file.bytes());
    uint32_t checksum = json.at(checksumKey);
    json.erase(checksumKey);
    entry.sequence = json.at("sequence");
    entry.state = stateFrom(json);
    entry.tensorBytes = json.at("tensors").at("bytes");
    entry.tensorChecksum = json.at("tensors").at("crc32");
    if (checksum != jsonChecksum(json))
      entry.damage = "the checksum of its state file is wrong";
  } catch (const std::exception &error) { // a damaged file, whatever way it is damaged
    entry.damage = "its state file cannot be read";
  }
  return entry;
}

std::vector<CheckpointStore::Entry> CheckpointStore::list() const {
  std::vector<Entry> entries;
  for (const auto &item : fs::directory_iterator(directory)) {
    std::string name = item.path().filename().string();
    if (startsWith(name, filePrefix) && item.path().extension() == stateSuffix)
      entries.push_back(readEntry(directory + "/" + item.path().stem().string()));
  }
  // Where the sequence number was lost, the name still says where it belongs in most cases.
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
    bool known = a.sequence > 0 && b.sequence > 0;
    return known && a.sequence != b.sequence ? a.sequence > b.sequence : a.stem > b.stem;
  });
  return entries;
}

std::string CheckpointStore::whyDamaged(const Entry &entry, const MappedFile &tensors) {
  if (tensors.size() != entry.tensorBytes)
    return format("its tensors have %zu bytes of %llu", tensors.size(),
                  static_cast<unsigned long long>(entry.tensorBytes));
  if (checksumOf(tensors.data(), tensors.size()) != entry.tensorChecksum)
    return "the checksum of its tensors is wrong";
  return "";
}

bool CheckpointStore::load(Entry &entry, Model &model) {
  std::string path = entry.stem + tensorSuffix;
  MappedFile tensors;
  if (entry.damage.empty() && !fs::exists(path))
    entry.damage = "its tensors are missing";
  if (entry.damage.empty()) {
    tensors = MappedFile(path, "the checkpoint");
    entry.damage = whyDamaged(entry, tensors);
  }
  if (!entry.damage.empty()) {
    fprintf(stderr, "warning: checkpoint %s is damaged (%s); trying the one before it\n",
            entry.stem.c_str(), entry.damage.c_str());
    return false;
  }
  model.load(model.info.trainingState(), readSafetensors(tensors.bytes(), path), path);
  return true;
}

std::optional<RunState> CheckpointStore::resume(Model &model) {
  std::vector<Entry> entries = list();
  for (Entry &entry : entries)
    if (load(entry, model))
      return entry.state;
  if (!entries.empty())
    fprintf(stderr, "warning: no whole checkpoint in %s; starting at step 1\n", directory.c_str());
  return std::nullopt;
}

void CheckpointStore::save(const Model &model, const RunState &state) {
  int64_t sequence = 1;
  for (const Entry &entry : list())
    sequence = std::max(sequence, entry.sequence + 1);
  std::string name = format("%s%08lld", filePrefix, static_cast<long long>(state.step));
  AtomicFile tensors(directory + "/" + name + tensorSuffix);
  writeSafetensors(tensors, model.view(model.info.trainingState()), metadataOf(model, state));
  ordered_json json = stateJson(model, state, sequence, name + tensorSuffix, tensors);
  AtomicFile stateFile(directory + "/" + name + stateSuffix);
  stateFile.write(json.dump(2) + "\n");
  stateFile.sync(); // both are on the disk before either gets its name
  tensors.commit();
  stateFile.commit();
  prune();
}

void CheckpointStore::prune() {
  if (keep == 0)
    return;
  std::vector<Entry> entries = list();
  for (size_t i = size_t(keep); i < entries.size(); ++i) {
    fs::remove(entries[i].stem + stateSuffix); // first: without it the tensors do not count
    fs::remove(entries[i].stem + tensorSuffix);
  }
}

void CheckpointStore::saveBest(const Model &model, const RunState &state) {
  AtomicFile file(directory + "/best" + tensorSuffix);
  writeSafetensors(file, model.view(model.info.trainingState()), metadataOf(model, state));
  file.commit();
}
