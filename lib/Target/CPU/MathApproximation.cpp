//===- MathApproximation.cpp - f32 functions as polynomials ---------------===//
//
// Each function reduces its argument to a small interval, evaluates a polynomial
// there and undoes the reduction. Coefficients are printed by
// fit-polynomials.py; the errors are measured by the tests in test/unit/kernels.
//
// pow and the reduction of sin and cos work in f64: their errors grow with the
// argument otherwise.
//
//===----------------------------------------------------------------------===//
#include "FloatBuilder.h"
#include "MathLowering.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

#include <limits>
#include <numbers>

using namespace mlir;

namespace dsc::cpu {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double ln2 = std::numbers::ln2;
// ln 2 in two parts, of which n * ln2High is exact for |n| < 2^14.
constexpr double ln2High = 0.693359375;
constexpr double ln2Low = -2.12194440054690583e-4;

//===----------------------------------------------------------------------===//
// exp and relatives
//===----------------------------------------------------------------------===//

/// Adding this to a float below 2^22 leaves the rounded value, plus 127, in the low
/// bits of the sum: shifted to the exponent's place they are a power of two.
constexpr double roundingMagic = 0x1.8p23 + 127;
constexpr int64_t roundingMagicBits = 0x4b40007f;

/// x = n ln 2 + r with |r| <= ln 2 / 2; `biased` holds n + 127 in its low bits.
struct ExpReduction {
  Value n, biased, r;
};

ExpReduction reduceExp(FloatBuilder &f, Value x) {
  Value shifted = f.mulAdd(x, f.constant(1 / ln2), f.constant(roundingMagic));
  ExpReduction result;
  result.n = f.sub(shifted, f.constant(roundingMagic));
  result.biased = f.bits(shifted);
  result.r = f.mulAdd(result.n, f.constant(-ln2High), x);
  result.r = f.mulAdd(result.n, f.constant(-ln2Low), result.r);
  return result;
}

/// exp(r) - 1 for |r| <= ln 2 / 2.
Value expm1Core(FloatBuilder &f, Value r) {
  Value q =
      f.polynomial(r, {0.5000000066, 0.1666653814, 0.04166626693, 0.008367229785, 0.001394756918});
  return f.mulAdd(f.mul(r, r), q, r);
}

/// 2^n for the normal range, from n + 127.
Value powerOfTwo(FloatBuilder &f, Value biased) { return f.fromBits(f.shiftLeft(biased, 23)); }

/// p * 2^n for p near 1, into overflow and the subnormals: in two steps.
Value scaleByPower(FloatBuilder &f, Value p, Value biased) {
  Value n = f.subI(biased, f.integer(roundingMagicBits));
  Value half = f.shiftRight(n, 1);
  Value scaled = f.mul(p, powerOfTwo(f, f.addI(half, f.integer(127))));
  return f.mul(scaled, powerOfTwo(f, f.subI(biased, half)));
}

// NaN needs no care below: it passes through the bounds and makes r, and so the
// polynomial, NaN.

Value exp(FloatBuilder &f, Value x) {
  ExpReduction reduced = reduceExp(f, f.atLeast(f.atMost(x, 89), -104));
  Value p = f.add(expm1Core(f, reduced.r), f.constant(1));
  return scaleByPower(f, p, reduced.biased);
}

Value exp2(FloatBuilder &f, Value x) {
  Value bounded = f.atLeast(f.atMost(x, 129), -151);
  Value shifted = f.add(bounded, f.constant(roundingMagic));
  Value n = f.sub(shifted, f.constant(roundingMagic));
  Value r = f.mul(f.sub(bounded, n), f.constant(ln2));
  Value p = f.add(expm1Core(f, r), f.constant(1));
  return scaleByPower(f, p, f.bits(shifted));
}

/// exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1), with halved powers so that 2^128
/// is reached only in the result.
Value expm1(FloatBuilder &f, Value x) {
  ExpReduction reduced = reduceExp(f, f.atLeast(f.atMost(x, 89), -50));
  Value half = powerOfTwo(f, f.subI(reduced.biased, f.integer(1)));
  Value sum = f.mulAdd(half, expm1Core(f, reduced.r), f.sub(half, f.constant(0.5)));
  Value result = f.mul(sum, f.constant(2));
  // Small arguments (-0 among them) are their own result.
  return f.select(f.less(f.abs(x), f.constant(1e-8)), x, result);
}

/// tanh|x| = t / (t + 2) with t = exp(2|x|) - 1.
Value tanh(FloatBuilder &f, Value x) {
  Value bounded = f.atMost(f.abs(x), 10);
  ExpReduction reduced = reduceExp(f, f.add(bounded, bounded));
  Value power = powerOfTwo(f, reduced.biased);
  Value t = f.mulAdd(power, expm1Core(f, reduced.r), f.sub(power, f.constant(1)));
  return f.copySign(f.div(t, f.add(t, f.constant(2))), x);
}

//===----------------------------------------------------------------------===//
// log and relatives
//===----------------------------------------------------------------------===//

/// x = 2^n (1 + m) with 1 + m in [sqrt(1/2), sqrt(2)), for x > 0.
struct LogReduction {
  Value n, m;
};

LogReduction reduceLog(FloatBuilder &f, Value x) {
  Value subnormal = f.less(x, f.constant(0x1p-126));
  Value scaled = f.select(subnormal, f.mul(x, f.constant(0x1p23)), x);
  // Subtracting the bits of sqrt(1/2) leaves the exponent of x / sqrt(1/2).
  constexpr int64_t sqrtHalf = 0x3f3504f3;
  Value offset = f.subI(f.bits(scaled), f.integer(sqrtHalf));
  Value exponent = f.shiftRight(offset, 23);
  Value mantissa = f.subI(f.bits(scaled), f.shiftLeft(exponent, 23));
  LogReduction result;
  result.m = f.sub(f.fromBits(mantissa), f.constant(1));
  result.n = f.sub(f.toFloat(exponent), f.select(subnormal, f.constant(23), f.constant(0)));
  return result;
}

/// log(1 + m) - m.
Value log1pCore(FloatBuilder &f, Value m) {
  Value q = f.polynomial(m, {0.3333331404, -0.2499998384, 0.2000218728, -0.1666948374, 0.1421711758,
                             -0.1237748559, 0.1188879741, -0.1184674351, 0.06937306228});
  Value square = f.mul(m, m);
  return f.mulAdd(f.mul(square, m), q, f.mul(square, f.constant(-0.5)));
}

/// The values of a logarithm at 0, below, at infinity and NaN.
Value withLogEdges(FloatBuilder &f, Value x, Value result) {
  result = f.select(f.less(x, f.constant(infinity)), result, x);
  result = f.select(f.equal(x, f.constant(0)), f.constant(-infinity), result);
  return f.select(f.less(x, f.constant(0)), f.constant(nan), result);
}

Value log(FloatBuilder &f, Value x) {
  LogReduction reduced = reduceLog(f, x);
  Value low = f.mulAdd(reduced.n, f.constant(ln2Low), log1pCore(f, reduced.m));
  Value result = f.mulAdd(reduced.n, f.constant(ln2High), f.add(low, reduced.m));
  return withLogEdges(f, x, result);
}

/// n + log(1 + m) / log(base), the factor in two parts.
Value logToBase(FloatBuilder &f, Value x, double factorHigh, double factorLow, double ofTwoHigh,
                double ofTwoLow) {
  LogReduction reduced = reduceLog(f, x);
  Value core = log1pCore(f, reduced.m);
  Value low = f.mul(f.add(core, reduced.m), f.constant(factorLow));
  low = f.mulAdd(core, f.constant(factorHigh), low);
  low = f.mulAdd(reduced.n, f.constant(ofTwoLow), low);
  low = f.mulAdd(reduced.m, f.constant(factorHigh), low);
  return withLogEdges(f, x, f.mulAdd(reduced.n, f.constant(ofTwoHigh), low));
}

Value log2(FloatBuilder &f, Value x) {
  constexpr double high = 1.4423828125;
  return logToBase(f, x, high, 1 / ln2 - high, 1, 0);
}

Value log10(FloatBuilder &f, Value x) {
  constexpr double high = 0.43408203125;
  constexpr double twoHigh = 0.30078125;
  return logToBase(f, x, high, std::numbers::log10e - high, twoHigh,
                   ln2 * std::numbers::log10e - twoHigh);
}

/// log(u) corrected by what rounding 1 + x to u has lost.
Value log1p(FloatBuilder &f, Value x) {
  Value u = f.add(x, f.constant(1));
  Value lost = f.sub(x, f.sub(u, f.constant(1)));
  LogReduction reduced = reduceLog(f, u);
  Value low = f.mulAdd(reduced.n, f.constant(ln2Low), log1pCore(f, reduced.m));
  low = f.add(low, f.div(lost, u));
  Value result = f.mulAdd(reduced.n, f.constant(ln2High), f.add(low, reduced.m));
  result = withLogEdges(f, u, result);
  return f.select(f.less(f.abs(x), f.constant(1e-8)), x, result);
}

//===----------------------------------------------------------------------===//
// erf
//===----------------------------------------------------------------------===//

Value erf(FloatBuilder &f, Value x) {
  Value magnitude = f.abs(x);
  Value small =
      f.mulAdd(x,
               f.polynomial(f.mul(x, x), {0.1283791657, -0.3761262579, 0.1128358495, -0.02685380683,
                                          0.005188321926, -0.0008010168862, 7.853849194e-5}),
               x);
  Value bounded = f.atMost(magnitude, 3.95);
  Value exponent =
      f.polynomial(bounded, {-0.0001638410135, -1.128083844, -0.6358577528, -0.1059122031,
                             0.02382344619, -0.003759269181, 0.0003640726941, -1.609695254e-5});
  // The exponent lies in [-18, -1]: no edges to care for.
  ExpReduction reduced = reduceExp(f, exponent);
  Value p = f.add(expm1Core(f, reduced.r), f.constant(1));
  Value complement = f.mul(p, powerOfTwo(f, reduced.biased));
  Value large = f.copySign(f.sub(f.constant(1), complement), x);
  return f.select(f.less(f.constant(1), magnitude), large, small);
}

//===----------------------------------------------------------------------===//
// sin and cos
//===----------------------------------------------------------------------===//

/// x = n pi/2 + r with |r| <= pi/4; sine and cosine of r, and n modulo 4 in the
/// low bits. Beyond |x| = 1e9 the argument's own spacing exceeds a period.
struct TrigReduction {
  Value sine, cosine, quadrant;
};

TrigReduction reduceTrig(FloatBuilder &f, Value x) {
  constexpr double magic = 0x1.8p52;
  FloatBuilder d = f.asF64();
  Value wide = d.extend(x);
  Value shifted = d.mulAdd(wide, d.constant(2 / std::numbers::pi), d.constant(magic));
  Value n = d.sub(shifted, d.constant(magic));
  Value r64 = d.mulAdd(n, d.constant(-1.57079632673412561417), wide);
  r64 = d.mulAdd(n, d.constant(-6.07710050650619224932e-11), r64);
  Value r = f.atLeast(f.atMost(f.truncate(r64), 0.79), -0.79);
  Value square = f.mul(r, r);
  TrigReduction result;
  Value sinTail =
      f.polynomial(square, {-0.1666666664, 0.008333329305, -0.0001983925354, 2.717273162e-6});
  result.sine = f.mulAdd(f.mul(square, r), sinTail, r);
  Value cosTail = f.polynomial(square, {0.04166665458, -0.001388764946, 2.446316577e-5});
  Value cosHead = f.mulAdd(square, f.constant(-0.5), f.constant(1));
  result.cosine = f.mulAdd(f.mul(square, square), cosTail, cosHead);
  result.quadrant = d.bits(shifted);
  return result;
}

/// Sine (of a quarter turn more: cosine) from the reduction.
Value sineOfQuadrant(FloatBuilder &f, const TrigReduction &reduced, int64_t quarters) {
  FloatBuilder d = f.asF64();
  Value quadrant = d.addI(reduced.quadrant, d.integer(quarters));
  Value swapped = d.isNonZero(d.andI(quadrant, d.integer(1)));
  Value negated = d.isNonZero(d.andI(quadrant, d.integer(2)));
  Value magnitude = f.select(swapped, reduced.cosine, reduced.sine);
  return f.select(negated, f.sub(f.constant(-0.0), magnitude), magnitude);
}

Value sin(FloatBuilder &f, Value x) { return sineOfQuadrant(f, reduceTrig(f, x), 0); }
Value cos(FloatBuilder &f, Value x) { return sineOfQuadrant(f, reduceTrig(f, x), 1); }
Value tan(FloatBuilder &f, Value x) {
  TrigReduction reduced = reduceTrig(f, x);
  return f.div(sineOfQuadrant(f, reduced, 0), sineOfQuadrant(f, reduced, 1));
}

//===----------------------------------------------------------------------===//
// pow
//===----------------------------------------------------------------------===//

/// log2 of a positive normal f64 to about 1e-12.
Value log2F64(FloatBuilder &d, Value x) {
  constexpr int64_t sqrtHalf = 0x3fe6a09e667f3bcd;
  Value exponent = d.shiftRight(d.subI(d.bits(x), d.integer(sqrtHalf)), 52);
  Value m = d.fromBits(d.subI(d.bits(x), d.shiftLeft(exponent, 52)));
  // log m = 2 atanh(s) with s = (m - 1) / (m + 1)
  Value s = d.div(d.sub(m, d.constant(1)), d.add(m, d.constant(1)));
  Value series = d.polynomial(d.mul(s, s), {1, 1. / 3, 1. / 5, 1. / 7, 1. / 9, 1. / 11, 1. / 13});
  // The exponent is small: read it from the low bits of a sum, as there may be no
  // instruction that converts i64.
  constexpr double magic = 0x1.8p52;
  Value n = d.sub(d.fromBits(d.addI(exponent, d.bits(d.constant(magic)))), d.constant(magic));
  return d.mulAdd(d.mul(s, series), d.constant(2 / ln2), n);
}

/// 2^x for |x| <= 1000 to about 1e-12.
Value exp2F64(FloatBuilder &d, Value x) {
  constexpr double magic = 0x1.8p52;
  Value shifted = d.add(x, d.constant(magic));
  Value r = d.mul(d.sub(x, d.sub(shifted, d.constant(magic))), d.constant(ln2));
  SmallVector<double> taylor = {1};
  for (int k = 1; k <= 10; ++k)
    taylor.push_back(taylor.back() / k);
  Value n = d.subI(d.bits(shifted), d.bits(d.constant(magic)));
  Value power = d.fromBits(d.shiftLeft(d.addI(n, d.integer(1023)), 52));
  return d.mul(d.polynomial(r, taylor), power);
}

Value powGeneral(FloatBuilder &f, ImplicitLocOpBuilder &b, Value x, Value y) {
  auto isInteger = [&](Value v) { return f.equal(math::FloorOp::create(b, v), v); };
  Value halfY = f.mul(y, f.constant(0.5));
  Value isWhole = isInteger(y);
  Value isOdd = f.bothOf(
      isWhole, f.compare(arith::CmpFPredicate::ONE, math::FloorOp::create(b, halfY), halfY));
  Value positive = f.less(f.constant(0), y);

  // |x|^y = 2^(y log2 |x|); the bounds keep 0 * infinity out.
  FloatBuilder d = f.asF64();
  Value magnitude = f.abs(x);
  Value bounded = f.atLeast(f.atMost(y, 0x1p100), -0x1p100);
  Value product = d.mul(log2F64(d, d.extend(magnitude)), d.extend(bounded));
  Value power = f.truncate(exp2F64(d, d.atLeast(d.atMost(product, 1000), -1000)));
  Value atZero = f.select(positive, f.constant(0), f.constant(infinity));
  Value atInfinity = f.select(positive, f.constant(infinity), f.constant(0));
  power = f.select(f.equal(magnitude, f.constant(0)), atZero, power);
  power = f.select(f.equal(magnitude, f.constant(infinity)), atInfinity, power);

  // The sign of x (of -0 too) survives odd powers only; a negative finite base
  // has no real power but integers.
  Value isNegative = f.less(f.copySign(f.constant(1), x), f.constant(0));
  Value isFiniteNegative = f.bothOf(f.less(x, f.constant(0)), f.less(f.constant(-infinity), x));
  Value result = f.select(f.bothOf(isNegative, isOdd), f.sub(f.constant(-0.0), power), power);
  result = f.select(isWhole, result, f.select(isFiniteNegative, f.constant(nan), result));
  result = f.select(f.isNaN(x), x, f.select(f.isNaN(y), y, result));
  result = f.select(f.equal(x, f.constant(1)), f.constant(1), result);
  return f.select(f.equal(y, f.constant(0)), f.constant(1), result);
}

/// The exponents that models are full of.
Value powSpecial(FloatBuilder &f, Value x, double exponent) {
  if (exponent == 1)
    return x;
  if (exponent == 2)
    return f.mul(x, x);
  if (exponent == 3)
    return f.mul(f.mul(x, x), x);
  if (exponent == -1)
    return f.div(f.constant(1), x);
  if (exponent == -2)
    return f.div(f.constant(1), f.mul(x, x));
  // pow maps -0 to 0 and -infinity to infinity, sqrt does not.
  Value root = f.select(f.equal(x, f.constant(-infinity)), f.constant(infinity),
                        f.sqrt(f.add(x, f.constant(0))));
  if (exponent == 0.5)
    return root;
  if (exponent == -0.5)
    return f.div(f.constant(1), root);
  return {};
}

Value pow(FloatBuilder &f, ImplicitLocOpBuilder &b, Value x, Value y) {
  Value scalar = y;
  if (auto broadcast = y.getDefiningOp<vector::BroadcastOp>())
    scalar = broadcast.getSource();
  APFloat exponent(0.0f);
  if (matchPattern(scalar, m_ConstantFloat(&exponent)))
    if (Value special = powSpecial(f, x, exponent.convertToDouble()))
      return special;
  return powGeneral(f, b, x, y);
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

using Formula = Value (*)(FloatBuilder &, Value);

template <typename Op> std::pair<StringRef, Formula> entry(Formula formula) {
  return {Op::getOperationName(), formula};
}

const llvm::StringMap<Formula> &formulas() {
  static const llvm::StringMap<Formula> table = {
      entry<math::CosOp>(cos),     entry<math::ErfOp>(erf),   entry<math::Exp2Op>(exp2),
      entry<math::ExpM1Op>(expm1), entry<math::ExpOp>(exp),   entry<math::Log10Op>(log10),
      entry<math::Log1pOp>(log1p), entry<math::Log2Op>(log2), entry<math::LogOp>(log),
      entry<math::SinOp>(sin),     entry<math::TanOp>(tan),   entry<math::TanhOp>(tanh)};
  return table;
}

} // namespace

Value approximate(Operation *op, ImplicitLocOpBuilder &b) {
  FloatBuilder f(b, op->getResult(0).getType());
  if (auto powOp = dyn_cast<math::PowFOp>(op))
    return pow(f, b, powOp.getLhs(), powOp.getRhs());
  auto it = formulas().find(op->getName().getStringRef());
  return it == formulas().end() ? Value() : it->second(f, op->getOperand(0));
}

} // namespace dsc::cpu
