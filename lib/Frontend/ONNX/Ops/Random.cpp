//===- Random.cpp - Dropout, and weights made by random nodes -------------===//

#include "../NodeImport.h"

#include "llvm/Support/xxhash.h"

#include <algorithm>
#include <numbers>

using namespace mlir;

namespace dsc::onnx {

//===----------------------------------------------------------------------===//
// Dropout
//===----------------------------------------------------------------------===//

static llvm::FailureOr<double> dropoutRatio(NodeImport &n) {
  if (n.opset < 12)
    return n.number("ratio", 0.5);
  if (!n.has(1))
    return 0.5;
  return n.number(1, "ratio");
}

static Value scalar(NodeImport &n, llvm::StringRef name) {
  auto type = RankedTensorType::get({}, n.b.getI64Type());
  return n.make<train::ScalarOp>(type, n.b.getStringAttr(name), FlatSymbolRefAttr());
}

/// y and the mask of what was kept; both are wanted rarely, so then the mask is
/// drawn by itself and applied.
static LogicalResult dropWithMask(NodeImport &n, Value x, double ratio) {
  auto zero = n.splat(RankedTensorType::get({}, n.b.getI64Type()), 0);
  Value drawn = n.make<train::UniformOp>(x.getType(), scalar(n, "seed"), scalar(n, "step"), zero,
                                         n.nextStream());
  Value mask = n.compare(train::Comparison::GE, drawn, n.like(drawn, ratio));
  Value y = n.select(mask, n.mul(x, 1 / (1 - ratio)), n.like(x, 0));
  if (failed(n.set(1, mask)))
    return failure();
  return n.set(0, y);
}

/// The exporter's training_mode says how the model was exported; --dropout says what
/// is wanted now.
static llvm::FailureOr<bool> isActive(NodeImport &n) {
  if (!n.options().asWritten)
    return n.options().dropout;
  if (n.opset < 12 || !n.has(2))
    return false;
  auto mode = n.number(2, "training_mode");
  if (failed(mode))
    return failure();
  return *mode != 0;
}

static LogicalResult importDropout(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0);
  auto ratio = dropoutRatio(n);
  if (failed(ratio))
    return failure();
  if (!(*ratio >= 0 && *ratio < 1))
    return n.fail("a ratio of " + std::to_string(*ratio) + " is not in [0, 1)");
  auto active = isActive(n);
  if (failed(active))
    return failure();
  if (*ratio == 0 || !*active) {
    Value mask =
        n.isUsed(1) ? n.splat(RankedTensorType::get(shapeOf(x), n.b.getI1Type()), 1) : Value();
    if (mask && failed(n.set(1, mask)))
      return failure();
    return n.set(0, x);
  }
  if (n.isUsed(1))
    return dropWithMask(n, x, *ratio);
  auto zero = n.splat(RankedTensorType::get({}, n.b.getI64Type()), 0);
  return n.set(0, n.make<train::DropoutOp>(x.getType(), x, scalar(n, "seed"), scalar(n, "step"),
                                           zero, n.b.getF64FloatAttr(*ratio),
                                           n.b.getI64IntegerAttr(n.nextStream())));
}

//===----------------------------------------------------------------------===//
// Initial weights
//===----------------------------------------------------------------------===//

/// The type a generating node's attributes say.
static llvm::FailureOr<RankedTensorType> generatedType(NodeImport &n) {
  Shape shape = n.integers("shape").value_or(Shape());
  auto type = static_cast<DataType>(n.integer("dtype", static_cast<int64_t>(DataType::Float)));
  Type element = elementType(type, n.b.getContext());
  if (!element || !isa<FloatType>(element) || !productOf(shape))
    return n.fail("its attributes 'shape' and 'dtype' do not say a float tensor");
  return RankedTensorType::get(shape, element);
}

/// Files without a seed still give the same weights each time: by the node's name.
static int64_t seedOf(NodeImport &n) {
  if (const NodeAttribute *seed = n.attribute("seed"); seed && !seed->floats.empty()) {
    float value = seed->floats.front();
    return static_cast<int64_t>(std::clamp(value, -9e18F, 9e18F));
  }
  return static_cast<int64_t>(llvm::xxh3_64bits(n.node.outputs.front()) >> 1);
}

static FloatAttr f64(NodeImport &n, llvm::StringRef name, double absent) {
  return n.b.getF64FloatAttr(n.number(name, absent));
}

static LogicalResult importRandomNormal(NodeImport &n) {
  auto type = generatedType(n);
  if (failed(type))
    return failure();
  auto init =
      train::NormalAttr::get(n.b.getContext(), f64(n, "mean", 0), f64(n, "scale", 1), seedOf(n));
  return n.setInitialized(*type, init, "made by RandomNormal");
}

static LogicalResult importRandomUniform(NodeImport &n) {
  auto type = generatedType(n);
  if (failed(type))
    return failure();
  auto init =
      train::UniformInitAttr::get(n.b.getContext(), f64(n, "low", 0), f64(n, "high", 1), seedOf(n));
  return n.setInitialized(*type, init, "made by RandomUniform");
}

