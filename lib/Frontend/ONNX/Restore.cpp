//===- Restore.cpp - Initializers that an exporter merged or dropped ------===//

#include "dsc/Frontend/ONNX/Restore.h"
#include "ExportRecord.h"
#include "MergedOperations.h"
#include "NameUses.h"
#include "RepeatedParameters.h"
#include "ValuePattern.h"
#include "Variables.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <cmath>
#include <cstring>
#include <map>

namespace dsc::onnx {

namespace {

class Restorer {
public:
  explicit Restorer(Model &model)
      : model(model), graph(model.graph), record(model.graph), origins(model.graph) {
    for (const Tensor &tensor : graph.initializers)
      initializers[tensor.name] = &tensor;
    for (const ModuleTensor &tensor : moduleTensors(graph))
      if (tensor.kind == "BUFFER")
        buffers.insert(tensor.name);
  }

  Restoration run();

private:
  llvm::StringRef droppedBias(size_t node);
  void restoreBias(size_t node);
  llvm::SmallVector<llvm::StringRef> tensorsOfNorm(const Node &node);
  bool canBegin(llvm::StringRef name, int64_t size, float value) const;
  void scaleWeights(llvm::StringRef name, float factor);
  void restoreBatchNorm(size_t node);
  void noteNorms();
  void addFurther(llvm::StringRef name, DataType type, int64_t size, std::string bytes);
  bool isGone(llvm::StringRef tensor) const {
    return !initializers.contains(tensor) && !record.isFolded(tensor);
  }
  void restoreOperation(llvm::ArrayRef<size_t> nodes);
  void collectUnclaimed();
  void separateUnrecorded(size_t node);
  void copyNode(Place place, llvm::StringRef name, llvm::ArrayRef<Place> users);
  llvm::StringRef tensorMeant(llvm::StringRef used, const Node &user) const;
  bool canCopy(const MergedOperation &merged) const;
  void copyOperation(const MergedOperation &merged);
  void separateMerged();
  void addNodes();
  llvm::StringRef sourceInstead(const Node &node, llvm::StringRef tensor) const;
  void separateFolded(size_t node);
  void separateNumbers(size_t node);
  void separateStatistics(size_t node);
  void countUses();
  void addDuplicates();
  const Tensor *transposedFrom(const Tensor &copy) const;
  void tieTransposed();
  llvm::StringRef moduleName(llvm::StringRef initializer) const;
  bool isTransposed(llvm::StringRef initializer) const;
  bool fits(llvm::StringRef meant, Place place) const;
  llvm::StringRef nameFor(llvm::StringRef meant, Place place);
  void duplicate(llvm::StringRef initializer, llvm::StringRef name);
  void rename(Place place, llvm::StringRef name);
  llvm::StringRef nameAt(Place place) const { return graph.nodes[place.node].inputs[place.input]; }
  void note(ValueInfo info) {
    graph.valueInfo.push_back(info);
    result.recorded.push_back(std::move(info));
  }
  llvm::StringRef own(std::string text) { return model.decoded.emplace_back(std::move(text)); }

