//===- Linear.cpp - Draws of matrix products and convolutions -------------===//

#include "../Case.h"
#include "dialects/Train/Window.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

namespace {
/// A dot operand: sizes of its roles, stored in a random order of dimensions.
struct DotOperand {
  Shape shape, batch, contract;

  DotOperand(CaseBuilder &c, const Shape &batchSizes, const Shape &contractSizes,
             const Shape &freeSizes) {
    Shape sizes = batchSizes;
    sizes.append(contractSizes.begin(), contractSizes.end());
    sizes.append(freeSizes.begin(), freeSizes.end());
    Shape places = c.draw.permutation(static_cast<int64_t>(sizes.size()));
    shape.resize(sizes.size());
    for (auto [size, place] : llvm::zip_equal(sizes, places)) {
      shape[static_cast<size_t>(place)] = size;
    }
    batch.assign(places.begin(), places.begin() + static_cast<ptrdiff_t>(batchSizes.size()));
    contract.assign(places.begin() + static_cast<ptrdiff_t>(batchSizes.size()),
                    places.begin() +
                        static_cast<ptrdiff_t>(batchSizes.size() + contractSizes.size()));
  }
};
} // namespace

static Shape sizes(CaseBuilder &c, int64_t most) {
  Shape sizes;
  for (int64_t count = c.draw.integer(0, most); count > 0; --count) {
    sizes.push_back(c.draw.integer(2, 3));
  }
  return sizes;
}

static Operation *drawDot(CaseBuilder &c) {
  Shape batch = sizes(c, 2), contract = sizes(c, 2);
  DotOperand a(c, batch, contract, sizes(c, 2)), b(c, batch, contract, sizes(c, 2));
  Value left = c.real(a.shape), right = c.real(b.shape);
  return c.create<train::DotOp>(left, right, a.batch, b.batch, a.contract, b.contract);
}

namespace {
/// A convolution's shapes and window.
struct DrawnConv {
  Shape x, w, y, strides, low, high, dilations;
  int64_t groups;

  explicit DrawnConv(CaseBuilder &c) {
    groups = c.draw.integer(1, 2);
    int64_t inputs = c.draw.integer(1, 2);
    x = {c.draw.integer(2, 3), groups * inputs};
    w = {groups == 1 ? c.draw.integer(2, 3) : groups * c.draw.integer(1, 2), inputs};
    for (int64_t rank = c.draw.integer(1, 2); rank > 0; --rank) {
      drawSpatial(c);
    }
    y = {x[0], w[0]};
    train::Window window{ArrayRef(w).drop_front(2), strides, low, high, dilations};
    for (size_t dim = 0; dim < strides.size(); ++dim) {
      y.push_back(window.outputSize(dim, x[dim + 2]));
    }
  }

  void drawSpatial(CaseBuilder &c) {
    int64_t kernel = c.draw.integer(1, 3), dilation = c.draw.integer(1, 2);
    w.push_back(kernel);
    dilations.push_back(dilation);
    strides.push_back(c.draw.integer(1, 2));
    low.push_back(c.draw.integer(0, 2));
    high.push_back(c.draw.integer(0, 2));
    x.push_back(dilation * (kernel - 1) + 1 + c.draw.integer(1, 2));
  }

  template <typename OpTy>
  Operation *create(CaseBuilder &c, Type result, Value first, Value second) const {
    return c.create<OpTy>(result, first, second, strides, low, high, dilations,
                          static_cast<uint64_t>(groups));
  }
};
} // namespace

static Operation *drawConv(CaseBuilder &c) {
  DrawnConv conv(c);
  Value x = c.real(conv.x), w = c.real(conv.w);
  return conv.create<train::ConvOp>(c, c.f64(conv.y), x, w);
}

static Operation *drawConvInputGrad(CaseBuilder &c) {
  DrawnConv conv(c);
  Value dy = c.real(conv.y), w = c.real(conv.w);
  return conv.create<train::ConvInputGradOp>(c, c.f64(conv.x), dy, w);
}

static Operation *drawConvWeightGrad(CaseBuilder &c) {
  DrawnConv conv(c);
  Value x = c.real(conv.x), dy = c.real(conv.y);
  return conv.create<train::ConvWeightGradOp>(c, c.f64(conv.w), x, dy);
}

void dsc::gradcheck::addLinear(Generators &generators) {
  generators.add<train::DotOp>(drawDot);
  generators.add<train::ConvOp>(drawConv);
  generators.add<train::ConvInputGradOp>(drawConvInputGrad);
  generators.add<train::ConvWeightGradOp>(drawConvWeightGrad);
}