//===----------------------------------------------------------------------===//
// Numbers drawn in each step
//===----------------------------------------------------------------------===//

/// Uniform in [0, 1): by seed, step and node, as in dropout; a `seed` of the file does
/// not matter.
static Value uniform(NodeImport &n, llvm::ArrayRef<int64_t> shape) {
  auto zero = n.splat(RankedTensorType::get({}, n.b.getI64Type()), 0);
  return n.make<train::UniformOp>(RankedTensorType::get(shape, n.b.getF32Type()), scalar(n, "seed"),
                                  scalar(n, "step"), zero, n.nextStream());
}

/// By Box and Muller: sqrt(-2 log(1 - u)) cos(2 pi v).
static Value normal(NodeImport &n, llvm::ArrayRef<int64_t> shape) {
  Value u = uniform(n, shape), v = uniform(n, shape);
  Value logarithm = n.make<train::Log1pOp>(n.make<train::NegOp>(u));
  Value radius = n.make<train::SqrtOp>(n.mul(logarithm, -2));
  return n.make<train::MulOp>(radius, n.make<train::CosOp>(n.mul(v, 2 * std::numbers::pi)));
}

/// The type that attribute `dtype` names, or `absent`; null with an error.
static Type typeAttribute(NodeImport &n, Type absent) {
  if (!n.hasAttribute("dtype"))
    return absent;
  return elementType(static_cast<DataType>(n.integer("dtype", 0)), n.b.getContext());
}

static LogicalResult importRandomUniformLike(NodeImport &n) {
  Type type = typeAttribute(n, elementOf(n.input(0)));
  if (!type || !isa<FloatType>(type))
    return n.fail("random numbers of this type are not supported");
  double low = n.number("low", 0), high = n.number("high", 1);
  Value y = n.add(n.mul(uniform(n, shapeOf(n.input(0))), high - low), low);
  return n.set(0, n.convert(y, type));
}

static LogicalResult importRandomNormalLike(NodeImport &n) {
  Type type = typeAttribute(n, elementOf(n.input(0)));
  if (!type || !isa<FloatType>(type))
    return n.fail("random numbers of this type are not supported");
  Value y = n.mul(normal(n, shapeOf(n.input(0))), n.number("scale", 1));
  return n.set(0, n.convert(n.add(y, n.number("mean", 0)), type));
}

/// 1 with the probability that the input is.
static LogicalResult importBernoulli(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  Type type = typeAttribute(n, elementOf(n.input(0)));
  if (!type)
    return n.fail("attribute 'dtype' names a type that is not supported");
  Value p = n.convert(n.input(0), n.b.getF32Type());
  Value y = n.compare(train::Comparison::LT, uniform(n, shapeOf(p)), p);
  return n.set(0, n.convert(y, type));
}

/// Classes drawn with the probabilities whose logarithms the input has, up to a constant
/// per row: [B, samples]. Noise of Gumbel's distribution is added, and the largest wins.
static LogicalResult importMultinomial(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 2, 2)))
    return failure();
  Value logits = n.convert(n.input(0), n.b.getF32Type());
  int64_t batch = shapeOf(logits)[0], classes = shapeOf(logits)[1];
  int64_t samples = n.integer("sample_size", 1);
  Type type = typeAttribute(n, n.b.getI32Type());
  Shape drawn{batch, samples}, shape{batch, samples, classes};
  if (samples < 1 || classes < 1 || !productOf(shape) || !type || isa<FloatType>(type))
    return n.fail("expected at least one class and one sample, of an integer type");
  auto logarithm = [&](Value x) { return n.make<train::LogOp>(x); };
  auto minus = [&](Value x) { return n.make<train::NegOp>(x); };
  Value noise = minus(logarithm(minus(logarithm(uniform(n, shape)))));
  Value scores = n.make<train::AddOp>(n.broadcastAlong(logits, {0, 2}, shape), noise);
  auto indexType = RankedTensorType::get(drawn, n.b.getI64Type());
  return n.set(0, n.convert(n.make<train::ArgMaxOp>(indexType, scores, 2), type));
}

void populateRandom(Registry &registry) {
  registry.add("Bernoulli", 15, inputs(1), importBernoulli).ignores({"seed"});
  registry.add("Dropout", 1, inputs(1, 3), importDropout)
      .ignores({"seed", "ratio", "is_test", "consumed_inputs"});
  registry.add("Multinomial", 7, inputs(1), importMultinomial).ignores({"seed"});
  registry.add("RandomNormal", 1, inputs(0), importRandomNormal);
  registry.add("RandomNormalLike", 1, inputs(1), importRandomNormalLike).ignores({"seed"});
  registry.add("RandomUniform", 1, inputs(0), importRandomUniform);
  registry.add("RandomUniformLike", 1, inputs(1), importRandomUniformLike).ignores({"seed"});
}

} // namespace dsc::onnx
