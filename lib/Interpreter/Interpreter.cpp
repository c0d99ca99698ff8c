//===- Interpreter.cpp - The reference interpreter ------------------------===//

#include "dsc/Interpreter/Interpreter.h"

#include "dialects/Train/TrainDialect.h"
#include "dsc/Support/RandomInit.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace dsc;

//===----------------------------------------------------------------------===//
// Registry
//===----------------------------------------------------------------------===//

static Registry makeTrainRegistry() {
  Registry registry = functionRegistry();
  registerControl(registry);
  registerStep(registry);
  return registry;
}

const Registry &dsc::trainRegistry() {
  static const Registry registry = makeTrainRegistry();
  return registry;
}

//===----------------------------------------------------------------------===//
// Variables and scalars
//===----------------------------------------------------------------------===//

/// The value a variable starts with; none for #train.weights.
static std::optional<Tensor> initialValue(train::VariableOp variable) {
  Tensor value(variable.getTensorType());
  if (auto elements = dyn_cast<ElementsAttr>(variable.getInit())) {
    FailureOr<Tensor> dense = Tensor::fromAttribute(elements);
    return succeeded(dense) ? std::optional<Tensor>(*dense) : std::nullopt;
  }
  if (auto normal = dyn_cast<train::NormalAttr>(variable.getInit())) {
    fillNormal(static_cast<uint64_t>(normal.getSeed()), normal.getMean().getValueAsDouble(),
               normal.getStddev().getValueAsDouble(), 0, value.floats);
    return value;
  }
  if (auto uniform = dyn_cast<train::UniformInitAttr>(variable.getInit())) {
    fillUniform(static_cast<uint64_t>(uniform.getSeed()), uniform.getLow().getValueAsDouble(),
                uniform.getHigh().getValueAsDouble(), 0, value.floats);
    return value;
  }
  return std::nullopt;
}

Interpreter::Interpreter(ModuleOp module, Options options, const Registry &registry)
    : module(module), options(options), registry(registry) {
  for (auto variable : module.getOps<train::VariableOp>()) {
    if (std::optional<Tensor> value = initialValue(variable)) {
      // Weights are data: they have their type's precision in f64 mode too.
      value->roundToType();
      variables[variable.getSymName()] = std::move(*value);
    }
  }
}

LogicalResult Interpreter::setVariable(StringRef name, Tensor value) {
  auto variable = module.lookupSymbol<train::VariableOp>(name);
  if (!variable) {
    return module.emitError() << "no variable is called @" << name;
  }
  if (variable.getType() != value.type) {
    return variable.emitError() << "variable @" << name << " has type " << variable.getType()
                                << ", got a value of type " << value.type;
  }
  round(value);
  variables[name] = std::move(value);
  return success();
}

const Tensor *Interpreter::getVariable(StringRef name) const {
  auto it = variables.find(name);
  return it == variables.end() ? nullptr : &it->second;
}

void Interpreter::setScalar(StringRef name, double value) {
  setScalar(name, Tensor::scalar(Float64Type::get(module.getContext()), value));
}

const Tensor *Interpreter::getScalar(StringRef name) const {
  auto it = scalars.find(name);
  return it == scalars.end() ? nullptr : &it->second;
}

