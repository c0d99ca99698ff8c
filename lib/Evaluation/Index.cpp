//===- Index.cpp - Evaluation of gathers and scatters ---------------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Evaluation/Registry.h"

using namespace mlir;
using namespace dsc;

static LogicalResult checkIndex(Operation *op, int64_t index, int64_t size) {
  if (index >= 0 && index < size) {
    return success();
  }
  return op->emitError() << "index " << index << " is outside [0, " << size << ")";
}

static void addElement(Tensor &to, size_t toAt, const Tensor &from, size_t fromAt) {
  if (to.isFloat()) {
    to.floats[toAt] += from.floats[fromAt];
  } else {
    to.ints[toAt] = static_cast<int64_t>(static_cast<uint64_t>(to.ints[toAt]) +
                                         static_cast<uint64_t>(from.ints[fromAt]));
  }
}

/// visit(element of the table [before, size, after], element of the slices
/// [before, indices, after]).
static LogicalResult forEachTaken(Operation *op, ArrayRef<int64_t> table, const Tensor &indices,
                                  uint64_t axis, llvm::function_ref<void(size_t, size_t)> visit) {
  int64_t before = countElements(table.take_front(axis)), size = table[axis];
  int64_t after = countElements(table.drop_front(axis + 1));
  size_t next = 0;
  for (int64_t a = 0; a < before; ++a) {
    for (int64_t index : indices.ints) {
      if (failed(checkIndex(op, index, size))) {
        return failure();
      }
      for (int64_t b = 0; b < after; ++b) {
        visit(static_cast<size_t>((a * size + index) * after + b), next++);
      }
    }
  }
  return success();
}

static LogicalResult evalTake(train::TakeOp op, Evaluation &e) {
  return forEachTaken(
      op, e.operand(0).shape(), e.operand(1), op.getAxis(),
      [&](size_t table, size_t slice) { addElement(e.result(0), slice, e.operand(0), table); });
}

static LogicalResult evalScatterAdd(train::ScatterAddOp op, Evaluation &e) {
  return forEachTaken(
      op, e.result(0).shape(), e.operand(1), op.getAxis(),
      [&](size_t table, size_t slice) { addElement(e.result(0), table, e.operand(0), slice); });
}

/// visit(element of the table, element at the index).
static LogicalResult forEachAlong(Operation *op, ArrayRef<int64_t> table, const Tensor &indices,
                                  uint64_t axis, llvm::function_ref<void(size_t, size_t)> visit) {
  SmallVector<int64_t> strides = stridesOf(table);
  size_t next = 0;
  bool isFine = true;
  forEachIndex(indices.shape(), [&](ArrayRef<int64_t> index) {
    int64_t chosen = indices.ints[next];
    isFine = isFine && succeeded(checkIndex(op, chosen, table[axis]));
    if (isFine) {
      SmallVector<int64_t> at(index);
      at[axis] = chosen;
      visit(positionOf(at, strides), next++);
    }
  });
  return success(isFine);
}

static LogicalResult evalTakeAlong(train::TakeAlongOp op, Evaluation &e) {
  return forEachAlong(
      op, e.operand(0).shape(), e.operand(1), op.getAxis(),
      [&](size_t table, size_t element) { addElement(e.result(0), element, e.operand(0), table); });
}

static LogicalResult evalScatterAddAlong(train::ScatterAddAlongOp op, Evaluation &e) {
  return forEachAlong(
      op, e.result(0).shape(), e.operand(1), op.getAxis(),
      [&](size_t table, size_t element) { addElement(e.result(0), table, e.operand(0), element); });
}

void dsc::registerIndex(Registry &registry) {
  registry.add<train::TakeOp>(evalTake);
  registry.add<train::ScatterAddOp>(evalScatterAdd);
  registry.add<train::TakeAlongOp>(evalTakeAlong);
  registry.add<train::ScatterAddAlongOp>(evalScatterAddAlong);
}
