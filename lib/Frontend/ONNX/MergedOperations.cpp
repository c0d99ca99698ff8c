//===- MergedOperations.cpp - Operations that stand for others ------------===//

#include "MergedOperations.h"
#include "ValuePattern.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

#include <set>

namespace dsc::onnx {

namespace {

/// Names of parameters, in the order in which an operation has them.
using Names = std::vector<std::string>;

struct Operation {
  llvm::StringRef result;
  size_t users = 0; // as the record counts them
  llvm::SmallVector<llvm::StringRef> arguments;
  llvm::SmallVector<llvm::StringRef> modules; // outermost first
  std::vector<size_t> nodes;
};

/// A missing operation and what may have been in its place.
struct Merge {
  MergedOperation found;
  const Operation *kept = nullptr;
  bool isSure = true;
  llvm::SetVector<const Operation *> region;
  /// What parameters of the region may be instead.
  std::map<Names, std::vector<Names>> choices;
};

class Finder {
public:
  Finder(const Graph &graph, const llvm::StringMap<const Tensor *> &initializers,
         const llvm::StringSet<> &given);
  std::vector<MergedOperation> run();

private:
  void collectOperations();
  void collectGone(const llvm::StringSet<> &given);
  bool isMissing(llvm::StringRef argument) const;
  bool isWhole(const Operation &operation) const;
  llvm::SetVector<const Operation *> producersFor(const Operation &user) const;
  const Operation *keptFor(llvm::StringRef missing, const Operation &user) const;
  std::vector<Place> placesOf(const Operation &kept, const Operation &user) const;
  std::vector<Place> usesOf(llvm::StringRef missing, const Operation &kept,
                            const Operation &user) const;
  void addUser(llvm::StringRef missing, const Operation &user);
  Names parametersOf(const Operation &operation) const;
  std::vector<Names> instead(const Names &parameters, const Operation &user) const;
  void findRegion(Merge &merge) const;
  void findChoices(Merge &merge, const Operation &user) const;
  bool isFilled(const Names &parameters) const;
  void preferFills(Merge &merge) const;
  bool isOnlyAnswer(const Merge &merge) const;
  bool chooseParameters(Merge &merge) const;
  bool isComputed(const Merge &merge, llvm::StringRef tensor) const;
  bool isBuffer(llvm::StringRef tensor) const;
  bool isClear(const Node &user, llvm::StringRef value) const;
  bool chooseNodes(Merge &merge) const;
  bool fit(llvm::StringRef kept, llvm::StringRef gone) const;

