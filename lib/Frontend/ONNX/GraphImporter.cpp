//===- GraphImporter.cpp - Walking a graph, node by node ------------------===//
//
// Nodes come in topological order. For each: look the operator up, check its
// inputs, let its function build train ops, verify these, and evaluate those whose
// operands are known, so that the next node can ask for numbers.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace dsc::onnx {

/// Functions and branches nest by calls, and a file can make them call each other.
static constexpr unsigned maxDepth = 64;
/// Loops that are unrolled or tried multiply where they nest.
static constexpr unsigned maxBodies = 4096;
/// Functions that call each other twice make 2^n nodes of n functions; so do nested loops.
static constexpr size_t maxExpanded = size_t(1) << 17;

const ImportedValue *Scope::find(llvm::StringRef name) const {
  for (const Scope *scope = this; scope; scope = scope->parent) {
    auto found = scope->values.find(name);
    if (found != scope->values.end())
      return &found->second;
  }
  return nullptr;
}

static std::string describe(const Node &node, int64_t opset) {
  return ("node '" + nameOf(node) + "' (" + node.opType + ", opset " + llvm::Twine(opset) + ")")
      .str();
}

GraphImporter::GraphImporter(const Model &model, const ImportOptions &options, Variables &variables,
                             const BoundInputs &inputs, func::FuncOp function,
                             const BatchRecord *exported)
    : model(model), options(options), variables(variables), boundInputs(inputs), function(function),
      exported(exported), builder(function.getContext()), uses(model), callSizes(model),
      stops(model.graph, options.stopGradient) {
  for (const ValueInfo &output : model.graph.outputs)
    outputNames.insert(output.name);
  for (const Tensor &tensor : model.graph.initializers)
    initializers[tensor.name] = &tensor;
}

//===----------------------------------------------------------------------===//
// Names and values
//===----------------------------------------------------------------------===//

void GraphImporter::defineInputs(Scope &scope) {
  for (auto [input, argument] : llvm::zip(boundInputs.inputs, function.getArguments())) {
    ImportedValue &value = scope.define(input.name);
    value.kind = ImportedValue::Kind::Tensor;
    value.tensor = argument;
    RecordedValue &recorded = record.values[(scope.path + input.name).str()];
    recorded.shape = Shape(shapeOf(argument));
    recorded.value = argument;
  }
}

void GraphImporter::defineInitializers(const Graph &graph, Scope &scope, int64_t opset) {
  for (const Tensor &tensor : graph.initializers) {
    Variable *&variable = variableOf[&tensor]; // A loop's body has the same in all steps.
    if (!variable)
      variable = variables.add(tensor, tensor.name,
                               placeOf(tensor.name, tensor.dims.size(), scope, opset));
    if (!variable)
      continue; // Its type has no meaning here; whoever uses it says so.
    ImportedValue &value = scope.define(tensor.name);
    value.kind = ImportedValue::Kind::Variable;
    value.variable = variable;
  }
}

TensorPlace GraphImporter::placeOf(llvm::StringRef name, size_t rank, const Scope &scope,
                                   int64_t opset) const {
  TensorPlace place;
  place.use = uses.use(name, rank, scope.body, opset);
  place.nodes = uses.nodes(name, scope.body);
  if (!scope.body && outputNames.contains(name))
    place.nodes.push_back("output '" + name.str() + "'");
  return place;
}

