//===- NameUses.cpp - Which nodes use a name ------------------------------===//

#include "NameUses.h"
#include "Registry.h"

#include "llvm/ADT/STLExtras.h"

namespace dsc::onnx {

/// Of steps through nodes that pass a tensor on: functions that call each other twice
/// would double them each time.
static constexpr unsigned maxSteps = 10'000;

llvm::StringRef nameOf(const Node &node) {
  if (!node.name.empty() || node.outputs.empty())
    return node.name;
  return node.outputs.front();
}

NameUses::NameUses(const Model &model) : model(model) {
  collect(model.graph.nodes, uses[nullptr]);
  for (const Function &function : model.functions)
    collect(function.nodes, uses[&function]);
}

void NameUses::collect(const std::vector<Node> &nodes, Map &map) {
  for (const Node &node : nodes) {
    noteSource(node);
    for (auto [i, name] : llvm::enumerate(node.inputs))
      map[name].push_back({&node, static_cast<unsigned>(i)});
    for (const NodeAttribute &attribute : node.attributes)
      for (const Graph &inner : attribute.graphs)
        collect(inner.nodes, map);
  }
}

void NameUses::noteSource(const Node &node) {
  generatedWeights |= node.inputs.empty() && node.opType.starts_with("Random");
  if (node.opType != "Constant" || node.outputs.empty())
    return;
  constantNodes.insert(node.outputs.front());
  scalarConstants |= node.attribute("value_float") != nullptr;
  const NodeAttribute *value = node.attribute("value");
  if (value && !value->tensors.empty()) {
    const Tensor &tensor = value->tensors.front();
    scalarConstants |= isFloat(tensor.type) && tensor.dims.empty();
    if (!isFloat(tensor.type) && tensor.numElements == 1)
      numbers.insert(node.outputs.front());
  }
}

llvm::ArrayRef<NameUse> NameUses::of(llvm::StringRef name, const Function *body) const {
  auto map = uses.find(body);
  if (map == uses.end())
    return {};
  auto found = map->second.find(name);
  if (found == map->second.end())
    return {};
  return found->second;
}

std::vector<std::string> NameUses::nodes(llvm::StringRef name, const Function *body) const {
  std::vector<std::string> names;
  const Node *last = nullptr;
  for (const NameUse &use : of(name, body))
    if (std::exchange(last, use.node) != use.node)
      names.push_back(nameOf(*use.node).str());
  return names;
}

bool NameUses::anyWeight(llvm::StringRef name, const Function *body, int64_t opset,
                         unsigned &budget, llvm::function_ref<bool(const NameUse &)> counts) const {
  for (const NameUse &use : of(name, body)) {
    if (budget == 0)
      return false;
    --budget;
    const Node &node = *use.node;
    if (const Function *function = model.functionOf(node)) {
      if (use.index < function->inputs.size() &&
          anyWeight(function->inputs[use.index], function, opset, budget, counts))
        return true;
      continue;
    }
    // x[2] is a part of x, not looked up by the data.
    bool takesPart =
        node.opType == "Gather" && node.inputs.size() > 1 && numbers.contains(node.inputs[1]);
    const Operator *op = Registry::get().find(node, opset);
    if (op && !takesPart && llvm::is_contained(op->weights, use.index) && counts(use))
      return true;
    bool passesOn = takesPart || llvm::is_contained({"Transpose", "Identity", "Cast", "Reshape",
                                                     "Unsqueeze", "Squeeze"},
                                                    node.opType);
    if (passesOn && use.index == 0 && !node.outputs.empty() && node.outputs.front() != name &&
        anyWeight(node.outputs.front(), body, opset, budget, counts))
      return true;
  }
  return false;
}

bool NameUses::isWeight(llvm::StringRef name, const Function *body, int64_t opset) const {
  unsigned budget = maxSteps;
  return anyWeight(name, body, opset, budget, [](const NameUse &) { return true; });
}

TensorUse NameUses::use(llvm::StringRef name, size_t rank, const Function *body,
                        int64_t opset) const {
  TensorUse result;
  result.isWeight = isWeight(name, body, opset);
  unsigned budget = maxSteps;
  result.isLookedUp = result.isWeight &&
                      !anyWeight(name, body, opset, budget,
                                 [](const NameUse &use) { return use.node->opType != "Gather"; });
  llvm::ArrayRef<NameUse> all = of(name, body);
  result.isBias = rank == 1 && !all.empty() && llvm::all_of(all, [](auto &use) {
                    return llvm::is_contained({"Add", "Sum", "Gemm"}, use.node->opType);
                  });
  return result;
}

bool NameUses::isOnlyInArithmetic(llvm::StringRef name, const Function *body) const {
  llvm::ArrayRef<NameUse> all = of(name, body);
  return !all.empty() && llvm::all_of(all, [](const NameUse &use) {
    return llvm::is_contained({"Add", "Sub", "Mul", "Div", "Identity"}, use.node->opType);
  });
}

} // namespace dsc::onnx
