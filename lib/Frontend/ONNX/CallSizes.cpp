//===- CallSizes.cpp - How much calls of functions ask for ----------------===//

#include "CallSizes.h"

namespace dsc::onnx {

size_t CallSizes::of(llvm::ArrayRef<Node> nodes) {
  size_t sum = std::min(nodes.size(), most);
  for (const Node &node : nodes)
    if (const Function *callee = model.functionOf(node))
      sum = std::min(sum + of(*callee), most);
  return sum;
}

/// Each is counted once, so that this takes no longer than the file is.
size_t CallSizes::of(const Function &function) {
  auto [entry, isNew] = known.try_emplace(&function, 0);
  if (!isNew || depth == 64)
    return entry->second;
  ++depth;
  size_t size = of(function.nodes);
  --depth;
  return known[&function] = size;
}

} // namespace dsc::onnx
