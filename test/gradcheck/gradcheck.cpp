//===- gradcheck.cpp - Derivatives against central differences ------------===//
//
//   gradcheck FILE.mlir [--order 2]     every function of the file: the gradient
//       of a weighted sum of all its results with respect to all its float
//       arguments; with order 2 also the gradient of that gradient
//   gradcheck FILE.mlir --program ...   the model @forward: what the train
//       pipeline makes of it (gradients, outputs, state, evaluation) against
//       the graph itself
//
// Everything is evaluated by the interpreter in f64. Arguments' values: Inputs.h.
// An argument with {check.zero} is expected to have gradient zero.
//
//===----------------------------------------------------------------------===//

#include "Differences.h"
#include "Inputs.h"
#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"
#include "dsc/Interpreter/Interpreter.h"
#include "dsc/Pipelines/Train.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;
namespace cl = llvm::cl;

namespace {
struct Flags {
  cl::opt<std::string> input{cl::Positional, cl::Required};
  cl::opt<int> order{"order", cl::init(1), cl::desc("2: also second derivatives")};
  cl::opt<bool> mayBeZero{"may-be-zero", cl::desc("accept gradients that are zero throughout")};
  cl::opt<bool> program{"program", cl::desc("check the train pipeline on @forward")};
  cl::opt<LossKind> loss{"loss", cl::init(LossKind::CrossEntropy),
                         cl::values(clEnumValN(LossKind::CrossEntropy, "cross-entropy", ""),
                                    clEnumValN(LossKind::Mse, "mse", ""),
                                    clEnumValN(LossKind::L1, "l1", ""),
                                    clEnumValN(LossKind::BceWithLogits, "bce-with-logits", ""))};
  cl::opt<std::string> lossOutput{"loss-output"};
  cl::opt<double> smoothing{"label-smoothing", cl::init(0.0)};
  cl::opt<int> microbatches{"microbatches", cl::init(1)};
  cl::opt<int> classes{"classes", cl::init(2), cl::desc("labels are below this")};
  cl::opt<double> tolerance{"tolerance", cl::init(1e-6)};
  cl::opt<unsigned> maxElements{"max-elements", cl::init(48), cl::desc("per gradient")};
};

constexpr Interpreter::Options kF64{true};
} // namespace

static StringRef nameOf(Attribute attr) {
  auto name = dyn_cast_or_null<StringAttr>(attr);
  return name ? name.getValue() : StringRef();
}

static bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value.getType())); }

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// Makes a function return one number: its float results, each times a weight
/// (a new argument), summed.
static LogicalResult weighResults(func::FuncOp f) {
  Operation *end = f.getBody().front().getTerminator();
  OpBuilder builder(end);
  Value total;
  for (Value result : llvm::to_vector(end->getOperands())) {
    unsigned index = f.getNumArguments();
    if (!isFloat(result)) {
      continue;
    }
    // Weights that add up to zero would hide the gradient of what is the same
    // for all elements, so their grid is not symmetric.
    auto low = builder.getNamedAttr("check.low", builder.getF64FloatAttr(-0.6));
    if (failed(f.insertArgument(index, result.getType(), builder.getDictionaryAttr(low),
                                f.getLoc()))) {
      return failure();
    }
    train::Expr y(builder, f.getLoc(), result);
    train::Expr sum = (y * y.with(f.getArgument(index))).sum(train::otherDims(y.rank(), {}));
    total = total ? Value(sum + sum.with(total)) : Value(sum);
  }
  end->setOperands(total);
  f.setFunctionType(builder.getFunctionType(f.getArgumentTypes(), total.getType()));
  f.removeResAttrsAttr();
  return success();
}

/// Adds @f_grad beside @f.
static LogicalResult differentiate(ModuleOp module, StringRef f) {
  PassManager pm(module.getContext());
  AutodiffPassOptions options;
  options.function = f.str();
  pm.addPass(createAutodiffPass(options));
  return pm.run(module);
}

/// Checks @f_grad against differences of @f, which returns one number.
/// Of higher derivatives, those by some arguments are zero (linear functions).
static LogicalResult checkFunction(ModuleOp module, func::FuncOp f, bool isFirst,
                                   const Flags &flags, Report &report) {
  Interpreter interpreter(module, kF64);
  SmallVector<Tensor> arguments;
  for (unsigned i = 0; i < f.getNumArguments(); ++i) {
    arguments.push_back(makeInput(f, i, 100 + i));
  }
  auto gradients = interpreter.call((f.getName() + "_grad").str(), arguments);
  if (failed(gradients)) {
    return failure();
  }
  SmallVector<Subject> subjects;
  auto next = gradients->begin();
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    if (argument.isFloat()) {
      subjects.push_back({"argument " + std::to_string(i), &argument, std::move(*next++),
                          !isFirst || flags.mayBeZero ||
                              f.getArgAttr(static_cast<unsigned>(i), "check.zero") != nullptr});
    }
  }
  auto loss = [&] {
    auto results = interpreter.call(f.getName(), arguments);
    return succeeded(results) ? results->front().floats.front() : NAN;
  };
  checkGradients(subjects, loss, flags.maxElements, report);
  report.summarize(f.getName());
  return success();
}

