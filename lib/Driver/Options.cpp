//===- Options.cpp - What a user asks of dsc-compile ----------------------===//

#include "dsc/Driver/Options.h"

#include "lib/Driver/Debugging.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <CLI/CLI.hpp>
#include <set>

using namespace dsc;

namespace {
/// What --plan and --inspect mean without a value.
constexpr const char *kNoValue = "";

/// Flags of the contract whose time has not come.
struct Later {
  const char *flag;
  const char *reason;
};
constexpr Later kLater[] = {
    {"--schedule", "pipeline schedules are not supported yet; leave the flag out"},
    {"--zero", "sharded optimizer state is not supported yet; leave the flag out"},
    {"--sequence-parallel", "sequence parallelism is not supported yet; leave the flag out"},
    {"--memory-limit", "memory limits are not supported yet; leave the flag out"},
    {"--remat", "rematerialization is not supported yet; leave the flag out"},
};
} // namespace

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

template <typename Kind> using Names = std::pair<llvm::StringRef, Kind>;

static constexpr Names<LossKind> kLosses[] = {{"cross-entropy", LossKind::CrossEntropy},
                                              {"mse", LossKind::Mse},
                                              {"l1", LossKind::L1},
                                              {"bce-with-logits", LossKind::BceWithLogits}};

static constexpr Names<OptimizerKind> kOptimizers[] = {{"sgd", OptimizerKind::Sgd},
                                                       {"momentum", OptimizerKind::Momentum},
                                                       {"adam", OptimizerKind::Adam},
                                                       {"adamw", OptimizerKind::AdamW}};

template <typename Kind>
static std::optional<Kind> parseName(llvm::ArrayRef<Names<Kind>> names, llvm::StringRef name) {
  const auto *found = llvm::find_if(names, [&](const auto &entry) { return entry.first == name; });
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

template <typename Kind>
static llvm::StringRef findName(llvm::ArrayRef<Names<Kind>> names, Kind kind) {
  return llvm::find_if(names, [&](const auto &entry) { return entry.second == kind; })->first;
}

std::optional<LossKind> dsc::parseLossKind(llvm::StringRef name) {
  return parseName<LossKind>(kLosses, name);
}
std::optional<OptimizerKind> dsc::parseOptimizerKind(llvm::StringRef name) {
  return parseName<OptimizerKind>(kOptimizers, name);
}
llvm::StringRef dsc::nameOf(LossKind kind) { return findName<LossKind>(kLosses, kind); }
llvm::StringRef dsc::nameOf(OptimizerKind kind) {
  return findName<OptimizerKind>(kOptimizers, kind);
}

//===----------------------------------------------------------------------===//
// Flags
//===----------------------------------------------------------------------===//

static int usageError(const std::string &message) {
  printError(message);
  return kBadUsage;
}

/// CLI11's own check reads a number that is too large as the largest there is.
static CLI::Validator positiveInteger() {
  auto check = [](const std::string &text) -> std::string {
    int64_t value = 0;
    bool isWrong = llvm::StringRef(text).getAsInteger(10, value) || value <= 0;
    return isWrong ? "expected a positive integer below 2^63, got '" + text + "'" : "";
  };
  return {check, "N"};
}

/// CLI11's own check of a range lets NaN pass.
static CLI::Validator numberOf0To1() {
  auto check = [](const std::string &text) -> std::string {
    double value = 0;
    bool isIn = !llvm::StringRef(text).getAsDouble(value) && value >= 0 && value <= 1;
    return isIn ? "" : "expected a number of 0 to 1, got '" + text + "'";
  };
  return {check, "F"};
}

/// As positiveInteger, for flags whose integers may be negative or zero: CLI11 would clamp them.
static void refuseHugeIntegers(CLI::App &app) {
  auto check = [](const std::string &text) -> std::string {
    llvm::StringRef number = text;
    number.consume_front("+");
    int64_t value = 0;
    bool isHuge = number.find_first_not_of("-0123456789") == llvm::StringRef::npos &&
                  number.getAsInteger(10, value);
    return isHuge ? "expected an integer below 2^63, got '" + text + "'" : "";
  };
  for (CLI::Option *option : app.get_options()) {
    if (option->get_type_name() == "INT") {
      option->check(check, "");
    }
  }
}

/// `--flag` without a value would swallow the next argument.
static std::vector<std::string> withoutOptionalValues(int argc, char **argv) {
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i) { // CLI11 wants them reversed
    std::string argument = argv[i];
    bool isBare = argument == "--plan" || argument == "--inspect";
    arguments.push_back(isBare ? argument + "=" + kNoValue : argument);
  }
  return arguments;
}

