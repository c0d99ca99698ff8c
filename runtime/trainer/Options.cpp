//===- Options.cpp - The trainer's command line ---------------------------===//
#include "trainer/Options.h"

#include "trainer/Error.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <regex>

using namespace dsc;

namespace {

/// More than any host has; OpenMP's runtime crashes where it cannot start them.
constexpr int maxThreads = 1024;

const char *const trainingGroup = "Training";
const char *const optimizerGroup = "Optimizer";
const char *const dataGroup = "Data";
const char *const outputGroup = "Results";

/// The flags that are text until the rest is known.
struct RawOptions {
  std::string schedule = "constant", onNan = "stop", lossScale;
  int64_t lossScaleInterval = 2000;
  int64_t steps = 0;
  double epochs = 0, clipNorm = 0;
};

void addData(CLI::App &app, Options &options) {
  auto add = [&](const char *flag, std::string &value, const char *text) {
    return app.add_option(flag, value, text)->group(dataGroup)->type_name("PATH");
  };
  add("--data", options.data, "training data: .npz, a directory of .npy, or a token file (.bin)");
  add("--eval-data", options.evalData, "evaluation data, in the same forms");
  add("--init", options.init, "weights (and optimizer state) by name, a .safetensors file");
  app.add_option("--scale", options.scaling.scale, "uint8 data feeds floats as value * F + offset")
      ->group(dataGroup)
      ->type_name("F");
  app.add_option("--offset", options.scaling.offset, "see --scale")
      ->group(dataGroup)
      ->type_name("F");
  app.add_flag("--shuffle,!--no-shuffle", options.shuffle,
               "draw the samples of an epoch in a random order (default), or in the data's")
      ->group(dataGroup);
}

void addTraining(CLI::App &app, Options &options, RawOptions &raw) {
  app.add_option("--steps", raw.steps, "length in steps")->group(trainingGroup)->type_name("N");
  app.add_option("--epochs", raw.epochs, "length in passes over the data (default 1)")
      ->group(trainingGroup)
      ->type_name("N");
  app.add_option("--seed", options.seed, "of order, dropout and sampling (default 0)")
      ->group(trainingGroup)
      ->type_name("N");
  app.add_option("--eval-every", options.evalEvery, "evaluate every N steps (default: at the end)")
      ->group(trainingGroup)
      ->type_name("N");
  app.add_flag("--eval-only", options.evalOnly, "evaluate, do not train")->group(trainingGroup);
  app.add_option("--on-nan", raw.onNan, "stop or continue when the loss is not finite")
      ->group(trainingGroup)
      ->type_name("WHAT");
  app.add_option("--loss-scale", raw.lossScale, "dynamic or F; for fp16")
      ->group(trainingGroup)
      ->type_name("F");
  app.add_option("--loss-scale-growth-interval", raw.lossScaleInterval, "good steps before x2")
      ->group(trainingGroup)
      ->type_name("N");
  app.add_option("--threads", options.threads, "default: all processors")
      ->group(trainingGroup)
      ->type_name("N");
  app.add_option("--timeout", options.timeout,
                 "of collectives, in seconds (default 60); for several ranks")
      ->group(trainingGroup)
      ->type_name("S");
}

void addOptimizer(CLI::App &app, Options &options, RawOptions &raw) {
  auto add = [&](const char *flag, auto &value, const char *text, const char *type) {
    app.add_option(flag, value, text)->group(optimizerGroup)->type_name(type);
  };
  add("--lr", options.schedule.rate, "learning rate (default 1e-3)", "F");
  add("--warmup", options.schedule.warmup, "steps of linear warm-up", "N");
  add("--lr-schedule", raw.schedule, "constant, linear or cosine", "KIND");
  add("--lr-min", options.schedule.minimum, "learning rate at the last step", "F");
  add("--weight-decay", options.weightDecay, "default 0", "F");
  add("--no-decay", options.noDecay, "parameters that do not decay: a regex, or 1d", "REGEX|1d");
  add("--momentum", options.momentum, "default 0.9", "F");
  add("--beta1", options.beta1, "default 0.9", "F");
  add("--beta2", options.beta2, "default 0.999", "F");
  add("--eps", options.eps, "default 1e-8", "F");
  add("--clip-norm", raw.clipNorm, "largest norm of the whole gradient", "F");
}

void addResults(CLI::App &app, Options &options) {
  auto add = [&](const char *flag, auto &value, const char *text, const char *type) {
    app.add_option(flag, value, text)->group(outputGroup)->type_name(type);
  };
  add("--metrics", options.metrics, "one JSON line per step and evaluation", "FILE");
  add("--loss-curve", options.lossCurve, "training and evaluation loss as an SVG image", "FILE");
  add("--checkpoint-dir", options.checkpointDir, "where checkpoints lie", "DIR");
  add("--checkpoint-every", options.checkpointEvery, "steps (default: at the end)", "N");
  add("--keep", options.keep, "keep the newest N checkpoints (default: all)", "N");
  app.add_flag("--resume", options.resume, "continue from the newest whole checkpoint")
      ->group(outputGroup);
  app.add_flag("--keep-best", options.keepBest, "keep the weights of the lowest evaluation loss")
      ->group(outputGroup);
  add("--export-onnx", options.exportOnnx, "the input model with the trained weights", "FILE");
  add("--dump-tensors", options.dumpTensors, "loss, outputs and gradients of a step", "FILE.npz");
  add("--profile", options.profile, "a Chrome trace of every call", "FILE");
  add("--pin-plan", options.pinPlan, "keep the library's algorithms in the plan, and take its",
      "FILE");
  add("--sample", options.sample, "draw N tokens from the trained model", "N");
  add("--temperature", options.temperature, "of --sample (default 0.8; 0: the likeliest)", "F");
  add("--prompt", options.prompt, "text (or token ids) that --sample continues", "TEXT");
  app.add_flag("--info", options.info, "say what was compiled")->group(outputGroup);
}

/// CLI11 reads an integer that is too large as the largest there is.
void refuseHugeIntegers(CLI::App &app) {
  auto check = [](const std::string &text) {
    errno = 0;
    strtoll(text.c_str(), nullptr, 10);
    return errno == ERANGE ? "expected an integer below 2^63, got '" + text + "'" : std::string();
  };
  for (CLI::Option *option : app.get_options())
    if (option->get_type_name() == "N")
      option->check(check, "");
}

void requireAtLeast(const Options &options, const char *flag, double value, double least) {
  if (options.has(flag) && !(value >= least && std::isfinite(value)))
    failUsage("%s must be a number of at least %g", flag, least);
}

void checkRanges(const Options &options) {
  requireAtLeast(options, "--steps", double(options.steps.value_or(0)), 0);
  requireAtLeast(options, "--epochs", options.epochs.value_or(0), 0);
  requireAtLeast(options, "--eval-every", double(options.evalEvery), 1);
  requireAtLeast(options, "--checkpoint-every", double(options.checkpointEvery), 1);
  requireAtLeast(options, "--keep", double(options.keep), 1);
  requireAtLeast(options, "--threads", options.threads, 1);
  requireAtLeast(options, "--timeout", options.timeout, 0);
  requireAtLeast(options, "--lr", options.schedule.rate, 0);
  requireAtLeast(options, "--lr-min", options.schedule.minimum, 0);
  requireAtLeast(options, "--warmup", double(options.schedule.warmup), 0);
  requireAtLeast(options, "--weight-decay", options.weightDecay, 0);
  requireAtLeast(options, "--momentum", options.momentum, 0);
  requireAtLeast(options, "--beta1", options.beta1, 0);
  requireAtLeast(options, "--beta2", options.beta2, 0);
  requireAtLeast(options, "--eps", options.eps, 0);
  requireAtLeast(options, "--clip-norm", options.clipNorm.value_or(0), 0);
  requireAtLeast(options, "--sample", double(options.sample), 1);
  requireAtLeast(options, "--temperature", options.temperature, 0);
  if (options.threads > maxThreads)
    failUsage("--threads must be at most %d", maxThreads);
  if (options.beta1 >= 1 || options.beta2 >= 1)
    failUsage("--beta1 and --beta2 must be below 1");
}

void requireWith(const Options &options, const char *flag, const char *needed, bool present) {
  if (options.has(flag) && !present)
    failUsage("%s needs %s", flag, needed);
}

void refuseTogether(const Options &options, const char *one, const char *other) {
  if (options.has(one) && options.has(other))
    failUsage("%s and %s contradict each other; give one of them", one, other);
}

void checkCombinations(const Options &options) {
  bool hasDirectory = !options.checkpointDir.empty(), hasEvaluation = !options.evalData.empty();
  requireWith(options, "--checkpoint-every", "--checkpoint-dir DIR", hasDirectory);
  requireWith(options, "--keep", "--checkpoint-dir DIR", hasDirectory);
  requireWith(options, "--resume", "--checkpoint-dir DIR", hasDirectory);
  requireWith(options, "--keep-best", "--checkpoint-dir DIR", hasDirectory);
  requireWith(options, "--keep-best", "--eval-data PATH", hasEvaluation);
  requireWith(options, "--eval-every", "--eval-data PATH", hasEvaluation);
  requireWith(options, "--eval-only", "--eval-data PATH", hasEvaluation);
  requireWith(options, "--steps", "--data PATH", !options.data.empty() || options.steps == 0);
  requireWith(options, "--epochs", "--data PATH", !options.data.empty());
  requireWith(options, "--dump-tensors", "--data PATH", !options.data.empty());
  requireWith(options, "--prompt", "--sample N", options.sample > 0);
  requireWith(options, "--temperature", "--sample N", options.sample > 0);
  refuseTogether(options, "--steps", "--epochs");
  refuseTogether(options, "--eval-only", "--steps");
  refuseTogether(options, "--eval-only", "--epochs");
  bool hasWork = !options.data.empty() || options.evalOnly || options.info || options.sample > 0 ||
                 !options.exportOnnx.empty() || options.has("--steps");
  if (!hasWork)
    failUsage("--data PATH is required; --help lists the flags");
}

ScheduleKind parseSchedule(const std::string &text) {
  if (text == "constant")
    return ScheduleKind::Constant;
  if (text == "linear")
    return ScheduleKind::Linear;
  if (text == "cosine")
    return ScheduleKind::Cosine;
  failUsage("--lr-schedule must be constant, linear or cosine, not '%s'", text.c_str());
}

void checkPattern(const std::string &pattern) {
  try {
    std::regex compiled(pattern);
  } catch (const std::regex_error &) {
    failUsage("--no-decay: '%s' is not a regular expression", pattern.c_str());
  }
}

void finish(Options &options, const RawOptions &raw) {
  if (options.has("--steps"))
    options.steps = raw.steps;
  if (options.has("--epochs"))
    options.epochs = raw.epochs;
  if (options.has("--clip-norm"))
    options.clipNorm = raw.clipNorm;
  options.scaling.given = options.has("--scale") || options.has("--offset");
  options.schedule.kind = parseSchedule(raw.schedule);
  if (raw.onNan != "stop" && raw.onNan != "continue")
    failUsage("--on-nan must be stop or continue, not '%s'", raw.onNan.c_str());
  options.stopOnNan = raw.onNan == "stop";
  checkPattern(options.noDecay);
  checkRanges(options);
  checkCombinations(options);
}

void collectGiven(const CLI::App &app, Options &options) {
  for (const CLI::Option *option : app.get_options())
    if (option->count() > 0)
      options.given.insert("--" + option->get_lnames().front());
}

/// CLI11's message, lower case as all of ours, on one line.
std::string usageText(const CLI::ParseError &error) {
  std::string text = error.what();
  text = text.substr(0, text.find('\n'));
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text + "; --help lists the flags";
}

/// A flag that sets a scalar which the compiled update does not read would be ignored.
void requireScalar(const Options &options, const ModuleInfo &module, const char *flag,
                   const char *scalar) {
  if (options.has(flag) && !module.readsScalar(scalar))
    failUsage("%s: the model was compiled with --optimizer %s, which has no such parameter", flag,
              module.optimizer.c_str());
}

const char *environment(const char *name) {
  const char *value = getenv(name);
  return value ? value : "";
}

} // namespace