static LogicalResult checkFunctions(ModuleOp module, const Flags &flags, Report &report) {
  for (auto f : llvm::to_vector(module.getOps<func::FuncOp>())) {
    for (int order = 1; order <= flags.order; ++order) {
      std::string gradient = (f.getName() + "_grad").str();
      if (failed(weighResults(f)) || failed(differentiate(module, f.getName())) ||
          failed(checkFunction(module, f, order == 1, flags, report))) {
        return failure();
      }
      f = module.lookupSymbol<func::FuncOp>(gradient);
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

namespace {
/// A module with the graph and its loss beside the module the pipeline made.
class ProgramCheck {
public:
  ProgramCheck(ModuleOp graph, ModuleOp programs, const Flags &flags, Report &report)
      : programs(programs), flags(flags), report(report), plain(graph, kF64),
        compiled(programs, kF64), forward(graph.lookupSymbol<func::FuncOp>("forward")),
        gradients(programs.lookupSymbol<train::StepOp>("gradients")) {}

  LogicalResult run();

private:
  void makeArguments();
  void makeVariables();
  void reset(Interpreter &interpreter);
  LogicalResult runGraph();
  double lossOfGraph();
  LogicalResult compareForward(ArrayRef<Tensor> results);
  LogicalResult compareState();
  LogicalResult compareEvaluation();

  ModuleOp programs;
  const Flags &flags;
  Report &report;
  Interpreter plain, compiled;
  func::FuncOp forward;
  train::StepOp gradients;
  SmallVector<Tensor> arguments;                // over the whole batch
  llvm::MapVector<StringRef, Tensor> variables; // before the step
  SmallVector<Tensor> outputs;                  // of the graph, by micro-batch
  double lossSum = 0, count = 0;
};
} // namespace

void ProgramCheck::makeArguments() {
  for (unsigned i = 0; i < gradients.getNumArguments(); ++i) {
    bool isLabels = nameOf(gradients.getArgAttr(i, train::kNameAttr)) == "labels";
    if (isLabels) {
      Builder builder(gradients.getContext());
      gradients.setArgAttr(i, "check.bound", builder.getI64IntegerAttr(flags.classes));
    }
    arguments.push_back(makeInput(gradients, i, 200 + i));
  }
}

/// Parameters and slots keep their initial values where those are numbers; a
/// grid takes the place of constants, which would hide errors.
void ProgramCheck::makeVariables() {
  uint64_t seed = 300;
  for (auto variable : forward->getParentOfType<ModuleOp>().getOps<train::VariableOp>()) {
    bool isPositive = variable.getSymName().ends_with("var");
    variables[variable.getSymName()] =
        makeGrid(variable.getTensorType(), isPositive ? 0.5 : -1.0, isPositive ? 2.0 : 1.0, seed++);
  }
}

void ProgramCheck::reset(Interpreter &interpreter) {
  for (auto &[name, value] : variables) {
    (void)interpreter.setVariable(name, value);
  }
  interpreter.setScalar("seed", 7);
  interpreter.setScalar("step", 3);
}

static Tensor takeRows(const Tensor &whole, RankedTensorType type, size_t part) {
  Tensor rows(type);
  size_t begin = part * rows.size();
  for (size_t i = 0; i < rows.size(); ++i) {
    rows.setNumber(i, whole.number(begin + i));
  }
  return rows;
}

/// Runs the graph on each micro-batch; its state carries over by itself.
LogicalResult ProgramCheck::runGraph() {
  reset(plain);
  lossSum = count = 0;
  outputs.clear();
  for (int m = 0; m < flags.microbatches; ++m) {
    SmallVector<Tensor> rows;
    for (auto [whole, type] : llvm::zip_equal(arguments, forward.getArgumentTypes())) {
      rows.push_back(takeRows(whole, cast<RankedTensorType>(type), static_cast<size_t>(m)));
    }
    auto results = plain.call("forward", rows);
    if (failed(results)) {
      return failure();
    }
    count += results->pop_back_val().floats.front();
    lossSum += results->pop_back_val().floats.front();
    llvm::append_range(outputs, *results);
  }
  return success();
}

double ProgramCheck::lossOfGraph() { return succeeded(runGraph()) ? lossSum / count : NAN; }

/// loss_sum, count and outputs of @gradients are those of the graph.
LogicalResult ProgramCheck::compareForward(ArrayRef<Tensor> results) {
  if (failed(runGraph())) {
    return failure();
  }
  Type f32 = Float32Type::get(gradients.getContext());
  report.compare("loss_sum", results[0], Tensor::scalar(f32, lossSum), std::abs(lossSum));
  report.compare("count", results[1], Tensor::scalar(f32, count), count);
  size_t numOutputs = outputs.size() / static_cast<size_t>(flags.microbatches);
  for (size_t k = 0; k < outputs.size(); ++k) {
    const Tensor &whole = results[2 + k % numOutputs];
    if (whole.rank() > 0) {
      report.compare("output", takeRows(whole, outputs[k].type, k / numOutputs), outputs[k], 1.0);
    }
  }
  return success();
}

/// What @train writes to state is what the graph writes, and parameters change.
LogicalResult ProgramCheck::compareState() {
  for (StringRef scalar :
       {"lr", "beta1", "beta2", "eps", "weight_decay", "correction1", "correction2", "clip_norm"}) {
    compiled.setScalar(scalar, 0.5);
  }
  reset(compiled);
  auto results = compiled.call("train", arguments);
  if (failed(results) || failed(runGraph())) {
    return failure();
  }
  report.compare("train's loss_sum", results->front(),
                 Tensor::scalar(results->front().type.getElementType(), lossSum),
                 std::abs(lossSum));
  for (auto variable : programs.getOps<train::VariableOp>()) {
    StringRef name = variable.getSymName();
    if (variable.getRole() == train::VariableRole::State) {
      report.compare(name, *compiled.getVariable(name), *plain.getVariable(name), 1.0);
    }
  }
  return success();
}

/// Without ops that differ in evaluation, the samples' losses add up to the
/// loss (one micro-batch: @evaluate has as many rows as the graph).
LogicalResult ProgramCheck::compareEvaluation() {
  auto differs = forward.getBody().getOps<train::EvaluationOpInterface>();
  if (flags.microbatches != 1 || !differs.empty()) {
    return success();
  }
  reset(compiled);
  auto results = compiled.call("evaluate", arguments);
  if (failed(results) || failed(runGraph())) {
    return failure();
  }
  double sum = std::accumulate((*results)[0].floats.begin(), (*results)[0].floats.end(), 0.0);
  double targets = std::accumulate((*results)[1].floats.begin(), (*results)[1].floats.end(), 0.0);
  Type f32 = Float32Type::get(gradients.getContext());
  report.compare("evaluation's loss", Tensor::scalar(f32, sum), Tensor::scalar(f32, lossSum),
                 std::abs(lossSum));
  report.compare("evaluation's count", Tensor::scalar(f32, targets), Tensor::scalar(f32, count),
                 count);
  return success();
}

LogicalResult ProgramCheck::run() {
  makeArguments();
  makeVariables();
  reset(compiled);
  auto results = compiled.call("gradients", arguments);
  if (failed(results) || failed(compareForward(*results))) {
    return failure();
  }
  report.summarize("forward");
  SmallVector<Subject> subjects;
  for (unsigned i = 0; i < gradients.getNumResults(); ++i) {
    StringRef name = nameOf(gradients.getResultAttr(i, train::kNameAttr));
    if (name.consume_front("grad.")) {
      auto *parameter = SymbolTable::lookupSymbolIn(programs, name);
      subjects.push_back(
          {name.str(), &variables[name], (*results)[i], parameter->hasAttr("check.zero")});
    }
  }
  checkGradients(subjects, [&] { return lossOfGraph(); }, flags.maxElements, report);
  report.summarize("gradients");
  if (failed(compareState()) || failed(compareEvaluation())) {
    return failure();
  }
  report.summarize("train and evaluate");
  return success();
}

static LogicalResult checkProgram(ModuleOp module, const Flags &flags, Report &report) {
  TrainOptions options;
  options.loss = flags.loss;
  options.lossOutput = flags.lossOutput;
  options.labelSmoothing = flags.smoothing;
  options.microbatches = flags.microbatches;
  OwningOpRef<ModuleOp> graph = module.clone();
  PassManager attach(module.getContext()), pipeline(module.getContext());
  AttachLossPassOptions loss;
  loss.kind = options.loss;
  loss.lossOutput = options.lossOutput;
  loss.labelSmoothing = options.labelSmoothing;
  attach.addPass(createAttachLossPass(loss));
  buildTrainPipeline(pipeline, options);
  if (failed(attach.run(*graph)) || failed(pipeline.run(module))) {
    return failure();
  }
  return ProgramCheck(*graph, module, flags, report).run();
}

int main(int argc, char **argv) {
  Flags flags;
  cl::ParseCommandLineOptions(argc, argv, "derivatives against central differences\n");
  DialectRegistry registry;
  registry.insert<train::TrainDialect, func::FuncDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects();
  auto module = parseSourceFile<ModuleOp>(flags.input, &context);
  Report report(flags.tolerance);
  if (!module || failed(flags.program ? checkProgram(*module, flags, report)
                                      : checkFunctions(*module, flags, report))) {
    return 1;
  }
  return report.hasFailed() ? 1 : 0;
}
