//===- Checkpoint.cpp - What a run needs to go on -------------------------===//
#include "trainer/Checkpoint.h"

#include "trainer/Error.h"
#include "trainer/Files.h"

#include <algorithm>
#include <filesystem>
#include <tuple>

using namespace dsc;
namespace fs = std::filesystem;

namespace {

constexpr const char *filePrefix = "step-", *stateSuffix = ".json";
constexpr const char *tensorSuffix = ".safetensors";

bool startsWith(const std::string &text, const char *prefix) { return text.rfind(prefix, 0) == 0; }

bool isOwnLeftover(const std::string &name) {
  return isLeftover(name) && (startsWith(name, filePrefix) || startsWith(name, "best."));
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
    if (isOwnLeftover(item.path().filename().string()))
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
    entry.state = parseState(file.bytes(), stem + stateSuffix);
  } catch (const TrainerError &error) {
    entry.damage = error.what();
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
  sortNewestFirst(entries);
  return entries;
}

/// Where the sequence number was lost, the name still says where it belongs in most cases: behind
/// the entry whose name comes before.
void CheckpointStore::sortNewestFirst(std::vector<Entry> &entries) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry &a, const Entry &b) { return a.stem < b.stem; });
  int64_t last = 0;
  for (Entry &entry : entries)
    if (entry.state.sequence == 0)
      entry.state.sequence = last;
    else
      last = entry.state.sequence;
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
    return std::tie(a.state.sequence, a.stem) > std::tie(b.state.sequence, b.stem);
  });
}

std::string CheckpointStore::whyDamaged(const Entry &entry, const MappedFile &tensors) {
  if (tensors.size() != entry.state.tensorBytes)
    return format("its tensors have %zu bytes of %llu", tensors.size(),
                  static_cast<unsigned long long>(entry.state.tensorBytes));
  if (checksumOf(tensors.data(), tensors.size()) != entry.state.tensorChecksum)
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

/// A whole checkpoint of something else is not damage: going on from another one, or from the
/// start, would not be what was asked for.
void CheckpointStore::requireOwn(const Entry &entry, const ModuleInfo &info) {
  if (!entry.damage.empty())
    return;
  const CheckpointState &state = entry.state;
  if (!state.whyUnknown.empty())
    failInput("--resume: checkpoint %s cannot be used: %s", entry.stem.c_str(),
              state.whyUnknown.c_str());
  if (state.modelHash != info.modelHash)
    failInput("--resume: checkpoint %s is of another model, %.80s (hash %.80s, not %s)",
              entry.stem.c_str(), state.model.c_str(), state.modelHash.c_str(),
              info.modelHash.c_str());
}

std::optional<RunState> CheckpointStore::resume(Model &model) {
  std::vector<Entry> entries = list();
  for (Entry &entry : entries) {
    requireOwn(entry, model.info);
    if (load(entry, model))
      return entry.state.run;
  }
  if (!entries.empty())
    fprintf(stderr, "warning: no whole checkpoint in %s; starting at step 1\n", directory.c_str());
  return std::nullopt;
}

int64_t CheckpointStore::nextSequence() const {
  int64_t last = 0;
  for (const Entry &entry : list())
    last = std::max(last, entry.state.sequence);
  return last + 1;
}

void CheckpointStore::save(const Model &model, const RunState &state) {
  std::string name = format("%s%08lld", filePrefix, static_cast<long long>(state.step));
  AtomicFile tensors(directory + "/" + name + tensorSuffix);
  writeSafetensors(tensors, model.view(model.info.trainingState()), metadataOf(model, state));
  AtomicFile stateFile(directory + "/" + name + stateSuffix);
  stateFile.write(stateText({state, nextSequence(), model.info.model, model.info.modelHash,
                             name + tensorSuffix, tensors.size(), tensors.checksum()}));
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
  removeOrphans();
}

/// Tensors whose state was never written, or is gone: a process was killed between the two.
void CheckpointStore::removeOrphans() const {
  std::vector<fs::path> orphans;
  for (const auto &item : fs::directory_iterator(directory)) {
    fs::path path = item.path(), state = path;
    bool isTensors =
        startsWith(path.filename().string(), filePrefix) && path.extension() == tensorSuffix;
    if (isTensors && !fs::exists(state.replace_extension(stateSuffix)))
      orphans.push_back(path);
  }
  for (const fs::path &path : orphans)
    fs::remove(path);
}

void CheckpointStore::saveBest(const Model &model, const RunState &state) {
  AtomicFile file(directory + "/best" + tensorSuffix);
  writeSafetensors(file, model.view(model.info.trainingState()), metadataOf(model, state));
  file.commit();
}
