//===- Linear.cpp - Evaluation of matrix products and convolutions --------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Evaluation/Registry.h"
#include "lib/Evaluation/Windows.h"

using namespace mlir;
using namespace dsc;

//===----------------------------------------------------------------------===//
// Dot
//===----------------------------------------------------------------------===//

/// x's elements with the dimensions in the order `dims`.
static std::vector<double> gatherDims(const Tensor &x, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> xStrides = stridesOf(x.shape()), shape, strides;
  for (int64_t dim : dims) {
    shape.push_back(x.dim(dim));
    strides.push_back(xStrides[static_cast<size_t>(dim)]);
  }
  std::vector<double> ordered;
  ordered.reserve(x.size());
  forEachIndex(shape, [&](ArrayRef<int64_t> index) {
    ordered.push_back(x.number(positionOf(index, strides)));
  });
  return ordered;
}

static int64_t sizeOfDims(const Tensor &x, ArrayRef<int64_t> dims) {
  int64_t size = 1;
  for (int64_t dim : dims) {
    size *= x.dim(dim);
  }
  return size;
}

static SmallVector<int64_t> joined(ArrayRef<int64_t> a, ArrayRef<int64_t> b, ArrayRef<int64_t> c) {
  SmallVector<int64_t> all(a);
  all.append(b.begin(), b.end());
  all.append(c.begin(), c.end());
  return all;
}

/// Both operands brought to [batch, free, contracted]: three plain loops.
static LogicalResult evalDot(train::DotOp op, Evaluation &e) {
  const Tensor &a = e.operand(0), &b = e.operand(1);
  auto aRows = gatherDims(a, joined(op.getABatch(), op.getAFree(), op.getAContract()));
  auto bRows = gatherDims(b, joined(op.getBBatch(), op.getBFree(), op.getBContract()));
  int64_t batch = sizeOfDims(a, op.getABatch()), depth = sizeOfDims(a, op.getAContract());
  int64_t m = sizeOfDims(a, op.getAFree()), n = sizeOfDims(b, op.getBFree());
  size_t next = 0;
  for (int64_t i = 0; i < batch * m; ++i) {
    const double *aRow = aRows.data() + i * depth;
    for (int64_t j = 0; j < n; ++j) {
      const double *bRow = bRows.data() + (i / m * n + j) * depth;
      double sum = 0;
      for (int64_t k = 0; k < depth; ++k) {
        sum += aRow[k] * bRow[k];
      }
      e.result(0).setNumber(next++, sum);
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

namespace {
/// The elements of x [N, C, S...], w [O, C/groups, K...] and y [N, O, T...] that
/// are multiplied with each other in a convolution.
struct ConvLoops {
  ArrayRef<int64_t> x, w, y;
  int64_t groups;
  WindowMap map;

  template <typename OpTy>
  ConvLoops(OpTy op, ArrayRef<int64_t> x, ArrayRef<int64_t> w, ArrayRef<int64_t> y)
      : x(x), w(w), y(y), groups(static_cast<int64_t>(op.getGroups())),
        map(train::Window::of(op, w.drop_front(2)), x.drop_front(2), y.drop_front(2)) {}

  /// visit(element of x, of w, of y), one of which is a result.
  template <typename X, typename W, typename Y, typename Visit>
  void forEach(X &xs, W &ws, Y &ys, Visit visit) const {
    int64_t outputsPerGroup = w[0] / groups;
    for (int64_t n = 0; n < x[0]; ++n) {
      for (int64_t o = 0; o < w[0]; ++o) {
        int64_t firstInput = o / outputsPerGroup * w[1];
        for (int64_t c = 0; c < w[1]; ++c) {
          auto *xPlane = xs.data() + static_cast<size_t>(n * x[1] + firstInput + c) * map.inputSize;
          auto *wPlane = ws.data() + static_cast<size_t>(o * w[1] + c) * map.windowSize;
          auto *yPlane = ys.data() + static_cast<size_t>(n * w[0] + o) * map.outputSize;
          map.forEach([=](size_t in, size_t window, size_t out) __attribute__((always_inline)) {
            visit(xPlane[in], wPlane[window], yPlane[out]);
          });
        }
      }
    }
  }
};
} // namespace

static LogicalResult evalConv(train::ConvOp op, Evaluation &e) {
  const Tensor &x = e.operand(0), &w = e.operand(1);
  Tensor &y = e.result(0);
  ConvLoops(op, x.shape(), w.shape(), y.shape())
      .forEach(x.floats, w.floats, y.floats,
               [](const double &x, const double &w, double &y)
                   __attribute__((always_inline)) { y += x * w; });
  return success();
}

static LogicalResult evalConvInputGrad(train::ConvInputGradOp op, Evaluation &e) {
  const Tensor &dy = e.operand(0), &w = e.operand(1);
  Tensor &dx = e.result(0);
  ConvLoops(op, dx.shape(), w.shape(), dy.shape())
      .forEach(dx.floats, w.floats, dy.floats,
               [](double &dx, const double &w, const double &dy)
                   __attribute__((always_inline)) { dx += dy * w; });
  return success();
}

static LogicalResult evalConvWeightGrad(train::ConvWeightGradOp op, Evaluation &e) {
  const Tensor &x = e.operand(0), &dy = e.operand(1);
  Tensor &dw = e.result(0);
  ConvLoops(op, x.shape(), dw.shape(), dy.shape())
      .forEach(x.floats, dw.floats, dy.floats,
               [](const double &x, double &dw, const double &dy)
                   __attribute__((always_inline)) { dw += x * dy; });
  return success();
}

void dsc::registerLinear(Registry &registry) {
  registry.add<train::DotOp>(evalDot);
  registry.add<train::ConvOp>(evalConv);
  registry.add<train::ConvInputGradOp>(evalConvInputGrad);
  registry.add<train::ConvWeightGradOp>(evalConvWeightGrad);
}
