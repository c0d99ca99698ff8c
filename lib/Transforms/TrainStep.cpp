//===- TrainStep.cpp - A training step from the model's graph -------------===//

#include "TrainStep.h"

#include "Losses.h"
#include "Program.h"
#include "dialects/Train/BatchAnalysis.h"
#include "dialects/Train/Expr.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace dsc;
using train::Expr;

namespace {
/// Builds @train from @forward. The step reads variables and scalars once,
/// before the loop; the loop's body is the graph, cloned, and its gradients.
class StepBuilder {
public:
  StepBuilder(func::FuncOp forward, int64_t count, ReverseModeRun &run)
      : forward(forward), module(forward->getParentOfType<ModuleOp>()), count(count),
        builder(forward), run(run) {}

  LogicalResult build();

private:
  LogicalResult check();
  LogicalResult chooseParameters();
  LogicalResult checkWrites();
  LogicalResult checkBatch(BlockArgument argument);
  void createStep();
  void readVariables();
  void createLoop();
  void cloneForward();
  LogicalResult finishLoop();
  void finishStep();

  Type wholeType(Type part) const;
  Value getScalar(train::ScalarOp scalar);
  void cloneDrawing(Operation &op);
  template <typename OpTy> void makeOffsetGlobal(OpTy op, Value held);
  Value getLossSum() { return forward.getBody().front().getTerminator()->getOperand(numOutputs()); }
  unsigned numOutputs() { return forward.getNumResults() - 2; }

  func::FuncOp forward;
  ModuleOp module;
  int64_t count;
  int64_t rows = 0;                             // of a micro-batch
  std::optional<train::BatchAnalysis> analysis; // of the graph
  OpBuilder builder;
  ReverseModeRun &run;

  train::StepOp step;
  train::MicrobatchOp loop;
  IRMapping mapping;                         // from the graph to the loop's body
  SmallVector<train::VariableOp> parameters; // those with a gradient
  SmallVector<train::WriteOp> writes;        // the graph's, in its order
  llvm::MapVector<StringAttr, Value> reads;  // variable -> value before the step
  llvm::StringMap<Value> scalars;
  SmallVector<DictionaryAttr> resultAttrs;
};
} // namespace

LogicalResult StepBuilder::build() {
  if (failed(check()) || failed(chooseParameters())) {
    return failure();
  }
  analysis.emplace(forward.getBody().front(), rows);
  createStep();
  readVariables();
  createLoop();
  cloneForward();
  if (failed(finishLoop())) {
    step.erase();
    return failure();
  }
  finishStep();
  forward.erase();
  return success();
}

LogicalResult StepBuilder::check() {
  if (!forward->hasAttr(kLossAttr)) {
    return forward.emitError("the model has no loss to differentiate; run dsc-attach-loss first");
  }
  if (getVariables(module, train::VariableRole::Parameter).empty()) {
    return forward.emitError("the model has no parameters to train; --trainable REGEX makes "
                             "initializers parameters");
  }
  if (count < 1) {
    return forward.emitError() << "expected a positive number of micro-batches, got " << count;
  }
  FailureOr<int64_t> batch = getBatchRows(forward);
  if (failed(batch)) {
    return failure();
  }
  rows = *batch;
  for (BlockArgument argument : forward.getArguments()) {
    if (failed(checkBatch(argument))) {
      return failure();
    }
  }
  return checkWrites();
}

/// "a", "b" and 3 more.
static std::string listVariables(ArrayRef<train::VariableOp> variables) {
  constexpr size_t most = 4;
  std::string list;
  for (train::VariableOp variable : variables.take_front(most)) {
    list += (list.empty() ? "\"" : ", \"") + variable.getSymName().str() + "\"";
  }
  return variables.size() <= most
             ? list
             : list + " and " + std::to_string(variables.size() - most) + " more";
}

