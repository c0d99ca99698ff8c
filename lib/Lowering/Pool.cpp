//===- Pool.cpp - Pooling as library calls --------------------------------===//

#include "lib/Lowering/ExecLowering.h"

#include "abi/CpuRoutines.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc;

template <typename OpTy>
static SmallVector<int64_t> poolInts(OpTy op, const Strided &x, const Strided &y, int64_t flags) {
  SmallVector<int64_t> ints = {static_cast<int64_t>(x.shape.size()) - 2, x.shape[0], x.shape[1]};
  auto append = [&](ArrayRef<int64_t> list) { llvm::append_range(ints, list); };
  append(ArrayRef<int64_t>(x.shape).drop_front(2));
  append(op.getWindow());
  append(op.getStrides());
  append(op.getDilations());
  append(op.getLow());
  append(op.getHigh());
  append(ArrayRef<int64_t>(y.shape).drop_front(2));
  append(x.strides);
  append(y.strides);
  ints.push_back(flags);
  return ints;
}

static LogicalResult lowerMaxPool(train::MaxPoolOp op, ExecLowering &lowering) {
  Strided x = lowering.strided(op.getX());
  bool hasIndex = !op.getIndex().use_empty();
  SmallVector<Type> results = {op.getY().getType()};
  if (hasIndex) {
    results.push_back(op.getIndex().getType());
  }
  auto ints = poolInts(op, x, denseOf(op.getY()), hasIndex ? DSC_POOL_INDEX : 0);
  ResultRange call = lowering.buildCall(op.getLoc(), "MaxPool", results, x.source, ints, {},
                                        {x.offset}, Cost::of(op));
  lowering.set(op.getY(), call[0]);
  if (hasIndex) {
    lowering.set(op.getIndex(), call[1]);
  }
  return success();
}

static LogicalResult lowerAvgPool(train::AvgPoolOp op, ExecLowering &lowering) {
  Strided x = lowering.strided(op.getX());
  int64_t flags = op.getCountPadding() ? DSC_POOL_COUNT_INCLUDE_PAD : 0;
  lowering.set(op.getY(), lowering.buildCall(op.getLoc(), "AvgPool", op.getType(), x.source,
                                             poolInts(op, x, denseOf(op.getY()), flags), {},
                                             {x.offset}, Cost::of(op))[0]);
  return success();
}

static LogicalResult lowerAvgPoolGrad(train::AvgPoolGradOp op, ExecLowering &lowering) {
  Strided dy = lowering.strided(op.getDy());
  int64_t flags = op.getCountPadding() ? DSC_POOL_COUNT_INCLUDE_PAD : 0;
  lowering.set(op.getDx(), lowering.buildCall(op.getLoc(), "AvgPoolGrad", op.getType(), dy.source,
                                              poolInts(op, denseOf(op.getDx()), dy, flags), {},
                                              {dy.offset}, Cost::of(op))[0]);
  return success();
}

void dsc::registerPoolLowerings(LoweringRegistry &registry) {
  registry.add<train::MaxPoolOp>(lowerMaxPool);
  registry.add<train::AvgPoolOp>(lowerAvgPool);
  registry.add<train::AvgPoolGradOp>(lowerAvgPoolGrad);
  registry.addF32Only<train::MaxPoolOp>();
  registry.addF32Only<train::AvgPoolOp>();
  registry.addF32Only<train::AvgPoolGradOp>();
}
