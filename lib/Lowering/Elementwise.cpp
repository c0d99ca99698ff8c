//===- Elementwise.cpp - Scalar bodies of elementwise ops -----------------===//

#include "lib/Lowering/ExecLowering.h"
#include "lib/Lowering/Signless.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace dsc;

static bool isFloat(Value scalar) { return isa<FloatType>(scalar.getType()); }

static Value constantLike(OpBuilder &b, Location loc, Value like, double value) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(like.getType(), value));
}

/// Registers an elementwise op whose scalar meaning is `body(b, loc, op, x)`.
template <typename OpTy, typename Body>
static void addElementwise(LoweringRegistry &registry, Body body) {
  registry.add<OpTy>([body](OpTy op, ExecLowering &lowering) {
    auto scalar = [&](OpBuilder &b, Location loc, ValueRange x) { return body(b, loc, op, x); };
    lowering.set(op->getResult(0),
                 lowering.buildElementwise(op.getLoc(), tensorType(op->getResult(0)),
                                           op->getOperands(), scalar, op.getFlops()));
    return success();
  });
}

/// An op that one op of arith or math computes.
template <typename OpTy, typename ScalarOp> static void addUnary(LoweringRegistry &registry) {
  addElementwise<OpTy>(registry, [](OpBuilder &b, Location loc, OpTy, ValueRange x) -> Value {
    return ScalarOp::create(b, loc, x[0]);
  });
}

/// Whether a train op's operands are integers without a sign.
static bool readsUnsigned(Operation *op) {
  return isUnsigned(tensorType(op->getOperands().back()).getElementType());
}

template <typename OpTy, typename FloatOp, typename IntOp, typename UnsignedOp = IntOp>
static void addBinary(LoweringRegistry &registry) {
  addElementwise<OpTy>(registry, [](OpBuilder &b, Location loc, OpTy op, ValueRange x) -> Value {
    if (isFloat(x[0])) {
      return FloatOp::create(b, loc, x[0], x[1]);
    }
    return readsUnsigned(op) ? UnsignedOp::create(b, loc, x[0], x[1]).getResult()
                             : IntOp::create(b, loc, x[0], x[1]).getResult();
  });
}

template <typename OpTy, typename IntOp> static void addLogic(LoweringRegistry &registry) {
  addElementwise<OpTy>(registry, [](OpBuilder &b, Location loc, OpTy, ValueRange x) -> Value {
    return IntOp::create(b, loc, x[0], x[1]);
  });
}

static Value buildSign(OpBuilder &b, Location loc, Value x) {
  Value zero = constantLike(b, loc, x, 0.0);
  Value positive = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, zero);
  Value negative = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, zero);
  // Zero and NaN stay what they are.
  Value rest = arith::SelectOp::create(b, loc, negative, constantLike(b, loc, x, -1.0), x);
  return arith::SelectOp::create(b, loc, positive, constantLike(b, loc, x, 1.0), rest);
}

static Value buildSigmoid(OpBuilder &b, Location loc, Value x) {
  Value one = constantLike(b, loc, x, 1.0);
  Value e = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, x));
  return arith::DivFOp::create(b, loc, one, arith::AddFOp::create(b, loc, one, e));
}

/// max(x, 0) that keeps NaN.
static Value buildRelu(OpBuilder &b, Location loc, Value x) {
  Value zero = constantLike(b, loc, x, 0.0);
  Value hidden = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLE, x, zero);
  return arith::SelectOp::create(b, loc, hidden, zero, x);
}

static Value intConstantLike(OpBuilder &b, Location loc, Value like, int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(like.getType(), value));
}

static Value buildNot(OpBuilder &b, Location loc, Value x) {
  return arith::XOrIOp::create(b, loc, x, intConstantLike(b, loc, x, -1));
}

/// Counts that leave nothing of `x`; to shift by them is not defined.
static Value isBeyondWidth(OpBuilder &b, Location loc, Value count) {
  auto width = static_cast<int64_t>(count.getType().getIntOrFloatBitWidth());
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, count,
                               intConstantLike(b, loc, count, width));
}

/// x shifted by `Shift`, or 0 where the count is beyond the width.
template <typename Shift>
static Value buildShift(OpBuilder &b, Location loc, Value x, Value count) {
  Value zero = intConstantLike(b, loc, x, 0), beyond = isBeyondWidth(b, loc, count);
  Value inside = arith::SelectOp::create(b, loc, beyond, zero, count);
  return arith::SelectOp::create(b, loc, beyond, zero, Shift::create(b, loc, x, inside));
}

