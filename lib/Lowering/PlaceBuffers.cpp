//===- PlaceBuffers.cpp - Give every value its place in the arena ---------===//

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Exec/TargetModel.h"
#include "dsc/Analysis/Placement.h"
#include "dsc/Lowering/Passes.h"
#include "lib/Lowering/ArenaPacking.h"
#include "lib/Lowering/ExecLowering.h"
#include "lib/Lowering/LoopPlacement.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Iterators.h"
#include "llvm/ADT/MapVector.h"

namespace dsc {
#define GEN_PASS_DEF_PLACEBUFFERSPASS
#include "dsc/Lowering/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

static int64_t bytesOf(Type type) { return alignUp(train::getTensorBytes(type), kArenaAlignment); }

//===----------------------------------------------------------------------===//
// Memory that outlives steps
//===----------------------------------------------------------------------===//

namespace {
/// Variables and scalars, placed once for all programs.
class PersistentLayout {
public:
  explicit PersistentLayout(ModuleOp module);
  int64_t getBytes() const { return bytes; }

private:
  void placeVariables(ModuleOp module);
  void placeScalars(ModuleOp module);
  int64_t bytes = 0;
};
} // namespace

PersistentLayout::PersistentLayout(ModuleOp module) {
  placeVariables(module);
  placeScalars(module);
  bytes = alignUp(bytes, kArenaAlignment);
}

void PersistentLayout::placeVariables(ModuleOp module) {
  Builder builder(module.getContext());
  for (exec::VariableOp variable : module.getOps<exec::VariableOp>()) {
    variable.setOffsetAttr(builder.getI64IntegerAttr(bytes));
    bytes += bytesOf(variable.getType());
  }
}

/// Scalars of equal name and parameter are one, eight bytes each.
void PersistentLayout::placeScalars(ModuleOp module) {
  Builder builder(module.getContext());
  llvm::MapVector<std::pair<Attribute, Attribute>, int64_t> offsets;
  module.walk([&](exec::ScalarOp scalar) {
    std::pair<Attribute, Attribute> key(scalar.getNameAttr(), scalar.getParameterAttr());
    auto [it, isNew] = offsets.insert({key, bytes});
    if (isNew) {
      bytes += 8;
    }
    scalar.setOffsetAttr(builder.getI64IntegerAttr(it->second));
  });
}

//===----------------------------------------------------------------------===//
// One program
//===----------------------------------------------------------------------===//

namespace {
// Fixed: inputs, constants, scalars. Row: of another buffer, its stack.
enum class Space { Temporary, Variable, Fixed, Row };

struct Buffer {
  Space space;
  int64_t bytes = 0;
  int64_t begin = 0, end = 0;  // positions in the program's order, inclusive
  int64_t offset = -1;         // of variables, and of temporaries once packed
  Operation *repeat = nullptr; // the repeat whose carried value it is
  bool isCarried = false;      // of a loop
  Buffer *stack = nullptr;     // Row: where it is
  int64_t stride = 0;          // Row: bytes per iteration
};

class ProgramPlacement {
public:
  ProgramPlacement(exec::ProgramOp program, SymbolTable &symbols, const TargetModel &target,
                   bool inPlace, int64_t persistentBytes)
      : program(program), symbols(symbols), inPlace(inPlace), persistentBytes(persistentBytes),
        rules(symbols, target),
        loops(rules, inPlace, [this](OpBuilder &builder, Location loc, Value value, Value into) {
          return buildCopy(builder, loc, value, into);
        }) {}

  void run();
  unsigned numInPlace = 0, numCopies = 0;

private:
  // Step 1: copies that placement cannot avoid.
  void prepareCarries();
  DenseMap<unsigned, Value> fillTogether(exec::RepeatOp repeat);
  void prepareLoops();
  void prepareResults();
  void prepareWrites();
  void prepareConstants();
  using ReadsByVariable = llvm::DenseMap<Attribute, SmallVector<Value>>;
  bool computesInto(exec::WriteOp write, const ReadsByVariable &reads);
  Value buildCopy(OpBuilder &builder, Location loc, Value value, Value into);