  Model &model;
  Graph &graph;
  ExportRecord record;
  llvm::StringMap<const Tensor *> initializers;
  Origins origins;
  llvm::StringSet<> buffers; // of the module
  llvm::StringSet<> added;
  llvm::StringSet<> scaled; // weights whose norm was taken out of them again
  std::vector<std::string> restoredNorms, lostNorms; // by their products' nodes
  llvm::StringSet<> further;                         // names of the vectors that the result has
  /// Results of nodes: the exporter may call one as a tensor of the module is called.
  llvm::StringSet<> computed;
  /// Initializers with a name of the module's, where there is no record.
  llvm::StringMap<const Tensor *> byCorners;
  /// Tensors that some operation names and uses.
  llvm::StringSet<> claimed;
  /// Parameters of the module that are missing, and that no operation claims.
  llvm::StringMap<llvm::StringRef> unclaimed;
  /// Where values of the graph are used; only while there are such parameters.
  llvm::StringMap<llvm::SmallVector<Place, 2>> users;
  /// Uses of a name by nodes, and those as a BatchNormalization's input 3 or 4.
  llvm::StringMap<size_t> uses, statistics;
  /// A statistic's name in the file and the module that keeps it -> its name here; empty until
  /// then.
  std::map<std::pair<std::string, std::string>, llvm::StringRef> chosen;
  Restoration result;
};

} // namespace

/// The tensor of the module that an initializer is, or was computed from; empty if it is
/// a number that the exporter needed.
llvm::StringRef Restorer::moduleName(llvm::StringRef initializer) const {
  const Recorded *recorded = record.find(initializer);
  return recorded ? recorded->source : llvm::StringRef();
}

/// Whether the initializer is a weight of the module that the exporter transposed.
bool Restorer::isTransposed(llvm::StringRef initializer) const {
  const Recorded *recorded = record.find(initializer);
  return recorded && recorded->kind == Recorded::Kind::Parameter && !recorded->source.empty() &&
         recorded->source != initializer && recorded->folded.empty();
}

/// Whether the initializer is the tensor, or may hold what that one began with, too.
bool Restorer::fits(llvm::StringRef meant, Place place) const {
  llvm::StringRef name = nameAt(place), source = moduleName(name);
  bool isMissing = !initializers.contains(meant) || added.contains(meant);
  bool isOther =
      source == name ? isMissing : isTransposed(name) && isMissing && !record.isFolded(meant);
  return meant == source || isOther;
}

/// What the tensor is called in the place of one that is, or is not, transposed.
llvm::StringRef Restorer::nameFor(llvm::StringRef meant, Place place) {
  if (moduleName(nameAt(place)) == nameAt(place))
    return meant;
  llvm::StringRef name = own((meant + ".transposed").str());
  if (!added.contains(name))
    note(ExportRecord::folded(name, own(("['" + meant + "']").str())));
  return name;
}

constexpr int64_t mostOfBias = int64_t{1} << 24;

/// How many elements the bias of a product with these weights has; 0 for other nodes.
static int64_t biasSize(const Node &node, const Tensor &weights) {
  if (!isDefaultDomain(node.domain) || weights.dims.size() < 2)
    return 0;
  auto integer = [&](llvm::StringRef name, int64_t absent) {
    const NodeAttribute *attribute = node.attribute(name);
    return attribute && !attribute->ints.empty() ? attribute->ints.front() : absent;
  };
  if (node.opType == "Gemm")
    return weights.dims[integer("transB", 0) ? 0 : 1];
  if (node.opType == "Conv")
    return weights.dims[0];
  return node.opType == "ConvTranspose" ? weights.dims[1] * integer("group", 1) : 0;
}

static bool isBatchNorm(const Node &node) {
  return node.opType == "BatchNormalization" && node.inputs.size() >= 5 && !node.outputs.empty();
}

/// Whether a product holds the batch norm behind it.
static bool isFoldedNorm(const Node &node) {
  return operationOf(node.origin).contains("batch_norm") &&
         llvm::is_contained({"Conv", "ConvTranspose", "Gemm"}, node.opType) &&
         node.inputs.size() >= 2;
}

/// The bias of a product of the module whose node has the weights alone; empty if there was none.
/// What the weights were computed from stands in another operation.
llvm::StringRef Restorer::droppedBias(size_t index) {
  const Node &node = graph.nodes[index];
  llvm::SmallVector<llvm::StringRef> meant = origins.tensorsOf(node.origin);
  const Recorded *weights = record.find(node.inputs[1]);
  bool isComputed = weights && !weights->folded.empty();
  if (isComputed && meant.size() == 1)
    return llvm::is_contained(weights->folded, meant[0]) ? "" : meant[0];
  if (meant.size() != 2)
    return "";
  if (operationOf(node.origin).starts_with("aten.addmm")) // addmm(bias, x, weights)
    std::swap(meant[0], meant[1]);
  return fits(meant[0], {index, 1}) ? meant[1] : "";
}

/// The exporter drops a bias that is zero, but zero is only where it begins.
void Restorer::restoreBias(size_t index) {
  Node &node = graph.nodes[index];
  if (node.origin.empty() || node.inputs.size() != 2 || !initializers.contains(node.inputs[1]) ||
      isFoldedNorm(node))
    return;
  llvm::StringRef name = droppedBias(index);
  if (name.empty() || !isGone(name))
    return;
  const Tensor &weights = *initializers[node.inputs[1]];
  int64_t size = biasSize(node, weights);
  if (size < 1 || size > mostOfBias)
    return;
  node.inputs.push_back(name);
  result.inputs.push_back({index, 2, name});
  size_t bytes = static_cast<size_t>(size) * dataTypeBits(weights.type) / 8;
  addFurther(name, weights.type, size, std::string(bytes, '\0'));
}

/// A vector for the graph, once: a module may be called several times.
void Restorer::addFurther(llvm::StringRef name, DataType type, int64_t size, std::string bytes) {
  if (!further.insert(name).second)
    return;
  Tensor tensor;
  tensor.name = name;
  tensor.type = type;
  tensor.dims = {size};
  tensor.numElements = size;
  tensor.data = own(std::move(bytes));
  result.further.push_back(std::move(tensor));
}

/// The bytes of so many floats.
static std::string filledWith(int64_t size, float value) {
  std::vector<float> values(static_cast<size_t>(size), value);
  return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float)};
}

