//===- TensorBuilder.cpp - Train ops with ONNX's shape rules --------------===//

#include "TensorBuilder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <numeric>

using namespace mlir;

namespace dsc::onnx {

std::string describe(Value value) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (int64_t size : shapeOf(value))
    stream << size << 'x';
  stream << elementOf(value);
  return text;
}

std::optional<Shape> broadcastShapes(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  Shape shape(a);
  size_t offset = a.size() - b.size();
  for (size_t i = 0; i < b.size(); ++i) {
    int64_t &size = shape[offset + i];
    if (size == 1)
      size = b[i];
    else if (b[i] != 1 && b[i] != size)
      return std::nullopt;
  }
  return shape;
}

Shape iotaShape(int64_t n) {
  Shape shape(n);
  std::iota(shape.begin(), shape.end(), 0);
  return shape;
}

std::optional<int64_t> productOf(llvm::ArrayRef<int64_t> shape) {
  int64_t product = 1;
  bool empty = llvm::is_contained(shape, 0);
  for (int64_t size : shape)
    if (size < 0 || (size != 0 && llvm::MulOverflow(product, size, product)))
      return std::nullopt;
  return empty ? 0 : product;
}

std::string findUnaddressable(RankedTensorType type) {
  constexpr int64_t addressSpace = int64_t{1} << 47;
  std::optional<int64_t> elements = productOf(type.getShape());
  int64_t bytes = train::getTensorBytes(type.clone(llvm::ArrayRef<int64_t>())); // of an element
  if (elements && *elements <= addressSpace / bytes)
    return "";
  std::string sizes = llvm::join(llvm::map_range(type.getShape(), llvm::itostr), "x");
  return "a tensor of " + sizes + " elements is larger than any memory";
}

Value TensorBuilder::splat(RankedTensorType type, double value) {
  Type element = type.getElementType();
  Attribute attribute;
  if (isa<FloatType>(element))
    attribute = b.getFloatAttr(element, value);
  else
    attribute = IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(),
                                                static_cast<uint64_t>(static_cast<int64_t>(value)),
                                                /*isSigned=*/false, /*implicitTrunc=*/true));
  return train::ConstantOp::create(b, loc, DenseElementsAttr::get(type, attribute));
}

Value TensorBuilder::ints(llvm::ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, b.getI64Type());
  return train::ConstantOp::create(b, loc, DenseElementsAttr::get(type, values));
}

Value TensorBuilder::compare(train::Comparison relation, Value x, Value y) {
  auto shape = broadcastShapes(shapeOf(x), shapeOf(y));
  if (!shape || elementOf(x) != elementOf(y))
    return {};
  return make<train::CompareOp>(relation, broadcast(x, *shape), broadcast(y, *shape));
}

Value TensorBuilder::select(Value predicate, Value x, Value y) {
  auto values = broadcastShapes(shapeOf(x), shapeOf(y));
  auto shape = values ? broadcastShapes(shapeOf(predicate), *values) : std::nullopt;
  if (!shape || elementOf(x) != elementOf(y) || !isBool(predicate))
    return {};
  Value a = broadcast(x, *shape);
  return make<train::SelectOp>(a.getType(), broadcast(predicate, *shape), a, broadcast(y, *shape));
}

Value TensorBuilder::broadcast(Value x, llvm::ArrayRef<int64_t> shape) {
  int64_t offset = static_cast<int64_t>(shape.size()) - rankOf(x);
  Shape dims = iotaShape(rankOf(x));
  for (int64_t &dim : dims)
    dim += offset;
  return broadcastAlong(x, dims, shape);
}

Value TensorBuilder::broadcastAlong(Value x, llvm::ArrayRef<int64_t> dims,
                                    llvm::ArrayRef<int64_t> shape) {
  if (shapeOf(x) == shape)
    return x;
  return make<train::BroadcastOp>(RankedTensorType::get(shape, elementOf(x)), x, dims);
}

Value TensorBuilder::reshape(Value x, llvm::ArrayRef<int64_t> shape) {
  if (shapeOf(x) == shape)
    return x;
  return make<train::ReshapeOp>(RankedTensorType::get(shape, elementOf(x)), x);
}

Value TensorBuilder::transpose(Value x, llvm::ArrayRef<int64_t> permutation) {
  if (llvm::is_sorted(permutation))
    return x;
  return make<train::TransposeOp>(x, permutation);
}

Value TensorBuilder::transposeLast(Value x) {
  Shape permutation = iotaShape(rankOf(x));
  std::swap(permutation[permutation.size() - 1], permutation[permutation.size() - 2]);
  return make<train::TransposeOp>(x, permutation);
}

Value TensorBuilder::slice(Value x, int64_t dim, int64_t start, int64_t size, int64_t stride) {
  if (size == shapeOf(x)[dim] && start == 0 && stride == 1)
    return x;
  Shape starts(rankOf(x), 0), strides(rankOf(x), 1), shape(shapeOf(x));
  starts[dim] = start;
  strides[dim] = stride;
  shape[dim] = size;
  return make<train::SliceOp>(RankedTensorType::get(shape, elementOf(x)), x, starts, strides);
}

Value TensorBuilder::convert(Value x, Type element) {
  if (elementOf(x) == element)
    return x;
  return make<train::ConvertOp>(RankedTensorType::get(shapeOf(x), element), x);
}

Shape TensorBuilder::keptShape(Value x, llvm::ArrayRef<int64_t> dims) {
  Shape shape(shapeOf(x));
  for (int64_t dim : dims)
    shape[dim] = 1;
  return shape;
}

Value TensorBuilder::mean(Value x, llvm::ArrayRef<int64_t> dims, bool keepDims) {
  double count = 1;
  for (int64_t dim : dims)
    count *= static_cast<double>(shapeOf(x)[dim]);
  Value sum = reduce<train::ReduceSumOp>(x, dims, keepDims);
  if (isFloat(x))
    return mul(sum, 1 / count);
  return make<train::DivOp>(sum, like(sum, count));
}

} // namespace dsc::onnx
