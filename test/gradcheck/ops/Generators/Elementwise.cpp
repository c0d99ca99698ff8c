//===- Elementwise.cpp - Draws of elementwise ops -------------------------===//

#include "../Case.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

template <typename OpTy> static Operation *drawReal(CaseBuilder &c) {
  return c.create<OpTy>(c.real(c.shape(0, 3)));
}

template <typename OpTy> static Operation *drawPositive(CaseBuilder &c) {
  return c.create<OpTy>(c.positive(c.shape(0, 3)));
}

template <typename OpTy> static Operation *drawNonZero(CaseBuilder &c) {
  return c.create<OpTy>(c.awayFromZero(c.shape(0, 3)));
}

/// Away from the steps at integers and half-integers.
template <typename OpTy> static Operation *drawStep(CaseBuilder &c) {
  c.result.isPiecewiseConstant = true;
  return c.create<OpTy>(c.distinct(c.shape(0, 3)));
}

/// From one whole number to the next it is the line that it is differentiated as.
static Operation *drawRoundThrough(CaseBuilder &c) {
  Value x = c.real(c.shape(0, 3));
  for (double &value : c.lastInput().floats) {
    value = static_cast<double>(c.draw.integer(-5, 5));
  }
  c.result.step = 1;
  return c.create<train::RoundThroughOp>(x);
}

/// Differences do not see what it is for: test/Transforms/autodiff-stop-gradient.mlir does.
static Operation *drawStopGradient(CaseBuilder &c) {
  Value x = c.real(c.shape(0, 3));
  c.result.isDifferentiable.back() = false;
  c.result.movesOnly = true;
  return c.create<train::StopGradientOp>(x);
}

static Operation *drawGelu(CaseBuilder &c) {
  auto approximation =
      c.draw.flag() ? train::GeluApproximation::Erf : train::GeluApproximation::Tanh;
  Value x = c.real(c.shape(0, 3));
  return c.create<train::GeluOp>(x.getType(), approximation, x);
}

static void addUnary(Generators &generators) {
  generators.add<train::NegOp>(drawReal<train::NegOp>);
  generators.add<train::AbsOp>(drawNonZero<train::AbsOp>);
  generators.add<train::SignOp>(drawStep<train::SignOp>);
  generators.add<train::FloorOp>(drawStep<train::FloorOp>);
  generators.add<train::CeilOp>(drawStep<train::CeilOp>);
  generators.add<train::RoundOp>(drawStep<train::RoundOp>);
  generators.add<train::RoundThroughOp>(drawRoundThrough);
  generators.add<train::StopGradientOp>(drawStopGradient);
  generators.add<train::ExpOp>(drawReal<train::ExpOp>);
  generators.add<train::Expm1Op>(drawReal<train::Expm1Op>);
  generators.add<train::LogOp>(drawPositive<train::LogOp>);
  generators.add<train::Log1pOp>(drawPositive<train::Log1pOp>);
  generators.add<train::SqrtOp>(drawPositive<train::SqrtOp>);
  generators.add<train::RsqrtOp>(drawPositive<train::RsqrtOp>);
  generators.add<train::ReciprocalOp>(drawNonZero<train::ReciprocalOp>);
  generators.add<train::TanhOp>(drawReal<train::TanhOp>);
  generators.add<train::SigmoidOp>(drawReal<train::SigmoidOp>);
  generators.add<train::ErfOp>(drawReal<train::ErfOp>);
  generators.add<train::SinOp>(drawReal<train::SinOp>);
  generators.add<train::CosOp>(drawReal<train::CosOp>);
  generators.add<train::AtanOp>(drawReal<train::AtanOp>);
  generators.add<train::ReluOp>(drawNonZero<train::ReluOp>);
  generators.add<train::GeluOp>(drawGelu);
}

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

template <typename OpTy> static Operation *drawPair(CaseBuilder &c) {
  Shape shape = c.shape(0, 3);
  Value a = c.real(shape), b = c.real(shape);
  return c.create<OpTy>(a.getType(), a, b);
}

/// Operands on lattices that never meet: no ties.
template <typename OpTy> static Operation *drawUntied(CaseBuilder &c) {
  Shape shape = c.shape(0, 3);
  Value a = c.distinct(shape, 0.03), b = c.distinct(shape, 0.07);
  return c.create<OpTy>(a.getType(), a, b);
}

