//===- Import.cpp - The input, as train IR with its initial weights -------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Frontend/ONNX/Reader.h"
#include "dsc/Frontend/ONNX/Restore.h"
#include "dsc/Support/RegularFile.h"
#include "lib/Driver/Compilation.h"
#include "lib/Driver/Host.h"
#include "lib/Driver/SafetensorsFile.h"
#include "lib/Driver/Suggestions.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace dsc;

int Compilation::import() {
  bool isMlir = llvm::sys::path::extension(options.input) == ".mlir";
  if (int status = isMlir ? importMlir() : importOnnx()) {
    return status;
  }
  if (isInspection()) {
    return kDone;
  }
  int status = collectWeights();
  dumps.write("import", *module);
  return status;
}

int64_t dsc::leadingDim(ModuleOp module) {
  auto forward = module.lookupSymbol<func::FuncOp>("forward");
  if (!forward || forward.getNumArguments() == 0) {
    return 0;
  }
  auto type = dyn_cast<RankedTensorType>(forward.getArgumentTypes()[0]);
  return type && type.getRank() > 0 ? type.getDimSize(0) : 0;
}

//===----------------------------------------------------------------------===//
// ONNX
//===----------------------------------------------------------------------===//

static onnx::BatchNormMode batchNormMode(const std::string &mode) {
  if (mode == "frozen") {
    return onnx::BatchNormMode::Frozen;
  }
  return mode == "local" ? onnx::BatchNormMode::Local : onnx::BatchNormMode::Train;
}

onnx::ImportOptions dsc::importOptions(const CompileOptions &options) {
  onnx::ImportOptions import;
  import.dims = options.dims;
  import.trainable = options.trainable;
  import.freeze = options.freeze;
  import.tie = options.tie;
  import.stopGradient = options.stopGradient;
  import.batchNorm = batchNormMode(options.batchNorm);
  import.dropout = options.dropout;
  import.marksScales = !options.train.lossOutput.empty();
  import.inspect = options.inspect != CompileOptions::Inspect::No;
  return import;
}

/// The global batch; 0: not known, and no need to.
llvm::Expected<int64_t> Compilation::chooseBatch(const onnx::ImportOptions &import) {
  int64_t batch = obeyed ? obeyed->batch : options.batch;
  if (batch != 0 || trainOptions.microbatches == 1 || isInspection()) {
    return batch;
  }
  // The model's own batch is the global one: look it up, then import its part.
  auto whole = onnx::importModel(*onnxModel, context, import);
  return whole ? llvm::Expected<int64_t>(leadingDim(*whole->module)) : whole.takeError();
}

int Compilation::importOnnx() {
  auto model = onnx::readModel(options.input);
  if (!model) {
    return fail(model.takeError());
  }
  onnxModel = std::move(*model);
  restoration = onnx::restoreInitializers(*onnxModel);
  onnx::ImportOptions import = importOptions(options);
  auto batch = chooseBatch(import);
  if (!batch) {
    return fail(batch.takeError());
  }
  int64_t count = trainOptions.microbatches;
  if (*batch % count != 0) {
    return failUsage("batch " + llvm::Twine(*batch) + " does not divide into " +
                     llvm::Twine(count) + " micro-batches");
  }
  import.batch = importedBatch = *batch / count;
  auto result = onnx::importModel(*onnxModel, context, import);
  if (!result) {
    return fail(result.takeError());
  }
  imported = std::move(*result);
  module = std::move(imported.module);
  for (const std::string &note : imported.notes) {
    if (!import.inspect) {
      llvm::errs() << "note: " << note << "\n";
    }
  }
  return kDone;
}

//===----------------------------------------------------------------------===//
// Programs in the train dialect
//===----------------------------------------------------------------------===//

/// An argument or a result has a name and a static shape.
static LogicalResult checkSlot(func::FuncOp forward, const char *kind, unsigned i, Type type,
                               Attribute name) {
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
}

