//===- Pool.cpp - Pooling over windows, and over everything ---------------===//

#include "../NodeImport.h"
#include "../Window.h"

using namespace mlir;

namespace dsc::onnx {

/// The window's sizes; the attribute must be there.
static llvm::FailureOr<Shape> kernelShape(NodeImport &n) {
  std::optional<Shape> kernel = n.integers("kernel_shape");
  if (!kernel)
    return n.fail("has no attribute 'kernel_shape'");
  return *kernel;
}

static RankedTensorType pooledType(Value x, const Window &window) {
  Shape shape(shapeOf(x).take_front(2));
  llvm::append_range(shape, window.result);
  return RankedTensorType::get(shape, elementOf(x));
}

static LogicalResult importMaxPool(NodeImport &n) {
  if (failed(n.expectRank(0, 3)) || failed(n.expectFloat(0)))
    return failure();
  if (n.isUsed(1))
    return n.fail("output 'Indices' is not supported");
  Value x = n.input(0);
  auto kernel = kernelShape(n);
  if (failed(kernel))
    return failure();
  auto window = readWindow(n, shapeOf(x).drop_front(2), *kernel);
  if (failed(window))
    return failure();
  RankedTensorType type = pooledType(x, *window);
  Type indexType = RankedTensorType::get(type.getShape(), n.b.getI32Type());
  return n.set(0, n.make<train::MaxPoolOp>(type, indexType, x, *kernel, window->strides,
                                           window->low, window->high, window->dilations));
}

/// Padding that ceil_mode adds never counts. To be told from padding that does, the
/// latter becomes zeros of the input.
static Value padExplicitly(NodeImport &n, Value x, llvm::ArrayRef<int64_t> pads, Window &window) {
  size_t spatial = window.low.size();
  Shape low(2, 0), high(2, 0), interior(2 + spatial, 0);
  llvm::append_range(low, pads.take_front(spatial));
  llvm::append_range(high, pads.drop_front(spatial));
  for (size_t d = 0; d < spatial; ++d) {
    window.low[d] -= pads[d];
    window.high[d] -= pads[spatial + d];
  }
  if (llvm::all_of(pads, [](int64_t pad) { return pad == 0; }))
    return x;
  return n.make<train::PadOp>(x, 0.0, low, high, interior);
}

static LogicalResult importAveragePool(NodeImport &n) {
  if (failed(n.expectRank(0, 3)) || failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0);
  auto kernel = kernelShape(n);
  if (failed(kernel))
    return failure();
  auto window = readWindow(n, shapeOf(x).drop_front(2), *kernel);
  if (failed(window))
    return failure();
  bool countPadding = n.integer("count_include_pad", 0) != 0;
  Shape pads = n.integers("pads").value_or(Shape(2 * kernel->size(), 0));
  bool isGrown = llvm::ArrayRef(pads).drop_front(kernel->size()) != llvm::ArrayRef(window->high);
  if (countPadding && isGrown && n.integer("ceil_mode", 0)) {
    x = padExplicitly(n, x, pads, *window);
    countPadding = false;
  }
  return n.set(0, n.make<train::AvgPoolOp>(pooledType(x, *window), x, *kernel, window->strides,
                                           window->low, window->high, window->dilations,
                                           countPadding));
}

static Shape spatialDims(Value x) {
  Shape dims = iotaShape(rankOf(x));
  return Shape(dims.begin() + 2, dims.end());
}

static LogicalResult importGlobalAveragePool(NodeImport &n) {
  if (failed(n.expectRank(0, 3)) || failed(n.expectFloat(0)))
    return failure();
  return n.set(0, n.mean(n.input(0), spatialDims(n.input(0)), /*keepDims=*/true));
}

static LogicalResult importGlobalMaxPool(NodeImport &n) {
  if (failed(n.expectRank(0, 3)) || failed(n.expectFloat(0)))
    return failure();
  return n.set(0, n.reduce<train::ReduceMaxOp>(n.input(0), spatialDims(n.input(0)), true));
}

void populatePool(Registry &registry) {
  registry.add("AveragePool", 7, inputs(1), importAveragePool);
  registry.add("GlobalAveragePool", 1, inputs(1), importGlobalAveragePool);
  registry.add("GlobalMaxPool", 1, inputs(1), importGlobalMaxPool);
  registry.add("MaxPool", 8, inputs(1), importMaxPool).ignores({"storage_order"});
}

} // namespace dsc::onnx
