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

static Shape spatialDims(Value x) {
  Shape dims = iotaShape(rankOf(x));
  return Shape(dims.begin() + 2, dims.end());
}

/// Places in planes as places in the whole tensor; `columns`: within each plane
/// counted along the first spatial dimension.
static Value indicesInTensor(NodeImport &n, Value index, llvm::ArrayRef<int64_t> input,
                             bool columns) {
  Shape sizes(input.begin() + 2, input.end());
  auto plane = static_cast<double>(*productOf(sizes));
  Value place = n.convert(index, n.b.getI64Type()), result = place;
  if (columns) {
    result = n.like(place, 0);
    for (size_t d = sizes.size(); d-- > 0;) {
      auto size = static_cast<double>(sizes[d]);
      Value digit = n.make<train::RemOp>(place, n.like(place, size));
      place = n.make<train::DivOp>(place, n.like(place, size));
      auto stride = static_cast<double>(*productOf(llvm::ArrayRef(sizes).take_front(d)));
      result = n.make<train::AddOp>(result, n.mul(digit, stride));
    }
  }
  auto type = tensorType(result);
  Value sample = n.make<train::IotaOp>(type, 0), channel = n.make<train::IotaOp>(type, 1);
  Value planes = n.make<train::AddOp>(n.mul(sample, static_cast<double>(input[1])), channel);
  return n.make<train::AddOp>(result, n.mul(planes, plane));
}

static LogicalResult importMaxPool(NodeImport &n) {
  if (failed(n.expectRank(0, 3)))
    return failure();
  Type own = elementOf(n.input(0));
  bool isFloating = isFloat(n.input(0));
  if (!isFloating && own.getIntOrFloatBitWidth() > 16)
    return n.fail("pooling of wide integers is not supported");
  // Narrow integers are numbers of f32 too.
  Value x = isFloating ? n.input(0) : n.convert(n.input(0), n.b.getF32Type());
  auto kernel = kernelShape(n);
  if (failed(kernel))
    return failure();
  auto window = readWindow(n, shapeOf(x).drop_front(2), *kernel);
  if (failed(window))
    return failure();
  RankedTensorType type = pooledType(x, *window);
  Type indexType = RankedTensorType::get(type.getShape(), n.b.getI32Type());
  auto pool = train::MaxPoolOp::create(n.b, n.loc, type, indexType, x, *kernel, window->strides,
                                       window->low, window->high, window->dilations);
  if (n.isUsed(1) && failed(n.set(1, indicesInTensor(n, pool.getIndex(), shapeOf(x),
                                                     n.integer("storage_order", 0) != 0))))
    return failure();
  return n.set(0, n.convert(pool.getY(), own));
}

/// The p-norm of each window.
static LogicalResult importLpPool(NodeImport &n) {
  if (failed(n.expectRank(0, 3)) || failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0);
  auto kernel = kernelShape(n);
  if (failed(kernel))
    return failure();
  auto window = readWindow(n, shapeOf(x).drop_front(2), *kernel);
  if (failed(window))
    return failure();
  double p = static_cast<double>(n.integer("p", 2));
  Value magnitude = n.make<train::AbsOp>(x);
  Value power = n.make<train::PowOp>(magnitude, n.like(x, p));
  auto count = static_cast<double>(productOf(*kernel).value_or(1));
  Value mean = n.make<train::AvgPoolOp>(pooledType(x, *window), power, *kernel, window->strides,
                                        window->low, window->high, window->dilations,
                                        /*countPadding=*/true);
  Value sum = n.mul(mean, count);
  return n.set(0, n.make<train::PowOp>(sum, n.like(sum, 1 / p)));
}

/// The p-norm of all spatial dimensions.
static LogicalResult importGlobalLpPool(NodeImport &n) {
  if (failed(n.expectRank(0, 3)) || failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0);
  double p = static_cast<double>(n.integer("p", 2));
  Value power = n.make<train::PowOp>(n.make<train::AbsOp>(x), n.like(x, p));
  Value sum = n.reduce<train::ReduceSumOp>(power, spatialDims(x), /*keepDims=*/true);
  return n.set(0, n.make<train::PowOp>(sum, n.like(sum, 1 / p)));
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
  registry.add("AveragePool", 1, inputs(1), importAveragePool);
  registry.add("GlobalAveragePool", 1, inputs(1), importGlobalAveragePool);
  registry.add("GlobalMaxPool", 1, inputs(1), importGlobalMaxPool);
  registry.add("GlobalLpPool", 2, inputs(1), importGlobalLpPool);
  registry.add("LpPool", 2, inputs(1), importLpPool);
  registry.add("MaxPool", 1, inputs(1), importMaxPool).ignores({"storage_order"});
}

} // namespace dsc::onnx