Value GraphImporter::valueOf(const ImportedValue &value) {
  if (value.kind == ImportedValue::Kind::Tensor)
    return value.tensor;
  Variable &variable = *value.variable;
  if (!variable.constant)
    return variables.read(variable, function.getBody().front());
  if (Value constant = constants.lookup(&variable))
    return constant;
  std::optional<HostTensor> host = decode(*variable.data, function.getContext());
  if (!host) // Too large to compute with, or its data is not there.
    return variables.read(variable, function.getBody().front());
  // Behind the reads, where bodies of loops see it as well as what is around them.
  OpBuilder::InsertionGuard guard(builder);
  Block &entry = function.getBody().front();
  builder.setInsertionPoint(
      &entry, llvm::find_if_not(entry, [](Operation &op) { return isa<train::ReadOp>(op); }));
  Location loc = NameLoc::get(builder.getStringAttr("initializer '" + variable.name + "'"));
  auto constant = train::ConstantOp::create(builder, loc, encode(*host));
  evaluator.visit(constant);
  constants[&variable] = constant;
  return constant;
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::importNodes(llvm::ArrayRef<Node> nodes, Scope &scope, int64_t opset) {
  for (const Node &node : nodes) {
    if (succeeded(importNode(node, scope, opset)))
      continue;
    if (!options.inspect)
      return failure();
    markFailed(node, scope);
  }
  return success();
}

void GraphImporter::markFailed(const Node &node, Scope &scope) {
  for (llvm::StringRef name : node.outputs)
    if (!name.empty())
      scope.define(name).kind = ImportedValue::Kind::Failed;
}

LogicalResult GraphImporter::importNode(const Node &node, Scope &scope, int64_t opset) {
  if (node.outputs.empty())
    return fail(node, opset, "has no output");
  if (++depth > maxDepth) {
    --depth;
    return fail(node, opset, "functions and branches nest deeper than " + llvm::Twine(maxDepth));
  }
  const Function *function = model.functionOf(node);
  LogicalResult result =
      function ? importCall(*function, node, scope) : importOperator(node, scope, opset);
  --depth;
  if (succeeded(result) && !scope.body)
    stopGradients(node, scope);
  return result;
}

/// Defines outputs of the node anew that pass no gradient back.
void GraphImporter::stopGradients(const Node &node, Scope &scope) {
  for (llvm::StringRef name : node.outputs) {
    const ImportedValue *value = name.empty() ? nullptr : scope.find(name);
    if (!value || !stops.isAt(name) ||
        (value->kind != ImportedValue::Kind::Tensor &&
         value->kind != ImportedValue::Kind::Variable))
      continue;
    Value tensor = valueOf(*value);
    if (!isFloat(tensor) || evaluator.knows(tensor))
      continue;
    Location loc = NameLoc::get(builder.getStringAttr("node '" + nameOf(node) + "'"));
    ImportedValue &stopped = scope.define(name);
    stopped.kind = ImportedValue::Kind::Tensor;
    stopped.tensor = train::StopGradientOp::create(builder, loc, tensor);
  }
}

LogicalResult GraphImporter::importOperator(const Node &node, Scope &scope, int64_t opset) {
  const Operator *op = Registry::get().find(node, opset);
  if (!op) {
    std::string domain = isDefaultDomain(node.domain) ? "" : " of domain " + node.domain.str();
    return fail(node, opset,
                "operator " + node.opType + domain +
                    " is not supported; --inspect lists all such operators of a model");
  }
  Location loc = NameLoc::get(builder.getStringAttr(describe(node, opset)));
  NodeImport import(*this, scope, node, opset, builder, loc);
  if (failed(checkInputs(*op, import)))
    return failure();
  if (!op->deferred && hasDeferredInput(node, scope))
    return defer(node, scope, opset, "");
  created.clear();
  bool isImported = succeeded(op->import(import));
  if ((!isImported && !import.gaveUp()) || failed(verifyAndEvaluate(node, opset)))
    return failure();
  if (!isImported)
    return defer(node, scope, opset, import.whyDeferred());
  if (const NodeAttribute *attribute = import.wrongType())
    return import.fail("attribute '" + attribute->name + "' has the wrong type");
  if (const NodeAttribute *attribute = import.unasked(op->ignored))
    return import.fail("attribute '" + attribute->name + "' is not known here");
  recordValues(node, scope, opset);
  if (op->placed)
    record.placedBySize.insert(describe(node, opset));
  note(node, statusOf(node, scope));
  return success();
}

/// The node's results have no tensors.
LogicalResult GraphImporter::defer(const Node &node, Scope &scope, int64_t opset,
                                   llvm::StringRef why) {
  DeferredNode &entry = deferred.emplace_back(DeferredNode{node, opset, why.str(), {}});
  for (llvm::StringRef name : node.inputs) {
    const ImportedValue *value = name.empty() ? nullptr : scope.find(name);
    ImportedValue &input = entry.inputs.emplace_back();
    if (value && value->kind != ImportedValue::Kind::Sequence)
      input = *value;
  }
  for (llvm::StringRef name : node.outputs) {
    if (name.empty())
      continue;
    ImportedValue &value = scope.define(name);
    value = ImportedValue();
    value.kind = ImportedValue::Kind::Deferred;
    value.deferred = &entry;
  }
  return success();
}

bool GraphImporter::hasDeferredInput(const Node &node, const Scope &scope) const {
  return llvm::any_of(node.inputs, [&](llvm::StringRef name) {
    const ImportedValue *value = name.empty() ? nullptr : scope.find(name);
    return value && value->kind == ImportedValue::Kind::Deferred;
  });
}

/// Says why there are no tensors, the nearest cause first; returns all the nodes behind it.
llvm::SetVector<const DeferredNode *>
GraphImporter::failDeferred(llvm::ArrayRef<const DeferredNode *> nodes) {
  llvm::SetVector<const DeferredNode *> needed(nodes.begin(), nodes.end());
  for (size_t i = 0; i < needed.size(); ++i)
    for (const ImportedValue &input : needed[i]->inputs)
      if (input.kind == ImportedValue::Kind::Deferred)
        needed.insert(input.deferred);
  for (const DeferredNode *entry : needed)
    if (!entry->why.empty())
      (void)fail(entry->node, entry->opset, entry->why);
  return needed;
}

/// Outputs of the graph need a size. What none of them needs is part of a choice, or unused.
LogicalResult GraphImporter::reportDeferred(Scope &scope) {
  llvm::SmallVector<const DeferredNode *> outputs;
  for (const ValueInfo &output : model.graph.outputs) {
    const ImportedValue *value = scope.find(output.name);
    if (!value || value->kind != ImportedValue::Kind::Deferred)
      continue;
    outputs.push_back(value->deferred);
    scope.define(output.name).kind = ImportedValue::Kind::Failed;
  }
  auto needed = failDeferred(outputs);
  for (const DeferredNode &entry : deferred)
    if (!needed.contains(&entry))
      note(entry.node, "no gradient");
  return success(outputs.empty());
}

LogicalResult GraphImporter::checkInputs(const Operator &op, NodeImport &import) {
  const Node &node = import.node;
  if (node.inputs.size() > op.inputs.most)
    return import.fail("has " + llvm::Twine(node.inputs.size()) + " inputs, expected at most " +
                       llvm::Twine(op.inputs.most));
  for (unsigned i = 0; i < op.inputs.least; ++i)
    if (!import.has(i))
      return import.fail("input " + llvm::Twine(i) + " is missing");
  for (unsigned i = 0; i < node.inputs.size(); ++i) {
    if (!import.has(i))
      continue;
    const ImportedValue *value = import.find(i);
    if (!value && initializers.contains(node.inputs[i]))
      return import.fail("initializer '" + node.inputs[i] + "' has type " +
                         dataTypeName(initializers[node.inputs[i]]->type) +
                         ", which is not supported");
    if (!value)
      return import.fail("input '" + node.inputs[i] +
                         "' is not defined before it; the graph is not sorted or incomplete");
    if (value->kind == ImportedValue::Kind::Failed)
      return failure(); // Reported where it failed.
    if (value->kind == ImportedValue::Kind::Sequence && !op.sequences)
      return import.fail("input '" + node.inputs[i] + "' is a sequence, expected a tensor");
  }
  return success();
}

LogicalResult GraphImporter::verifyAndEvaluate(const Node &node, int64_t opset) {
  std::string message;
  ScopedDiagnosticHandler capture(function.getContext(), [&](Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
    return success();
  });
  for (Operation *op : created) {
    for (Type type : op->getResultTypes())
      if (auto tensor = dyn_cast<RankedTensorType>(type))
        message = message.empty() ? findUnaddressable(tensor) : message;
    if (!message.empty() || failed(mlir::verify(op, /*verifyRecursively=*/false)))
      return fail(node, opset, message.empty() ? "cannot be imported" : message);
    evaluator.visit(op);
  }
  return success();
}

/// Counts nodes that the file has once and the import several times. What they call is counted when
/// it is called, but refused here.
LogicalResult GraphImporter::expand(llvm::ArrayRef<Node> nodes, const Node &node, int64_t opset) {
  if (callSizes.of(nodes) > maxExpanded - expanded)
    return fail(node, opset,
                "calls of functions and steps of loops make more than " + llvm::Twine(maxExpanded) +
                    " nodes; export the model with fewer of them");
  expanded += nodes.size();
  return success();
}

LogicalResult GraphImporter::importCall(const Function &callee, const Node &node, Scope &scope) {
  int64_t opset = model.defaultOpset();
  for (const OpsetImport &import : callee.opsets)
    if (isDefaultDomain(import.domain))
      opset = import.version;
  if (failed(expand(callee.nodes, node, opset)))
    return failure();
  Scope body;
  body.body = &callee;
  body.path = scope.path + nameOf(node).str() + "/";
  for (const NodeAttribute &attribute : callee.defaults)
    body.attributes[attribute.name] = &attribute;
  for (const NodeAttribute &attribute : node.attributes) {
    const NodeAttribute *actual = &attribute;
    if (!attribute.reference.empty()) {
      auto bound = scope.attributes.find(attribute.reference);
      if (bound == scope.attributes.end())
        continue;
      actual = bound->second;
    }
    body.attributes[attribute.name] = actual;
  }
  for (auto [i, name] : llvm::enumerate(callee.inputs)) {
    if (i >= node.inputs.size() || node.inputs[i].empty())
      continue;
    const ImportedValue *value = scope.find(node.inputs[i]);
    if (!value)
      return fail(node, opset, "input '" + node.inputs[i] + "' is not defined before it");
    body.define(name) = *value;
  }
  if (failed(importNodes(callee.nodes, body, opset)))
    return failure();
  for (auto [inner, outer] : llvm::zip(callee.outputs, node.outputs)) {
    const ImportedValue *value = body.find(inner);
    if (!value)
      return fail(node, opset, "its function does not define output '" + inner + "'");
    if (!outer.empty())
      scope.define(outer) = ImportedValue(*value);
  }
  return success();
}

LogicalResult GraphImporter::importSubgraph(const Graph &graph, Scope &scope, int64_t opset,
                                            std::vector<ImportedValue> &outputs) {
  Scope inner(&scope);
  inner.path = scope.path + graph.name.str() + "/";
  inner.attributes = scope.attributes;
  inner.body = scope.body;
  defineInitializers(graph, inner, opset);
  if (failed(importNodes(graph.nodes, inner, opset)))
    return failure();
  for (const ValueInfo &output : graph.outputs) {
    const ImportedValue *value = inner.find(output.name);
    outputs.push_back(value ? *value : ImportedValue{ImportedValue::Kind::Failed, {}, {}, {}});
  }
  return success();
}

LogicalResult GraphImporter::importBody(const Graph &graph, Scope &scope, const Node &node,
                                        int64_t opset, llvm::ArrayRef<ImportedValue> inputs,
                                        std::vector<ImportedValue> &outputs) {
  if (++bodies > maxBodies)
    return fail(node, opset,
                "its loops have more than " + llvm::Twine(maxBodies) +
                    " steps to be looked at one by one");
  if (failed(expand(graph.nodes, node, opset)))
    return failure();
  Scope inner(&scope);
  inner.path = scope.path + nameOf(node).str() + "/";
  inner.attributes = scope.attributes;
  inner.body = scope.body;
  for (auto [input, value] : llvm::zip_equal(graph.inputs, inputs))
    inner.define(input.name) = value;
  defineInitializers(graph, inner, opset);
  if (failed(importNodes(graph.nodes, inner, opset)))
    return failure();
  for (const ValueInfo &output : graph.outputs) {
    const ImportedValue *value = inner.find(output.name);
    if (value && value->kind == ImportedValue::Kind::Deferred) {
      failDeferred(value->deferred);
      return failure();
    }
    if (!value || value->kind == ImportedValue::Kind::Failed)
      return fail(node, opset,
                  "output '" + output.name + "' of its body is not defined by any node");
    outputs.push_back(*value);
  }
  return success();
}

LogicalResult GraphImporter::checkBody(const Node &node, int64_t opset, Block &block) {
  for (Operation &op : block)
    if (isa<train::EvaluationOpInterface>(op) || !isMemoryEffectFree(&op) ||
        isa<train::ScalarOp>(op))
      return fail(node, opset,
                  "its body keeps state or draws random numbers (" + op.getName().getStringRef() +
                      "), which is not supported inside loops");
  return success();
}

//===----------------------------------------------------------------------===//
// Another batch
//===----------------------------------------------------------------------===//

void GraphImporter::recordValues(const Node &node, const Scope &scope, int64_t opset) {
  for (llvm::StringRef name : node.outputs) {
    const ImportedValue *value = name.empty() ? nullptr : scope.find(name);
    if (!value || value->kind != ImportedValue::Kind::Tensor)
      continue;
    auto [entry, isNew] = record.values.try_emplace(scope.path + name.str());
    if (isNew)
      record.order.push_back(entry->first());
    entry->second.shape = Shape(shapeOf(value->tensor));
    entry->second.value = value->tensor;
    entry->second.node = describe(node, opset);
  }
}

/// The node's result in the export, where it was given the same constants there; one
/// that changed with the batch was computed from a shape: it is right.
const RecordedValue *GraphImporter::findBaked(const Node &node, const Scope &scope,
                                              llvm::ArrayRef<int64_t> target) {
  std::string output = scope.path + node.outputs.front().str();
  record.targets[output] = Shape(target);
  if (!exported)
    return nullptr;
  auto oldTarget = exported->targets.find(output);
  auto result = exported->values.find(output);
  bool isBaked = oldTarget != exported->targets.end() && oldTarget->second == target &&
                 result != exported->values.end();
  return isBaked ? &result->second : nullptr;
}

/// The result's shape with the new batch, if the result has the batch.
std::optional<Shape> GraphImporter::rebatch(const Node &node, const Scope &scope,
                                            llvm::ArrayRef<int64_t> target) {
  const RecordedValue *result = findBaked(node, scope, target);
  if (!result || result->batch.empty())
    return std::nullopt;
  Shape shape = result->shape;
  for (train::BatchPosition position : result->batch)
    shape[position.dim] = shape[position.dim] / *boundInputs.exportedBatch * options.batch;
  return shape;
}

/// The same for a reshape; of one row nothing is left in the shapes but a stride.
std::optional<Shape> GraphImporter::rebatchReshape(const Node &node, const Scope &scope, Value x,
                                                   llvm::ArrayRef<int64_t> target) {
  const RecordedValue *result = findBaked(node, scope, target);
  if (!result)
    return std::nullopt;
  if (*boundInputs.exportedBatch > 1) {
    std::optional<Shape> shape = rebatch(node, scope, target);
    return shape && productOf(*shape) == productOf(shapeOf(x)) ? shape : std::nullopt;
  }
  auto input = exported->values.find(scope.path + node.inputs.front().str());
  return input == exported->values.end()
             ? std::nullopt
             : onnx::rebatchReshape(input->second.shape, shapeOf(x), result->shape, 1);
}

bool GraphImporter::isExportedBatch(int64_t size, int64_t other) const {
  return exported && size == *boundInputs.exportedBatch && other == options.batch && size != other;
}

/// Behind the evaluation of what is known: a count of rows is computed from a shape.
void GraphImporter::followScales() {
  Block &block = function.getBody().front();
  int64_t batch = shapeOf(function.getArgument(0)).front();
  train::BatchAnalysis analysis(block, batch);
  recordDivisors(record, analysis, block, batch);
  if (otherBatch)
    markScales(*otherBatch, analysis, block, batch);
}

/// Follows the batch, and says which node has not.
std::string GraphImporter::followRows() {
  Block &block = function.getBody().front();
  int64_t batch = exported ? options.batch : shapeOf(function.getArgument(0)).front();
  followBatch(record, train::BatchAnalysis(block, batch));
  // Where one row is in a shape is anyone's guess.
  bool areSeen = exported && batch != 1 && *boundInputs.exportedBatch != 1;
  return areSeen ? findUnfollowed(record, *exported) : "";
}

/// Behind the evaluation of what is known: numbers that rows are divided by may be computed.
llvm::Error GraphImporter::checkBatch(std::string problem) {
  Block &block = function.getBody().front();
  train::BatchAnalysis analysis(block, options.batch);
  std::string fixed = findFixed(*exported, analysis, block, *boundInputs.exportedBatch);
  if (!fixed.empty())
    problem = fixed;
  if (problem.empty())
    return llvm::Error::success();
  return llvm::createStringError(std::errc::invalid_argument, "%s",
                                 (problem + " (with " + llvm::Twine(options.batch) +
                                  " rows at a time; the model was exported for a batch of " +
                                  llvm::Twine(*boundInputs.exportedBatch) +
                                  "). Export it with a symbolic batch dimension, or for this batch")
                                     .str()
                                     .c_str());
}

llvm::Error GraphImporter::checkOutputBatch(const ValueInfo &output, Value value) {
  if (!exported || rankOf(value) < 2)
    return llvm::Error::success();
  auto before = exported->values.find(output.name);
  if (before == exported->values.end() ||
      before->second.shape.front() != *boundInputs.exportedBatch ||
      shapeOf(value).front() == options.batch)
    return llvm::Error::success();
  return llvm::createStringError(std::errc::invalid_argument, "%s",
                                 ("output '" + output.name + "' is " + describe(value) +
                                  " and does not follow --batch " + llvm::Twine(options.batch) +
                                  "; export the model with a symbolic batch dimension")
                                     .str()
                                     .c_str());
}

//===----------------------------------------------------------------------===//
// Reports and errors
//===----------------------------------------------------------------------===//

std::string GraphImporter::explainBatch(const Node &node, const Scope &scope) {
  if (scope.body || function.getNumArguments() == 0 || rankOf(function.getArgument(0)) == 0)
    return "";
  auto see = [&](llvm::StringRef name) -> std::optional<SeenValue> {
    const ImportedValue *value = scope.find(name);
    bool isTensor = value && value->kind == ImportedValue::Kind::Tensor;
    if (!isTensor && (!value || value->kind != ImportedValue::Kind::Variable))
      return std::nullopt;
    if (!isTensor && !value->variable->constant)
      return SeenValue{Shape(value->variable->type.getShape()), nullptr, true};
    Value tensor = valueOf(*value);
    return SeenValue{Shape(shapeOf(tensor)), evaluator.lookup(tensor), false};
  };
  return explainBakedBatch(model.graph, node, shapeOf(function.getArgument(0)).front(), see);
}

/// `ofBatch` says what the batch has to do with it, where that is known.
LogicalResult GraphImporter::fail(const Node &node, int64_t opset, const llvm::Twine &message,
                                  llvm::StringRef ofBatch) {
  std::string text = describe(node, opset) + ": " + message.str() + ofBatch.str();
  if (exported && ofBatch.empty())
    text += " (with " + std::to_string(options.batch) +
            " rows at a time; the model was exported for a batch of " +
            std::to_string(*boundInputs.exportedBatch) +
            ". If this node is what keeps that size, export with a symbolic batch dimension)";
  if (firstError.empty())
    firstError = text;
  note(node, Registry::get().find(node, opset) || model.functionOf(node) ? "error" : "unsupported",
       message.str());
  return failure();
}

void GraphImporter::note(const Node &node, llvm::StringRef status, llvm::StringRef message) {
  std::string op =
      (isDefaultDomain(node.domain) ? "" : node.domain.str() + ".") + node.opType.str();
  for (OperatorReport &row : reports)
    if (row.op == op && row.status == status && row.message == message) {
      ++row.count;
      return;
    }
  reports.push_back({op, status.str(), nameOf(node).str(), message.str(), 1});
}

std::string GraphImporter::statusOf(const Node &node, Scope &scope) const {
  unsigned computing = 0;
  bool hasRule = true, isFloating = false;
  for (Operation *op : created) {
    if (op->getNumResults() == 0 || evaluator.knows(op->getResult(0)))
      continue;
    auto cost = dyn_cast<train::CostOpInterface>(op);
    computing += cost && cost.getFlops() > 0;
    isFloating |= isFloat(op->getResult(0));
    hasRule &= !isFloat(op->getResult(0)) ||
               isa<train::DifferentiableOpInterface, train::DecomposableOpInterface>(op);
  }
  bool isConstant = llvm::all_of(node.outputs, [&](llvm::StringRef name) {
    const ImportedValue *value = scope.find(name);
    return !value || (value->kind == ImportedValue::Kind::Tensor && evaluator.knows(value->tensor));
  });
  if (isConstant)
    return "constant";
  if (created.empty())
    return "rule";
  if (!isFloating || !hasRule)
    return "no gradient";
  return computing > 1 ? "decomposed" : "rule";
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

/// What the module keeps from step to step, as the exporter's record says. It does not say where
/// gradients were off.
void GraphImporter::writeBuffers(const Scope &scope, ImportResult &result) {
  std::vector<std::string> passed, left;
  for (const ModuleTensor &buffer : changedBuffers(model.graph)) {
    const ImportedValue *place = scope.find(buffer.name), *next = scope.find(buffer.placeholder);
    if (place && !next && place->kind == ImportedValue::Kind::Variable &&
        place->variable->constant && isa<FloatType>(place->variable->type.getElementType()))
      left.push_back(buffer.name.str());
    if (!place || !next || next->kind != ImportedValue::Kind::Tensor || !isFloat(next->tensor))
      continue;
    if (!stops.isAt(buffer.placeholder) && !next->tensor.use_empty())
      passed.push_back(buffer.placeholder.str());
    bool isState = place->kind == ImportedValue::Kind::Variable &&
                   place->variable->role == train::VariableRole::State;
    if (isState && next->tensor.getType() == place->variable->type)
      train::WriteOp::create(
          builder, NameLoc::get(builder.getStringAttr("initializer '" + buffer.name + "'")),
          buffer.name, next->tensor);
  }
  if (!passed.empty())
    result.notes.push_back("what buffers of the module become is used, too: " + list(passed) +
                           "; the file does not say whether the module computes it under "
                           "torch.no_grad(): then name it by --stop-gradient");
  if (!left.empty())
    result.notes.push_back("buffers that the module changes, but the exporter left out how: " +
                           list(left) + "; here they stay as they are");
}

llvm::Error GraphImporter::returnOutputs(Scope &scope) {
  llvm::SmallVector<Value> values;
  llvm::SmallVector<mlir::Attribute> names;
  for (const ValueInfo &output : model.graph.outputs) {
    const ImportedValue *value = scope.find(output.name);
    if (value && value->kind == ImportedValue::Kind::Failed)
      continue;
    if (!value || value->kind == ImportedValue::Kind::Sequence)
      return llvm::createStringError(
          std::errc::invalid_argument, "output '%s' is %s", output.name.str().c_str(),
          value ? "a sequence, expected a tensor" : "not defined by any node");
    values.push_back(valueOf(*value));
    names.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr(train::kNameAttr, builder.getStringAttr(output.name))));
    if (llvm::Error error = checkOutputBatch(output, values.back()))
      return error;
  }
  func::ReturnOp::create(builder, function.getLoc(), values);
  function.setFunctionType(
      builder.getFunctionType(function.getArgumentTypes(), ValueRange(values).getTypes()));
  function.setResAttrsAttr(builder.getArrayAttr(names));
  return llvm::Error::success();
}

