//===- PlacementVerifier.cpp - Whether a placement keeps values alive -----===//

#include "PlacementVerifier.h"

#include "MemoryImage.h"
#include "dialects/Exec/ExecDialect.h"
#include "dsc/Pipelines/Exec.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::cpucheck;

namespace {
/// Which write each unit of a buffer has its content from.
using Content = std::vector<int64_t>;

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
    unit = findUnit();
    memory.assign(static_cast<size_t>((bytes + unit - 1) / unit), 0);
  }

  LogicalResult run();

private:
  LogicalResult play(Block &block);
  LogicalResult playOp(Operation *op);
  LogicalResult playRepeat(exec::RepeatOp repeat);
  LogicalResult playLoop(exec::LoopOp loop);
  LogicalResult playIteration(exec::LoopOp loop, int64_t iteration, ArrayRef<Value> carried);
  LogicalResult collectRows(exec::LoopOp loop, int64_t row);
  LogicalResult playEnd();
  LogicalResult read(Operation *user, Value value);
  LogicalResult write(Operation *op, unsigned result, Bytes where);
  bool mayShare(Operation *op, unsigned operand, unsigned result);
  int64_t findUnit();
  Value rootOf(Value value);
  Content &contentOf(Value value);
  std::optional<Bytes> rangeOf(Value value);
  std::optional<Bytes> rangeOfLoopArgument(exec::LoopOp loop, size_t index);
  int64_t movedBy(Operation *op, DenseI64ArrayAttr strides, size_t index);
  bool isVariable(Bytes where);
  Bytes rangeOfVariable(exec::VariableOp variable);
  size_t unitsOf(int64_t bytes) { return static_cast<size_t>((bytes + unit - 1) / unit); }
  void fill(Bytes where, Content &content);

  exec::ProgramOp program;
  ModuleOp module;
  const TargetModel &target;
  int64_t persistentBytes, unit = 0, numWrites = 0;
  Content memory;
  llvm::DenseMap<Value, Content> contents;
  llvm::DenseMap<Operation *, Content> atFirst;    // of variables
  llvm::DenseMap<Operation *, int64_t> iterations; // of the loops around
};
} // namespace

Value Player::rootOf(Value value) {
  while (auto view = value.getDefiningOp<exec::ViewOp>()) {
    value = view.getX();
  }
  return value;
}

static int64_t bytesOf(Value value) { return tensorBytes(cast<RankedTensorType>(value.getType())); }

/// Cache lines, on which buffers start, or bytes where rows begin anywhere.
int64_t Player::findUnit() {
  constexpr int64_t line = 64;
  WalkResult result = program.walk([&](exec::LoopOp loop) {
    auto isWhole = [](Value value) { return bytesOf(value) % line == 0; };
    bool isGood = llvm::all_of(loop.getBlock()->getArguments(), isWhole) &&
                  llvm::all_of(loop.getBlock()->getTerminator()->getOperands(), isWhole);
    return isGood ? WalkResult::advance() : WalkResult::interrupt();
  });
  return result.wasInterrupted() ? 1 : line;
}

Content &Player::contentOf(Value value) {
  if (auto read = value.getDefiningOp<exec::ReadOp>()) {
    return atFirst[module.lookupSymbol(read.getVariable())];
  }
  return contents[value];
}

Bytes Player::rangeOfVariable(exec::VariableOp variable) {
  return {static_cast<int64_t>(*variable.getOffset()),
          tensorBytes(cast<RankedTensorType>(variable.getType()))};
}

/// From the first iteration of the loop to the current one.
int64_t Player::movedBy(Operation *loop, DenseI64ArrayAttr strides, size_t index) {
  return strides ? iterations[loop] * strides[static_cast<int64_t>(index)] : 0;
}

std::optional<Bytes> Player::rangeOfLoopArgument(exec::LoopOp loop, size_t index) {
  int64_t bytes = bytesOf(loop.getBlock()->getArgument(static_cast<unsigned>(index)));
  if (index < loop.getCarry().size()) {
    return Bytes{(*loop.getOffsets())[index] + movedBy(loop, loop.getStridesAttr(), index), bytes};
  }
  std::optional<Bytes> input = rangeOf(rootOf(loop.getInputs()[index - loop.getCarry().size()]));
  int64_t iteration = iterations[loop], count = static_cast<int64_t>(loop.getCount());
  int64_t row = loop.getReverse() ? count - 1 - iteration : iteration;
  return input ? std::optional(Bytes{input->begin + row * bytes, bytes}) : std::nullopt;
}

/// None for what lies outside the arena or is never overwritten.
std::optional<Bytes> Player::rangeOf(Value value) {
  int64_t bytes = bytesOf(value);
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    Operation *parent = argument.getOwner()->getParentOp();
    size_t index = argument.getArgNumber();
    if (auto loop = dyn_cast<exec::LoopOp>(parent)) {
      return rangeOfLoopArgument(loop, index);
    }
    auto repeat = dyn_cast<exec::RepeatOp>(parent);
    if (!repeat || index < repeat.getBatch().size()) {
      return std::nullopt;
    }
    return Bytes{(*repeat.getOffsets())[index - repeat.getBatch().size()], bytes};
  }
  Operation *op = value.getDefiningOp();
  if (auto read = dyn_cast<exec::ReadOp>(op)) {
    return rangeOfVariable(module.lookupSymbol<exec::VariableOp>(read.getVariable()));
  }
  if (!op->getAttrOfType<DenseI64ArrayAttr>("offsets")) {
    return std::nullopt;
  }
  auto result = cast<OpResult>(value);
  auto strides =
      isa<exec::LoopOp>(op) ? DenseI64ArrayAttr() : op->getAttrOfType<DenseI64ArrayAttr>("strides");
  return Bytes{exec::getOffset(result) +
                   movedBy(op->getParentOp(), strides, result.getResultNumber()),
               bytes};
}

