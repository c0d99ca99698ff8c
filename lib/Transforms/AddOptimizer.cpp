//===- AddOptimizer.cpp - Clipping and one update per parameter -----------===//

#include "Program.h"
#include "dialects/Train/Expr.h"
#include "dsc/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

namespace dsc {
#define GEN_PASS_DEF_ADDOPTIMIZERPASS
#include "dsc/Transforms/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;
using train::Expr;

namespace {
/// What an update needs: values of one parameter, and numbers by name.
struct Update {
  OpBuilder &builder;
  Location loc;
  Value parameter, gradient, scale;
  ArrayRef<Value> slots;
  llvm::function_ref<Value(StringRef)> scalar; // weight_decay is the parameter's

  /// Builds the fused op; its results are the parameter and the slots, renewed.
  template <typename OpTy, typename... Operands> SmallVector<Value> create(Operands... operands) {
    Type type = parameter.getType();
    SmallVector<Type> types(1 + slots.size(), type);
    SmallVector<Value> all = {parameter, gradient};
    llvm::append_range(all, slots);
    all.push_back(scale);
    (all.push_back(scalar(operands)), ...);
    return llvm::to_vector_of<Value>(OpTy::create(builder, loc, types, all)->getResults());
  }
};

/// One optimizer: its state per parameter, under PyTorch's names, and its op.
struct OptimizerEntry {
  OptimizerKind kind;
  SmallVector<StringLiteral> slots;
  SmallVector<Value> (*build)(Update &);
};
} // namespace

template <typename OpTy> static SmallVector<Value> buildAdam(Update &update) {
  return update.create<OpTy>("lr", "beta1", "beta2", "eps", "weight_decay", "correction1",
                             "correction2");
}
static SmallVector<Value> buildSgd(Update &update) {
  return update.create<train::SgdOp>("lr", "weight_decay");
}
static SmallVector<Value> buildMomentum(Update &update) {
  return update.create<train::MomentumOp>("lr", "momentum", "weight_decay", "first_update");
}

static const OptimizerEntry &getOptimizer(OptimizerKind kind) {
  static const OptimizerEntry optimizers[] = {
      {OptimizerKind::Sgd, {}, buildSgd},
      {OptimizerKind::Momentum, {"momentum_buffer"}, buildMomentum},
      {OptimizerKind::Adam, {"exp_avg", "exp_avg_sq"}, buildAdam<train::AdamOp>},
      {OptimizerKind::AdamW, {"exp_avg", "exp_avg_sq"}, buildAdam<train::AdamWOp>},
  };
  return *llvm::find_if(optimizers, [&](const OptimizerEntry &e) { return e.kind == kind; });
}

namespace {
struct AddOptimizerPass : dsc::impl::AddOptimizerPassBase<AddOptimizerPass> {
  using AddOptimizerPassBase::AddOptimizerPassBase;

  void runOnOperation() override {
    FailureOr<train::StepOp> found = findTrainStep(getOperation(), getArgument());
    if (failed(found) || failed(takeGradients(*found))) {
      return signalPassFailure();
    }
    Block &body = step.getBody().front();
    OpBuilder builder(body.getTerminator());
    Value scale = buildScale(builder);
    for (train::VariableOp parameter : getTrainedParameters(getOperation())) {
      updateParameter(builder, parameter, scale);
      ++numUpdates;
    }
    setResults();
    FailureOr<train::MicrobatchOp> loop = findMicrobatch(step);
    if (failed(loop)) {
      return signalPassFailure();
    }
    pruneMicrobatch(*loop);
    eraseDeadOps(body);
  }

  LogicalResult takeGradients(train::StepOp found);
  Value buildScale(OpBuilder &builder);
  void updateParameter(OpBuilder &builder, train::VariableOp parameter, Value scale);
  Value getScalar(OpBuilder &builder, StringRef name, train::VariableOp parameter);
  train::VariableOp addSlot(train::VariableOp parameter, StringRef name);
  void setResults();

