//===- Checkpoint.h - What a run needs to go on ---------------------------===//
//
// DIR/step-00001000.safetensors holds parameters, optimizer state and model
// state under their ONNX names; DIR/step-00001000.json, written after it, the
// position of the run and a checksum of the tensors. A checkpoint is whole when
// both checksums hold. The newest is the one with the highest sequence number,
// which counts what was written to the directory: a run that starts over in a
// used directory is newer than the one before it.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_CHECKPOINT_H
#define DSC_RUNTIME_TRAINER_CHECKPOINT_H

#include "trainer/CheckpointState.h"
#include "trainer/Files.h"
#include "trainer/Model.h"

namespace dsc {

class CheckpointStore {
public:
  /// `keep`: how many of the newest stay; 0: all.
  CheckpointStore(const std::string &directory, int64_t keep);
  /// A directory that it made goes again if nothing was saved to it.
  ~CheckpointStore();
  CheckpointStore(const CheckpointStore &) = delete;
  CheckpointStore &operator=(const CheckpointStore &) = delete;

  void save(const Model &model, const RunState &state);
  /// Loads the newest whole checkpoint into the model; says on stderr which ones it had to skip.
  /// Nothing when there is none.
  std::optional<RunState> resume(Model &model);
  /// Replaces DIR/best.safetensors.
  void saveBest(const Model &model, const RunState &state);

private:
  struct Entry {
    std::string stem; // path without suffix
    CheckpointState state;
    std::string damage; // why it cannot be read; empty when the state file is whole
  };
  std::vector<Entry> list() const; // newest first
  static void sortNewestFirst(std::vector<Entry> &entries);
  int64_t nextSequence() const;
  static Entry readEntry(const std::string &stem);
  static std::string whyDamaged(const Entry &entry, const MappedFile &tensors);
  static void requireOwn(const Entry &entry, const ModuleInfo &info);
  bool load(Entry &entry, Model &model);
  void prune();
  void removeOrphans() const;

  std::string directory;
  std::string created; // the outermost directory that was made for it
  int64_t keep;
};

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_CHECKPOINT_H