/// Beyond the width the last shift that is defined leaves the sign.
static Value buildSignedShiftRight(OpBuilder &b, Location loc, Value x, Value count) {
  auto width = static_cast<int64_t>(x.getType().getIntOrFloatBitWidth());
  Value inside = arith::SelectOp::create(b, loc, isBeyondWidth(b, loc, count),
                                         intConstantLike(b, loc, x, width - 1), count);
  return arith::ShRSIOp::create(b, loc, x, inside);
}

static arith::CmpFPredicate floatPredicate(train::Comparison relation) {
  switch (relation) {
  case train::Comparison::EQ:
    return arith::CmpFPredicate::OEQ;
  case train::Comparison::NE:
    return arith::CmpFPredicate::UNE;
  case train::Comparison::LT:
    return arith::CmpFPredicate::OLT;
  case train::Comparison::LE:
    return arith::CmpFPredicate::OLE;
  case train::Comparison::GT:
    return arith::CmpFPredicate::OGT;
  case train::Comparison::GE:
    return arith::CmpFPredicate::OGE;
  }
  llvm_unreachable("unknown comparison");
}

static arith::CmpIPredicate intPredicate(train::Comparison relation, bool isUnsigned) {
  using Predicate = arith::CmpIPredicate;
  switch (relation) {
  case train::Comparison::EQ:
    return Predicate::eq;
  case train::Comparison::NE:
    return Predicate::ne;
  case train::Comparison::LT:
    return isUnsigned ? Predicate::ult : Predicate::slt;
  case train::Comparison::LE:
    return isUnsigned ? Predicate::ule : Predicate::sle;
  case train::Comparison::GT:
    return isUnsigned ? Predicate::ugt : Predicate::sgt;
  case train::Comparison::GE:
    return isUnsigned ? Predicate::uge : Predicate::sge;
  }
  llvm_unreachable("unknown comparison");
}

static Value convertFromFloat(OpBuilder &b, Location loc, Value x, Type to) {
  if (to.isInteger(1)) {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, x, constantLike(b, loc, x, 0));
  }
  if (to.isUnsignedInteger() && to.getIntOrFloatBitWidth() < 64) {
    // Negative numbers wrap, as they do elsewhere.
    Value wide = arith::FPToSIOp::create(b, loc, b.getI64Type(), x);
    return arith::TruncIOp::create(b, loc, signless(to), wide);
  }
  if (to.isUnsignedInteger()) {
    return arith::FPToUIOp::create(b, loc, signless(to), x);
  }
  if (isa<IntegerType>(to)) {
    return arith::FPToSIOp::create(b, loc, to, x);
  }
  unsigned from = x.getType().getIntOrFloatBitWidth(), width = to.getIntOrFloatBitWidth();
  if (from < width) {
    return arith::ExtFOp::create(b, loc, to, x);
  }
  if (from > width) {
    return arith::TruncFOp::create(b, loc, to, x);
  }
  // f16 <-> bf16
  return arith::TruncFOp::create(b, loc, to, arith::ExtFOp::create(b, loc, b.getF32Type(), x));
}

static Value convertFromInt(OpBuilder &b, Location loc, Value x, bool isUnsigned, Type to) {
  if (isa<FloatType>(to)) {
    return isUnsigned ? arith::UIToFPOp::create(b, loc, to, x).getResult()
                      : arith::SIToFPOp::create(b, loc, to, x).getResult();
  }
  if (to.isInteger(1)) {
    Value zero = arith::ConstantOp::create(b, loc, b.getIntegerAttr(x.getType(), 0));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, x, zero);
  }
  unsigned from = x.getType().getIntOrFloatBitWidth(), width = to.getIntOrFloatBitWidth();
  if (from == width) {
    return x;
  }
  if (from < width) {
    return isUnsigned ? arith::ExtUIOp::create(b, loc, signless(to), x).getResult()
                      : arith::ExtSIOp::create(b, loc, signless(to), x).getResult();
  }
  return arith::TruncIOp::create(b, loc, signless(to), x);
}

static Value buildConvert(OpBuilder &b, Location loc, train::ConvertOp op, ValueRange x) {
  Type to = op.getType().getElementType();
  if (x[0].getType() == to) {
    return x[0];
  }
  // By way of f32, as PyTorch: no processor converts f64 to bf16 at once.
  Value from = x[0];
  if (from.getType().isF64() && to.isBF16()) {
    from = convertFromFloat(b, loc, from, b.getF32Type());
  }
  return isFloat(from) ? convertFromFloat(b, loc, from, to)
                       : convertFromInt(b, loc, from, readsUnsigned(op), to);
}