static NodeAttribute floatAttribute(llvm::StringRef name, float value) {
  NodeAttribute attribute;
  attribute.name = name;
  attribute.type = AttributeType::Float;
  attribute.floats = {value};
  return attribute;
}

/// The numbers in an operation's text, behind its tensors.
static llvm::SmallVector<float> numbersIn(llvm::StringRef origin) {
  llvm::SmallVector<llvm::StringRef> words;
  origin.rsplit('%').second.split(')').first.split(words, ", ");
  llvm::SmallVector<float> numbers;
  for (llvm::StringRef word : words)
    if (double number = 0; !word.getAsDouble(number))
      numbers.push_back(static_cast<float>(number));
  return numbers;
}

/// Scale, bias, mean and variance of a batch norm of the module. One without scale and bias has
/// the numbers that stand for them.
llvm::SmallVector<llvm::StringRef> Restorer::tensorsOfNorm(const Node &node) {
  llvm::SmallVector<llvm::StringRef> meant = origins.tensorsOf(node.origin);
  bool isPlain = meant.size() == 2 &&
                 llvm::all_of(meant, [&](llvm::StringRef name) { return buffers.contains(name); });
  if (!isPlain)
    return meant;
  llvm::StringRef output = node.outputs.front();
  llvm::StringRef scale = own((output + ".scale").str()), bias = own((output + ".bias").str());
  meant.insert(meant.begin(), {scale, bias});
  return meant;
}

/// A scale of zero has left nothing of the weights but signs.
static bool isZero(const Tensor &tensor) {
  std::vector<float> values(tensor.data.size() / sizeof(float));
  std::memcpy(values.data(), tensor.data.data(), values.size() * sizeof(float));
  return llvm::all_of(values, [](float value) { return value == 0.0F; });
}

/// Whether the tensor is not in the file, or holds what a batch norm begins with.
bool Restorer::canBegin(llvm::StringRef name, int64_t size, float value) const {
  if (isGone(name))
    return true;
  auto found = initializers.find(name);
  return found != initializers.end() && found->second->type == DataType::Float &&
         found->second->data == filledWith(size, value);
}

