//===- Control.cpp - Draws of loops and branches --------------------------===//
//
// The bodies are elementwise, since a sharding check gives them other sizes. Here
// scans are differentiated unrolled; test/gradcheck/control.mlir checks the rule.
//
//===----------------------------------------------------------------------===//

#include "../Case.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

/// c' = tanh(c w + x), y = c' w, with a second carried value c2' = c2 + y.
static void buildBody(CaseBuilder &c, train::ScanOp scan) {
  OpBuilder::InsertionGuard guard(c.builder);
  c.builder.setInsertionPointToStart(scan.addBody());
  Value w = scan.getInvariantArguments()[0], x = scan.getInputArguments()[0];
  Value first = scan.getCarryArguments()[0], second = scan.getCarryArguments()[1];
  auto make = [&](Operation *op) { return op->getResult(0); };
  Value scaled = make(c.create<train::MulOp>(first, w));
  Value sum = make(c.create<train::AddOp>(scaled, x));
  Value next = make(c.create<train::TanhOp>(sum));
  Value y = make(c.create<train::MulOp>(next, w));
  Value total = make(c.create<train::AddOp>(second, y));
  c.create<train::BodyYieldOp>(ValueRange{next, total, y});
}

static Operation *drawScan(CaseBuilder &c) {
  Shape shape = c.shape(1, 3);
  int64_t count = c.draw.integer(1, 4);
  Shape stack = {count};
  stack.append(shape.begin(), shape.end());
  Value w = c.real(shape), first = c.real(shape), second = c.real(shape), x = c.real(stack);
  Operation *op =
      c.create<train::ScanOp>(count, c.draw.flag(), ValueRange{w}, ValueRange{first, second},
                              ValueRange{x}, TypeRange{x.getType()});
  buildBody(c, cast<train::ScanOp>(op));
  return op;
}

template <typename OpTy> static void fillBranch(CaseBuilder &c, Region &region, Value like) {
  OpBuilder::InsertionGuard guard(c.builder);
  Block *block = c.builder.createBlock(&region);
  Value a = block->addArgument(like.getType(), like.getLoc());
  Value b = block->addArgument(like.getType(), like.getLoc());
  Value product = c.create<train::MulOp>(a, b)->getResult(0);
  c.create<train::BodyYieldOp>(c.create<OpTy>(product)->getResult(0));
}

static Operation *drawIf(CaseBuilder &c) {
  Shape shape = c.shape(1, 3);
  Value condition = c.boolean({}), a = c.real(shape), b = c.real(shape);
  Operation *op = c.create<train::IfOp>(TypeRange{a.getType()}, condition, ValueRange{a, b});
  fillBranch<train::TanhOp>(c, op->getRegion(0), a);
  fillBranch<train::SinOp>(c, op->getRegion(1), a);
  return op;
}

void dsc::gradcheck::addControl(Generators &generators) {
  generators.add<train::ScanOp>(drawScan);
  generators.add<train::IfOp>(drawIf);
}
