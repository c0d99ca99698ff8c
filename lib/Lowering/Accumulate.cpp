//===- Accumulate.cpp - Results that are added to a tensor where it lies ---===//

#include "lib/Lowering/ExecLowering.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace dsc;

Value dsc::inPlaceRoot(Value value) {
  for (;;) {
    Operation *op = value.getDefiningOp();
    if (auto view = dyn_cast_or_null<exec::ViewOp>(op)) {
      value = view.getX();
      continue;
    }
    auto operand = op ? op->getAttrOfType<IntegerAttr>(kInPlaceAttr) : IntegerAttr();
    if (!operand) {
      return value;
    }
    value = op->getOperand(static_cast<unsigned>(operand.getInt()));
  }
}

bool dsc::isInPlace(OpOperand &operand) {
  auto number = operand.getOwner()->getAttrOfType<IntegerAttr>(kInPlaceAttr);
  return number && number.getInt() == operand.getOperandNumber();
}

bool dsc::isOverwritten(Operation *op) {
  return llvm::any_of(op->getUses(), [](OpOperand &use) {
    return isInPlace(use) || (isa<exec::ViewOp>(use.getOwner()) && isOverwritten(use.getOwner()));
  });
}

/// What `add` adds to `result`, if it was computed and only the add reads it, under whatever
/// name, rather than being a variable or an input.
Value ExecLowering::findAddend(train::AddOp add, Value result, AddendKind kind) {
  Value other = add.getA() == result ? add.getB() : add.getA();
  if (!other.hasOneUse() || !isLowered(other)) {
    return nullptr;
  }
  Value buffer = materialize(other);
  Operation *maker = buffer.getDefiningOp();
  bool isOwn = isa_and_nonnull<exec::CallOp>(maker) ||
               (kind == AddendKind::Any && isa_and_nonnull<linalg::GenericOp>(maker));
  bool isGood = isOwn && buffer.use_empty() && names[buffer].size() == 1 &&
                buffer.getParentBlock() == builder.getBlock();
  return isGood ? buffer : nullptr;
}

/// Of two results that are added, the first may take the sum's accumulator; the other then
/// is added to the first.
std::optional<Accumulator> ExecLowering::findAccumulator(Value result, AddendKind kind) {
  if (!accumulate || !result.hasOneUse()) {
    return std::nullopt;
  }
  if (Value offered = accumulators.lookup(result)) {
    return Accumulator{offered, result, nullptr};
  }
  auto add = dyn_cast<train::AddOp>(*result.user_begin());
  if (!add) {
    return std::nullopt;
  }
  if (Value buffer = findAddend(add, result, kind)) {
    return Accumulator{buffer, nullptr, add};
  }
  Value offered = add.getResult().hasOneUse() ? accumulators.lookup(add.getResult()) : Value();
  return offered ? std::optional(Accumulator{offered, add.getResult(), nullptr}) : std::nullopt;
}

void ExecLowering::setAccumulated(Value result, Accumulator accumulator, Value execValue) {
  Operation *call = execValue.getDefiningOp();
  call->setAttr(kInPlaceAttr, builder.getI64IntegerAttr(call->getNumOperands() - 1));
  ++numAccumulated;
  accumulators.erase(accumulator.offeredTo);
  if (accumulator.add) {
    set(accumulator.add.getResult(), execValue);
    absorbed.insert(accumulator.add);
  } else {
    set(result, execValue);
  }
}