static void addUnaries(LoweringRegistry &r) {
  addUnary<train::NegOp, arith::NegFOp>(r);
  addUnary<train::AbsOp, math::AbsFOp>(r);
  addUnary<train::FloorOp, math::FloorOp>(r);
  addUnary<train::CeilOp, math::CeilOp>(r);
  addUnary<train::RoundOp, math::RoundEvenOp>(r);
  addUnary<train::RoundThroughOp, math::RoundEvenOp>(r);
  addUnary<train::ExpOp, math::ExpOp>(r);
  addUnary<train::Expm1Op, math::ExpM1Op>(r);
  addUnary<train::LogOp, math::LogOp>(r);
  addUnary<train::Log1pOp, math::Log1pOp>(r);
  addUnary<train::SqrtOp, math::SqrtOp>(r);
  addUnary<train::TanhOp, math::TanhOp>(r);
  addUnary<train::ErfOp, math::ErfOp>(r);
  addUnary<train::SinOp, math::SinOp>(r);
  addUnary<train::CosOp, math::CosOp>(r);
  addUnary<train::AtanOp, math::AtanOp>(r);
  // 1 / sqrt(x) rather than the estimate that math.rsqrt may become.
  addElementwise<train::RsqrtOp>(r, [](OpBuilder &b, Location loc, auto, ValueRange x) -> Value {
    Value root = math::SqrtOp::create(b, loc, x[0]);
    return arith::DivFOp::create(b, loc, constantLike(b, loc, x[0], 1.0), root);
  });
  addElementwise<train::ReciprocalOp>(
      r, [](OpBuilder &b, Location loc, auto, ValueRange x) -> Value {
        return arith::DivFOp::create(b, loc, constantLike(b, loc, x[0], 1.0), x[0]);
      });
  addElementwise<train::SignOp>(
      r, [](OpBuilder &b, Location loc, auto, ValueRange x) { return buildSign(b, loc, x[0]); });
  addElementwise<train::SigmoidOp>(
      r, [](OpBuilder &b, Location loc, auto, ValueRange x) { return buildSigmoid(b, loc, x[0]); });
  addElementwise<train::ReluOp>(
      r, [](OpBuilder &b, Location loc, auto, ValueRange x) { return buildRelu(b, loc, x[0]); });
  addElementwise<train::NotOp>(
      r, [](OpBuilder &b, Location loc, auto, ValueRange x) { return buildNot(b, loc, x[0]); });
}

void dsc::registerElementwiseLowerings(LoweringRegistry &r) {
  addUnaries(r);
  addBinary<train::AddOp, arith::AddFOp, arith::AddIOp>(r);
  addBinary<train::SubOp, arith::SubFOp, arith::SubIOp>(r);
  addBinary<train::MulOp, arith::MulFOp, arith::MulIOp>(r);
  addBinary<train::DivOp, arith::DivFOp, arith::DivSIOp, arith::DivUIOp>(r);
  addBinary<train::RemOp, arith::RemFOp, arith::RemSIOp, arith::RemUIOp>(r);
  addBinary<train::MaxOp, arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>(r);
  addBinary<train::MinOp, arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>(r);
  addBinary<train::PowOp, math::PowFOp, math::IPowIOp>(r);
  addLogic<train::AndOp, arith::AndIOp>(r);
  addLogic<train::OrOp, arith::OrIOp>(r);
  addLogic<train::XorOp, arith::XOrIOp>(r);
  addElementwise<train::ShiftLeftOp>(r, [](OpBuilder &b, Location loc, auto, ValueRange x) {
    return buildShift<arith::ShLIOp>(b, loc, x[0], x[1]);
  });
  addElementwise<train::ShiftRightOp>(r, [](OpBuilder &b, Location loc, auto op, ValueRange x) {
    return readsUnsigned(op) ? buildShift<arith::ShRUIOp>(b, loc, x[0], x[1])
                             : buildSignedShiftRight(b, loc, x[0], x[1]);
  });
  addElementwise<train::CompareOp>(
      r, [](OpBuilder &b, Location loc, train::CompareOp op, ValueRange x) -> Value {
        if (isFloat(x[0])) {
          return arith::CmpFOp::create(b, loc, floatPredicate(op.getRelation()), x[0], x[1]);
        }
        return arith::CmpIOp::create(b, loc, intPredicate(op.getRelation(), readsUnsigned(op)),
                                     x[0], x[1]);
      });
  addElementwise<train::SelectOp>(r, [](OpBuilder &b, Location loc, auto, ValueRange x) -> Value {
    return arith::SelectOp::create(b, loc, x[0], x[1], x[2]);
  });
  addElementwise<train::ConvertOp>(r, buildConvert);
}