  // Step 2: one buffer per value, merged where one takes over another's.
  void number(Block &block);
  void createBuffers(Block &block);
  void createRepeatBuffers(exec::RepeatOp repeat);
  void createLoopBuffers(exec::LoopOp loop);
  Buffer *newRow(Value value, const LoopPlacement::Row &row, int64_t position);
  void createResultBuffers(Operation &op);
  int64_t timeOfUse(Operation *op, int64_t begin);
  void recordUses(Block &block);
  Buffer *newBuffer(Value value, Space space);
  Buffer *variableBuffer(FlatSymbolRefAttr name, Value value);
  void takeOver(Operation &op);
  void takeOverOperands(exec::LaunchOp launch);
  bool accumulatesInPlace(Value value, Value argument);
  bool isReadBeside(Operation *op, const Buffer *buffer);
  bool tryTakeOver(Operation *op, unsigned operand, unsigned result);

  // Step 3: offsets.
  void pack();
  void annotate();

  exec::ProgramOp program;
  SymbolTable &symbols;
  bool inPlace;
  int64_t persistentBytes;
  InPlaceRules rules;
  LoopPlacement loops;

  std::vector<std::unique_ptr<Buffer>> storage;
  DenseMap<Value, Buffer *> buffers;
  DenseMap<StringAttr, Buffer *> variables;
  DenseMap<Operation *, int64_t> positions;
  DenseMap<Operation *, std::pair<int64_t, int64_t>> spans; // of repeats and loops
  DenseMap<const LoopPlacement::Stack *, Buffer *> stacks;
  DenseMap<Value, FlatSymbolRefAttr> writtenInPlace; // value -> variable it is computed into
  int64_t next = 0;
};
} // namespace

//===----------------------------------------------------------------------===//
// Step 1: copies
//===----------------------------------------------------------------------===//

/// A strided move of the whole of `value`, into the buffer of `into` if given. The elements of a
/// constant that are all equal are read nowhere.
Value ProgramPlacement::buildCopy(OpBuilder &builder, Location loc, Value value, Value into) {
  if (std::optional<int64_t> pattern = filledWith(lookThroughViews(value))) {
    return buildFill(builder, loc, tensorType(value), *pattern, into);
  }
  ++numCopies;
  return buildDenseCopy(builder, loc, value, into);
}

/// Whether a kernel makes `value`, yielded for the carried `argument`, in the
/// argument's own buffer: nothing else uses either.
bool ProgramPlacement::accumulatesInPlace(Value value, Value argument) {
  auto launch = value.getDefiningOp<exec::LaunchOp>();
  if (!inPlace || !launch || !argument.hasOneUse() || !value.hasOneUse() ||
      *argument.user_begin() != launch) {
    return false;
  }
  return rules.allow(launch, argument.use_begin()->getOperandNumber(),
                     cast<OpResult>(value).getResultNumber());
}

/// The carried values that begin as many elements with the same bits, by number. One call fills
/// all of a pattern, since a model has hundreds of sums that begin at zero: the same bytes
/// whatever their type.
DenseMap<unsigned, Value> ProgramPlacement::fillTogether(exec::RepeatOp repeat) {
  llvm::MapVector<std::pair<int64_t, int64_t>, SmallVector<unsigned>> numbers;
  for (auto [i, carry] : llvm::enumerate(repeat.getCarry())) {
    if (std::optional<int64_t> pattern = filledWith(lookThroughViews(carry))) {
      int64_t bytes = *pattern ? elementBytes(tensorType(carry).getElementType()) : 1;
      numbers[{bytes, *pattern}].push_back(static_cast<unsigned>(i));
    }
  }
  OpBuilder builder(repeat);
  DenseMap<unsigned, Value> filled;
  for (auto &[key, group] : numbers) {
    auto types =
        llvm::map_to_vector(group, [&](unsigned i) { return repeat.getCarry()[i].getType(); });
    if (types.size() > 1) {
      ValueRange values = buildFills(builder, repeat.getLoc(), types, key.first, key.second);
      for (auto [i, value] : llvm::zip_equal(group, values)) {
        filled[i] = value;
      }
    }
  }
  return filled;
}

/// Every carried value starts in a buffer of its own, and what the region
/// yields for it must end there.
void ProgramPlacement::prepareCarries() {
  program.walk([&](exec::RepeatOp repeat) {
    OpBuilder before(repeat), atEnd(repeat.getBlock()->getTerminator());
    Operation *yield = repeat.getBlock()->getTerminator();
    size_t nBatch = repeat.getBatch().size();
    DenseMap<unsigned, Value> filled = fillTogether(repeat);
    for (unsigned i = 0; i < repeat.getCarry().size(); ++i) {
      Value own = filled.lookup(i);
      repeat->setOperand(
          i, own ? own : buildCopy(before, repeat.getLoc(), repeat.getCarry()[i], nullptr));
      Value argument = repeat.getBlock()->getArgument(static_cast<unsigned>(nBatch + i));
      Value value = yield->getOperand(i);
      if (inPlaceRoot(value) != argument && !accumulatesInPlace(value, argument)) {
        yield->setOperand(i, buildCopy(atEnd, repeat.getLoc(), value, argument));
      }
    }
  });
}

void ProgramPlacement::prepareLoops() {
  program.walk([&](exec::LoopOp loop) { loops.prepare(loop); });
}

/// What a program returns must lie in the arena.
void ProgramPlacement::prepareResults() {
  Operation *end = program.getBlock()->getTerminator();
  OpBuilder builder(end);
  for (OpOperand &operand : end->getOpOperands()) {
    Value root = operand.get();
    while (auto view = root.getDefiningOp<exec::ViewOp>()) {
      root = view.getX();
    }
    Operation *producer = root.getDefiningOp();
    if (!producer || isa<exec::ConstantOp, exec::ReadOp, exec::ScalarOp>(producer)) {
      operand.set(buildCopy(builder, end->getLoc(), operand.get(), nullptr));
    }
  }
}

/// Whether the written value can be computed into the variable's own buffer: a
/// kernel makes it, and the variable's old value is read by nothing later, and
/// by that kernel only where it may work in place.
bool ProgramPlacement::computesInto(exec::WriteOp write, const ReadsByVariable &reads) {
  auto launch = write.getValue().getDefiningOp<exec::LaunchOp>();
  if (!inPlace || !launch || launch->getBlock() != program.getBlock() ||
      writtenInPlace.contains(write.getValue())) {
    return false;
  }
  unsigned result = cast<OpResult>(write.getValue()).getResultNumber();
  SmallVector<Value> olds = reads.lookup(write.getVariableAttr());
  for (size_t i = 0; i < olds.size(); ++i) {
    for (Operation *user : olds[i].getUsers()) {
      if (auto view = dyn_cast<exec::ViewOp>(user)) {
        olds.push_back(view);
        continue;
      }
      Operation *inBlock = program.getBlock()->findAncestorOpInBlock(*user);
      bool isBeside = user != launch && launch.sharesBatchWith(user);
      if (isBeside || launch->isBeforeInBlock(inBlock)) {
        return false;
      }
      if (user != launch) {
        continue;
      }
      for (OpOperand &operand : launch->getOpOperands()) {
        if (operand.get() == olds[i] && !rules.allow(launch, operand.getOperandNumber(), result)) {
          return false;
        }
      }
    }
  }
  return true;
}

/// Values that cannot be computed into their variable are copied there at the
/// end; through a temporary if they are a variable's old value themselves.
void ProgramPlacement::prepareWrites() {
  OpBuilder builder(program.getBlock()->getTerminator());
  SmallVector<exec::WriteOp> writes(program.getBlock()->getOps<exec::WriteOp>());
  SmallVector<exec::WriteOp> copied;
  ReadsByVariable reads;
  program.walk([&](exec::ReadOp read) { reads[read.getVariableAttr()].push_back(read); });
  for (exec::WriteOp write : writes) {
    if (computesInto(write, reads)) {
      writtenInPlace[write.getValue()] = write.getVariableAttr();
      continue;
    }
    Value root = write.getValue();
    while (auto view = root.getDefiningOp<exec::ViewOp>()) {
      root = view.getX();
    }
    if (root.getDefiningOp<exec::ReadOp>()) {
      write.getValueMutable().assign(buildCopy(builder, write.getLoc(), write.getValue(), nullptr));
    }
    copied.push_back(write);
  }
  for (exec::WriteOp write : copied) {
    Value variable = exec::ReadOp::create(builder, write.getLoc(), write.getValue().getType(),
                                          write.getVariableAttr());
    write.getValueMutable().assign(buildCopy(builder, write.getLoc(), write.getValue(), variable));
    write->moveBefore(program.getBlock()->getTerminator());
  }
}

/// What is left of large constants of equal elements becomes buffers: copies are fills already,
/// but routines read theirs.
void ProgramPlacement::prepareConstants() {
  program.walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
    if (isa<exec::ConstantOp, exec::ViewOp>(op) && op->use_empty()) { // instead of copies
      op->erase();
    }
  });
  program.walk([&](exec::ConstantOp constant) {
    if (isFilled(constant)) {
      OpBuilder builder(constant);
      constant.replaceAllUsesWith(buildFill(builder, constant.getLoc(), tensorType(constant),
                                            *filledWith(constant), nullptr));
      constant->erase();
    }
  });
}

