//===- Model.h - An ONNX model as views into its file ----------*- C++ -*-===//
//
// The light form that the reader yields and the importer walks. Names, strings
// and tensor data are views into the mapped file (or into its external data
// files); whoever keeps a view keeps the Model that owns the mapping alive.
//
// Whichever of the many fields ONNX offers for tensor data was used, a Tensor
// presents the same thing: its elements, row-major, little-endian, in `data`.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_MODEL_H
#define DSC_FRONTEND_ONNX_MODEL_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dsc::onnx {

/// TensorProto.DataType.
enum class DataType : int32_t {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  BFloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  UInt4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  UInt2 = 25,
  Int2 = 26,
  Float6E2M3 = 27,
  Float6E3M2 = 28,
};

/// The name ONNX gives the type ("FLOAT", "INT64", …).
llvm::StringRef dataTypeName(DataType type);

/// Bits one element takes in raw data; 0 for strings and for unknown types.
unsigned dataTypeBits(DataType type);
/// Whether elements are floats that gradients may have.
bool isFloat(DataType type);

/// Where a tensor's bytes lie when they are outside the model file.
struct ExternalLocation {
  llvm::StringRef file;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

struct Tensor {
  llvm::StringRef name;
  DataType type = DataType::Undefined;
  std::vector<int64_t> dims;
  /// The product of dims (1 for a scalar); checked against the size of the data.
  int64_t numElements = 0;
  /// Elements, row-major and little-endian; unaligned. Empty for strings, and for
  /// external data that ReadOptions allowed to be absent.
  llvm::StringRef data;
  std::vector<llvm::StringRef> strings;
  std::optional<ExternalLocation> external;
};

/// One dimension of a declared shape: a size, a symbol, or neither (unknown).
struct Dim {
  std::optional<int64_t> size;
  llvm::StringRef symbol;
};

struct TypeInfo {
  enum class Kind { None, Tensor, Sequence, Optional, Other };
  Kind kind = Kind::None;
  DataType elementType = DataType::Undefined;
  /// Absent where the model does not say even the rank.
  std::optional<std::vector<Dim>> shape;
};

/// What exporters note about a value or graph, as keys and texts of their own.
using Metadata = std::vector<std::pair<llvm::StringRef, llvm::StringRef>>;

struct ValueInfo {
  llvm::StringRef name;
  TypeInfo type;
  Metadata metadata;
};

struct Graph;

/// AttributeProto.AttributeType.
enum class AttributeType : int32_t {
  Undefined = 0,
  Float = 1,
  Int = 2,
  String = 3,
  Tensor = 4,
  Graph = 5,
  Floats = 6,
  Ints = 7,
  Strings = 8,
  Tensors = 9,
  Graphs = 10,
  SparseTensor = 11,
  SparseTensors = 12,
  TypeProto = 13,
  TypeProtos = 14,
};

/// A single value is the sole element of its list: `ints[0]` of an INT attribute.
struct NodeAttribute {
  llvm::StringRef name;
  AttributeType type = AttributeType::Undefined;
  /// Inside a function: the attribute of the calling node this one stands for.
  llvm::StringRef reference;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<llvm::StringRef> strings;
  std::vector<Tensor> tensors;
  std::vector<Graph> graphs;
};

/// ai.onnx, which also has the empty name.
bool isDefaultDomain(llvm::StringRef domain);

struct Node {
  llvm::StringRef name;
  llvm::StringRef opType;
  llvm::StringRef domain;
  llvm::StringRef overload;
  /// An empty name is an optional input or output left out.
  std::vector<llvm::StringRef> inputs;
  std::vector<llvm::StringRef> outputs;
  std::vector<NodeAttribute> attributes;
  /// The operation of the module that PyTorch's dynamo exporter made the node from, as
  /// text: `%linear : ... (args = (%x, %p_a_weight, %p_a_bias), ...)`.
  llvm::StringRef origin;
  /// The modules that it stands in and the operation, outermost first, as that exporter writes
  /// them:
  /// `['', 'decoder', 'decoder.attn', 'linear_6']`.
  llvm::StringRef scopes;

  const NodeAttribute *attribute(llvm::StringRef wanted) const;
};

/// A node that is named after its only result.
Node makeNode(llvm::StringRef type, std::vector<llvm::StringRef> inputs, llvm::StringRef result);

struct Graph {
  llvm::StringRef name;
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
  std::vector<ValueInfo> valueInfo;
  Metadata metadata;
};

/// What has to be done to a graph to undo the merging and dropping of its initializers, see
/// restoreInitializers. Strings belong to the Model.
struct Restoration {
  /// A further initializer with the value of another.
  struct Duplicate {
    llvm::StringRef source, name;
  };
  struct Renamed {
    size_t node, input;
    llvm::StringRef name;
  };
  /// A further node behind another of the file, which it is but for these inputs and its outputs.
  struct Copied {
    size_t node;
    std::vector<std::pair<size_t, llvm::StringRef>> inputs;
    std::vector<llvm::StringRef> outputs;
  };
  /// A further node behind another, the first result of which is called after its first input now.
  struct Followed {
    size_t node;
    Node next;
  };
  std::vector<Duplicate> duplicates;
  std::vector<Copied> copies;
  std::vector<Followed> followed;
  /// Nodes in front of all, each of which makes what was an initializer.
  std::vector<Node> front;
  /// Further initializers: biases of zeros that the exporter dropped, what batch norms begin with,
  /// and what nodes in front need.
  std::vector<Tensor> further;
  /// What the exporter's record would say of initializers that have new names.
  std::vector<ValueInfo> recorded;
  /// What inputs of nodes are called now; one behind a node's last is added.
  std::vector<Renamed> inputs;

  bool empty() const { return inputs.empty() && front.empty() && followed.empty(); }
};

struct OpsetImport {
  llvm::StringRef domain;
  int64_t version = 0;
};

struct Function {
  llvm::StringRef name;
  llvm::StringRef domain;
  llvm::StringRef overload;
  std::vector<llvm::StringRef> inputs;
  std::vector<llvm::StringRef> outputs;
  /// Attributes a caller must give, then those that have a default.
  std::vector<llvm::StringRef> attributes;
  std::vector<NodeAttribute> defaults;
  std::vector<Node> nodes;
  std::vector<OpsetImport> opsets;
};

struct Model {
  /// What messages call the model: the path it was read from.
  std::string path;
  int64_t irVersion = 0;
  llvm::StringRef producer;
  llvm::StringRef producerVersion;
  std::vector<OpsetImport> opsets;
  Graph graph;
  std::vector<Function> functions;

  /// The imported version of the default domain ("" or "ai.onnx"); 0 if none.
  int64_t defaultOpset() const;
  /// The function of the file that the node calls; null where it calls none.
  const Function *functionOf(const Node &node) const;

  /// The files the views point into, and data that had to be decoded.
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> files;
  std::deque<std::string> decoded;
  /// What a user should know of how the file was read, or restored.
  std::vector<std::string> notes;
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_MODEL_H
