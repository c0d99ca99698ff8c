//===- Elementwise.cpp - One result element per operand element -----------===//

#include "../Activation.h"

#include <cmath>
#include <limits>
#include <numbers>

using namespace mlir;

namespace dsc::onnx {

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// Functions of floats that are one train op.
template <typename Op> static LogicalResult importUnary(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  return n.set(0, n.make<Op>(n.input(0)));
}

template <typename Op> static LogicalResult importBinary(NodeImport &n) {
  return n.set(0, n.binary<Op>(n.input(0), n.input(1)));
}

/// Until opset 6 the second operand broadcasts only if `broadcast` says so, from the
/// dimension `axis` on.
static Value secondOperandBefore7(NodeImport &n) {
  Value a = n.input(0), b = n.input(1);
  if (!n.integer("broadcast", 0))
    return b;
  int64_t first = n.integer("axis", rankOf(a) - rankOf(b));
  if (first < 0 || first + rankOf(b) > rankOf(a))
    return {};
  Shape dims, shape(shapeOf(a));
  for (int64_t d = 0; d < rankOf(b); ++d) {
    dims.push_back(first + d);
    if (shapeOf(b)[d] != 1 && shapeOf(b)[d] != shape[first + d])
      return {};
  }
  return n.broadcastAlong(b, dims, shape);
}

template <typename Op> static LogicalResult importBinaryBefore7(NodeImport &n) {
  Value b = secondOperandBefore7(n);
  return n.set(0, b ? n.binary<Op>(n.input(0), b) : Value());
}

/// Until opset 10 the bounds were attributes.
static LogicalResult importClipBefore11(NodeImport &n) {
  Value x = n.input(0);
  for (auto [name, beyond] :
       {std::pair("min", train::Comparison::LT), std::pair("max", train::Comparison::GT)}) {
    Value bound = n.like(x, n.number(name, 0));
    if (n.hasAttribute(name))
      x = n.select(n.compare(beyond, x, bound), bound, x);
  }
  return n.set(0, x);
}

/// And, Or, Xor.
template <typename Op> static LogicalResult importLogic(NodeImport &n) {
  if (!isBool(n.input(0)) || !isBool(n.input(1)))
    return n.fail("expected boolean inputs");
  return importBinary<Op>(n);
}

static LogicalResult importNot(NodeImport &n) {
  if (!isBool(n.input(0)))
    return n.fail("expected a boolean input");
  return n.set(0, n.make<train::NotOp>(n.input(0)));
}

template <train::Comparison relation> static LogicalResult importCompare(NodeImport &n) {
  return n.set(0, n.compare(relation, n.input(0), n.input(1)));
}

/// Max, Min, Sum of any number of inputs.
template <typename Op> static Value foldInputs(NodeImport &n) {
  Value result = n.input(0);
  for (Value next : n.allInputs().size() > 1 ? llvm::ArrayRef(n.allInputs()).drop_front().vec()
                                             : std::vector<Value>()) {
    if (result)
      result = n.binary<Op>(result, next);
  }
  return result;
}
template <typename Op> static LogicalResult importVariadic(NodeImport &n) {
  return n.set(0, foldInputs<Op>(n));
}
static LogicalResult importMean(NodeImport &n) {
  Value sum = foldInputs<train::AddOp>(n);
  return n.set(0, sum ? n.mul(sum, 1.0 / n.numInputs()) : Value());
}

static LogicalResult importNeg(NodeImport &n) {
  Value x = n.input(0);
  return n.set(0, isFloat(x) ? n.make<train::NegOp>(x) : n.make<train::SubOp>(n.like(x, 0), x));
}

static LogicalResult importAbs(NodeImport &n) {
  Value x = n.input(0);
  if (isFloat(x))
    return n.set(0, n.make<train::AbsOp>(x));
  return n.set(0, n.make<train::MaxOp>(x, n.make<train::SubOp>(n.like(x, 0), x)));
}

static LogicalResult importSign(NodeImport &n) {
  Value x = n.input(0);
  if (isFloat(x))
    return n.set(0, n.make<train::SignOp>(x));
  if (!elementOf(x).isUnsignedInteger())
    x = n.make<train::MaxOp>(x, n.like(x, -1));
  return n.set(0, n.make<train::MinOp>(x, n.like(x, 1)));
}

/// The exponent may be of another type than the base, whose type the result has. A fraction as an
/// exponent of integers is not rounded before, only the result.
static LogicalResult importPow(NodeImport &n) {
  Value x = n.input(0), y = n.input(1);
  if (!isFloat(x) && isFloat(y)) {
    Value power = n.binary<train::PowOp>(n.convert(x, elementOf(y)), y);
    return n.set(0, power ? n.convert(power, elementOf(x)) : power);
  }
  y = n.convert(y, elementOf(x));
  const HostTensor *exponent = n.known(y);
  if (exponent && exponent->size() == 1 && rankOf(y) <= rankOf(x)) {
    double value = exponent->number(0);
    if (value == 1)
      return n.set(0, x);
    if (value == 2)
      return n.set(0, n.make<train::MulOp>(x, x));
    if (value == 3)
      return n.set(0, n.make<train::MulOp>(n.make<train::MulOp>(x, x), x));
    if (value == 0.5 && isFloat(x))
      return n.set(0, n.make<train::SqrtOp>(x));
  }
  return n.set(0, n.binary<train::PowOp>(x, y));
}

/// The remainder's sign is the divisor's, or with `fmod` the dividend's.
static LogicalResult importMod(NodeImport &n) {
  Value rest = n.binary<train::RemOp>(n.input(0), n.input(1));
  if (!rest || n.integer("fmod", 0) != 0)
    return n.set(0, rest);
  Value b = n.broadcast(n.input(1), shapeOf(rest)), zero = n.like(rest, 0);
  Value differs = n.make<train::XorOp>(n.compare(train::Comparison::LT, rest, zero),
                                       n.compare(train::Comparison::LT, b, zero));
  Value inexact = n.compare(train::Comparison::NE, rest, zero);
  Value adjust = n.make<train::AndOp>(differs, inexact);
  return n.set(0, n.select(adjust, n.make<train::AddOp>(rest, b), rest));
}

/// The cases are those of ONNX Where: condition, value if true, value if false.
static LogicalResult importWhere(NodeImport &n) {
  return n.set(0, n.select(n.input(0), n.input(1), n.input(2)));
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static LogicalResult importCast(NodeImport &n) {
  auto type = static_cast<DataType>(n.integer("to", 0));
  Type element = elementType(type, n.b.getContext());
  if (!element)
    return n.fail("cannot convert to type " + dataTypeName(type));
  return n.set(0, n.convert(n.input(0), element));
}

/// The same bits read as another type. Integers of one width hold the same bits.
static LogicalResult importBitCast(NodeImport &n) {
  auto type = static_cast<DataType>(n.integer("to", 0));
  Type to = elementType(type, n.b.getContext()), from = elementOf(n.input(0));
  auto bits = [](Type element) { return std::max(8U, element.getIntOrFloatBitWidth()); };
  if (!to || bits(to) != bits(from))
    return n.fail("elements of " + describe(n.input(0)) + " do not have the width of " +
                  dataTypeName(type));
  if (isa<FloatType>(to) != isa<FloatType>(from))
    return n.fail("reading the bits of floats as integers, or the other way, is not supported");
  return n.set(0, n.convert(n.input(0), to));
}

static LogicalResult importCastLike(NodeImport &n) {
  return n.set(0, n.convert(n.input(0), elementOf(n.input(1))));
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

static LogicalResult importLeakyRelu(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  return n.set(0, leakyRelu(n, n.input(0), n.number("alpha", 0.01)));
}

/// The slope broadcasts to x from the right, except that exporters for old opsets
/// also write one value per channel.
static LogicalResult importPRelu(NodeImport &n) {
  Value x = n.input(0), slope = n.input(1);
  if (!broadcastShapes(shapeOf(x), shapeOf(slope)) && rankOf(slope) == 1 && rankOf(x) > 1)
    slope = n.broadcastAlong(slope, {1}, shapeOf(x));
  Value scaled = n.binary<train::MulOp>(x, slope);
  if (!scaled || shapeOf(scaled) != shapeOf(x))
    return n.set(0, {});
  return n.set(0, whereNegative(n, x, scaled));
}

static LogicalResult importElu(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  return n.set(0, elu(n, n.input(0), n.number("alpha", 1)));
}

static LogicalResult importCelu(NodeImport &n) {
  double alpha = n.number("alpha", 1);
  if (failed(n.expectFloat(0)) || alpha == 0)
    return n.fail("expected a float input and an alpha other than 0");
  Value x = n.input(0);
  Value negative = n.mul(expm1OfNegative(n, n.mul(x, 1 / alpha)), alpha);
  return n.set(0, whereNegative(n, x, negative));
}

static LogicalResult importSelu(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  double alpha = n.number("alpha", 1.67326319217681884765625);
  double gamma = n.number("gamma", 1.05070102214813232421875);
  return n.set(0, n.mul(elu(n, n.input(0), alpha), gamma));
}

static LogicalResult importThresholdedRelu(NodeImport &n) {
  return n.set(0, thresholdedRelu(n, n.input(0), n.number("alpha", 1)));
}

static LogicalResult importSoftplus(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  return n.set(0, softplus(n, n.input(0)));
}

static LogicalResult importSoftsign(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  return n.set(0, softsign(n, n.input(0)));
}

static LogicalResult importHardSigmoid(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  return n.set(0, hardSigmoid(n, n.input(0), n.number("alpha", 0.2), n.number("beta", 0.5)));
}

static LogicalResult importHardSwish(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  return n.set(0, n.make<train::MulOp>(n.input(0), hardSigmoid(n, n.input(0), 1.0 / 6, 0.5)));
}

static LogicalResult importMish(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0);
  return n.set(0, n.make<train::MulOp>(x, n.make<train::TanhOp>(softplus(n, x))));
}

static LogicalResult importSwish(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  return n.set(0, swish(n, n.input(0), n.number("alpha", 1)));
}

static LogicalResult importGelu(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  return n.set(0, gelu(n, n.input(0), n.string("approximate", "none") == "tanh"));
}

/// Bounds may be computed values, so they are compared with, not read. At a bound the
/// gradient is x's, as PyTorch's clamp has it.
static LogicalResult importClip(NodeImport &n) {
  Value x = n.input(0);
  using train::Comparison;
  for (auto [input, beyond] : {std::pair(1U, Comparison::LT), std::pair(2U, Comparison::GT)}) {
    Value outside = n.has(input) && x ? n.compare(beyond, x, n.input(input)) : Value();
    if (n.has(input))
      x = outside ? n.select(outside, n.input(input), x) : Value();
  }
  return n.set(0, x && shapeOf(x) == shapeOf(n.input(0)) ? x : Value());
}

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

static LogicalResult importIsNaN(NodeImport &n) {
  return n.set(0, n.compare(train::Comparison::NE, n.input(0), n.input(0)));
}

static LogicalResult importIsInf(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0);
  double infinity = std::numeric_limits<double>::infinity();
  if (!n.integer("detect_negative", 1))
    return n.set(0, n.compare(train::Comparison::EQ, x, n.like(x, infinity)));
  if (!n.integer("detect_positive", 1))
    return n.set(0, n.compare(train::Comparison::EQ, x, n.like(x, -infinity)));
  Value magnitude = n.make<train::AbsOp>(x);
  return n.set(0, n.compare(train::Comparison::EQ, magnitude, n.like(x, infinity)));
}

void populateElementwise(Registry &registry) {
  using train::Comparison;
  registry.add("Abs", 1, inputs(1), importAbs);
  registry.add("Add", 1, inputs(2), importBinaryBefore7<train::AddOp>).ignores({"consumed_inputs"});
  registry.add("Add", 7, inputs(2), importBinary<train::AddOp>);
  registry.add("And", 7, inputs(2), importLogic<train::AndOp>);
  registry.add("BitCast", 26, inputs(1), importBitCast);
  registry.add("Cast", 1, inputs(1), importCast).ignores({"saturate", "round_mode"});
  registry.add("CastLike", 15, inputs(2), importCastLike).ignores({"saturate", "round_mode"});
  registry.add("Ceil", 1, inputs(1), importUnary<train::CeilOp>);
  registry.add("Celu", 12, inputs(1), importCelu);
  registry.add("Clip", 1, inputs(1), importClipBefore11).ignores({"consumed_inputs"});
  registry.add("Clip", 11, inputs(1, 3), importClip);
  registry.add("Cos", 7, inputs(1), importUnary<train::CosOp>);
  registry.add("Div", 1, inputs(2), importBinaryBefore7<train::DivOp>).ignores({"consumed_inputs"});
  registry.add("Div", 7, inputs(2), importBinary<train::DivOp>);
  registry.add("Elu", 6, inputs(1), importElu);
  registry.add("Equal", 7, inputs(2), importCompare<Comparison::EQ>);
  registry.add("Erf", 9, inputs(1), importUnary<train::ErfOp>);
  registry.add("Exp", 6, inputs(1), importUnary<train::ExpOp>);
  registry.add("Floor", 1, inputs(1), importUnary<train::FloorOp>);
  registry.add("Gelu", 20, inputs(1), importGelu);
  registry.add("Greater", 7, inputs(2), importCompare<Comparison::GT>);
  registry.add("GreaterOrEqual", 12, inputs(2), importCompare<Comparison::GE>);
  registry.add("HardSigmoid", 6, inputs(1), importHardSigmoid);
  registry.add("HardSwish", 14, inputs(1), importHardSwish);
  registry.add("IsInf", 10, inputs(1), importIsInf);
  registry.add("IsNaN", 9, inputs(1), importIsNaN);
  registry.add("LeakyRelu", 6, inputs(1), importLeakyRelu);
  registry.add("Less", 7, inputs(2), importCompare<Comparison::LT>);
  registry.add("LessOrEqual", 12, inputs(2), importCompare<Comparison::LE>);
  registry.add("Log", 1, inputs(1), importUnary<train::LogOp>);
  registry.add("Max", 1, atLeast(1), importVariadic<train::MaxOp>);
  registry.add("Mean", 1, atLeast(1), importMean);
  registry.add("Min", 1, atLeast(1), importVariadic<train::MinOp>);
  registry.add("Mish", 18, inputs(1), importMish);
  registry.add("Mod", 10, inputs(2), importMod);
  registry.add("Mul", 1, inputs(2), importBinaryBefore7<train::MulOp>).ignores({"consumed_inputs"});
  registry.add("Mul", 7, inputs(2), importBinary<train::MulOp>);
  registry.add("Neg", 6, inputs(1), importNeg);
  registry.add("Not", 1, inputs(1), importNot);
  registry.add("Or", 7, inputs(2), importLogic<train::OrOp>);
  registry.add("PRelu", 1, inputs(2), importPRelu).weightInputs({1}).ignores({"consumed_inputs"});
  registry.add("Pow", 1, inputs(2), importBinaryBefore7<train::PowOp>).ignores({"consumed_inputs"});
  registry.add("Pow", 7, inputs(2), importPow);
  registry.add("Reciprocal", 1, inputs(1), importUnary<train::ReciprocalOp>);
  registry.add("Relu", 6, inputs(1), importUnary<train::ReluOp>);
  registry.add("Round", 11, inputs(1), importUnary<train::RoundOp>);
  registry.add("Selu", 6, inputs(1), importSelu);
  registry.add("Sigmoid", 1, inputs(1), importUnary<train::SigmoidOp>);
  registry.add("Sign", 9, inputs(1), importSign);
  registry.add("Sin", 7, inputs(1), importUnary<train::SinOp>);
  registry.add("Softplus", 1, inputs(1), importSoftplus);
  registry.add("Softsign", 1, inputs(1), importSoftsign);
  registry.add("Sqrt", 1, inputs(1), importUnary<train::SqrtOp>);
  registry.add("Sub", 1, inputs(2), importBinaryBefore7<train::SubOp>).ignores({"consumed_inputs"});
  registry.add("Sub", 7, inputs(2), importBinary<train::SubOp>);
  registry.add("Sum", 1, atLeast(1), importVariadic<train::AddOp>);
  registry.add("Swish", 24, inputs(1), importSwish);
  registry.add("Tanh", 1, inputs(1), importUnary<train::TanhOp>);
  registry.add("ThresholdedRelu", 10, inputs(1), importThresholdedRelu);
  registry.add("Where", 9, inputs(3), importWhere);
  registry.add("Xor", 7, inputs(2), importLogic<train::XorOp>);
}

} // namespace dsc::onnx