//===----------------------------------------------------------------------===//
// Step 2: buffers
//===----------------------------------------------------------------------===//

/// Launches of one batch have one position: what one of them reads or writes, no other
/// may overwrite.
void ProgramPlacement::number(Block &block) {
  for (Operation &op : block) {
    auto launch = dyn_cast<exec::LaunchOp>(op);
    bool continues = launch && launch.continuesBatch();
    int64_t first = continues ? positions[op.getPrevNode()] : next++;
    positions[&op] = first;
    for (Region &region : op.getRegions()) {
      for (Block &inner : region) {
        number(inner);
      }
    }
    if (exec::isRepeated(&op)) {
      spans[&op] = {first, next++};
    }
  }
}

Buffer *ProgramPlacement::newBuffer(Value value, Space space) {
  storage.push_back(std::make_unique<Buffer>());
  Buffer *buffer = storage.back().get();
  buffer->space = space;
  buffer->bytes = bytesOf(value.getType());
  buffers[value] = buffer;
  return buffer;
}

Buffer *ProgramPlacement::variableBuffer(FlatSymbolRefAttr name, Value value) {
  Buffer *&buffer = variables[name.getAttr()];
  if (!buffer) {
    buffer = newBuffer(value, Space::Variable);
    auto variable = symbols.lookup<exec::VariableOp>(name.getAttr());
    buffer->offset = static_cast<int64_t>(*variable.getOffset());
  }
  buffers[value] = buffer;
  return buffer;
}

