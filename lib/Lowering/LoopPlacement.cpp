//===- LoopPlacement.cpp - Where loops keep what they carry and collect ----===//

#include "lib/Lowering/LoopPlacement.h"

#include "dialects/Train/Interfaces.h"
#include "lib/Lowering/ExecLowering.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dsc;

static Value viewed(Value value) {
  while (auto view = value.getDefiningOp<exec::ViewOp>()) {
    value = view.getX();
  }
  return value;
}

/// Bytes on a multiple of which buffers of routines begin: those of a GPU load vectors.
static constexpr int64_t kRoutineAlignment = 16;

static bool isAligned(Value row) {
  return train::getTensorBytes(row.getType()) % kRoutineAlignment == 0;
}

/// Whether a row may begin at any element: no routine makes or reads it.
static bool mayBeginAnywhere(Value row) {
  auto isRoutine = [](Operation *op) {
    return (isa<exec::CallOp>(op) && !isMove(op)) || exec::isRepeated(op);
  };
  auto isRead = [&](Operation *user) {
    return isRoutine(user) || (isa<exec::ViewOp>(user) && !mayBeginAnywhere(user->getResult(0)));
  };
  Operation *maker = row.getDefiningOp();
  return isAligned(row) || (!(maker && isRoutine(maker)) && llvm::none_of(row.getUsers(), isRead));
}

static Operation *yieldOf(exec::LoopOp loop) { return loop.getBlock()->getTerminator(); }

static int64_t countOf(exec::LoopOp loop) { return static_cast<int64_t>(loop.getCount()); }
static int64_t stepOf(exec::LoopOp loop) { return loop.getReverse() ? -1 : 1; }

const LoopPlacement::Stack *LoopPlacement::addStack(int64_t numRows, Value row) {
  stacks.push_back(std::make_unique<Stack>(Stack{numRows, train::getTensorBytes(row.getType())}));
  return stacks.back().get();
}

/// Yields a copy instead.
Value LoopPlacement::copyAtEnd(exec::LoopOp loop, unsigned yielded, Value into) {
  Operation *yield = yieldOf(loop);
  OpBuilder builder(yield);
  yield->setOperand(yielded, copy(builder, loop.getLoc(), yield->getOperand(yielded), into));
  return yield->getOperand(yielded);
}

/// Whether the region computes the value into a buffer that no one has asked for yet.
bool LoopPlacement::isFree(exec::LoopOp loop, Value root) const {
  Operation *op = root.getDefiningOp();
  return op && isa<exec::LaunchOp, exec::CallOp>(op) && op->getBlock() == loop.getBlock() &&
         !rows.contains(root) && !replaced.contains(root);
}

/// The value whose buffer holds what is yielded, for the caller to place in a row; of a
/// copy where the buffer is someone else's.
Value LoopPlacement::ownRoot(exec::LoopOp loop, unsigned yielded) {
  Value value = yieldOf(loop)->getOperand(yielded), root = inPlaceRoot(value);
  bool isGood = isFree(loop, root) && mayBeginAnywhere(root) && mayBeginAnywhere(value);
  return isGood ? root : copyAtEnd(loop, yielded);
}

/// Rows that are not where routines want them are copied.
void LoopPlacement::alignInputs(exec::LoopOp loop) {
  OpBuilder builder = OpBuilder::atBlockBegin(loop.getBlock());
  for (BlockArgument row : loop.getInputArguments()) {
    if (!mayBeginAnywhere(row)) {
      Value aligned = copy(builder, loop.getLoc(), row, nullptr);
      row.replaceAllUsesExcept(aligned, aligned.getDefiningOp());
    }
  }
}

/// Carried values that change places go by way of temporaries.
void LoopPlacement::separateCarries(exec::LoopOp loop) {
  Operation *yield = yieldOf(loop);
  for (BlockArgument argument : loop.getCarryArguments()) {
    unsigned index = argument.getArgNumber();
    Value value = viewed(yield->getOperand(index));
    if (value == argument) {
      yield->setOperand(index, argument);
    } else if (llvm::is_contained(loop.getCarryArguments(), value)) {
      copyAtEnd(loop, index);
    }
  }
}

/// Whether an output holds the carried value before or after each iteration, in rows
/// whose outputs may begin with the second.
static bool isOutput(exec::LoopOp loop, unsigned carry) {
  Operation *yield = yieldOf(loop);
  Value before = loop.getCarryArguments()[carry], after = yield->getOperand(carry);
  auto outputs = yield->getOperands().drop_front(loop.getCarry().size());
  return isAligned(before) &&
         (llvm::is_contained(outputs, before) || llvm::is_contained(outputs, after));
}

