//===- NodeImport.cpp - What an operator's import function sees -----------===//

#include "NodeImport.h"
#include "GraphImporter.h"
#include "Ops/LoopSteps.h"

#include "dialects/Train/Interfaces.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

#include <charconv>
#include <cmath>

using namespace mlir;

namespace dsc::onnx {

const ImportOptions &NodeImport::options() const { return graph.options; }

Variables &NodeImport::variables() { return graph.variables; }

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

const ImportedValue *NodeImport::find(unsigned i) const { return scope.find(node.inputs[i]); }

Value NodeImport::input(unsigned i) {
  Value value = graph.valueOf(*scope.find(node.inputs[i]));
  bool isStopped = graph.stops.isBefore(node, i) && isFloat(value) && !graph.evaluator.knows(value);
  return isStopped ? make<train::StopGradientOp>(value) : value;
}

bool NodeImport::isStopped(const Node &other, unsigned i) const {
  return graph.stops.isBefore(other, i) || graph.stops.isAt(other.inputs[i]);
}

std::optional<int64_t> NodeImport::paddingRow() const { return graph.stops.paddingRow(node); }

llvm::SmallVector<Value> NodeImport::allInputs() {
  llvm::SmallVector<Value> values;
  for (unsigned i = 0; i < numInputs(); ++i)
    if (has(i))
      values.push_back(input(i));
  return values;
}

llvm::ArrayRef<Value> NodeImport::sequence(unsigned i) {
  return scope.find(node.inputs[i])->sequence;
}

Variable *NodeImport::variable(unsigned i) {
  if (!has(i))
    return nullptr;
  const ImportedValue *value = scope.find(node.inputs[i]);
  return value && value->kind == ImportedValue::Kind::Variable ? value->variable : nullptr;
}

Value NodeImport::tensorOf(const ImportedValue &value) {
  bool isTensor =
      value.kind == ImportedValue::Kind::Tensor || value.kind == ImportedValue::Kind::Variable;
  return isTensor ? graph.valueOf(value) : Value();
}

LogicalResult NodeImport::defer(const llvm::Twine &message) {
  deferral = message.str();
  return failure();
}

const HostTensor *NodeImport::known(Value value) const { return graph.evaluator.lookup(value); }

std::optional<int64_t> NodeImport::countSteps(const LoopBody &body, int64_t most) const {
  return onnx::countSteps(body, most, graph.evaluator);
}

const HostTensor *NodeImport::known(unsigned i) {
  Variable *source = variable(i);
  if (!has(i) || (source && !source->constant))
    return nullptr;
  return known(input(i));
}

llvm::FailureOr<HostTensor> NodeImport::constant(unsigned i, llvm::StringRef what) {
  if (!has(i))
    return fail("has no " + what);
  // An initializer that looks like a parameter, but decides shapes here.
  if (Variable *source = variable(i); source && source->data && !source->constant)
    if (std::optional<HostTensor> host = decode(*source->data, b.getContext()))
      return std::move(*host);
  if (const HostTensor *host = known(i))
    return *host;
  return defer(what + " (input '" + node.inputs[i] +
               "') is computed from the data, but has to be known at compile time");
}

llvm::FailureOr<Shape> NodeImport::integers(unsigned i, llvm::StringRef what) {
  llvm::FailureOr<HostTensor> host = constant(i, what);
  if (failed(host))
    return failure();
  if (host->isFloat())
    return fail(what + " (input '" + node.inputs[i] + "') is not of an integer type");
  return Shape(host->ints.begin(), host->ints.end());
}

llvm::FailureOr<double> NodeImport::number(unsigned i, llvm::StringRef what) {
  llvm::FailureOr<HostTensor> host = constant(i, what);
  if (failed(host))
    return failure();
  if (host->size() != 1)
    return fail(what + " (input '" + node.inputs[i] + "') is not a single number");
  return host->number(0);
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const NodeAttribute *NodeImport::unasked(llvm::ArrayRef<llvm::StringRef> ignored) const {
  for (const NodeAttribute &attribute : node.attributes)
    if (!llvm::is_contained(asked, attribute.name) && !llvm::is_contained(ignored, attribute.name))
      return &attribute;
  return nullptr;
}

const NodeAttribute *NodeImport::attribute(llvm::StringRef name) const {
  asked.push_back(name);
  const NodeAttribute *found = node.attribute(name);
  if (!found || found->reference.empty())
    return found;
  // Inside a function, the attribute stands for one of the call.
  auto bound = scope.attributes.find(found->reference);
  return bound == scope.attributes.end() ? nullptr : bound->second;
}

const NodeAttribute *NodeImport::attribute(llvm::StringRef name, AttributeType one,
                                           AttributeType many) const {
  const NodeAttribute *found = attribute(name);
  if (found && found->type != one && found->type != many)
    mistyped = found;
  return found;
}

int64_t NodeImport::integer(llvm::StringRef name, int64_t absent) const {
  const NodeAttribute *found = attribute(name, AttributeType::Int, AttributeType::Ints);
  return found && !found->ints.empty() ? found->ints.front() : absent;
}

/// The double a person meant who wrote the float: 1e-5, not 9.9999997473787516e-6.
static double asWritten(float value) {
  if (!std::isfinite(value))
    return value;
  char text[32];
  auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  double result = value;
  std::from_chars(text, end, result);
  return result;
}

double NodeImport::number(llvm::StringRef name, double absent) const {
  const NodeAttribute *found = attribute(name, AttributeType::Float, AttributeType::Floats);
  return found && !found->floats.empty() ? asWritten(found->floats.front()) : absent;
}

llvm::StringRef NodeImport::string(llvm::StringRef name, llvm::StringRef absent) const {
  const NodeAttribute *found = attribute(name, AttributeType::String, AttributeType::Strings);
  return found && !found->strings.empty() ? found->strings.front() : absent;
}

std::optional<Shape> NodeImport::integers(llvm::StringRef name) const {
  const NodeAttribute *found = attribute(name, AttributeType::Int, AttributeType::Ints);
  if (!found)
    return std::nullopt;
  return Shape(found->ints.begin(), found->ints.end());
}

//===----------------------------------------------------------------------===//
// Checked properties
//===----------------------------------------------------------------------===//

llvm::FailureOr<int64_t> NodeImport::axis(int64_t value, int64_t rank, bool orEnd) {
  if (value < -rank || value >= rank + orEnd)
    return fail("axis " + llvm::Twine(value) + " is outside a tensor of rank " + llvm::Twine(rank));
  return value < 0 ? value + rank : value;
}

llvm::FailureOr<int64_t> NodeImport::axis(llvm::StringRef name, int64_t absent, int64_t rank) {
  return axis(integer(name, absent), rank);
}

llvm::FailureOr<int64_t> NodeImport::axisInput(unsigned i, int64_t rank) {
  llvm::FailureOr<double> given = number(i, "the axis");
  if (failed(given))
    return failure();
  return axis(static_cast<int64_t>(*given), rank);
}

llvm::FailureOr<Shape> NodeImport::axes(llvm::ArrayRef<int64_t> values, int64_t rank) {
  Shape result;
  for (int64_t value : values) {
    llvm::FailureOr<int64_t> one = axis(value, rank);
    if (failed(one))
      return failure();
    if (llvm::is_contained(result, *one))
      return fail("axis " + llvm::Twine(value) + " is named twice");
    result.push_back(*one);
  }
  llvm::sort(result);
  return result;
}

LogicalResult NodeImport::expectRank(unsigned i, int64_t least, int64_t most) {
  int64_t rank = rankOf(input(i));
  if (rank >= least && rank <= most)
    return success();
  return fail("input '" + node.inputs[i] + "' has rank " + llvm::Twine(rank) + ", expected " +
              (rank < least ? "at least " + llvm::Twine(least) : "at most " + llvm::Twine(most)));
}

LogicalResult NodeImport::expectFloat(unsigned i) {
  if (isFloat(input(i)))
    return success();
  return fail("input '" + node.inputs[i] + "' is " + describe(input(i)) +
              ", expected a float type");
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

bool NodeImport::isUsed(unsigned i) const {
  // Names inside functions and branches are not told apart; to be safe, they count.
  return wants(i) && (!graph.uses.of(node.outputs[i], scope.body).empty() ||
                      graph.outputNames.contains(node.outputs[i]) || !scope.path.empty());
}

LogicalResult NodeImport::expectRankOfResult(int64_t rank) {
  constexpr int64_t most = 64; // as PyTorch has it
  if (rank <= most)
    return success();
  return fail("its result has " + llvm::Twine(rank) + " dimensions; there may be at most " +
              llvm::Twine(most));
}

LogicalResult NodeImport::set(unsigned i, Value value) {
  if (!value) {
    std::string operands;
    for (Value operand : allInputs())
      operands += (operands.empty() ? "" : ", ") + describe(operand);
    return failToFit("its inputs do not fit each other: " + llvm::Twine(operands));
  }
  if (!wants(i))
    return success();
  if (failed(expectRankOfResult(rankOf(value))))
    return failure();
  ImportedValue &result = scope.define(node.outputs[i]);
  result.kind = ImportedValue::Kind::Tensor;
  result.tensor = value;
  return success();
}

LogicalResult NodeImport::setSequence(unsigned i, llvm::ArrayRef<Value> values) {
  if (!wants(i))
    return success();
  ImportedValue &result = scope.define(node.outputs[i]);
  result.kind = ImportedValue::Kind::Sequence;
  result.sequence.assign(values.begin(), values.end());
  return success();
}

LogicalResult NodeImport::setVariable(unsigned i, Variable *variable) {
  if (!wants(i))
    return success();
  ImportedValue &result = scope.define(node.outputs[i]);
  result.kind = ImportedValue::Kind::Variable;
  result.variable = variable;
  return success();
}

LogicalResult NodeImport::fail(const llvm::Twine &message) {
  deferral.clear();
  return graph.fail(node, opset, message);
}

LogicalResult NodeImport::failToFit(const llvm::Twine &message) {
  deferral.clear();
  return graph.fail(node, opset, message, graph.explainBatch(node, scope));
}

//===----------------------------------------------------------------------===//
// The model around the node
//===----------------------------------------------------------------------===//

LogicalResult NodeImport::setInitialized(RankedTensorType type, mlir::Attribute init,
                                         llvm::StringRef why) {
  if (std::string problem = findUnaddressable(type); !problem.empty())
    return fail(problem);
  llvm::StringRef name = node.outputs.front();
  return setVariable(
      0, graph.variables.add(name, type, init, why, graph.uses.nodes(name, scope.body)));
}

bool NodeImport::isUsedAsWeight() const {
  return graph.uses.isWeight(node.outputs.front(), scope.body, opset);
}

bool NodeImport::isUsedInArithmetic() const {
  return graph.uses.isOnlyInArithmetic(node.outputs.front(), scope.body);
}

bool NodeImport::hasConstantWeights() const {
  return graph.uses.hasConstantWeights(graph.model.defaultOpset());
}

bool NodeImport::hasGeneratedWeights() const { return graph.uses.hasGeneratedWeights(); }

TensorPlace NodeImport::placeOf(size_t rank) const {
  return graph.placeOf(node.outputs.front(), rank, scope, opset);
}

bool NodeImport::isLiteral(unsigned i) const {
  return has(i) &&
         (graph.initializers.contains(node.inputs[i]) || graph.uses.isConstantNode(node.inputs[i]));
}

std::optional<Shape> NodeImport::rebatch(llvm::ArrayRef<int64_t> target) {
  return graph.rebatch(node, scope, target);
}

std::optional<Shape> NodeImport::rebatchReshape(Value x, llvm::ArrayRef<int64_t> target) {
  return graph.rebatchReshape(node, scope, x, target);
}

/// Whether all slices of dimension d are equal.
static bool repeatsAlong(const HostTensor &x, int64_t d) {
  llvm::ArrayRef<int64_t> shape = x.type.getShape();
  int64_t stride = *productOf(shape.drop_front(d + 1));
  for (int64_t i = stride; i < static_cast<int64_t>(x.size()); ++i)
    if (i / stride % shape[d] != 0 && x.number(i) != x.number(i - stride))
      return false;
  return true;
}

/// Whether the elements are the numbers of their slices of dimension d.
static bool countsAlong(const HostTensor &x, int64_t d) {
  llvm::ArrayRef<int64_t> shape = x.type.getShape();
  int64_t stride = *productOf(shape.drop_front(d + 1));
  for (int64_t i = 0; i < static_cast<int64_t>(x.ints.size()); ++i)
    if (x.ints[i] != i / stride % shape[d])
      return false;
  return !x.isFloat() && x.type.getElementTypeBitWidth() > 1 && shape[d] > 1;
}

Value NodeImport::grown(Value x, llvm::ArrayRef<int64_t> other) {
  const HostTensor *host = graph.exported ? known(x) : nullptr;
  int64_t offset = static_cast<int64_t>(other.size()) - rankOf(x);
  for (int64_t d = std::max<int64_t>(0, -offset); host && d < rankOf(x); ++d) {
    bool isBatch = graph.isExportedBatch(shapeOf(x)[d], other[d + offset]);
    Shape shape(shapeOf(x));
    shape[d] = other[d + offset];
    if (isBatch && repeatsAlong(*host, d))
      return broadcast(slice(x, d, 0, 1), shape);
    if (isBatch && countsAlong(*host, d))
      return make<train::IotaOp>(RankedTensorType::get(shape, elementOf(x)), d);
  }
  return x;
}

void NodeImport::write(Variable &variable, Value value) {
  train::WriteOp &last = graph.writes[variable.name];
  if (last)
    last.erase();
  last = train::WriteOp::create(b, loc, variable.name, value);
}

Value NodeImport::latest(unsigned i) {
  auto written = graph.writes.find(variable(i)->name);
  return written == graph.writes.end() ? input(i) : written->second.getValue();
}

int64_t NodeImport::nextStream() { return graph.streams++; }

LogicalResult NodeImport::inlineGraph(const Graph &body) {
  std::vector<ImportedValue> outputs;
  if (failed(graph.importSubgraph(body, scope, opset, outputs)))
    return failure();
  if (outputs.size() < node.outputs.size())
    return fail("its branch has " + llvm::Twine(outputs.size()) + " outputs, expected " +
                llvm::Twine(node.outputs.size()));
  for (auto [name, value] : llvm::zip(node.outputs, outputs))
    if (!name.empty())
      scope.define(name) = value;
  return success();
}

//===----------------------------------------------------------------------===//
// Subgraphs as regions
//===----------------------------------------------------------------------===//

const Graph *NodeImport::subgraph(llvm::StringRef name) const {
  const NodeAttribute *found = attribute(name);
  return found && !found->graphs.empty() ? &found->graphs.front() : nullptr;
}

Region &NodeImport::newRegion() {
  graph.regions.push_back(std::make_unique<Region>());
  graph.regions.back()->emplaceBlock();
  return *graph.regions.back();
}

llvm::FailureOr<std::vector<ImportedValue>>
NodeImport::inlineBody(const Graph &body, llvm::ArrayRef<ImportedValue> inputs) {
  std::vector<ImportedValue> outputs;
  for (Operation *op : graph.created) // Its nodes may ask for what this one made so far.
    graph.evaluator.visit(op);
  LogicalResult imported = graph.importBody(body, scope, node, opset, inputs, outputs);
  graph.created.clear(); // Verified and evaluated already.
  if (failed(imported))
    return failure();
  return outputs;
}

llvm::FailureOr<llvm::SmallVector<Value>> NodeImport::importBody(const Graph &body, Block &block,
                                                                 llvm::ArrayRef<Value> inputs) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(&block);
  auto outputs = inlineBody(body, llvm::map_to_vector(inputs, ImportedValue::of));
  if (failed(outputs))
    return failure();
  llvm::SmallVector<Value> tensors;
  for (auto [output, value] : llvm::zip_equal(body.outputs, *outputs)) {
    if (value.isSequence())
      return fail("output '" + output.name + "' of its body is a sequence, expected a tensor");
    tensors.push_back(graph.valueOf(value));
  }
  if (failed(graph.checkBody(node, opset, block)))
    return failure();
  return tensors;
}

bool NodeImport::canImportBody(const Graph &body, llvm::ArrayRef<Value> inputs) {
  std::vector<OperatorReport> reports = graph.reports;
  std::string firstError = graph.firstError;
  size_t numDeferred = graph.deferred.size();
  bool isImported = succeeded(importBody(body, newRegion().front(), inputs));
  graph.reports = std::move(reports);
  graph.firstError = std::move(firstError);
  while (graph.deferred.size() > numDeferred)
    graph.deferred.pop_back();
  return isImported;
}

llvm::SmallVector<Value> NodeImport::capture(llvm::ArrayRef<Region *> regions) {
  llvm::SetVector<Value> captured;
  for (Region *region : regions)
    for (Operation &op : region->front())
      for (Value operand : op.getOperands())
        if (operand.getParentBlock() != &region->front())
          captured.insert(operand);
  for (Region *region : regions)
    for (auto [i, value] : llvm::enumerate(captured)) {
      Value argument = region->front().insertArgument(i, value.getType(), loc);
      Value(value).replaceUsesWithIf(
          argument, [&](OpOperand &use) { return use.getOwner()->getBlock() == &region->front(); });
    }
  return captured.takeVector();
}

} // namespace dsc::onnx