void Interpreter::round(Tensor &tensor) const {
  if (options.f64) {
    tensor.wrapIntegers();
  } else {
    tensor.roundToType();
  }
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

static LogicalResult checkArguments(FunctionOpInterface function, ArrayRef<Tensor> arguments) {
  if (function.getNumArguments() != arguments.size()) {
    return function->emitError() << "expected " << function.getNumArguments() << " arguments, got "
                                 << arguments.size();
  }
  for (auto [index, pair] :
       llvm::enumerate(llvm::zip_equal(function.getArgumentTypes(), arguments))) {
    auto [type, argument] = pair;
    if (type != argument.type) {
      return function->emitError()
             << "expected argument " << index << " of type " << type << ", got " << argument.type;
    }
  }
  return success();
}

FailureOr<SmallVector<Tensor>> Interpreter::call(StringRef symbol, ArrayRef<Tensor> arguments) {
  auto function = module.lookupSymbol<FunctionOpInterface>(symbol);
  if (!function || function.isExternal()) {
    return module.emitError() << "no program with a body is called @" << symbol;
  }
  if (failed(checkArguments(function, arguments))) {
    return failure();
  }
  if (!llvm::hasSingleElement(function.getFunctionBody())) {
    return function->emitError("expected a body of one block");
  }
  SmallVector<Tensor> inputs(arguments);
  for (Tensor &input : inputs) {
    round(input);
  }
  Frame frame(*this);
  FailureOr<SmallVector<Tensor>> results = frame.run(function.getFunctionBody().front(), inputs);
  if (failed(results)) {
    return failure();
  }
  for (auto &[name, value] : frame.writes) {
    variables[name] = std::move(value);
  }
  return results;
}

FailureOr<SmallVector<Tensor>> Interpreter::evaluate(Operation *op, ArrayRef<Tensor> operands) {
  Frame frame(*this);
  SmallVector<const Tensor *> pointers;
  for (const Tensor &operand : operands) {
    pointers.push_back(&operand);
  }
  SmallVector<Tensor> results;
  if (failed(frame.evaluate(op, pointers, results))) {
    return failure();
  }
  return results;
}

//===----------------------------------------------------------------------===//
// Frame
//===----------------------------------------------------------------------===//

LogicalResult Frame::evaluate(Operation *op, ArrayRef<const Tensor *> operands,
                              SmallVectorImpl<Tensor> &results) {
  const Evaluator *evaluator = interpreter.registry.lookup(op);
  if (!evaluator) {
    return op->emitError() << "the interpreter does not know " << op->getName();
  }
  for (Type type : op->getResultTypes()) {
    results.emplace_back(cast<RankedTensorType>(type));
  }
  Evaluation evaluation(operands, results, this);
  if (failed((*evaluator)(op, evaluation))) {
    return failure();
  }
  for (Tensor &result : results) {
    interpreter.round(result);
  }
  return success();
}

LogicalResult Frame::runOp(Operation *op) {
  SmallVector<const Tensor *> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(&get(operand));
  }
  SmallVector<Tensor> results;
  if (failed(evaluate(op, operands, results))) {
    return failure();
  }
  for (auto [value, tensor] : llvm::zip_equal(op->getResults(), results)) {
    values[value] = std::make_unique<Tensor>(std::move(tensor));
  }
  return success();
}

/// Per op of a block, the values defined in the block that nothing uses later.
static DenseMap<Operation *, SmallVector<Value>> findLastUses(Block &block) {
  DenseMap<Value, Operation *> last;
  for (Operation &op : block) {
    for (Value result : op.getResults()) {
      last[result] = &op;
    }
    op.walk([&](Operation *user) {
      for (Value operand : user->getOperands()) {
        if (operand.getParentBlock() == &block) {
          last[operand] = &op;
        }
      }
    });
  }
  DenseMap<Operation *, SmallVector<Value>> dead;
  for (auto [value, op] : last) {
    dead[op].push_back(value);
  }
  return dead;
}

FailureOr<SmallVector<Tensor>> Frame::run(Block &block, ArrayRef<Tensor> arguments) {
  for (auto [value, tensor] : llvm::zip_equal(block.getArguments(), arguments)) {
    values[value] = std::make_unique<Tensor>(tensor);
  }
  auto dead = findLastUses(block);
  for (Operation &op : block.without_terminator()) {
    if (failed(runOp(&op))) {
      return failure();
    }
    for (Value value : dead[&op]) {
      values.erase(value);
    }
  }
  SmallVector<Tensor> results;
  for (Value operand : block.getTerminator()->getOperands()) {
    results.push_back(get(operand));
  }
  return results;
}