  const Graph &graph;
  const llvm::StringMap<const Tensor *> &initializers;
  ExportRecord record;
  Origins origins;
  llvm::MapVector<llvm::StringRef, Operation> operations; // by origin
  llvm::StringMap<const Operation *> producers;           // by value
  llvm::StringMap<size_t> uses;                           // of an operation, that are there
  llvm::StringSet<> known;
  std::vector<std::string> gone;
  llvm::MapVector<llvm::StringRef, Merge> merges; // by the missing operation
};

} // namespace

/// Of "%mul : [num_users=1] = ...".
static size_t usersIn(llvm::StringRef origin) {
  size_t users = 0;
  llvm::StringRef text = origin.split("num_users=").second;
  return text.consumeInteger(10, users) ? 0 : users;
}

Finder::Finder(const Graph &graph, const llvm::StringMap<const Tensor *> &initializers,
               const llvm::StringSet<> &given)
    : graph(graph), initializers(initializers), record(graph), origins(graph) {
  collectOperations();
  collectGone(given);
}

void Finder::collectOperations() {
  for (auto [i, node] : llvm::enumerate(graph.nodes)) {
    known.insert_range(node.outputs);
    if (node.origin.empty())
      continue;
    Operation &operation = operations[node.origin];
    operation.result = resultOf(node.origin);
    operation.users = usersIn(node.origin);
    operation.arguments = argumentsOf(node.origin);
    operation.modules = quoted(node.scopes);
    if (!operation.modules.empty())
      operation.modules.pop_back(); // the operation
    operation.nodes.push_back(i);
  }
  for (auto &[origin, operation] : operations) {
    known.insert(operation.result);
    for (size_t node : operation.nodes)
      for (llvm::StringRef output : graph.nodes[node].outputs)
        producers[output] = &operation;
    llvm::StringSet<> named;
    for (llvm::StringRef argument : operation.arguments)
      uses[argument] += named.insert(argument).second;
  }
  for (llvm::StringRef output : moduleOutputs(graph))
    ++uses[output];
  for (const ValueInfo &input : graph.inputs)
    known.insert(input.name);
}

/// Parameters that nothing in the file has, but for the list of all.
void Finder::collectGone(const llvm::StringSet<> &given) {
  llvm::StringSet<> there = given;
  for (const Node &node : graph.nodes) {
    there.insert_range(node.inputs);
    there.insert_range(node.outputs);
    there.insert_range(origins.tensorsOf(node.origin));
  }
  for (const ModuleTensor &tensor : moduleTensors(graph))
    if (tensor.kind == "PARAMETER" && !record.isFolded(tensor.name) && !there.contains(tensor.name))
      gone.push_back(tensor.name.str());
}

bool Finder::isMissing(llvm::StringRef argument) const {
  return !known.contains(argument) && !initializers.contains(argument) &&
         !origins.isTensor(argument);
}

/// Whether all that used its result are there and name it, so that what does not is no user of it.
bool Finder::isWhole(const Operation &operation) const {
  return uses.lookup(operation.result) == operation.users;
}

/// What computed the operation's inputs.
llvm::SetVector<const Operation *> Finder::producersFor(const Operation &user) const {
  llvm::SetVector<const Operation *> found;
  for (size_t node : user.nodes)
    for (llvm::StringRef input : graph.nodes[node].inputs)
      if (const Operation *producer = producers.lookup(input); producer && producer != &user)
        found.insert(producer);
  return found;
}

/// What stands in the place of an argument: the one operation of its kind that the user does not
/// name, or the one that it names as well.
const Operation *Finder::keptFor(llvm::StringRef missing, const Operation &user) const {
  llvm::SmallVector<const Operation *> named, others;
  for (const Operation *producer : producersFor(user))
    if (kindOf(producer->result) == kindOf(missing))
      (llvm::is_contained(user.arguments, producer->result) ? named : others).push_back(producer);
  llvm::ArrayRef<const Operation *> fitting = others.empty() ? named : others;
  return fitting.size() == 1 ? fitting.front() : nullptr;
}

/// The user's inputs that the operation computes.
std::vector<Place> Finder::placesOf(const Operation &kept, const Operation &user) const {
  std::vector<Place> places;
  for (size_t node : user.nodes)
    for (auto [i, input] : llvm::enumerate(graph.nodes[node].inputs))
      if (producers.lookup(input) == &kept)
        places.push_back({node, i});
  return places;
}

/// Those of the user's inputs that mean the missing operation; empty if that is not clear.
std::vector<Place> Finder::usesOf(llvm::StringRef missing, const Operation &kept,
                                  const Operation &user) const {
  llvm::SmallVector<llvm::StringRef> meant; // of what the kept one computes, in order
  for (llvm::StringRef argument : user.arguments)
    if (argument == kept.result || (isMissing(argument) && kindOf(argument) == kindOf(kept.result)))
      meant.push_back(argument);
  std::vector<Place> places = placesOf(kept, user), found;
  if (llvm::all_equal(meant))
    return places;
  if (user.nodes.size() != 1 || meant.size() != places.size())
    return {};
  for (auto [argument, place] : llvm::zip_equal(meant, places))
    if (argument == missing)
      found.push_back(place);
  return found;
}

void Finder::addUser(llvm::StringRef missing, const Operation &user) {
  const Operation *kept = keptFor(missing, user);
  if (!kept)
    return;
  auto [place, isNew] = merges.try_emplace(missing);
  Merge &merge = place->second;
  std::vector<Place> places = usesOf(missing, *kept, user);
  merge.isSure &= isWhole(*kept) && !places.empty() && (isNew || merge.kept == kept);
  llvm::append_range(merge.found.users, places);
  if (isNew) {
    merge.kept = kept;
    merge.found.name = missing;
    merge.found.kept = kept->result;
    findRegion(merge);
  }
  findChoices(merge, user);
}

/// What was merged with it: the missing operation had arguments of its own where all users of those
/// of the kept one are there.
void Finder::findRegion(Merge &merge) const {
  merge.region.insert(merge.kept);
  for (size_t i = 0; i < merge.region.size(); ++i) {
    const Operation &operation = *merge.region[i];
    for (const Operation *producer : producersFor(operation))
      if (llvm::is_contained(operation.arguments, producer->result) && isWhole(*producer))
        merge.region.insert(producer);
  }
}

/// The parameters of the module that the operation has, as the record says it, or its inputs.
Names Finder::parametersOf(const Operation &operation) const {
  llvm::SetVector<llvm::StringRef> names;
  auto add = [&](llvm::StringRef name) {
    const Recorded *recorded = record.find(name);
    if (recorded && recorded->kind == Recorded::Kind::Parameter && !recorded->source.empty())
      names.insert(recorded->source);
  };
  for (llvm::StringRef name : origins.tensorsOf(graph.nodes[operation.nodes.front()].origin))
    add(name);
  bool isNamed = !names.empty();
  for (size_t node : operation.nodes)
    for (llvm::StringRef input : graph.nodes[node].inputs)
      if (!isNamed)
        add(input);
  Names parameters;
  for (llvm::StringRef name : names)
    parameters.push_back(name.str());
  return parameters;
}

static llvm::SmallVector<llvm::StringRef> parts(llvm::StringRef name) {
  llvm::SmallVector<llvm::StringRef> words;
  name.split(words, '.');
  return words;
}

/// Where two names differ, if that is one place.
static std::optional<size_t> differentPart(llvm::StringRef first, llvm::StringRef second) {
  llvm::SmallVector<llvm::StringRef> one = parts(first), other = parts(second);
  std::optional<size_t> found;
  for (size_t i = 0; i < one.size() && one.size() == other.size(); ++i)
    if (one[i] != other[i]) {
      if (found)
        return std::nullopt;
      found = i;
    }
  return found;
}

/// The names with another word in that place, all of them the same; empty if they differ there.
static Names withPart(const Names &names, size_t place, llvm::StringRef word) {
  Names changed;
  llvm::StringRef old = parts(names.front())[place];
  for (const std::string &name : names) {
    llvm::SmallVector<llvm::StringRef> words = parts(name);
    if (words.size() <= place || words[place] != old)
      return {};
    words[place] = word;
    changed.push_back(llvm::join(words, "."));
  }
  return changed;
}

/// The missing parameters that may stand for these, in the innermost module around the user that
/// has any.
std::vector<Names> Finder::instead(const Names &parameters, const Operation &user) const {
  std::vector<Names> all;
  for (const std::string &name : gone) {
    std::optional<size_t> place = differentPart(parameters.front(), name);
    Names names = place ? withPart(parameters, *place, parts(name)[*place]) : Names();
    if (!names.empty() &&
        llvm::all_of(names, [&](auto &other) { return llvm::is_contained(gone, other); }))
      all.push_back(names);
  }
  for (llvm::StringRef module : llvm::reverse(user.modules)) {
    std::string prefix = module.empty() ? "" : (module + ".").str();
    std::vector<Names> inside;
    for (const Names &names : all)
      if (llvm::all_of(names, [&](const std::string &name) { return name.starts_with(prefix); }))
        inside.push_back(names);
    if (!inside.empty())
      return inside;
  }
  return {};
}

void Finder::findChoices(Merge &merge, const Operation &user) const {
  for (const Operation *operation : merge.region) {
    Names parameters = parametersOf(*operation);
    if (parameters.empty())
      continue;
    std::vector<Names> found = instead(parameters, user);
    auto [known, isNew] = merge.choices.try_emplace(parameters, found);
    merge.isSure &= isNew || known->second == found;
    for (const Names &names : found)
      if (!llvm::is_contained(known->second, names))
        known->second.push_back(names);
  }
}

bool Finder::isFilled(const Names &parameters) const {
  return llvm::all_of(parameters, [&](const std::string &name) {
    const Tensor *tensor = initializers.lookup(name);
    return tensor && isFill(*tensor);
  });
}

/// Parameters whose values were drawn are hardly equal to others: of several in the region that one
/// missing parameter may stand for, it is the one that begins as ones or zeros.
void Finder::preferFills(Merge &merge) const {
  std::map<Names, std::vector<Names>> keptFor;
  for (const auto &[kept, choices] : merge.choices)
    for (const Names &names : choices)
      keptFor[names].push_back(kept);
  for (const auto &[names, all] : keptFor)
    if (all.size() > 1 && llvm::count_if(all, [&](auto &kept) { return isFilled(kept); }) == 1)
      for (const Names &kept : all)
        if (!isFilled(kept))
          llvm::erase(merge.choices[kept], names);
}

/// Whether nothing else in the file may have been what it says.
bool Finder::isOnlyAnswer(const Merge &merge) const {
  std::map<std::string, std::string> keptFor;
  for (const auto &[kept, choices] : merge.choices)
    for (const Names &names : choices)
      for (auto [one, other] : llvm::zip_equal(kept, names))
        if (!keptFor.try_emplace(other, one).second)
          return false;
  for (const auto &[missing, other] : merges)
    for (const auto &[kept, choices] : other.choices)
      for (const Names &names : choices)
        for (auto [one, name] : llvm::zip_equal(kept, names)) {
          auto found = keptFor.find(name);
          bool isSame = &other != &merge && other.kept == merge.kept;
          if (found != keptFor.end() && (isSame || found->second != one))
            return false;
        }
  return true;
}

/// Whether the missing parameter, if the file has it, is as the other one.
bool Finder::fit(llvm::StringRef kept, llvm::StringRef gone) const {
  const Tensor *one = initializers.lookup(kept), *other = initializers.lookup(gone);
  return one && (!other || (one->type == other->type && one->dims == other->dims &&
                            one->data == other->data));
}

/// Which parameters are others; false if that is not clear.
bool Finder::chooseParameters(Merge &merge) const {
  for (const auto &[kept, choices] : merge.choices) {
    if (choices.size() > 1)
      return false;
    for (const Names &names : choices)
      for (auto [one, other] : llvm::zip_equal(kept, names)) {
        if (!fit(one, other))
          return false;
        merge.found.parameters[record.find(one)->source] = record.find(other)->source;
      }
  }
  return !merge.found.parameters.empty();
}

/// Whether the tensor was computed at export from a parameter that is another one here.
bool Finder::isComputed(const Merge &merge, llvm::StringRef tensor) const {
  const Recorded *recorded = record.find(tensor);
  return recorded && !merge.found.parameters.count(tensor) &&
         (merge.found.parameters.count(recorded->source) ||
          llvm::any_of(recorded->folded, [&](llvm::StringRef source) {
            return merge.found.parameters.count(source) != 0;
          }));
}

/// A statistic of the kept module, as that of the missing one would be.
bool Finder::isBuffer(llvm::StringRef tensor) const {
  const Recorded *recorded = record.find(tensor);
  return recorded && recorded->kind == Recorded::Kind::Buffer;
}

/// Whether the record says which operation the node means by the value: the one that computes it,
/// or one that is missing.
bool Finder::isClear(const Node &user, llvm::StringRef value) const {
  const Operation *producer = producers.lookup(value);
  auto isMeant = [&](llvm::StringRef argument) {
    auto merge = merges.find(argument);
    return argument == producer->result ||
           (merge != merges.end() && merge->second.kept == producer);
  };
  auto operation = operations.find(user.origin);
  return operation != operations.end() &&
         (&operation->second == producer || llvm::any_of(operation->second.arguments, isMeant));
}

/// The nodes that depend on them. False if some of the parameters are no inputs of nodes as they
/// are, or if the uses do not depend on them.
bool Finder::chooseNodes(Merge &merge) const {
  std::set<size_t> nodes;
  for (const Operation *operation : merge.region)
    nodes.insert(operation->nodes.begin(), operation->nodes.end());
  llvm::StringSet<> changed, used;
  auto isOther = [&](llvm::StringRef input) {
    return changed.contains(input) || merge.found.parameters.count(input);
  };
  for (size_t index : nodes) {
    const Node &node = graph.nodes[index];
    used.insert_range(node.inputs);
    if (llvm::any_of(node.inputs, [&](auto input) { return isComputed(merge, input); }))
      return false;
    if (llvm::none_of(node.inputs, isOther))
      continue;
    if (llvm::any_of(node.attributes, [](auto &value) { return !value.graphs.empty(); }))
      return false;
    if (llvm::any_of(node.inputs, [&](auto input) { return isBuffer(input); }))
      return false;
    merge.found.nodes.push_back(index);
    changed.insert_range(node.outputs);
  }
  changed.erase(""); // outputs that are left out
  for (const Node &user : graph.nodes)
    for (llvm::StringRef input : user.inputs)
      if (changed.contains(input) && !isClear(user, input))
        return false;
  auto isUsed = [&](auto &pair) { return used.contains(pair.first); };
  return llvm::all_of(merge.found.parameters, isUsed) &&
         llvm::all_of(merge.found.users, [&](Place place) {
           return changed.contains(graph.nodes[place.node].inputs[place.input]);
         });
}

std::vector<MergedOperation> Finder::run() {
  if (gone.empty())
    return {};
  for (const auto &[origin, operation] : operations) {
    llvm::StringSet<> seen;
    for (llvm::StringRef argument : operation.arguments)
      if (isMissing(argument) && seen.insert(argument).second)
        addUser(argument, operation);
  }
  for (auto &[missing, merge] : merges)
    preferFills(merge);
  std::vector<MergedOperation> found;
  std::set<size_t> users;
  for (auto &[missing, merge] : merges) {
    for (Place place : merge.found.users)
      users.insert(place.node);
    if (merge.isSure && isOnlyAnswer(merge) && chooseParameters(merge) && chooseNodes(merge))
      found.push_back(merge.found);
  }
  // A copy of what uses another missing operation would have to be told its uses as well.
  llvm::erase_if(found, [&](const MergedOperation &merged) {
    return llvm::any_of(merged.nodes, [&](size_t node) { return users.count(node) != 0; });
  });
  return found;
}

std::vector<MergedOperation>
findMergedOperations(const Graph &graph, const llvm::StringMap<const Tensor *> &initializers,
                     const llvm::StringSet<> &given) {
  return Finder(graph, initializers, given).run();
}

} // namespace dsc::onnx
