//===- Compile.cpp - The whole road of dsc-compile ------------------------===//
//
// Reads as the road of docs/Architecture.md: import, train, exec, plan, emit,
// link. Everything is written to temporary names beside the output and moved
// there at the end.
//
//===----------------------------------------------------------------------===//

#include "dsc/Driver/Compile.h"

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Train/TrainDialect.h"
#include "dsc/Frontend/ONNX/Importer.h"
#include "dsc/Frontend/ONNX/Reader.h"
#include "dsc/Pipelines/Exec.h"
#include "dsc/Pipelines/Registration.h"
#include "dsc/Planner/CostModel.h"
#include "dsc/Target/CPU/ExecEmission.h"
#include "dsc/Target/CPU/ObjectEmission.h"
#include "dsc/Target/CPU/Passes.h"
#include "lib/Driver/Debugging.h"
#include "lib/Driver/Description.h"
#include "lib/Driver/Link.h"
#include "lib/Driver/OnnxSkeleton.h"
#include "lib/Driver/SafetensorsFile.h"
#include "lib/Driver/Scratch.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace dsc;

/// Weights above this lie beside the trainer unless the user says otherwise.
static constexpr int64_t kWeightsInsideLimit = int64_t(1) << 30;

namespace {
class Compilation {
public:
  explicit Compilation(const CompileOptions &options);
  int run();
  int internalError();

private:
  // Each returns an exit status; kDone goes on.
  int prepareFolders();
  int readPlanFile();
  int import();
  int importOnnx();
  int importMlir();
  int checkWeights();
  int inspect();
  int lowerToTrain();
  int lowerToExec();
  int makePlan();
  int emit();
  int emitKernels(llvm::raw_pwrite_stream &object);
  int emitObjects(const ScratchFile &kernels, const ScratchFile &tables);
  int link(const ScratchFile &kernels, const ScratchFile &tables);
  llvm::Error writePayload(const ScratchFile &binary, const ScratchFile *beside);
  bool weightsLieBeside() const;
  bool writesToStdout() const;
  int writeText(Operation *op);
  int writeOutput(const std::string &file, llvm::function_ref<void(llvm::raw_ostream &)> write);
  void writePlan(llvm::raw_ostream &os) const;
  int runPasses(PassManager &pm, ModuleOp module, int onFailure);
  int fail(llvm::Error error, int status = kBadInput);
  std::string description();
  std::string reproducerName() const;

  const CompileOptions &options;
  TrainOptions trainOptions;
  DialectRegistry registry;
  MLIRContext context;
  ErrorLines errors;
  PhaseTimes times;
  unsigned nextDump = 1;

  std::string stem, output, phase;
  std::unique_ptr<onnx::Model> onnxModel;
  onnx::ImportResult imported;
  OwningOpRef<ModuleOp> module;
  std::vector<InitialValue> weights;
  std::unique_ptr<llvm::MemoryBuffer> initFile;
  llvm::json::Array inputs;
  std::optional<cpu::CpuTarget> cpuTarget;
  std::optional<Plan> obeyed;
  Plan plan;
};
} // namespace

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

Compilation::Compilation(const CompileOptions &options)
    : options(options), trainOptions(options.train), registry(makeRegistry()), context(registry),
      errors(&context) {
  context.loadAllAvailableDialects(); // the importer builds ops without a pass
  stem = llvm::sys::path::stem(options.input).str();
  output = options.output.empty() ? stem + "-trainer" : options.output;
}

int Compilation::fail(llvm::Error error, int status) {
  printError(llvm::toString(std::move(error)));
  return status;
}

int Compilation::run() {
  using Phase = int (Compilation::*)();
  const std::pair<const char *, Phase> phases[] = {{"read the plan", &Compilation::readPlanFile},
                                                   {"prepare", &Compilation::prepareFolders},
                                                   {"import", &Compilation::import},
                                                   {"inspect", &Compilation::inspect},
                                                   {"train", &Compilation::lowerToTrain},
                                                   {"exec", &Compilation::lowerToExec},
                                                   {"plan", &Compilation::makePlan},
                                                   {"emit", &Compilation::emit}};
  for (auto [name, run] : phases) {
    phase = name;
    times.begin(name);
    bool isDone = false;
    if (int status = (this->*run)()) {
      isDone = status == -1; // the user asked to stop here
      if (!isDone) {
        return status;
      }
    }
    times.end();
    if (isDone) {
      break;
    }
  }
  if (options.timeReport) {
    times.print(llvm::errs());
  }
  return kDone;
}

