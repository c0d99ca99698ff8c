//===- Run.cpp - One invocation of a trainer ------------------------------===//
//
// The order of things: everything that can be wrong with flags, data, weights
// and output files is found first, in this order; then the run begins.
//
//===----------------------------------------------------------------------===//
#include "trainer/Run.h"

#include "device/Device.h"
#include "trainer/DistinctFiles.h"
#include "trainer/DumpTensors.h"
#include "trainer/Error.h"
#include "trainer/ExportOnnx.h"
#include "trainer/Files.h"
#include "trainer/Info.h"
#include "trainer/Loop.h"
#include "trainer/MappedRanges.h"
#include "trainer/PinnedPlan.h"
#include "trainer/Sample.h"
#include "trainer/Signals.h"
#include "trainer/Weights.h"

#include <cmath>
#include <filesystem>
#include <new>

using namespace dsc;

namespace {

class Run {
public:
  Run(const ModuleInfo &info, Options &options) : info(info), options(options) {}

  void execute() {
    checkRequests();
    openData();
    pinAlgorithms();
    if (!options.profile.empty())
      trace.emplace();
    model.emplace(info, trace ? &*trace : nullptr);
    model->setUndecayed(matchUndecayed(info, options.noDecay));
    checkOutputs();
    loadState();
    installSignalHandlers();
    installRangeHandler();
    metrics.emplace(options.metrics, resumed ? std::optional(state.step) : std::nullopt);
    if (resumed) // the curve shows the whole run where its metrics were kept
      readLosses(options.metrics, curve);
    runAll();
    finishFiles();
    keepAlgorithms();
  }

private:
  SampleRequest sampleRequest() const {
    return {options.sample, options.temperature, options.prompt, options.seed};
  }

  /// What can be refused without opening anything but the executable.
  void checkRequests() {
    checkAgainstModule(options, info);
    requireDistinctFiles(options);
    payload = Payload::ofThisExecutable();
    if (!options.exportOnnx.empty())
      requireInputModel(payload);
    if (options.sample > 0)
      checkSampling(info, sampleRequest());
  }

  void openData() {
    if (!options.data.empty())
      data = openDataset(options.data, "--data", info, options.scaling);
    if (!options.evalData.empty())
      evaluation = openDataset(options.evalData, "--eval-data", info, options.scaling);
    if (data)
      requireBatch();
    if (evaluation)
      requireWholeBatches();
  }

  /// Copies of a sample would change the losses of the others.
  void requireWholeBatches() {
    int64_t rows = info.evaluate.rows;
    if (!info.wholeBatches.empty() && evaluation->samples() % rows != 0)
      failInput("--eval-data: %s has %lld samples, not a multiple of the batch of %lld, which this "
                "model can only take whole: %s; leave the last samples out, or compile the model "
                "with another --batch",
                evaluation->path().c_str(), static_cast<long long>(evaluation->samples()),
                static_cast<long long>(rows), info.wholeBatches.c_str());
  }

  void requireBatch() {
    if (data->sequentialPeriod(info.batch) < info.batch)
      failInput("--data: %s has %lld samples, fewer than a batch of %lld; compile the model with a "
                "smaller --batch",
                data->path().c_str(), static_cast<long long>(data->samples()),
                static_cast<long long>(info.batch));
  }

  /// Those of --pin-plan, or of the plan that the model was compiled with.
  void pinAlgorithms() {
    if (!options.pinPlan.empty())
      pinnedPlan.emplace(options.pinPlan, info);
    bool isFile = pinnedPlan && !pinnedPlan->algorithms().library.empty();
    const Algorithms &algorithms = isFile ? pinnedPlan->algorithms() : info.algorithms;
    if (!pinnedPlan && algorithms.library.empty())
      return;
    if (!device().pin(algorithms))
      failInput("%s: %s", isFile ? options.pinPlan.c_str() : "the plan of this trainer",
                takeRoutineError().c_str());
    numPinned = algorithms.chosen.size();
  }

  void keepAlgorithms() {
    Algorithms algorithms = device().algorithms();
    size_t added = algorithms.chosen.size() - numPinned;
    if (pinnedPlan) {
      pinnedPlan->keep(algorithms);
      printf("algorithms: %zu of the plan, %zu chosen and added to it\n", numPinned, added);
    } else if (added > 0) {
      fprintf(
          stderr,
          "warning: the plan has no algorithm for %zu of the matrix products, which were chosen "
          "anew; --pin-plan FILE adds them to a plan\n",
          added);
    }
  }

  void checkOutputs() {
    const std::pair<const char *, const std::string *> files[] = {
        {"--pin-plan", &options.pinPlan},       {"--loss-curve", &options.lossCurve},
        {"--export-onnx", &options.exportOnnx}, {"--dump-tensors", &options.dumpTensors},
        {"--profile", &options.profile},
    };
    for (const auto &[flag, path] : files)
      if (!path->empty())
        requireWritable(*path, flag);
    // A pipe may wait for its reader forever, before the first step; a device does not.
    if (!options.metrics.empty() && !std::filesystem::is_character_file(options.metrics))
      requireWritable(options.metrics, "--metrics");
    if (!options.checkpointDir.empty())
      checkpoints.emplace(options.checkpointDir, options.keep);
  }

  void loadState() {
    state.shuffle = options.shuffle;
    state.samples = data ? data->samples() : 0;
    std::optional<RunState> restored;
    if (options.resume)
      restored = checkpoints->resume(*model);
    if (restored)
      return continueFrom(*restored);
    if (options.init.empty()) {
      loadCompiledWeights(*model, payload);
      payload.releasePages();
    } else {
      state.updateCount = loadInitFile(*model, options.init);
    }
    state.seed = options.seed;
  }

