//===- TensorReader.cpp - TensorProto to Tensor ---------------------------===//
//
// Floats and doubles are views already; integers are varints on the wire and have
// to be decoded, which costs at most eight times the bytes they have in the file.
//
//===----------------------------------------------------------------------===//

#include "TensorReader.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <bit>
#include <cstring>

static_assert(std::endian::native == std::endian::little,
              "tensor data is used in place, as little-endian elements");

namespace dsc::onnx {

namespace {

/// Field numbers of TensorProto.
enum TensorField : uint32_t {
  Dims = 1,
  Type = 2,
  Segment = 3,
  FloatData = 4,
  Int32Data = 5,
  StringData = 6,
  Int64Data = 7,
  Name = 8,
  RawData = 9,
  DoubleData = 10,
  UInt64Data = 11,
  ExternalData = 13,
  Location = 14,
};

/// What a TensorProto holds before it is known which of its lists counts.
struct RawTensor {
  Tensor tensor;
  std::vector<llvm::StringRef> fixedChunks;
  std::vector<int64_t> integers;
  std::optional<llvm::StringRef> raw;
  ExternalLocation external;
  bool isExternal = false;
};

} // namespace

static std::string describe(const Tensor &tensor) {
  return "tensor '" + tensor.name.str() + "' (" + dataTypeName(tensor.type).str() + " [" +
         llvm::join(llvm::map_range(tensor.dims, [](int64_t d) { return std::to_string(d); }),
                    ", ") +
         "])";
}

static uint64_t parseNumber(llvm::StringRef text, llvm::StringRef what) {
  uint64_t value = 0;
  if (text.getAsInteger(10, value))
    throw ReadError("external data has the " + what.str() + " '" + text.str() +
                    "', which is not a size");
  return value;
}

static void readExternalEntry(Wire wire, ExternalLocation &location) {
  llvm::StringRef key, value;
  while (wire.next()) {
    if (wire.field() == 1)
      key = wire.bytes();
    else if (wire.field() == 2)
      value = wire.bytes();
    else
      wire.skip();
  }
  if (key == "location")
    location.file = value;
  else if (key == "offset")
    location.offset = parseNumber(value, "offset");
  else if (key == "length")
    location.length = parseNumber(value, "length");
}

static void readField(Wire &wire, RawTensor &raw) {
  Tensor &tensor = raw.tensor;
  switch (wire.field()) {
  case Dims:
    return wire.integers(tensor.dims);
  case Type:
    tensor.type = static_cast<DataType>(wire.integer());
    return;
  case Segment:
    throw ReadError("a tensor is split into segments, which is not supported");
  case FloatData:
    return raw.fixedChunks.push_back(wire.fixedBytes(4));
  case DoubleData:
    return raw.fixedChunks.push_back(wire.fixedBytes(8));
  case Int32Data:
  case Int64Data:
  case UInt64Data:
    return wire.integers(raw.integers);
  case StringData:
    return tensor.strings.push_back(wire.bytes());
  case Name:
    tensor.name = wire.bytes();
    return;
  case RawData:
    raw.raw = wire.bytes();
    return;
  case ExternalData:
    return readExternalEntry(Wire(wire.bytes()), raw.external);
  case Location:
    raw.isExternal = wire.integer() == 1;
    return;
  default:
    return wire.skip();
  }
}

static void countElements(Tensor &tensor) {
  int64_t count = 1;
  bool empty = false;
  for (int64_t dim : tensor.dims) {
    if (dim < 0)
      throw ReadError(describe(tensor) + " has a negative dimension");
    empty |= dim == 0;
    if (dim != 0 && llvm::MulOverflow(count, dim, count))
      throw ReadError(describe(tensor) + " has more elements than can be counted");
  }
  tensor.numElements = empty ? 0 : count;
}

uint64_t tensorBytes(const Tensor &tensor) {
  unsigned bits = dataTypeBits(tensor.type);
  if (bits == 0)
    throw ReadError(describe(tensor) + " has a type that has no bytes");
  auto count = static_cast<uint64_t>(tensor.numElements);
  if (count > (UINT64_MAX - 7) / bits)
    throw ReadError(describe(tensor) + " is larger than any memory");
  return (count * bits + 7) / 8;
}

static llvm::StringRef keep(std::string bytes, Model &model) {
  model.decoded.push_back(std::move(bytes));
  return model.decoded.back();
}

/// The elements of a fixed-size list: a view of the file where they are in one piece.
static llvm::StringRef joinChunks(const std::vector<llvm::StringRef> &chunks, Model &model) {
  if (chunks.size() == 1)
    return chunks.front();
  return keep(llvm::join(chunks, ""), model);
}

/// Decoded varints, narrowed to the element's size. Sub-byte types keep one packed
/// byte per list element, as ONNX defines for int32_data. Types wider than a varint
/// have no integer list: theirs come out too short, which the size check reports.
static llvm::StringRef narrowIntegers(const RawTensor &raw, Model &model) {
  size_t elementBytes = std::clamp(dataTypeBits(raw.tensor.type) / 8, 1u, 8u);
  std::string bytes;
  bytes.reserve(raw.integers.size() * elementBytes);
  for (int64_t value : raw.integers)
    bytes.append(reinterpret_cast<const char *>(&value), elementBytes);
  return keep(std::move(bytes), model);
}

static void checkStrings(const Tensor &tensor) {
  if (tensor.strings.size() != static_cast<uint64_t>(tensor.numElements))
    throw ReadError(describe(tensor) + " has " + std::to_string(tensor.strings.size()) +
                    " strings");
}

static Tensor finish(RawTensor &raw, Model &model) {
  Tensor &tensor = raw.tensor;
  countElements(tensor);
  if (tensor.type == DataType::String) {
    checkStrings(tensor);
    return std::move(tensor);
  }
  uint64_t expected = tensorBytes(tensor);
  if (raw.isExternal) {
    tensor.external = raw.external;
    return std::move(tensor);
  }
  if (raw.raw)
    tensor.data = *raw.raw;
  else if (!raw.fixedChunks.empty())
    tensor.data = joinChunks(raw.fixedChunks, model);
  else if (!raw.integers.empty())
    tensor.data = narrowIntegers(raw, model);
  if (tensor.data.size() != expected)
    throw ReadError(describe(tensor) + " needs " + std::to_string(expected) +
                    " bytes of data, got " + std::to_string(tensor.data.size()));
  return std::move(tensor);
}

Tensor readTensor(Wire wire, Model &model) {
  RawTensor raw;
  while (wire.next())
    readField(wire, raw);
  return finish(raw, model);
}

} // namespace dsc::onnx
