//===- MemoryImage.cpp - Tensors as they lie in a trainer's memory --------===//

#include "MemoryImage.h"

#include "llvm/ADT/APFloat.h"

#include <cstring>

using namespace mlir;
using namespace dsc;

int64_t cpucheck::elementBytes(Type elementType) {
  return std::max<int64_t>(1, elementType.getIntOrFloatBitWidth() / 8);
}

int64_t cpucheck::tensorBytes(RankedTensorType type) {
  return type.getNumElements() * elementBytes(type.getElementType());
}

static uint64_t bitsOf(FloatType type, double value) {
  llvm::APFloat number(value);
  bool losesInfo = false;
  number.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return number.bitcastToAPInt().getZExtValue();
}

static double numberOf(FloatType type, uint64_t bits) {
  llvm::APFloat number(type.getFloatSemantics(), llvm::APInt(type.getWidth(), bits));
  bool losesInfo = false;
  number.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return number.convertToDouble();
}

void cpucheck::store(const Tensor &tensor, char *memory) {
  Type element = tensor.type.getElementType();
  size_t width = static_cast<size_t>(elementBytes(element));
  for (size_t i = 0; i < tensor.size(); ++i) {
    uint64_t bits = tensor.isFloat() ? bitsOf(cast<FloatType>(element), tensor.floats[i])
                                     : static_cast<uint64_t>(tensor.ints[i]);
    std::memcpy(memory + i * width, &bits, width); // little endian
  }
}

Tensor cpucheck::load(RankedTensorType type, const char *memory) {
  Tensor tensor(type);
  Type element = type.getElementType();
  size_t width = static_cast<size_t>(elementBytes(element));
  for (size_t i = 0; i < tensor.size(); ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, memory + i * width, width);
    if (tensor.isFloat()) {
      tensor.floats[i] = numberOf(cast<FloatType>(element), bits);
    } else {
      tensor.ints[i] = static_cast<int64_t>(bits);
    }
  }
  // Sign extension; an i1 that is neither 0 nor 1 stays visible.
  if (!tensor.isFloat() && !element.isInteger(1)) {
    tensor.wrapIntegers();
  }
  return tensor;
}
