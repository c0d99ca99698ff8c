//===- Shape.cpp - Draws of ops that move elements ------------------------===//

#include "../Case.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

static Operation *drawConstant(CaseBuilder &c) {
  Tensor value(c.f64(c.shape(0, 3)));
  for (double &x : value.floats) {
    x = c.draw.real(-2.0, 2.0);
  }
  c.result.movesOnly = true;
  return c.create<train::ConstantOp>(
      cast<ElementsAttr>(DenseElementsAttr::get(value.type, ArrayRef<double>(value.floats))));
}

static Operation *drawIota(CaseBuilder &c) {
  Shape shape = c.shape(1, 3);
  c.result.movesOnly = true;
  return c.create<train::IotaOp>(c.type(shape, c.builder.getI64Type()), c.draw.dimOf(shape));
}

/// Neighbouring dimensions merged at random, or split, or regrouped.
static Operation *drawReshape(CaseBuilder &c) {
  Shape fine = c.shape(1, 4), coarse;
  for (int64_t size : fine) {
    if (!coarse.empty() && c.draw.flag()) {
      coarse.back() *= size;
    } else {
      coarse.push_back(size);
    }
  }
  c.result.movesOnly = true;
  switch (c.draw.integer(0, 3)) {
  case 0:
    return c.create<train::ReshapeOp>(c.f64(coarse), c.real(fine));
  case 1:
    return c.create<train::ReshapeOp>(c.f64(fine), c.real(coarse));
  case 2: { // [a, b] to [b, a]: no dimension corresponds
    Shape swapped(llvm::reverse(coarse));
    return c.create<train::ReshapeOp>(c.f64(swapped), c.real(coarse));
  }
  default: { // new dimensions of size 1
    Shape spread = coarse;
    spread.insert(spread.begin() + c.draw.integer(0, static_cast<int64_t>(spread.size())), 1);
    return c.create<train::ReshapeOp>(c.f64(spread), c.real(coarse));
  }
  }
}

static Operation *drawTranspose(CaseBuilder &c) {
  Value x = c.real(c.shape(1, 4));
  c.result.movesOnly = true;
  return c.create<train::TransposeOp>(x, c.draw.permutation(c.typeOf(x).getRank()));
}

/// Some dimensions of the result are new, some repeat one of size 1.
static Operation *drawBroadcast(CaseBuilder &c) {
  Shape to = c.shape(1, 4), dims = c.draw.subset(static_cast<int64_t>(to.size())), from;
  for (int64_t dim : dims) {
    from.push_back(c.draw.flag() ? 1 : to[static_cast<size_t>(dim)]);
  }
  if (from.empty() || countElements(from) < 2) {
    from.clear(); // a scalar
    dims.clear();
  }
  c.result.movesOnly = true;
  return c.create<train::BroadcastOp>(c.f64(to), c.real(from), dims);
}

static Operation *drawSlice(CaseBuilder &c) {
  Shape from = c.shape(1, 3), to, starts, strides;
  for (int64_t &size : from) {
    size += c.draw.integer(0, 3);
    int64_t count = c.draw.flag() ? size : c.draw.integer(1, size);
    int64_t stride =
        count == 1 ? c.draw.integer(1, 3) : c.draw.integer(1, (size - 1) / (count - 1));
    to.push_back(count);
    strides.push_back(stride);
    starts.push_back(c.draw.integer(0, size - 1 - (count - 1) * stride));
  }
  c.result.movesOnly = true;
  return c.create<train::SliceOp>(c.f64(to), c.real(from), starts, strides);
}

static Operation *drawPad(CaseBuilder &c) {
  Shape shape = c.shape(1, 3), low, high, interior;
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    bool keeps = c.draw.flag();
    low.push_back(keeps ? 0 : c.draw.integer(0, 2));
    high.push_back(keeps ? 0 : c.draw.integer(0, 2));
    interior.push_back(keeps ? 0 : c.draw.integer(0, 2));
  }
  c.result.movesOnly = true;
  return c.create<train::PadOp>(c.real(shape), c.draw.real(-1.0, 1.0), low, high, interior);
}

static Operation *drawConcat(CaseBuilder &c) {
  Shape shape = c.shape(1, 3);
  int64_t dim = c.draw.dimOf(shape);
  SmallVector<Value> parts;
  for (int64_t count = c.draw.integer(1, 3); count > 0; --count) {
    shape[static_cast<size_t>(dim)] = c.draw.integer(2, 4);
    parts.push_back(c.real(shape));
  }
  c.result.movesOnly = true;
  return c.create<train::ConcatOp>(dim, parts);
}

void dsc::gradcheck::addShape(Generators &generators) {
  generators.add<train::ConstantOp>(drawConstant);
  generators.add<train::IotaOp>(drawIota);
  generators.add<train::ReshapeOp>(drawReshape);
  generators.add<train::TransposeOp>(drawTranspose);
  generators.add<train::BroadcastOp>(drawBroadcast);
  generators.add<train::SliceOp>(drawSlice);
  generators.add<train::PadOp>(drawPad);
  generators.add<train::ConcatOp>(drawConcat);
}
