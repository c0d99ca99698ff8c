//===- Numeric.cpp - Functions and integer arithmetic from simpler ones ---===//

#include "Indices.h"

#include <cmath>

using namespace mlir;

namespace dsc::onnx {

//===----------------------------------------------------------------------===//
// Trigonometric and hyperbolic functions
//===----------------------------------------------------------------------===//

using ScalarFunction = Value (*)(NodeImport &n, Value x);

template <ScalarFunction function> static LogicalResult importFunction(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  return n.set(0, function(n, n.input(0)));
}

static Value div(NodeImport &n, Value x, Value y) { return n.make<train::DivOp>(x, y); }
static Value mul(NodeImport &n, Value x, Value y) { return n.make<train::MulOp>(x, y); }
static Value addUp(NodeImport &n, Value x, Value y) { return n.make<train::AddOp>(x, y); }
static Value minus(NodeImport &n, double x, Value y) {
  return n.make<train::SubOp>(n.like(y, x), y);
}

static Value tangent(NodeImport &n, Value x) {
  return div(n, n.make<train::SinOp>(x), n.make<train::CosOp>(x));
}
static Value arcTangent(NodeImport &n, Value x) { return n.make<train::AtanOp>(x); }
/// 2 atan(x / (1 + sqrt(1 - x^2))), which is exact at both ends too.
static Value arcSine(NodeImport &n, Value x) {
  Value root = n.make<train::SqrtOp>(mul(n, minus(n, 1, x), n.add(x, 1)));
  return n.mul(arcTangent(n, div(n, x, n.add(root, 1))), 2);
}
/// 2 atan(sqrt((1 - x) / (1 + x))).
static Value arcCosine(NodeImport &n, Value x) {
  Value half = n.make<train::SqrtOp>(div(n, minus(n, 1, x), n.add(x, 1)));
  return n.mul(arcTangent(n, half), 2);
}
/// (e^x - 1 - (e^-x - 1)) / 2: two terms of one sign, so nothing cancels near 0.
static Value hyperbolicSine(NodeImport &n, Value x) {
  Value up = n.make<train::Expm1Op>(x);
  Value down = n.make<train::Expm1Op>(n.make<train::NegOp>(x));
  return n.mul(n.make<train::SubOp>(up, down), 0.5);
}
static Value hyperbolicCosine(NodeImport &n, Value x) {
  Value up = n.make<train::ExpOp>(x), down = n.make<train::ExpOp>(n.make<train::NegOp>(x));
  return n.mul(addUp(n, up, down), 0.5);
}
/// log(|x| + sqrt(x^2 + 1)) = log1p(|x| + x^2 / (1 + sqrt(x^2 + 1))), with x's sign.
static Value areaSine(NodeImport &n, Value x) {
  // Not abs, whose derivative at 0 is 0.
  Value negative = n.compare(train::Comparison::LT, x, n.like(x, 0));
  Value magnitude = n.select(negative, n.make<train::NegOp>(x), x), square = mul(n, x, x);
  Value root = n.make<train::SqrtOp>(n.add(square, 1));
  Value y = n.make<train::Log1pOp>(addUp(n, magnitude, div(n, square, n.add(root, 1))));
  return n.select(negative, n.make<train::NegOp>(y), y);
}
static Value areaCosine(NodeImport &n, Value x) {
  Value above = n.add(x, -1);
  Value root = n.make<train::SqrtOp>(mul(n, above, n.add(x, 1)));
  return n.make<train::Log1pOp>(addUp(n, above, root));
}
/// log1p(2x / (1 - x)) / 2.
static Value areaTangent(NodeImport &n, Value x) {
  return n.mul(n.make<train::Log1pOp>(div(n, n.mul(x, 2), minus(n, 1, x))), 0.5);
}

//===----------------------------------------------------------------------===//
// Piecewise
//===----------------------------------------------------------------------===//

/// x + bias below -lambd, x - bias above it, 0 between.
static LogicalResult importShrink(NodeImport &n) {
  Value x = n.input(0);
  double lambd = n.number("lambd", 0.5), bias = n.number("bias", 0);
  Value wide = isFloat(x) ? x : n.convert(x, n.b.getF64Type());
  Value above = n.compare(train::Comparison::GT, wide, n.like(wide, lambd));
  Value below = n.compare(train::Comparison::LT, wide, n.like(wide, -lambd));
  Value y = n.select(below, n.add(wide, bias), n.like(wide, 0));
  return n.set(0, n.convert(n.select(above, n.add(wide, -bias), y), elementOf(x)));
}

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

static bool areIntegers(NodeImport &n) {
  return llvm::none_of(n.allInputs(), [](Value x) { return isFloat(x); });
}

static LogicalResult importBitwiseNot(NodeImport &n) {
  return n.set(0, areIntegers(n) ? n.make<train::NotOp>(n.input(0)) : Value());
}

template <typename Op> static LogicalResult importBitwise(NodeImport &n) {
  return n.set(0, areIntegers(n) ? n.binary<Op>(n.input(0), n.input(1)) : Value());
}

static LogicalResult importBitShift(NodeImport &n) {
  if (n.string("direction", "") == "LEFT")
    return importBitwise<train::ShiftLeftOp>(n);
  return importBitwise<train::ShiftRightOp>(n);
}

void populateNumeric(Registry &registry) {
  registry.add("Acos", 7, inputs(1), importFunction<arcCosine>);
  registry.add("Acosh", 9, inputs(1), importFunction<areaCosine>);
  registry.add("Asin", 7, inputs(1), importFunction<arcSine>);
  registry.add("Asinh", 9, inputs(1), importFunction<areaSine>);
  registry.add("Atan", 7, inputs(1), importFunction<arcTangent>);
  registry.add("Atanh", 9, inputs(1), importFunction<areaTangent>);
  registry.add("BitShift", 11, inputs(2), importBitShift);
  registry.add("BitwiseAnd", 18, inputs(2), importBitwise<train::AndOp>);
  registry.add("BitwiseNot", 18, inputs(1), importBitwiseNot);
  registry.add("BitwiseOr", 18, inputs(2), importBitwise<train::OrOp>);
  registry.add("BitwiseXor", 18, inputs(2), importBitwise<train::XorOp>);
  registry.add("Cosh", 9, inputs(1), importFunction<hyperbolicCosine>);
  registry.add("Shrink", 9, inputs(1), importShrink);
  registry.add("Sinh", 9, inputs(1), importFunction<hyperbolicSine>);
  registry.add("Tan", 7, inputs(1), importFunction<tangent>);
}

} // namespace dsc::onnx
