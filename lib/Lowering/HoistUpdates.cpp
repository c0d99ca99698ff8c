//===- HoistUpdates.cpp - Update a variable as soon as that is possible ---===//

#include "dialects/Exec/ExecDialect.h"
#include "dsc/Lowering/Passes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace dsc {
#define GEN_PASS_DEF_HOISTUPDATESPASS
#include "dsc/Lowering/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

namespace {
class UpdateHoisting {
public:
  explicit UpdateHoisting(Block &block) : block(block) {}

  void run();
  unsigned numHoisted = 0;

private:
  void findReaders();
  bool isLight(Operation *op) const;
  using Points = DenseMap<Operation *, Operation *>;
  Operation *latestProducer(Operation *op, Points &known) const;
  void addReaders(Value value, SmallVectorImpl<Operation *> &readers);
  Operation *earliestPoint(Operation *update);
  void raise(Operation *op, Operation *point);
  void moveBehind(Operation *op, Operation *point);

  Block &block;
  llvm::MapVector<Operation *, SmallVector<Attribute>> updates; // launch -> variables it writes
  DenseMap<Attribute, SmallVector<Operation *>> readers;        // variable -> who reads it
  DenseMap<Operation *, SmallVector<Operation *>> followers;    // point -> what was moved behind it
  SmallPtrSet<Operation *, 32> pinned;                          // updates and readers of variables
  SmallPtrSet<Operation *, 32> moved;
};
} // namespace

/// The later of two ops of a block; null is the block's beginning.
static Operation *later(Operation *a, Operation *b) {
  if (!a || !b) {
    return a ? a : b;
  }
  return a->isBeforeInBlock(b) ? b : a;
}

/// What costs little memory to have early: numbers, partial sums, and what only names a buffer. Not
/// what reads or writes a variable, which others may have to wait for.
bool UpdateHoisting::isLight(Operation *op) const {
  constexpr int64_t mostElements = 4096;
  if (isa<exec::LaunchOp>(op)) {
    return !pinned.contains(op) && llvm::all_of(op->getResultTypes(), [](Type type) {
      return cast<RankedTensorType>(type).getNumElements() <= mostElements;
    });
  }
  return isa<exec::ReadOp, exec::ScalarOp, exec::ConstantOp, exec::ViewOp>(op);
}

/// The latest op that `op` must stand behind because of its operands, where light ones may move
/// along.
Operation *UpdateHoisting::latestProducer(Operation *op, Points &known) const {
  if (auto it = known.find(op); it != known.end()) {
    return it->second;
  }
  Operation *result = nullptr;
  for (Value operand : op->getOperands()) {
    if (Operation *producer = operand.getDefiningOp()) {
      result = later(result, isLight(producer) ? latestProducer(producer, known) : producer);
    }
  }
  return known[op] = result;
}

void UpdateHoisting::addReaders(Value value, SmallVectorImpl<Operation *> &found) {
  for (Operation *user : value.getUsers()) {
    if (auto view = dyn_cast<exec::ViewOp>(user)) {
      addReaders(view, found);
    } else if (!isa<exec::WriteOp>(user)) {
      found.push_back(block.findAncestorOpInBlock(*user));
    }
  }
}

void UpdateHoisting::findReaders() {
  block.walk([&](exec::ReadOp read) {
    SmallVector<Operation *> &found = readers[read.getVariableAttr()];
    addReaders(read, found);
    pinned.insert(found.begin(), found.end());
  });
  for (exec::WriteOp write : block.getOps<exec::WriteOp>()) {
    if (auto launch = write.getValue().getDefiningOp<exec::LaunchOp>()) {
      updates[launch].push_back(write.getVariableAttr());
      pinned.insert(launch);
    }
  }
}

/// Behind its operands, and behind everyone who reads what it overwrites.
Operation *UpdateHoisting::earliestPoint(Operation *update) {
  Points known;
  Operation *point = latestProducer(update, known);
  for (Attribute variable : updates[update]) {
    for (Operation *reader : readers[variable]) {
      if (reader != update) {
        point = later(point, reader);
      }
    }
  }
  return point;
}

void UpdateHoisting::moveBehind(Operation *op, Operation *point) {
  if (!moved.insert(op).second) {
    return; // by another update that needs it, to the same place
  }
  // What stands behind an update that moves itself may be needed at its new place.
  for (Operation *follower : followers.lookup(op)) {
    moved.erase(follower);
  }
  followers.erase(op);
  SmallVector<Operation *> &others = followers[point];
  if (!others.empty()) {
    op->moveAfter(others.back());
  } else if (point) {
    op->moveAfter(point);
  } else {
    op->moveBefore(&block, block.begin());
  }
  others.push_back(op);
}

/// Moves `op` behind `point`, and before it the light ops that it needs: a launch as early as it
/// can be, so that the sum over a gradient stands beside the gradient, what only names a buffer
/// beside its user.
void UpdateHoisting::raise(Operation *op, Operation *point) {
  if (moved.contains(op)) {
    return; // by another user, and before it what it needs; there may be very many paths to it
  }
  for (Value operand : op->getOperands()) {
    Operation *producer = operand.getDefiningOp();
    if (!producer || !isLight(producer) || producer == point ||
        later(point, producer) != producer) {
      continue;
    }
    bool stays = producer->hasOneUse() && !isa<exec::LaunchOp>(producer);
    Points known;
    raise(producer, stays ? point : latestProducer(producer, known));
  }
  moveBehind(op, point);
}

void UpdateHoisting::run() {
  findReaders();
  for (auto &[update, variables] : updates) {
    Operation *point = earliestPoint(update);
    if (point && point->isBeforeInBlock(update) && point->getNextNode() != update) {
      raise(update, point);
      ++numHoisted;
    }
  }
}

namespace {
struct HoistUpdatesPass : dsc::impl::HoistUpdatesPassBase<HoistUpdatesPass> {
  using HoistUpdatesPassBase::HoistUpdatesPassBase;

  void runOnOperation() override {
    if (!hoist) {
      return;
    }
    for (exec::ProgramOp program : getOperation().getOps<exec::ProgramOp>()) {
      UpdateHoisting hoisting(*program.getBlock());
      hoisting.run();
      numHoisted += hoisting.numHoisted;
    }
  }
};
} // namespace
