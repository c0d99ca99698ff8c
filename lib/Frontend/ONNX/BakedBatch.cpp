//===- BakedBatch.cpp - A batch that tracing wrote into a model -----------===//

#include "BakedBatch.h"
#include "NameUses.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

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
  Shape sizesInstead(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b) const;
  llvm::StringRef partOf(llvm::StringRef list, size_t index);
  bool isFromShape(llvm::StringRef name);
  std::pair<Shape, Shape> sizesIn(llvm::StringRef list);
  bool followsBatch(llvm::ArrayRef<int64_t> taken) const;
  std::string explainBatch(llvm::StringRef name, int64_t size, const Node &node);
  std::string explainTarget(const Node &node);
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

/// What stands in one where the other has the batch, counted from the left, then from the right.
Shape Search::sizesInstead(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b) const {
  Shape sizes;
  auto compare = [&](int64_t x, int64_t y) {
    if (x != y && (x == batch || y == batch) && std::min(x, y) > 0)
      sizes.push_back(x == batch ? y : x);
  };
  size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i)
    compare(a[i], b[i]);
  for (size_t i = 1; i <= common; ++i)
    compare(a[a.size() - i], b[b.size() - i]);
  return sizes;
}

/// What a list of sizes takes one of them from, where it was put together of several.
llvm::StringRef Search::partOf(llvm::StringRef list, size_t index) {
  const Node *node = producers.lookup(list);
  if (!node || node->opType != "Concat")
    return list;
  for (llvm::StringRef input : node->inputs) {
    std::optional<SeenValue> value = see(input);
    if (!value || !value->known)
      return list;
    if (index < value->known->size())
      return input;
    index -= value->known->size();
  }
  return list;
}

/// Whether a number comes from the shape of a tensor, in whatever way.
bool Search::isFromShape(llvm::StringRef name) {
  llvm::SmallVector<llvm::StringRef> open{name};
  llvm::StringSet<> seen; // a graph may be a cycle
  while (!open.empty()) {
    const Node *node = producers.lookup(open.pop_back_val());
    if (!node || !seen.insert(node->outputs.front()).second)
      continue;
    if (node->opType == "Shape" || node->opType == "Size")
      return true;
    llvm::append_range(open, node->inputs);
  }
  return false;
}

/// The sizes in a list that come from shapes, and those that the export wrote there.
std::pair<Shape, Shape> Search::sizesIn(llvm::StringRef list) {
  Shape taken, written;
  std::optional<SeenValue> value = see(list);
  for (auto [i, size] : llvm::enumerate(sizesOf(*value)))
    if (size > 1)
      (isFromShape(partOf(list, i)) ? taken : written).push_back(size);
  return {taken, written};
}

/// Whether a list has the batch, or a multiple of it, from a shape.
bool Search::followsBatch(llvm::ArrayRef<int64_t> taken) const {
  return batch > 1 && llvm::any_of(taken, [&](int64_t size) { return size % batch == 0; });
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

/// Of a value that has `size` where another input of the node has the batch.
std::string Search::explainBatch(llvm::StringRef name, int64_t size, const Node &node) {
  if (!has(name, size))
    return "";
  bool isList = isShape(*see(name));
  auto [taken, written] = isList ? sizesIn(name) : std::pair<Shape, Shape>();
  if (isList && (followsBatch(taken) || !llvm::is_contained(written, size)))
    return "";
  std::string origin = isList ? describe(node, size) : originOf(name, size);
  if (origin.empty())
    return "";
  return "; where the batch is " + std::to_string(batch) + ", " + origin + " holds the number " +
         std::to_string(size) + ", written there by the export: compile with --batch " +
         std::to_string(size) +
         ", or export again with a dynamic batch (dynamic_axes, dynamic_shapes) and sizes "
         "that the module takes from the shape of its input";
}

/// Of a list of sizes of which some are taken from shapes and others are not.
std::string Search::explainTarget(const Node &node) {
  for (llvm::StringRef name : node.inputs) {
    std::optional<SeenValue> value = name.empty() ? std::nullopt : see(name);
    if (!value || !isShape(*value) || !isFromShape(name))
      continue;
    std::string sizes = llvm::join(llvm::map_range(sizesIn(name).second, llvm::itostr), ", ");
    if (!sizes.empty())
      return "; of its input '" + name.str() + "', the export wrote " + sizes +
             " as numbers, and the rest follows the sizes of tensors: if a dimension had such a "
             "size at export, compile with it (--dim NAME=SIZE), or export again with sizes that "
             "the module takes from the shape of its input";
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
    for (auto &[otherName, other] : inputs)
      for (int64_t size : sizesInstead(sizesOf(value), sizesOf(other)))
        if (std::string text = explainBatch(otherName, size, node); !text.empty())
          return text;
  return explainTarget(node);
}

std::string explainBakedBatch(const Graph &graph, const Node &node, int64_t batch,
                              llvm::function_ref<std::optional<SeenValue>(llvm::StringRef)> see) {
  return Search(graph, batch, see).explain(node);
}

} // namespace dsc::onnx