//===----------------------------------------------------------------------===//
// Before anything is read
//===----------------------------------------------------------------------===//

static llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> readFile(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file) {
    return llvm::createStringError("cannot read '" + path + "': " + file.getError().message());
  }
  return std::move(*file);
}

static llvm::Expected<Plan> readPlan(const std::string &path) {
  auto file = readFile(path);
  if (!file) {
    return file.takeError();
  }
  return Plan::fromJson((*file)->getBuffer(), path);
}

int Compilation::readPlanFile() {
  if (!options.planDiff.empty()) {
    auto a = readPlan(options.planDiff[0]), b = readPlan(options.planDiff[1]);
    if (!a || !b) {
      llvm::Error error = a ? b.takeError() : a.takeError();
      if (!a && !b) {
        llvm::consumeError(b.takeError());
      }
      return fail(std::move(error));
    }
    printPlanDiff(*a, *b, llvm::outs());
    return -1;
  }
  if (options.planFile.empty()) {
    return kDone;
  }
  auto read = readPlan(options.planFile);
  if (!read) {
    return fail(read.takeError());
  }
  obeyed = *read;
  if (obeyed->dp * obeyed->tp * obeyed->pp != 1) {
    printError("plan '" + options.planFile + "' is for several ranks, which are not supported yet");
    return kBadInput;
  }
  if (options.microbatches && *options.microbatches != obeyed->microbatches) {
    printError("--microbatches " + std::to_string(*options.microbatches) + " contradicts " +
               options.planFile + ", which says " + std::to_string(obeyed->microbatches));
    return kBadUsage;
  }
  if (options.batch != 0 && options.batch != obeyed->batch) {
    printError("--batch " + std::to_string(options.batch) + " contradicts " + options.planFile +
               ", which says " + std::to_string(obeyed->batch));
    return kBadUsage;
  }
  trainOptions.microbatches = obeyed->microbatches;
  return kDone;
}

int Compilation::prepareFolders() {
  auto target = cpu::CpuTarget::get(options.cpu);
  if (!target) {
    return fail(target.takeError(), kBadUsage);
  }
  cpuTarget = *target;
  if (!writesToStdout()) {
    // Before minutes of work: can the output be written at all?
    if (auto probe = ScratchFile::pending(output); !probe) {
      return fail(probe.takeError());
    }
  }
  if (!options.dumpIr.empty()) {
    if (std::error_code error = llvm::sys::fs::create_directories(options.dumpIr)) {
      printError("cannot create '" + options.dumpIr + "': " + error.message());
      return kBadInput;
    }
  }
  return kDone;
}

//===----------------------------------------------------------------------===//
// ① Import
//===----------------------------------------------------------------------===//

int Compilation::import() {
  bool isMlir = llvm::sys::path::extension(options.input) == ".mlir";
  if (int status = isMlir ? importMlir() : importOnnx()) {
    return status;
  }
  if (options.inspect != CompileOptions::Inspect::No) {
    return kDone;
  }
  weights = collectInitialValues(*module, imported.weights);
  if (options.init.empty()) {
    return checkWeights();
  }
  auto file = readFile(options.init);
  if (!file) {
    return fail(file.takeError());
  }
  initFile = std::move(*file);
  if (llvm::Error error = overrideInitialValues(*initFile, options.init, weights)) {
    return fail(std::move(error));
  }
  return checkWeights();
}

int Compilation::checkWeights() {
  if (options.planOnly || options.emit != "trainer") {
    return kDone; // no values are needed
  }
  for (const InitialValue &value : weights) {
    if (value.isMissing) {
      printError("variable '" + value.name +
                 "' takes its initial value from the input file, which has none: give it a dense "
                 "value, or --init FILE.safetensors");
      return kBadInput;
    }
  }
  return kDone;
}

static onnx::BatchNormMode batchNormMode(const std::string &mode) {
  if (mode == "frozen") {
    return onnx::BatchNormMode::Frozen;
  }
  return mode == "local" ? onnx::BatchNormMode::Local : onnx::BatchNormMode::Train;
}

