//===- Optimizer.cpp - Draws of parameter updates -------------------------===//

#include "../Case.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

static Operation *drawSgd(CaseBuilder &c) {
  Shape shape = c.shape(0, 3);
  Value param = c.real(shape), grad = c.real(shape), scale = c.scalarF32(0.5);
  Value lr = c.scalarF32(c.draw.real(0.1, 0.5)), decay = c.scalarF32(c.draw.real(0.1, 0.5));
  return c.create<train::SgdOp>(param.getType(), param, grad, scale, lr, decay);
}

static Operation *drawMomentum(CaseBuilder &c) {
  Shape shape = c.shape(0, 3);
  Value param = c.real(shape), grad = c.real(shape), buffer = c.real(shape);
  Value scale = c.scalarF32(0.5), lr = c.scalarF32(0.2), momentum = c.scalarF32(0.9);
  Value decay = c.scalarF32(0.1), first = c.scalarF32(c.draw.flag() ? 1.0 : 0.0);
  c.freeze(); // a switch
  return c.create<train::MomentumOp>(param.getType(), param.getType(), param, grad, buffer, scale,
                                     lr, momentum, decay, first);
}

template <typename OpTy> static Operation *drawAdamLike(CaseBuilder &c) {
  Shape shape = c.shape(0, 3);
  Value param = c.real(shape), grad = c.real(shape), m = c.real(shape), v = c.positive(shape);
  SmallVector<Value> operands = {param, grad, m, v};
  // scale, lr, beta1, beta2, eps, decay, correction1, correction2
  for (double scalar : {0.5, 0.2, 0.8, 0.7, 0.1, 0.3, 0.4, 0.6}) {
    operands.push_back(c.scalarF32(scalar + c.draw.real(0.0, 0.1)));
  }
  SmallVector<Type> types(3, param.getType());
  return c.create<OpTy>(types, operands);
}

static Operation *drawGlobalNorm(CaseBuilder &c) {
  SmallVector<Value> inputs;
  for (int64_t count = c.draw.integer(1, 3); count > 0; --count) {
    inputs.push_back(c.real(c.shape(0, 3)));
  }
  return c.create<train::GlobalNormOp>(inputs);
}

void dsc::gradcheck::addOptimizer(Generators &generators) {
  generators.add<train::SgdOp>(drawSgd);
  generators.add<train::MomentumOp>(drawMomentum);
  generators.add<train::AdamOp>(drawAdamLike<train::AdamOp>);
  generators.add<train::AdamWOp>(drawAdamLike<train::AdamWOp>);
  generators.add<train::GlobalNormOp>(drawGlobalNorm);
}
