//===- OpDraws.cpp - How ops of the core are drawn ------------------------===//

#include "OpDraws.h"

#include "ShapeDraws.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::cpucheck;

DrawTable cpucheck::makeDrawTable() {
  DrawTable table;
  for (auto add : {addElementwiseDraws, addShapeDraws, addReduceDraws, addIndexDraws,
                   addRandomDraws, addOptimizerDraws, addLinearDraws, addPoolDraws, addNormDraws,
                   addLossDraws, addAttentionDraws, addControlDraws}) {
    add(table);
  }
  return table;
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

/// f32, f64, i32 or i64.
static RankedTensorType drawNumbers(ProgramBuilder &p, ArrayRef<int64_t> shape) {
  return p.draw.chance(70) ? p.floats(shape) : p.indices(shape);
}

template <typename OpTy> static void addUnary(DrawTable &table, const Want &want) {
  addDraw<OpTy>(table, [want](ProgramBuilder &p) { p.make<OpTy>(p.operand(p.shape(0, 4), want)); });
}

template <typename OpTy> static void addBinary(DrawTable &table) {
  addDraw<OpTy>(table, [](ProgramBuilder &p) {
    RankedTensorType type = drawNumbers(p, p.shape(0, 4));
    Value a = p.operand(type);
    p.make<OpTy>(a, p.operand(type));
  });
}

template <typename OpTy> static void addLogic(DrawTable &table) {
  addDraw<OpTy>(table, [](ProgramBuilder &p) {
    Shape shape = p.shape(0, 3);
    RankedTensorType type = p.draw.chance(50) ? p.booleans(shape) : p.indices(shape);
    Value a = p.operand(type);
    p.make<OpTy>(a, p.operand(type));
  });
}

/// By numbers of places inside the width and beyond it, of all kinds of integers.
template <typename OpTy> static void addShift(DrawTable &table) {
  addDraw<OpTy>(table, [](ProgramBuilder &p) {
    Shape shape = p.shape(0, 3);
    Builder &b = p.builder;
    auto element = p.draw.pick<Type>(
        {b.getI8Type(), b.getI32Type(), b.getI64Type(), b.getIntegerType(32, /*isSigned=*/false)});
    auto type = RankedTensorType::get(shape, element);
    auto x = p.make<train::ConvertOp>(type, p.operand(p.indices(shape)));
    auto count = p.make<train::ConvertOp>(type, p.operand(p.indices(shape), {.bound = 70}));
    if (x && count) {
      p.make<OpTy>(x, count);
    }
  });
}

/// Integers are divided by numbers that are not zero.
static void drawDiv(ProgramBuilder &p) {
  RankedTensorType type = drawNumbers(p, p.shape(0, 4));
  Value a = p.operand(type), b = p.operand(type, {.low = 0.2, .high = 4.0});
  if (!isa<FloatType>(type.getElementType())) {
    Value one = p.make<train::ConstantOp>(type, 1.0);
    b = p.make<train::MaxOp>(b, one).getY(); // exact, so never taken back
  }
  p.make<train::DivOp>(a, b);
}

static void drawRem(ProgramBuilder &p) {
  RankedTensorType type = drawNumbers(p, p.shape(0, 4));
  Value a = p.operand(type, {.exact = true});
  Value b = p.operand(type, {.low = 0.2, .high = 4.0, .exact = true});
  if (!isa<FloatType>(type.getElementType())) {
    Value one = p.make<train::ConstantOp>(type, 1.0);
    b = p.make<train::MaxOp>(b, one).getY();
  }
  p.make<train::RemOp>(a, b);
}

static void drawPow(ProgramBuilder &p) {
  Shape shape = p.shape(0, 3);
  Value a = p.operand(shape, {.low = 0.1, .high = 3.0});
  p.make<train::PowOp>(a, p.operand(shape));
}

static void drawCompare(ProgramBuilder &p) {
  using Relation = train::Comparison;
  RankedTensorType type = drawNumbers(p, p.shape(0, 4));
  Value a = p.operand(type, {.exact = true}), b = p.operand(type, {.exact = true});
  p.make<train::CompareOp>(p.draw.pick({Relation::EQ, Relation::NE, Relation::LT, Relation::LE,
                                        Relation::GT, Relation::GE}),
                           a, b);
}

static void drawSelect(ProgramBuilder &p) {
  Shape shape = p.shape(0, 4);
  RankedTensorType type = drawNumbers(p, shape);
  Value predicate = p.operand(p.booleans(shape)), a = p.operand(type), b = p.operand(type);
  p.make<train::SelectOp>(type, predicate, a, b);
}

/// Not to an integer from a float that is not exact.
static void drawConvert(ProgramBuilder &p) {
  Builder &b = p.builder;
  Shape shape = p.shape(0, 3);
  SmallVector<Type> types = {b.getF32Type(), b.getF64Type(), b.getF16Type(), b.getBF16Type(),
                             b.getI32Type(), b.getI64Type(), b.getI1Type()};
  Type from = p.draw.pickFrom(types), to = p.draw.pickFrom(types);
  Value x = p.operand(RankedTensorType::get(shape, from), {.exact = true});
  p.make<train::ConvertOp>(RankedTensorType::get(shape, to), x);
}

static void drawGelu(ProgramBuilder &p) {
  using Approximation = train::GeluApproximation;
  auto approximation = p.draw.pick({Approximation::Erf, Approximation::Tanh});
  Value x = p.operand(p.shape(0, 4), {.low = -4.0, .high = 4.0});
  p.make<train::GeluOp>(x.getType(), approximation, x);
}

void cpucheck::addElementwiseDraws(DrawTable &table) {
  Want any, wide{.low = -4.0, .high = 4.0}, positive{.low = 0.05, .high = 4.0};
  Want exact{.low = -4.0, .high = 4.0, .exact = true};
  addUnary<train::NegOp>(table, any);
  addUnary<train::AbsOp>(table, any);
  addUnary<train::SignOp>(table, exact);
  addUnary<train::FloorOp>(table, exact);
  addUnary<train::CeilOp>(table, exact);
  addUnary<train::RoundOp>(table, exact);
  addUnary<train::RoundThroughOp>(table, exact);
  addUnary<train::StopGradientOp>(table, any);
  addUnary<train::ExpOp>(table, wide);
  addUnary<train::Expm1Op>(table, wide);
  addUnary<train::LogOp>(table, positive);
  addUnary<train::Log1pOp>(table, {.low = -0.5, .high = 4.0});
  addUnary<train::SqrtOp>(table, positive);
  addUnary<train::RsqrtOp>(table, positive);
  addUnary<train::ReciprocalOp>(table, {.low = 0.2, .high = 4.0});
  addUnary<train::TanhOp>(table, wide);
  addUnary<train::SigmoidOp>(table, wide);
  addUnary<train::ErfOp>(table, wide);
  addUnary<train::SinOp>(table, wide);
  addUnary<train::CosOp>(table, wide);
  addUnary<train::AtanOp>(table, wide);
  addUnary<train::ReluOp>(table, wide);
  addBinary<train::AddOp>(table);
  addBinary<train::SubOp>(table);
  addBinary<train::MulOp>(table);
  addBinary<train::MaxOp>(table);
  addBinary<train::MinOp>(table);
  addLogic<train::AndOp>(table);
  addLogic<train::OrOp>(table);
  addLogic<train::XorOp>(table);
  addShift<train::ShiftLeftOp>(table);
  addShift<train::ShiftRightOp>(table);
  addDraw<train::NotOp>(table, [](ProgramBuilder &p) {
    Shape shape = p.shape(0, 3);
    p.make<train::NotOp>(p.operand(p.draw.chance(50) ? p.booleans(shape) : p.indices(shape)));
  });
  addDraw<train::DivOp>(table, drawDiv);
  addDraw<train::RemOp>(table, drawRem);
  addDraw<train::PowOp>(table, drawPow);
  addDraw<train::CompareOp>(table, drawCompare);
  addDraw<train::SelectOp>(table, drawSelect);
  addDraw<train::ConvertOp>(table, drawConvert);
  addDraw<train::GeluOp>(table, drawGelu);
}

//===----------------------------------------------------------------------===//
// Moving elements
//===----------------------------------------------------------------------===//

using MakeByShapeOp = Value (*)(ProgramBuilder &, RankedTensorType, const Want &);

/// Of any element type that moves.
template <typename OpTy> static void addMove(DrawTable &table, MakeByShapeOp make) {
  addDraw<OpTy>(table, [make](ProgramBuilder &p) {
    Shape shape = p.shape(1, 4);
    make(p, p.draw.chance(15) ? p.booleans(shape) : drawNumbers(p, shape), {});
  });
}

void cpucheck::addShapeDraws(DrawTable &table) {
  addMove<train::TransposeOp>(table, byTranspose);
  addMove<train::SliceOp>(table, bySlice);
  addMove<train::BroadcastOp>(table, byBroadcast);
  addMove<train::ReshapeOp>(table, byReshape);
  addMove<train::ConcatOp>(table, byConcat);
  addMove<train::PadOp>(table, byPad);
  addDraw<train::IotaOp>(table, [](ProgramBuilder &p) {
    Shape shape = p.shape(1, 3);
    int64_t dim = p.draw.below(static_cast<int64_t>(shape.size()));
    p.make<train::IotaOp>(drawNumbers(p, shape), dim);
  });
  // Different elements, which stay a table; equal ones become part of kernels.
  addDraw<train::ConstantOp>(table, [](ProgramBuilder &p) {
    Shape shape = p.shape(0, 3, 64);
    SmallVector<float> elements;
    for (int64_t i = 0; i < countOf(shape); ++i) {
      elements.push_back(static_cast<float>(p.draw.between(-200, 200)) / 100.0F);
    }
    auto value = DenseElementsAttr::get(p.f32(shape), ArrayRef<float>(elements));
    p.make<train::ConstantOp>(p.f32(shape), value);
  });
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// Sometimes long, so that reductions are split.
static Shape drawReducedShape(ProgramBuilder &p) {
  return p.draw.chance(15) ? Shape{p.draw.pick<int64_t>({1, 3}), p.draw.between(900, 3000)}
                           : p.shape(0, 4);
}

template <typename OpTy> static void addReduce(DrawTable &table) {
  addDraw<OpTy>(table, [](ProgramBuilder &p) {
    Shape shape = drawReducedShape(p);
    Value x = p.operand(drawNumbers(p, shape));
    p.make<OpTy>(x, p.draw.subset(static_cast<int64_t>(shape.size())));
  });
}

void cpucheck::addReduceDraws(DrawTable &table) {
  addReduce<train::ReduceSumOp>(table);
  addReduce<train::ReduceMaxOp>(table);
  addReduce<train::ReduceMinOp>(table);
  addDraw<train::ArgMaxOp>(table, [](ProgramBuilder &p) {
    Shape shape = p.shape(1, 4);
    int64_t dim = p.draw.below(static_cast<int64_t>(shape.size()));
    Value x = p.operand(drawNumbers(p, shape), {.exact = true});
    shape.erase(shape.begin() + dim);
    p.make<train::ArgMaxOp>(RankedTensorType::get(shape, p.builder.getI64Type()), x, dim);
  });
}

//===----------------------------------------------------------------------===//
// Indexing
//===----------------------------------------------------------------------===//

namespace {
struct Taking {
  Shape whole, taken, indices;
  int64_t axis;
};
} // namespace

static Taking drawTaking(Draw &draw) {
  Taking taking;
  taking.whole = draw.shape(1, 3, 600);
  taking.axis = draw.below(static_cast<int64_t>(taking.whole.size()));
  taking.indices = draw.shape(0, 2, 40);
  taking.taken = taking.whole;
  taking.taken.erase(taking.taken.begin() + taking.axis);
  taking.taken.insert(taking.taken.begin() + taking.axis, taking.indices.begin(),
                      taking.indices.end());
  return taking;
}

static Taking drawTakingAlong(Draw &draw) {
  Taking taking;
  taking.whole = draw.shape(1, 3, 600);
  taking.axis = draw.below(static_cast<int64_t>(taking.whole.size()));
  taking.indices = taking.whole;
  taking.indices[static_cast<size_t>(taking.axis)] = draw.between(1, 6);
  taking.taken = taking.indices;
  return taking;
}

template <typename OpTy, typename DrawTakingFn>
static void addTake(DrawTable &table, DrawTakingFn drawShapes) {
  addDraw<OpTy>(table, [drawShapes](ProgramBuilder &p) {
    Taking t = drawShapes(p.draw);
    Value x = p.operand(drawNumbers(p, t.whole));
    Value indices =
        p.operand(p.indices(t.indices), {.bound = t.whole[static_cast<size_t>(t.axis)]});
    auto type = cast<RankedTensorType>(x.getType()).clone(t.taken);
    p.make<OpTy>(type, x, indices, t.axis);
  });
}

template <typename OpTy, typename DrawTakingFn>
static void addScatter(DrawTable &table, DrawTakingFn drawShapes) {
  addDraw<OpTy>(table, [drawShapes](ProgramBuilder &p) {
    Taking t = drawShapes(p.draw);
    RankedTensorType type = drawNumbers(p, t.whole);
    Value updates = p.operand(type.clone(t.taken));
    Value indices =
        p.operand(p.indices(t.indices), {.bound = t.whole[static_cast<size_t>(t.axis)]});
    p.make<OpTy>(type, updates, indices, t.axis);
  });
}

void cpucheck::addIndexDraws(DrawTable &table) {
  addTake<train::TakeOp>(table, drawTaking);
  addTake<train::TakeAlongOp>(table, drawTakingAlong);
  addScatter<train::ScatterAddOp>(table, drawTaking);
  addScatter<train::ScatterAddAlongOp>(table, drawTakingAlong);
}

//===----------------------------------------------------------------------===//
// Random numbers
//===----------------------------------------------------------------------===//

static Value drawCounter(ProgramBuilder &p) {
  auto type = RankedTensorType::get({}, p.builder.getI64Type());
  return p.operand(type, {.bound = 1000});
}

void cpucheck::addRandomDraws(DrawTable &table) {
  addDraw<train::UniformOp>(table, [](ProgramBuilder &p) {
    Value seed = drawCounter(p), step = drawCounter(p), offset = drawCounter(p);
    p.make<train::UniformOp>(p.f32(p.shape(0, 3)), seed, step, offset, p.draw.below(50));
  });
  addDraw<train::DropoutOp>(table, [](ProgramBuilder &p) {
    Value x = p.operand(p.f32(p.shape(0, 3)));
    Value seed = drawCounter(p), step = drawCounter(p), offset = drawCounter(p);
    APFloat ratio(p.draw.pick({0.0, 0.1, 0.5, 0.9}));
    p.make<train::DropoutOp>(x.getType(), x, seed, step, offset, ratio, p.draw.below(50));
  });
}

//===----------------------------------------------------------------------===//
// Optimizers
//===----------------------------------------------------------------------===//

static Value drawScalar(ProgramBuilder &p, double low, double high) {
  return p.operand(p.f32({}), {.low = low, .high = high});
}

template <typename OpTy> static void addAdam(DrawTable &table) {
  addDraw<OpTy>(table, [](ProgramBuilder &p) {
    RankedTensorType type = p.f32(p.shape(0, 3));
    Value param = p.operand(type), grad = p.operand(type), m = p.operand(type);
    Value v = p.operand(type, {.low = 0.01, .high = 2.0});
    Value scale = drawScalar(p, 0.1, 1.0), lr = drawScalar(p, 0.001, 0.1);
    Value beta1 = drawScalar(p, 0.5, 0.95), beta2 = drawScalar(p, 0.5, 0.99);
    Value eps = drawScalar(p, 0.001, 0.1), decay = drawScalar(p, 0.0, 0.1);
    Value correction1 = drawScalar(p, 0.1, 1.0), correction2 = drawScalar(p, 0.1, 1.0);
    p.make<OpTy>(TypeRange{type, type, type}, param, grad, m, v, scale, lr, beta1, beta2, eps,
                 decay, correction1, correction2);
  });
}

void cpucheck::addOptimizerDraws(DrawTable &table) {
  addAdam<train::AdamOp>(table);
  addAdam<train::AdamWOp>(table);
  addDraw<train::SgdOp>(table, [](ProgramBuilder &p) {
    RankedTensorType type = p.f32(p.shape(0, 3));
    Value param = p.operand(type), grad = p.operand(type), scale = drawScalar(p, 0.1, 1.0);
    Value lr = drawScalar(p, 0.001, 0.1), decay = drawScalar(p, 0.0, 0.1);
    p.make<train::SgdOp>(type, param, grad, scale, lr, decay);
  });
  addDraw<train::MomentumOp>(table, [](ProgramBuilder &p) {
    RankedTensorType type = p.f32(p.shape(0, 3));
    Value param = p.operand(type), grad = p.operand(type), buffer = p.operand(type);
    Value scale = drawScalar(p, 0.1, 1.0), lr = drawScalar(p, 0.001, 0.1);
    Value momentum = drawScalar(p, 0.5, 0.95), decay = drawScalar(p, 0.0, 0.1);
    Value first = p.make<train::ConstantOp>(p.f32({}), p.draw.pick({0.0, 1.0}));
    p.make<train::MomentumOp>(TypeRange{type, type}, param, grad, buffer, scale, lr, momentum,
                              decay, first);
  });
  addDraw<train::GlobalNormOp>(table, [](ProgramBuilder &p) {
    SmallVector<Value> inputs;
    for (int64_t i = p.draw.between(1, 4); i > 0; --i) {
      inputs.push_back(p.operand(p.f32(p.shape(0, 3))));
    }
    p.make<train::GlobalNormOp>(p.f32({}), inputs);
  });
}
