//===- ExportOnnx.cpp - The input model with the trained weights ----------===//
//
// The model is rewritten field by field on the wire format. An initializer
// named like a parameter or state gets its value; a node that produced one
// (RandomNormal, ConstantOfShape, a copy of a shared weight) is replaced by an
// initializer of that name; every other field is copied as it is.
//
//===----------------------------------------------------------------------===//
#include "trainer/ExportOnnx.h"

#include "trainer/Error.h"

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <set>

using namespace dsc;
using protozero::pbf_reader;
using protozero::pbf_writer;

namespace {

// Field numbers of onnx.proto.
enum ModelField { modelGraph = 7 };
enum GraphField { graphNode = 1, graphInitializer = 5 };
enum NodeField { nodeOutput = 2, nodeAttribute = 5 };
enum AttributeField { attributeTensor = 5 };
enum TensorField {
  tensorDims = 1,
  tensorType = 2,
  tensorFirstData = 4, // float_data, int32_data, string_data, int64_data
  tensorLastData = 7,
  tensorName = 8,
  tensorRaw = 9,
  tensorDoubles = 10,
  tensorUnsigned = 11,
  tensorDoc = 12,
};

constexpr uint64_t messageLimit = 0x7fffffff; // protobuf's own limit of a message

bool isDataField(uint32_t tag) {
  return (tag >= tensorFirstData && tag <= tensorLastData) || tag == tensorRaw ||
         tag == tensorDoubles || tag == tensorUnsigned;
}

/// Steps over the field the reader stands on; whether it held anything.
bool skipField(pbf_reader &reader) {
  if (reader.wire_type() == protozero::pbf_wire_type::length_delimited)
    return !reader.get_view().empty();
  reader.skip();
  return true;
}

/// Copies the field the reader stands on.
void copyField(pbf_reader &reader, pbf_writer &writer) {
  protozero::pbf_tag_type tag = reader.tag();
  switch (reader.wire_type()) {
  case protozero::pbf_wire_type::varint:
    return writer.add_uint64(tag, reader.get_uint64());
  case protozero::pbf_wire_type::fixed64:
    return writer.add_fixed64(tag, reader.get_fixed64());
  case protozero::pbf_wire_type::length_delimited:
    return writer.add_bytes(tag, reader.get_view());
  case protozero::pbf_wire_type::fixed32:
    return writer.add_fixed32(tag, reader.get_fixed32());
  default:
    failInput("the trainer's input model is damaged; compile it again");
  }
}

struct InitializerHead {
  std::string name, doc;
  int type = 0;
  int64_t elements = 1;
  bool hasData = false;
};

InitializerHead readHead(pbf_reader reader) {
  InitializerHead head;
  while (reader.next()) {
    uint32_t tag = reader.tag();
    if (tag == tensorName)
      head.name = reader.get_string();
    else if (tag == tensorDoc)
      head.doc = reader.get_string();
    else if (tag == tensorType)
      head.type = reader.get_int32();
    else if (tag == tensorDims && reader.wire_type() == protozero::pbf_wire_type::varint)
      head.elements *= reader.get_int64();
    else if (tag == tensorDims)
      for (int64_t size : reader.get_packed_int64())
        head.elements *= size;
    else
      head.hasData |= skipField(reader) && isDataField(tag);
  }
  return head;
}

/// The element type of a Constant node's value; 0 for other nodes.
int valueType(pbf_reader node) {
  while (node.next(nodeAttribute))
    for (pbf_reader attribute = node.get_message(); attribute.next(attributeTensor);)
      return readHead(attribute.get_message()).type;
  return 0;
}

/// A value by name, wherever it comes from.
struct Value {
  DscType type;
  Shape shape;
  const void *data;
};

class GraphRewriter {
public:
  explicit GraphRewriter(const Model &model) {
    for (const TensorToWrite &tensor : model.view(model.info.weights()))
      trained[tensor.name] = {tensor.type, tensor.shape, tensor.data};
  }