/// The leading dimension of the graph's first input.
static int64_t leadingDim(ModuleOp module) {
  auto forward = module.lookupSymbol<func::FuncOp>("forward");
  if (!forward || forward.getNumArguments() == 0) {
    return 0;
  }
  auto type = dyn_cast<RankedTensorType>(forward.getArgumentTypes()[0]);
  return type && type.getRank() > 0 ? type.getDimSize(0) : 0;
}

int Compilation::importOnnx() {
  auto model = onnx::readModel(options.input);
  if (!model) {
    return fail(model.takeError());
  }
  onnxModel = std::move(*model);
  onnx::ImportOptions import;
  import.dims = options.dims;
  import.trainable = options.trainable;
  import.freeze = options.freeze;
  import.tie = options.tie;
  import.batchNorm = batchNormMode(options.batchNorm);
  import.dropout = options.dropout;
  import.inspect = options.inspect != CompileOptions::Inspect::No;
  int64_t count = trainOptions.microbatches;
  int64_t batch = obeyed ? obeyed->batch : options.batch;
  if (batch == 0 && count > 1) {
    // The model's own batch is the global one: look it up, then import its part.
    auto whole = onnx::importModel(*onnxModel, context, import);
    if (!whole) {
      return fail(whole.takeError());
    }
    batch = leadingDim(*whole->module);
  }
  if (batch % count != 0) {
    printError("batch " + std::to_string(batch) + " does not divide into " + std::to_string(count) +
               " micro-batches");
    return kBadUsage;
  }
  import.batch = batch / count;
  auto result = onnx::importModel(*onnxModel, context, import);
  if (!result) {
    return fail(result.takeError());
  }
  imported = std::move(*result);
  module = std::move(imported.module);
  return kDone;
}

/// What the passes take for granted of a program, which the importer keeps for models.
static LogicalResult checkSignature(func::FuncOp forward) {
  auto check = [&](const char *kind, unsigned i, Type type, Attribute name) -> LogicalResult {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape()) {
      return forward.emitError() << kind << ' ' << i << " of @forward has type " << type
                                 << ", expected a tensor of static shape";
    }
    if (!isa_and_nonnull<StringAttr>(name)) {
      return forward.emitError() << kind << ' ' << i
                                 << " of @forward has no name: add {train.name = \"...\"}";
    }
    return success();
  };
  for (unsigned i = 0; i < forward.getNumArguments(); ++i) {
    if (failed(check("argument", i, forward.getArgumentTypes()[i],
                     forward.getArgAttr(i, train::kNameAttr)))) {
      return failure();
    }
  }
  for (unsigned i = 0; i < forward.getNumResults(); ++i) {
    if (failed(check("result", i, forward.getResultTypes()[i],
                     forward.getResultAttr(i, train::kNameAttr)))) {
      return failure();
    }
  }
  return success();
}

int Compilation::importMlir() {
  auto file = readFile(options.input);
  if (!file) {
    return fail(file.takeError());
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*file), llvm::SMLoc());
  module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module) {
    if (!errors.hasError()) {
      printError("'" + options.input + "' is not a program in the train dialect");
    }
    return kBadInput;
  }
  auto forward = module->lookupSymbol<func::FuncOp>("forward");
  if (!forward || forward.isExternal()) {
    printError("'" + options.input + "' has no function @forward (docs/TrainByHand.md shows one)");
    return kBadInput;
  }
  if (failed(checkSignature(forward))) {
    return kBadInput;
  }
  int64_t rows = leadingDim(*module) * trainOptions.microbatches;
  if (options.batch != 0 && options.batch != rows) {
    printError("--batch " + std::to_string(options.batch) + " contradicts '" + options.input +
               "', whose @forward takes the rows of a batch of " + std::to_string(rows));
    return kBadUsage;
  }
  return kDone;
}

int Compilation::inspect() {
  if (options.inspect == CompileOptions::Inspect::No) {
    return kDone;
  }
  if (!onnxModel) {
    printError("--inspect lists ONNX models; '" + options.input + "' is not one");
    return kBadUsage;
  }
  if (options.inspect == CompileOptions::Inspect::Json) {
    onnx::printInspectionJson(imported, llvm::outs());
  } else {
    onnx::printInspection(imported, llvm::outs());
  }
  return -1;
}

//===----------------------------------------------------------------------===//
// ② Train, ⑤ exec
//===----------------------------------------------------------------------===//

