//===- Elementwise.cpp - Evaluation of elementwise ops --------------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Evaluation/Registry.h"

#include <cmath>
#include <limits>
#include <numbers>

using namespace mlir;
using namespace dsc;

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

template <typename OpTy> static void addUnary(Registry &registry, double (*compute)(double)) {
  registry.add<OpTy>([compute](OpTy, Evaluation &e) {
    for (auto [y, x] : llvm::zip_equal(e.result(0).floats, e.operand(0).floats)) {
      y = compute(x);
    }
    return success();
  });
}

static double signOf(double x) {
  return x > 0 ? 1.0 : x < 0 ? -1.0 : x; // keeps zero and NaN
}

static double sigmoid(double x) {
  // exp of a non-positive number only: no overflow.
  double small = std::exp(-std::abs(x));
  return (x >= 0 ? 1.0 : small) / (1.0 + small);
}

static double relu(double x) { return x > 0 || std::isnan(x) ? x : 0.0; }

static double geluErf(double x) { return x * 0.5 * (1.0 + std::erf(x / std::numbers::sqrt2)); }

static double geluTanh(double x) {
  double inner = std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1.0 + std::tanh(inner));
}

static LogicalResult evalGelu(train::GeluOp op, Evaluation &e) {
  bool isErf = op.getApproximation() == train::GeluApproximation::Erf;
  for (auto [y, x] : llvm::zip_equal(e.result(0).floats, e.operand(0).floats)) {
    y = isErf ? geluErf(x) : geluTanh(x);
  }
  return success();
}

