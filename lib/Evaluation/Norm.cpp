//===- Norm.cpp - Evaluation of softmax and normalizations ----------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Evaluation/Registry.h"

#include <cmath>

using namespace mlir;
using namespace dsc;

//===----------------------------------------------------------------------===//
// Softmax and log-softmax
//===----------------------------------------------------------------------===//

/// Calls visit(first element, stride) for every row of x along `dim`.
static void forEachRow(const Tensor &x, uint64_t dim,
                       llvm::function_ref<void(size_t, size_t)> visit) {
  auto stride = static_cast<size_t>(stridesOf(x.shape())[dim]);
  size_t length = stride * static_cast<size_t>(x.shape()[dim]);
  for (size_t block = 0; block < x.size(); block += length) {
    for (size_t inner = 0; inner < stride; ++inner) {
      visit(block + inner, stride);
    }
  }
}

/// x minus the row's maximum, and the sum of its exponentials.
static double shiftRow(const Tensor &x, size_t first, size_t stride, size_t size, Tensor &y) {
  double largest = x.floats[first], sum = 0;
  for (size_t i = 0; i < size; ++i) {
    largest = std::max(largest, x.floats[first + i * stride]);
  }
  for (size_t i = 0; i < size; ++i) {
    size_t at = first + i * stride;
    y.floats[at] = x.floats[at] - largest;
    sum += std::exp(y.floats[at]);
  }
  return sum;
}

template <typename OpTy>
static void addSoftmaxLike(Registry &registry, double (*finish)(double shifted, double sum)) {
  registry.add<OpTy>([finish](OpTy op, Evaluation &e) {
    const Tensor &x = e.operand(0);
    auto size = static_cast<size_t>(x.shape()[op.getDim()]);
    forEachRow(x, op.getDim(), [&](size_t first, size_t stride) {
      double sum = shiftRow(x, first, stride, size, e.result(0));
      for (size_t i = 0; i < size; ++i) {
        double &value = e.result(0).floats[first + i * stride];
        value = finish(value, sum);
      }
    });
    return success();
  });
}

//===----------------------------------------------------------------------===//
// Normalizations: rows [outer][inner] of layer norm are the last dimensions,
// those of batch norm are the elements of a channel.
//===----------------------------------------------------------------------===//

namespace {
struct Moments {
  double mean = 0, variance = 0;
};
} // namespace

template <typename At> static Moments momentsOf(size_t count, At at) {
  Moments moments;
  for (size_t i = 0; i < count; ++i) {
    moments.mean += at(i) / static_cast<double>(count);
  }
  for (size_t i = 0; i < count; ++i) {
    double centered = at(i) - moments.mean;
    moments.variance += centered * centered / static_cast<double>(count);
  }
  return moments;
}

static LogicalResult evalLayerNorm(train::LayerNormOp op, Evaluation &e) {
  const Tensor &x = e.operand(0), &scale = e.operand(1), &bias = e.operand(2);
  size_t width = scale.size();
  for (size_t row = 0; row < e.result(1).size(); ++row) {
    const double *xs = x.floats.data() + row * width;
    Moments moments = momentsOf(width, [&](size_t i) { return xs[i]; });
    double rstd = 1.0 / std::sqrt(moments.variance + op.getEpsilon().convertToDouble());
    for (size_t i = 0; i < width; ++i) {
      e.result(0).floats[row * width + i] =
          (xs[i] - moments.mean) * rstd * scale.floats[i] + bias.floats[i];
    }
    e.result(1).floats[row] = moments.mean;
    e.result(2).floats[row] = rstd;
  }
  return success();
}

