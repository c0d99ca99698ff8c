//===- KernelEmitter.cpp - Who does what in a kernel ----------------------===//
//
// The nest: positions of threads, stages, reductions. What is computed in it is in
// KernelValues.cpp.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace dsc::cuda {

KernelEmitter::KernelEmitter(const KernelAnalysis &kernel, const KernelForm &form,
                             emitc::FuncOp func, ArrayRef<std::string> names,
                             ArrayRef<PartArgument> parts)
    : kernel(kernel), form(form), func(func), names(names), parts(parts), b(func.getContext()),
      code{b, func.getLoc(), b.getIntegerType(form.fitsInt ? 32 : 64)},
      // Nothing is kept in scratch memory: what several stages need and no result
      // holds is computed again.
      needs(findNeeds(kernel, [](const Statement &) { return false; })),
      index(kernel.domain.rank()) {}

LogicalResult KernelEmitter::emit() {
  b.setInsertionPointToStart(&func.getBody().front());
  for (unsigned dim = 0; dim < kernel.domain.rank(); ++dim)
    if (kernel.domain.extent(dim) == 1)
      index[dim] = code.integer(0, code.indexType);
  scopes.emplace_back();
  findPart();
  if (form.kind == KernelForm::Elements)
    emitElements();
  else
    emitRows();
  emitc::ReturnOp::create(b, code.loc, Value());
  return success(!failed);
}

Value KernelEmitter::name(Value value, const Twine &text) {
  if (Operation *op = value.getDefiningOp(); op && !isa<emitc::LiteralOp>(op))
    op->setAttr(kNameAttr, b.getStringAttr(text));
  return value;
}

