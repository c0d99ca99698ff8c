//===- Variables.cpp - Which initial values are parameters ----------------===//

#include "Variables.h"
#include "HostTensor.h"
#include "NameUses.h"
#include "TensorBuilder.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

#include <cstring>

using namespace mlir;

namespace dsc::onnx {

//===----------------------------------------------------------------------===//
// Flags
//===----------------------------------------------------------------------===//

static llvm::Error usageError(const llvm::Twine &message) {
  return llvm::make_error<UsageError>(message.str());
}

llvm::Error NamePattern::check() const {
  std::string error;
  if (pattern.empty() || regex.isValid(error))
    return llvm::Error::success();
  return usageError("--" + flag + ": '" + pattern + "': " + error);
}

bool NamePattern::matches(llvm::StringRef name) {
  bool matched = !pattern.empty() && regex.match(name);
  hasMatched |= matched;
  return matched;
}

std::string list(llvm::ArrayRef<std::string> names) {
  constexpr size_t most = 8;
  std::string text = llvm::join(names.take_front(most), ", ");
  if (names.size() > most)
    text += ", ... (" + std::to_string(names.size()) + ", --inspect lists them)";
  return text;
}

llvm::Error NamePattern::checkUsed(llvm::ArrayRef<std::string> choices,
                                   llvm::StringRef what) const {
  if (pattern.empty() || hasMatched)
    return llvm::Error::success();
  return usageError("--" + flag + " '" + pattern + "' matches no " + what + "; " +
                    (choices.empty() ? "the model has none" : "there are: " + list(choices)));
}

llvm::Expected<std::unique_ptr<Variables>>
Variables::create(const ImportOptions &options, const Model &model, MLIRContext &context) {
  std::unique_ptr<Variables> variables(new Variables(options, model, context));
  for (NamePattern *pattern : {&variables->trainable, &variables->freeze, &variables->tie})
    if (llvm::Error error = pattern->check())
      return error;
  return variables;
}

llvm::Error Variables::checkFlags() const {
  std::vector<std::string> names;
  for (const auto &variable : variables)
    if (isa<FloatType>(variable->type.getElementType()))
      names.push_back(variable->name);
  if (llvm::Error error = trainable.checkUsed(names, "tensor of a float type"))
    return error;
  if (llvm::Error error = freeze.checkUsed(names, "tensor of a float type"))
    return error;
  return tie.checkUsed(copies, "copy of a parameter by an Identity node");
}

//===----------------------------------------------------------------------===//
// Classification
//===----------------------------------------------------------------------===//

static void makeConstant(Variable &variable, llvm::StringRef why) {
  variable.constant = true;
  variable.role = train::VariableRole::Frozen;
  variable.why = why.str();
}

static void makeState(Variable &variable, llvm::StringRef why) {
  variable.role = train::VariableRole::State;
  variable.why = why.str();
}

static bool isMask(llvm::StringRef pattern) { return pattern.starts_with("a mask"); }

/// Never trained. Masks are constants whatever their size, since what they mask shows in
/// their values; of other tables the large ones would only burden the program.
static void keep(Variable &variable, llvm::StringRef why, bool isMask) {
  constexpr int64_t most = int64_t{1} << 16;
  makeConstant(variable, why);
  variable.constant = isMask || variable.type.getNumElements() <= most;
}

bool Variables::classifyByFlag(Variable &variable) {
  bool isFrozen = freeze.matches(variable.name), isTrained = trainable.matches(variable.name);
  if (!isFrozen && !isTrained)
    return false;
  variable.role = isFrozen ? train::VariableRole::Frozen : train::VariableRole::Parameter;
  variable.why = isFrozen ? "--freeze" : "--trainable";
  variable.isChosen = true;
  return true;
}

/// What a record leaves out are numbers that the exporter needed; only a weight may have
/// got there by a way that the record does not know.
bool Variables::classifyByRecord(Variable &variable, const TensorPlace &place) {
  if (record.empty())
    return false;
  const Recorded *recorded = record.find(variable.name);
  if (!recorded && place.use.isWeight)
    return false;
  if (!recorded)
    makeConstant(variable, "not among the tensors of the exported module");
  else if (recorded->kind == Recorded::Kind::Parameter)
    variable.why = recorded->why;
  else if (record.isChanged(variable.name))
    makeState(variable, "a buffer that the exported module changes");
  else
    keep(variable, recorded->why, variable.data && isMask(tablePattern(*variable.data, place.use)));
  return true;
}

/// Whether a scalar is a number written in the model's code rather than a parameter.
/// Nearly all of them are, unless the exporter keeps such numbers in Constant nodes.
bool Variables::isLiteral(const Variable &variable) const {
  bool isElsewhere = scalarsAreNodes || producer == "pytorch";
  return !isElsewhere || isValueName(variable.name);
}

bool Variables::classifyByValue(Variable &variable, const TensorPlace &place) {
  if (variable.type.getRank() == 0 && isLiteral(variable)) {
    makeConstant(variable, "a scalar");
    return true;
  }
  std::string pattern = variable.data ? tablePattern(*variable.data, place.use) : "";
  if (pattern.empty())
    return false;
  keep(variable, pattern, isMask(pattern));
  return true;
}

void Variables::classify(Variable &variable, const TensorPlace &place) {
  variable.isWeight = place.use.isWeight && !place.isNode;
  variable.uses = place.nodes;
  if (!isa<FloatType>(variable.type.getElementType()))
    return makeConstant(variable, "not of a float type");
  if (classifyByFlag(variable))
    return;
  if (variable.type.getNumElements() == 0)
    return makeConstant(variable, "empty");
  bool mayTrain = !place.isNode || place.use.isWeight || place.isBesideWeights;
  if (!mayTrain || (place.isNode && holdWeights()))
    return makeConstant(variable, "a Constant node; the model's weights are initializers");
  if (!classifyByRecord(variable, place))
    classifyByValue(variable, place);
}

bool Variables::holdWeights() const {
  return !record.empty() || llvm::any_of(variables, [](const auto &variable) {
    return variable->isWeight && !variable->constant && variable->data;
  });
}

//===----------------------------------------------------------------------===//
// Variables
//===----------------------------------------------------------------------===//

/// Subgraphs may name their initializers alike.
std::string Variables::uniqueName(llvm::StringRef name) {
  std::string unique = name.str();
  for (unsigned i = 2; !names.insert(unique).second; ++i)
    unique = (name + "_" + llvm::Twine(i)).str();
  return unique;
}

Variable *Variables::add(const Tensor &tensor, llvm::StringRef name, TensorPlace place) {
  Type element = elementType(tensor.type, &context);
  if (!element)
    return nullptr;
  auto variable = std::make_unique<Variable>();
  variable->name = isa<FloatType>(element) ? uniqueName(name) : name.str();
  variable->type = RankedTensorType::get(tensor.dims, element);
  variable->data = &tensor;
  classify(*variable, place);
  return variables.emplace_back(std::move(variable)).get();
}

Variable *Variables::add(llvm::StringRef name, RankedTensorType type, Attribute init,
                         llvm::StringRef why, std::vector<std::string> nodes) {
  auto variable = std::make_unique<Variable>();
  variable->name = name.str();
  variable->type = type;
  variable->init = init;
  variable->uses = std::move(nodes);
  if (!classifyByFlag(*variable))
    variable->why = why.str();
  return variables.emplace_back(std::move(variable)).get();
}

/// Whether a node of the place is, in another call of a module, one that uses the variable; or in
/// the same module at all, where no two tensors begin with such values.
bool Variables::isSameUse(const Variable &variable, const TensorPlace &place) const {
  bool isUnlike = variable.data && isUnmistakable(*variable.data);
  auto isSame = [&](llvm::StringRef use, llvm::StringRef other) {
    ModuleCalls::Place one = calls.placeOf(use), two = calls.placeOf(other);
    return use.starts_with("/") && other.starts_with("/") && one.module == two.module &&
           (isUnlike || one.node == two.node);
  };
  return llvm::any_of(variable.uses, [&](llvm::StringRef use) {
    return llvm::any_of(place.nodes, [&](llvm::StringRef other) { return isSame(use, other); });
  });
}

/// An exporter that folds constants transposes a weight once for each of its uses, and then merges
/// the results by an Identity, as it does with weights of modules that are copies of each other.
/// The parameter that the copy is for its uses; null if it is another.
Variable *Variables::ofSameModule(Variable &source, llvm::StringRef name,
                                  const TensorPlace &place) const {
  if (producer != "pytorch" || !isValueName(source.name) || !isValueName(name))
    return nullptr;
  if (isSameUse(source, place))
    return &source;
  auto others = copiesOf.find(&source);
  if (others == copiesOf.end())
    return nullptr;
  auto found = llvm::find_if(others->second, [&](auto *other) { return isSameUse(*other, place); });
  return found == others->second.end() ? nullptr : *found;
}

Variable *Variables::copy(Variable &source, llvm::StringRef name, TensorPlace place) {
  if (source.constant)
    return &source;
  copies.push_back(name.str());
  bool isTied = tie.matches(name) || tie.matches(source.name);
  // With a record, a copy is one that the model makes itself.
  const Recorded *recorded = record.find(name);
  bool isOwn = record.empty() || (recorded && recorded->kind == Recorded::Kind::Parameter);
  if (isTied || !isOwn) {
    llvm::append_range(source.uses, place.nodes);
    return &source;
  }
  if (Variable *same = ofSameModule(source, name, place)) {
    joined.push_back(name.str() + " (" + same->name + ")");
    llvm::append_range(same->uses, place.nodes);
    return same;
  }
  auto variable = std::make_unique<Variable>();
  variable->name = name.str();
  variable->type = source.type;
  variable->data = source.data;
  variable->init = source.init;
  classify(*variable, place);
  if (variable->why.empty())
    variable->why = "a copy of '" + source.name + "' by Identity; --tie makes them one";
  copiesOf[&source].push_back(variable.get());
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
    bool hasDerivative =
        isa<train::DifferentiableOpInterface, train::DecomposableOpInterface>(op) &&
        !isa<train::StopGradientOp>(op);
    if (hasDerivative &&
        llvm::any_of(op.getResults(), [&](Value result) { return reached.contains(result); }))
      reach(op);
  }
  return reached;
}

