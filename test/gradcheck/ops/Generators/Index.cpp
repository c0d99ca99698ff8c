//===- Index.cpp - Draws of gathers and scatters --------------------------===//

#include "../Case.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

namespace {
/// A table, indices into one of its axes, and the slices they choose.
struct DrawnTake {
  Shape table, indices, slices;
  int64_t axis, size;

  explicit DrawnTake(CaseBuilder &c) : table(c.shape(1, 3)), axis(c.draw.dimOf(table)) {
    for (int64_t rank = c.draw.integer(0, 2); rank > 0; --rank) {
      indices.push_back(c.draw.integer(2, 3));
    }
    size = table[static_cast<size_t>(axis)] = c.draw.integer(2, 4);
    slices = table;
    slices.erase(slices.begin() + axis);
    slices.insert(slices.begin() + axis, indices.begin(), indices.end());
    if (!slices.empty() && countElements(slices) < 2) {
      slices.clear(); // retried as a plain vector below
      table = {size};
      axis = 0;
      indices = slices = {3};
    }
  }
};

/// A table and one index per element, along an axis of another size.
struct DrawnAlong {
  Shape table, indices;
  int64_t axis, size;

  explicit DrawnAlong(CaseBuilder &c)
      : table(c.shape(1, 3)), indices(table), axis(c.draw.dimOf(table)) {
    size = table[static_cast<size_t>(axis)] = c.draw.integer(2, 4);
    indices[static_cast<size_t>(axis)] = c.draw.integer(2, 4);
  }
};
} // namespace

static Operation *drawTake(CaseBuilder &c) {
  DrawnTake take(c);
  Value x = c.real(take.table), indices = c.index(take.indices, take.size);
  c.result.movesOnly = true;
  return c.create<train::TakeOp>(x, indices, take.axis);
}

static Operation *drawScatterAdd(CaseBuilder &c) {
  DrawnTake take(c);
  Value updates = c.real(take.slices), indices = c.index(take.indices, take.size);
  return c.create<train::ScatterAddOp>(c.f64(take.table), updates, indices, take.axis);
}

static Operation *drawTakeAlong(CaseBuilder &c) {
  DrawnAlong along(c);
  Value x = c.real(along.table), indices = c.index(along.indices, along.size);
  c.result.movesOnly = true;
  return c.create<train::TakeAlongOp>(c.f64(along.indices), x, indices, along.axis);
}

static Operation *drawScatterAddAlong(CaseBuilder &c) {
  DrawnAlong along(c);
  Value updates = c.real(along.indices), indices = c.index(along.indices, along.size);
  return c.create<train::ScatterAddAlongOp>(c.f64(along.table), updates, indices, along.axis);
}

void dsc::gradcheck::addIndex(Generators &generators) {
  generators.add<train::TakeOp>(drawTake);
  generators.add<train::ScatterAddOp>(drawScatterAdd);
  generators.add<train::TakeAlongOp>(drawTakeAlong);
  generators.add<train::ScatterAddAlongOp>(drawScatterAddAlong);
}