Value KernelEmitter::fail(Operation *op, const Twine &message, Type type) {
  if (!failed)
    op->emitError(message);
  failed = true;
  return code.literal("0", type);
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

/// Sets the pointers to the arguments; those of the block's part are looked up.
void KernelEmitter::findPart() {
  if (!form.anySize) {
    pointers.assign(func.getArguments().begin(), func.getArguments().end());
    return;
  }
  emitc::VerbatimOp::create(b, code.loc,
                            b.getStringAttr("auto " + kPartName + " = " + kPartsName + ".own();"));
  for (auto [argument, text] : llvm::zip_equal(parts, names)) {
    if (argument.isShared) {
      pointers.push_back(func.getArgument(1 + argument.number));
      continue;
    }
    std::string buffer = (kPartName + ".at<" + Twine(argument.number) + ">").str();
    Type type = emitc::OpaqueType::get(b.getContext(), argument.type);
    pointers.push_back(name(code.call(buffer, type, {}), text));
  }
}

/// A size of the domain.
Value KernelEmitter::extent(int64_t fixed, StringRef ofPart) {
  return form.anySize ? code.literal(ofPart, code.indexType) : code.integer(fixed, code.indexType);
}

/// The number of this thread, or of its group, in the grid; of a part it has a sign as the part's
/// sizes have, with which it may be compared before any variable takes it.
Value KernelEmitter::threadPosition() {
  Type type = code.indexType;
  auto textOf = [&](StringRef text) { return (form.fitsInt ? "" : "(int64_t)") + text.str(); };
  std::string thread = form.anySize && form.fitsInt ? "(int32_t)threadIdx.x" : "threadIdx.x";
  auto literal = [&](StringRef text) { return code.literal(textOf(text), type); };
  StringRef block = form.anySize ? "part.block" : "blockIdx.x";
  switch (form.kind) {
  case KernelForm::Block:
    return emitc::ConstantOp::create(b, code.loc, type,
                                     b.getAttr<emitc::OpaqueAttr>(textOf(block)));
  case KernelForm::Warp:
    return add(multiply(literal(block), form.threadsX / 32), literal(thread + " / 32"));
  default:
    return add(multiply(literal(block), form.threadsX), literal(thread));
  }
}

/// Splits a number within `dims` into their indices.
void KernelEmitter::setPosition(ArrayRef<LoopDim> dims, Value flat, StringRef prefix) {
  int64_t size = 1;
  for (size_t i = dims.size(); i-- > 0; size *= dims[i].extent) {
    Value position = flat;
    if (size > 1)
      position = binary(AffineExprKind::FloorDiv, position, code.integer(size, code.indexType));
    if (i > 0)
      position =
          binary(AffineExprKind::Mod, position, code.integer(dims[i].extent, code.indexType));
    index[dims[i].innermost] = dims.size() == 1 ? flat : name(position, prefix + Twine(i));
  }
}

/// Emits `body`, inside of a condition where some threads have nothing to do.
void KernelEmitter::guarded(Value position, Value extent, bool needed, function_ref<void()> body) {
  if (!needed)
    return body();
  Value isInside =
      emitc::CmpOp::create(b, code.loc, b.getI1Type(), emitc::CmpPredicate::lt, position, extent);
  auto ifOp = emitc::IfOp::create(b, code.loc, isInside, /*addThenBlock=*/true,
                                  /*addElseBlock=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&ifOp.getThenRegion().front());
  body();
  emitc::YieldOp::create(b, code.loc);
}

/// Calls `visit` with the operands in memory that some body uses, and their accesses.
void KernelEmitter::visitLoads(
    function_ref<void(const Statement &, unsigned, const LinearAccess &)> visit) {
  for (const Statement &statement : kernel.statements) {
    linalg::GenericOp op = statement.op;
    for (OpOperand &operand : op->getOpOperands())
      if (isa<BlockArgument>(operand.get()) && op.payloadUsesValueFromOperand(&operand))
        visit(statement, operand.getOperandNumber(),
              statement.accesses[operand.getOperandNumber()]);
  }
}

/// Stored last, since a result may lie where an operand was.
void KernelEmitter::emitElement() {
  SmallVector<Value> values;
  for (const KernelResult &result : kernel.results)
    values.push_back(valueOf(result.value));
  for (auto [number, value] : llvm::enumerate(values))
    store(number, value);
}

void KernelEmitter::emitElements() {
  SmallVector<LoopDim> dims = form.parallel;
  llvm::append_range(dims, form.inner);
  int64_t count = form.rows * form.columns;
  Value position = name(multiply(threadPosition(), form.perThread), "i");
  bool needed = form.anySize || form.blocks * form.rowsPerBlock() != count;
  guarded(position, extent(count, "part.rows"), needed, [&] {
    setPosition(dims, position, "i");
    form.perThread > 1 ? emitFours([&] { emitElement(); }) : emitElement();
  });
}

void KernelEmitter::emitRows() {
  bool isColumns = form.kind == KernelForm::Columns;
  Value row = name(threadPosition(), isColumns ? "column" : "row");
  bool fits = !form.anySize && form.rows % form.rowsPerBlock() == 0;
  // All threads of a block of columns meet at its barriers; those without a column
  // look at the last one.
  if (isColumns) {
    Value last = extent(form.rows - 1, "part.rows - 1");
    Value inside = fits ? row : code.call("minimum", code.indexType, {row, last});
    setPosition(form.parallel, inside == row ? row : name(inside, "own"), "p");
    return emitRow(row);
  }
  // A block of a part is there for its row.
  guarded(row, rows(), !fits && form.kind != KernelForm::Block, [&] {
    setPosition(form.parallel, row, "p");
    emitRow(row);
  });
}

/// Where this thread's part of Q begins, and how far its elements lie apart.
std::pair<Value, int64_t> KernelEmitter::innerRange(Value row) {
  Type type = code.indexType;
  switch (form.kind) {
  case KernelForm::Warp:
  case KernelForm::Block: {
    StringRef thread = form.kind == KernelForm::Warp ? "threadIdx.x % 32" : "threadIdx.x";
    Value first = multiply(code.literal(thread, type), form.perThread);
    return {name(first, "first"), form.threadsPerRow() * form.perThread};
  }
  case KernelForm::Columns: {
    Value first = code.literal("threadIdx.y", type);
    if (!form.anySize && form.rows % 32 == 0)
      return {first, form.threadsY};
    Value inside =
        emitc::CmpOp::create(b, code.loc, b.getI1Type(), emitc::CmpPredicate::lt, row, rows());
    Value start = emitc::ConditionalOp::create(b, code.loc, type, inside, first, columns());
    return {name(start, "first"), form.threadsY};
  }
  default:
    return {code.integer(0, type), 1};
  }
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

void KernelEmitter::emitRow(Value row) {
  scopes.emplace_back();
  hoistLoads(form.inner);
  auto [first, step] = innerRange(row);
  keepRow();
  for (stage = 0; stage < kernel.numStages; ++stage) {
    evaluateRowWork();
    if (stageHasLoop())
      emitStage(first, step);
  }
  evaluateRowWork();
  storeRowResults();
  scopes.pop_back();
}

/// Loads what is the same in all of the loop, which then reuses it; a result of the row may
/// lie where it was.
void KernelEmitter::hoistLoads(ArrayRef<LoopDim> loop) {
  visitLoads([&](const Statement &statement, unsigned operand, const LinearAccess &access) {
    if (llvm::all_of(loop, [&](const LoopDim &dim) { return access.strides[dim.innermost] == 0; }))
      operandValue(statement, operand);
  });
}

/// Row work that the stages so far allow.
void KernelEmitter::evaluateRowWork() {
  for (const Statement &statement : kernel.statements)
    if (!statement.overQ && statement.stage <= stage && !find(statement.op->getResult(0)))
      evaluate(statement);
}

bool KernelEmitter::stageHasLoop() const {
  return llvm::any_of(kernel.statements,
                      [&](const Statement &s) { return s.reduces && s.stage == stage; }) ||
         llvm::any_of(kernel.results,
                      [&](const KernelResult &r) { return r.overQ && r.stage == stage; });
}

/// A variable of the thread.
Value KernelEmitter::declare(StringRef text, Value initial) {
  auto literal = initial.getDefiningOp<emitc::LiteralOp>();
  auto variable =
      emitc::VariableOp::create(b, code.loc, emitc::LValueType::get(initial.getType()),
                                b.getAttr<emitc::OpaqueAttr>(literal ? literal.getValue() : ""));
  variable->setAttr(kNameAttr, b.getStringAttr(text));
  if (!literal)
    emitc::AssignOp::create(b, code.loc, variable, initial);
  return variable;
}

SmallVector<KernelEmitter::Accumulator> KernelEmitter::declareAccumulators() {
  SmallVector<Accumulator> accumulators;
  for (const Statement &statement : kernel.statements) {
    if (!statement.reduces || statement.stage != stage)
      continue;
    linalg::GenericOp op = statement.op;
    SmallVector<BlockArgument> outputs(op.getRegionOutputArgs());
    for (unsigned output = 0; output < outputs.size(); ++output) {
      Type type = outputs[output].getType();
      Operation *combiner = nullptr;
      Value initial;
      if (statement.separable) {
        SmallVector<Operation *> combiners;
        matchReduction(outputs, output, combiners);
        combiner = combiners.front();
        initial = code.constant(*arith::getNeutralElement(combiner));
      } else {
        initial = operandValue(statement, op.getNumDpsInputs() + output);
      }
      if (!initial)
        initial = fail(op,
                       "CUDA kernels do not reduce elements of type " +
                           llvm::formatv("{0}", type).str() + " yet",
                       type);
      std::string noun = combiner ? "partial_" + getResultNoun(combiner).str() : "so_far";
      accumulators.push_back({&statement, output, declare(noun, initial), combiner});
    }
  }
  return accumulators;
}

void KernelEmitter::emitStage(Value first, int64_t step) {
  SmallVector<Accumulator> accumulators = declareAccumulators();
  auto emitElement = [&] { emitIteration(accumulators); };
  emitStageLoop(first, step, [&](Value position) {
    scopes.emplace_back();
    setPosition(form.inner, position, "q");
    form.perThread > 1 ? emitFours(emitElement) : emitElement();
    scopes.pop_back();
    for (const LoopDim &dim : form.inner)
      index[dim.innermost] = Value();
  });
  for (const Accumulator &accumulator : accumulators)
    finishAccumulator(accumulator);
}

/// Calls `body` with this thread's positions in Q.
void KernelEmitter::emitStageLoop(Value first, int64_t step, function_ref<void(Value)> body) {
  if (form.inner.empty())
    return body(code.integer(0, code.indexType));
  if (keepsRow())
    return emitTurns(first, step, body);
  emitLoop("j", first, columns(), step, body);
}

/// A loop that becomes straight code, since registers have no addresses.
void KernelEmitter::emitTurns(Value first, int64_t step, function_ref<void(Value)> body) {
  Type type = code.indexType;
  if (form.turns == 1)
    return guarded(first, columns(), step != form.columns, [&] { body(first); });
  emitc::VerbatimOp::create(b, code.loc, b.getStringAttr("#pragma unroll"));
  emitLoop("turn", code.integer(0, type), code.integer(form.turns, type), 1, [&](Value counter) {
    turn = counter;
    Value position = name(add(multiply(turn, step), first), "j");
    guarded(position, columns(), form.turns * step != form.columns, [&] { body(position); });
    turn = Value();
  });
}

void KernelEmitter::emitLoop(StringRef index, Value first, Value end, int64_t step,
                             function_ref<void(Value)> body) {
  auto loop = emitc::ForOp::create(b, code.loc, first, end, code.integer(step, code.indexType));
  loop->setAttr(kNameAttr, b.getStringAttr(index));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

void KernelEmitter::emitIteration(ArrayRef<Accumulator> accumulators) {
  const Statement *last = nullptr;
  for (const Accumulator &one : accumulators) {
    if (one.statement == last)
      continue; // its outputs go together
    last = one.statement;
    SmallVector<const Accumulator *> group;
    SmallVector<Value> before;
    for (const Accumulator &other : accumulators)
      if (other.statement == one.statement) {
        group.push_back(&other);
        Type type = cast<emitc::LValueType>(other.variable.getType()).getValueType();
        before.push_back(emitc::LoadOp::create(b, code.loc, type, other.variable));
      }
    for (auto [output, value] : llvm::zip_equal(group, evaluate(*one.statement, before)))
      emitc::AssignOp::create(b, code.loc, output->variable, value);
  }
  // Computed first, stored last: a result may lie where an operand was.
  SmallVector<std::pair<unsigned, Value>> results;
  for (auto [number, result] : llvm::enumerate(kernel.results))
    if (result.overQ && result.stage == stage)
      results.emplace_back(number, valueOf(result.value));
  for (auto [number, value] : results)
    store(number, value);
}

/// The whole reduction's result, in every thread of the row.
void KernelEmitter::finishAccumulator(const Accumulator &accumulator) {
  linalg::GenericOp op = accumulator.statement->op;
  Type type = cast<emitc::LValueType>(accumulator.variable.getType()).getValueType();
  Value result = emitc::LoadOp::create(b, code.loc, type, accumulator.variable);
  static const llvm::DenseMap<unsigned, StringRef> functions = {
      {KernelForm::Warp, "warpReduce"},
      {KernelForm::Block, "blockReduce"},
      {KernelForm::Columns, "columnReduce"}};
  StringRef function = functions.lookup(form.kind);
  if (!function.empty()) {
    result = code.call(function, type, result, {getReduction(accumulator.combiner)});
  }
  StringRef noun = accumulator.combiner ? getResultNoun(accumulator.combiner) : StringRef("result");
  name(result, (form.kind == KernelForm::Columns ? "column_" : "row_") + noun);
  Value initial = op.getDpsInits()[accumulator.output];
  TypedAttr constant = getUniformConstant(initial);
  if (accumulator.combiner && constant != *arith::getNeutralElement(accumulator.combiner)) {
    Value start = operandValue(*accumulator.statement, op.getNumDpsInputs() + accumulator.output);
    result = buildScalarOp(code, *accumulator.combiner, {start, result});
  }
  scopes.back().values[op.getResult(accumulator.output)] = result;
}

/// True if a result of the row lies where an operand may be.
bool KernelEmitter::storesOverOperands() const {
  for (auto [number, result] : llvm::enumerate(kernel.results))
    for (unsigned operand = 0; operand < kernel.body->getNumArguments(); ++operand)
      if (!result.overQ && canShareBuffer(kernel, operand, number))
        return true;
  return false;
}

/// One thread of the row stores, behind all that read.
void KernelEmitter::storeRowResults() {
  bool any = llvm::any_of(kernel.results, [](const KernelResult &r) { return !r.overQ; });
  if (!any)
    return;
  static const llvm::DenseMap<unsigned, std::pair<StringRef, StringRef>> table = {
      {KernelForm::Warp, {"__syncwarp", "threadIdx.x % 32 == 0"}},
      {KernelForm::Block, {"__syncthreads", "threadIdx.x == 0"}},
      {KernelForm::Columns, {"__syncthreads", "threadIdx.y == 0"}}};
  auto storeAll = [&] {
    SmallVector<std::pair<unsigned, Value>> values;
    for (auto [number, result] : llvm::enumerate(kernel.results))
      if (!result.overQ)
        values.emplace_back(number, valueOf(result.value));
    for (auto [number, value] : values)
      store(number, value);
  };
  auto it = table.find(form.kind);
  if (it == table.end())
    return storeAll();
  if (storesOverOperands())
    emitc::CallOpaqueOp::create(b, code.loc, TypeRange(), it->second.first, ValueRange());
  std::string condition = it->second.second.str();
  if (form.kind == KernelForm::Columns && form.anySize)
    condition += " && column < part.rows";
  else if (form.kind == KernelForm::Columns && form.rows % 32 != 0)
    condition += " && column < " + std::to_string(form.rows);
  auto ifOp = emitc::IfOp::create(b, code.loc, code.literal(condition, b.getI1Type()),
                                  /*addThenBlock=*/true, /*addElseBlock=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&ifOp.getThenRegion().front());
  storeAll();
  emitc::YieldOp::create(b, code.loc);
}

} // namespace dsc::cuda