static void decideOpen(Variable &variable, const llvm::DenseSet<Value> &reached) {
  if (variable.role != train::VariableRole::Parameter || variable.isChosen)
    return;
  if (!reached.contains(variable.read)) {
    variable.role = train::VariableRole::Frozen;
    variable.why = "no differentiable computation leads to an output";
  } else if (variable.why.empty()) {
    variable.why = "differentiable computation leads to an output";
  }
}

static TensorReport report(const Variable &variable, bool complete) {
  TensorReport row;
  row.name = variable.name;
  llvm::raw_string_ostream stream(row.type);
  llvm::interleave(variable.type.getShape(), stream, "x");
  stream << (variable.type.getRank() ? "x" : "") << variable.type.getElementType();
  row.elements = variable.type.getNumElements();
  row.uses = variable.uses;
  bool isVariable = !variable.constant && (variable.read || !complete);
  row.role = isVariable ? stringifyVariableRole(variable.role).str() : "constant";
  row.trainable = row.role == "parameter";
  row.why = variable.why;
  if (isVariable && row.why.empty())
    row.why = "of a float type; not all of the graph could be analyzed";
  if (variable.uses.empty())
    row.why = "unused";
  else if (!variable.constant && !isVariable)
    row.why = "only its value at import is used";
  return row;
}

