//===- Loop.cpp - The training loop ---------------------------------------===//
#include "trainer/Loop.h"

#include "trainer/Error.h"
#include "trainer/Signals.h"

#include <cmath>

using namespace dsc;

namespace {

double millisecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

bool isDue(int64_t step, int64_t every) { return every > 0 && step % every == 0; }

} // namespace

StepValues dsc::stepValues(const Options &options, int64_t step, int64_t updateCount) {
  StepValues values;
  values.lr = options.schedule.at(step);
  values.momentum = options.momentum;
  values.beta1 = options.beta1;
  values.beta2 = options.beta2;
  values.eps = options.eps;
  values.weightDecay = options.weightDecay;
  values.clipNorm = options.clipNorm.value_or(INFINITY);
  values.seed = options.seed;
  values.step = step;
  values.updateCount = updateCount;
  return values;
}

BatchPlan dsc::trainingPlan(const SampleOrder &order) {
  return [order](int64_t step, std::vector<int64_t> &samples) {
    int64_t first = step * static_cast<int64_t>(samples.size());
    for (size_t row = 0; row < samples.size(); ++row)
      samples[row] = order.at(first + static_cast<int64_t>(row));
    return static_cast<int64_t>(samples.size());
  };
}

TrainingLoop::TrainingLoop(const Options &options, const Parts &parts, const SampleOrder &order)
    : options(options), parts(parts), order(order) {}

void TrainingLoop::run(RunState &runState, int64_t total) {
  state = &runState;
  int64_t first = state->step;
  if (first >= total)
    return;
  Progress shown(first + 1, total);
  progress = &shown;
  const ModuleInfo &info = parts.model.info;
  BatchStream batches(parts.data, info, info.batch, trainingPlan(order), first, total);
  while (state->step < total && !stopRequested()) {
    auto start = std::chrono::steady_clock::now();
    step(batches);
    double loss = readLoss();
    double milliseconds = millisecondsSince(start);
    times.add(milliseconds);
    report(loss, milliseconds);
    requireFinite(loss);
    afterStep(state->step == total || stopRequested());
  }
  if (stopRequested())
    progress->note(
        format("stopped by a signal after step %lld", static_cast<long long>(state->step)));
  if (std::string summary = summaryText(info, times); !summary.empty())
    progress->note(summary);
}

void TrainingLoop::step(BatchStream &batches) {
  const Batch &batch = batches.next();
  TraceSpan span(parts.trace, format("step %lld", static_cast<long long>(state->step + 1)));
  ++state->step;
  ++state->updateCount;
  parts.model.setScalars(stepValues(options, state->step, state->updateCount));
  parts.model.train(batch, [&] { return batches.peek(); });
}

double TrainingLoop::readLoss() const {
  const ProgramInfo &train = parts.model.info.train;
  double count = parts.model.result(train, "count", 0, 1);
  if (count == 0)
    failInput("step %lld: no target of the batch counts, all equal the model's ignore index; "
              "check the labels of %s",
              static_cast<long long>(state->step), options.data.c_str());
  return parts.model.result(train, "loss_sum") / count;
}

void TrainingLoop::report(double loss, double milliseconds) {
  const ModuleInfo &info = parts.model.info;
  StepMetrics metrics;
  metrics.step = state->step;
  metrics.loss = loss;
  metrics.lr = options.schedule.at(state->step);
  if (info.train.findResult("grad_norm"))
    metrics.gradNorm = parts.model.result(info.train, "grad_norm");
  metrics.stepMs = milliseconds;
  metrics.samplesPerSecond = static_cast<double>(info.batch) * 1e3 / milliseconds;
  if (const InputInfo *tokens = info.tokenInput())
    metrics.tokensPerSecond = metrics.samplesPerSecond * static_cast<double>(tokens->shape[1]);
  parts.metrics.write(metrics);
  parts.curve.addTraining(state->step, loss);
  progress->step(metrics);
}

void TrainingLoop::requireFinite(double loss) const {
  if (std::isfinite(loss) || !options.stopOnNan)
    return;
  std::string wayOut = "lower --lr, add --warmup or --clip-norm, or go on with --on-nan continue";
  if (parts.checkpoints)
    wayOut += "; --resume starts from the last checkpoint";
  throw TrainerError(ExitStatus::Diverged,
                     format("the loss is %s at step %lld; %s",
                            std::isnan(loss) ? "NaN" : "infinite",
                            static_cast<long long>(state->step), wayOut.c_str()));
}

void TrainingLoop::afterStep(bool isLast) {
  bool atEnd = isLast && !stopRequested(); // a stopped run ends soon, without a last evaluation
  if (parts.evaluation && (isDue(state->step, options.evalEvery) || atEnd))
    evaluateNow();
  if (parts.checkpoints &&
      (isDue(state->step, options.checkpointEvery) || isLast || stopRequested()))
    checkpointNow();
}

void TrainingLoop::evaluateNow() {
  TraceSpan span(parts.trace, "evaluation");
  Evaluation evaluation = evaluate(parts.model, *parts.evaluation);
  if (evaluation.interrupted)
    return;
  parts.metrics.write(state->step, evaluation);
  parts.curve.addEvaluation(state->step, evaluation.loss);
  progress->evaluation(state->step, evaluation);
  if (!options.keepBest || !(evaluation.loss < state->bestLoss.value_or(INFINITY)))
    return;
  state->bestLoss = evaluation.loss;
  parts.checkpoints->saveBest(parts.model, *state);
}

void TrainingLoop::checkpointNow() {
  TraceSpan span(parts.trace, "checkpoint");
  parts.checkpoints->save(parts.model, *state);
}
