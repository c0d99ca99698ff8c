//===- RoutineTypes.cpp - Ops in element types that routines have ---------===//
//
// Library routines compute in f32. The same ops on halves become conversions
// around one on f32, unless the target's routine takes halves, and products of other types the sums
// of products that they are, which is a loop nest.
//
//===----------------------------------------------------------------------===//

#include "lib/Lowering/ExecLowering.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc;

static bool isHalf(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isF16() || element.isBF16();
}

static Value convert(OpBuilder &b, Location loc, Value x, Type element) {
  auto type = RankedTensorType::get(tensorType(x).getShape(), element);
  return train::ConvertOp::create(b, loc, type, x);
}

static void computeInF32(Operation *op) {
  OpBuilder b(op);
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    if (isHalf(operand.getType()) && !mapping.contains(operand)) {
      mapping.map(operand, convert(b, op->getLoc(), operand, b.getF32Type()));
    }
  }
  Operation *wide = b.clone(*op, mapping);
  for (auto [from, to] : llvm::zip_equal(op->getResults(), wide->getResults())) {
    if (isHalf(from.getType())) {
      Type half = getElementTypeOrSelf(from.getType());
      to.setType(RankedTensorType::get(tensorType(from).getShape(), b.getF32Type()));
      from.replaceAllUsesWith(convert(b, op->getLoc(), to, half));
    } else {
      from.replaceAllUsesWith(to);
    }
  }
  op->erase();
}

/// The operand with dimensions [batch, a's free, b's free, contracted], repeated
/// along those it does not have; `first` is where its free ones begin.
static Value expandOperand(OpBuilder &b, Location loc, Value x, ArrayRef<int64_t> batch,
                           ArrayRef<int64_t> free, ArrayRef<int64_t> contract, size_t first,
                           ArrayRef<int64_t> shape) {
  SmallVector<int64_t> order(batch), dims;
  llvm::append_range(order, free);
  llvm::append_range(order, contract);
  for (size_t i = 0; i < order.size(); ++i) {
    size_t dim = i;
    if (i >= batch.size() + free.size()) {
      dim = shape.size() - order.size() + i;
    } else if (i >= batch.size()) {
      dim = first + i - batch.size();
    }
    dims.push_back(static_cast<int64_t>(dim));
  }
  Value sorted = train::TransposeOp::create(b, loc, x, order);
  auto type = RankedTensorType::get(shape, getElementTypeOrSelf(x.getType()));
  return train::BroadcastOp::create(b, loc, type, sorted, dims);
}

static void expandDot(train::DotOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  SmallVector<int64_t> aFree = op.getAFree(), bFree = op.getBFree();
  SmallVector<int64_t> shape(op.getType().getShape());
  for (int64_t dim : op.getAContract()) {
    shape.push_back(tensorType(op.getA()).getDimSize(static_cast<unsigned>(dim)));
  }
  size_t batch = op.getABatch().size();
  Value lhs =
      expandOperand(b, loc, op.getA(), op.getABatch(), aFree, op.getAContract(), batch, shape);
  Value rhs = expandOperand(b, loc, op.getB(), op.getBBatch(), bFree, op.getBContract(),
                            batch + aFree.size(), shape);
  Value product = train::MulOp::create(b, loc, lhs, rhs);
  auto contracted = llvm::to_vector(
      llvm::seq<int64_t>(op.getType().getRank(), static_cast<int64_t>(shape.size())));
  if (!contracted.empty()) {
    product = train::ReduceSumOp::create(b, loc, product, contracted);
  }
  op.replaceAllUsesWith(product);
  op.erase();
}

/// What is no product has parts that a loop nest computes.
static void decomposeDoubles(ModuleOp module, const LoweringRegistry &registry) {
  module.walk([&](train::DecomposableOpInterface op) {
    if (registry.computesInF32(op) && getElementTypeOrSelf(op->getResult(0)).isF64()) {
      OpBuilder builder(op);
      op->replaceAllUsesWith(op.decompose(builder));
      op->erase();
    }
  });
}

void dsc::fitRoutineTypes(ModuleOp module, const LoweringRegistry &registry) {
  decomposeDoubles(module, registry);
  module.walk([&](Operation *op) {
    if (!registry.computesInF32(op)) {
      return;
    }
    if (llvm::any_of(op->getOperandTypes(), isHalf)) {
      if (!registry.takesHalves(op)) {
        computeInF32(op);
      }
      return;
    }
    auto dot = dyn_cast<train::DotOp>(op);
    if (dot && !dot.getType().getElementType().isF32()) {
      expandDot(dot);
    }
  });
}