void LoopPlacement::placeInStack(exec::LoopOp loop, unsigned carry) {
  Operation *yield = yieldOf(loop);
  unsigned numCarry = static_cast<unsigned>(loop.getCarry().size());
  BlockArgument before = loop.getCarryArguments()[carry];
  Value after = yield->getOperand(carry);
  int64_t count = countOf(loop), step = stepOf(loop);
  const Stack *stack = addStack(count + 1, before);
  int64_t first = loop.getReverse() ? count : 0;
  Value root = ownRoot(loop, carry);
  rows[root] = {stack, first + step, step};
  rows[before] = {stack, first, step};
  rows[loop.getCarried()[carry]] = {stack, count - first, 0};
  for (unsigned output = 0; output < loop.getOutputs().size(); ++output) {
    Value value = yield->getOperand(numCarry + output);
    if (value == before || value == after) {
      bool isLower = (value == before) != loop.getReverse();
      rows[loop.getOutputs()[output]] = {stack, isLower ? 0 : 1, 0};
      yield->setOperand(numCarry + output, value == before ? before : yield->getOperand(carry));
    }
  }
  OpBuilder builder(loop);
  Value init = copy(builder, loop.getLoc(), loop.getCarry()[carry], nullptr);
  loop->setOperand(carry, init);
  rows[init] = {stack, first, 0};
}

void LoopPlacement::placeOutput(exec::LoopOp loop, unsigned output) {
  Value root = ownRoot(loop, static_cast<unsigned>(loop.getCarry().size()) + output);
  int64_t count = countOf(loop);
  const Stack *stack = addStack(count, root);
  rows[root] = {stack, loop.getReverse() ? count - 1 : 0, stepOf(loop)};
  rows[loop.getOutputs()[output]] = {stack, 0, 0};
}

/// Whether the value can be computed in the place of the carried argument: all that
/// use the argument stand before, or read it where the kernel may overwrite it.
bool LoopPlacement::mayReplace(Value root, BlockArgument argument) {
  Operation *maker = root.getDefiningOp();
  unsigned result = cast<OpResult>(root).getResultNumber(), timesRead = 0;
  SmallVector<Value> names = {argument};
  for (size_t i = 0; i < names.size(); ++i) {
    for (OpOperand &use : names[i].getUses()) {
      Operation *user = use.getOwner();
      if (auto view = dyn_cast<exec::ViewOp>(user)) {
        names.push_back(view);
        continue;
      }
      auto launch = dyn_cast<exec::LaunchOp>(user);
      bool sharesPlace = user == maker && launch && timesRead++ == 0 &&
                         rules.allow(launch, use.getOperandNumber(), result);
      Operation *inBlock = maker->getBlock()->findAncestorOpInBlock(*user);
      if (!sharesPlace && !inBlock->isBeforeInBlock(maker)) {
        return false;
      }
    }
  }
  return true;
}

void LoopPlacement::placeCarry(exec::LoopOp loop, unsigned carry) {
  OpBuilder builder(loop);
  loop->setOperand(carry, copy(builder, loop.getLoc(), loop.getCarry()[carry], nullptr));
  BlockArgument argument = loop.getCarryArguments()[carry];
  Value value = yieldOf(loop)->getOperand(carry), root = inPlaceRoot(value);
  if (value == argument) {
    return; // stays what it is
  }
  if (inPlace && isFree(loop, root) && mayReplace(root, argument)) {
    replaced[root] = argument;
  } else {
    copyAtEnd(loop, carry, argument);
  }
}

/// Copies into carried values come last, when all that reads the old ones has run.
void LoopPlacement::prepare(exec::LoopOp loop) {
  alignInputs(loop);
  separateCarries(loop);
  auto carries = llvm::seq<unsigned>(0, static_cast<unsigned>(loop.getCarry().size()));
  for (unsigned carry : carries) {
    if (isOutput(loop, carry)) {
      placeInStack(loop, carry);
    }
  }
  for (unsigned output = 0; output < loop.getOutputs().size(); ++output) {
    if (!rows.contains(loop.getOutputs()[output])) {
      placeOutput(loop, output);
    }
  }
  for (unsigned carry : carries) {
    if (!rows.contains(loop.getCarryArguments()[carry])) {
      placeCarry(loop, carry);
    }
  }
}