/// A norm with a variance of one divided the weights by the root of 1 + epsilon.
void Restorer::scaleWeights(llvm::StringRef name, float factor) {
  if (!scaled.insert(name).second)
    return;
  for (Tensor &tensor : graph.initializers) {
    if (tensor.name != name)
      continue;
    std::vector<float> values(tensor.data.size() / sizeof(float));
    std::memcpy(values.data(), tensor.data.data(), values.size() * sizeof(float));
    for (float &value : values)
      value *= factor;
    tensor.data = own({reinterpret_cast<const char *>(values.data()), tensor.data.size()});
  }
}

/// The exporter computes a batch norm into the product in front of it, also one that was exported
/// in training mode. A product that has no bias then was followed by one that had none of its own
/// and no mean: one that was not trained yet, so that it begins with ones and zeros.
void Restorer::restoreBatchNorm(size_t index) {
  Node &node = graph.nodes[index];
  if (!isFoldedNorm(node) || !initializers.contains(node.inputs[1]))
    return;
  llvm::SmallVector<llvm::StringRef> meant = tensorsOfNorm(node);
  llvm::SmallVector<float> numbers = numbersIn(node.origin);
  const Tensor &weights = *initializers[node.inputs[1]];
  int64_t size = biasSize(node, weights);
  constexpr float first[] = {1.0F, 0.0F, 0.0F, 1.0F};
  bool isKnown = meant.size() == 4 && numbers.size() >= 2 && node.inputs.size() == 2 && size >= 1 &&
                 size <= mostOfBias && weights.type == DataType::Float && !isZero(weights) &&
                 llvm::all_of(llvm::zip(meant, first), [&](auto pair) {
                   return canBegin(std::get<0>(pair), size, std::get<1>(pair));
                 });
  (isKnown ? restoredNorms : lostNorms).push_back(nameOf(node).str());
  if (!isKnown)
    return;
  llvm::StringRef output = node.outputs.front(), product = own((output + ".product").str());
  for (auto [name, value] : llvm::zip_equal(meant, first))
    if (isGone(name))
      addFurther(name, DataType::Float, size, filledWith(size, value));
  llvm::SmallVector<llvm::StringRef> named = origins.tensorsOf(node.origin);
  for (llvm::StringRef name : meant)
    if (!llvm::is_contained(named, name))
      note(ExportRecord::constant(name));
  scaleWeights(node.inputs[1], std::sqrt(1.0F + numbers.back()));
  Node norm =
      makeNode("BatchNormalization", {product, meant[0], meant[1], meant[2], meant[3]}, output);
  norm.attributes = {floatAttribute("epsilon", numbers.back()),
                     floatAttribute("momentum", 1.0F - numbers[numbers.size() - 2])};
  norm.scopes = node.scopes;
  node.outputs.front() = product;
  result.followed.push_back({index, std::move(norm)});
}

/// Nodes that one operation of the module became: its tensors are the initializers that
/// they use, in order. Where the two lists do not fit each other, nothing is done.
void Restorer::restoreOperation(llvm::ArrayRef<size_t> nodes) {
  llvm::SmallVector<llvm::StringRef> meant = origins.tensorsOf(graph.nodes[nodes.front()].origin);
  llvm::SmallVector<Place> used;
  for (size_t node : nodes) {
    const Node &user = graph.nodes[node];
    if (isFoldedNorm(user))
      return; // The tensors are the norm's, the inputs the product's.
    // The second call of a batch norm has its statistics from the first.
    size_t end = isBatchNorm(user) && meant.size() == 2 ? 3 : user.inputs.size();
    for (size_t i = 0; i < end; ++i)
      if (!moduleName(user.inputs[i]).empty())
        used.push_back({node, i});
  }
  if (meant.size() != used.size() || !llvm::all_of(llvm::zip(meant, used), [&](auto pair) {
        return fits(std::get<0>(pair), std::get<1>(pair));
      }))
    return;
  for (auto [name, place] : llvm::zip(meant, used)) {
    if (name != moduleName(nameAt(place)))
      rename(place, nameFor(name, place));
    claimed.insert(name);
  }
}

