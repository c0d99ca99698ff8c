//===- Loop.h - The training loop -----------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_LOOP_H
#define DSC_RUNTIME_TRAINER_LOOP_H

#include "trainer/Checkpoint.h"
#include "trainer/LossCurve.h"
#include "trainer/Metrics.h"
#include "trainer/Options.h"
#include "trainer/Order.h"
#include "trainer/Progress.h"
#include "trainer/Summary.h"
#include "trainer/Trace.h"

namespace dsc {

/// Runs steps until the end, a signal, or a loss that is not finite. A step is: take the batch,
/// set the scalars, run the program, report; then evaluation and checkpoint where they are due.
class TrainingLoop {
public:
  struct Parts {
    Model &model;
    const Dataset &data;
    const Dataset *evaluation;    // may be null
    CheckpointStore *checkpoints; // may be null
    MetricsFile &metrics;
    LossCurve &curve;
    Trace *trace; // may be null
  };
  TrainingLoop(const Options &options, const Parts &parts, const SampleOrder &order);

  /// Continues at `state`, which is kept up to date; trains up to step `total`.
  void run(RunState &state, int64_t total);

private:
  void step(BatchStream &batches);
  double readLoss() const;
  void report(double loss, double milliseconds);
  void requireFinite(double loss) const;
  void afterStep(bool isLast);
  void evaluateNow();
  void checkpointNow();

  const Options &options;
  Parts parts;
  SampleOrder order;
  RunState *state = nullptr;
  Progress *progress = nullptr;
  StepTimes times;
};

/// The scalars of step `step` (from 1), whose update is the optimizer's `updateCount`-th.
StepValues stepValues(const Options &options, int64_t step, int64_t updateCount);

/// Draws the batches of a training run in `order`.
BatchPlan trainingPlan(const SampleOrder &order);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_LOOP_H
