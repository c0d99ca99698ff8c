//===- Random.cpp - Evaluation of uniform numbers and dropout -------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Evaluation/Registry.h"
#include "dsc/Support/Philox.h"

using namespace mlir;
using namespace dsc;

/// Element `i` of train.uniform.
static double uniformAt(uint64_t seed, uint64_t step, uint64_t offset, uint64_t stream,
                        uint64_t i) {
  uint64_t position = offset + i, block = position / 4;
  auto low = [](uint64_t value) { return static_cast<uint32_t>(value); };
  auto high = [](uint64_t value) { return static_cast<uint32_t>(value >> 32); };
  auto words =
      philox4x32({low(block), high(block), low(step), low(stream)}, {low(seed), high(seed)});
  return static_cast<double>(words[position % 4] >> 8) * 0x1p-24;
}

/// The scalar operands seed, step and offset, from operand `first` on.
static uint64_t scalarAt(Evaluation &e, size_t operand) {
  return static_cast<uint64_t>(e.operand(operand).ints[0]);
}

static LogicalResult evalUniform(train::UniformOp op, Evaluation &e) {
  for (size_t i = 0; i < e.result(0).size(); ++i) {
    e.result(0).floats[i] =
        uniformAt(scalarAt(e, 0), scalarAt(e, 1), scalarAt(e, 2), op.getStream(), i);
  }
  return success();
}

static LogicalResult evalDropout(train::DropoutOp op, Evaluation &e) {
  double ratio = op.getRatio().convertToDouble();
  for (size_t i = 0; i < e.result(0).size(); ++i) {
    double u = uniformAt(scalarAt(e, 1), scalarAt(e, 2), scalarAt(e, 3), op.getStream(), i);
    e.result(0).floats[i] = u >= ratio ? e.operand(0).floats[i] / (1 - ratio) : 0.0;
  }
  return success();
}

void dsc::registerRandom(Registry &registry) {
  registry.add<train::UniformOp>(evalUniform);
  registry.add<train::DropoutOp>(evalDropout);
}
