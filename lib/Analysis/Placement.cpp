//===- Placement.cpp - Placed exec programs as lists of calls -------------===//

#include "dsc/Analysis/Placement.h"

#include "abi/Abi.h"
#include "dialects/Train/Interfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace dsc;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

int64_t ConstantPool::add(ElementsAttr value) {
  auto [it, isNew] = known.try_emplace(value, 0);
  if (isNew) {
    int64_t size = static_cast<int64_t>(bytes.size());
    it->second = (size + kAlignment - 1) / kAlignment * kAlignment;
    bytes.resize(static_cast<size_t>(it->second));
    append(value);
  }
  return it->second;
}

/// The element that has just been appended, as often as the others are.
static void repeatLast(std::vector<char> &bytes, unsigned width, int64_t others) {
  std::vector<char> one(bytes.end() - width, bytes.end());
  bytes.reserve(bytes.size() + width * static_cast<size_t>(others));
  for (int64_t i = 0; i < others; ++i) {
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
}

/// Elements as they lie in memory: little endian, i1 a byte.
void ConstantPool::append(ElementsAttr value) {
  Type element = value.getElementType();
  unsigned width = std::max(1U, element.getIntOrFloatBitWidth() / 8);
  if (auto dense = dyn_cast<DenseElementsAttr>(value);
      dense && dense.isSplat() && dense.getNumElements() > 1) {
    append(dense.resizeSplat(dense.getType().clone(ArrayRef<int64_t>{1})));
    return repeatLast(bytes, width, dense.getNumElements() - 1);
  }
  auto appendBits = [&](const APInt &bits) {
    uint64_t word = bits.getZExtValue();
    const char *raw = reinterpret_cast<const char *>(&word);
    bytes.insert(bytes.end(), raw, raw + width);
  };
  if (isa<FloatType>(element)) {
    for (const APFloat &number : value.getValues<APFloat>()) {
      appendBits(number.bitcastToAPInt());
    }
    return;
  }
  for (const APInt &number : value.getValues<APInt>()) {
    appendBits(number);
  }
}

//===----------------------------------------------------------------------===//
// Where values are
//===----------------------------------------------------------------------===//

/// Loops of a program that are around the op.
static size_t depthOf(Operation *op) {
  size_t depth = 0;
  for (Operation *parent = op->getParentOp(); parent; parent = parent->getParentOp()) {
    depth += isa<exec::LoopOp>(parent);
  }
  return depth;
}

/// In the arena; moves with the loop's iterations where there are strides.
static Place inArena(int64_t offset, DenseI64ArrayAttr strides, size_t index, Operation *loop) {
  Place place{DSC_SPACE_ARENA, offset};
  if (strides) {
    place.strides.resize(depthOf(loop), 0);
    place.strides.push_back(strides[static_cast<int64_t>(index)]);
  }
  return place;
}

/// A carried value, or a row of an input: the first iteration's is the last row with
/// `reverse`.
Place Placement::placeOfLoopArgument(exec::LoopOp loop, size_t index) {
  if (index < loop.getCarry().size()) {
    return inArena((*loop.getOffsets())[index], loop.getStridesAttr(), index, loop);
  }
  Value input = loop.getInputs()[index - loop.getCarry().size()];
  auto type = cast<RankedTensorType>(input.getType());
  auto count = static_cast<int64_t>(loop.getCount());
  int64_t row = type.getNumElements() / count * bytesOfElement(type);
  Place place = placeOf(input);
  place.offset += loop.getReverse() ? (count - 1) * row : 0;
  place.strides.resize(depthOf(loop), 0);
  place.strides.push_back(loop.getReverse() ? -row : row);
  return place;
}

Place Placement::placeOfArgument(BlockArgument argument) {
  Operation *parent = argument.getOwner()->getParentOp();
  int64_t index = argument.getArgNumber();
  if (auto loop = dyn_cast<exec::LoopOp>(parent)) {
    return placeOfLoopArgument(loop, static_cast<size_t>(index));
  }
  auto repeat = dyn_cast<exec::RepeatOp>(parent);
  if (!repeat) {
    return {static_cast<int32_t>(DSC_SPACE_INPUTS + index), 0};
  }
  int64_t nBatch = static_cast<int64_t>(repeat.getBatch().size());
  if (index < nBatch) {
    return {static_cast<int32_t>(DSC_SPACE_INPUTS + repeat.getBatch()[static_cast<size_t>(index)]),
            0};
  }
  return {DSC_SPACE_ARENA, (*repeat.getOffsets())[static_cast<size_t>(index - nBatch)]};
}

Value dsc::lookThroughViews(Value value) {
  while (auto view = value.getDefiningOp<exec::ViewOp>()) {
    value = view.getX();
  }
  return value;
}

Place Placement::placeOf(Value viewed) {
  Value value = lookThroughViews(viewed);
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    return placeOfArgument(argument);
  }
  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast<exec::ConstantOp>(op)) {
    return {DSC_SPACE_CONSTANTS, constants.add(constant.getValue())};
  }
  if (auto read = dyn_cast<exec::ReadOp>(op)) {
    auto variable = symbols.lookup<exec::VariableOp>(read.getVariable());
    return {DSC_SPACE_ARENA, static_cast<int64_t>(*variable.getOffset())};
  }
  if (auto scalar = dyn_cast<exec::ScalarOp>(op)) {
    return {DSC_SPACE_ARENA, static_cast<int64_t>(*scalar.getOffset())};
  }
  auto result = cast<OpResult>(value);
  DenseI64ArrayAttr strides; // a loop's are those of its arguments
  if (isa<exec::LaunchOp, exec::CallOp>(op)) {
    strides = op->getAttrOfType<DenseI64ArrayAttr>("strides");
  }
  return inArena(exec::getOffset(result), strides, result.getResultNumber(), op->getParentOp());
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

