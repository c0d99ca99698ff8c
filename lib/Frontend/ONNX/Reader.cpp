//===- Reader.cpp - ModelProto to Model -----------------------------------===//
//
// One function per protobuf message, each a switch over its fields. Fields that no
// part of the compiler asks for (documentation, training info, device
// configurations) are skipped without being decoded.
//
//===----------------------------------------------------------------------===//

#include "dsc/Frontend/ONNX/Reader.h"
#include "ExternalData.h"
#include "TensorReader.h"
#include "Wire.h"
#include "dsc/Support/RegularFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <protozero/exception.hpp>
#include <sys/mman.h>
#include <unistd.h>

namespace dsc::onnx {

namespace {

/// Graphs and types nest by attributes and sequences; a file can nest them as deep
/// as it is long, and reading is recursive.
constexpr unsigned maxDepth = 64;

/// Empty messages are two bytes in the file and hundreds in memory, so their number
/// needs a limit of its own.
constexpr size_t maxMessages = 4'000'000;

class ModelReader {
public:
  explicit ModelReader(Model &model) : model(model) {}

  void readModel(Wire wire);

private:
  Graph readGraph(Wire wire);
  Node readNode(Wire wire);
  NodeAttribute readAttribute(Wire wire);
  void readAttributeField(Wire &wire, NodeAttribute &attribute);
  ValueInfo readValueInfo(Wire wire);
  std::pair<llvm::StringRef, llvm::StringRef> readMetadata(Wire wire);
  TypeInfo readType(Wire wire);
  TypeInfo readTensorType(Wire wire);
  std::vector<Dim> readShape(Wire wire);
  Dim readDim(Wire wire);
  Function readFunction(Wire wire);
  OpsetImport readOpset(Wire wire);
  Wire enter(llvm::StringRef bytes);

  struct Nesting {
    explicit Nesting(unsigned &depth) : depth(depth) {
      if (++depth > maxDepth)
        throw ReadError("graphs or types nest deeper than " + std::to_string(maxDepth));
    }
    ~Nesting() { --depth; }
    unsigned &depth;
  };

