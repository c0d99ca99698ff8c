//===- Reduce.cpp - Sums, means, extremes along dimensions ----------------===//

#include "Indices.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace dsc::onnx {

namespace {
struct Reduction {
  Value x;
  Shape dims;
  bool keepDims;
};
} // namespace

/// Axes are an attribute in old opsets, then an input; without any, all dimensions
/// are reduced, or none with noop_with_empty_axes.
static llvm::FailureOr<Reduction> readReduction(NodeImport &n) {
  Reduction r{n.input(0), {}, n.integer("keepdims", 1) != 0};
  Shape axes = n.integers("axes").value_or(Shape());
  if (n.has(1)) {
    auto given = n.integers(1, "axes");
    if (failed(given))
      return failure();
    axes = *given;
  }
  bool noop = n.integer("noop_with_empty_axes", 0) != 0;
  if (axes.empty() && noop)
    return r;
  if (axes.empty())
    axes = iotaShape(rankOf(r.x));
  auto dims = n.axes(axes, rankOf(r.x));
  if (failed(dims))
    return failure();
  r.dims = *dims;
  return r;
}

using Finish = Value (*)(NodeImport &n, Value sum);
using Prepare = Value (*)(NodeImport &n, Value x);
static Value same(NodeImport &, Value x) { return x; }
static Value square(NodeImport &n, Value x) { return n.make<train::MulOp>(x, x); }
static Value root(NodeImport &n, Value x) { return n.make<train::SqrtOp>(x); }
static Value logarithm(NodeImport &n, Value x) { return n.make<train::LogOp>(x); }
static Value magnitude(NodeImport &n, Value x) {
  if (isFloat(x))
    return n.make<train::AbsOp>(x);
  return n.make<train::MaxOp>(x, n.make<train::SubOp>(n.like(x, 0), x));
}

/// finish(reduce(prepare(x))).
template <typename Op, Prepare prepare = same, Finish finish = same>
static LogicalResult importReduce(NodeImport &n) {
  auto r = readReduction(n);
  if (failed(r))
    return failure();
  if (!isFloat(r->x) && (finish != same))
    return n.fail("expected a float input");
  return n.set(0, finish(n, n.reduce<Op>(prepare(n, r->x), r->dims, r->keepDims)));
}

static LogicalResult importReduceMean(NodeImport &n) {
  auto r = readReduction(n);
  if (failed(r))
    return failure();
  return n.set(0, n.mean(r->x, r->dims, r->keepDims));
}

/// log sum e^x = max + log sum e^(x - max).
static LogicalResult importReduceLogSumExp(NodeImport &n) {
  auto r = readReduction(n);
  if (failed(r) || failed(n.expectFloat(0)))
    return failure();
  Value most = n.reduce<train::ReduceMaxOp>(r->x, r->dims, true);
  // Where all are -inf the maximum is too, and must not be subtracted.
  Value isFinite = n.compare(train::Comparison::GT, most,
                             n.like(most, -std::numeric_limits<double>::infinity()));
  Value shift = n.select(isFinite, most, n.like(most, 0));
  Value shifted = n.binary<train::SubOp>(r->x, shift);
  Value sum = n.reduce<train::ReduceSumOp>(n.make<train::ExpOp>(shifted), r->dims, true);
  Value result = n.make<train::AddOp>(n.make<train::LogOp>(sum), shift);
  if (r->keepDims)
    return n.set(0, result);
  Shape shape;
  for (auto [d, size] : llvm::enumerate(shapeOf(r->x)))
    if (!llvm::is_contained(r->dims, static_cast<int64_t>(d)))
      shape.push_back(size);
  return n.set(0, n.reshape(result, shape));
}