PlacedCall Placement::placeCall(Operation *op) {
  PlacedCall placed{op, {}};
  auto inPlace = op->getAttrOfType<IntegerAttr>("exec.in_place");
  ArrayRef<int64_t> shifts;
  if (auto call = dyn_cast<exec::CallOp>(op)) {
    shifts = call.getShifts();
  }
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    if (inPlace && inPlace.getInt() == static_cast<int64_t>(index)) {
      continue;
    }
    placed.buffers.push_back({operand, placeOf(operand)});
    // A slice starts later than its tensor.
    if (index < shifts.size()) {
      placed.buffers.back().shift = shifts[index];
      placed.buffers.back().place.offset += shifts[index] * bytesOfElement(operand.getType());
    }
  }
  for (Value result : op->getResults()) {
    placed.buffers.push_back({result, placeOf(result)});
  }
  // What was made outside of a loop stays where it is.
  for (PlacedBuffer &buffer : placed.buffers) {
    buffer.place.strides.resize(depthOf(op), 0);
  }
  return placed;
}

/// A loop without calls does nothing.
void Placement::collectLoop(exec::LoopOp loop, PlacedProgram &placed) {
  size_t number = placed.loops.size(), begin = placed.calls.size();
  placed.loops.push_back(
      {loop, begin, begin, static_cast<int64_t>(loop.getCount()), depthOf(loop)});
  collect(*loop.getBlock(), placed);
  placed.loops[number].end = placed.calls.size();
  if (placed.calls.size() == begin) {
    placed.loops.resize(number);
  }
}

void Placement::collect(Block &block, PlacedProgram &placed) {
  for (Operation &op : block) {
    if (auto repeat = dyn_cast<exec::RepeatOp>(op)) {
      placed.bodyBegin = placed.calls.size();
      placed.microbatches = static_cast<int64_t>(repeat.getCount());
      collect(*repeat.getBlock(), placed);
      placed.bodyEnd = placed.calls.size();
    } else if (auto loop = dyn_cast<exec::LoopOp>(op)) {
      collectLoop(loop, placed);
    } else if (isa<exec::LaunchOp, exec::CallOp>(op)) {
      placed.calls.push_back(placeCall(&op));
    }
  }
}

PlacedProgram Placement::place(exec::ProgramOp program) {
  PlacedProgram placed;
  placed.op = program;
  collect(*program.getBlock(), placed);
  if (program.getBlock()->getOps<exec::RepeatOp>().empty()) {
    placed.bodyEnd = placed.calls.size(); // one micro-batch is the whole program
  }
  return placed;
}

std::string dsc::originOf(Location loc, size_t most) {
  llvm::SetVector<StringAttr> names;
  loc->walk([&](Location inner) {
    if (auto name = dyn_cast<NameLoc>(inner)) {
      names.insert(name.getName());
    }
    return WalkResult::advance();
  });
  std::string text;
  for (auto [index, name] : llvm::enumerate(names)) {
    if (index == most) {
      return text + ", ...";
    }
    text += (index ? ", " : "") + name.str();
  }
  return text;
}

int64_t dsc::bytesOfElement(Type type) {
  return std::max<int64_t>(1, getElementTypeOrSelf(type).getIntOrFloatBitWidth() / 8);
}

int64_t dsc::leastBytes(Operation *op) {
  auto bytes = op->getAttrOfType<IntegerAttr>("bytes");
  return bytes ? bytes.getInt() : train::countOperandAndResultBytes(op);
}