void Restorer::collectUnclaimed() {
  for (const ModuleTensor &tensor : moduleTensors(graph))
    if (tensor.kind == "PARAMETER" && isGone(tensor.name))
      unclaimed[tensor.name] = tensor.name;
  if (unclaimed.empty())
    return;
  for (auto [i, node] : llvm::enumerate(graph.nodes))
    for (auto [input, name] : llvm::enumerate(node.inputs))
      users[name].push_back({i, input});
}

/// The tensor of that name in the innermost module around the user that has one.
llvm::StringRef Restorer::tensorMeant(llvm::StringRef used, const Node &user) const {
  llvm::StringRef last = used.substr(used.rfind('.') + 1);
  llvm::SmallVector<llvm::StringRef> modules = quoted(user.scopes);
  for (llvm::StringRef module : llvm::reverse(modules)) {
    std::string name = module.empty() ? last.str() : (module + "." + last).str();
    if (name == used)
      return used;
    if (auto found = unclaimed.find(name); found != unclaimed.end())
      return found->second;
  }
  return used;
}

/// One more initializer with the values of this one; once.
void Restorer::duplicate(llvm::StringRef initializer, llvm::StringRef name) {
  if (!added.insert(name).second)
    return;
  const Tensor *source = initializers[initializer];
  result.duplicates.push_back({source->name, name});
  initializers[name] = source;
}

/// The node once more, with the input of that name, for these users of its outputs.
void Restorer::copyNode(Place place, llvm::StringRef name, llvm::ArrayRef<Place> users) {
  const Node &node = graph.nodes[place.node];
  Restoration::Copied copy{place.node, {{place.input, name}}, {}};
  llvm::StringMap<llvm::StringRef> renamed;
  for (llvm::StringRef output : node.outputs) {
    copy.outputs.push_back(own((output + "." + name).str()));
    renamed[output] = copy.outputs.back();
  }
  for (Place user : users) {
    llvm::StringRef &input = graph.nodes[user.node].inputs[user.input];
    input = renamed.lookup(input);
    result.inputs.push_back({user.node, user.input, input});
  }
  result.copies.push_back(std::move(copy));
}

/// An operation that the exporter's optimizer has made has no record. Whose tensor it had is said
/// by the modules that use its result; if those are several that had one each, it becomes several:
///
///   bias(a) ─► Split ─► Add in a, Add in b       bias(a) ─► Split ─► Add in a
///                                                bias(b) ─► Split ─► Add in b
void Restorer::separateUnrecorded(size_t index) {
  const Node &node = graph.nodes[index];
  if (!node.origin.empty())
    return;
  auto found = llvm::find_if(node.inputs, [&](llvm::StringRef name) {
    return !name.empty() && moduleName(name) == name && initializers.contains(name);
  });
  if (found == node.inputs.end())
    return;
  Place place{index, static_cast<size_t>(found - node.inputs.begin())};
  llvm::StringRef used = *found;
  llvm::MapVector<llvm::StringRef, llvm::SmallVector<Place>> meant;
  for (llvm::StringRef output : node.outputs)
    for (Place user : users.lookup(output))
      meant[tensorMeant(used, graph.nodes[user.node])].push_back(user);
  for (const auto &[name, places] : meant) {
    if (name == used)
      continue;
    if (meant.size() == 1) {
      rename(place, name);
      continue;
    }
    duplicate(used, name);
    copyNode(place, name, places);
  }
}

/// Whether all that the copies would be made of is in the file.
bool Restorer::canCopy(const MergedOperation &merged) const {
  auto isInFile = [&](auto &parameter) {
    return !further.contains(initializers.lookup(parameter.first)->name);
  };
  auto isFollowed = [&](const Restoration::Followed &followed) {
    return llvm::is_contained(merged.nodes, followed.node);
  };
  return llvm::all_of(merged.parameters, isInFile) && llvm::none_of(result.followed, isFollowed);
}

