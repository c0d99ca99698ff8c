//===- Random.cpp - Philox4x32-10 as scalar arithmetic --------------------===//
//
// J. Salmon, M. Moraes, R. Dror, D. Shaw: Parallel random numbers: as easy as
// 1, 2, 3 (SC 2011). Every element computes its counter's block and keeps one of
// the four words.
//
//===----------------------------------------------------------------------===//

#include "lib/Lowering/ExecLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <array>

using namespace mlir;
using namespace dsc;

namespace {
// Words live in i64 values below 2^32, so that a product keeps its high half.
struct Words {
  OpBuilder &b;
  Location loc;

  Value constant(uint64_t value) {
    return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(static_cast<int64_t>(value)));
  }
  Value low(Value x) { return arith::AndIOp::create(b, loc, x, constant(0xffffffff)); }
  Value high(Value x) { return arith::ShRUIOp::create(b, loc, x, constant(32)); }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value mul(Value x, uint64_t y) { return arith::MulIOp::create(b, loc, x, constant(y)); }
  Value exclusiveOr(Value x, Value y) { return arith::XOrIOp::create(b, loc, x, y); }
};
} // namespace

static std::array<Value, 4> buildPhilox(Words w, std::array<Value, 4> counter, Value key0,
                                        Value key1) {
  for (int round = 0; round < 10; ++round) {
    if (round > 0) {
      key0 = w.low(w.add(key0, w.constant(0x9E3779B9)));
      key1 = w.low(w.add(key1, w.constant(0xBB67AE85)));
    }
    Value p0 = w.mul(counter[0], 0xD2511F53), p1 = w.mul(counter[2], 0xCD9E8D57);
    counter = {w.exclusiveOr(w.exclusiveOr(w.high(p1), counter[1]), key0), w.low(p1),
               w.exclusiveOr(w.exclusiveOr(w.high(p0), counter[3]), key1), w.low(p0)};
  }
  return counter;
}

/// The element's row-major number within `shape`.
static Value buildLinearIndex(OpBuilder &b, Location loc, ArrayRef<int64_t> shape) {
  Value index = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
  for (auto [dim, stride] : llvm::enumerate(denseStrides(shape))) {
    Value i = linalg::IndexOp::create(b, loc, dim);
    Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(), i);
    Value factor = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(stride));
    index = arith::AddIOp::create(b, loc, index, arith::MulIOp::create(b, loc, wide, factor));
  }
  return index;
}

static Value buildUniform(OpBuilder &b, Location loc, train::UniformOp op, Value seed, Value step,
                          Value offset) {
  Words w{b, loc};
  Value index = w.add(buildLinearIndex(b, loc, op.getType().getShape()), offset);
  Value block = arith::ShRUIOp::create(b, loc, index, w.constant(2));
  uint64_t stream = static_cast<uint64_t>(op.getStreamAttr().getInt()) & 0xffffffff;
  auto words = buildPhilox(w, {w.low(block), w.high(block), w.low(step), w.constant(stream)},
                           w.low(seed), w.high(seed));
  Value word = words[0];
  Value which = arith::AndIOp::create(b, loc, index, w.constant(3));
  for (uint64_t i = 1; i < 4; ++i) {
    Value isIt = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, which, w.constant(i));
    word = arith::SelectOp::create(b, loc, isIt, words[i], word);
  }
  // The upper 24 bits are exact in every float type from f32 on.
  Value bits = arith::ShRUIOp::create(b, loc, word, w.constant(8));
  Type element = op.getType().getElementType();
  Value number = arith::UIToFPOp::create(b, loc, element, bits);
  Value scale = arith::ConstantOp::create(b, loc, b.getFloatAttr(element, 0x1p-24));
  return arith::MulFOp::create(b, loc, number, scale);
}

static LogicalResult lowerUniform(train::UniformOp op, ExecLowering &lowering) {
  // Scalars enter the nest broadcast over it.
  SmallVector<Value> operands;
  OpBuilder train(op);
  for (Value scalar : {op.getSeed(), op.getStep(), op.getOffset()}) {
    auto type = RankedTensorType::get(op.getType().getShape(), getElementTypeOrSelf(scalar));
    operands.push_back(train::BroadcastOp::create(train, op.getLoc(), type, scalar,
                                                  train.getDenseI64ArrayAttr({})));
  }
  auto body = [&](OpBuilder &b, Location loc, ValueRange x) {
    return buildUniform(b, loc, op, x[0], x[1], x[2]);
  };
  lowering.set(op.getY(),
               lowering.buildElementwise(op.getLoc(), op.getType(), operands, body, op.getFlops()));
  return success();
}

void dsc::registerRandomLowerings(LoweringRegistry &registry) {
  registry.add<train::UniformOp>(lowerUniform);
}
