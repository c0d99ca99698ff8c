//===- CheckpointState.h - The JSON file of a checkpoint ------------------===//
#ifndef DSC_RUNTIME_TRAINER_CHECKPOINTSTATE_H
#define DSC_RUNTIME_TRAINER_CHECKPOINTSTATE_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dsc {

/// The position of a run. Order and dropout are functions of seed and step, so this is all.
struct RunState {
  int64_t step = 0;        // steps done
  int64_t updateCount = 0; // the optimizer's count
  int64_t seed = 0;
  bool shuffle = true;
  int64_t samples = 0; // of the training data
  std::optional<double> bestLoss;
};

/// A run's position, and the file of tensors that belongs to it.
struct CheckpointState {
  RunState run;
  int64_t sequence = 0; // counts what was written to the directory, from 1
  std::string model, modelHash;
  std::string tensorFile;
  uint64_t tensorBytes = 0;
  uint32_t tensorChecksum = 0;
  std::string whyUnknown = {}; // of a version that is not ours: nothing else is set
};

/// The text of a state file, with a checksum of itself.
std::string stateText(const CheckpointState &state);

/// Reads it; fails, naming `source`, where anything is missing or makes no sense, or the
/// checksum is wrong.
CheckpointState parseState(std::string_view text, const std::string &source);

/// What `optimizer_count` in the metadata of a safetensors file is called.
extern const char *const optimizerCountKey;

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_CHECKPOINTSTATE_H
