//===- Tensor.cpp - Tensors that the compiler computes with ---------------===//

#include "dsc/Evaluation/Tensor.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dsc;

Tensor::Tensor(RankedTensorType type) : type(type) {
  auto count = static_cast<size_t>(type.getNumElements());
  if (isFloat()) {
    floats.assign(count, 0.0);
  } else {
    ints.assign(count, 0);
  }
}

Tensor Tensor::scalar(Type elementType, double value) {
  Tensor tensor(RankedTensorType::get({}, elementType));
  tensor.setNumber(0, value);
  return tensor;
}

/// Whether bits of the type are a number without a sign; of booleans they are.
static bool isUnsigned(IntegerType type) { return type.isUnsigned() || type.getWidth() == 1; }

/// The integer of `bits` as an element of `type` reads it.
static int64_t toInt(IntegerType type, const APInt &bits) {
  return isUnsigned(type) ? static_cast<int64_t>(bits.getZExtValue()) : bits.getSExtValue();
}

static double toDouble(float value) { return static_cast<double>(value); }
static double toDouble(const APFloat &value) { return value.convertToDouble(); }

template <typename T> static LogicalResult readFloats(ElementsAttr from, std::vector<double> &to) {
  auto values = from.tryGetValues<T>();
  if (!values) {
    return failure();
  }
  llvm::transform(*values, to.begin(), [](const T &value) { return toDouble(value); });
  return success();
}

FailureOr<Tensor> Tensor::fromAttribute(ElementsAttr attribute) {
  Tensor tensor(cast<RankedTensorType>(attribute.getShapedType()));
  if (tensor.isFloat()) {
    bool isF32 = tensor.type.getElementType().isF32(); // the usual one, and a long way for APFloat
    LogicalResult read = isF32 ? readFloats<float>(attribute, tensor.floats)
                               : readFloats<APFloat>(attribute, tensor.floats);
    if (failed(read)) {
      return failure();
    }
    return tensor;
  }
  auto type = dyn_cast<IntegerType>(tensor.type.getElementType());
  auto values = attribute.tryGetValues<APInt>();
  if (!type || !values) {
    return failure();
  }
  for (auto [to, value] : llvm::zip_equal(tensor.ints, *values)) {
    to = toInt(type, value);
  }
  return tensor;
}

void Tensor::setNumber(size_t i, double value) {
  if (isFloat()) {
    floats[i] = value;
  } else {
    ints[i] = static_cast<int64_t>(value);
  }
}

void Tensor::copyElement(size_t i, const Tensor &from, size_t j) {
  if (isFloat()) {
    floats[i] = from.floats[j];
  } else {
    ints[i] = from.ints[j];
  }
}

/// Row by row of the last dimension.
template <typename T>
static void copyElements(std::vector<T> &to, const std::vector<T> &from, ArrayRef<int64_t> shape,
                         size_t start, ArrayRef<int64_t> strides) {
  size_t last = shape.empty() ? 1 : static_cast<size_t>(shape.back()), next = 0;
  auto step = static_cast<size_t>(strides.empty() ? 0 : strides.back());
  ArrayRef<int64_t> outer = shape.empty() ? shape : shape.drop_back();
  forEachIndex(outer, [&](ArrayRef<int64_t> index) {
    size_t at = start + positionOf(index, strides.take_front(outer.size()));
    for (size_t i = 0; i < last; ++i, at += step) {
      to[next++] = from[at];
    }
  });
}

void Tensor::copyStrided(const Tensor &from, size_t start, ArrayRef<int64_t> strides) {
  if (isFloat()) {
    return copyElements(floats, from.floats, shape(), start, strides);
  }
  copyElements(ints, from.ints, shape(), start, strides);
}

double dsc::roundToFloatType(FloatType type, double value) {
  if (type.isF64()) {
    return value;
  }
  if (type.isF32()) {
    return static_cast<double>(static_cast<float>(value));
  }
  APFloat rounded(value);
  bool losesInfo = false;
  rounded.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
  return rounded.convertToDouble();
}

void Tensor::wrapIntegers() {
  auto integer = dyn_cast<IntegerType>(type.getElementType());
  if (!integer || integer.getWidth() >= 64) {
    return;
  }
  unsigned unused = 64 - integer.getWidth();
  bool hasNoSign = isUnsigned(integer);
  for (int64_t &value : ints) {
    uint64_t high = static_cast<uint64_t>(value) << unused;
    value = hasNoSign ? static_cast<int64_t>(high >> unused) : static_cast<int64_t>(high) >> unused;
  }
}

void Tensor::roundToType() {
  wrapIntegers();
  auto floatType = dyn_cast<FloatType>(type.getElementType());
  if (!floatType || floatType.isF64()) {
    return;
  }
  bool isF32 = floatType.isF32();
  for (double &value : floats) {
    value =
        isF32 ? static_cast<double>(static_cast<float>(value)) : roundToFloatType(floatType, value);
  }
}

SmallVector<int64_t> dsc::stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t dim = shape.size(); dim-- > 1;) {
    strides[dim - 1] = strides[dim] * shape[dim];
  }
  return strides;
}

int64_t dsc::countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape) {
    count *= size;
  }
  return count;
}

void dsc::forEachIndex(ArrayRef<int64_t> shape, llvm::function_ref<void(ArrayRef<int64_t>)> visit) {
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t left = countElements(shape); left > 0; --left) {
    visit(index);
    for (size_t dim = shape.size(); dim-- > 0 && ++index[dim] == shape[dim];) {
      index[dim] = 0;
    }
  }
}

size_t dsc::positionOf(ArrayRef<int64_t> index, ArrayRef<int64_t> strides) {
  int64_t position = 0;
  for (auto [i, stride] : llvm::zip_equal(index, strides)) {
    position += i * stride;
  }
  return static_cast<size_t>(position);
}
