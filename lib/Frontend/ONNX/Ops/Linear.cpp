//===- Linear.cpp - Matrix products and convolutions ----------------------===//

#include "../Window.h"
#include "Products.h"

using namespace mlir;

namespace dsc::onnx {

/// Batch dimensions of a matrix product broadcast; the product itself has no
/// broadcast dimensions, so a shared matrix stays one gemm of all rows.
Value matmul(NodeImport &n, Value a, Value b) {
  int64_t rankA = rankOf(a), rankB = rankOf(b);
  if (shapeOf(a)[rankA - 1] != shapeOf(b)[rankB - 2])
    return {};
  if (rankB == 2)
    return n.make<train::DotOp>(a, b, llvm::ArrayRef<int64_t>(), llvm::ArrayRef<int64_t>(),
                                llvm::ArrayRef<int64_t>{rankA - 1}, llvm::ArrayRef<int64_t>{0});
  auto batch = broadcastShapes(shapeOf(a).drop_back(2), shapeOf(b).drop_back(2));
  if (!batch)
    return {};
  auto withBatch = [&](Value x) {
    Shape shape(*batch);
    llvm::append_range(shape, shapeOf(x).take_back(2));
    return n.broadcast(x, shape);
  };
  auto rank = static_cast<int64_t>(batch->size());
  Shape dims = iotaShape(rank);
  return n.make<train::DotOp>(withBatch(a), withBatch(b), dims, dims,
                              llvm::ArrayRef<int64_t>{rank + 1}, llvm::ArrayRef<int64_t>{rank});
}

Value applyMatrix(NodeImport &n, Value matrix, Value x, int64_t axis) {
  llvm::ArrayRef<int64_t> none;
  Value y = n.make<train::DotOp>(x, matrix, none, none, llvm::ArrayRef<int64_t>{axis},
                                 llvm::ArrayRef<int64_t>{1});
  Shape permutation = iotaShape(rankOf(x));
  permutation.pop_back();
  permutation.insert(permutation.begin() + axis, rankOf(x) - 1);
  return n.transpose(y, permutation);
}

/// A vector on the left is a row, on the right a column; that dimension goes away.
static LogicalResult importMatMul(NodeImport &n) {
  Value a = n.input(0), b = n.input(1);
  if (rankOf(a) == 0 || rankOf(b) == 0 || elementOf(a) != elementOf(b))
    return n.set(0, {});
  bool row = rankOf(a) == 1, column = rankOf(b) == 1;
  if (row)
    a = n.reshape(a, {1, shapeOf(a)[0]});
  if (column)
    b = n.reshape(b, {shapeOf(b)[0], 1});
  Value product = matmul(n, a, b);
  if (!product)
    return n.set(0, {});
  Shape shape(shapeOf(product));
  if (column)
    shape.pop_back();
  if (row)
    shape.erase(shape.end() - (column ? 1 : 2));
  return n.set(0, n.reshape(product, shape));
}

/// alpha A' B' + beta C.
static LogicalResult importGemm(NodeImport &n) {
  if (failed(n.expectRank(0, 2, 2)) || failed(n.expectRank(1, 2, 2)))
    return failure();
  Value a = n.input(0), b = n.input(1);
  int64_t contractA = n.integer("transA", 0) ? 0 : 1, contractB = n.integer("transB", 0) ? 1 : 0;
  if (shapeOf(a)[contractA] != shapeOf(b)[contractB] || elementOf(a) != elementOf(b))
    return n.set(0, {});
  llvm::ArrayRef<int64_t> none;
  Value y = n.make<train::DotOp>(a, b, none, none, llvm::ArrayRef<int64_t>{contractA},
                                 llvm::ArrayRef<int64_t>{contractB});
  double alpha = n.number("alpha", 1), beta = n.number("beta", 1);
  if (alpha != 1)
    y = n.mul(y, alpha);
  if (!n.has(2) || beta == 0)
    return n.set(0, y);
  Value c = beta == 1 ? n.input(2) : n.mul(n.input(2), beta);
  Value sum = n.binary<train::AddOp>(y, c);
  return n.set(0, sum && shapeOf(sum) == shapeOf(y) ? sum : Value());
}

/// Adds a bias per channel (dimension 1).
static Value addBias(NodeImport &n, Value y, unsigned input) {
  if (!n.has(input))
    return y;
  Value bias = n.input(input);
  if (rankOf(bias) != 1 || shapeOf(bias)[0] != shapeOf(y)[1] || elementOf(bias) != elementOf(y))
    return {};
  return n.make<train::AddOp>(y, n.broadcastAlong(bias, {1}, shapeOf(y)));
}

static LogicalResult importConv(NodeImport &n) {
  if (failed(n.expectRank(0, 3)) || failed(n.expectRank(1, 3)) || failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0), w = n.input(1);
  int64_t groups = n.integer("group", 1);
  if (rankOf(w) != rankOf(x) || elementOf(w) != elementOf(x) || groups < 1 ||
      shapeOf(w)[0] % groups != 0 || shapeOf(x)[1] != shapeOf(w)[1] * groups)
    return n.set(0, {});
  auto window = readWindow(n, shapeOf(x).drop_front(2), shapeOf(w).drop_front(2));
  if (failed(window))
    return failure();
  Shape shape{shapeOf(x)[0], shapeOf(w)[0]};
  llvm::append_range(shape, window->result);
  Value y = n.make<train::ConvOp>(RankedTensorType::get(shape, elementOf(x)), x, w, window->strides,
                                  window->low, window->high, window->dilations, groups);
  return n.set(0, addBias(n, y, 2));
}

/// A transposed convolution is the gradient of a convolution's input.
static LogicalResult importConvTranspose(NodeImport &n) {
  if (failed(n.expectRank(0, 3)) || failed(n.expectRank(1, 3)) || failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0), w = n.input(1);
  int64_t groups = n.integer("group", 1);
  if (rankOf(w) != rankOf(x) || elementOf(w) != elementOf(x) || groups < 1 ||
      shapeOf(x)[1] != shapeOf(w)[0] || shapeOf(x)[1] % groups != 0)
    return n.set(0, {});
  auto window = readTransposedWindow(n, shapeOf(x).drop_front(2), shapeOf(w).drop_front(2));
  if (failed(window))
    return failure();
  Shape shape{shapeOf(x)[0], shapeOf(w)[1] * groups};
  llvm::append_range(shape, window->result);
  Value y = n.make<train::ConvInputGradOp>(RankedTensorType::get(shape, elementOf(x)), x, w,
                                           window->strides, window->low, window->high,
                                           window->dilations, groups);
  return n.set(0, addBias(n, y, 2));
}

void populateLinear(Registry &registry) {
  registry.add("Conv", 1, inputs(2, 3), importConv).weightInputs({1, 2});
  registry.add("ConvTranspose", 1, inputs(2, 3), importConvTranspose).weightInputs({1, 2});
  registry.add("Gemm", 1, inputs(2, 3), importGemm).weightInputs({1, 2}).ignores({"broadcast"});
  registry.add("MatMul", 1, inputs(2), importMatMul).weightInputs({1});
}

} // namespace dsc::onnx
