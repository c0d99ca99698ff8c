//===- Model.h - The compiled model with its memory -----------------------===//
//
// Arena, scalars and programs in one: what the loop trains. Weights come in and
// go out by name; a step is "set the scalars, run a program, read a result".
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_MODEL_H
#define DSC_RUNTIME_TRAINER_MODEL_H

#include "trainer/Arena.h"
#include "trainer/Batches.h"
#include "trainer/Executor.h"
#include "trainer/Module.h"
#include "trainer/Safetensors.h"

#include <map>

namespace dsc {

/// The values behind the scalars of a step.
struct StepValues {
  double lr = 0, momentum = 0, beta1 = 0, beta2 = 0, eps = 0, weightDecay = 0;
  double clipNorm = 0; // infinity when off
  int64_t seed = 0;
  int64_t step = 1;        // from 1
  int64_t updateCount = 1; // the optimizer's count of this update, from 1
};

class Model {
public:
  Model(const ModuleInfo &info, Trace *trace);
  ~Model();

  const ModuleInfo &info;

  /// Parameters that keep weight_decay at 0.
  void setUndecayed(std::vector<bool> parameters) { undecayed = std::move(parameters); }
  void setScalars(const StepValues &values);

  /// The batch that will come next, or null where that is not known yet.
  using NextBatch = std::function<const Batch *()>;

  /// One step. While it runs, the device may fetch the next batch.
  void train(const Batch &batch, const NextBatch &next) {
    run(trainExecutor, info.train, batch, next);
  }
  void gradients(const Batch &batch) { run(gradientsExecutor, info.gradients, batch, noBatch); }
  void evaluate(const Batch &batch) { run(evaluateExecutor, info.evaluate, batch, noBatch); }

  /// A tensor's elements as the host sees them, until the next program or load.
  const char *data(const TensorInfo &tensor) const;
  /// Element `index` of a result of a program; `fallback` where the program has no such result.
  double result(const ProgramInfo &program, const char *name, int64_t index = 0,
                double fallback = 0) const;

  /// Copies every tensor of `tensors` from the image, converting floats; a missing or mis-shaped
  /// name is an error naming it and `source`.
  void load(const std::vector<TensorInfo> &tensors, const Safetensors &image,
            const std::string &source);
  /// The same for one stored tensor.
  void load(const TensorInfo &tensor, const StoredTensor &stored, const std::string &source);
  /// Views of tensors, to be written.
  std::vector<TensorToWrite> view(const std::vector<TensorInfo> &tensors) const;

private:
  static const Batch *noBatch() { return nullptr; }
  void run(std::optional<Executor> &executor, const ProgramInfo &program, const Batch &batch,
           const NextBatch &next);
  double scalarValue(const ScalarInfo &scalar, const StepValues &values) const;
  void storeScalar(const ScalarInfo &scalar, const StepValues &values, char *cell) const;
  /// Lets `fill` write a tensor's elements, wherever they are.
  void store(const TensorInfo &tensor, const std::function<void(char *)> &fill);
  /// The same for elements of its own type.
  void write(const TensorInfo &tensor, const void *elements);
  void stageInputs(const ProgramInfo &program, const Batch &batch);
  void prefetchInputs(const ProgramInfo &program, const Batch &batch);

  Arena arena;
  /// Copies of tensors that the host asked for, by offset.
  mutable std::map<int64_t, std::vector<char>> copies;
  char *constants = nullptr; // the device's copy where it cannot see the host's
  std::optional<Executor> trainExecutor, gradientsExecutor, evaluateExecutor;
  std::vector<bool> undecayed;
  std::vector<InputRows> rows; // of the program that runs
};

/// Which parameters `--no-decay PATTERN` names: a regex, or "1d" for all of at most one dimension.
std::vector<bool> matchUndecayed(const ModuleInfo &info, const std::string &pattern);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_MODEL_H