void ProgramPlacement::createRepeatBuffers(exec::RepeatOp repeat) {
  Block *body = repeat.getBlock();
  size_t nBatch = repeat.getBatch().size();
  for (size_t i = 0; i < nBatch; ++i) {
    newBuffer(body->getArgument(static_cast<unsigned>(i)), Space::Fixed);
  }
  for (unsigned i = 0; i < repeat.getCarry().size(); ++i) {
    Buffer *buffer = buffers[repeat.getCarry()[i]];
    buffer->repeat = repeat;
    buffers[body->getArgument(static_cast<unsigned>(nBatch + i))] = buffer;
    buffers[repeat->getResult(i)] = buffer;
    buffer->end = std::max(buffer->end, spans[repeat].second);
  }
}

/// A row of a stack, which lives from `position` on.
Buffer *ProgramPlacement::newRow(Value value, const LoopPlacement::Row &row, int64_t position) {
  Buffer *&stack = stacks[row.stack];
  if (!stack) {
    storage.push_back(std::make_unique<Buffer>());
    stack = storage.back().get();
    stack->space = Space::Temporary;
    stack->bytes = alignUp(row.stack->rows * row.stack->rowBytes, kArenaAlignment);
    stack->begin = stack->end = position;
  }
  Buffer *buffer = newBuffer(value, Space::Row);
  buffer->stack = stack;
  buffer->offset = row.first * row.stack->rowBytes;
  buffer->stride = row.step * row.stack->rowBytes;
  return buffer;
}