namespace {
/// What the command line says, before it is made of one mind.
struct Arguments {
  std::string loss, optimizer, clip, dropout = "on", plan = "none", inspect = "none", mesh;
  std::string cluster = "host";
  std::vector<std::string> dims;
  int64_t devices = 1;
  std::map<std::string, std::string> later;
};
} // namespace

static void addModelFlags(CLI::App &app, CompileOptions &options, Arguments &arguments) {
  app.add_option("--batch", options.batch, "global batch")->check(positiveInteger());
  app.add_option("--dim", arguments.dims, "NAME=N: size of a symbolic dimension");
  app.add_option("--trainable", options.trainable, "initializers to train (regex)");
  app.add_option("--freeze", options.freeze, "initializers not to train (regex)");
  app.add_option("--tie", options.tie, "copies to treat as one parameter (regex)");
  app.add_option("--stop-gradient", options.stopGradient,
                 "values, or inputs as NODE:INDEX, that pass no gradient back (regex)");
  app.add_option("--batch-norm", options.batchNorm, "train|local|frozen")
      ->check(CLI::IsMember({"train", "local", "frozen"}));
  app.add_option("--dropout", arguments.dropout, "on|off")->check(CLI::IsMember({"on", "off"}));
  app.add_option("--init", options.init, "FILE.safetensors: initial weights by name");
}

static void addStepFlags(CLI::App &app, CompileOptions &options, Arguments &arguments) {
  app.add_option("--loss", arguments.loss,
                 "cross-entropy|mse|l1|bce-with-logits[:OUTPUT]: attach a loss to an output");
  app.add_option("--loss-output", options.train.lossOutput,
                 "the model's scalar output that is the loss, a mean over the batch");
  app.add_option("--class-axis", options.train.classAxis, "dimension of the classes");
  app.add_option("--ignore-index", options.train.ignoreIndex, "label that does not count");
  app.add_option("--label-smoothing", options.train.labelSmoothing, "0 to 1")
      ->check(numberOf0To1());
  app.add_option("--optimizer", arguments.optimizer, "sgd|momentum|adam|adamw (adamw)")
      ->check(CLI::IsMember({"sgd", "momentum", "adam", "adamw"}));
  app.add_option("--clip", arguments.clip, "on|off (on)")->check(CLI::IsMember({"on", "off"}));
}

static void addPlanFlags(CLI::App &app, CompileOptions &options, Arguments &arguments) {
  app.add_option("--plan", arguments.plan, "search for a plan and print it; =FILE obeys one")
      ->expected(0, 1);
  app.add_flag("--plan-only", options.planOnly, "stop after the plan");
  app.add_option("--plan-diff", options.planDiff, "compare two plan files")->expected(2);
  app.add_option("--cluster", arguments.cluster, "hardware to plan for (host)");
  app.add_option("--devices", arguments.devices, "ranks to plan for");
  app.add_option("--mesh", arguments.mesh, "dp=N,tp=N,pp=N");
  app.add_option("--microbatches", options.microbatches, "micro-batches of a step")
      ->check(positiveInteger());
  for (const Later &flag : kLater) {
    app.add_option(flag.flag, arguments.later[flag.flag], flag.reason)->expected(0, 1);
  }
}

static void addTargetFlags(CLI::App &app, CompileOptions &options) {
  app.add_option("--target", options.target, "cpu|cuda")->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_option("--cpu", options.cpu, "native|generic|NAME: instruction set (native)");
  app.add_option("--precision", options.precision, "fp32|fp16|bf16")
      ->check(CLI::IsMember({"fp32", "fp16", "bf16"}));
  app.add_option("--weights", options.weights, "inside|beside the trainer")
      ->check(CLI::IsMember({"auto", "inside", "beside"}));
}

static void addDebuggingFlags(CLI::App &app, CompileOptions &options, Arguments &arguments) {
  app.add_option("--inspect", arguments.inspect, "list parameters and operators; compile nothing")
      ->expected(0, 1);
  app.add_option("--dump-ir", options.dumpIr, "DIR: a file per pass");
  app.add_option("--emit", options.emit, "plan|train|dist|exec|llvm|cuda|trainer: stop there")
      ->check(CLI::IsMember({"plan", "train", "dist", "exec", "llvm", "cuda", "trainer"}));
  app.add_flag("--time-report", options.timeReport, "seconds per phase");
  app.add_option("--crash-before", options.crashBefore)->group(""); // hidden
}