/// The nodes of an operation that is missing, once more for it.
void Restorer::copyOperation(const MergedOperation &merged) {
  llvm::StringMap<llvm::StringRef> renamed;
  for (auto [kept, name] : merged.parameters) {
    renamed[kept] = name;
    if (!initializers.contains(name))
      duplicate(kept, name);
  }
  for (size_t index : merged.nodes) {
    Restoration::Copied copy{index, {}, {}};
    for (auto [i, input] : llvm::enumerate(graph.nodes[index].inputs))
      if (auto found = renamed.find(input); found != renamed.end())
        copy.inputs.push_back({i, found->second});
    for (llvm::StringRef output : graph.nodes[index].outputs) {
      bool isResult = output == merged.kept;
      std::string name = isResult ? merged.name.str() : (output + "." + merged.name).str();
      copy.outputs.push_back(output.empty() ? output : own(name));
    }
    for (auto [old, name] : llvm::zip_equal(graph.nodes[index].outputs, copy.outputs))
      if (!old.empty())
        renamed[old] = name;
    result.copies.push_back(std::move(copy));
  }
  for (Place user : merged.users) {
    llvm::StringRef &input = graph.nodes[user.node].inputs[user.input];
    input = renamed.lookup(input);
    result.inputs.push_back({user.node, user.input, input});
  }
}

/// Operations that the exporter's optimizer merged, as their parameters began alike.
void Restorer::separateMerged() {
  for (const MergedOperation &merged : findMergedOperations(graph, initializers, added))
    if (canCopy(merged))
      copyOperation(merged);
}

/// The parameter from which the tensor was computed, or which it is though the operation, without a
/// tensor of its own, means another that has the same values; empty if neither.
llvm::StringRef Restorer::sourceInstead(const Node &node, llvm::StringRef tensor) const {
  const Recorded *recorded = record.find(tensor);
  if (!recorded || node.origin.empty() || computed.contains(tensor))
    return "";
  if (recorded->folded.size() == 1)
    return recorded->folded.front();
  bool isOther = recorded->source == tensor && claimed.contains(tensor);
  return isOther && origins.tensorsOf(node.origin).empty() ? tensor : "";
}

/// What was computed of a parameter of one module may stand for that of others, too, which began
/// alike: 1 + weight of all norms. Whose it is say the modules that use it.
void Restorer::separateFolded(size_t index) {
  const Node &node = graph.nodes[index];
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    Place place{index, i};
    llvm::StringRef old = nameAt(place), source = sourceInstead(node, old);
    llvm::StringRef meant = source.empty() ? source : tensorMeant(source, node);
    if (meant == source)
      continue;
    llvm::StringRef name = own((meant + "." + (source == old ? "computed" : old)).str());
    if (!added.contains(name))
      note(ExportRecord::folded(name, own(("['" + meant + "', 'as " + old + "']").str())));
    rename(place, name);
  }
}

/// An operation that uses a tensor of the module which only other operations name, though it has
/// all that it names itself: what it needs are the numbers that the tensor begins with.
void Restorer::separateNumbers(size_t index) {
  const Node &node = graph.nodes[index];
  llvm::SmallVector<llvm::StringRef> named = origins.tensorsOf(node.origin);
  bool hasAll = llvm::none_of(named, [&](llvm::StringRef name) { return isGone(name); });
  if (node.origin.empty() || node.outputs.empty() || !hasAll)
    return;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    llvm::StringRef old = node.inputs[i];
    if (!claimed.contains(old) || llvm::is_contained(named, old) || computed.contains(old) ||
        moduleName(old) != old || !isFill(*initializers[old]))
      continue;
    llvm::StringRef name = own(node.outputs.front().str() + "." + std::to_string(i));
    if (initializers.contains(name))
      continue;
    rename({index, i}, name);
    note(ExportRecord::constant(name));
  }
}

void Restorer::rename(Place place, llvm::StringRef name) {
  llvm::StringRef source = nameAt(place);
  if (initializers[source]->name != name)
    duplicate(source, name);
  graph.nodes[place.node].inputs[place.input] = name;
  result.inputs.push_back({place.node, place.input, name});
}

