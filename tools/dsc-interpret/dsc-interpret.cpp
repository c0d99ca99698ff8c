//===- dsc-interpret.cpp - Run a program by the reference interpreter -----===//
//
//   dsc-interpret FILE.mlir --data X.npz [--f64] [--entry NAME] [-o OUT.npz]
//
// X.npz holds the inputs by their train.name (or arg0, arg1, ...), variables'
// values by name, and the trainer's scalars as scalar.NAME (scalar.NAME.PARAMETER
// for one parameter). OUT.npz gets the results by train.name (or result0, ...)
// and every variable after the call as variable.NAME; without -o the results
// are printed.
//
//===----------------------------------------------------------------------===//

#include "Arrays.h"
#include "dialects/Exec/ExecDialect.h"
#include "dialects/Train/TrainDialect.h"
#include "dsc/Interpreter/Interpreter.h"
#include "dsc/Support/Npz.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;
using namespace dsc;
namespace cl = llvm::cl;

namespace {
struct Flags {
  cl::OptionCategory category{"dsc-interpret"};
  cl::opt<std::string> input{cl::Positional, cl::desc("<file.mlir>"), cl::Required,
                             cl::cat(category)};
  cl::opt<std::string> data{"data", cl::desc("inputs, variables and scalars (.npz)"),
                            cl::value_desc("file"), cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("where results and variables go (.npz)"),
                              cl::value_desc("file"), cl::cat(category)};
  cl::opt<std::string> entry{"entry",
                             cl::desc("the program to run (default: train, main or "
                                      "the only one)"),
                             cl::value_desc("name"), cl::cat(category)};
  cl::opt<int> ranks{"ranks", cl::desc("programs of several ranks come later: 1"), cl::init(1),
                     cl::cat(category)};
  cl::opt<bool> f64{"f64", cl::desc("compute every float type in f64"), cl::cat(category)};
};

constexpr int kInputError = 1, kUsageError = 2;
} // namespace

static int fail(const llvm::Twine &message, int status = kInputError) {
  llvm::errs() << "error: " << message << '\n';
  return status;
}

/// The program that --entry names, or the obvious one.
static FunctionOpInterface findEntry(ModuleOp module, StringRef name) {
  if (!name.empty()) {
    return module.lookupSymbol<FunctionOpInterface>(name);
  }
  for (StringRef usual : {"train", "main"}) {
    if (auto function = module.lookupSymbol<FunctionOpInterface>(usual)) {
      return function;
    }
  }
  auto functions = module.getOps<FunctionOpInterface>();
  return llvm::hasSingleElement(functions) ? *functions.begin() : FunctionOpInterface();
}

static std::string nameOf(Attribute name, StringRef fallback, size_t index) {
  if (auto given = dyn_cast_or_null<StringAttr>(name)) {
    return given.str();
  }
  return (fallback + llvm::Twine(index)).str();
}

/// The arguments of `function`, found in `archive` by name.
static llvm::Expected<SmallVector<Tensor>> readArguments(FunctionOpInterface function,
                                                         const NpzArchive &archive) {
  SmallVector<Tensor> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::string name = nameOf(function.getArgAttr(i, train::kNameAttr), "arg", i);
    auto it = archive.find(name);
    if (it == archive.end()) {
      return llvm::createStringError("--data has no array called '" + name + "' (an input of @" +
                                     function.getName() + ")");
    }
    auto type = cast<RankedTensorType>(function.getArgumentTypes()[i]);
    auto tensor = toTensor(name, it->second, type);
    if (!tensor) {
      return tensor.takeError();
    }
    arguments.push_back(std::move(*tensor));
  }
  return arguments;
}

/// Hands variables and scalars of `archive` to the interpreter.
static llvm::Error readState(Interpreter &interpreter, const NpzArchive &archive) {
  for (const auto &[name, array] : archive) {
    StringRef scalar = name;
    if (scalar.consume_front("scalar.")) {
      interpreter.setScalar(scalar, toScalar(array, interpreter.module.getContext()));
      continue;
    }
    auto variable = interpreter.module.lookupSymbol<train::VariableOp>(name);
    if (!variable) {
      continue;
    }
    auto tensor = toTensor(name, array, variable.getTensorType());
    if (!tensor) {
      return tensor.takeError();
    }
    (void)interpreter.setVariable(name, std::move(*tensor));
  }
  return llvm::Error::success();
}

