//===- Linear.cpp - Matrix products, determinants, convolutions -----------===//

#include "../Window.h"
#include "Indices.h"
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

/// One step of an elimination over the rows that are `open`, [B, n]: of those the one
/// with the largest element in column `step` is the pivot's. Multiplies `product` by the
/// pivot and the sign of bringing its row to the front, and takes the row from the rest.
static void eliminate(NodeImport &n, int64_t step, Value &matrix, Value &open, Value &product) {
  int64_t batch = shapeOf(matrix)[0], size = shapeOf(matrix)[1];
  Shape rows{batch, size}, one{1};
  Value column = n.reshape(n.slice(matrix, 2, step, 1), rows);
  Value candidates = n.select(open, n.make<train::AbsOp>(column), n.like(column, -1));
  auto indexType = RankedTensorType::get({batch}, n.b.getI64Type());
  Value pivotRow = n.broadcastAlong(n.make<train::ArgMaxOp>(indexType, candidates, 1), {0}, rows);
  Value row = iota(n, rows, 1);
  Value isPivot = n.compare(train::Comparison::EQ, row, pivotRow), zero = n.like(column, 0);
  Value before = n.make<train::AndOp>(open, n.compare(train::Comparison::LT, row, pivotRow));
  // Each open row before the pivot's is one exchange.
  Value signs = n.select(before, n.like(column, -1), n.like(column, 1));
  Value pivot = n.reduce<train::ReduceSumOp>(n.select(isPivot, column, zero), one, false);
  product = n.make<train::MulOp>(
      product, n.make<train::MulOp>(pivot, n.reshape(productAlong(n, signs, 1), {batch})));
  open = n.make<train::AndOp>(open, n.make<train::NotOp>(isPivot));
  // A pivot of 0 has only zeros below it, which need no division.
  Value isZero = n.compare(train::Comparison::EQ, pivot, n.like(pivot, 0));
  Value divisor = n.broadcastAlong(n.select(isZero, n.like(pivot, 1), pivot), {0}, rows);
  Value factor = n.select(open, n.make<train::DivOp>(column, divisor), zero);
  Value wideIsPivot = n.broadcastAlong(isPivot, {0, 1}, shapeOf(matrix));
  Value line =
      n.reduce<train::ReduceSumOp>(n.select(wideIsPivot, matrix, n.like(matrix, 0)), one, false);
  Value taken = n.make<train::MulOp>(n.broadcastAlong(factor, {0, 1}, shapeOf(matrix)),
                                     n.broadcastAlong(line, {0, 2}, shapeOf(matrix)));
  matrix = n.make<train::SubOp>(matrix, taken);
}

/// The determinants of the last two dimensions, by elimination with pivots.
static LogicalResult importDet(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 2)))
    return failure();
  Value x = n.input(0);
  int64_t size = shapeOf(x).back();
  constexpr int64_t mostSteps = 64; // They are unrolled.
  if (shapeOf(x)[rankOf(x) - 2] != size)
    return n.set(0, {});
  if (size > mostSteps)
    return n.fail("a determinant of " + llvm::Twine(size) + " rows is not supported; at most " +
                  llvm::Twine(mostSteps));
  Shape shape(shapeOf(x).drop_back(2));
  auto batch = productOf(shape);
  Value matrix = n.reshape(x, {*batch, size, size});
  Value open = n.splat(RankedTensorType::get({*batch, size}, n.b.getI1Type()), 1);
  Value product = n.splat(RankedTensorType::get({*batch}, elementOf(x)), 1);
  for (int64_t step = 0; step < size; ++step)
    eliminate(n, step, matrix, open, product);
  return n.set(0, n.reshape(product, shape));
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
  registry.add("Det", 11, inputs(1), importDet);
  registry.add("Gemm", 1, inputs(2, 3), importGemm).weightInputs({1, 2}).ignores({"broadcast"});
  registry.add("MatMul", 1, inputs(2), importMatMul).weightInputs({1});
}

} // namespace dsc::onnx