/// Runs a phase. A reproducer stays where the failure is the compiler's own.
int Compilation::runPasses(PassManager &pm, ModuleOp op, int onFailure) {
  if (!options.dumpIr.empty()) {
    dumpAfterEachPass(pm, options.dumpIr, nextDump);
  }
  if (!options.crashBefore.empty()) {
    crashBeforePass(pm, options.crashBefore);
  }
  ScratchFile reproducer = ScratchFile::unwritten(reproducerName());
  pm.enableCrashReproducerGeneration(reproducer.name());
  if (succeeded(pm.run(op)) && !errors.hasError()) {
    return kDone;
  }
  if (onFailure == kBadInput && errors.hasError()) {
    return kBadInput;
  }
  if (llvm::Error error = reproducer.keep()) {
    llvm::consumeError(std::move(error));
  }
  return internalError();
}

std::string Compilation::reproducerName() const { return output + ".reproducer.mlir"; }

/// Says what to report. Outside of the passes the input itself reproduces it.
int Compilation::internalError() {
  std::string file = reproducerName();
  bool reproducible = llvm::sys::fs::exists(file);
  printError("internal error in dsc-compile while it does '" + phase + "'; please report it with " +
             (reproducible ? "'" + file + "', which dsc-opt --run-reproducer runs"
                           : "this command line and '" + options.input + "'"));
  return kInternalError;
}

int Compilation::lowerToTrain() {
  PassManager pm(&context);
  buildTrainPipeline(pm, trainOptions);
  if (int status = runPasses(pm, *module, kBadInput)) {
    return status;
  }
  inputs = describeInputs(*module);
  plan.model = stem;
  plan.modelHash = hashModel(*module);
  auto step = module->lookupSymbol<FunctionOpInterface>("train");
  auto first = step.getNumArguments() ? dyn_cast<RankedTensorType>(step.getArgumentTypes()[0])
                                      : RankedTensorType();
  if (!first || first.getRank() == 0) {
    printError("the model has no input with a batch dimension");
    return kBadInput;
  }
  plan.batch = first.getDimSize(0);
  if (obeyed && obeyed->modelHash != plan.modelHash) {
    printError("plan '" + options.planFile + "' is of another model (" + obeyed->model +
               "); make a new one with --plan");
    return kBadInput;
  }
  return options.emit == "train" ? writeText(*module) : kDone;
}

int Compilation::lowerToExec() {
  PassManager pm(&context);
  buildExecPipeline(pm, cpu::createCpuTargetModel());
  if (int status = runPasses(pm, *module, kBadInput)) {
    return status;
  }
  return options.emit == "exec" ? writeText(*module) : kDone;
}

bool Compilation::writesToStdout() const {
  bool isText = options.emit == "train" || options.emit == "exec" || options.emit == "llvm";
  return options.inspect != CompileOptions::Inspect::No || (isText && options.output.empty());
}

/// Prints to the output if one is named, else to stdout; then stops.
int Compilation::writeText(Operation *op) {
  if (options.output.empty()) {
    op->print(llvm::outs());
    llvm::outs() << '\n';
    return -1;
  }
  return writeOutput(output, [op](llvm::raw_ostream &os) {
    op->print(os);
    os << '\n';
  });
}

/// Writes the one file that was asked for; then stops.
int Compilation::writeOutput(const std::string &file,
                             llvm::function_ref<void(llvm::raw_ostream &)> write) {
  auto pending = ScratchFile::pending(file);
  if (!pending) {
    return fail(pending.takeError());
  }
  if (llvm::Error error = writeFile(*pending, write)) {
    return fail(std::move(error));
  }
  if (llvm::Error error = pending->keep()) {
    return fail(std::move(error));
  }
  return -1;
}

//===----------------------------------------------------------------------===//
// ③ Plan
//===----------------------------------------------------------------------===//

