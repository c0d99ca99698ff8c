//===- Module.h - What the compiled model says about itself ---------------===//
//
// `dscModule.description` (docs/TrainerFormat.md) as structs, checked against
// the program tables: what the data must hold, where tensors and scalars lie,
// what each program reads and gives.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_MODULE_H
#define DSC_RUNTIME_TRAINER_MODULE_H

#include "device/Device.h"
#include "trainer/Types.h"

namespace dsc {

/// A tensor with a name and, where it lies in the arena, its offset.
struct TensorInfo {
  std::string name;
  DscType type = DSC_F32;
  Shape shape;
  int64_t offset = 0;

  int64_t elements() const { return numElements(shape); }
  size_t bytes() const { return static_cast<size_t>(elements()) * typeSize(type); }
};

/// An array the data must have, over the whole global batch.
struct InputInfo : TensorInfo {
  bool isLabels = false;
  int64_t classes = 0;                // 0: not class labels
  std::optional<int64_t> ignoreIndex; // a label that does not count
  int64_t indexBound = 0;             // 0: any value

  /// Shape and bytes of one sample.
  Shape sampleShape() const { return Shape(shape.begin() + 1, shape.end()); }
  size_t sampleBytes() const { return bytes() / static_cast<size_t>(shape[0]); }
};

struct ParameterInfo : TensorInfo {
  std::vector<TensorInfo> optimizerState; // named as in checkpoints: "<parameter>.<slot>"
};

/// A cell of the arena that the runtime writes before a step.
struct ScalarInfo : TensorInfo {
  std::string parameter; // for weight_decay
};

struct ProgramInfo {
  const DscProgram *table = nullptr;
  std::vector<int> inputs; // indices into ModuleInfo::inputs, in the order of spaces 2, 3, …
  int64_t rows = 0;        // samples that one run covers: the batch, or fewer when evaluating
  std::vector<TensorInfo> results;

  const TensorInfo *findResult(std::string_view name) const;
};

struct ModuleInfo {
  std::string model, modelHash, source, target, cpu, precision, optimizer, loss;
  std::string wholeBatches; // why evaluation cannot fill a batch with copies; empty: it can
  int64_t batch = 1, microbatches = 1, arenaBytes = 0;
  bool clip = false;
  double predictedStepSeconds = 0;
  std::vector<std::pair<std::string, int64_t>> memory; // predicted peak by class, bytes
  int64_t scratchBytes = 0;                            // of it the routines' working memory
  std::vector<std::string> libraries;
  Algorithms algorithms; // that the plan pins
  std::vector<InputInfo> inputs;
  std::vector<ParameterInfo> parameters;
  std::vector<TensorInfo> state;
  std::vector<ScalarInfo> scalars;
  ProgramInfo train, gradients, evaluate; // table is null where the model has none
  const void *constants = nullptr;
  int64_t constantsBytes = 0;

  bool readsScalar(std::string_view name) const;
  /// All classes of memory together; 0 where nothing was predicted.
  int64_t predictedBytes() const;
  /// Parameters and state: what the weights image holds.
  std::vector<TensorInfo> weights() const;
  /// The same and the optimizer's state: what a checkpoint holds.
  std::vector<TensorInfo> trainingState() const;
  /// The integer input [B, T] of a token model (its only input besides labels), or null.
  const InputInfo *tokenInput() const;
};

/// Fails with an internal error when the description contradicts itself or the tables.
ModuleInfo readModule(const DscModule &module);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_MODULE_H
