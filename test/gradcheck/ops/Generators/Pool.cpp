//===- Pool.cpp - Draws of pooling ----------------------------------------===//

#include "../Case.h"
#include "dialects/Train/Window.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

namespace {
struct DrawnPool {
  Shape x, y, window, strides, low, high, dilations;

  explicit DrawnPool(CaseBuilder &c) {
    x = y = {c.draw.integer(2, 3), c.draw.integer(1, 2)};
    for (int64_t rank = c.draw.integer(1, 2); rank > 0; --rank) {
      drawSpatial(c);
    }
    train::Window windows{window, strides, low, high, dilations};
    for (size_t dim = 0; dim < strides.size(); ++dim) {
      y.push_back(windows.outputSize(dim, x[dim + 2]));
    }
  }

  /// No window may lie wholly inside the padding.
  void drawSpatial(CaseBuilder &c) {
    int64_t size = c.draw.integer(1, 3), dilation = c.draw.integer(1, 2);
    int64_t most = size - 1; // with dilation 2, taps reach the tensor by 1 element
    window.push_back(size);
    dilations.push_back(dilation);
    strides.push_back(c.draw.integer(1, 3));
    low.push_back(c.draw.integer(0, most));
    high.push_back(c.draw.integer(0, most));
    x.push_back(dilation * (size - 1) + 1 + c.draw.integer(1, 2));
  }
};
} // namespace

static Operation *drawMaxPool(CaseBuilder &c) {
  DrawnPool pool(c);
  Value x = c.distinct(pool.x);
  return c.create<train::MaxPoolOp>(c.f64(pool.y), c.type(pool.y, c.builder.getI32Type()), x,
                                    pool.window, pool.strides, pool.low, pool.high, pool.dilations);
}

static Operation *drawAvgPool(CaseBuilder &c) {
  DrawnPool pool(c);
  Value x = c.real(pool.x);
  return c.create<train::AvgPoolOp>(c.f64(pool.y), x, pool.window, pool.strides, pool.low,
                                    pool.high, pool.dilations, c.draw.flag());
}

static Operation *drawAvgPoolGrad(CaseBuilder &c) {
  DrawnPool pool(c);
  Value dy = c.real(pool.y);
  return c.create<train::AvgPoolGradOp>(c.f64(pool.x), dy, pool.window, pool.strides, pool.low,
                                        pool.high, pool.dilations, c.draw.flag());
}

void dsc::gradcheck::addPool(Generators &generators) {
  generators.add<train::MaxPoolOp>(drawMaxPool);
  generators.add<train::AvgPoolOp>(drawAvgPool);
  generators.add<train::AvgPoolGradOp>(drawAvgPoolGrad);
}