/// Rows of inputs are where the inputs are, which live as long as the loop.
void ProgramPlacement::createLoopBuffers(exec::LoopOp loop) {
  auto [begin, end] = spans[loop];
  for (Value argument : loop.getInputArguments()) {
    newBuffer(argument, Space::Fixed);
  }
  for (auto [argument, init, result] :
       llvm::zip_equal(loop.getCarryArguments(), loop.getCarry(), loop.getCarried())) {
    if (const LoopPlacement::Row *row = loops.findRow(argument)) {
      newRow(argument, *row, begin)->stack->end = end;
      newRow(result, *loops.findRow(result), begin);
      continue;
    }
    Buffer *buffer = buffers[init];
    buffer->isCarried = true;
    buffer->end = end;
    buffers[argument] = buffers[result] = buffer;
  }
  for (Value output : loop.getOutputs()) {
    newRow(output, *loops.findRow(output), begin)->stack->end = end;
  }
}

/// Results of launches and calls; some have their buffer already.
void ProgramPlacement::createResultBuffers(Operation &op) {
  for (Value result : op.getResults()) {
    auto written = writtenInPlace.find(result);
    if (written != writtenInPlace.end()) {
      variableBuffer(written->second, result);
      continue;
    }
    if (auto operand = op.getAttrOfType<IntegerAttr>(kInPlaceAttr)) {
      buffers[result] = buffers[op.getOperand(static_cast<unsigned>(operand.getInt()))];
      continue;
    }
    if (Value argument = loops.findReplaced(result)) {
      buffers[result] = buffers[argument];
      continue;
    }
    if (const LoopPlacement::Row *row = loops.findRow(result)) {
      newRow(result, *row, positions[&op]);
      continue;
    }
    Buffer *buffer = newBuffer(result, Space::Temporary);
    buffer->begin = buffer->end = positions[&op];
  }
}

void ProgramPlacement::createBuffers(Block &block) {
  for (Operation &op : block) {
    if (auto read = dyn_cast<exec::ReadOp>(op)) {
      variableBuffer(read.getVariableAttr(), read);
    } else if (auto view = dyn_cast<exec::ViewOp>(op)) {
      buffers[view] = buffers[view.getX()];
    } else if (isa<exec::ConstantOp, exec::ScalarOp>(op)) {
      newBuffer(op.getResult(0), Space::Fixed);
    } else if (auto repeat = dyn_cast<exec::RepeatOp>(op)) {
      createRepeatBuffers(repeat);
      createBuffers(*repeat.getBlock());
    } else if (auto loop = dyn_cast<exec::LoopOp>(op)) {
      createLoopBuffers(loop);
      createBuffers(*loop.getBlock());
    } else if (isa<exec::LaunchOp, exec::CallOp>(op)) {
      createResultBuffers(op);
    }
  }
}

/// When `op` uses for the last time what was made at `begin`: what is used inside of
/// a repeat or loop and was made outside, at its end, since that happens every time.
int64_t ProgramPlacement::timeOfUse(Operation *op, int64_t begin) {
  int64_t use = positions[op];
  if (isa<exec::ReturnOp>(op)) {
    use = next;
  } else if (exec::isRepeated(op)) {
    use = spans[op].second;
  }
  for (Operation *parent = op->getParentOp(); exec::isRepeated(parent);
       parent = parent->getParentOp()) {
    if (begin < spans[parent].first) {
      use = spans[parent].second;
    }
  }
  return use;
}

void ProgramPlacement::recordUses(Block &block) {
  for (Operation &op : block) {
    for (Value operand : op.getOperands()) {
      Buffer *buffer = buffers[operand];
      buffer = buffer->stack ? buffer->stack : buffer;
      buffer->end = std::max(buffer->end, timeOfUse(&op, buffer->begin));
    }
    if (exec::isRepeated(&op)) {
      recordUses(op.getRegion(0).front());
    }
  }
}

