//===- Random.cpp - Draws of uniform numbers and dropout ------------------===//

#include "../Case.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

namespace {
struct Counters {
  Value seed, step, offset;

  explicit Counters(CaseBuilder &c)
      : seed(c.scalarI64(static_cast<int64_t>(c.draw.bits()))),
        step(c.scalarI64(c.draw.integer(0, 1000))), offset(c.scalarI64(c.draw.integer(0, 100))) {
    c.result.offsetOperand = static_cast<unsigned>(c.result.inputs.size()) - 1;
  }
};
} // namespace

static Operation *drawUniform(CaseBuilder &c) {
  Counters counters(c);
  return c.create<train::UniformOp>(c.f64(c.shape(1, 3)), counters.seed, counters.step,
                                    counters.offset, static_cast<uint64_t>(c.draw.integer(0, 9)));
}

static Operation *drawDropout(CaseBuilder &c) {
  Shape shape = c.shape(1, 3);
  shape.back() = 8; // enough for kept and dropped elements
  Value x = c.real(shape);
  Counters counters(c);
  c.result.evaluate = [](const Case &drawn) {
    return std::map<size_t, Tensor>{{0, drawn.inputs[0]}};
  };
  return c.create<train::DropoutOp>(x.getType(), x, counters.seed, counters.step, counters.offset,
                                    c.builder.getF64FloatAttr(c.draw.real(0.1, 0.6)),
                                    c.builder.getI64IntegerAttr(c.draw.integer(0, 9)));
}

void dsc::gradcheck::addRandom(Generators &generators) {
  generators.add<train::UniformOp>(drawUniform);
  generators.add<train::DropoutOp>(drawDropout);
}