/// Results and variables after the call, under their names.
static NpzArchive collectOutputs(FunctionOpInterface function, ArrayRef<Tensor> results,
                                 const Interpreter &interpreter, bool f64) {
  NpzArchive archive;
  for (auto [index, result] : llvm::enumerate(results)) {
    auto i = static_cast<unsigned>(index);
    archive[nameOf(function.getResultAttr(i, train::kNameAttr), "result", i)] =
        toArray(result, f64);
  }
  ModuleOp module = interpreter.module;
  for (auto variable : module.getOps<train::VariableOp>()) {
    if (const Tensor *value = interpreter.getVariable(variable.getSymName())) {
      archive[("variable." + variable.getSymName()).str()] = toArray(*value, f64);
    }
  }
  return archive;
}

static void printResults(FunctionOpInterface function, ArrayRef<Tensor> results) {
  for (auto [index, result] : llvm::enumerate(results)) {
    auto i = static_cast<unsigned>(index);
    llvm::outs() << nameOf(function.getResultAttr(i, train::kNameAttr), "result", i) << " = ";
    printTensor(llvm::outs(), result);
    llvm::outs() << '\n';
  }
}

/// What is refused by name because its time has not come.
static int refuseWhatComesLater(ModuleOp module, const Flags &flags) {
  if (flags.ranks != 1) {
    return fail("--ranks: programs of several ranks come later; only 1 is there yet", kUsageError);
  }
  if (!module.getOps<exec::ProgramOp>().empty()) {
    return fail(flags.input + " is exec IR, which is not interpreted yet; give the train IR that "
                              "it was made from, a file before '-lower-to-exec' of --dump-ir");
  }
  return 0;
}

static int interpret(ModuleOp module, const Flags &flags) {
  if (int status = refuseWhatComesLater(module, flags)) {
    return status;
  }
  FunctionOpInterface function = findEntry(module, flags.entry);
  if (!function) {
    return flags.entry.empty() ? fail(flags.input + ": which program is meant? Say --entry NAME")
                               : fail(flags.input + " has no program called '" + flags.entry + "'");
  }
  NpzArchive data;
  if (!flags.data.empty()) {
    auto archive = readNpz(flags.data);
    if (!archive) {
      return fail(toString(archive.takeError()));
    }
    data = std::move(*archive);
  }
  Interpreter interpreter(module, {flags.f64});
  if (llvm::Error error = readState(interpreter, data)) {
    return fail(toString(std::move(error)));
  }
  auto arguments = readArguments(function, data);
  if (!arguments) {
    return fail(toString(arguments.takeError()));
  }
  auto results = interpreter.call(function.getName(), *arguments);
  if (failed(results)) {
    return kInputError; // the diagnostic handler has said why
  }
  if (flags.output.empty()) {
    printResults(function, *results);
    return 0;
  }
  auto outputs = collectOutputs(function, *results, interpreter, flags.f64);
  if (llvm::Error error = writeNpz(flags.output, outputs)) {
    return fail(toString(std::move(error)));
  }
  return 0;
}

/// `file:line:column: `, or the name an importer gave; empty where unknown.
static std::string locationText(Location location) {
  if (auto file = location->findInstanceOf<FileLineColLoc>()) {
    return (file.getFilename().getValue() + ":" + llvm::Twine(file.getLine()) + ":" +
            llvm::Twine(file.getColumn()) + ": ")
        .str();
  }
  auto name = location->findInstanceOf<NameLoc>();
  return name ? (name.getName().getValue() + ": ").str() : "";
}

/// Prints the first error only, on one line.
static LogicalResult reportOnce(Diagnostic &diagnostic, bool &reported) {
  if (diagnostic.getSeverity() != DiagnosticSeverity::Error || reported) {
    return success();
  }
  reported = true;
  std::string text = locationText(diagnostic.getLocation()) + diagnostic.str();
  std::replace(text.begin(), text.end(), '\n', ' ');
  llvm::errs() << "error: " << text << '\n';
  return success();
}

int main(int argc, char **argv) {
  Flags flags;
  cl::HideUnrelatedOptions(flags.category);
  std::string usage;
  llvm::raw_string_ostream usageStream(usage);
  if (!cl::ParseCommandLineOptions(argc, argv, "Runs train IR by the reference interpreter\n",
                                   &usageStream)) {
    return fail(StringRef(usage).split('\n').first, kUsageError);
  }
  DialectRegistry registry;
  registry.insert<train::TrainDialect, exec::ExecDialect, func::FuncDialect, linalg::LinalgDialect,
                  math::MathDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  bool reported = false;
  context.getDiagEngine().registerHandler(
      [&](Diagnostic &diagnostic) { return reportOnce(diagnostic, reported); });
  auto module = parseSourceFile<ModuleOp>(flags.input, &context);
  if (!module) {
    return reported ? kInputError : fail(flags.input + " cannot be read");
  }
  return interpret(*module, flags);
}
