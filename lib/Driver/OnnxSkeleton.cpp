//===- OnnxSkeleton.cpp - A model without the data of its variables -------===//

#include "lib/Driver/OnnxSkeleton.h"

#include "llvm/ADT/StringMap.h"

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include <map>
#include <vector>

using namespace dsc;

namespace {
// Field numbers of onnx.proto.
constexpr uint32_t kModelGraph = 7;
constexpr uint32_t kGraphNode = 1, kGraphInitializer = 5, kGraphValueInfo = 13;
constexpr uint32_t kValueName = 1, kValueMetadata = 4, kMetadataKey = 1, kMetadataText = 2;
constexpr uint32_t kNodeInput = 1, kNodeOutput = 2, kNodeName = 3, kNodeType = 4,
                   kNodeAttribute = 5;
constexpr uint32_t kAttributeName = 1, kAttributeFloat = 2, kAttributeType = 20;
constexpr uint32_t kTensorDims = 1, kTensorType = 2, kTensorName = 8, kTensorData = 9;
constexpr uint32_t kTensorExternal = 13, kTensorLocation = 14;
} // namespace

/// Calls `replace` for every field; it returns true if it has written the field,
/// else the field is copied as it stands.
template <typename Replace>
static std::string rewrite(protozero::data_view message, Replace replace) {
  std::string out;
  protozero::pbf_reader reader(message);
  const char *begin = message.data();
  while (reader.next()) {
    protozero::pbf_reader field = reader;
    reader.skip();
    const char *end = reader.data().data();
    if (!replace(field, out)) {
      out.append(begin, end);
    }
    begin = end;
  }
  return out;
}

static std::string tensorName(protozero::data_view tensor) {
  protozero::pbf_reader reader(tensor);
  return reader.next(kTensorName) ? reader.get_string() : std::string();
}

namespace {
class SkeletonWriter {
public:
  SkeletonWriter(const onnx::Model &model, const llvm::StringSet<> &variables,
                 const onnx::Restoration &restoration)
      : variables(variables), further(restoration.further), recorded(restoration.recorded),
        front(restoration.front) {
    for (const onnx::Tensor &tensor : model.graph.initializers) {
      if (tensor.external) {
        external[tensor.name] = tensor.data;
      }
    }
    for (const onnx::Restoration::Renamed &renamed : restoration.inputs) {
      inputs[renamed.node][renamed.input] = renamed.name.str();
    }
    for (const onnx::Restoration::Copied &copy : restoration.copies) {
      copies[copy.node].push_back(&copy);
    }
    for (const onnx::Restoration::Followed &node : restoration.followed) {
      followed[node.node] = &node.next;
    }
    for (const onnx::Restoration::Duplicate &duplicate : restoration.duplicates) {
      duplicates[duplicate.source.str()].push_back(duplicate.name.str());
    }
  }

  std::string graph(protozero::data_view bytes);

private:
  void initializer(protozero::data_view tensor, std::string &out) const;
  std::string added(const onnx::Tensor &tensor) const;
  void addRecords(std::string &out) const;
  std::string renamed(protozero::data_view tensor, const std::string &name) const;
  std::string node(protozero::data_view bytes, const std::map<size_t, std::string> &names) const;
  void addNode(protozero::data_view bytes, size_t index, std::string &out) const;

  const llvm::StringSet<> &variables;
  const std::vector<onnx::Tensor> &further;
  const std::vector<onnx::ValueInfo> &recorded;
  const std::vector<onnx::Node> &front;
  std::map<size_t, std::map<size_t, std::string>> inputs;                  // by node, by input
  std::map<size_t, std::vector<const onnx::Restoration::Copied *>> copies; // by node
  std::map<size_t, const onnx::Node *> followed;                           // by node
  std::map<std::string, std::vector<std::string>> duplicates;
  llvm::StringMap<llvm::StringRef> external; // data of other files, by initializer
};
} // namespace

/// The tensor under that name; of a variable, type and dims only. Data of another file
/// takes the place of where it lies.
std::string SkeletonWriter::renamed(protozero::data_view tensor, const std::string &name) const {
  bool isVariable = variables.contains(name);
  auto found = external.find(tensorName(tensor));
  bool isOutside = found != external.end();
  std::string result = rewrite(tensor, [&](protozero::pbf_reader &field, std::string &out) {
    if (field.tag() == kTensorName) {
      protozero::pbf_writer(out).add_string(kTensorName, name);
      return true;
    }
    bool isPlace = field.tag() == kTensorExternal || field.tag() == kTensorLocation;
    bool isShape = field.tag() == kTensorDims || field.tag() == kTensorType;
    return isVariable ? !isShape : isOutside && isPlace;
  });
  if (isOutside && !isVariable) {
    protozero::pbf_writer(result).add_bytes(kTensorData, found->second.data(),
                                            found->second.size());
  }
  return result;
}

/// An initializer that the model has not; of a variable, type and dims only.
std::string SkeletonWriter::added(const onnx::Tensor &tensor) const {
  std::string out;
  protozero::pbf_writer writer(out);
  for (int64_t dim : tensor.dims) {
    writer.add_int64(kTensorDims, dim);
  }
  writer.add_int32(kTensorType, static_cast<int32_t>(tensor.type));
  writer.add_string(kTensorName, tensor.name.str());
  if (!variables.contains(tensor.name)) {
    writer.add_bytes(kTensorData, tensor.data.str());
  }
  return out;
}