/// Whether all that the value does is to shift or scale inputs of the model.
static bool normalizesInputs(Value value) {
  auto isInput = [](Value operand) {
    auto argument = dyn_cast<BlockArgument>(operand);
    return argument && isFloat(argument);
  };
  auto shifts = [&](Value operand) {
    return !operand.use_empty() && llvm::all_of(operand.getUsers(), [&](Operation *user) {
      return isa<train::AddOp, train::SubOp, train::MulOp, train::DivOp>(user) &&
             llvm::any_of(user->getOperands(), isInput);
    });
  };
  return shifts(value) || (!value.use_empty() && llvm::all_of(value.getUsers(), [&](auto *user) {
           return isa<train::BroadcastOp>(user) && shifts(user->getResult(0));
         }));
}

/// Without a record, the mean of the data is no different from a weight.
static void noteInputShifts(llvm::ArrayRef<std::unique_ptr<Variable>> variables,
                            ImportResult &result) {
  std::vector<std::string> names;
  for (const auto &variable : variables)
    if (variable->role == train::VariableRole::Parameter && variable->read && !variable->isChosen &&
        normalizesInputs(variable->read))
      names.push_back(variable->name);
  if (!names.empty())
    result.notes.push_back("trained, though all they do is to shift or scale an input: " +
                           list(names) + "; if they belong to the data, --freeze them");
}

