//===- PlacementVerifier.cpp - Whether a placement keeps values alive -----===//

#include "PlacementVerifier.h"

#include "MemoryImage.h"
#include "dialects/Exec/ExecDialect.h"
#include "dsc/Pipelines/Exec.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::cpucheck;

static constexpr int64_t kLine = 64; // every buffer starts on a cache line

namespace {
/// Whose content a buffer has: a value, or a variable's before the step.
using Owner = const void *;

struct Bytes {
  int64_t begin, bytes;
  bool overlaps(Bytes other) const {
    return begin < other.begin + other.bytes && other.begin < begin + bytes;
  }
  bool operator==(const Bytes &other) const { return begin == other.begin && bytes == other.bytes; }
};

class Player {
public:
  Player(exec::ProgramOp program, ModuleOp module, const TargetModel &target)
      : program(program), module(module), target(target) {
    int64_t bytes = program->getAttrOfType<IntegerAttr>(exec::kArenaBytesAttr).getInt();
    persistentBytes = module->getAttrOfType<IntegerAttr>(exec::kPersistentBytesAttr).getInt();
    lines.assign(static_cast<size_t>((bytes + kLine - 1) / kLine), nullptr);
  }

  LogicalResult run();

private:
  LogicalResult play(Block &block);
  LogicalResult playOp(Operation *op);
  LogicalResult playRepeat(exec::RepeatOp repeat);
  LogicalResult playEnd();
  LogicalResult read(Operation *user, Value value);
  LogicalResult write(Operation *op, unsigned result, Bytes where);
  bool mayShare(Operation *op, unsigned operand, unsigned result);
  Value rootOf(Value value);
  Owner ownerOf(Value value);
  std::optional<Bytes> rangeOf(Value value);
  bool isVariable(Bytes where);
  Bytes rangeOfVariable(exec::VariableOp variable);
  void fill(Bytes where, Owner owner);

  exec::ProgramOp program;
  ModuleOp module;
  const TargetModel &target;
  int64_t persistentBytes;
  std::vector<Owner> lines;
};
} // namespace

Value Player::rootOf(Value value) {
  while (auto view = value.getDefiningOp<exec::ViewOp>()) {
    value = view.getX();
  }
  return value;
}

Owner Player::ownerOf(Value value) {
  if (auto read = value.getDefiningOp<exec::ReadOp>()) {
    return module.lookupSymbol(read.getVariable());
  }
  return value.getAsOpaquePointer();
}

Bytes Player::rangeOfVariable(exec::VariableOp variable) {
  return {static_cast<int64_t>(*variable.getOffset()),
          tensorBytes(cast<RankedTensorType>(variable.getType()))};
}

/// None for what lies outside the arena or is never overwritten.
std::optional<Bytes> Player::rangeOf(Value value) {
  int64_t bytes = tensorBytes(cast<RankedTensorType>(value.getType()));
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto repeat = dyn_cast<exec::RepeatOp>(argument.getOwner()->getParentOp());
    size_t index = argument.getArgNumber();
    if (!repeat || index < repeat.getBatch().size()) {
      return std::nullopt;
    }
    return Bytes{(*repeat.getOffsets())[index - repeat.getBatch().size()], bytes};
  }
  if (auto read = value.getDefiningOp<exec::ReadOp>()) {
    return rangeOfVariable(module.lookupSymbol<exec::VariableOp>(read.getVariable()));
  }
  auto offsets = value.getDefiningOp()->getAttrOfType<DenseI64ArrayAttr>("offsets");
  if (!offsets) {
    return std::nullopt;
  }
  return Bytes{offsets[cast<OpResult>(value).getResultNumber()], bytes};
}

void Player::fill(Bytes where, Owner owner) {
  for (int64_t at = where.begin; at < where.begin + where.bytes; at += kLine) {
    lines[static_cast<size_t>(at / kLine)] = owner;
  }
}

LogicalResult Player::read(Operation *user, Value value) {
  value = rootOf(value);
  std::optional<Bytes> where = rangeOf(value);
  if (!where) {
    return success();
  }
  for (int64_t at = where->begin; at < where->begin + where->bytes; at += kLine) {
    if (lines[static_cast<size_t>(at / kLine)] != ownerOf(value)) {
      return user->emitError("reads a value that was overwritten or never written: ") << value;
    }
  }
  return success();
}

bool Player::mayShare(Operation *op, unsigned operand, unsigned result) {
  if (auto inPlace = op->getAttrOfType<IntegerAttr>("exec.in_place")) {
    return inPlace.getInt() == operand;
  }
  auto launch = dyn_cast<exec::LaunchOp>(op);
  if (!launch) {
    return false;
  }
  auto kernel = module.lookupSymbol<exec::KernelOp>(launch.getKernel());
  return llvm::is_contained(target.getInPlacePairs(kernel.getBody()), std::pair(operand, result));
}

bool Player::isVariable(Bytes where) {
  return llvm::any_of(module.getOps<exec::VariableOp>(), [&](exec::VariableOp variable) {
    return rangeOfVariable(variable) == where;
  });
}

