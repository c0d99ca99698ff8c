//===- ModelCheck.cpp - Training programs compiled and interpreted --------===//

#include "ModelCheck.h"

#include "mlir/Pass/PassManager.h"
#include "test/gradcheck/Inputs.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace mlir;
using namespace dsc;
using namespace dsc::cpucheck;

/// Gradients and what follows from them are sums of many terms.
static constexpr double kSlack = 8.0;

static std::string nameOf(FunctionOpInterface program, unsigned index, bool isResult) {
  Attribute name = isResult ? program.getResultAttr(index, train::kNameAttr)
                            : program.getArgAttr(index, train::kNameAttr);
  return cast<StringAttr>(name).str();
}

namespace {
/// One model three times: compiled, interpreted in f64, interpreted with rounding. And a fourth
/// time where `other` is compiled in a way that must give the same bits.
class ModelCheck {
public:
  ModelCheck(const DrawnModel &model, CompiledModule &compiled, CompiledModule *other)
      : model(model), programs(*model.module), compiled(compiled), other(other),
        exact(programs, {true}), rounding(programs, {false}) {}

  bool run();

private:
  void setVariables();
  void setScalar(StringRef name, double value);
  void setScalars(int64_t step);
  bool runProgram(StringRef name, uint64_t seed);
  SmallVector<Tensor> makeArguments(FunctionOpInterface program, uint64_t seed);
  bool compareResults(FunctionOpInterface program, ArrayRef<Tensor> actual, ArrayRef<Tensor> f64,
                      ArrayRef<Tensor> rounded);
  bool compareVariables(StringRef when);
  bool compareBits(StringRef program, ArrayRef<Tensor> arguments, ArrayRef<Tensor> actual);

  const DrawnModel &model;
  ModuleOp programs;
  CompiledModule &compiled;
  CompiledModule *other;
  Interpreter exact, rounding;
};
} // namespace

void ModelCheck::setVariables() {
  uint64_t seed = 300;
  for (auto variable : programs.getOps<train::VariableOp>()) {
    Tensor value(variable.getTensorType());
    if (variable.getRole() != train::VariableRole::Slot) {
      bool isState = variable.getRole() == train::VariableRole::State;
      value = gradcheck::makeGrid(variable.getTensorType(), isState ? 0.5 : -0.7,
                                  isState ? 2.0 : 0.7, seed++);
      value.roundToType();
    }
    compiled.setVariable(variable.getSymName(), value);
    if (other) {
      other->setVariable(variable.getSymName(), value);
    }
    (void)exact.setVariable(variable.getSymName(), value);
    (void)rounding.setVariable(variable.getSymName(), value);
  }
}

/// The same number for all three, as f32 has it.
void ModelCheck::setScalar(StringRef name, double value) {
  auto rounded = static_cast<double>(static_cast<float>(value));
  compiled.setScalar(name, rounded);
  if (other) {
    other->setScalar(name, rounded);
  }
  exact.setScalar(name, rounded);
  rounding.setScalar(name, rounded);
}

void ModelCheck::setScalars(int64_t step) {
  auto t = static_cast<double>(step);
  for (auto [name, value] :
       std::initializer_list<std::pair<StringRef, double>>{{"lr", 0.05},
                                                           {"momentum", 0.9},
                                                           {"beta1", 0.8},
                                                           {"beta2", 0.9},
                                                           {"eps", 0.01},
                                                           {"weight_decay", 0.1},
                                                           {"clip_norm", 0.5},
                                                           {"first_update", step == 1 ? 1.0 : 0.0},
                                                           {"correction1", 1 - std::pow(0.8, t)},
                                                           {"correction2", 1 - std::pow(0.9, t)},
                                                           {"seed", 7},
                                                           {"step", t}}) {
    setScalar(name, value);
  }
}

SmallVector<Tensor> ModelCheck::makeArguments(FunctionOpInterface program, uint64_t seed) {
  SmallVector<Tensor> arguments;
  for (unsigned i = 0; i < program.getNumArguments(); ++i) {
    std::string name = nameOf(program, i, false);
    int64_t bound = name == "tokens" ? model.vocabulary : model.classes;
    program.setArgAttr(i, "check.bound", Builder(program).getI64IntegerAttr(bound));
    arguments.push_back(gradcheck::makeInput(program, i, seed + i));
    arguments.back().roundToType();
  }
  return arguments;
}

