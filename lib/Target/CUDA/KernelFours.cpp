//===- KernelFours.cpp - Four elements at a time ---------------------------===//
//
// A thread that takes four neighbouring elements loads and stores them as vectors, where
// they lie on a multiple of 16 bytes. What several stages of a row read it keeps in registers,
// so that the row comes from memory once:
//
//   float x_kept[2][4];                         // rows of 256: two turns of a warp's 32 lanes
//   #pragma unroll
//   for (int32_t turn = 0; turn < 2; turn += 1) {
//     int32_t j = turn * 128 + threadIdx.x % 32 * 4;
//     loadFour(x, row * 256 + j, x_kept, turn);
//     #pragma unroll
//     for (int32_t k = 0; k < 4; k += 1)
//       partial_sum = x_kept[turn][k] + partial_sum;
//   }
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"

using namespace mlir;

namespace dsc::cuda {

/// Elements of a thread that may be kept in registers; a thread has 255, and more of them in
/// use leave room for fewer threads.
static constexpr int64_t kMostKept = 64;

/// The statements that iterations of a stage evaluate.
llvm::DenseSet<Operation *> KernelEmitter::workOf(unsigned inStage) const {
  llvm::DenseSet<Operation *> work;
  auto visit = [&](const Statement *statement, auto &self) -> void {
    if (!statement || !work.insert(statement->op).second)
      return;
    for (Value operand : statement->op->getOperands())
      if (const Statement *producer = kernel.producer(operand);
          producer && !producer->reduces && !isStoredBefore(*producer, inStage))
        self(producer, self);
  };
  for (const Statement &statement : kernel.statements)
    if (statement.reduces && statement.stage == inStage)
      visit(&statement, visit);
  for (const Place &place : placesStored(inStage))
    visit(kernel.producer(kernel.results[place.argument - kernel.body->getNumArguments()].value),
          visit);
  return work;
}

/// What they read from memory, each place once.
SmallVector<KernelEmitter::Place> KernelEmitter::placesRead(unsigned inStage) const {
  SmallVector<Place> places;
  llvm::DenseSet<Operation *> work = workOf(inStage);
  auto add = [&](unsigned argument, const LinearAccess &access) {
    if (Place place{argument, access}; !llvm::is_contained(places, place))
      places.push_back(place);
  };
  for (const Statement &statement : kernel.statements) {
    linalg::GenericOp op = statement.op;
    if (!work.contains(op))
      continue;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!op.payloadUsesValueFromOperand(&operand) ||
          (statement.reduces && op.isDpsInit(&operand)))
        continue;
      const Statement *producer = kernel.producer(operand.get());
      if (auto argument = dyn_cast<BlockArgument>(operand.get()))
        add(argument.getArgNumber(), statement.accesses[operand.getOperandNumber()]);
      else if (producer && isStoredBefore(*producer, inStage))
        add(kernel.body->getNumArguments() + resultOf(operand.get()),
            kernel.results[resultOf(operand.get())].access);
    }
  }
  return places;
}

/// What they store.
SmallVector<KernelEmitter::Place> KernelEmitter::placesStored(unsigned inStage) const {
  SmallVector<Place> places;
  bool isElements = form.kind == KernelForm::Elements;
  for (auto [number, result] : llvm::enumerate(kernel.results))
    if (isElements || (result.overQ && result.stage == inStage))
      places.push_back({unsigned(kernel.body->getNumArguments() + number), result.access});
  return places;
}

/// What rows share stays in the cache without registers.
bool KernelEmitter::mayKeep(const Place &place) const {
  bool isOfRow = form.parallel.empty() || llvm::any_of(form.parallel, [&](const LoopDim &dim) {
                   return place.access.strides[dim.innermost] != 0;
                 });
  return isOfRow && form.isVector(place.argument, place.access);
}

