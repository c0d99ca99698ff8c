//===- Model.cpp - Small questions about an ONNX model --------------------===//

#include "dsc/Frontend/ONNX/Model.h"

#include "llvm/ADT/ArrayRef.h"

namespace dsc::onnx {

namespace {
struct DataTypeFacts {
  const char *name;
  unsigned bits;
};
} // namespace

// Indexed by DataType.
static constexpr DataTypeFacts dataTypes[] = {
    {"UNDEFINED", 0},      {"FLOAT", 32},       {"UINT8", 8},          {"INT8", 8},
    {"UINT16", 16},        {"INT16", 16},       {"INT32", 32},         {"INT64", 64},
    {"STRING", 0},         {"BOOL", 8},         {"FLOAT16", 16},       {"DOUBLE", 64},
    {"UINT32", 32},        {"UINT64", 64},      {"COMPLEX64", 64},     {"COMPLEX128", 128},
    {"BFLOAT16", 16},      {"FLOAT8E4M3FN", 8}, {"FLOAT8E4M3FNUZ", 8}, {"FLOAT8E5M2", 8},
    {"FLOAT8E5M2FNUZ", 8}, {"UINT4", 4},        {"INT4", 4},           {"FLOAT4E2M1", 4},
    {"FLOAT8E8M0", 8},     {"UINT2", 2},        {"INT2", 2},           {"FLOAT6E2M3", 6},
    {"FLOAT6E3M2", 6},
};

static const DataTypeFacts &facts(DataType type) {
  auto index = static_cast<size_t>(static_cast<int32_t>(type));
  return dataTypes[index < std::size(dataTypes) ? index : 0];
}

llvm::StringRef dataTypeName(DataType type) { return facts(type).name; }

unsigned dataTypeBits(DataType type) { return facts(type).bits; }

bool isFloat(DataType type) {
  return llvm::is_contained(
      {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16}, type);
}

const NodeAttribute *Node::attribute(llvm::StringRef wanted) const {
  for (const NodeAttribute &candidate : attributes)
    if (candidate.name == wanted)
      return &candidate;
  return nullptr;
}

Node makeNode(llvm::StringRef type, std::vector<llvm::StringRef> inputs, llvm::StringRef result) {
  Node node;
  node.name = result;
  node.opType = type;
  node.inputs = std::move(inputs);
  node.outputs = {result};
  return node;
}

bool isDefaultDomain(llvm::StringRef domain) { return domain.empty() || domain == "ai.onnx"; }

const Function *Model::functionOf(const Node &node) const {
  for (const Function &function : functions)
    if (function.name == node.opType && function.domain == node.domain &&
        function.overload == node.overload)
      return &function;
  return nullptr;
}

int64_t Model::defaultOpset() const {
  for (const OpsetImport &import : opsets)
    if (isDefaultDomain(import.domain))
      return import.version;
  return 0;
}

} // namespace dsc::onnx
