//===- Quantize.cpp - Integers that stand for floats ----------------------===//
//
// Quantized values are computed in floats, whole numbers all of them, and converted at
// the end. Where they become floats again, the way through the integers is left out: then
// gradients pass the rounding as if it were none, within the range of the integers.
//
//===----------------------------------------------------------------------===//

#include "../Window.h"
#include "Products.h"

#include <cmath>

using namespace mlir;

namespace dsc::onnx {

/// Scale or zero point spread over x: a scalar, one value per index of `axis`, or one
/// per block of `blockSize` along it. Null if it does not fit.
static Value spread(NodeImport &n, Value parameter, llvm::ArrayRef<int64_t> shape, int64_t axis,
                    int64_t blockSize) {
  if (tensorType(parameter).getNumElements() == 1)
    return n.broadcast(n.reshape(parameter, {}), shape);
  if (axis >= static_cast<int64_t>(shape.size()))
    return {};
  if (rankOf(parameter) == 1 && blockSize == 0)
    return shapeOf(parameter)[0] == shape[axis] ? n.broadcastAlong(parameter, {axis}, shape)
                                                : Value();
  if (rankOf(parameter) != static_cast<int64_t>(shape.size()) || blockSize < 1)
    return {};
  int64_t blocks = shapeOf(parameter)[axis];
  Shape wide(shapeOf(parameter)), whole(shapeOf(parameter)), dims;
  wide.insert(wide.begin() + axis + 1, blockSize);
  whole[axis] = blocks * blockSize;
  for (int64_t d = 0; d < rankOf(parameter); ++d)
    dims.push_back(d <= axis ? d : d + 1);
  if (whole[axis] < shape[axis])
    return {};
  Value repeated = n.reshape(n.broadcastAlong(parameter, dims, wide), whole);
  Value fitting = n.slice(repeated, axis, 0, shape[axis]);
  return shapeOf(fitting) == shape ? fitting : Value();
}

static std::pair<double, double> rangeOf(Type element) {
  auto bits = static_cast<int>(element.getIntOrFloatBitWidth());
  if (element.isUnsignedInteger())
    return {0, std::ldexp(1.0, bits) - 1};
  return {-std::ldexp(1.0, bits - 1), std::ldexp(1.0, bits - 1) - 1};
}

/// clip(round(x / scale) + zero, range) as floats.
static Value quantize(NodeImport &n, Value x, Value scale, Value zero, Type to) {
  auto [low, high] = rangeOf(to);
  Value y = n.make<train::RoundThroughOp>(n.make<train::DivOp>(x, scale));
  if (zero)
    y = n.make<train::AddOp>(y, zero);
  y = n.select(n.compare(train::Comparison::LT, y, n.like(y, low)), n.like(y, low), y);
  return n.select(n.compare(train::Comparison::GT, y, n.like(y, high)), n.like(y, high), y);
}

static LogicalResult importQuantizeLinear(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectFloat(1)))
    return failure();
  Value x = n.input(0);
  Type to = n.has(2) ? elementOf(n.input(2)) : n.b.getIntegerType(8, /*isSigned=*/false);
  if (!n.has(2) && n.integer("output_dtype", 0))
    to = elementType(static_cast<DataType>(n.integer("output_dtype", 0)), n.b.getContext());
  if (!to || isa<FloatType>(to))
    return n.fail("a quantized type of this kind is not supported");
  Type wide = n.b.getF32Type();
  int64_t axis = n.integer("axis", 1), block = n.integer("block_size", 0);
  axis += axis < 0 ? rankOf(x) : 0;
  Value scale = spread(n, n.convert(n.input(1), wide), shapeOf(x), axis, block);
  Value zero = n.has(2) ? spread(n, n.convert(n.input(2), wide), shapeOf(x), axis, block) : Value();
  if (!scale || (n.has(2) && !zero) || axis < 0)
    return n.set(0, {});
  Value y = quantize(n, n.convert(x, wide), scale, zero, to);
  return n.set(0, n.convert(y, to));
}

/// The whole numbers that `quantize` made and that were converted to x; null if x is
/// anything else.
static Value quantizedFloats(Value x) {
  auto convert = x.getDefiningOp<train::ConvertOp>();
  auto above = convert ? convert.getX().getDefiningOp<train::SelectOp>() : nullptr;
  auto below = above ? above.getB().getDefiningOp<train::SelectOp>() : nullptr;
  if (!below)
    return {};
  Value rounded = below.getB();
  if (auto shifted = rounded.getDefiningOp<train::AddOp>())
    rounded = shifted.getA();
  return rounded.getDefiningOp<train::RoundThroughOp>() ? convert.getX() : Value();
}