/// Parameters that the loss does not depend on are not trained. They are marked,
/// so that later passes do not miss their gradients.
LogicalResult StepBuilder::chooseParameters() {
  Block &body = forward.getBody().front();
  DenseSet<Value> influences = findInfluences(body, getLossSum());
  llvm::StringSet<> trained;
  for (auto read : body.getOps<train::ReadOp>()) {
    if (influences.contains(read)) {
      trained.insert(read.getVariable());
    }
  }
  SmallVector<train::VariableOp> untrained;
  for (train::VariableOp parameter : getVariables(module, train::VariableRole::Parameter)) {
    bool isTrained = trained.contains(parameter.getSymName());
    (isTrained ? parameters : untrained).push_back(parameter);
  }
  if (parameters.empty()) {
    return forward.emitError() << "the loss does not depend on any parameter ("
                               << listVariables(untrained)
                               << "); choose another output for the loss";
  }
  for (train::VariableOp parameter : untrained) {
    parameter->setAttr(train::kNoGradientAttr, builder.getUnitAttr());
  }
  if (!untrained.empty()) {
    forward.emitWarning() << "the loss does not depend on " << untrained.size()
                          << (untrained.size() == 1 ? " parameter, which keeps its value: "
                                                    : " parameters, which keep their values: ")
                          << listVariables(untrained);
  }
  return success();
}

/// The graph updates state only (and each at most once, which train.write verifies).
LogicalResult StepBuilder::checkWrites() {
  for (auto write : forward.getBody().front().getOps<train::WriteOp>()) {
    auto variable = module.lookupSymbol<train::VariableOp>(write.getVariableAttr());
    if (variable.getRole() != train::VariableRole::State) {
      return write.emitError() << "the model itself writes @" << write.getVariable()
                               << ", which is a "
                               << train::stringifyVariableRole(variable.getRole())
                               << "; only state can be updated by the model";
    }
  }
  return success();
}

/// A micro-batch takes rows of every input. Inputs that flatten batch and
/// sequence have a multiple of the batch's rows.
LogicalResult StepBuilder::checkBatch(BlockArgument argument) {
  auto type = cast<RankedTensorType>(argument.getType());
  if (type.getRank() > 0 && type.getDimSize(0) % rows == 0) {
    return success();
  }
  return forward.emitError() << "input \"" << getArgName(forward, argument.getArgNumber())
                             << "\" has type " << type << "; dimension 0 of every input is the "
                             << "batch, which has " << rows << " rows in \""
                             << getArgName(forward, 0) << "\"";
}

/// The type over the whole batch of what a micro-batch has a part of.
Type StepBuilder::wholeType(Type part) const {
  auto type = cast<RankedTensorType>(part);
  if (type.getRank() == 0) {
    return type;
  }
  SmallVector<int64_t> shape(type.getShape());
  shape[0] *= count;
  return type.clone(shape);
}

void StepBuilder::createStep() {
  SmallVector<Type> inputs, results;
  auto addResult = [&](const Twine &name, Type type) {
    results.push_back(type);
    resultAttrs.push_back(makeNameAttrs(forward.getContext(), name));
  };
  for (Type type : forward.getArgumentTypes()) {
    inputs.push_back(wholeType(type));
  }
  addResult(kLossSumName, forward.getResultTypes()[numOutputs()]);
  addResult(kCountName, forward.getResultTypes()[numOutputs() + 1]);
  for (unsigned i = 0; i < numOutputs(); ++i) {
    addResult(kOutputPrefix + getResultName(forward, i), wholeType(forward.getResultTypes()[i]));
  }
  for (train::VariableOp parameter : parameters) {
    addResult(kGradPrefix + parameter.getSymName(), parameter.getType());
  }
  step = train::StepOp::create(builder, forward.getLoc(), kTrainName,
                               builder.getFunctionType(inputs, results));
  if (ArrayAttr attrs = forward.getAllArgAttrs()) {
    step.setAllArgAttrs(attrs);
  }
  step.setAllResultAttrs(resultAttrs);
  step->setAttr(kLossAttr, forward->getAttr(kLossAttr));
}

void StepBuilder::readVariables() {
  builder.setInsertionPointToEnd(&step.getBody().front());
  auto read = [&](FlatSymbolRefAttr variable, Type type, Location loc) {
    Value &value = reads[variable.getAttr()];
    if (!value) {
      value = train::ReadOp::create(builder, loc, type, variable);
    }
  };
  for (train::VariableOp parameter : parameters) {
    read(FlatSymbolRefAttr::get(parameter.getSymNameAttr()), parameter.getType(),
         parameter.getLoc());
  }
  forward.walk([&](train::ReadOp op) { read(op.getVariableAttr(), op.getType(), op.getLoc()); });
  forward.walk([&](train::WriteOp op) {
    read(op.getVariableAttr(), op.getValue().getType(), op.getLoc());
    writes.push_back(op);
  });
}

