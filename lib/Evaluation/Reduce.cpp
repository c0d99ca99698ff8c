//===- Reduce.cpp - Evaluation of reductions ------------------------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Evaluation/Registry.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace dsc;

/// Calls visit(element of x, element of the result) for every element of x.
static void forEachReduced(const Tensor &x, ArrayRef<int64_t> dims,
                           llvm::function_ref<void(size_t, size_t)> visit) {
  SmallVector<int64_t> kept, strides(x.shape().size(), 0);
  for (int64_t dim = 0; dim < x.rank(); ++dim) {
    if (!llvm::is_contained(dims, dim)) {
      kept.push_back(dim);
    }
  }
  int64_t stride = 1;
  for (int64_t dim : llvm::reverse(kept)) {
    strides[static_cast<size_t>(dim)] = stride;
    stride *= x.dim(dim);
  }
  size_t next = 0;
  forEachIndex(x.shape(),
               [&](ArrayRef<int64_t> index) { visit(next++, positionOf(index, strides)); });
}

static LogicalResult evalSum(train::ReduceSumOp op, Evaluation &e) {
  const Tensor &x = e.operand(0);
  Tensor &y = e.result(0);
  forEachReduced(x, op.getDims(), [&](size_t from, size_t to) {
    if (x.isFloat()) {
      y.floats[to] += x.floats[from];
    } else {
      y.ints[to] = static_cast<int64_t>(static_cast<uint64_t>(y.ints[to]) +
                                        static_cast<uint64_t>(x.ints[from]));
    }
  });
  return success();
}

/// The neutral element of an integer maximum (or minimum) of a width.
static int64_t integerLimit(IntegerType type, bool isMax) {
  unsigned width = type.getWidth();
  if (type.isUnsigned() || width == 1) {
    return isMax ? 0 : static_cast<int64_t>(APInt::getMaxValue(width).getZExtValue());
  }
  return (isMax ? APInt::getSignedMinValue(width) : APInt::getSignedMaxValue(width)).getSExtValue();
}

/// Largest of sign * x, times sign; NaN if any element is.
static void evalExtremum(const Tensor &x, ArrayRef<int64_t> dims, bool isMax, Tensor &y) {
  double worst =
      isMax ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  std::fill(y.floats.begin(), y.floats.end(), worst);
  if (auto integer = dyn_cast<IntegerType>(x.type.getElementType())) {
    std::fill(y.ints.begin(), y.ints.end(), integerLimit(integer, isMax));
  }
  forEachReduced(x, dims, [&](size_t from, size_t to) {
    if (!x.isFloat()) {
      bool isBetter = isMax ? x.ints[from] > y.ints[to] : x.ints[from] < y.ints[to];
      y.ints[to] = isBetter ? x.ints[from] : y.ints[to];
      return;
    }
    double value = x.floats[from], best = y.floats[to];
    bool isBetter = isMax ? value > best : value < best;
    y.floats[to] = isBetter || std::isnan(value) ? value : best;
  });
}

static LogicalResult evalMax(train::ReduceMaxOp op, Evaluation &e) {
  evalExtremum(e.operand(0), op.getDims(), /*isMax=*/true, e.result(0));
  return success();
}

static LogicalResult evalMin(train::ReduceMinOp op, Evaluation &e) {
  evalExtremum(e.operand(0), op.getDims(), /*isMax=*/false, e.result(0));
  return success();
}

static LogicalResult evalArgMax(train::ArgMaxOp op, Evaluation &e) {
  const Tensor &x = e.operand(0);
  auto dim = static_cast<int64_t>(op.getDim());
  int64_t stride = stridesOf(x.shape())[op.getDim()], size = x.dim(dim);
  std::vector<double> best(e.result(0).size());
  forEachReduced(x, {dim}, [&](size_t from, size_t to) {
    int64_t index = static_cast<int64_t>(from) / stride % size;
    double value = x.number(from);
    bool isBetter = value > best[to] || (std::isnan(value) && !std::isnan(best[to]));
    if (index == 0 || isBetter) {
      best[to] = value;
      e.result(0).ints[to] = index;
    }
  });
  return success();
}

void dsc::registerReduce(Registry &registry) {
  registry.add<train::ReduceSumOp>(evalSum);
  registry.add<train::ReduceMaxOp>(evalMax);
  registry.add<train::ReduceMinOp>(evalMin);
  registry.add<train::ArgMaxOp>(evalArgMax);
}
