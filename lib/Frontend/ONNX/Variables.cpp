//===- Variables.cpp - Which initial values are parameters ----------------===//

#include "Variables.h"
#include "HostTensor.h"
#include "TensorBuilder.h"

#include <cmath>

using namespace mlir;

namespace dsc::onnx {

static llvm::Error checkPattern(const std::string &pattern, const char *flag) {
  std::string error;
  if (pattern.empty() || llvm::Regex(pattern).isValid(error))
    return llvm::Error::success();
  return llvm::createStringError(std::errc::invalid_argument, "--%s: '%s': %s", flag,
                                 pattern.c_str(), error.c_str());
}

llvm::Expected<std::unique_ptr<Variables>> Variables::create(const ImportOptions &options,
                                                             MLIRContext &context) {
  if (llvm::Error error = checkPattern(options.trainable, "trainable"))
    return error;
  if (llvm::Error error = checkPattern(options.freeze, "freeze"))
    return error;
  if (llvm::Error error = checkPattern(options.tie, "tie"))
    return error;
  return std::unique_ptr<Variables>(new Variables(options, context));
}

bool Variables::matches(const std::string &pattern, llvm::StringRef name) const {
  return !pattern.empty() && llvm::Regex(pattern).match(name);
}

/// A mask shows within its first rows, and weights are too large to be searched.
static bool holdsInfinity(const Tensor &tensor, Type element) {
  constexpr int64_t searched = 4096;
  Tensor head = tensor;
  head.numElements = std::min(tensor.numElements, searched);
  head.dims = {head.numElements};
  head.data = tensor.data.take_front(head.numElements * dataTypeBits(tensor.type) / 8);
  std::optional<HostTensor> host = decode(head, element.getContext());
  return host && llvm::any_of(host->floats, [](double x) { return !std::isfinite(x); });
}

void Variables::classify(Variable &variable) {
  auto decide = [&](bool constant, train::VariableRole role, llvm::StringRef why) {
    variable.constant = constant;
    variable.role = role;
    variable.why = why.str();
  };
  if (!isa<FloatType>(variable.type.getElementType()))
    return decide(true, train::VariableRole::Frozen, "not of a float type");
  if (matches(options.freeze, variable.name))
    return decide(false, train::VariableRole::Frozen, "--freeze");
  if (matches(options.trainable, variable.name))
    return decide(false, train::VariableRole::Parameter, "--trainable");
  if (variable.type.getRank() == 0)
    return decide(true, train::VariableRole::Frozen, "a scalar");
  if (variable.type.getNumElements() == 0)
    return decide(true, train::VariableRole::Frozen, "empty");
  if (variable.data && holdsInfinity(*variable.data, variable.type.getElementType()))
    return decide(true, train::VariableRole::Frozen, "a mask: it holds infinities");
  decide(false, train::VariableRole::Parameter, "");
}

Variable *Variables::add(const Tensor &tensor, llvm::StringRef name) {
  Type element = elementType(tensor.type, &context);
  if (!element)
    return nullptr;
  auto variable = std::make_unique<Variable>();
  variable->name = name.str();
  variable->type = RankedTensorType::get(tensor.dims, element);
  variable->data = &tensor;
  classify(*variable);
  return variables.emplace_back(std::move(variable)).get();
}

Variable *Variables::add(llvm::StringRef name, RankedTensorType type, Attribute init,
                         llvm::StringRef why) {
  auto variable = std::make_unique<Variable>();
  variable->name = name.str();
  variable->type = type;
  variable->init = init;
  classify(*variable);
  variable->constant = false;
  if (variable->why.empty())
    variable->why = why.str();
  return variables.emplace_back(std::move(variable)).get();
}

Variable *Variables::copy(Variable &source, llvm::StringRef name) {
  if (source.constant || matches(options.tie, name) || matches(options.tie, source.name))
    return &source;
  auto variable = std::make_unique<Variable>();
  variable->name = name.str();
  variable->type = source.type;
  variable->data = source.data;
  variable->init = source.init;
  classify(*variable);
  if (variable->why.empty())
    variable->why = "a copy of '" + source.name + "' by Identity; --tie makes them one";
  return variables.emplace_back(std::move(variable)).get();
}

Value Variables::read(Variable &variable, Block &entry) {
  if (variable.read)
    return variable.read;
  // Reads stand together at the beginning, in order of first use.
  OpBuilder builder(entry.getParentOp()->getContext());
  auto isRead = [](Operation &op) { return isa<train::ReadOp>(op); };
  builder.setInsertionPoint(&entry, llvm::find_if_not(entry, isRead));
  Location loc = NameLoc::get(builder.getStringAttr("initializer '" + variable.name + "'"));
  variable.read = train::ReadOp::create(builder, loc, variable.type, variable.name);
  return variable.read;
}

/// Values that influence an output through ops that have a derivative.
static llvm::DenseSet<Value> differentiable(Block &block) {
  llvm::DenseSet<Value> reached;
  auto reach = [&](Operation &op) {
    for (Value operand : op.getOperands())
      if (isFloat(operand))
        reached.insert(operand);
  };
  reach(*block.getTerminator());
  for (Operation &op : llvm::reverse(block.without_terminator())) {
    bool hasDerivative = isa<train::DifferentiableOpInterface, train::DecomposableOpInterface>(op);
    if (hasDerivative &&
        llvm::any_of(op.getResults(), [&](Value result) { return reached.contains(result); }))
      reach(op);
  }
  return reached;
}

static void decideOpen(Variable &variable, const llvm::DenseSet<Value> &reached) {
  if (variable.role != train::VariableRole::Parameter)
    return;
  if (!variable.why.empty() || reached.contains(variable.read)) {
    if (variable.why.empty())
      variable.why = "differentiable computation leads to an output";
    return;
  }
  variable.role = train::VariableRole::Frozen;
  variable.why = "no differentiable computation leads to an output";
}

static TensorReport report(const Variable &variable, bool complete) {
  TensorReport row;
  row.name = variable.name;
  llvm::raw_string_ostream stream(row.type);
  llvm::interleave(variable.type.getShape(), stream, "x");
  stream << (variable.type.getRank() ? "x" : "") << variable.type.getElementType();
  row.uses = variable.uses;
  bool isVariable = !variable.constant && (variable.read || !complete);
  row.role = isVariable ? stringifyVariableRole(variable.role).str() : "constant";
  row.trainable = row.role == "parameter";
  row.why = variable.why;
  if (isVariable && row.why.empty())
    row.why = "of a float type; not all of the graph could be analyzed";
  if (!variable.constant && !isVariable)
    row.why = variable.uses.empty() ? "unused" : "only its value at import is used";
  return row;
}

void Variables::finish(ModuleOp module, Block &entry, ImportResult &result, bool complete) {
  llvm::DenseSet<Value> reached = differentiable(entry);
  auto builder = OpBuilder::atBlockBegin(module.getBody());
  for (auto &variable : variables) {
    if (!complete) {
      result.tensors.push_back(report(*variable, complete));
      continue;
    }
    if (variable->read && variable->read.use_empty()) {
      variable->read.getDefiningOp()->erase();
      variable->read = {};
    }
    if (variable->read)
      decideOpen(*variable, reached);
    result.tensors.push_back(report(*variable, complete));
    if (!variable->read)
      continue;
    Attribute init = variable->init ? variable->init : train::WeightsAttr::get(&context);
    train::VariableOp::create(builder, variable->read.getLoc(), variable->role, variable->name,
                              Type(variable->type), init, FlatSymbolRefAttr(), StringAttr(),
                              StringAttr());
    if (!variable->init)
      result.weights[variable->name] = variable->data->data;
  }
}

} // namespace dsc::onnx