void StepBuilder::createLoop() {
  SmallVector<Value> carry;
  SmallVector<Type> sums = {step.getResultTypes()[0], step.getResultTypes()[1]};
  for (train::VariableOp parameter : parameters) {
    sums.push_back(parameter.getType());
  }
  for (train::WriteOp write : writes) {
    carry.push_back(reads[write.getVariableAttr().getAttr()]);
  }
  auto stacks = step.getResultTypes().slice(2, numOutputs());
  loop = train::MicrobatchOp::create(builder, forward.getLoc(), sums, ValueRange(carry).getTypes(),
                                     stacks, builder.getI64IntegerAttr(count), step.getArguments(),
                                     carry);
  Block &body = loop.getBody().emplaceBlock();
  body.addArgument(RankedTensorType::get({}, builder.getI64Type()), forward.getLoc());
  for (BlockArgument argument : forward.getArguments()) {
    mapping.map(argument, body.addArgument(argument.getType(), argument.getLoc()));
  }
  for (auto [write, initial] : llvm::zip_equal(writes, carry)) {
    body.addArgument(initial.getType(), write.getLoc());
  }
}

void StepBuilder::cloneForward() {
  Block &body = *loop.getBlock();
  llvm::MapVector<StringAttr, Value> values = reads; // carried state replaces its read
  size_t firstCarried = body.getNumArguments() - writes.size();
  for (auto [index, write] : llvm::enumerate(writes)) {
    values[write.getVariableAttr().getAttr()] =
        body.getArgument(static_cast<unsigned>(firstCarried + index));
  }
  builder.setInsertionPointToEnd(&body);
  for (Operation &op : forward.getBody().front().without_terminator()) {
    if (auto read = dyn_cast<train::ReadOp>(op)) {
      mapping.map(read.getValue(), values[read.getVariableAttr().getAttr()]);
    } else if (auto scalar = dyn_cast<train::ScalarOp>(op)) {
      mapping.map(scalar.getValue(), getScalar(scalar));
    } else if (isa<train::DropoutOp, train::UniformOp>(op)) {
      cloneDrawing(op);
    } else if (!isa<train::WriteOp>(op)) {
      builder.clone(op, mapping);
    }
  }
}

/// One read of each number before the loop; the micro-batch's is the loop's own.
Value StepBuilder::getScalar(train::ScalarOp scalar) {
  if (scalar.getName() == "microbatch") {
    return loop.getIndex();
  }
  std::string key = scalar.getName().str();
  if (auto parameter = scalar.getParameter()) {
    key += " of " + parameter->str();
  }
  Value &value = scalars[key];
  if (!value) {
    OpBuilder before(loop);
    value = before.clone(*scalar)->getResult(0);
  }
  return value;
}

//===----------------------------------------------------------------------===//
// Random numbers
//===----------------------------------------------------------------------===//

/// Dimension `position.dim` of x, [outer, batch, inner], taken apart, and the batch moved
/// before everything else: [batch, .., outer, inner, ..].
static Expr moveBatchToFront(Expr x, train::BatchPosition position, int64_t batch) {
  auto dim = static_cast<int64_t>(position.dim);
  SmallVector<int64_t> shape(x.shape());
  int64_t outer = shape[position.dim] / (batch * position.inner);
  shape[position.dim] = position.inner;
  shape.insert(shape.begin() + dim, {outer, batch});
  auto order = llvm::to_vector(llvm::seq<int64_t>(x.rank() + 2));
  std::rotate(order.begin(), order.begin() + dim + 1, order.begin() + dim + 2);
  return x.reshape(shape).transpose(order);
}

/// The reverse: y has the elements of moveBatchToFront of a tensor of this shape.
static Expr moveBatchBack(Expr y, train::BatchPosition position, ArrayRef<int64_t> shape) {
  auto dim = static_cast<int64_t>(position.dim);
  auto order = llvm::to_vector(llvm::seq<int64_t>(1, y.rank()));
  order.insert(order.begin() + dim + 1, 0);
  return y.transpose(order).reshape(shape);
}

/// Whether the rows of a batch lie one behind the other.
static bool isOutermost(ArrayRef<int64_t> shape, train::BatchPosition position, int64_t batch) {
  auto isOne = [](int64_t size) { return size == 1; };
  return batch == 1 || (shape[position.dim] == batch * position.inner &&
                        llvm::all_of(shape.take_front(position.dim), isOne));
}