/// A new write of the whole.
void Player::fill(Bytes where, Content &content) {
  content.assign(unitsOf(where.bytes), ++numWrites);
  llvm::copy(content, memory.begin() + where.begin / unit);
}

LogicalResult Player::read(Operation *user, Value value) {
  value = rootOf(value);
  std::optional<Bytes> where = rangeOf(value);
  if (!where) {
    return success();
  }
  const Content &content = contentOf(value);
  if (content.size() != unitsOf(where->bytes) ||
      !std::equal(content.begin(), content.end(), memory.begin() + where->begin / unit)) {
    return user->emitError("reads a value that was overwritten or never written: ") << value;
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
  if (where.begin % unit != 0 || where.begin < 0 ||
      where.begin + where.bytes > static_cast<int64_t>(memory.size()) * unit) {
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
    fill(*rangeOf(result), contentOf(result));
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
      fill(*rangeOf(argument), contentOf(argument));
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
    fill(*rangeOf(result), contentOf(result));
  }
  return success();
}

/// Carried values are where the iteration expects them; rows of inputs have what their
/// inputs have there.
LogicalResult Player::playIteration(exec::LoopOp loop, int64_t iteration, ArrayRef<Value> carried) {
  SmallVector<std::optional<Bytes>> places;
  for (Value value : carried) {
    if (failed(read(loop, value))) {
      return failure();
    }
    places.push_back(rangeOf(rootOf(value)));
  }
  iterations[loop] = iteration;
  for (auto [index, value] : llvm::enumerate(carried)) {
    Value argument = loop.getCarryArguments()[index];
    if (!places[index] || !(*places[index] == *rangeOf(argument))) {
      return loop.emitError("carried value ") << index << " is not where the region expects it";
    }
    contentOf(argument) = Content(contentOf(rootOf(value)));
  }
  for (auto [argument, input] : llvm::zip_equal(loop.getInputArguments(), loop.getInputs())) {
    if (std::optional<Bytes> row = rangeOf(argument)) {
      auto first =
          contentOf(rootOf(input)).begin() + (row->begin - rangeOf(rootOf(input))->begin) / unit;
      contentOf(argument) = Content(first, first + static_cast<int64_t>(unitsOf(row->bytes)));
    }
  }
  return play(*loop.getBlock());
}

/// What the iteration yields for a row of an output lies there.
LogicalResult Player::collectRows(exec::LoopOp loop, int64_t row) {
  Operation *yield = loop.getBlock()->getTerminator();
  auto values = yield->getOperands().drop_front(loop.getCarry().size());
  for (auto [output, value] : llvm::zip_equal(loop.getOutputs(), values)) {
    int64_t bytes = bytesOf(value);
    std::optional<Bytes> where = rangeOf(rootOf(value));
    if (failed(read(yield, value)) || !where ||
        !(*where == Bytes{rangeOf(output)->begin + row * bytes, bytes})) {
      return loop.emitError("row ") << row << " of an output is not where it is yielded";
    }
    Content source = contentOf(rootOf(value));
    Content &content = contentOf(output);
    content.resize(unitsOf(bytesOf(output)));
    llvm::copy(source, content.begin() + row * bytes / unit);
  }
  return success();
}

LogicalResult Player::playLoop(exec::LoopOp loop) {
  auto count = static_cast<int64_t>(loop.getCount());
  SmallVector<Value> carried(loop.getCarry());
  Operation *yield = loop.getBlock()->getTerminator();
  for (int64_t iteration = 0; iteration < count; ++iteration) {
    int64_t row = loop.getReverse() ? count - 1 - iteration : iteration;
    if (failed(playIteration(loop, iteration, carried)) || failed(collectRows(loop, row))) {
      return failure();
    }
    carried.assign(yield->operand_begin(), yield->operand_begin() + carried.size());
  }
  for (auto [result, value] : llvm::zip_equal(loop.getCarried(), carried)) {
    if (failed(read(loop, value)) || !(*rangeOf(rootOf(value)) == *rangeOf(result))) {
      return loop.emitError("a yielded value is not where it is carried");
    }
    contentOf(result) = Content(contentOf(rootOf(value)));
  }
  return success();
}

LogicalResult Player::play(Block &block) {
  for (Operation &op : block) {
    LogicalResult played = success();
    if (auto repeat = dyn_cast<exec::RepeatOp>(op)) {
      played = playRepeat(repeat);
    } else if (auto loop = dyn_cast<exec::LoopOp>(op)) {
      played = playLoop(loop);
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
    const Content &expected = value ? contentOf(rootOf(value)) : atFirst[variable];
    if (!std::equal(expected.begin(), expected.end(), memory.begin() + where.begin / unit)) {
      return variable.emitError("overwritten by program @") << program.getName();
    }
  }
  return success();
}

LogicalResult Player::run() {
  for (auto variable : module.getOps<exec::VariableOp>()) {
    fill(rangeOfVariable(variable), atFirst[variable]);
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
