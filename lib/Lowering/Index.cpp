//===- Index.cpp - Gathering and scattering as library calls --------------===//

#include "lib/Lowering/ExecLowering.h"

#include "abi/CpuRoutines.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc;

static int64_t product(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes) {
    result *= size;
  }
  return result;
}

namespace {
/// A table seen as [outer, axis, inner], and what is gathered as [outer, count, inner].
struct TakeShape {
  int64_t outer, axis, inner, count;
  SmallVector<int64_t> tableStrides() const { return {axis * inner, inner, 1}; }
  SmallVector<int64_t> sliceStrides() const { return {count * inner, inner, 1}; }
};
} // namespace

static TakeShape takeShape(Value table, Value indices, int64_t axis) {
  ArrayRef<int64_t> shape = tensorType(table).getShape();
  size_t a = static_cast<size_t>(axis);
  return {product(shape.take_front(a)), shape[a], product(shape.drop_front(a + 1)),
          tensorType(indices).getNumElements()};
}

static Type elementOf(Value value) { return getElementTypeOrSelf(value); }

static LogicalResult lowerTake(train::TakeOp op, ExecLowering &lowering) {
  TakeShape t = takeShape(op.getX(), op.getIndices(), static_cast<int64_t>(op.getAxis()));
  SmallVector<int64_t> ints = {elementBytes(elementOf(op.getX())),
                               dscTypeOf(elementOf(op.getIndices())),
                               t.outer,
                               t.axis,
                               t.inner,
                               t.count};
  llvm::append_range(ints, t.tableStrides());
  ints.push_back(1);
  llvm::append_range(ints, t.sliceStrides());
  lowering.set(op.getY(), lowering.buildCall(op.getLoc(), "Take", op.getType(),
                                             {lowering.materialize(op.getX()),
                                              lowering.materialize(op.getIndices())},
                                             ints, {}, {0, 0}, Cost::of(op))[0]);
  return success();
}

static LogicalResult checkScatterType(Operation *op) {
  Type element = getElementTypeOrSelf(op->getResult(0));
  auto integer = dyn_cast<IntegerType>(element);
  if (element.isF32() || element.isF64() ||
      (integer && (integer.getWidth() == 32 || integer.getWidth() == 64))) {
    return success();
  }
  return op->emitError() << "scattering " << element
                         << " elements is not supported on this target; convert to "
                         << (integer ? "i32" : "f32");
}

/// Into a tensor that is there already, only the rows that get updates are read and written.
static Cost scatterCost(train::ScatterAddOp op, bool accumulates) {
  Cost cost = Cost::of(op);
  if (accumulates) {
    int64_t table = train::getTensorBytes(op.getType());
    int64_t rows = std::min(train::getTensorBytes(op.getUpdates().getType()), table);
    cost.bytes += 2 * rows - table;
  }
  return cost;
}

static LogicalResult lowerScatterAdd(train::ScatterAddOp op, ExecLowering &lowering) {
  if (failed(checkScatterType(op))) {
    return failure();
  }
  TakeShape t = takeShape(op.getX(), op.getIndices(), static_cast<int64_t>(op.getAxis()));
  SmallVector<int64_t> ints = {dscTypeOf(elementOf(op.getX())),
                               dscTypeOf(elementOf(op.getIndices())),
                               t.outer,
                               t.axis,
                               t.inner,
                               t.count};
  llvm::append_range(ints, t.sliceStrides());
  ints.push_back(1);
  llvm::append_range(ints, t.tableStrides());
  SmallVector<Value> operands = {lowering.materialize(op.getUpdates()),
                                 lowering.materialize(op.getIndices())};
  auto target = lowering.findAccumulator(op.getX(), AddendKind::Any);
  ints.push_back(target ? DSC_SCATTER_ACCUMULATE : 0);
  if (target) {
    operands.push_back(target->buffer);
  }
  Value result = lowering.buildCall(op.getLoc(), "ScatterAdd", op.getType(), operands, ints, {},
                                    SmallVector<int64_t>(operands.size(), 0),
                                    scatterCost(op, target.has_value()))[0];
  if (target) {
    lowering.setAccumulated(op.getX(), *target, result);
  } else {
    lowering.set(op.getX(), result);
  }
  return success();
}

static LogicalResult lowerTakeAlong(train::TakeAlongOp op, ExecLowering &lowering) {
  Strided x = lowering.strided(op.getX()), index = lowering.strided(op.getIndices());
  int64_t axis = static_cast<int64_t>(op.getAxis());
  SmallVector<int64_t> ints = {
      elementBytes(elementOf(op.getX())), dscTypeOf(elementOf(op.getIndices())),
      static_cast<int64_t>(x.shape.size()), axis, x.shape[static_cast<size_t>(axis)]};
  llvm::append_range(ints, index.shape);
  llvm::append_range(ints, x.strides);
  llvm::append_range(ints, index.strides);
  llvm::append_range(ints, denseStrides(index.shape));
  lowering.set(op.getY(),
               lowering.buildCall(op.getLoc(), "TakeAlong", op.getType(), {x.source, index.source},
                                  ints, {}, {x.offset, index.offset}, Cost::of(op))[0]);
  return success();
}

static LogicalResult lowerScatterAddAlong(train::ScatterAddAlongOp op, ExecLowering &lowering) {
  if (failed(checkScatterType(op))) {
    return failure();
  }
  Strided updates = lowering.strided(op.getUpdates()), index = lowering.strided(op.getIndices());
  ArrayRef<int64_t> shape = op.getType().getShape();
  SmallVector<int64_t> ints = {
      dscTypeOf(elementOf(op.getX())), dscTypeOf(elementOf(op.getIndices())),
      static_cast<int64_t>(shape.size()), static_cast<int64_t>(op.getAxis())};
  llvm::append_range(ints, index.shape);
  llvm::append_range(ints, shape);
  llvm::append_range(ints, updates.strides);
  llvm::append_range(ints, index.strides);
  llvm::append_range(ints, denseStrides(shape));
  ints.push_back(0);
  lowering.set(op.getX(), lowering.buildCall(op.getLoc(), "ScatterAddAlong", op.getType(),
                                             {updates.source, index.source}, ints, {},
                                             {updates.offset, index.offset}, Cost::of(op))[0]);
  return success();
}

void dsc::registerIndexLowerings(LoweringRegistry &registry) {
  registry.add<train::TakeOp>(lowerTake);
  registry.add<train::ScatterAddOp>(lowerScatterAdd);
  registry.add<train::TakeAlongOp>(lowerTakeAlong);
  registry.add<train::ScatterAddAlongOp>(lowerScatterAddAlong);
}