static LogicalResult importDequantizeLinear(NodeImport &n) {
  if (failed(n.expectFloat(1)))
    return failure();
  Value x = n.input(0);
  Type to = elementOf(n.input(1)), wide = n.b.getF32Type();
  if (int64_t given = n.integer("output_dtype", 0))
    to = elementType(static_cast<DataType>(given), n.b.getContext());
  int64_t axis = n.integer("axis", 1), block = n.integer("block_size", 0);
  axis += axis < 0 ? rankOf(x) : 0;
  Value scale = spread(n, n.convert(n.input(1), wide), shapeOf(x), axis, block);
  Value zero = n.has(2) ? spread(n, n.convert(n.input(2), wide), shapeOf(x), axis, block) : Value();
  if (!scale || (n.has(2) && !zero) || !to || isFloat(x))
    return n.set(0, {});
  Value quantized = quantizedFloats(x), y = n.convert(quantized ? quantized : x, wide);
  if (zero)
    y = n.make<train::SubOp>(y, zero);
  return n.set(0, n.convert(n.make<train::MulOp>(y, scale), to));
}

/// Scale and zero point from the range of x, which always holds 0.
static LogicalResult importDynamicQuantizeLinear(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0);
  Type to = n.b.getIntegerType(8, /*isSigned=*/false);
  Shape dims = iotaShape(rankOf(x));
  Value most = n.reduce<train::ReduceMaxOp>(x, dims, false);
  Value least = n.reduce<train::ReduceMinOp>(x, dims, false);
  most = n.make<train::MaxOp>(most, n.like(most, 0));
  least = n.make<train::MinOp>(least, n.like(least, 0));
  Value scale = n.make<train::DivOp>(n.make<train::SubOp>(most, least), n.like(most, 255));
  Value zero = n.make<train::NegOp>(n.make<train::DivOp>(least, scale));
  zero = n.make<train::MaxOp>(zero, n.like(zero, 0));
  zero = n.make<train::RoundOp>(n.make<train::MinOp>(zero, n.like(zero, 255)));
  Value y = quantize(n, x, n.broadcast(scale, shapeOf(x)), n.broadcast(zero, shapeOf(x)), to);
  if (failed(n.set(1, scale)) || failed(n.set(2, n.convert(zero, to))))
    return failure();
  return n.set(0, n.convert(y, to));
}

/// x - zero in the element type given; the zero point is a scalar or lies along `axis`.
static Value centered(NodeImport &n, unsigned input, unsigned zeroInput, int64_t axis,
                      Type element) {
  Value x = n.convert(n.input(input), element);
  if (!n.has(zeroInput))
    return x;
  Value zero = n.convert(n.input(zeroInput), element);
  if (tensorType(zero).getNumElements() == 1)
    return n.make<train::SubOp>(x, n.broadcast(n.reshape(zero, {}), shapeOf(x)));
  if (rankOf(zero) == rankOf(x))
    return n.binary<train::SubOp>(x, zero);
  if (rankOf(zero) != 1 || shapeOf(zero)[0] != shapeOf(x)[axis])
    return {};
  return n.make<train::SubOp>(x, n.broadcastAlong(zero, {axis}, shapeOf(x)));
}

static LogicalResult importMatMulInteger(NodeImport &n) {
  if (failed(n.expectRank(0, 2)) || failed(n.expectRank(1, 2)))
    return failure();
  Type wide = n.b.getI32Type();
  Value a = centered(n, 0, 2, rankOf(n.input(0)) - 2, wide);
  Value b = centered(n, 1, 3, rankOf(n.input(1)) - 1, wide);
  return n.set(0, a && b ? matmul(n, a, b) : Value());
}