LogicalResult Player::write(Operation *op, unsigned result, Bytes where) {
  if (where.begin % kLine != 0 || where.begin < 0 ||
      where.begin + where.bytes > static_cast<int64_t>(lines.size()) * kLine) {
    return op->emitError("result lies outside the arena or across its lines");
  }
  if (where.begin < persistentBytes && !isVariable(where)) {
    return op->emitError("result lies in memory that outlives the step, but in no variable");
  }
  for (unsigned other = 0; other < result; ++other) {
    std::optional<Bytes> range = rangeOf(op->getResult(other));
    if (range && range->overlaps(where)) {
      return op->emitError("two results share memory");
    }
  }
  for (OpOperand &operand : op->getOpOperands()) {
    std::optional<Bytes> range = rangeOf(rootOf(operand.get()));
    if (range && range->overlaps(where) &&
        !(*range == where && mayShare(op, operand.getOperandNumber(), result))) {
      return op->emitError("result ")
             << result << " lies in operand " << operand.getOperandNumber() << "'s buffer";
    }
  }
  return success();
}

LogicalResult Player::playOp(Operation *op) {
  auto inPlace = op->getAttrOfType<IntegerAttr>("exec.in_place");
  for (OpOperand &operand : op->getOpOperands()) {
    // A copy into a buffer overwrites all of it; other routines in place read it.
    bool isOverwritten = inPlace && inPlace.getInt() == operand.getOperandNumber() &&
                         cast<exec::CallOp>(op).getRoutine() == "Copy";
    if (!isOverwritten && failed(read(op, operand.get()))) {
      return failure();
    }
  }
  for (Value result : op->getResults()) {
    std::optional<Bytes> where = rangeOf(result);
    if (!where) {
      return op->emitError("result without a place");
    }
    if (failed(write(op, cast<OpResult>(result).getResultNumber(), *where))) {
      return failure();
    }
  }
  for (Value result : op->getResults()) {
    fill(*rangeOf(result), ownerOf(result));
  }
  return success();
}

LogicalResult Player::playRepeat(exec::RepeatOp repeat) {
  Block *body = repeat.getBlock();
  size_t nBatch = repeat.getBatch().size();
  ArrayRef<int64_t> offsets = *repeat.getOffsets();
  SmallVector<Value> next(repeat.getCarry());
  for (int64_t pass = 0; pass < std::min<int64_t>(2, repeat.getCount()); ++pass) {
    for (auto [i, value] : llvm::enumerate(next)) {
      std::optional<Bytes> where = rangeOf(rootOf(value));
      if (failed(read(repeat, value)) || !where || where->begin != offsets[i]) {
        return repeat.emitError("carried value ") << i << " is not where the region expects it";
      }
    }
    for (auto [i, value] : llvm::enumerate(next)) {
      Value argument = body->getArgument(static_cast<unsigned>(nBatch + i));
      fill(*rangeOf(argument), ownerOf(argument));
    }
    if (failed(play(*body))) {
      return failure();
    }
    next.assign(body->getTerminator()->getOperands().begin(),
                body->getTerminator()->getOperands().end());
  }
  for (auto [result, value] : llvm::zip_equal(repeat.getResults(), next)) {
    if (failed(read(repeat, value)) || *rangeOf(rootOf(value)) != *rangeOf(result)) {
      return repeat.emitError("a yielded value is not where it is carried");
    }
  }
  for (Value result : repeat.getResults()) {
    fill(*rangeOf(result), ownerOf(result));
  }
  return success();
}

LogicalResult Player::play(Block &block) {
  for (Operation &op : block) {
    LogicalResult played = success();
    if (auto repeat = dyn_cast<exec::RepeatOp>(op)) {
      played = playRepeat(repeat);
    } else if (isa<exec::LaunchOp, exec::CallOp>(op)) {
      played = playOp(&op);
    }
    if (failed(played)) {
      return failure();
    }
  }
  return success();
}

/// Results are there, and variables hold what was written to them or what they held.
LogicalResult Player::playEnd() {
  Operation *end = program.getBlock()->getTerminator();
  for (Value value : end->getOperands()) {
    if (!rangeOf(rootOf(value))) {
      return end->emitError("a result of the program lies outside the arena");
    }
    if (failed(read(end, value))) {
      return failure();
    }
  }
  llvm::DenseMap<Operation *, Value> written;
  for (auto write : program.getBlock()->getOps<exec::WriteOp>()) {
    written[module.lookupSymbol(write.getVariable())] = write.getValue();
  }
  for (auto variable : module.getOps<exec::VariableOp>()) {
    Bytes where = rangeOfVariable(variable);
    Value value = written.lookup(variable);
    if (value && (failed(read(end, value)) || *rangeOf(rootOf(value)) != where)) {
      return variable.emitError("the program does not leave the written value here");
    }
    Owner expected = value ? ownerOf(rootOf(value)) : variable.getOperation();
    for (int64_t at = where.begin; at < where.begin + where.bytes; at += kLine) {
      if (lines[static_cast<size_t>(at / kLine)] != expected) {
        return variable.emitError("overwritten by program @") << program.getName();
      }
    }
  }
  return success();
}

LogicalResult Player::run() {
  for (auto variable : module.getOps<exec::VariableOp>()) {
    fill(rangeOfVariable(variable), variable.getOperation());
  }
  return failed(play(*program.getBlock())) ? failure() : playEnd();
}

LogicalResult cpucheck::verifyPlacement(ModuleOp exec, const TargetModel &target) {
  for (auto program : exec.getOps<exec::ProgramOp>()) {
    if (failed(Player(program, exec, target).run())) {
      return failure();
    }
  }
  return success();
}