/// Asks the prober beside this tool, so that the compiler itself needs no oneDNN.
static llvm::Expected<Hardware> measureHost() {
  std::string self = llvm::sys::fs::getMainExecutable(
      nullptr, reinterpret_cast<void *>(reinterpret_cast<intptr_t>(&measureHost)));
  llvm::SmallString<256> prober(llvm::sys::path::parent_path(self));
  llvm::sys::path::append(prober, "dsc-probe");
  auto answer = ScratchFile::temporary("dsc-probe", "json");
  if (!answer) {
    return answer.takeError();
  }
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(answer->name()),
                                                llvm::StringRef("")};
  std::string reason;
  if (runTool({prober}, redirects, &reason) != 0) {
    return llvm::createStringError("cannot measure this host: '" + prober.str() + "' failed" +
                                   (reason.empty() ? "" : ": " + reason));
  }
  auto file = readFile(answer->name());
  if (!file) {
    return file.takeError();
  }
  auto value = llvm::json::parse((*file)->getBuffer());
  if (!value || !value->getAsObject()) {
    llvm::consumeError(value.takeError());
    return llvm::createStringError("cannot measure this host: dsc-probe said nothing useful");
  }
  const llvm::json::Object &object = *value->getAsObject();
  return Hardware{"host", object.getNumber("gemm_gflops").value_or(1),
                  object.getNumber("copy_gigabytes_per_second").value_or(1),
                  object.getInteger("threads").value_or(1)};
}

int Compilation::makePlan() {
  plan.microbatches = trainOptions.microbatches;
  plan.cpu = cpuTarget->cpu;
  if (obeyed) {
    plan.hardware = obeyed->hardware;
  } else {
    auto hardware = measureHost();
    if (!hardware) {
      return fail(hardware.takeError());
    }
    plan.hardware = *hardware;
  }
  predict(*module, plan);
  if (options.printPlan || options.planOnly) {
    plan.print(llvm::outs());
    llvm::outs().flush();
  }
  bool stops = options.planOnly || options.emit == "plan";
  if (!stops) {
    return kDone;
  }
  return writeOutput(output + ".plan.json", [this](llvm::raw_ostream &os) { writePlan(os); });
}

void Compilation::writePlan(llvm::raw_ostream &os) const {
  os << llvm::formatv("{0:2}\n", plan.toJson());
}

//===----------------------------------------------------------------------===//
// ⑥ Emit
//===----------------------------------------------------------------------===//

static const char *optimizerName(OptimizerKind kind) {
  switch (kind) {
  case OptimizerKind::Sgd:
    return "sgd";
  case OptimizerKind::Momentum:
    return "momentum";
  case OptimizerKind::Adam:
    return "adam";
  case OptimizerKind::AdamW:
    return "adamw";
  }
  llvm_unreachable("unknown optimizer");
}

static const char *lossName(const TrainOptions &options) {
  if (!options.lossOutput.empty()) {
    return "model";
  }
  switch (options.loss) {
  case LossKind::CrossEntropy:
    return "cross-entropy";
  case LossKind::Mse:
    return "mse";
  case LossKind::L1:
    return "l1";
  case LossKind::BceWithLogits:
    return "bce-with-logits";
  }
  llvm_unreachable("unknown loss");
}

std::string Compilation::description() {
  llvm::json::Object object{{"version", 1},
                            {"model", stem},
                            {"model_hash", plan.modelHash},
                            {"source", llvm::sys::path::filename(options.input)},
                            {"batch", plan.batch},
                            {"microbatches", plan.microbatches},
                            {"target", "cpu"},
                            {"cpu", cpuTarget->cpu},
                            {"precision", plan.precision},
                            {"optimizer", optimizerName(trainOptions.optimizer)},
                            {"clip", trainOptions.clip},
                            {"loss", lossName(trainOptions)},
                            {"predicted_step_seconds", plan.stepSeconds},
                            {"libraries", llvm::json::Array{"libdnnl.so.2", "libgomp.so.1"}},
                            {"inputs", llvm::json::Array(inputs)}};
  describePlacement(*module, object);
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(object));
  return text;
}

int Compilation::emitKernels(llvm::raw_pwrite_stream &object) {
  OwningOpRef<ModuleOp> kernels = cpu::extractKernels(*module);
  PassManager pm(&context);
  cpu::buildKernelPipeline(pm, options.cpu);
  if (int status = runPasses(pm, *kernels, kInternalError)) {
    return status;
  }
  if (options.emit == "llvm") {
    return writeText(*kernels);
  }
  if (failed(cpu::emitObject(*kernels, *cpuTarget, object))) {
    return internalError();
  }
  return kDone;
}