/// The dialect has no product of dimensions, which no network trains through; halves
/// are multiplied until one element is left.
Value productAlong(NodeImport &n, Value x, int64_t dim) {
  while (shapeOf(x)[dim] > 1) {
    int64_t size = shapeOf(x)[dim], half = size / 2;
    Value product = n.make<train::MulOp>(n.slice(x, dim, 0, half), n.slice(x, dim, half, half));
    if (size % 2 == 0) {
      x = product;
      continue;
    }
    llvm::SmallVector<Value> parts = {product, n.slice(x, dim, size - 1, 1)};
    x = n.make<train::ConcatOp>(dim, parts);
  }
  return x;
}

static LogicalResult importReduceProd(NodeImport &n) {
  auto r = readReduction(n);
  if (failed(r))
    return failure();
  Value x = r->x;
  Shape kept;
  for (int64_t d = 0; d < rankOf(r->x); ++d) {
    bool reduced = llvm::is_contained(r->dims, d);
    if (reduced && shapeOf(x)[d] == 0)
      x = n.splat(RankedTensorType::get(
                      [&] {
                        Shape shape(shapeOf(x));
                        shape[d] = 1;
                        return shape;
                      }(),
                      elementOf(x)),
                  1);
    else if (reduced)
      x = productAlong(n, x, d);
    if (!reduced || r->keepDims)
      kept.push_back(shapeOf(x)[d]);
  }
  return n.set(0, n.reshape(x, kept));
}

static LogicalResult importArg(NodeImport &n, Value x) {
  auto axis = n.axis("axis", 0, rankOf(x));
  if (failed(axis))
    return failure();
  bool last = n.integer("select_last_index", 0) != 0;
  int64_t size = shapeOf(x)[*axis];
  if (last) { // The first from behind.
    Shape reversed = iotaShape(size);
    std::reverse(reversed.begin(), reversed.end());
    x = n.make<train::TakeOp>(x, n.ints(reversed), *axis);
  }
  Shape shape(shapeOf(x)), kept(shapeOf(x));
  shape.erase(shape.begin() + *axis);
  kept[*axis] = 1;
  Value y = n.make<train::ArgMaxOp>(RankedTensorType::get(shape, n.b.getI64Type()), x, *axis);
  if (last)
    y = n.make<train::SubOp>(n.like(y, static_cast<double>(size - 1)), y);
  return n.set(0, n.integer("keepdims", 1) ? n.reshape(y, kept) : y);
}

static LogicalResult importArgMax(NodeImport &n) { return importArg(n, n.input(0)); }

/// The complement turns the order of integers round, and has no overflow.
static LogicalResult importArgMin(NodeImport &n) {
  Value x = n.input(0);
  return importArg(n, isFloat(x) ? n.make<train::NegOp>(x) : n.make<train::NotOp>(x));
}

void populateReduce(Registry &registry) {
  registry.add("ArgMax", 1, inputs(1), importArgMax);
  registry.add("ArgMin", 1, inputs(1), importArgMin);
  registry.add("ReduceL1", 1, inputs(1, 2), importReduce<train::ReduceSumOp, magnitude>);
  registry.add("ReduceL2", 1, inputs(1, 2), importReduce<train::ReduceSumOp, square, root>);
  registry.add("ReduceLogSum", 1, inputs(1, 2), importReduce<train::ReduceSumOp, same, logarithm>);
  registry.add("ReduceLogSumExp", 1, inputs(1, 2), importReduceLogSumExp);
  registry.add("ReduceMax", 1, inputs(1, 2), importReduce<train::ReduceMaxOp>);
  registry.add("ReduceMean", 1, inputs(1, 2), importReduceMean);
  registry.add("ReduceMin", 1, inputs(1, 2), importReduce<train::ReduceMinOp>);
  registry.add("ReduceProd", 1, inputs(1, 2), importReduceProd).placesBySize();
  registry.add("ReduceSum", 1, inputs(1, 2), importReduce<train::ReduceSumOp>);
  registry.add("ReduceSumSquare", 1, inputs(1, 2), importReduce<train::ReduceSumOp, square>);
}

} // namespace dsc::onnx