static LogicalResult evalNot(train::NotOp, Evaluation &e) {
  for (auto [y, x] : llvm::zip_equal(e.result(0).ints, e.operand(0).ints)) {
    y = ~x; // wrapped to the element type afterwards
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Two operands: one function for floats, one for integers
//===----------------------------------------------------------------------===//

template <typename OpTy>
static void addBinary(Registry &registry, double (*ofFloats)(double, double),
                      int64_t (*ofInts)(int64_t, int64_t)) {
  registry.add<OpTy>([ofFloats, ofInts](OpTy, Evaluation &e) {
    const Tensor &a = e.operand(0), &b = e.operand(1);
    Tensor &y = e.result(0);
    for (size_t i = 0; i < y.floats.size(); ++i) {
      y.floats[i] = ofFloats(a.floats[i], b.floats[i]);
    }
    for (size_t i = 0; i < y.ints.size(); ++i) {
      y.ints[i] = ofInts(a.ints[i], b.ints[i]);
    }
    return success();
  });
}

// Integers wrap: computed without sign, where overflow is defined.
static uint64_t bits(int64_t value) { return static_cast<uint64_t>(value); }
static int64_t wrapped(uint64_t value) { return static_cast<int64_t>(value); }

static double maxOf(double a, double b) { return std::isnan(a) || a > b ? a : b; }
static double minOf(double a, double b) { return std::isnan(a) || a < b ? a : b; }

static int64_t intPower(int64_t base, int64_t exponent) {
  if (exponent < 0) { // 1 / base^-exponent, truncated
    return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  }
  uint64_t power = 1, square = bits(base);
  for (uint64_t left = bits(exponent); left > 0; left /= 2, square *= square) {
    power *= left % 2 == 1 ? square : 1;
  }
  return wrapped(power);
}

static LogicalResult evalShiftLeft(train::ShiftLeftOp op, Evaluation &e) {
  int64_t width = op.getType().getElementTypeBitWidth();
  for (auto [y, x, count] :
       llvm::zip_equal(e.result(0).ints, e.operand(0).ints, e.operand(1).ints)) {
    y = count < 0 || count >= width ? 0 : wrapped(bits(x) << count);
  }
  return success();
}

static LogicalResult evalShiftRight(train::ShiftRightOp op, Evaluation &e) {
  int64_t width = op.getType().getElementTypeBitWidth();
  bool isUnsigned = op.getType().getElementType().isUnsignedInteger();
  for (auto [y, x, count] :
       llvm::zip_equal(e.result(0).ints, e.operand(0).ints, e.operand(1).ints)) {
    bool isBeyond = count < 0 || count >= width;
    y = isUnsigned ? (isBeyond ? 0 : wrapped(bits(x) >> count)) : x >> (isBeyond ? 63 : count);
  }
  return success();
}

/// Quotients or remainders; integers of 64 bits without a sign are read as such.
template <typename OpTy>
static LogicalResult evalQuotient(OpTy op, Evaluation &e, double (*ofFloats)(double, double),
                                  int64_t (*ofInts)(int64_t, int64_t),
                                  uint64_t (*ofUnsigned)(uint64_t, uint64_t)) {
  const Tensor &a = e.operand(0), &b = e.operand(1);
  Tensor &y = e.result(0);
  for (size_t i = 0; i < y.floats.size(); ++i) {
    y.floats[i] = ofFloats(a.floats[i], b.floats[i]);
  }
  bool isUnsigned = y.type.getElementType().isUnsignedInteger();
  for (size_t i = 0; i < y.ints.size(); ++i) {
    if (b.ints[i] == 0) {
      return op.emitError() << "integer division by zero at element " << i;
    }
    y.ints[i] = isUnsigned ? wrapped(ofUnsigned(bits(a.ints[i]), bits(b.ints[i])))
                           : ofInts(a.ints[i], b.ints[i]);
  }
  return success();
}

static LogicalResult evalDiv(train::DivOp op, Evaluation &e) {
  return evalQuotient(
      op, e, [](double a, double b) { return a / b; },
      [](int64_t a, int64_t b) { return b == -1 ? wrapped(-bits(a)) : a / b; },
      [](uint64_t a, uint64_t b) { return a / b; });
}

static LogicalResult evalRem(train::RemOp op, Evaluation &e) {
  return evalQuotient(
      op, e, [](double a, double b) { return std::fmod(a, b); },
      [](int64_t a, int64_t b) { return b == -1 ? 0 : a % b; },
      [](uint64_t a, uint64_t b) { return a % b; });
}

static void registerArithmetic(Registry &registry) {
  addBinary<train::AddOp>(
      registry, [](double a, double b) { return a + b; },
      [](int64_t a, int64_t b) { return wrapped(bits(a) + bits(b)); });
  addBinary<train::SubOp>(
      registry, [](double a, double b) { return a - b; },
      [](int64_t a, int64_t b) { return wrapped(bits(a) - bits(b)); });
  addBinary<train::MulOp>(
      registry, [](double a, double b) { return a * b; },
      [](int64_t a, int64_t b) { return wrapped(bits(a) * bits(b)); });
  addBinary<train::MaxOp>(registry, maxOf, [](int64_t a, int64_t b) { return std::max(a, b); });
  addBinary<train::MinOp>(registry, minOf, [](int64_t a, int64_t b) { return std::min(a, b); });
  addBinary<train::PowOp>(registry, [](double a, double b) { return std::pow(a, b); }, intPower);
  addBinary<train::AndOp>(registry, nullptr, [](int64_t a, int64_t b) { return a & b; });
  addBinary<train::OrOp>(registry, nullptr, [](int64_t a, int64_t b) { return a | b; });
  addBinary<train::XorOp>(registry, nullptr, [](int64_t a, int64_t b) { return a ^ b; });
  registry.add<train::ShiftLeftOp>(evalShiftLeft);
  registry.add<train::ShiftRightOp>(evalShiftRight);
  registry.add<train::DivOp>(evalDiv);
  registry.add<train::RemOp>(evalRem);
}

//===----------------------------------------------------------------------===//
// Comparison, selection, conversion
//===----------------------------------------------------------------------===//

template <typename T> static bool holds(train::Comparison relation, T a, T b) {
  switch (relation) {
  case train::Comparison::EQ:
    return a == b;
  case train::Comparison::NE:
    return a != b;
  case train::Comparison::LT:
    return a < b;
  case train::Comparison::LE:
    return a <= b;
  case train::Comparison::GT:
    return a > b;
  case train::Comparison::GE:
    return a >= b;
  }
  llvm_unreachable("unknown comparison");
}

static LogicalResult evalCompare(train::CompareOp op, Evaluation &e) {
  const Tensor &a = e.operand(0), &b = e.operand(1);
  train::Comparison relation = op.getRelation();
  Tensor &y = e.result(0);
  for (size_t i = 0; i < a.size(); ++i) {
    y.ints[i] = a.isFloat() ? holds(relation, a.floats[i], b.floats[i])
                            : holds(relation, a.ints[i], b.ints[i]);
  }
  return success();
}

static LogicalResult evalSelect(train::SelectOp, Evaluation &e) {
  const Tensor &predicate = e.operand(0), &onTrue = e.operand(1), &onFalse = e.operand(2);
  Tensor &y = e.result(0);
  for (size_t i = 0; i < y.size(); ++i) {
    y.copyElement(i, predicate.ints[i] ? onTrue : onFalse, i);
  }
  return success();
}

/// Truncates towards zero; what no 64-bit integer can hold saturates, NaN is 0.
static int64_t truncate(double x) {
  constexpr double kLimit = 0x1p63;
  if (std::isnan(x)) {
    return 0;
  }
  if (x >= kLimit || x < -kLimit) {
    return x > 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
  }
  return static_cast<int64_t>(x);
}

static LogicalResult evalConvert(train::ConvertOp, Evaluation &e) {
  const Tensor &x = e.operand(0);
  Tensor &y = e.result(0);
  bool toBool = y.type.getElementType().isInteger(1);
  for (size_t i = 0; i < y.size(); ++i) {
    if (y.isFloat()) {
      y.floats[i] = x.number(i);
    } else if (toBool) {
      y.ints[i] = x.isFloat() ? x.floats[i] != 0 : x.ints[i] != 0;
    } else {
      y.ints[i] = x.isFloat() ? truncate(x.floats[i]) : x.ints[i];
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

void dsc::registerElementwise(Registry &registry) {
  addUnary<train::NegOp>(registry, [](double x) { return -x; });
  addUnary<train::AbsOp>(registry, [](double x) { return std::abs(x); });
  addUnary<train::SignOp>(registry, signOf);
  addUnary<train::FloorOp>(registry, [](double x) { return std::floor(x); });
  addUnary<train::CeilOp>(registry, [](double x) { return std::ceil(x); });
  addUnary<train::RoundOp>(registry, [](double x) { return std::nearbyint(x); });
  addUnary<train::RoundThroughOp>(registry, [](double x) { return std::nearbyint(x); });
  addUnary<train::StopGradientOp>(registry, [](double x) { return x; });
  addUnary<train::ExpOp>(registry, [](double x) { return std::exp(x); });
  addUnary<train::Expm1Op>(registry, [](double x) { return std::expm1(x); });
  addUnary<train::LogOp>(registry, [](double x) { return std::log(x); });
  addUnary<train::Log1pOp>(registry, [](double x) { return std::log1p(x); });
  addUnary<train::SqrtOp>(registry, [](double x) { return std::sqrt(x); });
  addUnary<train::RsqrtOp>(registry, [](double x) { return 1.0 / std::sqrt(x); });
  addUnary<train::ReciprocalOp>(registry, [](double x) { return 1.0 / x; });
  addUnary<train::TanhOp>(registry, [](double x) { return std::tanh(x); });
  addUnary<train::SigmoidOp>(registry, sigmoid);
  addUnary<train::ErfOp>(registry, [](double x) { return std::erf(x); });
  addUnary<train::SinOp>(registry, [](double x) { return std::sin(x); });
  addUnary<train::CosOp>(registry, [](double x) { return std::cos(x); });
  addUnary<train::AtanOp>(registry, [](double x) { return std::atan(x); });
  addUnary<train::ReluOp>(registry, relu);
  registry.add<train::GeluOp>(evalGelu);
  registry.add<train::NotOp>(evalNot);
  registerArithmetic(registry);
  registry.add<train::CompareOp>(evalCompare);
  registry.add<train::SelectOp>(evalSelect);
  registry.add<train::ConvertOp>(evalConvert);
}