/// A module that is called several times has nodes with one scale and one bias, and one pair of
/// statistics.
static std::string batchNormOf(const Node &node) {
  return (node.inputs[1] + "\n" + node.inputs[2]).str();
}

void Restorer::countUses() {
  for (const Node &node : graph.nodes)
    for (auto [i, name] : llvm::enumerate(node.inputs)) {
      bool isStatistic = isBatchNorm(node) && (i == 3 || i == 4);
      if (isStatistic && !chosen.try_emplace({name.str(), batchNormOf(node)}).second)
        continue; // another call of the module
      ++uses[name];
      statistics[name] += isStatistic;
    }
}

/// A statistic changes as the batches want it; who shares its values wants them as they are.
void Restorer::separateStatistics(size_t index) {
  const Node &node = graph.nodes[index];
  if (!isBatchNorm(node))
    return;
  for (size_t i : {3U, 4U}) {
    Place place{index, i};
    llvm::StringRef old = nameAt(place);
    llvm::StringRef &name = chosen[{old.str(), batchNormOf(node)}];
    if (!name.empty()) {
      if (name != old)
        rename(place, name);
      continue;
    }
    name = old;
    bool isShared = uses[old] > statistics[old] || (record.empty() && uses[old] > 1);
    if (!initializers.contains(old) || !isShared)
      continue;
    llvm::StringRef apart = own(node.outputs.front().str() + "." + (i == 3 ? "mean" : "var"));
    if (initializers.contains(apart))
      continue;
    name = apart;
    --uses[old];
    --statistics[old];
    rename(place, name);
  }
}

void Restorer::addDuplicates() {
  std::vector<Tensor> tensors;
  for (const Restoration::Duplicate &duplicate : result.duplicates) {
    tensors.push_back(*initializers[duplicate.source]);
    tensors.back().name = duplicate.name;
  }
  llvm::append_range(tensors, result.further);
  llvm::append_range(graph.initializers, tensors);
}

void Restorer::addNodes() {
  std::map<size_t, std::vector<Node>> behind;
  for (const Restoration::Copied &copy : result.copies) {
    Node further = graph.nodes[copy.node];
    for (auto [input, name] : copy.inputs)
      further.inputs[input] = name;
    further.outputs = copy.outputs;
    behind[copy.node].push_back(std::move(further));
  }
  for (const Restoration::Followed &followed : result.followed)
    behind[followed.node].push_back(followed.next);
  std::vector<Node> nodes;
  for (auto [i, node] : llvm::enumerate(graph.nodes)) {
    nodes.push_back(std::move(node));
    for (Node &further : behind[i])
      nodes.push_back(std::move(further));
  }
  graph.nodes = std::move(nodes);
}

/// Whether the elements, or of many some thousands, are those of the other matrix transposed.
static bool haveTransposedData(const Tensor &copy, const Tensor &source) {
  size_t bytes = dataTypeBits(copy.type) / 8, count = static_cast<size_t>(copy.numElements);
  auto rows = static_cast<size_t>(copy.dims[0]), columns = static_cast<size_t>(copy.dims[1]);
  if (copy.data.size() != count * bytes || source.data.size() != count * bytes)
    return false;
  constexpr size_t samples = 4096;
  for (size_t i = 0; i < count; i += count / samples | 1) {
    size_t mirrored = i % columns * rows + i / columns;
    if (copy.data.substr(i * bytes, bytes) != source.data.substr(mirrored * bytes, bytes))
      return false;
  }
  return true;
}

static bool areMatrices(const Tensor &copy, const Tensor &source) {
  return copy.dims.size() == 2 && source.dims.size() == 2 && copy.type == source.type &&
         isFloat(copy.type) && copy.dims[0] == source.dims[1] && copy.dims[1] == source.dims[0];
}

