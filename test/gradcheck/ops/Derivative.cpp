//===- Derivative.cpp - A small reverse mode over the derivative rules ----===//

#include "Derivative.h"

#include "dialects/Train/TrainDialect.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

static bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }

/// Replaces `op` by its decomposition and returns the new ops in order.
static SmallVector<Operation *> decompose(train::DecomposableOpInterface op,
                                          SmallVector<Value> &replacements) {
  Operation *before = op->getPrevNode();
  OpBuilder builder(op);
  replacements = op.decompose(builder);
  SmallVector<Operation *> created;
  for (Operation *it = before ? before->getNextNode() : &op->getBlock()->front(); it != op;
       it = it->getNextNode()) {
    created.push_back(it);
  }
  op->replaceAllUsesWith(replacements);
  return created;
}

namespace {
class ReverseMode {
public:
  explicit ReverseMode(OpBuilder &builder) : builder(builder) {}

  void addGradient(Value value, Value gradient) {
    Value &sum = gradients[value];
    sum = sum ? train::AddOp::create(builder, value.getLoc(), sum, gradient).getResult() : gradient;
  }
  Value gradientOf(Value value) const { return gradients.lookup(value); }

  /// Marks what depends on a needed argument.
  void markActive(Value argument) { active.insert(argument); }
  void propagateActive(Operation *op) {
    if (llvm::any_of(op->getOperands(), [&](Value value) { return active.contains(value); })) {
      active.insert(op->result_begin(), op->result_end());
    }
  }

  LogicalResult run(ArrayRef<Operation *> ops) {
    for (Operation *op : llvm::reverse(ops)) {
      if (failed(visit(op))) {
        return failure();
      }
    }
    return success();
  }

private:
  LogicalResult visit(Operation *op);
  LogicalResult applyRule(train::DifferentiableOpInterface op, ArrayRef<Value> resultGradients,
                          ArrayRef<bool> needed);
  LogicalResult visitParts(train::DecomposableOpInterface op, ArrayRef<Value> resultGradients);

  OpBuilder &builder;
  DenseMap<Value, Value> gradients;
  DenseSet<Value> active;
};
} // namespace

LogicalResult ReverseMode::visit(Operation *op) {
  SmallVector<Value> resultGradients;
  for (Value result : op->getResults()) {
    resultGradients.push_back(gradientOf(result));
  }
  SmallVector<bool> needed;
  for (Value operand : op->getOperands()) {
    needed.push_back(isFloat(operand) && active.contains(operand));
  }
  if (llvm::none_of(resultGradients, [](Value g) { return bool(g); }) ||
      llvm::none_of(needed, [](bool n) { return n; })) {
    return success();
  }
  auto differentiable = dyn_cast<train::DifferentiableOpInterface>(op);
  if (differentiable && succeeded(applyRule(differentiable, resultGradients, needed))) {
    return success();
  }
  if (auto decomposable = dyn_cast<train::DecomposableOpInterface>(op)) {
    return visitParts(decomposable, resultGradients);
  }
  return op->emitError("no derivative rule covers this case, and no decomposition exists");
}

LogicalResult ReverseMode::applyRule(train::DifferentiableOpInterface op,
                                     ArrayRef<Value> resultGradients, ArrayRef<bool> needed) {
  train::Vjp vjp(builder, op, resultGradients, needed);
  if (failed(op.buildVjp(vjp))) {
    return failure();
  }
  for (auto [operand, gradient, isNeeded] :
       llvm::zip_equal(op->getOperands(), vjp.operandGrads, needed)) {
    if (gradient && isNeeded) {
      addGradient(operand, gradient);
    }
  }
  return success();
}

LogicalResult ReverseMode::visitParts(train::DecomposableOpInterface op,
                                      ArrayRef<Value> resultGradients) {
  SmallVector<Value> replacements;
  SmallVector<Operation *> parts = decompose(op, replacements);
  llvm::for_each(parts, [&](Operation *part) { propagateActive(part); });
  for (auto [value, gradient] : llvm::zip_equal(replacements, resultGradients)) {
    if (gradient) {
      addGradient(value, gradient);
    }
  }
  if (failed(run(parts))) {
    return failure();
  }
  op->erase();
  return success();
}

static func::FuncOp copyAs(func::FuncOp function, StringRef name) {
  func::FuncOp copy = function.clone();
  copy.setName(name);
  OpBuilder builder(function->getContext());
  builder.setInsertionPointToEnd(cast<ModuleOp>(function->getParentOp()).getBody());
  builder.insert(copy);
  return copy;
}

FailureOr<func::FuncOp> dsc::gradcheck::buildDerivative(func::FuncOp function, StringRef name,
                                                        ArrayRef<unsigned> results,
                                                        ArrayRef<unsigned> inputs) {
  func::FuncOp derivative = copyAs(function, name);
  Block &body = derivative.getBody().front();
  auto end = cast<func::ReturnOp>(body.getTerminator());
  OpBuilder builder(end);
  ReverseMode reverse(builder);
  SmallVector<Value> needed;
  for (unsigned input : inputs) {
    needed.push_back(body.getArgument(input));
    reverse.markActive(needed.back());
  }
  SmallVector<Operation *> ops;
  for (Operation &op : body.without_terminator()) {
    reverse.propagateActive(&op);
    ops.push_back(&op);
  }
  for (unsigned result : results) {
    Value value = end.getOperand(result);
    reverse.addGradient(value, body.addArgument(value.getType(), value.getLoc()));
  }
  if (failed(reverse.run(ops))) {
    derivative.erase();
    return failure();
  }
  SmallVector<Value> gradients;
  for (Value input : needed) {
    Value gradient = reverse.gradientOf(input);
    auto type = cast<RankedTensorType>(input.getType());
    gradients.push_back(gradient ? gradient
                                 : train::ConstantOp::create(builder, end.getLoc(), type, 0.0));
  }
  end->setOperands(gradients);
  derivative.setFunctionType(
      builder.getFunctionType(body.getArgumentTypes(), ValueRange(gradients).getTypes()));
  return derivative;
}

func::FuncOp dsc::gradcheck::buildDecomposed(func::FuncOp function, StringRef name) {
  func::FuncOp copy = copyAs(function, name);
  auto collect = [&] {
    SmallVector<train::DecomposableOpInterface> ops;
    copy.walk([&](train::DecomposableOpInterface op) { ops.push_back(op); });
    return ops;
  };
  for (auto ops = collect(); !ops.empty(); ops = collect()) {
    for (train::DecomposableOpInterface op : ops) {
      SmallVector<Value> replacements;
      decompose(op, replacements);
      op->erase();
    }
  }
  return copy;
}