  train::StepOp step;
  std::optional<SymbolTable> symbols;
  llvm::StringMap<Value> gradients; // by parameter
  llvm::StringMap<Value> scalars;   // those that no parameter owns
  Value gradNorm;
};
} // namespace

/// Collects what the step returns as gradients; one for each parameter.
LogicalResult AddOptimizerPass::takeGradients(train::StepOp found) {
  step = found;
  symbols.emplace(getOperation());
  gradients.clear();
  scalars.clear();
  gradNorm = nullptr;
  auto end = cast<train::ReturnOp>(step.getBody().front().getTerminator());
  for (auto [index, value] : llvm::enumerate(end.getValues())) {
    StringRef name = getResultName(step, static_cast<unsigned>(index));
    if (name.consume_front(kGradPrefix)) {
      gradients[name] = value;
    }
  }
  for (train::VariableOp parameter : getTrainedParameters(getOperation())) {
    if (!gradients.contains(parameter.getSymName())) {
      return step.emitError() << "@train has no result \"" << kGradPrefix << parameter.getSymName()
                              << "\"; the optimizer updates parameters by the gradients that "
                                 "dsc-autodiff returns";
    }
  }
  return success();
}

/// The factor of every gradient: the mean over targets, then clipping by the
/// global norm, min(1, clip_norm / (norm + 1e-6)).
Value AddOptimizerPass::buildScale(OpBuilder &builder) {
  Operation *end = step.getBody().front().getTerminator();
  Value reciprocal = buildReciprocalCount(builder, end->getOperand(1));
  Expr mean(builder, reciprocal.getLoc(), reciprocal);
  if (!clip) {
    return mean;
  }
  // Last parameters first, as backward comes to them: each sum can follow its gradient.
  auto parameters = getTrainedParameters(getOperation());
  SmallVector<Value> all;
  for (train::VariableOp parameter : llvm::reverse(parameters)) {
    all.push_back(gradients[parameter.getSymName()]);
  }
  Location loc = NameLoc::get(builder.getStringAttr("norm of the gradients"));
  Expr norm = mean * mean.with(train::GlobalNormOp::create(builder, loc, mean.type(), all));
  gradNorm = norm;
  Expr limit = mean.with(getScalar(builder, "clip_norm", nullptr));
  return mean * min(limit / (norm + 1e-6), norm.constant(1.0));
}

/// A number the trainer sets; one op for each name (and parameter).
Value AddOptimizerPass::getScalar(OpBuilder &builder, StringRef name, train::VariableOp parameter) {
  auto create = [&](FlatSymbolRefAttr owner) -> Value {
    return train::ScalarOp::create(builder, step.getLoc(),
                                   RankedTensorType::get({}, builder.getF32Type()),
                                   builder.getStringAttr(name), owner);
  };
  if (parameter) {
    return create(FlatSymbolRefAttr::get(parameter.getSymNameAttr()));
  }
  Value &value = scalars[name];
  return value ? value : value = create(nullptr);
}

/// State of the optimizer, zero at first, under PyTorch's name for it.
train::VariableOp AddOptimizerPass::addSlot(train::VariableOp parameter, StringRef name) {
  OpBuilder builder(&getContext());
  auto type = parameter.getTensorType();
  auto zero = DenseElementsAttr::get(type, builder.getZeroAttr(type.getElementType()));
  auto slot = train::VariableOp::create(builder, parameter.getLoc(), train::VariableRole::Slot,
                                        (parameter.getSymName() + "." + name).str(), type, zero,
                                        FlatSymbolRefAttr::get(parameter.getSymNameAttr()),
                                        builder.getStringAttr(name), nullptr);
  symbols->insert(slot, std::next(Block::iterator(parameter)));
  return slot;
}

void AddOptimizerPass::updateParameter(OpBuilder &builder, train::VariableOp parameter,
                                       Value scale) {
  const OptimizerEntry &optimizer = getOptimizer(kind);
  Location loc = parameter.getLoc();
  auto symbol = [](train::VariableOp variable) {
    return FlatSymbolRefAttr::get(variable.getSymNameAttr());
  };
  SmallVector<train::VariableOp> variables = {parameter};
  SmallVector<Value> values;
  // Slots are inserted one behind the other, each directly behind its parameter.
  for (StringRef name : llvm::reverse(optimizer.slots)) {
    variables.insert(variables.begin() + 1, addSlot(parameter, name));
  }
  for (train::VariableOp variable : variables) {
    values.push_back(train::ReadOp::create(builder, loc, variable.getType(), symbol(variable)));
  }
  auto scalar = [&](StringRef name) {
    return getScalar(builder, name, name == "weight_decay" ? parameter : nullptr);
  };
  Update update{builder,   loc,
                values[0], gradients[parameter.getSymName()],
                scale,     ArrayRef(values).drop_front(),
                scalar};
  for (auto [variable, value] : llvm::zip_equal(variables, optimizer.build(update))) {
    train::WriteOp::create(builder, loc, symbol(variable), value);
  }
}

/// loss_sum, count and, with clipping, grad_norm remain.
void AddOptimizerPass::setResults() {
  auto end = cast<train::ReturnOp>(step.getBody().front().getTerminator());
  SmallVector<Value> values(end.getValues().take_front(2));
  SmallVector<DictionaryAttr> attrs = {makeNameAttrs(&getContext(), kLossSumName),
                                       makeNameAttrs(&getContext(), kCountName)};
  if (gradNorm) {
    values.push_back(gradNorm);
    attrs.push_back(makeNameAttrs(&getContext(), kGradNormName));
  }
  end.getValuesMutable().assign(values);
  step.setFunctionType(
      FunctionType::get(&getContext(), step.getArgumentTypes(), ValueRange(values).getTypes()));
  step.setAllResultAttrs(attrs);
}
