//===- Pool.cpp - Pooling over windows, and over everything ---------------===//

#include "../NodeImport.h"
#include "../Window.h"

using namespace mlir;

namespace dsc::onnx {

/// What a pooling node slides over its input, and the type that yields.
struct Pooling {
  Shape kernel;
  Window window;
  RankedTensorType type;
};

static llvm::FailureOr<Pooling> readPooling(NodeImport &n, Value x) {
  std::optional<Shape> kernel = n.integers("kernel_shape");
  if (!kernel)
    return n.fail("has no attribute 'kernel_shape'");
  auto window = readWindow(n, shapeOf(x).drop_front(2), *kernel);
  if (failed(window))
    return failure();
  Shape shape(shapeOf(x).take_front(2));
  llvm::append_range(shape, window->result);
  return Pooling{*kernel, *window, RankedTensorType::get(shape, elementOf(x))};
}

static Value averagePool(NodeImport &n, Value x, const Pooling &pooling, bool countPadding) {
  const Window &window = pooling.window;
  return n.make<train::AvgPoolOp>(pooling.type, x, pooling.kernel, window.strides, window.low,
                                  window.high, window.dilations, countPadding);
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
  auto pooling = readPooling(n, x);
  if (failed(pooling))
    return failure();
  const auto &[kernel, window, type] = *pooling;
  Type indexType = RankedTensorType::get(type.getShape(), n.b.getI32Type());
  auto pool = train::MaxPoolOp::create(n.b, n.loc, type, indexType, x, kernel, window.strides,
                                       window.low, window.high, window.dilations);
  if (n.isUsed(1) && failed(n.set(1, indicesInTensor(n, pool.getIndex(), shapeOf(x),
                                                     n.integer("storage_order", 0) != 0))))
    return failure();
  return n.set(0, n.convert(pool.getY(), own));
}

/// The p-norm of the elements whose powers `sum` adds up.
static Value powerNorm(NodeImport &n, Value x, llvm::function_ref<Value(Value)> sum) {
  auto p = static_cast<double>(n.integer("p", 2));
  Value total = sum(n.make<train::PowOp>(n.make<train::AbsOp>(x), n.like(x, p)));
  return n.make<train::PowOp>(total, n.like(total, 1 / p));
}

static LogicalResult importLpPool(NodeImport &n) {
  if (failed(n.expectRank(0, 3)) || failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0);
  auto pooling = readPooling(n, x);
  if (failed(pooling))
    return failure();
  auto count = static_cast<double>(productOf(pooling->kernel).value_or(1));
  return n.set(0, powerNorm(n, x, [&](Value power) {
                 return n.mul(averagePool(n, power, *pooling, /*countPadding=*/true), count);
               }));
}

static LogicalResult importGlobalLpPool(NodeImport &n) {
  if (failed(n.expectRank(0, 3)) || failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0);
  return n.set(0, powerNorm(n, x, [&](Value power) {
                 return n.reduce<train::ReduceSumOp>(power, spatialDims(x), /*keepDims=*/true);
               }));
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
  auto pooling = readPooling(n, x);
  if (failed(pooling))
    return failure();
  bool countPadding = n.integer("count_include_pad", 0) != 0;
  size_t spatial = pooling->kernel.size();
  Shape pads = n.integers("pads").value_or(Shape(2 * spatial, 0));
  bool isGrown = llvm::ArrayRef(pads).drop_front(spatial) != llvm::ArrayRef(pooling->window.high);
  if (countPadding && isGrown && n.integer("ceil_mode", 0)) {
    x = padExplicitly(n, x, pads, pooling->window);
    countPadding = false;
  }
  return n.set(0, averagePool(n, x, *pooling, countPadding));
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
