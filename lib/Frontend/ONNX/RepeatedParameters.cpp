//===- RepeatedParameters.cpp - Parameters with a row for each row --------===//

#include "RepeatedParameters.h"
#include "ValuePattern.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

#include <cstring>

namespace dsc::onnx {

/// What all inputs have in front, if it is a number.
static std::optional<int64_t> exportedBatch(const Graph &graph) {
  std::optional<int64_t> batch;
  for (const ValueInfo &input : graph.inputs) {
    if (!input.type.shape || input.type.shape->empty())
      continue;
    std::optional<int64_t> size = input.type.shape->front().size;
    if (!size || (batch && *batch != *size))
      return std::nullopt;
    batch = size;
  }
  return batch;
}

/// Values are called as the operations of the module, and numbered.
static bool isRepetition(llvm::StringRef value) {
  llvm::StringRef operation = value.rtrim("0123456789");
  operation.consume_back("_");
  return operation == "expand" || operation == "repeat";
}

/// The bytes of all dimensions from `axis` on.
static size_t bytesFrom(const Tensor &tensor, size_t axis) {
  size_t bytes = dataTypeBits(tensor.type) / 8;
  for (int64_t size : llvm::ArrayRef(tensor.dims).drop_front(axis))
    bytes *= static_cast<size_t>(size);
  return bytes;
}

static bool isEqualAlong(const Tensor &tensor, size_t axis) {
  size_t whole = bytesFrom(tensor, axis), slice = bytesFrom(tensor, axis + 1);
  for (size_t i = 0; i < tensor.data.size(); i += whole) {
    llvm::StringRef slices = tensor.data.substr(i, whole);
    if (slices.drop_front(slice) != slices.drop_back(slice))
      return false;
  }
  return true;
}

/// The dimension of the batch in a tensor whose slices along it are equal, while no other dimension
/// looks repeated, too. Nothing if it may be several.
static std::optional<size_t> repeatedAlong(const Tensor &tensor, int64_t batch) {
  if (tensor.numElements == 0 || tensor.data.size() != bytesFrom(tensor, 0))
    return std::nullopt;
  std::optional<size_t> found;
  for (auto [axis, size] : llvm::enumerate(tensor.dims)) {
    bool isEqual = isEqualAlong(tensor, axis);
    if (size == batch && isEqual && (!found || batch == 1))
      found = found.value_or(axis);
    else if (size == batch || (size > 1 && isEqual && !isFill(tensor)))
      return std::nullopt;
  }
  return found;
}

namespace {
class Repetitions {
public:
  Repetitions(Model &model, const ExportRecord &record, Restoration &restoration)
      : model(model), graph(model.graph), record(record), restoration(restoration) {}

  void run();

private:
  Tensor sliceOf(const Tensor &tensor, size_t axis);
  Tensor shapeOf(const Tensor &tensor);
  bool isFree(const Tensor &slice) const;
  bool restore(const Tensor &tensor, int64_t batch);
  llvm::StringRef own(std::string text) { return model.decoded.emplace_back(std::move(text)); }

  Model &model;
  Graph &graph;
  const ExportRecord &record;
  Restoration &restoration;
  std::vector<Tensor> added;
  std::vector<Node> nodes;
};
} // namespace

/// One of the slices along the dimension, called as the parameter.
Tensor Repetitions::sliceOf(const Tensor &tensor, size_t axis) {
  Tensor slice = tensor;
  slice.name = record.find(tensor.name)->source;
  slice.external.reset();
  slice.numElements /= tensor.dims[axis];
  slice.dims[axis] = 1;
  size_t whole = bytesFrom(tensor, axis), part = bytesFrom(tensor, axis + 1);
  std::string data;
  for (size_t i = 0; i < tensor.data.size(); i += whole)
    data += tensor.data.substr(i, part);
  slice.data = own(std::move(data));
  return slice;
}

Tensor Repetitions::shapeOf(const Tensor &tensor) {
  Tensor shape;
  shape.name = own(tensor.name.str() + ".shape");
  shape.type = DataType::Int64;
  shape.numElements = static_cast<int64_t>(tensor.dims.size());
  shape.dims = {shape.numElements};
  std::string data(tensor.dims.size() * sizeof(int64_t), '\0');
  std::memcpy(data.data(), tensor.dims.data(), data.size());
  shape.data = own(std::move(data));
  return shape;
}

/// Whether nothing in the graph has the slice's name.
bool Repetitions::isFree(const Tensor &slice) const {
  auto hasName = [&](const auto &named) { return named.name == slice.name; };
  return !slice.name.empty() && llvm::none_of(graph.initializers, hasName) &&
         llvm::none_of(graph.inputs, hasName) && llvm::none_of(graph.nodes, [&](auto &node) {
           return llvm::is_contained(node.outputs, slice.name);
         });
}

/// Returns whether the tensor is one that a node makes from now on.
bool Repetitions::restore(const Tensor &tensor, int64_t batch) {
  const Recorded *recorded = record.find(tensor.name);
  if (!recorded || recorded->folded.size() != 1 || !isRepetition(tensor.name))
    return false;
  std::optional<size_t> axis = repeatedAlong(tensor, batch);
  if (!axis)
    return false;
  Tensor slice = sliceOf(tensor, *axis), shape = shapeOf(tensor);
  auto same = llvm::find_if(added, [&](auto &other) { return other.name == slice.name; });
  bool isAnother = same != added.end() && same->dims == slice.dims && same->data == slice.data;
  if (!isAnother && (same != added.end() || !isFree(slice)))
    return false;
  nodes.push_back(makeNode("Expand", {slice.name, shape.name}, tensor.name));
  added.push_back(std::move(shape));
  if (!isAnother)
    added.push_back(std::move(slice));
  return true;
}

void Repetitions::run() {
  std::optional<int64_t> batch = exportedBatch(graph);
  if (!batch)
    return;
  llvm::StringSet<> gone;
  for (const Tensor &tensor : graph.initializers)
    if (restore(tensor, *batch))
      gone.insert(tensor.name);
  llvm::erase_if(graph.initializers, [&](auto &tensor) { return gone.contains(tensor.name); });
  llvm::append_range(graph.initializers, added);
  llvm::append_range(restoration.further, added);
  llvm::append_range(restoration.front, nodes);
  graph.nodes.insert(graph.nodes.begin(), nodes.begin(), nodes.end());
}

void restoreRepeated(Model &model, const ExportRecord &record, Restoration &restoration) {
  Repetitions(model, record, restoration).run();
}

} // namespace dsc::onnx
