//===- Arrays.cpp - Between .npz arrays and the interpreter's tensors -----===//

#include "Arrays.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace dsc;

static std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(shape, os);
  os << ']';
  return text;
}

static llvm::Expected<Tensor> readInts(StringRef name, const NpzArray &array, Tensor tensor) {
  for (size_t i = 0; i < tensor.ints.size(); ++i) {
    tensor.ints[i] = array.getInt(static_cast<int64_t>(i));
  }
  Tensor wrapped = tensor;
  wrapped.wrapIntegers();
  if (wrapped.ints != tensor.ints) {
    return llvm::createStringError("array '" + name + "' holds values outside " +
                                   shapeText(tensor.shape()) + "'s integer type");
  }
  return tensor;
}

llvm::Expected<Tensor> dsc::toTensor(StringRef name, const NpzArray &array, RankedTensorType type) {
  if (ArrayRef<int64_t>(array.shape) != type.getShape()) {
    return llvm::createStringError("array '" + name + "' has shape " + shapeText(array.shape) +
                                   ", expected " + shapeText(type.getShape()));
  }
  Tensor tensor(type);
  if (tensor.isFloat() != (array.kind == 'f')) {
    return llvm::createStringError("array '" + name + "' has element type " + array.descr() +
                                   ", expected " + (tensor.isFloat() ? "floats" : "integers"));
  }
  if (!tensor.isFloat()) {
    return readInts(name, array, std::move(tensor));
  }
  for (size_t i = 0; i < tensor.floats.size(); ++i) {
    tensor.floats[i] = array.getFloat(static_cast<int64_t>(i));
  }
  return tensor;
}

Tensor dsc::toScalar(const NpzArray &array, MLIRContext *context) {
  Builder builder(context);
  bool isFloat = array.kind == 'f';
  Type element = isFloat ? Type(builder.getF64Type()) : Type(builder.getI64Type());
  Tensor tensor(RankedTensorType::get(array.shape, element));
  for (size_t i = 0; i < tensor.size(); ++i) {
    if (isFloat) {
      tensor.floats[i] = array.getFloat(static_cast<int64_t>(i));
    } else {
      tensor.ints[i] = array.getInt(static_cast<int64_t>(i));
    }
  }
  return tensor;
}

NpzArray dsc::toArray(const Tensor &tensor, bool f64) {
  NpzArray array;
  array.shape = SmallVector<int64_t>(tensor.shape());
  Type element = tensor.type.getElementType();
  if (tensor.isFloat()) {
    array.width = f64 || element.isF64() ? 8 : 4;
    llvm::for_each(tensor.floats, [&](double value) { array.appendFloat(value); });
    return array;
  }
  unsigned bits = element.getIntOrFloatBitWidth();
  array.kind = bits == 1 ? 'b' : element.isUnsignedInteger() ? 'u' : 'i';
  array.width = static_cast<unsigned>(llvm::PowerOf2Ceil((bits + 7) / 8));
  llvm::for_each(tensor.ints, [&](int64_t value) { array.appendInt(value); });
  return array;
}

void dsc::printTensor(llvm::raw_ostream &os, const Tensor &tensor) {
  os << tensor.type << " [";
  llvm::interleaveComma(llvm::seq<size_t>(0, tensor.size()), os, [&](size_t i) {
    if (tensor.isFloat()) {
      os << llvm::format("%.9g", tensor.floats[i]);
    } else {
      os << tensor.ints[i];
    }
  });
  os << ']';
}