/// Without a record, a parameter that starts as a table is no different from one.
static void noteTables(llvm::ArrayRef<std::unique_ptr<Variable>> variables, ImportResult &result) {
  std::vector<std::string> tables;
  for (const auto &variable : variables) {
    llvm::StringRef law = variable->why;
    bool isUsed = !variable->uses.empty() && !isValueName(variable->name);
    if (variable->role == train::VariableRole::Frozen && isUsed && law.consume_front("a table: "))
      tables.push_back(variable->name + " (" + law.str() + ")");
  }
  if (!tables.empty())
    result.notes.push_back("not trained, since all their elements obey a law: " + list(tables) +
                           "; if they are parameters, name them with --trainable");
}

/// Some exporters (tf2onnx) merge all initializers of equal values, as weights are that were
/// never trained: the ones and zeros of norms. PyTorch's do not.
static void noteMerged(llvm::ArrayRef<std::unique_ptr<Variable>> variables, ImportResult &result) {
  std::vector<std::string> merged;
  for (const auto &variable : variables) {
    bool isTrained = variable->role == train::VariableRole::Parameter && variable->read;
    if (isTrained && variable->uses.size() > 1 && variable->data && isFill(*variable->data))
      merged.push_back(variable->name + " (" + list(variable->uses) + ")");
  }
  if (!merged.empty())
    result.notes.push_back(
        "one tensor of equal elements for several nodes, trained as one: " + list(merged) +
        "; if the model has one for each, its exporter merged them since they "
        "start alike: export it with weights that differ");
}

/// Where constants are folded, what is left of a parameter has the name of a value. For these
/// operators it has the parameter's elements, transposed or unsqueezed.
static bool takesMovedWeight(const Node &node, llvm::ArrayRef<int64_t> shape) {
  bool isUnsqueezed = shape.size() > 1 && shape.back() == 1; // the affine part of a GroupNorm
  if (llvm::is_contained({"Mul", "Add"}, node.opType))
    return isUnsqueezed;
  return llvm::is_contained({"MatMul", "PRelu", "RNN", "GRU", "LSTM", "Identity"}, node.opType);
}

/// Without a record, nothing tells a weight that was masked, normalized or joined with a batch
/// norm from one that a module had.
static void noteFolding(llvm::ArrayRef<std::unique_ptr<Variable>> variables, const Graph &graph,
                        ImportResult &result) {
  llvm::StringMap<const Variable *> folded;
  for (const auto &variable : variables)
    if (variable->role == train::VariableRole::Parameter && variable->read && !variable->isChosen &&
        llvm::StringRef(variable->name).contains("::"))
      folded[variable->name] = variable.get();
  std::vector<std::string> computed;
  for (const Node &node : graph.nodes)
    for (llvm::StringRef input : node.inputs) {
      const Variable *variable = folded.lookup(input);
      if (variable && !takesMovedWeight(node, variable->type.getShape()) && folded.erase(input))
        computed.push_back(variable->name);
    }
  if (!computed.empty())
    result.notes.push_back(
        "computed at export, perhaps from parameters of the module, and trained in their place: " +
        list(computed) +
        "; to train those, export with training=TrainingMode.TRAINING and "
        "do_constant_folding=False, or with dynamo=True and optimize=False; those of buffers, "
        "--freeze");
}

/// One parameter that the exporter moved in several ways has a tensor for each.
static void noteParts(llvm::ArrayRef<std::unique_ptr<Variable>> variables,
                      const ExportRecord &record, ImportResult &result) {
  llvm::MapVector<llvm::StringRef, std::vector<std::string>> made;
  for (const auto &variable : variables) {
    const Recorded *recorded = record.find(variable->name);
    if (recorded && variable->read && variable->role == train::VariableRole::Parameter &&
        !recorded->source.empty())
      made[recorded->source].push_back(variable->name);
  }
  std::vector<std::string> parts;
  for (auto &[source, names] : made)
    if (names.size() > 1)
      parts.push_back((source + " (" + list(names) + ")").str());
  if (!parts.empty())
    result.notes.push_back("parameters of the module that are several tensors here, each of which "
                           "is trained by itself: " +
                           list(parts) + "; to train them as one, export with optimize=False");
}