/// What the passes take for granted of a program, which the importer keeps for models.
static LogicalResult checkSignature(func::FuncOp forward) {
  for (unsigned i = 0; i < forward.getNumArguments(); ++i) {
    if (failed(checkSlot(forward, "argument", i, forward.getArgumentTypes()[i],
                         forward.getArgAttr(i, train::kNameAttr)))) {
      return failure();
    }
  }
  for (unsigned i = 0; i < forward.getNumResults(); ++i) {
    if (failed(checkSlot(forward, "result", i, forward.getResultTypes()[i],
                         forward.getResultAttr(i, train::kNameAttr)))) {
      return failure();
    }
  }
  return success();
}

/// How deep brackets nest; "->" closes none. Strings and comments may count too: this is a guard.
static int64_t deepestNesting(llvm::StringRef text) {
  int64_t depth = 0, deepest = 0;
  char before = 0;
  for (char c : text) {
    bool closes = c == ')' || c == ']' || c == '}' || (c == '>' && before != '-');
    depth += llvm::StringRef("([{<").contains(c) ? 1 : closes ? -1 : 0;
    deepest = std::max(deepest, depth);
    before = c;
  }
  return deepest;
}

/// Parses the file; the errors have been said where there is no module.
OwningOpRef<ModuleOp> Compilation::parseInput(std::unique_ptr<llvm::MemoryBuffer> file) {
  constexpr int64_t mostNesting = 1000; // the parser is recursive
  if (deepestNesting(file->getBuffer()) > mostNesting) {
    printError("'" + options.input + "' nests deeper than any program of the train dialect");
    return nullptr;
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  OwningOpRef<ModuleOp> parsed = parseSourceFile<ModuleOp>(sources, &context);
  if (!parsed && !errors.hasError()) {
    printError("'" + options.input + "' is not a program in the train dialect");
  }
  return parsed;
}

int Compilation::importMlir() {
  auto file = readRegularFile(options.input);
  if (!file) {
    return fail(file.takeError());
  }
  module = parseInput(std::move(*file));
  if (!module) {
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
    return failUsage("--batch " + llvm::Twine(options.batch) + " contradicts '" + options.input +
                     "', whose @forward takes the rows of a batch of " + llvm::Twine(rows));
  }
  return kDone;
}

//===----------------------------------------------------------------------===//
// Initial weights
//===----------------------------------------------------------------------===//

/// One number may stand for terabytes in the file; a step has to hold them.
int Compilation::checkConstants() {
  int64_t memory = hostMemory();
  auto result = module->walk([&](train::ConstantOp constant) {
    int64_t bytes = train::getTensorBytes(constant.getType());
    if (bytes > memory) {
      emitError(constant.getLoc(), "makes a constant of ")
          << bytesText(bytes) << ", more than this host's memory; is its shape right?";
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return result.wasInterrupted() ? int(kBadInput) : int(kDone);
}

int Compilation::collectWeights() {
  bool makesValues = !options.planOnly && (options.emit == "trainer" || options.emit == "cuda");
  if (makesValues) {
    if (llvm::Error error = checkMadeValues(*module, hostMemory())) {
      return fail(std::move(error));
    }
    if (int status = checkConstants()) {
      return status;
    }
  }
  weights = collectInitialValues(*module, imported.weights, makesValues);
  if (options.init.empty()) {
    return checkWeights();
  }
  auto file = readRegularFile(options.init);
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
  if (options.planOnly || (options.emit != "trainer" && options.emit != "cuda")) {
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

//===----------------------------------------------------------------------===//
// --inspect
//===----------------------------------------------------------------------===//

int Compilation::inspect() {
  if (!isInspection()) {
    return kDone;
  }
  if (!onnxModel) {
    return failUsage("--inspect lists ONNX models; '" + options.input + "' is not one");
  }
  if (module) {
    addSuggestions(*module, imported);
  }
  if (options.inspect == CompileOptions::Inspect::Json) {
    onnx::printInspectionJson(imported, llvm::outs());
  } else {
    onnx::printInspection(imported, llvm::outs());
  }
  return kStop;
}