/// Declares what this thread keeps of its row: what more than one stage touches.
void KernelEmitter::keepRow() {
  SmallVector<Place> touched;
  for (unsigned inStage = 0; form.turns > 0 && inStage < kernel.numStages; ++inStage) {
    SmallVector<Place> places = placesRead(inStage);
    llvm::append_range(places, placesStored(inStage));
    for (const Place &place : places) {
      bool isAgain = llvm::is_contained(touched, place);
      int64_t kept = (fours.size() + 1) * form.turns * form.perThread;
      touched.push_back(place);
      if (isAgain && kept <= kMostKept && mayKeep(place) && !findFour(place))
        declareFour(place, /*isKept=*/true);
    }
  }
}

/// The variable for four elements, or for those of all turns.
KernelEmitter::Four &KernelEmitter::declareFour(const Place &place, bool isKept) {
  SmallVector<int64_t> shape = {form.perThread};
  if (isKept && form.turns > 1)
    shape.insert(shape.begin(), form.turns);
  auto array = emitc::ArrayType::get(shape, elementType(place.argument));
  Value values = emitc::VariableOp::create(b, code.loc, array, b.getAttr<emitc::OpaqueAttr>(""));
  name(values, names[place.argument] + (isKept ? "_kept" : "_four"));
  return fours.emplace_back(Four{place, values, isKept});
}

KernelEmitter::Four *KernelEmitter::findFour(const Place &place) {
  auto it = llvm::find_if(fours, [&](const Four &four) { return four.place == place; });
  return it == fours.end() ? nullptr : it;
}

/// The one of this iteration.
Value KernelEmitter::elementOf(const Four &four) {
  SmallVector<Value> position = {lane};
  if (four.isKept && turn)
    position.insert(position.begin(), turn);
  Type type = emitc::LValueType::get(elementType(four.place.argument));
  return emitc::SubscriptOp::create(b, code.loc, type, four.values, position);
}

/// Loads or stores it: 16 bytes at once, but at the end of a part.
void KernelEmitter::moveFour(StringRef function, const Four &four) {
  SmallVector<Value> operands = {pointers[four.place.argument], address(four.place.access)};
  if (form.anySize)
    operands.push_back(rows());
  operands.push_back(four.values);
  if (four.isKept && turn)
    operands.push_back(turn);
  emitc::CallOpaqueOp::create(b, code.loc, TypeRange(), function, operands);
}

/// Loads what this stage reads: what its four elements share, then vectors, but for what is kept
/// already. What lies otherwise is loaded element by element.
void KernelEmitter::loadFours() {
  SmallVector<Place> places = placesRead(stage);
  for (const Place &place : places)
    if (place.access.strides[form.lastDim().innermost] == 0)
      load(place.argument, place.access);
  for (const Place &place : places) {
    if (!form.isVector(place.argument, place.access))
      continue;
    Four *known = findFour(place);
    Four &four = known ? *known : declareFour(place, /*isKept=*/false);
    if (!four.isLoaded)
      moveFour("loadFour", four);
    four.isLoaded = true;
  }
}

/// A thread takes four neighbouring elements, and computes one after another.
void KernelEmitter::emitFours(function_ref<void()> element) {
  auto numKept = llvm::count_if(fours, [](const Four &four) { return four.isKept; });
  loadFours();
  SmallVector<Place> stored = placesStored(stage);
  for (const Place &place : stored)
    if (!findFour(place))
      declareFour(place, /*isKept=*/false);
  emitc::VerbatimOp::create(b, code.loc, b.getStringAttr("#pragma unroll"));
  Type type = code.indexType;
  emitLoop("k", code.integer(0, type), code.integer(form.perThread, type), 1, [&](Value counter) {
    lane = counter;
    scopes.emplace_back();
    element();
    scopes.pop_back();
    lane = Value();
  });
  for (const Place &place : stored) {
    findFour(place)->isLoaded = true;
    moveFour("storeFour", *findFour(place));
  }
  fours.truncate(numKept);
}

} // namespace dsc::cuda
