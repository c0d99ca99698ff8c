//===- Reduce.cpp - Reductions --------------------------------------------===//

#include "lib/Lowering/ExecLowering.h"
#include "lib/Lowering/Signless.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/STLExtras.h"

#include <limits>

using namespace mlir;
using namespace dsc;

/// Full reductions of more elements than this go by way of their rows, so that
/// threads share the first and only one runs the short second.
static constexpr int64_t kTwoStageElements = 16384;

/// The infinity is the largest or smallest integer of the type.
static TypedAttr neutralElement(Type element, double neutral) {
  if (auto floatType = dyn_cast<FloatType>(element)) {
    return FloatAttr::get(floatType, neutral);
  }
  unsigned width = element.getIntOrFloatBitWidth();
  APInt most = isUnsigned(element) ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width);
  APInt least = isUnsigned(element) ? APInt::getMinValue(width) : APInt::getSignedMinValue(width);
  return IntegerAttr::get(element, neutral == 0 ? APInt(width, 0) : neutral > 0 ? most : least);
}

template <typename OpTy, typename FloatOp, typename IntOp, typename UnsignedOp = IntOp>
static void addReduction(LoweringRegistry &registry, double neutralValue) {
  registry.add<OpTy>([=](OpTy op, ExecLowering &lowering) {
    Type element = getElementTypeOrSelf(op.getX());
    TypedAttr neutral = neutralElement(element, neutralValue);
    auto body = [element](OpBuilder &b, Location loc, ValueRange x) -> Value {
      if (isa<FloatType>(element)) {
        return FloatOp::create(b, loc, x[0], x[1]);
      }
      return isUnsigned(element) ? UnsignedOp::create(b, loc, x[0], x[1]).getResult()
                                 : IntOp::create(b, loc, x[0], x[1]).getResult();
    };
    RankedTensorType x = tensorType(op.getX());
    bool isFull = static_cast<int64_t>(op.getDims().size()) == x.getRank();
    if (!isFull || x.getRank() < 2 || x.getNumElements() < kTwoStageElements) {
      lowering.set(op.getY(),
                   lowering.buildReduction(op.getLoc(), op.getX(), op.getDims(), neutral, body));
      return success();
    }
    auto rowDims = llvm::to_vector(llvm::seq<int64_t>(1, x.getRank()));
    OpBuilder train(op);
    auto rows = OpTy::create(train, op.getLoc(), op.getX(), rowDims);
    lowering.set(rows, lowering.buildReduction(op.getLoc(), op.getX(), rowDims, neutral, body));
    lowering.set(op.getY(), lowering.buildReduction(op.getLoc(), rows, {0}, neutral, body));
    return success();
  });
}

static LogicalResult lowerArgMax(train::ArgMaxOp op, ExecLowering &lowering) {
  int64_t axis = static_cast<int64_t>(op.getDim());
  RankedTensorType type = tensorType(op.getX());
  // Outer and inner dimensions must be dense to count as one each.
  Value dense = lowering.materialize(op.getX());
  auto product = [&](int64_t first, int64_t last) {
    int64_t size = 1;
    for (int64_t dim = first; dim < last; ++dim) {
      size *= type.getDimSize(static_cast<unsigned>(dim));
    }
    return size;
  };
  int64_t outer = product(0, axis), size = type.getDimSize(static_cast<unsigned>(axis)),
          inner = product(axis + 1, type.getRank());
  auto result = RankedTensorType::get(op.getType().getShape(), lowering.builder.getI64Type());
  Value index = lowering.buildCall(
      op.getLoc(), "ArgMax", result, dense,
      {dscTypeOf(type.getElementType()), outer, size, inner, size * inner, inner, 1, 0}, {}, {0},
      Cost::of(op))[0];
  if (!op.getType().getElementType().isInteger(64)) {
    return op.emitError("argmax gives i64 on this target; convert it afterwards");
  }
  lowering.set(op.getY(), index);
  return success();
}

void dsc::registerReduceLowerings(LoweringRegistry &registry) {
  double infinity = std::numeric_limits<double>::infinity();
  addReduction<train::ReduceSumOp, arith::AddFOp, arith::AddIOp>(registry, 0.0);
  addReduction<train::ReduceMaxOp, arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>(registry,
                                                                                      -infinity);
  addReduction<train::ReduceMinOp, arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>(registry,
                                                                                      infinity);
  registry.add<train::ArgMaxOp>(lowerArgMax);
}
