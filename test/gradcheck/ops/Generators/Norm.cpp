//===- Norm.cpp - Draws of softmax and normalizations ---------------------===//

#include "../Case.h"

#include <cmath>

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

template <typename OpTy> static Operation *drawSoftmaxLike(CaseBuilder &c) {
  Shape shape = c.shape(1, 3);
  int64_t dim = c.draw.dimOf(shape);
  shape[static_cast<size_t>(dim)] = c.draw.integer(2, 5);
  Value x = c.real(shape);
  return c.create<OpTy>(x.getType(), x, static_cast<uint64_t>(dim));
}

namespace {
struct DrawnLayerNorm {
  Shape x, rows, width;
  int64_t axis;

  /// At least two rows (or none at all) and a width of at least three.
  explicit DrawnLayerNorm(CaseBuilder &c) : x(c.shape(1, 3)), axis(c.draw.dimOf(x)) {
    x.back() = c.draw.integer(3, 4);
    rows.assign(x.begin(), x.begin() + axis);
    if (countElements(rows) < 2 && axis > 0) {
      x[0] = rows[0] = 2;
    }
    width.assign(x.begin() + axis, x.end());
  }
};
} // namespace

static Operation *drawLayerNorm(CaseBuilder &c) {
  DrawnLayerNorm norm(c);
  Value x = c.real(norm.x), scale = c.real(norm.width), bias = c.real(norm.width);
  return c.create<train::LayerNormOp>(x, scale, bias, norm.axis, c.draw.real(0.01, 0.1));
}

static Operation *drawLayerNormGrad(CaseBuilder &c) {
  DrawnLayerNorm norm(c);
  Value dy = c.real(norm.x), x = c.real(norm.x), scale = c.real(norm.width);
  Value mean = c.real(norm.rows), rstd = c.positive(norm.rows);
  return c.create<train::LayerNormGradOp>(x.getType(), scale.getType(), scale.getType(), dy, x,
                                          scale, mean, rstd, static_cast<uint64_t>(norm.axis));
}

/// [N, C, S...] with at least two values per channel.
static Shape drawImages(CaseBuilder &c) {
  Shape x = c.shape(2, 4);
  x[0] = c.draw.integer(3, 4);
  x[1] = c.draw.integer(2, 3);
  return x;
}

/// (x - runningMean) / sqrt(runningVar + epsilon) scale + bias; the running
/// statistics stay.
static std::map<size_t, Tensor> evaluateBatchNorm(const Case &c) {
  double epsilon = cast<train::BatchNormOp>(c.op).getEpsilon().convertToDouble();
  const Tensor &x = c.inputs[0];
  Tensor y(x.type);
  auto plane = static_cast<size_t>(stridesOf(x.shape())[1]);
  for (size_t i = 0; i < x.size(); ++i) {
    size_t channel = i / plane % static_cast<size_t>(x.dim(1));
    double deviation = std::sqrt(c.inputs[4].floats[channel] + epsilon);
    y.floats[i] =
        (x.floats[i] - c.inputs[3].floats[channel]) / deviation * c.inputs[1].floats[channel] +
        c.inputs[2].floats[channel];
  }
  return {{0, y}, {1, c.inputs[3]}, {2, c.inputs[4]}};
}

static Operation *drawBatchNorm(CaseBuilder &c) {
  Shape shape = drawImages(c), channels = {shape[1]};
  Value x = c.real(shape), scale = c.real(channels), bias = c.real(channels);
  Value mean = c.real(channels), var = c.positive(channels);
  c.result.evaluate = evaluateBatchNorm;
  Type type = scale.getType();
  return c.create<train::BatchNormOp>(TypeRange{x.getType(), type, type, type, type}, x, scale,
                                      bias, mean, var,
                                      c.builder.getF64FloatAttr(c.draw.real(0.01, 0.1)),
                                      c.builder.getF64FloatAttr(c.draw.real(0.1, 0.9)), nullptr);
}

static Operation *drawBatchNormGrad(CaseBuilder &c) {
  Shape shape = drawImages(c), channels = {shape[1]};
  Value dy = c.real(shape), x = c.real(shape), scale = c.real(channels);
  Value mean = c.real(channels), rstd = c.positive(channels);
  Type type = scale.getType();
  return c.create<train::BatchNormGradOp>(TypeRange{x.getType(), type, type}, dy, x, scale, mean,
                                          rstd, nullptr);
}

void dsc::gradcheck::addNorm(Generators &generators) {
  generators.add<train::SoftmaxOp>(drawSoftmaxLike<train::SoftmaxOp>);
  generators.add<train::LogSoftmaxOp>(drawSoftmaxLike<train::LogSoftmaxOp>);
  generators.add<train::LayerNormOp>(drawLayerNorm);
  generators.add<train::LayerNormGradOp>(drawLayerNormGrad);
  generators.add<train::BatchNormOp>(drawBatchNorm);
  generators.add<train::BatchNormGradOp>(drawBatchNormGrad);
}
