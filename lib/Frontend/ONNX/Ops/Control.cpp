//===- Control.cpp - Scan, Loop and If ------------------------------------===//
//
// A subgraph becomes the region of a train op. What it uses from around it becomes
// an operand, since regions are isolated. Loops of a few steps are unrolled here:
// then shapes may change from step to step, and values be known. So are those whose
// steps carry a sequence or have to know their number; what the steps do alike,
// dsc-raise puts together again.
//
//===----------------------------------------------------------------------===//

#include "../NodeImport.h"
#include "LoopSteps.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace dsc::onnx {

/// Loops up to this many steps are unrolled.
static constexpr int64_t maxUnrolled = 8;
/// A bound above this is none: exporters write the largest integer for "no bound".
static constexpr int64_t maxSteps = int64_t(1) << 20;
/// Where the condition alone ends a loop, so many steps are tried.
static constexpr int64_t maxTried = 256;

static LogicalResult expectInputs(NodeImport &n, const Graph *body, size_t count,
                                  llvm::StringRef name) {
  if (!body)
    return n.fail("has no subgraph '" + name + "'");
  if (body->inputs.size() != count)
    return n.fail("its subgraph has " + llvm::Twine(body->inputs.size()) + " inputs, expected " +
                  llvm::Twine(count));
  return success();
}

/// What a subgraph's inputs stand for; none may be left out.
static LogicalResult expectGiven(NodeImport &n, unsigned first) {
  for (unsigned i = first; i < n.numInputs(); ++i)
    if (!n.has(i))
      return n.fail("input " + llvm::Twine(i) + " is missing");
  return success();
}

//===----------------------------------------------------------------------===//
// A loop's body as a region
//===----------------------------------------------------------------------===//

namespace {
/// Collects what a scan is made of, and makes it.
class ScanBuilder {
public:
  ScanBuilder(NodeImport &n, int64_t steps)
      : n(n), steps(steps), region(n.newRegion()), block(region.front()) {}

  /// A carried value's argument; those come before all inputs.
  Value addCarry(Value initial) {
    carry.push_back(initial);
    return block.addArgument(initial.getType(), n.loc);
  }
  /// An input's argument: one step's slice.
  Value addInput(Value stack) {
    inputs.push_back(stack);
    return block.addArgument(train::ScanOp::getSliceType(stack.getType()), n.loc);
  }
  /// The scan that yields these, and its results.
  llvm::SmallVector<Value> finish(llvm::ArrayRef<Value> next, llvm::ArrayRef<Value> outputs,
                                  bool reverse);

  NodeImport &n;
  const int64_t steps;
  Region &region;
  Block &block;

private:
  llvm::SmallVector<Value> carry, inputs;
};
} // namespace

llvm::SmallVector<Value> ScanBuilder::finish(llvm::ArrayRef<Value> next,
                                             llvm::ArrayRef<Value> outputs, bool reverse) {
  llvm::SmallVector<Value> yielded(next);
  yielded.append(outputs.begin(), outputs.end());
  {
    OpBuilder::InsertionGuard guard(n.b);
    n.b.setInsertionPointToEnd(&block);
    train::BodyYieldOp::create(n.b, n.loc, yielded);
  }
  llvm::SmallVector<Value> captured = n.capture(&region);
  auto types = llvm::map_to_vector(
      outputs, [&](Value v) -> Type { return train::ScanOp::getStackType(v.getType(), steps); });
  auto scan = train::ScanOp::create(n.b, n.loc, steps, reverse, captured, carry, inputs, types);
  scan.getBody().takeBody(region);
  return llvm::to_vector_of<Value>(scan.getResults());
}

