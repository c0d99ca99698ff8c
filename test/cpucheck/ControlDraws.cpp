//===- ControlDraws.cpp - How loops and branches are drawn ----------------===//
//
// Bodies are a few ops on values of one type. What a loop yields is drawn from all
// that its body has, so that carried values change places, stay what they are, and are
// outputs before or after their step.
//
//===----------------------------------------------------------------------===//

#include "OpDraws.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::cpucheck;

namespace {
/// The ops of one region.
class BodyDraw {
public:
  BodyDraw(ProgramBuilder &p, Block *block, Value square)
      : draw(p.draw), loc(p.loc), builder(OpBuilder::atBlockEnd(block)), square(square) {}

  void add(Value value) { values.push_back(value); }
  void addOps();
  Value any() { return draw.pickFrom(values); }
  /// Mostly what was computed last.
  Value result() { return draw.chance(60) ? values.back() : any(); }
  void end(ValueRange yielded) { train::BodyYieldOp::create(builder, loc, yielded); }

private:
  Value addOp();
  template <typename OpTy, typename... Args> Value make(Args &&...args) {
    return OpTy::create(builder, loc, std::forward<Args>(args)...)->getResult(0);
  }

  Draw &draw;
  Location loc;
  OpBuilder builder;
  Value square; // a weight that multiplies the last dimension; null if none
  SmallVector<Value> values;
};
} // namespace

/// Bounded, so that many steps stay comparable.
Value BodyDraw::addOp() {
  Value a = any();
  auto rank = cast<RankedTensorType>(a.getType()).getRank();
  switch (draw.below(square ? 6 : 5)) {
  case 0:
    return make<train::TanhOp>(make<train::AddOp>(a, any()));
  case 1:
    return make<train::SinOp>(a);
  case 2:
    return make<train::MulOp>(make<train::SigmoidOp>(a), any());
  case 3:
    return make<train::MaxOp>(a, any());
  case 4:
    return make<train::NegOp>(a);
  default:
    return make<train::TanhOp>(make<train::DotOp>(a, square, ArrayRef<int64_t>(),
                                                  ArrayRef<int64_t>(), ArrayRef<int64_t>{rank - 1},
                                                  ArrayRef<int64_t>{draw.below(2)}));
  }
}

void BodyDraw::addOps() {
  for (int64_t i = draw.between(1, 5); i > 0; --i) {
    values.push_back(addOp());
  }
}

static RankedTensorType stackOf(RankedTensorType type, int64_t count) {
  return train::ScanOp::getStackType(type, count);
}

static void fillLoop(ProgramBuilder &p, train::ScanOp scan, bool hasSquare) {
  scan.addBody();
  auto invariants = scan.getInvariantArguments();
  BodyDraw body(p, scan.getBlock(), hasSquare ? Value(invariants.front()) : Value());
  for (BlockArgument argument : scan.getBlock()->getArguments().drop_front(hasSquare ? 1 : 0)) {
    body.add(argument);
  }
  body.addOps();
  SmallVector<Value> yielded;
  for (size_t i = scan.getCarry().size() + scan.getOutputs().size(); i > 0; --i) {
    yielded.push_back(body.result());
  }
  body.end(yielded);
}

static void drawScan(ProgramBuilder &p) {
  RankedTensorType type = p.f32(p.draw.shape(1, 3, 200));
  int64_t count = p.draw.between(1, 9);
  bool hasSquare = p.draw.chance(50);
  SmallVector<Value> invariants, carry, inputs;
  if (hasSquare) {
    int64_t size = type.getShape().back();
    invariants.push_back(p.operand(p.f32({size, size}), {.low = -1.0, .high = 1.0}));
  }
  auto add = [&](SmallVector<Value> &list, RankedTensorType of, int64_t least, int64_t most) {
    for (int64_t i = p.draw.between(least, most); i > 0; --i) {
      list.push_back(p.operand(of, {.low = -2.0, .high = 2.0}));
    }
  };
  add(invariants, type, 0, 1);
  add(carry, type, 1, 3);
  add(inputs, stackOf(type, count), 0, 2);
  SmallVector<Type> outputs(static_cast<size_t>(p.draw.between(0, 3)), stackOf(type, count));
  auto scan = train::ScanOp::create(p.builder, p.loc, count, p.draw.chance(40), invariants, carry,
                                    inputs, outputs);
  fillLoop(p, scan, hasSquare);
  p.keep(scan);
}

static void drawIf(ProgramBuilder &p) {
  RankedTensorType type = p.f32(p.draw.shape(0, 3, 200));
  SmallVector<Value> operands;
  for (int64_t i = p.draw.between(1, 3); i > 0; --i) {
    operands.push_back(p.operand(type, {.low = -2.0, .high = 2.0}));
  }
  SmallVector<Type> results(static_cast<size_t>(p.draw.between(1, 2)), type);
  Value condition = p.operand(p.booleans({}));
  auto branches = train::IfOp::create(p.builder, p.loc, results, condition, operands);
  for (Region *region : {&branches.getThenBody(), &branches.getElseBody()}) {
    Block &block = region->emplaceBlock();
    BodyDraw body(p, &block, Value());
    for (size_t i = 0; i < operands.size(); ++i) {
      body.add(block.addArgument(type, p.loc));
    }
    body.addOps();
    body.end(llvm::map_to_vector(results, [&](Type) { return body.result(); }));
  }
  p.keep(branches);
}

void cpucheck::addControlDraws(DrawTable &table) {
  addDraw<train::ScanOp>(table, drawScan);
  addDraw<train::IfOp>(table, drawIf);
}