/// Whether another launch of the op's batch reads the buffer.
bool ProgramPlacement::isReadBeside(Operation *op, const Buffer *buffer) {
  auto reads = [&](Operation *other) {
    return llvm::any_of(other->getOperands(), [&](Value x) { return buffers[x] == buffer; });
  };
  auto launch = dyn_cast<exec::LaunchOp>(op);
  if (!launch || !launch.getBatch()) {
    return false;
  }
  for (Operation *other = op->getPrevNode(); launch.sharesBatchWith(other);
       other = other->getPrevNode()) {
    if (reads(other)) {
      return true;
    }
  }
  for (Operation *other = op->getNextNode(); launch.sharesBatchWith(other);
       other = other->getNextNode()) {
    if (reads(other)) {
      return true;
    }
  }
  return false;
}

/// Lets a kernel's result live in the operand's buffer if the operand dies here.
bool ProgramPlacement::tryTakeOver(Operation *op, unsigned operand, unsigned result) {
  Value from = op->getOperand(operand), to = op->getResult(result);
  Buffer *source = buffers[from], *own = buffers[to];
  int64_t position = positions[op];
  bool isCarry = source->repeat && source->repeat == op->getParentOp();
  if (source == own || own->space != Space::Temporary || source->space != Space::Temporary ||
      source->bytes != own->bytes || own->repeat || own->isCarried || source->isCarried) {
    return false;
  }
  if (isCarry) {
    // The accumulator: yielded back into the same place, and read only here.
    auto argument = dyn_cast<BlockArgument>(from);
    bool onlyHere =
        argument && argument.hasOneUse() && to.hasOneUse() && isa<exec::YieldOp>(*to.user_begin());
    auto repeat = cast<exec::RepeatOp>(op->getParentOp());
    if (!onlyHere ||
        to.use_begin()->getOperandNumber() + repeat.getBatch().size() != argument.getArgNumber()) {
      return false;
    }
  } else if (source->end > position) {
    return false;
  }
  unsigned timesRead = 0;
  for (Value value : op->getOperands()) {
    timesRead += buffers[value] == source;
  }
  for (Value value : op->getResults()) {
    timesRead += value != to && buffers[value] == source;
  }
  if (timesRead != 1 || isReadBeside(op, source)) {
    return false;
  }
  source->end = std::max(source->end, own->end);
  for (auto &entry : buffers) {
    if (entry.second == own) {
      entry.second = source;
    }
  }
  own->bytes = 0;
  ++numInPlace;
  return true;
}

void ProgramPlacement::takeOverOperands(exec::LaunchOp launch) {
  InPlaceRules::Pairs pairs = rules.of(launch);
  // Accumulators first: prepareCarries relies on them.
  std::partition(pairs.begin(), pairs.end(), [&](std::pair<unsigned, unsigned> pair) {
    return isa<BlockArgument>(launch->getOperand(pair.first));
  });
  SmallVector<bool> taken(launch->getNumResults(), false);
  for (auto [operand, result] : pairs) {
    taken[result] = taken[result] || tryTakeOver(launch, operand, result);
  }
}

/// In program order, so that a chain of kernels shares one buffer.
void ProgramPlacement::takeOver(Operation &op) {
  if (auto launch = dyn_cast<exec::LaunchOp>(op)) {
    takeOverOperands(launch);
  } else if (exec::isRepeated(&op)) {
    for (Operation &inner : op.getRegion(0).front()) {
      takeOver(inner);
    }
  }
}

//===----------------------------------------------------------------------===//
// Step 3: offsets
//===----------------------------------------------------------------------===//

void ProgramPlacement::pack() {
  SmallVector<ArenaInterval> intervals;
  SmallVector<Buffer *> packed;
  for (auto &buffer : storage) {
    if (buffer->space == Space::Temporary && buffer->bytes > 0) {
      intervals.push_back({buffer->bytes, buffer->begin, buffer->end, 0});
      packed.push_back(buffer.get());
    }
  }
  int64_t bytes = packArena(intervals);
  for (auto [buffer, interval] : llvm::zip_equal(packed, intervals)) {
    buffer->offset = persistentBytes + interval.offset;
  }
  // Empty tensors lie anywhere.
  for (auto &buffer : storage) {
    if (buffer->space == Space::Temporary && buffer->offset < 0) {
      buffer->offset = persistentBytes;
    }
  }
  Builder builder(program.getContext());
  program->setAttr(exec::kArenaBytesAttr, builder.getI64IntegerAttr(persistentBytes + bytes));
}