/// Of two initializers of one name, either could be meant. (That a node's output is called
/// like one does happen in files of exporters, and the order of the nodes says who is.)
static llvm::Error checkNames(const Graph &graph) {
  llvm::StringSet<> names;
  for (const Tensor &tensor : graph.initializers)
    if (!names.insert(tensor.name).second)
      return llvm::createStringError(std::errc::invalid_argument,
                                     "two initializers are called '%s'; rename one of them",
                                     tensor.name.str().c_str());
  return llvm::Error::success();
}

llvm::Error GraphImporter::run(ImportResult &result) {
  if (llvm::Error error = checkNames(model.graph))
    return error;
  struct Listener : OpBuilder::Listener {
    explicit Listener(std::vector<Operation *> &created) : created(created) {}
    void notifyOperationInserted(Operation *op, OpBuilder::InsertPoint) override {
      created.push_back(op);
    }
    std::vector<Operation *> &created;
  } listener(created);
  builder.setListener(&listener);
  builder.setInsertionPointToEnd(&function.getBody().front());

  Scope scope;
  defineInputs(scope);
  if (uses.hasScalarConstants())
    variables.setScalarConstants();
  defineInitializers(model.graph, scope, model.defaultOpset());
  LogicalResult imported = importNodes(model.graph.nodes, scope, model.defaultOpset());
  if (failed(reportDeferred(scope)) && !options.inspect)
    imported = failure();
  result.operators = reports;
  stops.addNotes(result.notes);
  for (auto &region : regions) // Bodies that nothing took; they may use each other's values.
    region->dropAllReferences();
  if (failed(imported))
    return llvm::createStringError(std::errc::invalid_argument, "%s", firstError.c_str());
  writeBuffers(scope, result);
  if (llvm::Error error = returnOutputs(scope))
    return error;
  std::string unfollowed = followsBatch ? followRows() : "";
  function.walk<WalkOrder::PreOrder>([&](Block *block) { evaluator.materialize(*block); });
  if (exported)
    if (llvm::Error error = checkBatch(unfollowed))
      return error;
  if (followsBatch)
    followScales();
  return llvm::Error::success();
}

} // namespace dsc::onnx