std::optional<Options> dsc::parseOptions(int argc, const char *const *argv) {
  Options options;
  RawOptions raw;
  CLI::App app("Trains the model this program was compiled from.");
  addData(app, options);
  addTraining(app, options, raw);
  addOptimizer(app, options, raw);
  addResults(app, options);
  refuseHugeIntegers(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &) {
    fputs(app.help().c_str(), stdout);
    return std::nullopt;
  } catch (const CLI::ParseError &error) {
    failUsage("%s", usageText(error).c_str());
  }
  collectGiven(app, options);
  finish(options, raw);
  return options;
}

void dsc::checkAgainstModule(const Options &options, const ModuleInfo &module) {
  requireScalar(options, module, "--momentum", "momentum");
  requireScalar(options, module, "--beta1", "beta1");
  requireScalar(options, module, "--beta2", "beta2");
  requireScalar(options, module, "--eps", "eps");
  if (options.weightDecay > 0)
    requireScalar(options, module, "--weight-decay", "weight_decay");
  if (options.clipNorm && !module.clip)
    failUsage("--clip-norm: the model was compiled with --clip off");
  if (options.has("--pin-plan") && module.target != "cuda")
    failUsage("--pin-plan: the model was compiled for the %s target, where no library chooses "
              "algorithms; leave the flag out",
              module.target.c_str());
  if (options.has("--timeout"))
    failUsage("--timeout: the model was compiled for 1 rank, which waits for no other; leave the "
              "flag out");
  for (const char *flag : {"--loss-scale", "--loss-scale-growth-interval"})
    if (options.has(flag))
      failUsage("%s: the model was compiled with --precision %s; only fp16 scales the loss", flag,
                module.precision.c_str());
}

void dsc::refuseSeveralRanks() {
  if (atoi(environment("WORLD_SIZE")) > 1)
    failUsage("WORLD_SIZE is %s: on a CPU ranks are started by mpirun; use mpirun, or unset it",
              environment("WORLD_SIZE"));
  for (const char *name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"})
    if (atoi(environment(name)) > 1)
      failUsage("started as %s ranks (%s), but this trainer was compiled for 1; start it without "
                "a launcher",
                environment(name), name);
}
