//===- Reduce.cpp - Draws of reductions -----------------------------------===//

#include "../Case.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

/// Over none, some or all dimensions, without ties.
template <typename OpTy> static Operation *drawReduction(CaseBuilder &c) {
  Value x = c.distinct(c.shape(0, 4));
  return c.create<OpTy>(x, c.draw.subset(c.typeOf(x).getRank()));
}

static Operation *drawArgMax(CaseBuilder &c) {
  Shape shape = c.shape(1, 4), reduced = shape;
  int64_t dim = c.draw.dimOf(shape);
  reduced.erase(reduced.begin() + dim);
  Value x = c.distinct(shape);
  return c.create<train::ArgMaxOp>(c.type(reduced, c.builder.getI64Type()), x, dim);
}

void dsc::gradcheck::addReduce(Generators &generators) {
  generators.add<train::ReduceSumOp>(drawReduction<train::ReduceSumOp>);
  generators.add<train::ReduceMaxOp>(drawReduction<train::ReduceMaxOp>);
  generators.add<train::ReduceMinOp>(drawReduction<train::ReduceMinOp>);
  generators.add<train::ArgMaxOp>(drawArgMax);
}
