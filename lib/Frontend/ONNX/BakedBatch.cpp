//===- BakedBatch.cpp - A batch that tracing wrote into a model -----------===//

#include "BakedBatch.h"
#include "NameUses.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

namespace dsc::onnx {

namespace {
class Search {
public:
  using See = llvm::function_ref<std::optional<SeenValue>(llvm::StringRef)>;
  Search(const Graph &graph, int64_t batch, See see) : batch(batch), see(see) {
    for (const Node &node : graph.nodes)
      for (llvm::StringRef output : node.outputs)
        producers[output] = &node;
  }

  std::string explain(const Node &node);

private:
  Shape sizesOf(const SeenValue &value) const;
  bool has(llvm::StringRef name, int64_t size);
  std::optional<int64_t> sizeInstead(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b) const;
  std::string originOf(llvm::StringRef name, int64_t size);
  std::string describe(const Node &node, int64_t size);

  llvm::StringMap<const Node *> producers;
  int64_t batch;
  See see;
};
} // namespace

/// A list of integers that is known is meant as a shape.
static bool isShape(const SeenValue &value) {
  return value.known && !value.known->isFloat() && value.shape.size() == 1;
}

Shape Search::sizesOf(const SeenValue &value) const {
  if (!isShape(value))
    return value.shape;
  return Shape(value.known->ints.begin(), value.known->ints.end());
}

bool Search::has(llvm::StringRef name, int64_t size) {
  std::optional<SeenValue> value = name.empty() ? std::nullopt : see(name);
  return value && !value->isParameter && llvm::is_contained(sizesOf(*value), size);
}

/// What stands in one where the other has the batch, counted from the left or from the right.
std::optional<int64_t> Search::sizeInstead(llvm::ArrayRef<int64_t> a,
                                           llvm::ArrayRef<int64_t> b) const {
  auto compare = [&](int64_t x, int64_t y) -> std::optional<int64_t> {
    if (x != y && (x == batch || y == batch) && std::min(x, y) > 0)
      return x == batch ? y : x;
    return std::nullopt;
  };
  size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i)
    if (auto size = compare(a[i], b[i]))
      return size;
  for (size_t i = 1; i <= common; ++i)
    if (auto size = compare(a[a.size() - i], b[b.size() - i]))
      return size;
  return std::nullopt;
}

std::string Search::describe(const Node &node, int64_t size) {
  std::string text = "node '" + nameOf(node).str() + "' (" + node.opType.str() + ")";
  for (llvm::StringRef input : node.inputs) {
    std::optional<SeenValue> value = input.empty() ? std::nullopt : see(input);
    if (value && value->known && llvm::is_contained(value->known->ints, size))
      return text + ", in its input '" + input.str() + "'";
  }
  return text;
}

/// Back to where the size is not taken from an input; empty where it is one of the data's.
std::string Search::originOf(llvm::StringRef name, int64_t size) {
  constexpr unsigned most = 10000; // a graph may be a cycle
  for (unsigned i = 0; i < most; ++i) {
    const Node *node = producers.lookup(name);
    if (!node) {
      std::optional<SeenValue> value = see(name);
      bool isConstant = value && value->known;
      return isConstant ? "constant '" + name.str() + "'" : "";
    }
    auto isSource = [&](llvm::StringRef input) {
      std::optional<SeenValue> value = input.empty() ? std::nullopt : see(input);
      return value && !value->isParameter && llvm::is_contained(value->shape, size);
    };
    auto source = llvm::find_if(node->inputs, isSource);
    if (source == node->inputs.end())
      return describe(*node, size);
    name = *source;
  }
  return "";
}

std::string Search::explain(const Node &node) {
  llvm::SmallVector<std::pair<llvm::StringRef, SeenValue>> inputs;
  for (llvm::StringRef name : node.inputs)
    if (std::optional<SeenValue> value = name.empty() ? std::nullopt : see(name))
      if (!value->isParameter)
        inputs.emplace_back(name, *value);
  for (auto &[name, value] : inputs)
    for (auto &[otherName, other] : inputs) {
      std::optional<int64_t> size = sizeInstead(sizesOf(value), sizesOf(other));
      if (!size || !has(otherName, *size))
        continue;
      std::string origin = isShape(other) ? describe(node, *size) : originOf(otherName, *size);
      if (origin.empty())
        continue;
      return "; where the batch is " + std::to_string(batch) + ", " + origin +
             " holds the number " + std::to_string(*size) +
             ", written there by the export: compile with --batch " + std::to_string(*size) +
             ", or export again with a dynamic batch (dynamic_axes, dynamic_shapes) and sizes "
             "that the module takes from the shape of its input";
    }
  return "";
}

std::string explainBakedBatch(const Graph &graph, const Node &node, int64_t batch,
                              llvm::function_ref<std::optional<SeenValue>(llvm::StringRef)> see) {
  return Search(graph, batch, see).explain(node);
}

} // namespace dsc::onnx