  /// The order of a run belongs to it: flags that would change it contradict the checkpoint.
  void continueFrom(const RunState &restored) {
    resumed = true;
    if (options.has("--seed") && options.seed != restored.seed)
      failUsage("--seed %lld contradicts the checkpoint of step %lld, whose seed is %lld; leave "
                "--seed out",
                static_cast<long long>(options.seed), static_cast<long long>(restored.step),
                static_cast<long long>(restored.seed));
    if (data && options.shuffle != restored.shuffle)
      failUsage("--resume: the run in %s was started %s --no-shuffle; resume it the same way",
                options.checkpointDir.c_str(), restored.shuffle ? "without" : "with");
    if (data && restored.samples != 0 && restored.samples != data->samples())
      fprintf(stderr, "warning: --data has %lld samples, the run that is resumed had %lld\n",
              static_cast<long long>(data->samples()), static_cast<long long>(restored.samples));
    state = restored;
    state.samples = data ? data->samples() : restored.samples;
    options.seed = restored.seed;
    options.shuffle = restored.shuffle;
    printf("resuming after step %lld\n", static_cast<long long>(state.step));
  }

  SampleOrder order(bool shuffle) const {
    return {data->samples(), data->sequentialPeriod(info.batch),
            static_cast<uint64_t>(options.seed), shuffle};
  }

  int64_t totalSteps() const {
    if (options.steps)
      return *options.steps;
    double draws = options.epochs.value_or(1) * double(order(options.shuffle).epochDraws());
    return static_cast<int64_t>(std::ceil(draws / double(info.batch)));
  }

  /// --dump-tensors alone does not train; nor do runs without data.
  bool trains() const {
    bool hasLength = options.steps || options.epochs;
    return data && !options.evalOnly && (hasLength || options.dumpTensors.empty());
  }

  void runAll() {
    if (!options.dumpTensors.empty())
      dump();
    if (trains())
      train();
    if (options.evalOnly || (evaluation && !trains()))
      evaluateOnce();
  }

  void dump() {
    Batch batch;
    std::vector<int64_t> samples(size_t(info.batch));
    trainingPlan(order(options.shuffle && options.has("--shuffle")))(state.step, samples);
    BatchAssembler(*data, info).assemble(samples, batch);
    model->setScalars(stepValues(options, state.step + 1, state.updateCount + 1));
    dumpTensors(*model, batch, options.dumpTensors);
  }

  void train() {
    int64_t total = totalSteps();
    options.schedule.total = total;
    TrainingLoop::Parts parts = {
        *model,   *data, evaluation.get(),         checkpoints ? &*checkpoints : nullptr,
        *metrics, curve, trace ? &*trace : nullptr};
    bool hadNothingToDo = state.step >= total;
    TrainingLoop(options, parts, order(options.shuffle)).run(state, total);
    if (hadNothingToDo && evaluation)
      evaluateOnce();
  }

  void evaluateOnce() {
    Evaluation result = evaluate(*model, *evaluation);
    if (result.interrupted)
      return;
    // A finished run that is resumed has the line already.
    if (!curve.endsWithEvaluationAt(state.step)) {
      metrics->write(state.step, result);
      curve.addEvaluation(state.step, result.loss);
    }
    printf("step %lld  %s\n", static_cast<long long>(state.step), evaluationText(result).c_str());
  }

  void finishFiles() {
    if (!options.lossCurve.empty())
      curve.write(options.lossCurve, info.model);
    if (!options.exportOnnx.empty())
      exportOnnx(*model, payload, options.exportOnnx);
    if (options.sample > 0 && !stopRequested()) {
      std::string text = sampleTokens(*model, sampleRequest()) + "\n";
      fwrite(text.data(), 1, text.size(), stdout);
    }
    if (trace)
      trace->write(options.profile, info.model);
  }

  const ModuleInfo &info;
  Options &options;
  Payload payload;
  std::optional<PinnedPlan> pinnedPlan;
  size_t numPinned = 0; // algorithms that this run began with
  std::unique_ptr<Dataset> data, evaluation;
  std::optional<Trace> trace;
  std::optional<Model> model;
  std::optional<CheckpointStore> checkpoints;
  std::optional<MetricsFile> metrics;
  LossCurve curve;
  RunState state;
  bool resumed = false;
};

void runOptions(const DscModule &module, int argc, const char *const *argv) {
  std::optional<Options> options = parseOptions(argc, argv);
  if (!options)
    return;
  refuseSeveralRanks();
  ModuleInfo info = readModule(module);
  if (options->info) {
    fputs(infoText(info).c_str(), stdout);
    return;
  }
  device().setThreads(static_cast<int>(options->threads));
  Run(info, *options).execute();
}

/// Names from files may hold anything; the message stays one line.
int reportError(std::string text, ExitStatus status) {
  fflush(stdout);
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n')
      text.replace(i++, 1, "\\n");
    else if (static_cast<unsigned char>(text[i]) < ' ' || text[i] == '\x7f')
      text[i] = '?';
  fprintf(stderr, "error: %s\n", text.c_str());
  return static_cast<int>(status);
}

} // namespace

int dsc::runTrainer(const DscModule &module, int argc, const char *const *argv) {
  try {
    runOptions(module, argc, argv);
    if (fflush(stdout) != 0)
      failSystem("cannot write to the standard output");
    return static_cast<int>(ExitStatus::Done);
  } catch (const TrainerError &error) {
    return reportError(error.what(), error.status);
  } catch (const std::bad_alloc &) {
    return reportError("out of memory", ExitStatus::BadInput);
  } catch (const std::exception &error) {
    return reportError(error.what(), ExitStatus::Internal);
  }
}
