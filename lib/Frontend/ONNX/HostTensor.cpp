//===- HostTensor.cpp - Tensors the importer computes with ----------------===//

#include "HostTensor.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"

#include <cstring>

using namespace mlir;

namespace dsc::onnx {

Type elementType(DataType type, MLIRContext *context) {
  auto integer = [&](unsigned bits) { return IntegerType::get(context, bits); };
  auto natural = [&](unsigned bits) {
    return IntegerType::get(context, bits, IntegerType::Unsigned);
  };
  switch (type) {
  case DataType::Float:
    return Float32Type::get(context);
  case DataType::Double:
    return Float64Type::get(context);
  case DataType::Float16:
    return Float16Type::get(context);
  case DataType::BFloat16:
    return BFloat16Type::get(context);
  case DataType::Bool:
    return integer(1);
  case DataType::Int8:
    return integer(8);
  case DataType::Int16:
    return integer(16);
  case DataType::Int32:
    return integer(32);
  case DataType::Int64:
    return integer(64);
  case DataType::UInt8:
    return natural(8);
  case DataType::UInt16:
    return natural(16);
  case DataType::UInt32:
    return natural(32);
  case DataType::UInt64:
    return natural(64);
  default:
    return {};
  }
}

/// The i-th element of little-endian data, as an unsigned number of its width.
static uint64_t loadBits(llvm::StringRef data, int64_t i, unsigned bytes) {
  uint64_t bits = 0;
  std::memcpy(&bits, data.data() + i * bytes, bytes);
  return bits;
}

static double loadFloat(FloatType type, uint64_t bits) {
  APFloat number(type.getFloatSemantics(), APInt(type.getWidth(), bits));
  bool losesInfo;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
  return number.convertToDouble();
}

std::optional<HostTensor> decode(const Tensor &tensor, MLIRContext *context) {
  Type element = elementType(tensor.type, context);
  unsigned bytes = dataTypeBits(tensor.type) / 8;
  if (!element || tensor.numElements > maxHostElements ||
      tensor.data.size() != static_cast<uint64_t>(tensor.numElements) * bytes)
    return std::nullopt;
  HostTensor host(RankedTensorType::get(tensor.dims, element));
  bool isLogical = element.isInteger(1);
  for (int64_t i = 0; i < tensor.numElements; ++i) {
    uint64_t bits = loadBits(tensor.data, i, bytes);
    if (auto type = dyn_cast<FloatType>(element))
      host.floats[i] = loadFloat(type, bits);
    else
      host.ints[i] = isLogical ? bits != 0 : static_cast<int64_t>(bits);
  }
  host.wrapIntegers();
  return host;
}

static Attribute elementAttribute(const HostTensor &tensor, size_t i) {
  Type element = tensor.type.getElementType();
  if (tensor.isFloat())
    return FloatAttr::get(element, tensor.floats[i]);
  auto integer = cast<IntegerType>(element);
  return IntegerAttr::get(element, APInt(integer.getWidth(), static_cast<uint64_t>(tensor.ints[i]),
                                         /*isSigned=*/false, /*implicitTrunc=*/true));
}

/// Equality of bits, so that -0.0 and NaN keep their own.
static bool isSplat(const HostTensor &tensor) {
  if (tensor.isFloat())
    return llvm::all_of(tensor.floats, [&](double value) {
      return std::memcmp(&value, &tensor.floats.front(), sizeof(double)) == 0;
    });
  return llvm::all_equal(tensor.ints);
}

DenseElementsAttr encode(const HostTensor &tensor) {
  Type element = tensor.type.getElementType();
  if (tensor.size() > 0 && isSplat(tensor))
    return DenseElementsAttr::get(tensor.type, elementAttribute(tensor, 0));
  if (element.isF32()) {
    std::vector<float> narrow(tensor.floats.begin(), tensor.floats.end());
    return DenseElementsAttr::get(tensor.type, llvm::ArrayRef<float>(narrow));
  }
  if (element.isF64())
    return DenseElementsAttr::get(tensor.type, llvm::ArrayRef<double>(tensor.floats));
  if (element.isSignlessInteger(64))
    return DenseElementsAttr::get(tensor.type, llvm::ArrayRef<int64_t>(tensor.ints));
  std::vector<Attribute> elements;
  elements.reserve(tensor.size());
  for (size_t i = 0; i < tensor.size(); ++i)
    elements.push_back(elementAttribute(tensor, i));
  return DenseElementsAttr::get(tensor.type, elements);
}

} // namespace dsc::onnx
