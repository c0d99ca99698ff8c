//===- FakeRegression.cpp - A model that computes its loss itself ---------===//
//
// loss = mean (x w - target)^2 over a batch of 4; SGD with momentum. Its evaluate
// program gives one scalar and no sums per sample.
//
//===----------------------------------------------------------------------===//
#include "FakeModule.h"

namespace {

constexpr int64_t batch = 4, features = 2;

// x, target, w -> loss, count, gradient
void loss(int64_t, int64_t, void *const *buffers) {
  const float *x = static_cast<const float *>(buffers[0]);
  const float *target = static_cast<const float *>(buffers[1]);
  const float *w = static_cast<const float *>(buffers[2]);
  float *gradient = static_cast<float *>(buffers[5]), sum = 0;
  gradient[0] = gradient[1] = 0;
  for (int64_t row = 0; row < batch; ++row) {
    float error = x[2 * row] * w[0] + x[2 * row + 1] * w[1] - target[row];
    sum += error * error / batch;
    for (int64_t f = 0; f < features; ++f)
      gradient[f] += 2 * error * x[2 * row + f] / batch;
  }
  *static_cast<float *>(buffers[3]) = sum;
  *static_cast<float *>(buffers[4]) = 1;
}

// gradient, lr, momentum, first_update -> w, buffer
void update(int64_t begin, int64_t end, void *const *buffers) {
  const float *gradient = static_cast<const float *>(buffers[0]);
  float *w = static_cast<float *>(buffers[4]), *velocity = static_cast<float *>(buffers[5]);
  float rate = *static_cast<float *>(buffers[1]), momentum = *static_cast<float *>(buffers[2]);
  bool isFirst = *static_cast<float *>(buffers[3]) != 0;
  for (int64_t i = begin; i < end; ++i) {
    velocity[i] = isFirst ? gradient[i] : momentum * velocity[i] + gradient[i];
    w[i] -= rate * velocity[i];
  }
}

fake::Module makeModule() {
  fake::Module module({{"model", "fake-regression"},
                       {"source", "regression.mlir"},
                       {"batch", batch},
                       {"optimizer", "momentum"},
                       {"loss", "output"}});
  module.addInput({{"name", "x"}, {"dtype", "f32"}, {"shape", {batch, features}}});
  module.addInput({{"name", "target"}, {"dtype", "f32"}, {"shape", {batch}}});
  DscBuffer weight =
      fake::arena(module.addTensor("parameters", "w", {features}, {"momentum_buffer"}));
  DscBuffer velocity = fake::arena(module.slot(0));
  DscBuffer gradient = fake::arena(module.place(features));
  DscBuffer rate = fake::arena(module.addScalar("lr"));
  DscBuffer momentum = fake::arena(module.addScalar("momentum"));
  DscBuffer first = fake::arena(module.addScalar("first_update"));
  for (const char *name : {"train", "evaluate"}) {
    fake::Program program;
    program.inputs = {"x", "target"};
    DscBuffer sum = fake::arena(module.addResult(program, "loss_sum", {}));
    DscBuffer count = fake::arena(module.addResult(program, "count", {}));
    program.body = {module.kernel("loss", loss, 1,
                                  {fake::input(0), fake::input(1), weight, sum, count, gradient})};
    if (name[0] == 't')
      program.after = {module.kernel("update", update, features,
                                     {gradient, rate, momentum, first, weight, velocity})};
    module.addProgram(name, program, 1);
  }
  return module;
}

fake::Module module = makeModule();

} // namespace

extern const DscModule dscModule = module.finish();