void ProgramPlacement::annotate() {
  Builder builder(program.getContext());
  auto offsetsOf = [&](ValueRange values) {
    return builder.getDenseI64ArrayAttr(llvm::map_to_vector(values, [&](Value value) {
      const Buffer *buffer = buffers[value];
      return buffer->stack ? buffer->stack->offset + buffer->offset : buffer->offset;
    }));
  };
  // None where nothing moves.
  auto stridesOf = [&](ValueRange values) {
    auto strides = llvm::map_to_vector(values, [&](Value value) { return buffers[value]->stride; });
    bool moves = llvm::any_of(strides, [](int64_t stride) { return stride != 0; });
    return moves ? builder.getDenseI64ArrayAttr(strides) : DenseI64ArrayAttr();
  };
  program.walk([&](Operation *op) {
    if (auto launch = dyn_cast<exec::LaunchOp>(op)) {
      launch.setOffsetsAttr(offsetsOf(launch->getResults()));
      launch.setStridesAttr(stridesOf(launch->getResults()));
    } else if (auto call = dyn_cast<exec::CallOp>(op)) {
      call.setOffsetsAttr(offsetsOf(call->getResults()));
      call.setStridesAttr(stridesOf(call->getResults()));
    } else if (auto repeat = dyn_cast<exec::RepeatOp>(op)) {
      repeat.setOffsetsAttr(offsetsOf(repeat.getResults()));
    } else if (auto loop = dyn_cast<exec::LoopOp>(op)) {
      SmallVector<Value> places(loop.getCarryArguments());
      llvm::append_range(places, loop.getOutputs());
      loop.setOffsetsAttr(offsetsOf(places));
      loop.setStridesAttr(stridesOf(loop.getCarryArguments()));
    }
  });
}

void ProgramPlacement::run() {
  prepareCarries();
  prepareLoops();
  prepareResults();
  prepareWrites();
  prepareConstants();
  for (BlockArgument argument : program.getBlock()->getArguments()) {
    newBuffer(argument, Space::Fixed);
  }
  number(*program.getBlock());
  createBuffers(*program.getBlock());
  recordUses(*program.getBlock());
  if (inPlace) {
    for (Operation &op : *program.getBlock()) {
      takeOver(op);
    }
  }
  pack();
  annotate();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Loop nests outside of kernels have no place to be given.
static LogicalResult requireFused(ModuleOp module) {
  for (exec::ProgramOp program : module.getOps<exec::ProgramOp>()) {
    auto found = program.walk([&](Operation *op) {
      if (isa<exec::ExecDialect>(op->getDialect())) {
        return WalkResult::advance();
      }
      op->emitOpError("is not in a kernel; run dsc-fuse-kernels first");
      return WalkResult::interrupt();
    });
    if (found.wasInterrupted()) {
      return failure();
    }
  }
  return success();
}

namespace {
struct PlaceBuffersPass : dsc::impl::PlaceBuffersPassBase<PlaceBuffersPass> {
  using PlaceBuffersPassBase::PlaceBuffersPassBase;
  PlaceBuffersPass(std::shared_ptr<const TargetModel> target) : target(std::move(target)) {}

  void runOnOperation() override {
    if (!target) {
      target = std::make_shared<TargetModel>();
    }
    ModuleOp module = getOperation();
    if (failed(requireFused(module))) {
      return signalPassFailure();
    }
    SymbolTable symbols(module);
    PersistentLayout persistent(module);
    for (exec::ProgramOp program : module.getOps<exec::ProgramOp>()) {
      ProgramPlacement placement(program, symbols, *target, inPlace, persistent.getBytes());
      placement.run();
      numInPlace += placement.numInPlace;
      numCopies += placement.numCopies;
    }
    Builder builder(&getContext());
    module->setAttr(exec::kPersistentBytesAttr, builder.getI64IntegerAttr(persistent.getBytes()));
  }

  std::shared_ptr<const TargetModel> target;
};
} // namespace

std::unique_ptr<Pass> dsc::createPlaceBuffersPassFor(std::shared_ptr<const TargetModel> target) {
  return std::make_unique<PlaceBuffersPass>(std::move(target));
}