/// What the exporter's optimizer did to parameters beyond moving their elements. Such a
/// model trains, but not as the module would.
static void noteExport(llvm::ArrayRef<std::unique_ptr<Variable>> variables,
                       const ExportRecord &record, const Graph &graph, ImportResult &result) {
  std::vector<std::string> computed, kept, missing, unmentioned;
  for (const auto &variable : variables) {
    const Recorded *recorded = record.find(variable->name);
    bool isTrained = variable->role == train::VariableRole::Parameter;
    if (recorded && variable->read && !recorded->folded.empty())
      (isTrained ? computed : kept)
          .push_back(variable->name + " (from " + llvm::join(recorded->folded, ", ") + ")");
    if (recorded && recorded->kind == Recorded::Kind::Parameter && variable->uses.empty())
      unmentioned.push_back(variable->name);
  }
  for (llvm::StringRef name : record.leftOut(graph))
    missing.push_back(name.str());
  for (llvm::StringRef name : record.unmentioned(graph))
    unmentioned.push_back(name.str());
  if (!computed.empty())
    result.notes.push_back("computed at export from parameters of the module, and trained in "
                           "their place: " +
                           list(computed) + "; to train those, export with optimize=False");
  if (!kept.empty())
    result.notes.push_back("computed at export from parameters of the module, and kept as they "
                           "are while those change: " +
                           list(kept) + "; export with optimize=False");
  if (!missing.empty())
    result.notes.push_back(
        "parameters of the module that the exporter left out of the graph: " + list(missing) +
        "; to train them, export in training mode (model.train()) with "
        "optimize=False");
  if (!unmentioned.empty())
    result.notes.push_back("parameters of the module that no node uses: " + list(unmentioned) +
                           "; they are tied to others, or not used, or the exporter merged them "
                           "with others of the same "
                           "initial values: then export with optimize=False");
}

/// Parameters are kept in f32, also where the model reads halves: most updates are smaller than
/// what a half of that size resolves, and squares of most gradients than the least half.
static bool isHalfParameter(const Variable &variable) {
  Type element = variable.type.getElementType();
  return variable.role == train::VariableRole::Parameter && variable.data && element.isFloat() &&
         element.getIntOrFloatBitWidth() == 16;
}

/// Reads f32 and rounds it, behind all reads. Returns the type that is read.
static Type readWidened(Variable &variable, Block &entry) {
  auto read = variable.read.getDefiningOp<train::ReadOp>();
  OpBuilder builder(read);
  Type wide = variable.type.clone(builder.getF32Type());
  auto stored = train::ReadOp::create(builder, read.getLoc(), wide, variable.name);
  auto isRead = [](Operation &op) { return isa<train::ReadOp>(op); };
  builder.setInsertionPoint(&entry, llvm::find_if_not(entry, isRead));
  variable.read = train::ConvertOp::create(builder, read.getLoc(), variable.type, stored);
  read.replaceAllUsesWith(variable.read);
  read.erase();
  return wide;
}

/// The halves as f32; empty where the file's data is not there.
static std::string widened(const Tensor &tensor) {
  const llvm::fltSemantics &half =
      tensor.type == DataType::Float16 ? llvm::APFloat::IEEEhalf() : llvm::APFloat::BFloat();
  std::string bytes;
  bytes.reserve(tensor.data.size() * 2);
  for (size_t i = 0; i < tensor.data.size(); i += sizeof(uint16_t)) {
    uint16_t bits;
    std::memcpy(&bits, tensor.data.data() + i, sizeof(bits));
    llvm::APFloat number(half, llvm::APInt(16, bits));
    bool losesInfo;
    number.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    float wide = number.convertToFloat();
    bytes.append(reinterpret_cast<const char *>(&wide), sizeof(wide));
  }
  return bytes;
}

void Variables::noteJoined(ImportResult &result) const {
  if (!joined.empty())
    result.notes.push_back(
        "copies that the exporter folded for several uses in one module, trained "
        "as one parameter: " +
        list(joined));
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
    bool isWidened = isHalfParameter(*variable);
    Type stored = isWidened ? readWidened(*variable, entry) : variable->read.getType();
    Attribute init = variable->init ? variable->init : train::WeightsAttr::get(&context);
    train::VariableOp::create(builder, variable->read.getLoc(), variable->role, variable->name,
                              stored, init, FlatSymbolRefAttr(), StringAttr(), StringAttr());
    if (!variable->init)
      result.weights[variable->name] =
          isWidened ? result.widened.emplace_back(widened(*variable->data)) : variable->data->data;
  }
  if (complete && record.empty()) {
    noteInputShifts(variables, result);
    noteTables(variables, result);
    if (producer == "pytorch")
      noteFolding(variables, graph, result);
    else
      noteMerged(variables, result);
  }
  if (complete)
    noteJoined(result);
  if (complete && !record.empty()) {
    noteExport(variables, record, graph, result);
    noteParts(variables, record, result);
  }
}

} // namespace dsc::onnx