static LogicalResult importQLinearMatMul(NodeImport &n) {
  if (failed(n.expectRank(0, 2)) || failed(n.expectRank(3, 2)))
    return failure();
  Type wide = n.b.getI32Type(), real = n.b.getF32Type(), to = elementOf(n.input(7));
  Value a = centered(n, 0, 2, rankOf(n.input(0)) - 2, wide);
  Value b = centered(n, 3, 5, rankOf(n.input(3)) - 1, wide);
  Value product = a && b ? matmul(n, a, b) : Value();
  if (!product || isa<FloatType>(to))
    return n.set(0, {});
  auto spreadLast = [&](unsigned i) {
    return spread(n, n.convert(n.input(i), real), shapeOf(product), rankOf(product) - 1, 0);
  };
  Value aScale = spreadLast(1), bScale = spreadLast(4), yScale = spreadLast(6);
  Value zero = spreadLast(7);
  if (!aScale || !bScale || !yScale || !zero)
    return n.set(0, {});
  Value y = n.make<train::MulOp>(n.convert(product, real), n.make<train::MulOp>(aScale, bScale));
  return n.set(0, n.convert(quantize(n, y, yScale, zero, to), to));
}

/// A convolution of whole numbers, exact in f32 while sums stay below 2^24.
static Value integerConv(NodeImport &n, Value x, Value w) {
  int64_t groups = n.integer("group", 1);
  if (rankOf(w) != rankOf(x) || groups < 1 || shapeOf(w)[0] % groups != 0 ||
      shapeOf(x)[1] != shapeOf(w)[1] * groups)
    return {};
  auto window = readWindow(n, shapeOf(x).drop_front(2), shapeOf(w).drop_front(2));
  if (failed(window))
    return {};
  Shape shape{shapeOf(x)[0], shapeOf(w)[0]};
  llvm::append_range(shape, window->result);
  return n.make<train::ConvOp>(RankedTensorType::get(shape, elementOf(x)), x, w, window->strides,
                               window->low, window->high, window->dilations, groups);
}

static bool sumsStayExact(Value w) {
  constexpr double largestProduct = 255.0 * 255.0;
  double terms = static_cast<double>(tensorType(w).getNumElements() / shapeOf(w)[0]);
  return terms * largestProduct < 0x1p24;
}

static LogicalResult importConvInteger(NodeImport &n) {
  if (failed(n.expectRank(0, 3)) || failed(n.expectRank(1, 3)))
    return failure();
  if (!sumsStayExact(n.input(1)))
    return n.fail("integer convolutions of so many terms are not supported");
  Type real = n.b.getF32Type();
  Value x = centered(n, 0, 2, 1, real), w = centered(n, 1, 3, 0, real);
  Value y = x && w ? integerConv(n, x, w) : Value();
  return n.set(0, y ? n.convert(y, n.b.getI32Type()) : Value());
}

static LogicalResult importQLinearConv(NodeImport &n) {
  if (failed(n.expectRank(0, 3)) || failed(n.expectRank(3, 3)))
    return failure();
  if (!sumsStayExact(n.input(3)))
    return n.fail("integer convolutions of so many terms are not supported");
  Type real = n.b.getF32Type(), to = elementOf(n.input(7));
  Value x = centered(n, 0, 2, 1, real), w = centered(n, 3, 5, 0, real);
  Value y = x && w ? integerConv(n, x, w) : Value();
  if (!y || isa<FloatType>(to))
    return n.set(0, {});
  auto perChannel = [&](unsigned i) {
    return spread(n, n.convert(n.input(i), real), shapeOf(y), 1, 0);
  };
  Value xScale = perChannel(1), wScale = perChannel(4), yScale = perChannel(6);
  Value zero = perChannel(7), bias = n.has(8) ? perChannel(8) : Value();
  if (!xScale || !wScale || !yScale || !zero || (n.has(8) && !bias))
    return n.set(0, {});
  if (bias)
    y = n.make<train::AddOp>(y, bias);
  y = n.make<train::MulOp>(y, n.make<train::MulOp>(xScale, wScale));
  return n.set(0, n.convert(quantize(n, y, yScale, zero, to), to));
}

void populateQuantize(Registry &registry) {
  registry.add("ConvInteger", 10, inputs(2, 4), importConvInteger);
  registry.add("DequantizeLinear", 10, inputs(2, 3), importDequantizeLinear);
  registry.add("DynamicQuantizeLinear", 11, inputs(1), importDynamicQuantizeLinear);
  registry.add("MatMulInteger", 10, inputs(2, 4), importMatMulInteger);
  registry.add("QLinearConv", 10, inputs(8, 9), importQLinearConv);
  registry.add("QLinearMatMul", 10, inputs(8), importQLinearMatMul);
  registry.add("QuantizeLinear", 10, inputs(2, 3), importQuantizeLinear)
      .ignores({"saturate", "precision"});
}

} // namespace dsc::onnx