/// Gradients are measured against a tenth of the largest at least: some are zero but for rounding.
/// Losses against a tenth: near zero they are differences of logits of about 10, of which f32 holds
/// the sixth decimal place.
bool ModelCheck::compareResults(FunctionOpInterface program, ArrayRef<Tensor> actual,
                                ArrayRef<Tensor> f64, ArrayRef<Tensor> rounded) {
  double largest = 0;
  for (unsigned i = 0; i < f64.size(); ++i) {
    if (StringRef(nameOf(program, i, true)).starts_with("grad.")) {
      largest = std::max(largest, magnitudeOf(f64[i]));
    }
  }
  bool ok = true;
  for (unsigned i = 0; i < f64.size(); ++i) {
    std::string name = nameOf(program, i, true);
    double floor = StringRef(name).starts_with("grad.")  ? 0.1 * largest
                   : StringRef(name).starts_with("loss") ? 0.1
                                                         : 0.0;
    ok &= agree(("@" + program.getName() + " " + name).str(), actual[i], {f64[i], rounded[i]},
                {.slack = kSlack, .floor = floor});
  }
  return ok;
}

bool ModelCheck::compareVariables(StringRef when) {
  bool ok = true;
  for (auto variable : programs.getOps<train::VariableOp>()) {
    StringRef name = variable.getSymName();
    ok &= agree(("variable " + name + " " + when).str(), compiled.getVariable(name),
                {*exact.getVariable(name), *rounding.getVariable(name)},
                {.slack = kSlack, .floor = 0.01});
  }
  return ok;
}

static bool haveSameBits(const Tensor &a, const Tensor &b) {
  return a.ints == b.ints && a.floats.size() == b.floats.size() &&
         std::memcmp(a.floats.data(), b.floats.data(), a.floats.size() * sizeof(double)) == 0;
}

/// Runs the program of `other`, too.
bool ModelCheck::compareBits(StringRef program, ArrayRef<Tensor> arguments,
                             ArrayRef<Tensor> actual) {
  if (!other) {
    return true;
  }
  auto results = other->run(program, arguments);
  bool ok = succeeded(results) && llvm::all_of(llvm::zip_equal(*results, actual), [](auto pair) {
              return haveSameBits(std::get<0>(pair), std::get<1>(pair));
            });
  for (auto variable : programs.getOps<train::VariableOp>()) {
    StringRef name = variable.getSymName();
    ok = ok && haveSameBits(compiled.getVariable(name), other->getVariable(name));
  }
  if (!ok) {
    llvm::errs() << "error: @" << program << " gives other bits with its launches in batches\n";
  }
  return ok;
}

bool ModelCheck::runProgram(StringRef name, uint64_t seed) {
  auto program = programs.lookupSymbol<FunctionOpInterface>(name);
  SmallVector<Tensor> arguments = makeArguments(program, seed);
  auto actual = compiled.run(name, arguments);
  auto f64 = exact.call(name, arguments), rounded = rounding.call(name, arguments);
  return succeeded(actual) && succeeded(f64) && succeeded(rounded) &&
         compareBits(name, arguments, *actual) &&
         compareResults(program, *actual, *f64, *rounded) &&
         compareVariables(("after @" + name).str());
}

bool ModelCheck::run() {
  setVariables();
  setScalars(1);
  if (!runProgram("gradients", 500) || !runProgram("train", 500)) {
    return false;
  }
  setScalars(2);
  return runProgram("train", 600) && runProgram("evaluate", 700);
}

bool cpucheck::checkModel(DrawnModel model, const CompiledModule::Options &options,
                          int64_t &numBatched) {
  OwningOpRef<ModuleOp> forward = model.module->clone();
  PassManager pm(model.module->getContext());
  buildTrainPipeline(pm, model.options);
  std::unique_ptr<CompiledModule> compiled, other;
  if (succeeded(pm.run(*model.module))) {
    compiled = CompiledModule::compile(*model.module, options);
  }
  if (compiled && options.batch) {
    CompiledModule::Options alone = options;
    alone.batch = false;
    other = CompiledModule::compile(*model.module, alone);
    numBatched += compiled->countBatched();
  }
  bool ok =
      compiled && (other || !options.batch) && ModelCheck(model, *compiled, other.get()).run();
  if (!ok) {
    forward->print(llvm::errs());
  }
  return ok;
}