/// A node that the file has not; its attributes are numbers.
static void addFurther(const onnx::Node &further, std::string &out) {
  protozero::pbf_writer graph(out), node(graph, kGraphNode);
  for (llvm::StringRef input : further.inputs) {
    node.add_string(kNodeInput, input.str());
  }
  for (llvm::StringRef output : further.outputs) {
    node.add_string(kNodeOutput, output.str());
  }
  node.add_string(kNodeName, further.name.str());
  node.add_string(kNodeType, further.opType.str());
  for (const onnx::NodeAttribute &number : further.attributes) {
    protozero::pbf_writer attribute(node, kNodeAttribute);
    attribute.add_string(kAttributeName, number.name.str());
    attribute.add_float(kAttributeFloat, number.floats.front());
    attribute.add_int32(kAttributeType, static_cast<int32_t>(number.type));
  }
}

/// So that the file says of its new initializers what it says of the others.
void SkeletonWriter::addRecords(std::string &out) const {
  for (const onnx::ValueInfo &info : recorded) {
    protozero::pbf_writer graph(out), value(graph, kGraphValueInfo);
    value.add_string(kValueName, info.name.str());
    for (const auto &[key, text] : info.metadata) {
      protozero::pbf_writer entry(value, kValueMetadata);
      entry.add_string(kMetadataKey, key.str());
      entry.add_string(kMetadataText, text.str());
    }
  }
}

void SkeletonWriter::initializer(protozero::data_view tensor, std::string &out) const {
  std::string name = tensorName(tensor);
  if (llvm::any_of(front, [&](const onnx::Node &made) { return made.name == name; })) {
    return;
  }
  protozero::pbf_writer writer(out);
  writer.add_message(kGraphInitializer, renamed(tensor, name));
  auto found = duplicates.find(name);
  if (found == duplicates.end()) {
    return;
  }
  for (const std::string &duplicate : found->second) {
    writer.add_message(kGraphInitializer, renamed(tensor, duplicate));
  }
}

std::string SkeletonWriter::node(protozero::data_view bytes,
                                 const std::map<size_t, std::string> &names) const {
  size_t index = 0;
  std::string node = rewrite(bytes, [&](protozero::pbf_reader &field, std::string &out) {
    auto found = field.tag() == kNodeInput ? names.find(index++) : names.end();
    if (found == names.end()) {
      return false;
    }
    protozero::pbf_writer(out).add_string(kNodeInput, found->second);
    return true;
  });
  for (auto added = names.lower_bound(index); added != names.end(); ++added) {
    protozero::pbf_writer(node).add_string(kNodeInput, added->second);
  }
  return node;
}

/// The node with other outputs.
static std::string withOutputs(const std::string &bytes, llvm::ArrayRef<llvm::StringRef> outputs) {
  return rewrite(bytes, [&](protozero::pbf_reader &field, std::string &out) {
    if (field.tag() != kNodeOutput || outputs.empty()) {
      return false;
    }
    protozero::pbf_writer(out).add_string(kNodeOutput, outputs.front().str());
    outputs = outputs.drop_front();
    return true;
  });
}

/// The node, the one that takes its result over, and those that are copies of it.
void SkeletonWriter::addNode(protozero::data_view bytes, size_t index, std::string &out) const {
  auto found = inputs.find(index);
  std::map<size_t, std::string> names =
      found == inputs.end() ? std::map<size_t, std::string>() : found->second;
  auto next = followed.find(index);
  llvm::SmallVector<llvm::StringRef, 1> outputs;
  if (next != followed.end()) {
    outputs.push_back(next->second->inputs.front());
  }
  protozero::pbf_writer(out).add_message(kGraphNode, withOutputs(node(bytes, names), outputs));
  if (next != followed.end()) {
    addFurther(*next->second, out);
  }
  auto behind = copies.find(index);
  if (behind == copies.end()) {
    return;
  }
  for (const onnx::Restoration::Copied *copy : behind->second) {
    std::map<size_t, std::string> own = names;
    for (auto [input, name] : copy->inputs) {
      own[input] = name.str();
    }
    protozero::pbf_writer(out).add_message(kGraphNode,
                                           withOutputs(node(bytes, own), copy->outputs));
  }
}

std::string SkeletonWriter::graph(protozero::data_view bytes) {
  size_t index = 0;
  std::string graph;
  for (const onnx::Node &node : front) {
    addFurther(node, graph);
  }
  graph += rewrite(bytes, [&](protozero::pbf_reader &field, std::string &out) {
    if (field.tag() == kGraphInitializer) {
      initializer(field.get_view(), out);
      return true;
    }
    size_t node = index;
    index += field.tag() == kGraphNode;
    if (node == index || inputs.count(node) + copies.count(node) + followed.count(node) == 0) {
      return false;
    }
    addNode(field.get_view(), node, out);
    return true;
  });
  for (const onnx::Tensor &tensor : further) {
    protozero::pbf_writer(graph).add_message(kGraphInitializer, added(tensor));
  }
  addRecords(graph);
  return graph;
}

std::string dsc::makeSkeleton(const onnx::Model &model, const llvm::StringSet<> &variables,
                              const onnx::Restoration &restoration) {
  SkeletonWriter writer(model, variables, restoration);
  llvm::StringRef file = model.files.front()->getBuffer();
  return rewrite({file.data(), file.size()}, [&](protozero::pbf_reader &field, std::string &out) {
    if (field.tag() != kModelGraph) {
      return false;
    }
    protozero::pbf_writer(out).add_message(kModelGraph, writer.graph(field.get_view()));
    return true;
  });
}