/// cross-entropy:logits -> kind and output.
static std::optional<int> parseLoss(const std::string &text, CompileOptions &options) {
  options.hasLoss = !text.empty() || !options.train.lossOutput.empty();
  if (text.empty()) {
    return std::nullopt;
  }
  if (!options.train.lossOutput.empty()) {
    return usageError("--loss and --loss-output contradict each other; give one of them");
  }
  auto [name, output] = llvm::StringRef(text).split(':');
  std::optional<LossKind> kind = parseLossKind(name);
  if (!kind) {
    return usageError("--loss " + text +
                      ": expected cross-entropy, mse, l1 or bce-with-logits, "
                      "and perhaps :OUTPUT");
  }
  options.train.lossOf = output.str();
  options.train.loss = *kind;
  return std::nullopt;
}

/// Only cross-entropy knows classes; other losses would ignore these.
static std::optional<int> refuseClassFlags(const CLI::App &app, const std::string &loss) {
  if (llvm::StringRef(loss).split(':').first == nameOf(LossKind::CrossEntropy)) {
    return std::nullopt;
  }
  for (const char *flag : {"--class-axis", "--ignore-index", "--label-smoothing"}) {
    if (app.count(flag) > 0) {
      std::string given = app.count("--loss-output") > 0 ? "--loss-output"
                          : loss.empty()                 ? "no --loss"
                                                         : "--loss " + loss;
      return usageError(std::string(flag) + " has no effect with " + given +
                        ": it is for --loss cross-entropy");
    }
  }
  return std::nullopt;
}

static std::optional<int> parseDims(const std::vector<std::string> &texts,
                                    CompileOptions &options) {
  for (const std::string &text : texts) {
    auto [name, size] = llvm::StringRef(text).rsplit('=');
    int64_t value = 0;
    if (name.empty() || size.getAsInteger(10, value) || value <= 0) {
      return usageError("--dim " + text + ": expected NAME=N with a positive N");
    }
    auto [it, isNew] = options.dims.try_emplace(name.str(), value);
    if (!isNew && it->second != value) {
      return usageError("--dim gives " + name.str() + " two sizes, " + std::to_string(it->second) +
                        " and " + size.str());
    }
  }
  return std::nullopt;
}

/// Several devices are planned for one day; one is what there is.
static std::optional<int> refuseSeveralDevices(const std::string &mesh, int64_t devices) {
  if (devices != 1) {
    return usageError("--devices " + std::to_string(devices) +
                      ": several ranks are not supported yet; use --devices 1");
  }
  llvm::SmallVector<llvm::StringRef> axes;
  if (!mesh.empty()) {
    llvm::StringRef(mesh).split(axes, ',');
  }
  std::set<llvm::StringRef> known;
  for (llvm::StringRef axis : axes) {
    auto [name, degree] = axis.split('=');
    int64_t value = 0;
    if ((name != "dp" && name != "tp" && name != "pp") || degree.getAsInteger(10, value) ||
        value <= 0) {
      return usageError("--mesh " + mesh + ": expected dp=N,tp=N,pp=N");
    }
    if (!known.insert(name).second) {
      return usageError("--mesh " + mesh + " names " + name.str() + " twice");
    }
    if (value != 1) {
      return usageError("--mesh " + mesh + ": several ranks are not supported yet; leave " +
                        name.str() + " at 1");
    }
  }
  return std::nullopt;
}

/// What these ask for, a program in the train dialect says itself.
static std::optional<int> refuseOnnxFlags(const CLI::App &app, const std::string &input) {
  if (!llvm::StringRef(input).ends_with(".mlir")) {
    return std::nullopt;
  }
  for (const char *flag : {"--dim", "--trainable", "--freeze", "--tie", "--stop-gradient",
                           "--batch-norm", "--dropout", "--inspect"}) {
    if (app.count(flag) > 0) {
      return usageError(std::string(flag) + " is for ONNX models; '" + input +
                        "' says it itself: leave the flag out");
    }
  }
  return std::nullopt;
}

/// --emit=cuda implies the target.
static std::optional<int> settleTarget(const CLI::App &app, CompileOptions &options) {
  if (options.emit == "cuda") {
    if (app.count("--target") > 0 && options.target != "cuda") {
      return usageError("--emit cuda contradicts --target " + options.target +
                        "; leave --target out");
    }
    options.target = "cuda";
  }
  if (options.emit == "llvm" && options.target == "cuda") {
    return usageError("--emit llvm is for the cpu target; for cuda use --emit cuda");
  }
  return std::nullopt;
}