/// What a matrix and its transposed copy have in common, and hardly another: size and corners.
static std::string cornersOf(const Tensor &tensor) {
  size_t bytes = dataTypeBits(tensor.type) / 8;
  return llvm::itostr(tensor.numElements) + ":" + tensor.data.take_front(bytes).str() +
         tensor.data.take_back(bytes).str();
}

/// The initializer that the exporter transposed to make the copy: its record says so, or, where it
/// wrote none, the values, if the copy has no name of the module's. Null if there is none.
const Tensor *Restorer::transposedFrom(const Tensor &copy) const {
  if (record.empty()) {
    const Tensor *source = isValueName(copy.name) ? byCorners.lookup(cornersOf(copy)) : nullptr;
    bool isSame = source && areMatrices(copy, *source) && haveTransposedData(copy, *source);
    return isSame && isUnmistakable(copy) ? source : nullptr;
  }
  llvm::StringRef name = moduleName(copy.name);
  const Tensor *source = name == copy.name ? nullptr : initializers.lookup(name);
  bool isSame = source && areMatrices(copy, *source) &&
                (copy.data.empty() || haveTransposedData(copy, *source));
  return isSame ? source : nullptr;
}

/// Exporters that fold constants keep a weight twice that one node uses as it is and another
/// transposed. It is one parameter: nodes that transpose it stand in front of all others.
void Restorer::tieTransposed() {
  llvm::StringSet<> gone, inputs;
  for (const ValueInfo &input : graph.inputs)
    inputs.insert(input.name);
  for (const Tensor &tensor : graph.initializers) {
    initializers[tensor.name] = &tensor; // where the list has it now
    if (record.empty() && !isValueName(tensor.name))
      byCorners.try_emplace(cornersOf(tensor), &tensor);
  }
  for (const Tensor &copy : graph.initializers) {
    const Tensor *source = inputs.contains(copy.name) ? nullptr : transposedFrom(copy);
    if (!source)
      continue;
    gone.insert(copy.name);
    result.front.push_back(makeNode("Transpose", {source->name}, copy.name));
  }
  llvm::erase_if(graph.initializers,
                 [&](const Tensor &tensor) { return gone.contains(tensor.name); });
  graph.nodes.insert(graph.nodes.begin(), result.front.begin(), result.front.end());
}

/// Both are guesses of what the module had, where it was trained before.
void Restorer::noteNorms() {
  if (!restoredNorms.empty())
    model.notes.push_back(
        "batch norms that the exporter computed into products, here nodes again that begin with a "
        "scale of one, as before any training: behind " +
        list(restoredNorms) + "; if they begin otherwise, export with optimize=False");
  if (!lostNorms.empty())
    model.notes.push_back("batch norms that the exporter computed into products, and that are not "
                          "trained: behind " +
                          list(lostNorms) + "; to train them, export with optimize=False");
}

Restoration Restorer::run() {
  llvm::MapVector<llvm::StringRef, llvm::SmallVector<size_t>> operations;
  for (const Node &node : graph.nodes)
    computed.insert_range(node.outputs);
  for (size_t i = 0; i < graph.nodes.size() && !origins.empty(); ++i) {
    restoreBias(i);
    restoreBatchNorm(i);
  }
  noteNorms();
  for (const Tensor &bias : result.further)
    initializers[bias.name] = &bias;
  for (size_t i = 0; i < graph.nodes.size() && !origins.empty(); ++i)
    if (!graph.nodes[i].origin.empty())
      operations[graph.nodes[i].origin].push_back(i);
  for (const auto &operation : operations)
    restoreOperation(operation.second);
  collectUnclaimed();
  for (size_t i = 0; i < graph.nodes.size() && !unclaimed.empty(); ++i) {
    separateUnrecorded(i);
    separateFolded(i);
  }
  separateMerged();
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    separateNumbers(i);
  countUses();
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    separateStatistics(i);
  addDuplicates();
  addNodes();
  tieTransposed();
  restoreRepeated(model, record, result);
  return std::move(result);
}

Restoration restoreInitializers(Model &model) { return Restorer(model).run(); }

} // namespace dsc::onnx