  Model &model;
  unsigned depth = 0;
  size_t messages = 0;
};

} // namespace

Wire ModelReader::enter(llvm::StringRef bytes) {
  if (++messages > maxMessages)
    throw ReadError("more than " + std::to_string(maxMessages) + " nodes, attributes and tensors");
  return Wire(bytes);
}

void ModelReader::readModel(Wire wire) {
  bool hasGraph = false;
  while (wire.next()) {
    switch (wire.field()) {
    case 1:
      model.irVersion = wire.integer();
      break;
    case 2:
      model.producer = wire.bytes();
      break;
    case 3:
      model.producerVersion = wire.bytes();
      break;
    case 7:
      if (std::exchange(hasGraph, true))
        throw ReadError("it has two graphs");
      model.graph = readGraph(enter(wire.bytes()));
      break;
    case 8:
      model.opsets.push_back(readOpset(enter(wire.bytes())));
      break;
    case 25:
      model.functions.push_back(readFunction(enter(wire.bytes())));
      break;
    default:
      wire.skip();
    }
  }
  if (!hasGraph)
    throw ReadError("it has no graph");
}

Graph ModelReader::readGraph(Wire wire) {
  Nesting nesting(depth);
  Graph graph;
  while (wire.next()) {
    switch (wire.field()) {
    case 1:
      graph.nodes.push_back(readNode(enter(wire.bytes())));
      break;
    case 2:
      graph.name = wire.bytes();
      break;
    case 5:
      graph.initializers.push_back(readTensor(enter(wire.bytes()), model));
      break;
    case 11:
      graph.inputs.push_back(readValueInfo(enter(wire.bytes())));
      break;
    case 12:
      graph.outputs.push_back(readValueInfo(enter(wire.bytes())));
      break;
    case 13:
      graph.valueInfo.push_back(readValueInfo(enter(wire.bytes())));
      break;
    case 16:
      graph.metadata.push_back(readMetadata(enter(wire.bytes())));
      break;
    case 15:
      throw ReadError("it has sparse initializers, which are not supported; store them dense");
    default:
      wire.skip();
    }
  }
  return graph;
}

Node ModelReader::readNode(Wire wire) {
  Node node;
  while (wire.next()) {
    switch (wire.field()) {
    case 1:
      node.inputs.push_back(wire.bytes());
      break;
    case 2:
      node.outputs.push_back(wire.bytes());
      break;
    case 3:
      node.name = wire.bytes();
      break;
    case 4:
      node.opType = wire.bytes();
      break;
    case 5:
      node.attributes.push_back(readAttribute(enter(wire.bytes())));
      break;
    case 7:
      node.domain = wire.bytes();
      break;
    case 8:
      node.overload = wire.bytes();
      break;
    case 9: {
      auto [key, value] = readMetadata(enter(wire.bytes()));
      if (key == "pkg.torch.onnx.fx_node")
        node.origin = value;
      else if (key == "pkg.torch.onnx.name_scopes")
        node.scopes = value;
      break;
    }
    default:
      wire.skip();
    }
  }
  return node;
}

/// Files older than the `type` field say what an attribute is by what it has.
static AttributeType inferType(const NodeAttribute &attribute) {
  if (!attribute.tensors.empty())
    return AttributeType::Tensor;
  if (!attribute.graphs.empty())
    return AttributeType::Graph;
  if (!attribute.strings.empty())
    return AttributeType::String;
  if (!attribute.floats.empty())
    return AttributeType::Float;
  return attribute.ints.empty() ? AttributeType::Undefined : AttributeType::Int;
}

/// proto3 writers leave out a single value that is zero; here it always has one.
static void supplyDefault(NodeAttribute &attribute) {
  if (!attribute.reference.empty())
    return;
  if (attribute.type == AttributeType::Float && attribute.floats.empty())
    attribute.floats.push_back(0);
  if (attribute.type == AttributeType::Int && attribute.ints.empty())
    attribute.ints.push_back(0);
  if (attribute.type == AttributeType::String && attribute.strings.empty())
    attribute.strings.push_back({});
  if ((attribute.type == AttributeType::Tensor && attribute.tensors.empty()) ||
      (attribute.type == AttributeType::Graph && attribute.graphs.empty()))
    throw ReadError("attribute '" + attribute.name.str() + "' has no value");
}

NodeAttribute ModelReader::readAttribute(Wire wire) {
  NodeAttribute attribute;
  while (wire.next())
    readAttributeField(wire, attribute);
  if (attribute.type == AttributeType::Undefined)
    attribute.type = inferType(attribute);
  supplyDefault(attribute);
  return attribute;
}

void ModelReader::readAttributeField(Wire &wire, NodeAttribute &attribute) {
  switch (wire.field()) {
  case 1:
    attribute.name = wire.bytes();
    return;
  case 2:
    return attribute.floats.push_back(wire.floating());
  case 3:
    return attribute.ints.push_back(wire.integer());
  case 4:
  case 9:
    return attribute.strings.push_back(wire.bytes());
  case 5:
  case 10:
    return attribute.tensors.push_back(readTensor(enter(wire.bytes()), model));
  case 6:
  case 11:
    return attribute.graphs.push_back(readGraph(enter(wire.bytes())));
  case 7:
    return wire.floats(attribute.floats);
  case 8:
    return wire.integers(attribute.ints);
  case 20:
    attribute.type = static_cast<AttributeType>(wire.integer());
    return;
  case 21:
    attribute.reference = wire.bytes();
    return;
  default: // Sparse tensors and types: the type field still says so to the importer.
    return wire.skip();
  }
}

ValueInfo ModelReader::readValueInfo(Wire wire) {
  ValueInfo info;
  while (wire.next()) {
    if (wire.field() == 1)
      info.name = wire.bytes();
    else if (wire.field() == 2)
      info.type = readType(enter(wire.bytes()));
    else if (wire.field() == 4)
      info.metadata.push_back(readMetadata(enter(wire.bytes())));
    else
      wire.skip();
  }
  return info;
}

std::pair<llvm::StringRef, llvm::StringRef> ModelReader::readMetadata(Wire wire) {
  std::pair<llvm::StringRef, llvm::StringRef> entry;
  while (wire.next()) {
    if (wire.field() == 1)
      entry.first = wire.bytes();
    else if (wire.field() == 2)
      entry.second = wire.bytes();
    else
      wire.skip();
  }
  return entry;
}

TypeInfo ModelReader::readType(Wire wire) {
  TypeInfo type;
  while (wire.next()) {
    switch (wire.field()) {
    case 1:
      type = readTensorType(Wire(wire.bytes()));
      break;
    case 4:
      type.kind = TypeInfo::Kind::Sequence;
      wire.skip();
      break;
    case 9:
      type.kind = TypeInfo::Kind::Optional;
      wire.skip();
      break;
    case 5:
    case 7:
    case 8:
      type.kind = TypeInfo::Kind::Other;
      wire.skip();
      break;
    default:
      wire.skip();
    }
  }
  return type;
}

TypeInfo ModelReader::readTensorType(Wire wire) {
  TypeInfo type;
  type.kind = TypeInfo::Kind::Tensor;
  while (wire.next()) {
    if (wire.field() == 1)
      type.elementType = static_cast<DataType>(wire.integer());
    else if (wire.field() == 2)
      type.shape = readShape(Wire(wire.bytes()));
    else
      wire.skip();
  }
  return type;
}

std::vector<Dim> ModelReader::readShape(Wire wire) {
  std::vector<Dim> shape;
  while (wire.next()) {
    if (wire.field() == 1)
      shape.push_back(readDim(enter(wire.bytes())));
    else
      wire.skip();
  }
  return shape;
}

Dim ModelReader::readDim(Wire wire) {
  Dim dim;
  while (wire.next()) {
    if (wire.field() == 1)
      dim.size = wire.integer();
    else if (wire.field() == 2)
      dim.symbol = wire.bytes();
    else
      wire.skip();
  }
  if (dim.size && *dim.size < 0) // Some exporters write -1 for "unknown".
    dim.size.reset();
  return dim;
}

Function ModelReader::readFunction(Wire wire) {
  Function function;
  while (wire.next()) {
    switch (wire.field()) {
    case 1:
      function.name = wire.bytes();
      break;
    case 4:
      function.inputs.push_back(wire.bytes());
      break;
    case 5:
      function.outputs.push_back(wire.bytes());
      break;
    case 6:
      function.attributes.push_back(wire.bytes());
      break;
    case 7:
      function.nodes.push_back(readNode(enter(wire.bytes())));
      break;
    case 9:
      function.opsets.push_back(readOpset(enter(wire.bytes())));
      break;
    case 10:
      function.domain = wire.bytes();
      break;
    case 11:
      function.defaults.push_back(readAttribute(enter(wire.bytes())));
      break;
    case 13:
      function.overload = wire.bytes();
      break;
    default:
      wire.skip();
    }
  }
  return function;
}

OpsetImport ModelReader::readOpset(Wire wire) {
  OpsetImport import;
  while (wire.next()) {
    if (wire.field() == 1)
      import.domain = wire.bytes();
    else if (wire.field() == 2)
      import.version = wire.integer();
    else
      wire.skip();
  }
  return import;
}

static void checkVersion(const Model &model) {
  if (model.irVersion > newestIRVersion)
    throw ReadError("it has IR version " + std::to_string(model.irVersion) +
                    ", newer than the newest known, " + std::to_string(newestIRVersion) +
                    "; export it with an older opset");
  if (model.irVersion < 1)
    throw ReadError("it has no IR version");
}

/// Text at the start of the file is the likeliest reason of all why it cannot be
/// read; a git-lfs pointer and an HTML error page are the likeliest texts.
static std::string explain(llvm::StringRef bytes, llvm::StringRef what) {
  if (bytes.empty())
    return "the file is empty";
  auto isText = [](char c) {
    return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t';
  };
  llvm::StringRef head = bytes.take_front(64);
  if (head.starts_with("version https://git-lfs"))
    return "not an ONNX model but a git-lfs pointer; run `git lfs pull`";
  if (std::all_of(head.begin(), head.end(), isText))
    return "not an ONNX model: the file contains text";
  return "not a readable ONNX model (truncated or corrupt?): " + what.str();
}

static llvm::Error failure(const Model &model, const llvm::Twine &what) {
  return llvm::createStringError(std::errc::invalid_argument, "%s: %s", model.path.c_str(),
                                 what.str().c_str());
}

llvm::Expected<std::unique_ptr<Model>> readModel(std::unique_ptr<llvm::MemoryBuffer> buffer,
                                                 llvm::StringRef directory,
                                                 const ReadOptions &options) {
  auto model = std::make_unique<Model>();
  model->path = buffer->getBufferIdentifier().str();
  model->files.push_back(std::move(buffer));
  llvm::StringRef bytes = model->files.front()->getBuffer();
  try {
    ModelReader(*model).readModel(Wire(bytes));
    checkVersion(*model);
  } catch (const std::bad_alloc &) {
    return failure(*model, "out of memory while reading the model");
  } catch (const std::exception &error) { // ReadError and protozero's own.
    return failure(*model, explain(bytes, error.what()));
  }
  try {
    mapExternalData(*model, directory, options);
  } catch (const ReadError &error) {
    return failure(*model, error.what());
  }
  return model;
}

/// A kernel maps many pages around each one that is read; what the structure did not need is given
/// back, and comes again from the file when a weight is read.
static void releasePages(const llvm::MemoryBuffer &file) {
  if (file.getBufferKind() != llvm::MemoryBuffer::MemoryBuffer_MMap)
    return; // a small file is copied, and would be lost
  auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto begin = reinterpret_cast<uintptr_t>(file.getBufferStart()) / page * page;
  auto end = reinterpret_cast<uintptr_t>(file.getBufferEnd());
  madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
}

llvm::Expected<std::unique_ptr<Model>> readModel(llvm::StringRef path, const ReadOptions &options) {
  auto buffer = readRegularFile(path);
  if (!buffer)
    return buffer.takeError();
  llvm::StringRef directory = llvm::sys::path::parent_path(path);
  const llvm::MemoryBuffer &file = **buffer;
  auto model = readModel(std::move(*buffer), directory.empty() ? "." : directory, options);
  if (model)
    releasePages(file);
  return model;
}

llvm::Expected<Tensor> readTensor(llvm::StringRef path, Model &model) {
  auto buffer = readRegularFile(path);
  if (!buffer)
    return buffer.takeError();
  model.files.push_back(std::move(*buffer));
  try {
    Tensor tensor = readTensor(Wire(model.files.back()->getBuffer()), model);
    if (tensor.type == DataType::Undefined || tensor.external)
      throw ReadError("the file holds no tensor");
    return tensor;
  } catch (const std::exception &error) { // ReadError and protozero's own.
    return llvm::createStringError(std::errc::invalid_argument, "%s: %s", path.str().c_str(),
                                   error.what());
  }
}

} // namespace dsc::onnx