/// With n = (x - mean) rstd and h = dy scale, dx = rstd (h - mean(h) - n mean(h n)).
static LogicalResult evalLayerNormGrad(train::LayerNormGradOp, Evaluation &e) {
  const Tensor &dy = e.operand(0), &x = e.operand(1), &scale = e.operand(2);
  const Tensor &mean = e.operand(3), &rstd = e.operand(4);
  size_t width = scale.size();
  for (size_t row = 0; row < mean.size(); ++row) {
    double sumH = 0, sumHN = 0;
    auto normalized = [&](size_t i) {
      return (x.floats[row * width + i] - mean.floats[row]) * rstd.floats[row];
    };
    for (size_t i = 0; i < width; ++i) {
      double g = dy.floats[row * width + i], h = g * scale.floats[i];
      sumH += h;
      sumHN += h * normalized(i);
      e.result(1).floats[i] += g * normalized(i);
      e.result(2).floats[i] += g;
    }
    auto count = static_cast<double>(width);
    for (size_t i = 0; i < width; ++i) {
      double h = dy.floats[row * width + i] * scale.floats[i];
      e.result(0).floats[row * width + i] =
          rstd.floats[row] * (h - sumH / count - normalized(i) * (sumHN / count));
    }
  }
  return success();
}

namespace {
/// The elements of channel c in a tensor [N, C, S...].
struct Channel {
  size_t c, channels, plane, count;

  Channel(const Tensor &x, size_t c)
      : c(c), channels(static_cast<size_t>(x.dim(1))),
        plane(static_cast<size_t>(countElements(x.shape().drop_front(2)))),
        count(static_cast<size_t>(x.dim(0)) * plane) {}

  size_t operator[](size_t i) const { return (i / plane * channels + c) * plane + i % plane; }
};
} // namespace

static LogicalResult evalBatchNorm(train::BatchNormOp op, Evaluation &e) {
  const Tensor &x = e.operand(0);
  double momentum = op.getMomentum().convertToDouble();
  for (size_t c = 0; c < e.operand(1).size(); ++c) {
    Channel channel(x, c);
    Moments moments = momentsOf(channel.count, [&](size_t i) { return x.floats[channel[i]]; });
    double rstd = 1.0 / std::sqrt(moments.variance + op.getEpsilon().convertToDouble());
    for (size_t i = 0; i < channel.count; ++i) {
      e.result(0).floats[channel[i]] =
          (x.floats[channel[i]] - moments.mean) * rstd * e.operand(1).floats[c] +
          e.operand(2).floats[c];
    }
    auto count = static_cast<double>(channel.count);
    double unbiased = channel.count > 1 ? moments.variance * count / (count - 1) : moments.variance;
    e.result(1).floats[c] = (1 - momentum) * e.operand(3).floats[c] + momentum * moments.mean;
    e.result(2).floats[c] = (1 - momentum) * e.operand(4).floats[c] + momentum * unbiased;
    e.result(3).floats[c] = moments.mean;
    e.result(4).floats[c] = rstd;
  }
  return success();
}

/// As in layer norm, with one scale per channel.
static LogicalResult evalBatchNormGrad(train::BatchNormGradOp, Evaluation &e) {
  const Tensor &dy = e.operand(0), &x = e.operand(1);
  for (size_t c = 0; c < e.operand(2).size(); ++c) {
    Channel channel(x, c);
    double scale = e.operand(2).floats[c], mean = e.operand(3).floats[c];
    double rstd = e.operand(4).floats[c], sum = 0, sumN = 0;
    for (size_t i = 0; i < channel.count; ++i) {
      double g = dy.floats[channel[i]];
      sum += g;
      sumN += g * (x.floats[channel[i]] - mean) * rstd;
    }
    auto count = static_cast<double>(channel.count);
    for (size_t i = 0; i < channel.count; ++i) {
      double normalized = (x.floats[channel[i]] - mean) * rstd;
      e.result(0).floats[channel[i]] =
          scale * rstd * (dy.floats[channel[i]] - sum / count - normalized * sumN / count);
    }
    e.result(1).floats[c] = sumN;
    e.result(2).floats[c] = sum;
  }
  return success();
}

void dsc::registerNorm(Registry &registry) {
  addSoftmaxLike<train::SoftmaxOp>(
      registry, [](double shifted, double sum) { return std::exp(shifted) / sum; });
  addSoftmaxLike<train::LogSoftmaxOp>(
      registry, [](double shifted, double sum) { return shifted - std::log(sum); });
  registry.add<train::LayerNormOp>(evalLayerNorm);
  registry.add<train::LayerNormGradOp>(evalLayerNormGrad);
  registry.add<train::BatchNormOp>(evalBatchNorm);
  registry.add<train::BatchNormGradOp>(evalBatchNormGrad);
}