/// A carried value must keep its type: there is one body for all steps.
static LogicalResult expectSameTypes(NodeImport &n, llvm::ArrayRef<Value> before,
                                     llvm::ArrayRef<Value> after) {
  for (auto [from, to] : llvm::zip_equal(before, after))
    if (from.getType() != to.getType())
      return n.fail("a carried value is " + describe(from) + " before a step and " + describe(to) +
                    " after it; only loops of at most " + llvm::Twine(maxUnrolled) +
                    " steps may change shapes");
  return success();
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

/// Rows in the opposite order.
static Value reversed(NodeImport &n, Value x) {
  Shape indices = iotaShape(shapeOf(x)[0]);
  std::reverse(indices.begin(), indices.end());
  return n.make<train::TakeOp>(x, n.ints(indices), int64_t(0));
}

static Value moveAxis(NodeImport &n, Value x, int64_t from, int64_t to) {
  Shape order = iotaShape(rankOf(x));
  order.erase(order.begin() + from);
  order.insert(order.begin() + to, from);
  return n.transpose(x, order);
}

namespace {
/// One Scan without a batch: states, then scanned inputs.
class ScanImport {
public:
  ScanImport(NodeImport &n, const Graph &body, int64_t numScanned)
      : n(n), body(body), numScanned(numScanned) {}

  LogicalResult readAttributes(llvm::StringRef inputDirections);
  /// `values` are the states and the scanned inputs; results likewise.
  llvm::FailureOr<llvm::SmallVector<Value>> run(llvm::ArrayRef<Value> values);

private:
  llvm::FailureOr<Value> prepareInput(Value x, size_t index);
  llvm::FailureOr<Value> finishOutput(Value y, size_t index);
  size_t numStates() const { return body.inputs.size() - static_cast<size_t>(numScanned); }
  static int64_t at(const Shape &list, size_t i) { return i < list.size() ? list[i] : 0; }

  NodeImport &n;
  const Graph &body;
  int64_t numScanned;
  Shape inputAxes, outputAxes, inputDirections, outputDirections;
};
} // namespace

LogicalResult ScanImport::readAttributes(llvm::StringRef directions) {
  inputAxes = n.integers("scan_input_axes").value_or(Shape());
  outputAxes = n.integers("scan_output_axes").value_or(Shape());
  inputDirections = n.integers(directions).value_or(Shape());
  outputDirections = n.integers("scan_output_directions").value_or(Shape());
  return success();
}

llvm::FailureOr<Value> ScanImport::prepareInput(Value x, size_t index) {
  auto axis = n.axis(at(inputAxes, index), rankOf(x));
  if (failed(axis))
    return failure();
  Value moved = moveAxis(n, x, *axis, 0);
  return at(inputDirections, index) ? reversed(n, moved) : moved;
}

llvm::FailureOr<Value> ScanImport::finishOutput(Value y, size_t index) {
  auto axis = n.axis(at(outputAxes, index), rankOf(y));
  if (failed(axis))
    return failure();
  return moveAxis(n, at(outputDirections, index) ? reversed(n, y) : y, 0, *axis);
}

llvm::FailureOr<llvm::SmallVector<Value>> ScanImport::run(llvm::ArrayRef<Value> values) {
  llvm::SmallVector<Value> stacks;
  for (auto [i, x] : llvm::enumerate(values.drop_front(numStates()))) {
    if (rankOf(x) == 0)
      return n.fail("a scanned input has no dimension");
    auto stack = prepareInput(x, i);
    if (failed(stack))
      return failure();
    stacks.push_back(*stack);
  }
  int64_t steps = shapeOf(stacks.front())[0];
  for (Value stack : stacks)
    if (shapeOf(stack)[0] != steps || steps == 0)
      return n.fail("its scanned inputs have " + llvm::Twine(steps) + " and " +
                    llvm::Twine(shapeOf(stack)[0]) + " steps");
  ScanBuilder scan(n, steps);
  llvm::SmallVector<Value> arguments;
  for (Value state : values.take_front(numStates()))
    arguments.push_back(scan.addCarry(state));
  for (Value stack : stacks)
    arguments.push_back(scan.addInput(stack));
  auto yielded = n.importBody(body, scan.block, arguments);
  if (failed(yielded))
    return failure();
  if (yielded->size() < numStates())
    return n.fail("its body has fewer outputs than states");
  llvm::ArrayRef<Value> next = llvm::ArrayRef(*yielded).take_front(numStates());
  if (failed(expectSameTypes(n, llvm::ArrayRef(arguments).take_front(numStates()), next)))
    return failure();
  auto results = scan.finish(next, llvm::ArrayRef(*yielded).drop_front(numStates()), false);
  for (auto [i, y] : llvm::enumerate(llvm::MutableArrayRef(results).drop_front(numStates()))) {
    auto finished = finishOutput(y, i);
    if (failed(finished))
      return failure();
    y = *finished;
  }
  return results;
}

static LogicalResult setAll(NodeImport &n, llvm::ArrayRef<Value> values) {
  if (values.size() < n.node.outputs.size())
    return n.fail("its body has " + llvm::Twine(values.size()) + " outputs, expected " +
                  llvm::Twine(n.node.outputs.size()));
  for (unsigned i = 0; i < n.node.outputs.size(); ++i)
    if (failed(n.set(i, values[i])))
      return failure();
  return success();
}

static LogicalResult importScan(NodeImport &n) {
  const Graph *body = n.subgraph("body");
  int64_t numScanned = n.integer("num_scan_inputs", 0);
  if (failed(expectInputs(n, body, n.numInputs(), "body")) || failed(expectGiven(n, 0)))
    return failure();
  if (numScanned < 1 || numScanned > static_cast<int64_t>(n.numInputs()))
    return n.fail("expected at least one scanned input");
  ScanImport scan(n, *body, numScanned);
  if (failed(scan.readAttributes("scan_input_directions")))
    return failure();
  auto results = scan.run(n.allInputs());
  return failed(results) ? failure() : setAll(n, *results);
}

/// Opset 8: every input has a batch in front, and the body sees one row of it. So
/// the rows are the steps of a scan around.
static LogicalResult importBatchedScan(NodeImport &n) {
  const Graph *body = n.subgraph("body");
  int64_t numScanned = n.integer("num_scan_inputs", 0);
  if (failed(expectInputs(n, body, n.numInputs() - 1, "body")) || failed(expectGiven(n, 1)))
    return failure();
  if (n.has(0))
    return n.fail("sequence lengths are not supported; pad and mask instead");
  if (numScanned < 1 || numScanned >= static_cast<int64_t>(n.numInputs()))
    return n.fail("expected at least one scanned input");
  ScanImport scan(n, *body, numScanned);
  if (failed(scan.readAttributes("directions")))
    return failure();
  llvm::SmallVector<Value> rows = n.allInputs();
  if (rankOf(rows.front()) == 0 || shapeOf(rows.front())[0] == 0)
    return n.fail("its inputs have no batch");
  ScanBuilder batch(n, shapeOf(rows.front())[0]);
  llvm::SmallVector<Value> row;
  for (Value x : rows) {
    if (rankOf(x) == 0 || shapeOf(x)[0] != batch.steps)
      return n.fail("its inputs differ in their batch");
    row.push_back(batch.addInput(x));
  }
  llvm::FailureOr<llvm::SmallVector<Value>> results = failure();
  {
    OpBuilder::InsertionGuard guard(n.b);
    n.b.setInsertionPointToEnd(&batch.block);
    results = scan.run(row);
  }
  return failed(results) ? failure() : setAll(n, batch.finish({}, *results, false));
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

namespace {
/// A Loop: runs while the condition holds, and at most the given number of times.
class LoopImport {
public:
  LoopImport(NodeImport &n, const Graph &body) : n(n), body(body) {}
  LogicalResult run();

private:
  LogicalResult readBounds();
  LogicalResult setOutputs(llvm::ArrayRef<ImportedValue> values);
  bool carriesSequence() const {
    return llvm::any_of(carried, [](const ImportedValue &value) { return value.isSequence(); });
  }
  llvm::SmallVector<Value> addInputs(Block &block);
  bool needsStep();
  LogicalResult unroll(bool &isUnrolled);
  LogicalResult stackRows(llvm::ArrayRef<llvm::SmallVector<Value>> rows,
                          llvm::SmallVectorImpl<ImportedValue> &values);
  LogicalResult countBound();
  LogicalResult findBound();
  std::optional<int64_t> countSteps(Value counter, llvm::ArrayRef<Value> before,
                                    llvm::ArrayRef<Value> yielded);
  bool isKnownFalse(Value value);
  LogicalResult buildScan();
  LogicalResult makeSteps();
  Value flag(bool value) { return n.splat(RankedTensorType::get({}, n.b.getI1Type()), value); }
  std::optional<bool> knownFlag(Value value) {
    const HostTensor *known = n.known(value);
    return known && known->size() == 1 ? std::optional(known->number(0) != 0) : std::nullopt;
  }
  size_t numCarried() const { return body.inputs.size() - 2; }
  /// What is carried, where it has no sequences.
  llvm::SmallVector<Value> tensors() const {
    return llvm::map_to_vector(carried, [](const ImportedValue &value) { return value.tensor; });
  }

  NodeImport &n;
  const Graph &body;
  int64_t steps = 0;
  Value condition; // null: true from the start
  llvm::SmallVector<ImportedValue> carried;
};
} // namespace

LogicalResult LoopImport::readBounds() {
  for (unsigned i = 0; i < 2; ++i)
    if (n.has(i) && n.find(i)->isSequence())
      return n.fail("input '" + n.node.inputs[i] + "' is a sequence, expected a tensor");
  for (unsigned i = 2; i < n.numInputs(); ++i)
    carried.push_back(n.find(i)->isSequence() ? *n.find(i) : ImportedValue::of(n.input(i)));
  steps = maxSteps + 1;
  if (n.has(0)) {
    const HostTensor *bound = n.known(0);
    if (!bound || bound->size() != 1)
      return n.fail("its trip count (input '" + n.node.inputs[0] +
                    "') is computed from the data, but has to be known at compile time");
    steps = std::min<int64_t>(std::max<int64_t>(bound->ints.front(), 0), maxSteps + 1);
  }
  if (!n.has(1))
    return success();
  if (std::optional<bool> known = knownFlag(n.input(1)))
    steps = *known ? steps : 0;
  else
    condition = n.reshape(n.input(1), {});
  return success();
}

LogicalResult LoopImport::setOutputs(llvm::ArrayRef<ImportedValue> values) {
  if (values.size() < n.node.outputs.size())
    return n.fail("its body has " + llvm::Twine(values.size()) + " outputs, expected " +
                  llvm::Twine(n.node.outputs.size()));
  for (unsigned i = 0; i < n.node.outputs.size(); ++i)
    if (failed(values[i].isSequence() ? n.setSequence(i, values[i].sequence)
                                      : n.set(i, values[i].tensor)))
      return failure();
  return success();
}

/// The body's inputs as arguments of a block: nothing is known of the step and what is carried.
llvm::SmallVector<Value> LoopImport::addInputs(Block &block) {
  llvm::SmallVector<Value> inputs = {
      block.addArgument(RankedTensorType::get({}, n.b.getI64Type()), n.loc), flag(true)};
  for (Value value : tensors())
    inputs.push_back(block.addArgument(value.getType(), n.loc));
  return inputs;
}

/// Whether the body has to know which step it is: its slices may begin there, say.
bool LoopImport::needsStep() { return !n.canImportBody(body, addInputs(n.newRegion().front())); }

/// Appends what each step's rows are together.
LogicalResult LoopImport::stackRows(llvm::ArrayRef<llvm::SmallVector<Value>> rows,
                                    llvm::SmallVectorImpl<ImportedValue> &values) {
  for (size_t i = 0; i < rows.front().size(); ++i) {
    llvm::SmallVector<Value> parts;
    for (auto &row : rows) {
      Shape shape = {1};
      llvm::append_range(shape, shapeOf(row[i]));
      parts.push_back(n.reshape(row[i], shape));
      if (parts.back().getType() != parts.front().getType())
        return n.fail("an output's rows differ in shape");
    }
    values.push_back(ImportedValue::of(n.make<train::ConcatOp>(int64_t(0), parts)));
  }
  return success();
}

/// Step by step in place, as long as the condition is known.
LogicalResult LoopImport::unroll(bool &isUnrolled) {
  isUnrolled = false;
  llvm::SmallVector<ImportedValue> values = carried;
  llvm::SmallVector<llvm::SmallVector<Value>> rows;
  for (int64_t step = 0; step < steps; ++step) {
    Value counter = n.splat(RankedTensorType::get({}, n.b.getI64Type()), static_cast<double>(step));
    llvm::SmallVector<ImportedValue> inputs = {ImportedValue::of(counter),
                                               ImportedValue::of(flag(true))};
    inputs.append(values.begin(), values.end());
    auto yielded = n.inlineBody(body, inputs);
    if (failed(yielded))
      return failure();
    Value condition = n.tensorOf(yielded->front());
    std::optional<bool> goesOn = condition ? knownFlag(condition) : std::nullopt;
    if (!goesOn)
      return step == 0 ? success() : n.fail("its condition is known in some steps only");
    values.assign(yielded->begin() + 1, yielded->begin() + 1 + numCarried());
    llvm::SmallVector<Value> &row = rows.emplace_back();
    for (const ImportedValue &value : llvm::ArrayRef(*yielded).drop_front(1 + numCarried())) {
      if (value.isSequence())
        return n.fail("a step gives a sequence, expected a tensor");
      row.push_back(n.tensorOf(value));
    }
    if (!*goesOn)
      break;
  }
  isUnrolled = true;
  for (ImportedValue &value : values)
    if (!value.isSequence())
      value = ImportedValue::of(n.tensorOf(value));
  return failed(stackRows(rows, values)) ? failure() : setOutputs(values);
}

/// Whether a conjunction has a member that is known to be false.
bool LoopImport::isKnownFalse(Value value) {
  llvm::SetVector<Value> members;
  members.insert(value);
  for (size_t i = 0; i < members.size(); ++i) {
    if (knownFlag(members[i]) == std::optional(false))
      return true;
    Operation *op = members[i].getDefiningOp();
    if (isa_and_nonnull<train::AndOp, train::ReshapeOp, train::ConvertOp>(op))
      members.insert_range(op->getOperands());
  }
  return false;
}

std::optional<int64_t> LoopImport::countSteps(Value counter, llvm::ArrayRef<Value> before,
                                              llvm::ArrayRef<Value> yielded) {
  if (condition)
    return std::nullopt;
  llvm::SmallVector<Value> initial = tensors();
  LoopBody imported{counter, initial, llvm::SmallVector<Value>(before),
                    llvm::SmallVector<Value>(yielded.slice(1, numCarried())), yielded.front()};
  return n.countSteps(imported, steps);
}

/// The number of steps of a loop without a trip count, where its condition counts them.
LogicalResult LoopImport::countBound() {
  Block &block = n.newRegion().front();
  llvm::SmallVector<Value> inputs = addInputs(block);
  auto yielded = n.importBody(body, block, inputs);
  if (failed(yielded))
    return failure();
  auto counted = countSteps(inputs.front(), llvm::ArrayRef(inputs).drop_front(2), *yielded);
  steps = counted.value_or(steps);
  return success();
}

/// "for ... break" has its counter in the condition: steps are tried, with all that
/// is known of the carried values, until the condition is false whatever the data.
LogicalResult LoopImport::findBound() {
  llvm::SmallVector<Value> initial = tensors(), values = initial;
  for (int64_t step = 0; step < std::min(steps, maxTried); ++step) {
    Block &block = n.newRegion().front();
    llvm::SmallVector<Value> inputs = {
        n.splat(RankedTensorType::get({}, n.b.getI64Type()), static_cast<double>(step)),
        flag(true)};
    for (auto [value, first] : llvm::zip_equal(values, initial))
      inputs.push_back(n.known(value) ? value : block.addArgument(first.getType(), n.loc));
    auto yielded = n.importBody(body, block, inputs);
    if (failed(yielded))
      return failure();
    if (isKnownFalse(yielded->front())) {
      steps = step + 1;
      return success();
    }
    values.assign(yielded->begin() + 1, yielded->begin() + 1 + numCarried());
    if (failed(expectSameTypes(n, initial, values)))
      return failure();
  }
  return success();
}

/// One region for all steps. Where the data decides when to stop, the steps behind
/// that are computed and thrown away.
LogicalResult LoopImport::buildScan() {
  if (steps > maxSteps && failed(countBound()))
    return failure();
  if (steps > maxSteps && failed(findBound()))
    return failure();
  if (steps > maxSteps)
    return n.fail("it has no trip count that is known at compile time, so that the number of its "
                  "steps has no bound");
  ScanBuilder scan(n, steps);
  llvm::SmallVector<Value> before;
  for (Value value : tensors())
    before.push_back(scan.addCarry(value));
  Value start = condition ? condition : flag(true);
  Value active = scan.addCarry(start);
  auto counter =
      n.make<train::IotaOp>(RankedTensorType::get({steps}, n.b.getI64Type()), int64_t(0));
  llvm::SmallVector<Value> arguments = {scan.addInput(counter), flag(true)};
  llvm::append_range(arguments, before);
  auto yielded = n.importBody(body, scan.block, arguments);
  if (failed(yielded))
    return failure();
  llvm::SmallVector<Value> next(yielded->begin() + 1, yielded->begin() + 1 + numCarried());
  llvm::SmallVector<Value> outputs(yielded->begin() + 1 + numCarried(), yielded->end());
  if (failed(expectSameTypes(n, before, next)))
    return failure();
  std::optional<bool> goesOn = knownFlag(yielded->front());
  bool mayStop = condition || goesOn != std::optional(true);
  if (auto counted = mayStop ? countSteps(arguments.front(), before, *yielded) : std::nullopt) {
    mayStop = false;
    if (std::exchange(steps, *counted) != *counted)
      return makeSteps();
  }
  if (mayStop && llvm::any_of(llvm::drop_begin(n.node.outputs, numCarried()),
                              [](llvm::StringRef name) { return !name.empty(); }))
    return n.fail("the data decides how many rows its outputs have; only carried values may be "
                  "used of a loop with a condition");
  if (mayStop) {
    OpBuilder::InsertionGuard guard(n.b);
    n.b.setInsertionPointToEnd(&scan.block);
    for (auto [value, old] : llvm::zip_equal(next, before))
      value = n.select(active, value, old);
    active = n.make<train::AndOp>(active, n.reshape(yielded->front(), {}));
    outputs.clear();
  }
  next.push_back(active);
  auto results = scan.finish(next, outputs, false);
  results.erase(results.begin() + static_cast<int64_t>(numCarried()));
  return setAll(n, results);
}

LogicalResult LoopImport::run() {
  if (failed(readBounds()))
    return failure();
  if (steps == 0 && n.node.outputs.size() > carried.size())
    return n.fail("it makes no step, so that its outputs have no rows");
  return steps == 0 ? setOutputs(carried) : makeSteps();
}

/// Sequences are names only, so that every step has its own; so has one that has to know its
/// number. Of few steps each has its own, too.
LogicalResult LoopImport::makeSteps() {
  bool isUnrolled = false, hasSequence = carriesSequence();
  bool tries = hasSequence || steps <= maxUnrolled || (steps <= maxSteps && needsStep());
  if (tries && !condition && failed(unroll(isUnrolled)))
    return failure();
  if (!isUnrolled && hasSequence)
    return n.fail("it carries a sequence, and the data decides how many steps it makes");
  return isUnrolled ? success() : buildScan();
}

static LogicalResult importLoop(NodeImport &n) {
  const Graph *body = n.subgraph("body");
  if (n.numInputs() < 2)
    return n.fail("expected a trip count and a condition, or empty names for them");
  if (failed(expectInputs(n, body, n.numInputs(), "body")) || failed(expectGiven(n, 2)))
    return failure();
  if (body->outputs.size() + 1 < n.numInputs() || body->outputs.empty())
    return n.fail("its body has too few outputs");
  return LoopImport(n, *body).run();
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

/// Both branches as regions of one op; the data chooses.
static LogicalResult importDecidedLater(NodeImport &n, const Graph &thenBody,
                                        const Graph &elseBody) {
  Region *regions[2] = {&n.newRegion(), &n.newRegion()};
  llvm::SmallVector<Value> results[2];
  const Graph *bodies[2] = {&thenBody, &elseBody};
  for (auto [i, body] : llvm::enumerate(bodies)) {
    auto yielded = n.importBody(*body, regions[i]->front(), {});
    if (failed(yielded))
      return failure();
    results[i] = *yielded;
    OpBuilder::InsertionGuard guard(n.b);
    n.b.setInsertionPointToEnd(&regions[i]->front());
    train::BodyYieldOp::create(n.b, n.loc, *yielded);
  }
  if (results[0].size() != results[1].size())
    return n.fail("its branches differ in the number of their outputs");
  for (auto [a, b] : llvm::zip_equal(results[0], results[1]))
    if (a.getType() != b.getType())
      return n.fail("its branches differ (" + describe(a) + " and " + describe(b) +
                    "); its condition (input '" + n.node.inputs[0] +
                    "') is computed from the data, but has to be known at compile time then");
  auto types = llvm::map_to_vector(results[0], [](Value v) { return v.getType(); });
  llvm::SmallVector<Value> captured = n.capture(regions);
  auto op = train::IfOp::create(n.b, n.loc, types, n.reshape(n.input(0), {}), captured);
  op.getThenBody().takeBody(*regions[0]);
  op.getElseBody().takeBody(*regions[1]);
  return setAll(n, llvm::to_vector_of<Value>(op.getResults()));
}

static LogicalResult importIf(NodeImport &n) {
  const Graph *thenBody = n.subgraph("then_branch"), *elseBody = n.subgraph("else_branch");
  if (!thenBody || !elseBody)
    return n.fail("expected two branches");
  if (!isBool(n.input(0)) || shapeOf(n.input(0)).size() > 1 ||
      productOf(shapeOf(n.input(0))) != std::optional<int64_t>(1))
    return n.fail("expected one truth value as its condition, got " + describe(n.input(0)));
  if (const HostTensor *condition = n.known(0))
    return n.inlineGraph(condition->number(0) != 0 ? *thenBody : *elseBody);
  return importDecidedLater(n, *thenBody, *elseBody);
}

void populateControl(Registry &registry) {
  registry.add("If", 1, inputs(1), importIf);
  registry.add("Loop", 1, atLeast(0), importLoop).takesSequences();
  registry.add("Scan", 8, atLeast(0), importBatchedScan);
  registry.add("Scan", 9, atLeast(1), importScan);
}

} // namespace dsc::onnx
