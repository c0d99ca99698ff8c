//===- ModuleCalls.cpp - Nodes that calls of one module became ------------===//

#include "ModuleCalls.h"

#include "llvm/ADT/StringExtras.h"

namespace dsc::onnx {

ModuleCalls::ModuleCalls(const Graph &graph) {
  for (const Node &node : graph.nodes)
    if (node.name.starts_with("/"))
      scopes.insert(node.name.rsplit('/').first);
  for (const Tensor &tensor : graph.initializers)
    for (llvm::StringRef module = tensor.name; module.contains('.');) {
      module = module.rsplit('.').first;
      modules.insert(module);
    }
}

/// "/c/c.2_1" as "c.2_1": a module in an nn.Sequential has the name of that in its own.
static std::string pathOf(llvm::StringRef scope) {
  std::string path;
  llvm::SmallVector<llvm::StringRef> names;
  scope.split(names, '/', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef name : names) {
    bool isWhole = path.empty() || name.starts_with(path + ".");
    path = isWhole ? name.str() : path + "." + name.str();
  }
  return path;
}

/// A module that is called fc_1 in the model's code has a scope like the second call of fc.
bool ModuleCalls::isAnotherCall(llvm::StringRef scope, llvm::StringRef module) const {
  return !module.ends_with("/") && scopes.contains(module) && !modules.contains(pathOf(scope));
}

ModuleCalls::Place ModuleCalls::placeOf(llvm::StringRef node) const {
  if (!node.starts_with("/"))
    return {};
  auto [scope, name] = node.rsplit('/');
  llvm::StringRef module = scope.rtrim("0123456789");
  if (module.size() < scope.size() && module.consume_back("_") && isAnotherCall(scope, module))
    return {module, name};
  return {scope, name};
}

} // namespace dsc::onnx