/// Numbers are drawn sample by sample, whatever dimension the batch is, so that they are
/// the same for any number of micro-batches.
void StepBuilder::cloneDrawing(Operation &op) {
  if (auto uniform = dyn_cast<train::UniformOp>(op)) {
    return makeOffsetGlobal(cast<train::UniformOp>(builder.clone(op, mapping)), uniform);
  }
  auto dropout = cast<train::DropoutOp>(op);
  auto shape = cast<RankedTensorType>(dropout.getType()).getShape();
  auto positions = analysis->positionsOf(dropout.getX());
  if (positions.size() != 1 || isOutermost(shape, positions[0], rows)) {
    return makeOffsetGlobal(cast<train::DropoutOp>(builder.clone(op, mapping)), dropout.getX());
  }
  Expr x(builder, op.getLoc(), mapping.lookup(dropout.getX()));
  Expr front = moveBatchToFront(x, positions[0], rows);
  auto drawn = train::DropoutOp::create(
      builder, op.getLoc(), front.type(), front, mapping.lookup(dropout.getSeed()),
      mapping.lookup(dropout.getStep()), mapping.lookup(dropout.getOffset()),
      dropout.getRatioAttr(), dropout.getStreamAttr());
  makeOffsetGlobal(drawn, dropout.getX());
  mapping.map(dropout.getY(), moveBatchBack(x.with(drawn), positions[0], shape));
}

/// Random numbers are drawn by the element's place in the tensor of the whole
/// batch: micro-batch m begins at element m n. Numbers for what the rows of a batch share
/// (`held` has none of them) are the same in each. An offset that the graph computes itself is
/// left alone.
template <typename OpTy> void StepBuilder::makeOffsetGlobal(OpTy op, Value held) {
  bool isShared = rows > 1 && analysis->positionsOf(held).empty();
  if (count == 1 || isShared || !matchPattern(op.getOffset(), m_Constant())) {
    return;
  }
  OpBuilder before(op);
  Expr m(before, op.getLoc(), loop.getIndex());
  auto elements = cast<RankedTensorType>(op.getType()).getNumElements();
  op.getOffsetMutable().assign(m * static_cast<double>(elements) + m.with(op.getOffset()));
}

LogicalResult StepBuilder::finishLoop() {
  auto returned = llvm::map_to_vector(forward.getBody().front().getTerminator()->getOperands(),
                                      [&](Value value) { return mapping.lookup(value); });
  ArrayRef<Value> outputs = ArrayRef(returned).drop_back(2);
  SmallVector<Value> sums(ArrayRef(returned).take_back(2));
  auto wrt = llvm::map_to_vector(
      parameters, [&](train::VariableOp variable) { return reads[variable.getSymNameAttr()]; });
  auto carry = llvm::map_to_vector(
      writes, [&](train::WriteOp write) { return mapping.lookup(write.getValue()); });

  // The decomposition of an op replaces its results wherever they are used, so
  // the loop must already use them when gradients are built.
  auto yield = train::YieldOp::create(builder, forward.getLoc(), sums, carry, outputs);
  builder.setInsertionPoint(yield);
  ReverseMode reverse(builder, run);
  FailureOr<SmallVector<Value>> gradients = reverse.differentiate(sums[0], wrt);
  if (failed(gradients)) {
    return failure();
  }
  yield.getSumsMutable().append(*gradients);
  eraseDeadOps(*loop.getBlock());
  return success();
}

void StepBuilder::finishStep() {
  builder.setInsertionPointToEnd(&step.getBody().front());
  for (auto [write, last] : llvm::zip_equal(writes, loop.getCarried())) {
    train::WriteOp::create(builder, write.getLoc(), write.getVariableAttr(), last);
  }
  SmallVector<Value> results(loop.getSums().take_front(2));
  llvm::append_range(results, loop.getStacks());
  llvm::append_range(results, loop.getSums().drop_front(2));
  train::ReturnOp::create(builder, forward.getLoc(), results);
  eraseDeadOps(step.getBody().front());
}

LogicalResult dsc::buildTrainStep(func::FuncOp forward, int64_t count, ReverseModeRun &run) {
  return StepBuilder(forward, count, run).build();
}