static Operation *drawDiv(CaseBuilder &c) {
  Shape shape = c.shape(0, 3);
  Value a = c.real(shape), b = c.awayFromZero(shape);
  return c.create<train::DivOp>(a.getType(), a, b);
}

/// About 3.45 times the divisor, which is about 1: no multiple is near.
static Operation *drawRem(CaseBuilder &c) {
  Shape shape = c.shape(0, 3);
  Value a = c.real(shape);
  for (double &x : c.lastInput().floats) {
    x = std::copysign(3.45 + 0.02 * x, x);
  }
  Value b = c.real(shape);
  for (double &x : c.lastInput().floats) {
    x = 1.0 + 0.01 * x;
  }
  return c.create<train::RemOp>(a.getType(), a, b);
}

/// Any power of a positive base, or a fixed integer power of any base.
static Operation *drawPow(CaseBuilder &c) {
  Shape shape = c.shape(0, 3);
  if (c.draw.flag()) {
    Value a = c.positive(shape), b = c.real(shape);
    return c.create<train::PowOp>(a.getType(), a, b);
  }
  Value a = c.awayFromZero(shape), b = c.real(shape);
  for (double &exponent : c.lastInput().floats) {
    exponent = static_cast<double>(c.draw.integer(-2, 3));
  }
  c.freeze();
  return c.create<train::PowOp>(a.getType(), a, b);
}

template <typename OpTy> static Operation *drawLogic(CaseBuilder &c) {
  Shape shape = c.shape(0, 3);
  Value a = c.boolean(shape), b = c.boolean(shape);
  return c.create<OpTy>(a.getType(), a, b);
}

static Operation *drawNot(CaseBuilder &c) {
  return c.create<train::NotOp>(c.boolean(c.shape(0, 3)));
}

template <typename OpTy> static Operation *drawShift(CaseBuilder &c) {
  Shape shape = c.shape(0, 3);
  Value a = c.integer(shape, -50, 50), b = c.integer(shape, -2, 70);
  return c.create<OpTy>(a.getType(), a, b);
}

static Operation *drawCompare(CaseBuilder &c) {
  Shape shape = c.shape(0, 3);
  auto relation = static_cast<train::Comparison>(c.draw.integer(0, 5));
  Value a = c.real(shape), b = c.real(shape);
  return c.create<train::CompareOp>(relation, a, b);
}

static Operation *drawSelect(CaseBuilder &c) {
  Shape shape = c.shape(0, 3);
  Value p = c.boolean(shape), a = c.real(shape), b = c.real(shape);
  return c.create<train::SelectOp>(a.getType(), p, a, b);
}

/// Evaluated in f64, so that only the types change.
static Operation *drawConvert(CaseBuilder &c) {
  Value x = c.real(c.shape(0, 3));
  auto target = c.typeOf(x).clone(c.draw.flag() ? Type(c.builder.getF32Type())
                                                : Type(c.builder.getBF16Type()));
  return c.create<train::ConvertOp>(target, x);
}

void dsc::gradcheck::addElementwise(Generators &generators) {
  addUnary(generators);
  generators.add<train::AddOp>(drawPair<train::AddOp>);
  generators.add<train::SubOp>(drawPair<train::SubOp>);
  generators.add<train::MulOp>(drawPair<train::MulOp>);
  generators.add<train::DivOp>(drawDiv);
  generators.add<train::RemOp>(drawRem);
  generators.add<train::MaxOp>(drawUntied<train::MaxOp>);
  generators.add<train::MinOp>(drawUntied<train::MinOp>);
  generators.add<train::PowOp>(drawPow);
  generators.add<train::AndOp>(drawLogic<train::AndOp>);
  generators.add<train::OrOp>(drawLogic<train::OrOp>);
  generators.add<train::XorOp>(drawLogic<train::XorOp>);
  generators.add<train::NotOp>(drawNot);
  generators.add<train::ShiftLeftOp>(drawShift<train::ShiftLeftOp>);
  generators.add<train::ShiftRightOp>(drawShift<train::ShiftRightOp>);
  generators.add<train::CompareOp>(drawCompare);
  generators.add<train::SelectOp>(drawSelect);
  generators.add<train::ConvertOp>(drawConvert);
}
