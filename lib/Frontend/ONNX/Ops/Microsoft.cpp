//===- Microsoft.cpp - Synonyms of the domain com.microsoft ---------------===//
//
// Graph optimizers write these for patterns of ai.onnx; here they are the patterns
// again. The number beside each is the domain's version, 1 for all of them.
//
//===----------------------------------------------------------------------===//

#include "../Activation.h"
#include "Products.h"

using namespace mlir;

namespace dsc::onnx {

/// The sum with an optional bias; null where it does not fit.
static Value withBias(NodeImport &n, Value x, unsigned input) {
  if (!n.has(input))
    return x;
  Value sum = n.binary<train::AddOp>(x, n.input(input));
  return sum && shapeOf(sum) == shapeOf(x) ? sum : Value();
}

template <bool isTanh> static LogicalResult importGelu(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  Value x = withBias(n, n.input(0), 1);
  return n.set(0, x ? gelu(n, x, isTanh) : Value());
}

static LogicalResult importQuickGelu(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  return n.set(0, swish(n, n.input(0), n.number("alpha", 1.702)));
}

/// alpha A' B', where the last two dimensions may be transposed.
static LogicalResult importFusedMatMul(NodeImport &n) {
  if (failed(n.expectRank(0, 2)) || failed(n.expectRank(1, 2)))
    return failure();
  if (n.integer("transBatchA", 0) || n.integer("transBatchB", 0))
    return n.fail("transposed batch dimensions are not supported");
  Value a = n.input(0), b = n.input(1);
  if (elementOf(a) != elementOf(b))
    return n.set(0, {});
  a = n.integer("transA", 0) ? n.transposeLast(a) : a;
  b = n.integer("transB", 0) ? n.transposeLast(b) : b;
  Value y = matmul(n, a, b);
  double alpha = n.number("alpha", 1);
  return n.set(0, y && alpha != 1 ? n.mul(y, alpha) : y);
}

/// A parameter of the last dimension, or `absent` everywhere.
static Value lastDimension(NodeImport &n, Value x, unsigned input, double absent) {
  auto type = RankedTensorType::get({shapeOf(x).back()}, elementOf(x));
  if (!n.has(input))
    return n.splat(type, absent);
  return n.input(input).getType() == type ? n.input(input) : Value();
}

static Value rmsNorm(NodeImport &n, Value x, Value scale, double epsilon) {
  Shape last{rankOf(x) - 1};
  Value square = n.mean(n.make<train::MulOp>(x, x), last, /*keepDims=*/true);
  Value y = n.binary<train::MulOp>(x, n.make<train::RsqrtOp>(n.add(square, epsilon)));
  return n.make<train::MulOp>(y, n.broadcast(scale, shapeOf(x)));
}

/// Output 3 is the sum that was normalized.
static llvm::FailureOr<Value> sumWithSkip(NodeImport &n, unsigned bias) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 1)))
    return failure();
  if (n.isUsed(1) || n.isUsed(2))
    return n.fail("the outputs mean and inv_std_var are not supported");
  Value sum = n.binary<train::AddOp>(n.input(0), n.input(1));
  sum = sum && shapeOf(sum) == shapeOf(n.input(0)) ? withBias(n, sum, bias) : Value();
  if (failed(n.set(0, sum)) || (n.wants(3) && failed(n.set(3, sum))))
    return failure();
  return sum;
}

static LogicalResult importSkipLayerNorm(NodeImport &n) {
  auto x = sumWithSkip(n, 4);
  if (failed(x))
    return failure();
  Value scale = lastDimension(n, *x, 2, 1), bias = lastDimension(n, *x, 3, 0);
  if (!scale || !bias)
    return n.set(0, {});
  auto norm = train::LayerNormOp::create(n.b, n.loc, *x, scale, bias, rankOf(*x) - 1,
                                         n.number("epsilon", 1e-12));
  return n.set(0, norm.getY());
}

static LogicalResult importSkipRmsNorm(NodeImport &n) {
  auto x = sumWithSkip(n, 3);
  if (failed(x))
    return failure();
  Value scale = lastDimension(n, *x, 2, 1);
  return n.set(0, scale ? rmsNorm(n, *x, scale, n.number("epsilon", 1e-12)) : Value());
}

/// Of ai.onnx by its domain, though not by its document.
static LogicalResult importRmsNorm(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 1)))
    return failure();
  Value x = n.input(0), scale = lastDimension(n, x, 1, 1);
  auto axis = n.axis("axis", -1, rankOf(x));
  if (failed(axis))
    return failure();
  if (*axis != rankOf(x) - 1 || !scale)
    return n.set(0, {});
  return n.set(0, rmsNorm(n, x, scale, n.number("epsilon", 1e-5)));
}

void populateMicrosoft(Registry &registry) {
  registry.add("com.microsoft.BiasGelu", 1, inputs(2), importGelu<false>).weightInputs({1});
  registry.add("com.microsoft.FastGelu", 1, inputs(1, 2), importGelu<true>).weightInputs({1});
  registry.add("com.microsoft.FusedMatMul", 1, inputs(2), importFusedMatMul).weightInputs({1});
  registry.add("com.microsoft.Gelu", 1, inputs(1), importGelu<false>);
  registry.add("com.microsoft.QuickGelu", 1, inputs(1), importQuickGelu);
  registry.add("com.microsoft.SkipLayerNormalization", 1, inputs(3, 5), importSkipLayerNorm)
      .weightInputs({2, 3, 4});
  registry.add("com.microsoft.SkipSimplifiedLayerNormalization", 1, inputs(3, 4), importSkipRmsNorm)
      .weightInputs({2, 3});
  registry.add("SimplifiedLayerNormalization", 1, inputs(2), importRmsNorm)
      .weightInputs({1})
      .ignores({"stash_type"});
}

} // namespace dsc::onnx