  /// Initializers that are not trained but whose data lies in the weights image.
  void addFrozen(const Safetensors &image) {
    for (const auto &[name, tensor] : image.tensors)
      frozen[name] = {tensor.type, tensor.shape, tensor.data};
  }

  std::string rewrite(pbf_reader graph) {
    std::string result;
    pbf_writer writer(result);
    while (graph.next())
      if (graph.tag() == graphInitializer)
        writeInitializer(graph.get_view(), writer);
      else if (graph.tag() == graphNode)
        writeNode(graph.get_view(), writer);
      else
        copyField(graph, writer);
    for (const auto &[name, value] : trained)
      if (!written.count(name))
        failInput("parameter '%s' is neither an initializer nor the result of a node of the input "
                  "model",
                  name.c_str());
    return result;
  }

private:
  void writeInitializer(protozero::data_view bytes, pbf_writer &writer) {
    InitializerHead head = readHead(pbf_reader(bytes));
    auto found = trained.find(head.name);
    if (found != trained.end())
      return writeValue(head, found->second, writer);
    if (head.hasData || head.elements == 0)
      return writer.add_bytes(graphInitializer, bytes);
    auto kept = frozen.find(head.name);
    if (kept == frozen.end())
      failInput("--export-onnx: the trainer does not hold the data of the initializer '%s'",
                head.name.c_str());
    writeValue(head, kept->second, writer);
  }

  void writeNode(protozero::data_view bytes, pbf_writer &writer) {
    std::vector<std::string> outputs;
    for (pbf_reader node(bytes); node.next(nodeOutput);)
      outputs.push_back(node.get_string());
    auto found = outputs.size() == 1 ? trained.find(outputs[0]) : trained.end();
    if (found == trained.end())
      return writer.add_bytes(graphNode, bytes);
    InitializerHead head;
    head.name = outputs[0];
    head.type = valueType(pbf_reader(bytes));
    writeValue(head, found->second, writer);
  }

  /// Values keep the element type they had in the input model.
  void writeValue(const InitializerHead &head, const Value &value, pbf_writer &writer) {
    DscType type = typeFromOnnx(head.type).value_or(value.type);
    int64_t count = numElements(value.shape);
    std::string raw(size_t(count) * typeSize(type), '\0');
    convertElements(raw.data(), type, value.data, value.type, count);
    std::string bytes;
    pbf_writer tensor(bytes);
    tensor.add_packed_int64(tensorDims, value.shape.begin(), value.shape.end());
    tensor.add_int32(tensorType, onnxType(type));
    tensor.add_string(tensorName, head.name);
    tensor.add_bytes(tensorRaw, raw);
    if (!head.doc.empty())
      tensor.add_string(tensorDoc, head.doc);
    written.insert(head.name);
    total += bytes.size();
    if (total > messageLimit)
      failInput("--export-onnx: the model is larger than 2 GiB, the limit of one .onnx file; take "
                "the weights from a checkpoint instead");
    writer.add_bytes(graphInitializer, bytes);
  }

  std::map<std::string, Value> trained, frozen;
  std::set<std::string> written;
  uint64_t total = 0;
};

std::string rewriteModel(GraphRewriter &rewriter, std::string_view bytes) {
  std::string result;
  pbf_writer writer(result);
  pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next())
    if (reader.tag() == modelGraph)
      writer.add_bytes(modelGraph, rewriter.rewrite(pbf_reader(reader.get_view())));
    else
      copyField(reader, writer);
  return result;
}

} // namespace

void dsc::requireInputModel(const Payload &payload) {
  if (payload.inputModel().empty())
    failUsage("--export-onnx: the trainer was not compiled from an .onnx file");
}

void dsc::exportOnnx(const Model &model, const Payload &payload, const std::string &path) {
  GraphRewriter rewriter(model);
  if (payload.weights())
    rewriter.addFrozen(readSafetensors(*payload.weights(), payload.weightsSource()));
  try {
    writeFile(path, rewriteModel(rewriter, payload.inputModel()));
  } catch (const protozero::exception &) {
    failInput("the trainer's input model is damaged; compile it again");
  }
}