int Compilation::emitObjects(const ScratchFile &kernels, const ScratchFile &tables) {
  int status = kDone;
  auto failed = writeFile(kernels, [&](llvm::raw_fd_ostream &os) { status = emitKernels(os); });
  if (failed) {
    return fail(std::move(failed));
  }
  if (status != kDone) {
    return status;
  }
  failed = writeFile(tables, [&](llvm::raw_fd_ostream &os) {
    if (mlir::failed(cpu::emitTables(*module, *cpuTarget, description(), os))) {
      status = internalError();
    }
  });
  return failed ? fail(std::move(failed)) : status;
}

int Compilation::emit() {
  auto kernels = ScratchFile::temporary("dsc-kernels", "o");
  if (!kernels) {
    return fail(kernels.takeError());
  }
  auto tables = ScratchFile::temporary("dsc-tables", "o");
  if (!tables) {
    return fail(tables.takeError());
  }
  if (int status = emitObjects(*kernels, *tables)) {
    return status;
  }
  times.begin("link");
  return link(*kernels, *tables);
}

bool Compilation::weightsLieBeside() const {
  int64_t bytes = 0;
  for (const InitialValue &value : weights) {
    bytes += static_cast<int64_t>(value.bytes().size());
  }
  return options.weights == "beside" || (options.weights == "auto" && bytes > kWeightsInsideLimit);
}

llvm::Error Compilation::writePayload(const ScratchFile &binary, const ScratchFile *beside) {
  std::string skeleton;
  if (onnxModel) {
    llvm::StringSet<> names;
    for (const InitialValue &value : weights) {
      names.insert(value.name);
    }
    skeleton = dropInitializerData(onnxModel->files.front()->getBuffer(), names);
  }
  return appendPayload(binary, weights, beside, skeleton);
}

/// Moves the files to their final names; if one cannot be moved, none stays.
static llvm::Error keepAll(llvm::ArrayRef<std::pair<ScratchFile *, std::string>> files) {
  ignoreSignals();
  for (size_t i = 0; i < files.size(); ++i) {
    if (llvm::Error failed = files[i].first->keep()) {
      for (const auto &[file, finalName] : files.take_front(i)) {
        llvm::sys::fs::remove(finalName);
      }
      return failed;
    }
  }
  return llvm::Error::success();
}

int Compilation::link(const ScratchFile &kernels, const ScratchFile &tables) {
  // The trainer comes last: where it is, the others are.
  std::vector<std::string> names = {output + ".plan.json", output};
  if (weightsLieBeside()) {
    names.insert(names.begin(), output + ".weights.safetensors");
  }
  std::vector<ScratchFile> files;
  std::vector<std::pair<ScratchFile *, std::string>> toKeep;
  files.reserve(names.size());
  for (const std::string &name : names) {
    auto file = ScratchFile::pending(name);
    if (!file) {
      return fail(file.takeError());
    }
    files.push_back(std::move(*file));
    toKeep.emplace_back(&files.back(), name);
  }
  ScratchFile &binary = files.back(), &planFile = files[files.size() - 2];
  if (llvm::Error error = linkTrainer({kernels.name(), tables.name()}, binary)) {
    return fail(std::move(error));
  }
  const ScratchFile *beside = files.size() == 3 ? &files.front() : nullptr;
  if (llvm::Error error = writePayload(binary, beside)) {
    return fail(std::move(error));
  }
  if (llvm::Error error = writeFile(planFile, [this](llvm::raw_ostream &os) { writePlan(os); })) {
    return fail(std::move(error));
  }
  if (llvm::Error error = keepAll(toKeep)) {
    return fail(std::move(error));
  }
  return kDone;
}

/// Runs the compilation so that a crash outside of the passes is an internal
/// error too. No destructor runs then.
static int runRecoverably(Compilation &compilation) {
  llvm::CrashRecoveryContext::Enable();
  llvm::CrashRecoveryContext recovery;
  int status = kInternalError;
  if (!recovery.RunSafely([&] { status = compilation.run(); })) {
    removeScratchFiles();
    return compilation.internalError();
  }
  return status;
}

int dsc::compile(const CompileOptions &options) {
  cleanUpOnSignals();
  Compilation compilation(options);
  int status = runRecoverably(compilation);
  if (llvm::Error error = takeError(llvm::outs(), "standard output")) {
    printError(llvm::toString(std::move(error)));
    return status == kDone ? int(kBadInput) : status;
  }
  return status;
}