static std::optional<int> refuseLater(const CLI::App &app, const CompileOptions &options,
                                      const std::string &cluster) {
  for (const Later &flag : kLater) {
    if (app.count(flag.flag) > 0) {
      return usageError(std::string(flag.flag) + ": " + flag.reason);
    }
  }
  if (options.precision != "fp32") {
    return usageError("--precision " + options.precision +
                      " is not supported yet; use --precision fp32");
  }
  if (options.emit == "dist") {
    return usageError("--emit dist is not supported yet; use plan, train, exec, llvm, cuda or "
                      "trainer");
  }
  if (cluster != "host") {
    return usageError("--cluster " + cluster + " is not supported yet; use --cluster host");
  }
  return std::nullopt;
}

static std::optional<int> refuseEmitBehindPlan(const CompileOptions &options) {
  if (options.planOnly && options.emit != "trainer" && options.emit != "plan") {
    return usageError("--plan-only contradicts --emit " + options.emit + "; leave one of them out");
  }
  return std::nullopt;
}

static std::optional<int> parseInspect(const CLI::App &app, const std::string &form,
                                       CompileOptions &options) {
  if (app.count("--inspect") == 0) {
    return std::nullopt;
  }
  if (!form.empty() && form != "json") {
    return usageError("--inspect=" + form + ": expected --inspect or --inspect=json");
  }
  options.inspect = form.empty() ? CompileOptions::Inspect::Text : CompileOptions::Inspect::Json;
  return std::nullopt;
}

/// What cannot be wrong once CLI11 has read it.
static void takeArguments(const CLI::App &app, const Arguments &arguments,
                          CompileOptions &options) {
  options.printPlan = app.count("--plan") > 0;
  options.planFile = options.printPlan ? arguments.plan : "";
  options.optimizer = parseOptimizerKind(arguments.optimizer);
  options.train.optimizer = options.optimizer.value_or(options.train.optimizer);
  if (!arguments.clip.empty()) {
    options.clip = options.train.clip = arguments.clip == "on";
  }
  options.dropout = arguments.dropout == "on";
  options.train.microbatches = options.microbatches.value_or(1);
}

/// Refuses what is not there yet or contradicts itself.
static std::optional<int> checkArguments(const CLI::App &app, const Arguments &arguments,
                                         CompileOptions &options) {
  if (auto status = refuseLater(app, options, arguments.cluster)) {
    return status;
  }
  if (auto status = settleTarget(app, options)) {
    return status;
  }
  if (auto status = refuseOnnxFlags(app, options.input)) {
    return status;
  }
  if (auto status = refuseSeveralDevices(arguments.mesh, arguments.devices)) {
    return status;
  }
  if (auto status = parseDims(arguments.dims, options)) {
    return status;
  }
  if (auto status = parseLoss(arguments.loss, options)) {
    return status;
  }
  if (auto status = refuseClassFlags(app, arguments.loss)) {
    return status;
  }
  if (auto status = parseInspect(app, arguments.inspect, options)) {
    return status;
  }
  if (auto status = refuseEmitBehindPlan(options)) {
    return status;
  }
  if (options.input.empty() && options.planDiff.empty()) {
    return usageError("no input: dsc-compile model.onnx (dsc-compile --help lists the flags)");
  }
  return std::nullopt;
}

std::optional<int> dsc::parseCommandLine(int argc, char **argv, CompileOptions &options) {
  CLI::App app("Compiles an ONNX model, or a program in the train dialect, to a trainer.",
               "dsc-compile");
  Arguments arguments;
  app.set_version_flag("--version", "dsc-compile 0.1.0");
  app.add_option("input", options.input, "model.onnx or program.mlir");
  app.add_option("-o", options.output, "the trainer (default: the input's stem + -trainer)");
  addModelFlags(app, options, arguments);
  addStepFlags(app, options, arguments);
  addPlanFlags(app, options, arguments);
  addTargetFlags(app, options);
  refuseHugeIntegers(app);
  addDebuggingFlags(app, options, arguments);
  try {
    app.parse(withoutOptionalValues(argc, argv));
  } catch (const CLI::Success &success) {
    return app.exit(success); // --help, --version
  } catch (const CLI::ParseError &error) {
    return usageError(std::string(error.what()) + " (dsc-compile --help lists the flags)");
  }
  takeArguments(app, arguments, options);
  return checkArguments(app, arguments, options);
}
