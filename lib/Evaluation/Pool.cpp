//===- Pool.cpp - Evaluation of pooling -----------------------------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Evaluation/Registry.h"
#include "lib/Evaluation/Windows.h"

#include <cmath>

using namespace mlir;
using namespace dsc;

template <typename OpTy> static WindowMap mapOf(OpTy op, const Tensor &in, const Tensor &out) {
  return WindowMap(train::Window::of(op, op.getWindow()), in.shape().drop_front(2),
                   out.shape().drop_front(2));
}

static size_t countPlanes(const Tensor &x) { return static_cast<size_t>(x.dim(0) * x.dim(1)); }

static LogicalResult evalMaxPool(train::MaxPoolOp op, Evaluation &e) {
  const Tensor &x = e.operand(0);
  Tensor &y = e.result(0), &index = e.result(1);
  WindowMap map = mapOf(op, x, y);
  std::fill(index.ints.begin(), index.ints.end(), -1);
  for (size_t plane = 0; plane < countPlanes(x); ++plane) {
    map.forEach([&](size_t in, size_t, size_t out) {
      double value = x.floats[plane * map.inputSize + in];
      size_t at = plane * map.outputSize + out;
      bool isNaN = std::isnan(value) && !std::isnan(y.floats[at]);
      if (index.ints[at] < 0 || value > y.floats[at] || isNaN) {
        y.floats[at] = value;
        index.ints[at] = static_cast<int64_t>(in);
      }
    });
  }
  if (llvm::is_contained(index.ints, -1)) {
    return op.emitError("a window lies wholly inside the padding");
  }
  return success();
}

/// Per output position, what the sum of its window is divided by.
static std::vector<double> divisors(const WindowMap &map, bool countPadding) {
  std::vector<double> counts(map.outputSize, 0.0);
  map.forEach([&](size_t, size_t, size_t out) { counts[out] += 1; });
  if (countPadding) {
    counts.assign(map.outputSize, static_cast<double>(map.windowSize));
  }
  return counts;
}

static LogicalResult evalAvgPool(train::AvgPoolOp op, Evaluation &e) {
  const Tensor &x = e.operand(0);
  Tensor &y = e.result(0);
  WindowMap map = mapOf(op, x, y);
  std::vector<double> counts = divisors(map, op.getCountPadding());
  for (size_t plane = 0; plane < countPlanes(x); ++plane) {
    map.forEach([&](size_t in, size_t, size_t out) {
      y.floats[plane * map.outputSize + out] += x.floats[plane * map.inputSize + in] / counts[out];
    });
  }
  return success();
}

static LogicalResult evalAvgPoolGrad(train::AvgPoolGradOp op, Evaluation &e) {
  const Tensor &dy = e.operand(0);
  Tensor &dx = e.result(0);
  WindowMap map = mapOf(op, dx, dy);
  std::vector<double> counts = divisors(map, op.getCountPadding());
  for (size_t plane = 0; plane < countPlanes(dx); ++plane) {
    map.forEach([&](size_t in, size_t, size_t out) {
      dx.floats[plane * map.inputSize + in] +=
          dy.floats[plane * map.outputSize + out] / counts[out];
    });
  }
  return success();
}

void dsc::registerPool(Registry &registry) {
  registry.add<train::MaxPoolOp>(evalMaxPool);
  registry.add<train::AvgPoolOp>(evalAvgPool);
  registry.add<train::AvgPoolGradOp>(evalAvgPoolGrad);
}
