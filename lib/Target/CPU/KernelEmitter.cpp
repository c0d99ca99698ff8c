//===- KernelEmitter.cpp - Loops and vectors for a planned kernel ---------===//
//
// Walks a KernelPlan from the outside in. Values found so far live in scopes,
// one per loop entered; a load is emitted in the outermost scope that knows all
// indices it depends on, and element work is evaluated on demand by whatever
// stage needs it.
//
//===----------------------------------------------------------------------===//
#include "KernelPlan.h"
#include "LaneBuilder.h"

#include "dsc/Target/CPU/Kernels.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <map>

using namespace mlir;

namespace dsc::cpu {

namespace {

Type elementType(Value tensor) { return cast<ShapedType>(tensor.getType()).getElementType(); }

/// What is known inside one loop.
struct Scope {
  llvm::DenseMap<Value, Lanes> values;
  std::vector<std::pair<std::pair<Value, LinearAccess>, Lanes>> loads;
};

/// One reduction while its loop runs: an accumulator per output and copy.
struct Accumulators {
  const Statement *statement = nullptr;
  SmallVector<Lanes> outputs;
};

class KernelEmitter {
public:
  KernelEmitter(const KernelPlan &plan, Region &code)
      : plan(plan), kernel(plan.kernel), code(code),
        b(code.getLoc(), OpBuilder::atBlockEnd(&code.front())), lanes(b, plan.lanes) {}

  void emit();

private:
  // Loops over P.
  void emitPart(Value part);
  void emitNumberedBlock(Value block);
  void emitBlocks();
  void emitRest();
  void emitBlock(Value first, unsigned copies, unsigned tailLanes);
  void emitRow();
  void setIndices(Value linear, ArrayRef<unsigned> dims);

  // Loops over Q.
  void emitStage(unsigned stage);
  SmallVector<Accumulators> startAccumulators(unsigned stage);
  void finishAccumulators(ArrayRef<Accumulators> accumulators);
  void emitLoop(unsigned dim, unsigned stage, SmallVector<Accumulators> &accumulators);
  void emitVectorLoop(unsigned stage, SmallVector<Accumulators> &accumulators);
  void emitIteration(unsigned stage, SmallVector<Accumulators> &accumulators);
  template <typename Fn>
  void emitFor(int64_t extent, int64_t step, SmallVector<Accumulators> &accumulators, Fn body);
  void accumulate(Accumulators &accumulators);

  // Values.
  Lanes operandLanes(const Statement &statement, unsigned number);
  Lanes tensorLanes(Value value, const LinearAccess &access);
  Lanes computedLanes(Value value);
  Lanes constantLanes(TypedAttr attr);
  const Lanes *find(Value value) const;
  Lanes loadOperand(Value operand, const LinearAccess &access);
  void hoistLoads();
  SmallVector<Lanes> evaluate(const Statement &statement, ArrayRef<Lanes> outputs = {});
  SmallVector<Lanes> evaluateOperation(Operation &op, const llvm::DenseMap<Value, Lanes> &local);
  Lanes evaluateExtract(tensor::ExtractOp op, ArrayRef<Lanes> operands);
  Lanes evaluateIndex(linalg::IndexOp op);
  Lanes evaluateExpression(AffineExpr expr, AffineMap map, ArrayRef<Lanes> operands);
  Operation *cloneOperation(Operation &op, ArrayRef<Value> operands, bool isVector);
  void protectTail(Operation &op, SmallVectorImpl<Lanes> &operands);

  // Stores.
  void storeResult(unsigned number);
  void storeScratch(const Statement &statement);
  Lanes readKept(Value value);
  bool isKept(const Statement &statement) const;
  Value scratchBase(Value value);
  Position scratchPosition();

  const KernelPlan &plan;
  const KernelAnalysis &kernel;
  Region &code;
  ImplicitLocOpBuilder b;
  LaneBuilder lanes;
  Position at;
  unsigned stage = 0;
  std::vector<Scope> scopes;
  SmallVector<Value> buffers; // operands, then results
  Value scratch;
};

//===----------------------------------------------------------------------===//
// Loops over P
//===----------------------------------------------------------------------===//

void KernelEmitter::emit() {
  Block &entry = code.front();
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  unsigned numBuffers = kernel.body->getNumArguments() + kernel.results.size();
  for (unsigned i = 0; i < numBuffers; ++i) {
    Value slot = LLVM::GEPOp::create(b, pointer, pointer, entry.getArgument(2),
                                     ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    buffers.push_back(LLVM::LoadOp::create(b, pointer, slot));
  }
  if (plan.scratchBytes > 0)
    scratch =
        LLVM::AllocaOp::create(b, pointer, b.getI8Type(), lanes.constantI64(plan.scratchBytes), 64);
  at.index.assign(plan.domain().rank(), Value());
  scopes.emplace_back();
  hoistLoads();
  auto loop =
      scf::ForOp::create(b, entry.getArgument(0), entry.getArgument(1), lanes.constantI64(1));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    emitPart(loop.getInductionVar());
  }
  func::ReturnOp::create(b);
}

/// Delinearizes a number of the product of `dims`.
void KernelEmitter::setIndices(Value linear, ArrayRef<unsigned> dims) {
  for (unsigned i = dims.size(); i-- > 1;) {
    Value extent = lanes.constantI64(plan.domain().extent(dims[i]));
    at.index[dims[i]] = arith::RemUIOp::create(b, linear, extent);
    linear = arith::DivUIOp::create(b, linear, extent);
  }
  if (!dims.empty())
    at.index[dims.front()] = linear;
}

void KernelEmitter::emitPart(Value part) {
  SmallVector<unsigned> outer;
  for (unsigned d = 0; d < plan.numP(); ++d)
    if (d != plan.vectorDim)
      outer.push_back(d);

  Value block;
  if (plan.partsAreBlocks && !outer.empty()) {
    Value numBlocks = lanes.constantI64(plan.numBlocks());
    block = arith::RemUIOp::create(b, part, numBlocks);
    part = arith::DivUIOp::create(b, part, numBlocks);
  } else if (plan.partsAreBlocks) {
    block = part;
  }
  setIndices(part, outer);

  scopes.emplace_back();
  hoistLoads();
  if (!plan.vectorInP())
    emitRow();
  else if (block)
    emitNumberedBlock(block);
  else
    emitBlocks();
  scopes.pop_back();
}

/// One block of the vector dim: all are whole but perhaps the last.
void KernelEmitter::emitNumberedBlock(Value block) {
  int64_t whole = plan.vectorExtent() / plan.blockSize();
  bool hasRest = plan.vectorExtent() % plan.blockSize() != 0;
  Value first = lanes.scale(block, plan.blockSize());
  if (!hasRest)
    return emitBlock(first, plan.copies, 0);
  if (whole == 0)
    return emitRest();
  Value isWhole =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, block, lanes.constantI64(whole));
  auto branch = scf::IfOp::create(b, isWhole, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  emitBlock(first, plan.copies, 0);
  b.setInsertionPointToStart(branch.elseBlock());
  emitRest();
}

/// The whole extent of the vector dim, when it is not divided among parts.
void KernelEmitter::emitBlocks() {
  int64_t whole = plan.vectorExtent() / plan.blockSize() * plan.blockSize();
  if (whole > 0) {
    auto loop = scf::ForOp::create(b, lanes.constantI64(0), lanes.constantI64(whole),
                                   lanes.constantI64(plan.blockSize()));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    emitBlock(loop.getInductionVar(), plan.copies, 0);
  }
  if (plan.vectorExtent() > whole)
    emitRest();
}

/// What whole blocks leave of the vector dim.
void KernelEmitter::emitRest() {
  int64_t rest = plan.vectorExtent() % plan.blockSize();
  emitBlock(lanes.constantI64(plan.vectorExtent() - rest), llvm::divideCeil(rest, plan.lanes),
            rest % plan.lanes);
}

void KernelEmitter::emitBlock(Value first, unsigned copies, unsigned tailLanes) {
  Position outside = at;
  at.vectorDim = plan.vectorDim;
  at.index[*plan.vectorDim] = first;
  at.copies = copies;
  at.tailLanes = tailLanes;
  scopes.emplace_back();
  emitRow();
  scopes.pop_back();
  at = outside;
}

/// Everything for one row (or one block of rows, a row per lane).
void KernelEmitter::emitRow() {
  hoistLoads();
  for (stage = 0; stage <= kernel.numStages; ++stage) {
    for (const Statement &statement : kernel.statements)
      if (!statement.overQ && statement.stage == stage)
        evaluate(statement);
    if (stage < kernel.numStages)
      emitStage(stage);
  }
  for (unsigned i = 0; i < kernel.results.size(); ++i)
    if (!kernel.results[i].overQ)
      storeResult(i);
}

//===----------------------------------------------------------------------===//
// Loops over Q
//===----------------------------------------------------------------------===//

void KernelEmitter::emitStage(unsigned stage) {
  bool hasWork = llvm::any_of(kernel.statements,
                              [&](const Statement &s) { return s.overQ && s.stage == stage; });
  hasWork |= llvm::any_of(kernel.results,
                          [&](const KernelResult &r) { return r.overQ && r.stage == stage; });
  if (!hasWork)
    return;
  SmallVector<Accumulators> accumulators = startAccumulators(stage);
  emitLoop(plan.numP(), stage, accumulators);
  finishAccumulators(accumulators);
}

static SmallVector<Operation *> findCombiners(const Statement &statement) {
  linalg::GenericOp op = statement.op;
  SmallVector<Operation *> all;
  for (unsigned i = 0; i < op.getNumDpsInits(); ++i) {
    SmallVector<Operation *> combiners;
    matchReduction(SmallVector<BlockArgument>(op.getRegionOutputArgs()), i, combiners);
    all.push_back(combiners.front());
  }
  return all;
}

/// Lanes along Q start from the neutral element, as each lane sees a part only;
/// otherwise each lane is a whole reduction and starts from the initial value.
SmallVector<Accumulators> KernelEmitter::startAccumulators(unsigned stage) {
  SmallVector<Accumulators> result;
  for (const Statement &statement : kernel.statements) {
    if (!statement.reduces || statement.stage != stage)
      continue;
    Accumulators accumulators{&statement, {}};
    linalg::GenericOp op = statement.op;
    for (unsigned i = 0; i < op.getNumDpsInits(); ++i) {
      if (plan.vectorInQ()) {
        Lanes neutral = constantLanes(*arith::getNeutralElement(findCombiners(statement)[i]));
        accumulators.outputs.push_back(lanes.splat(neutral, plan.copies));
        continue;
      }
      Lanes init = operandLanes(statement, op.getNumDpsInputs() + i);
      accumulators.outputs.push_back(at.vectorDim ? lanes.splat(init, at.copies) : init);
    }
    result.push_back(std::move(accumulators));
  }
  return result;
}

void KernelEmitter::finishAccumulators(ArrayRef<Accumulators> all) {
  for (const Accumulators &accumulators : all) {
    linalg::GenericOp op = accumulators.statement->op;
    for (auto [i, output] : llvm::enumerate(accumulators.outputs)) {
      Lanes result = output;
      if (plan.vectorInQ()) {
        Operation *combiner = findCombiners(*accumulators.statement)[i];
        Lanes init = operandLanes(*accumulators.statement, op.getNumDpsInputs() + i);
        Value sum = lanes.reduce(output.values, combiner);
        result = Lanes::scalar(lanes.combine(combiner, init.values.front(), sum));
      }
      scopes.back().values[op->getResult(i)] = result;
    }
  }
}

/// A loop whose accumulators are carried from iteration to iteration.
template <typename Fn>
void KernelEmitter::emitFor(int64_t extent, int64_t step, SmallVector<Accumulators> &accumulators,
                            Fn body) {
  SmallVector<Value> carried;
  auto forEach = [&](auto fn) {
    for (Accumulators &one : accumulators)
      for (Lanes &output : one.outputs)
        for (Value &value : output.values)
          fn(value);
  };
  forEach([&](Value &value) { carried.push_back(value); });
  auto loop = scf::ForOp::create(b, lanes.constantI64(0), lanes.constantI64(extent),
                                 lanes.constantI64(step), carried);
  unsigned next = 0;
  forEach([&](Value &value) { value = loop.getRegionIterArg(next++); });
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
    carried.clear();
    forEach([&](Value &value) { carried.push_back(value); });
    if (!carried.empty())
      scf::YieldOp::create(b, carried);
  }
  next = 0;
  forEach([&](Value &value) { value = loop.getResult(next++); });
}

void KernelEmitter::emitLoop(unsigned dim, unsigned stage,
                             SmallVector<Accumulators> &accumulators) {
  if (dim == plan.domain().rank())
    return emitIteration(stage, accumulators);
  if (dim == plan.vectorDim)
    return emitVectorLoop(stage, accumulators);
  Position outside = at;
  emitFor(plan.domain().extent(dim), 1, accumulators, [&](Value index) {
    at.index[dim] = index;
    emitLoop(dim + 1, stage, accumulators);
  });
  at = outside;
}

/// The innermost loop of Q by vectors: whole blocks in a loop, the rest behind it.
void KernelEmitter::emitVectorLoop(unsigned stage, SmallVector<Accumulators> &accumulators) {
  Position outside = at;
  unsigned dim = *plan.vectorDim;
  at.vectorDim = dim;
  int64_t whole = plan.vectorExtent() / plan.blockSize() * plan.blockSize();
  int64_t rest = plan.vectorExtent() - whole;
  if (whole > 0) {
    emitFor(whole, plan.blockSize(), accumulators, [&](Value index) {
      at.index[dim] = index;
      at.copies = plan.copies;
      emitIteration(stage, accumulators);
    });
  }
  if (rest > 0) {
    at.index[dim] = lanes.constantI64(whole);
    at.copies = llvm::divideCeil(rest, plan.lanes);
    at.tailLanes = rest % plan.lanes;
    emitIteration(stage, accumulators);
  }
  at = outside;
}

void KernelEmitter::emitIteration(unsigned stage, SmallVector<Accumulators> &accumulators) {
  scopes.emplace_back();
  for (const Statement &statement : kernel.statements)
    if (plan.scratchOffset.contains(statement.op) &&
        *plan.needs.lookup(statement.op).begin() == stage)
      storeScratch(statement);
  for (Accumulators &one : accumulators)
    accumulate(one);
  // Computed first, stored last: a result may lie where an operand was.
  for (const KernelResult &result : kernel.results)
    if (result.overQ && result.stage == stage && kernel.producer(result.value))
      computedLanes(result.value);
  for (auto [i, result] : llvm::enumerate(kernel.results))
    if (result.overQ && result.stage == stage)
      storeResult(i);
  scopes.pop_back();
}

void KernelEmitter::accumulate(Accumulators &accumulators) {
  SmallVector<Lanes> before = accumulators.outputs;
  SmallVector<Lanes> after = evaluate(*accumulators.statement, before);
  for (auto [output, old, now] : llvm::zip_equal(accumulators.outputs, before, after)) {
    if (output.uniform) {
      output = now;
      continue;
    }
    for (unsigned i = 0; i < at.copies; ++i) {
      Value value = lanes.asVector(now, i);
      // Lanes past the end of Q must not contribute.
      if (plan.vectorInQ() && at.hasTail(i))
        value = arith::SelectOp::create(b, lanes.mask(at.tailLanes), value, old.values[i]);
      output.values[i] = value;
    }
  }
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

const Lanes *KernelEmitter::find(Value value) const {
  for (const Scope &scope : llvm::reverse(scopes))
    if (auto it = scope.values.find(value); it != scope.values.end())
      return &it->second;
  return nullptr;
}

Lanes KernelEmitter::constantLanes(TypedAttr attr) {
  return Lanes::scalar(arith::ConstantOp::create(b, attr));
}

Lanes KernelEmitter::loadOperand(Value operand, const LinearAccess &access) {
  auto key = std::make_pair(operand, access);
  for (const Scope &scope : llvm::reverse(scopes))
    for (const auto &[known, loaded] : scope.loads)
      if (known == key)
        return loaded;
  unsigned number = cast<BlockArgument>(operand).getArgNumber();
  Lanes loaded = lanes.load(at, buffers[number], elementType(operand), access);
  scopes.back().loads.emplace_back(key, loaded);
  return loaded;
}

/// Loads everything the indices known here suffice for. Stores of an iteration
/// follow its loads anyway, so loading early is always allowed.
void KernelEmitter::hoistLoads() {
  auto isKnown = [&](const LinearAccess &access) {
    for (auto [stride, index] : llvm::zip_equal(access.strides, at.index))
      if (stride != 0 && !index)
        return false;
    return true;
  };
  for (const Statement &statement : kernel.statements) {
    linalg::GenericOp op = statement.op;
    for (OpOperand &operand : op->getOpOperands()) {
      const LinearAccess &access = statement.accesses[operand.getOperandNumber()];
      if (isa<BlockArgument>(operand.get()) && op.payloadUsesValueFromOperand(&operand) &&
          isKnown(access))
        loadOperand(operand.get(), access);
    }
  }
}

Lanes KernelEmitter::operandLanes(const Statement &statement, unsigned number) {
  Value value = statement.op->getOperand(number);
  if (isa<BlockArgument>(value))
    return loadOperand(value, statement.accesses[number]);
  if (TypedAttr constant = getUniformConstant(value))
    return constantLanes(constant);
  return computedLanes(value);
}

Lanes KernelEmitter::computedLanes(Value value) {
  if (const Lanes *known = find(value))
    return *known;
  const Statement *statement = kernel.producer(value);
  if (isKept(*statement))
    return readKept(value);
  evaluate(*statement);
  return *find(value);
}

/// Runs the body of a statement once for all copies, and remembers its values.
SmallVector<Lanes> KernelEmitter::evaluate(const Statement &statement, ArrayRef<Lanes> outputs) {
  linalg::GenericOp op = statement.op;
  Block &body = *op.getBody();
  llvm::DenseMap<Value, Lanes> local;
  for (OpOperand &operand : op->getOpOperands())
    if (op.payloadUsesValueFromOperand(&operand) && (outputs.empty() || !op.isDpsInit(&operand)))
      local[op.getMatchingBlockArgument(&operand)] =
          operandLanes(statement, operand.getOperandNumber());
  for (auto [arg, lanes] : llvm::zip(op.getRegionOutputArgs(), outputs))
    local[arg] = lanes;
  for (Operation &inner : body.without_terminator())
    for (auto [result, value] :
         llvm::zip_equal(inner.getResults(), evaluateOperation(inner, local)))
      local[result] = value;

  SmallVector<Lanes> results;
  for (auto [result, yielded] :
       llvm::zip_equal(op->getResults(), body.getTerminator()->getOperands())) {
    auto it = local.find(yielded);
    results.push_back(it != local.end() ? it->second : constantLanes(getUniformConstant(yielded)));
    if (!statement.reduces)
      scopes.back().values[result] = results.back();
  }
  return results;
}

SmallVector<Lanes> KernelEmitter::evaluateOperation(Operation &op,
                                                    const llvm::DenseMap<Value, Lanes> &local) {
  if (auto index = dyn_cast<linalg::IndexOp>(op))
    return {evaluateIndex(index)};
  SmallVector<Lanes> operands;
  for (Value operand : op.getOperands()) {
    auto it = local.find(operand);
    if (it != local.end())
      operands.push_back(it->second);
    else if (TypedAttr constant = getUniformConstant(operand))
      operands.push_back(constantLanes(constant));
    else
      operands.push_back(Lanes()); // the tensor of a tensor.extract
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return {evaluateExtract(extract, ArrayRef<Lanes>(operands).drop_front())};

  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    return {evaluateExpression(apply.getAffineMap().getResult(0), apply.getAffineMap(), operands)};

  protectTail(op, operands);
  bool uniform = llvm::all_of(operands, [](const Lanes &lanes) { return lanes.uniform; });
  SmallVector<Lanes> results(op.getNumResults(), Lanes{uniform, {}});
  for (unsigned i = 0, e = uniform ? 1 : at.copies; i < e; ++i) {
    SmallVector<Value> values;
    for (const Lanes &operand : operands)
      values.push_back(uniform ? operand.values.front() : lanes.asVector(operand, i));
    Operation *clone = cloneOperation(op, values, /*isVector=*/!uniform);
    for (auto [result, value] : llvm::zip_equal(results, clone->getResults()))
      result.values.push_back(value);
  }
  return results;
}

Lanes KernelEmitter::evaluateIndex(linalg::IndexOp op) {
  std::optional<unsigned> dim = plan.dimOf[op.getDim()];
  if (!dim)
    return constantLanes(b.getIndexAttr(0));
  return lanes.dimIndex(at, *dim);
}

/// An index expression; divisors are positive constants.
Lanes KernelEmitter::evaluateExpression(AffineExpr expr, AffineMap map, ArrayRef<Lanes> operands) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constantLanes(b.getIndexAttr(constant.getValue()));
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return operands[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return operands[map.getNumDims() + symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Lanes lhs = evaluateExpression(binary.getLHS(), map, operands);
  Lanes rhs = evaluateExpression(binary.getRHS(), map, operands);
  auto create = [&](Value x, Value y) -> Value {
    switch (expr.getKind()) {
    case AffineExprKind::Add:
      return arith::AddIOp::create(b, x, y);
    case AffineExprKind::Mul:
      return arith::MulIOp::create(b, x, y);
    case AffineExprKind::FloorDiv:
      return arith::FloorDivSIOp::create(b, x, y);
    case AffineExprKind::CeilDiv:
      return arith::CeilDivSIOp::create(b, x, y);
    default: // x mod y lies in [0, y)
      Value quotient = arith::FloorDivSIOp::create(b, x, y);
      return arith::SubIOp::create(b, x, arith::MulIOp::create(b, quotient, y));
    }
  };
  Lanes result{lhs.uniform && rhs.uniform, {}};
  for (unsigned i = 0, e = result.uniform ? 1 : at.copies; i < e; ++i) {
    Value x = result.uniform ? lhs.values[0] : lanes.asVector(lhs, i);
    Value y = result.uniform ? rhs.values[0] : lanes.asVector(rhs, i);
    result.values.push_back(create(x, y));
  }
  return result;
}

/// tensor.extract of an operand at computed indices.
Lanes KernelEmitter::evaluateExtract(tensor::ExtractOp op, ArrayRef<Lanes> indices) {
  auto type = cast<RankedTensorType>(op.getTensor().getType());
  bool uniform = llvm::all_of(indices, [](const Lanes &index) { return index.uniform; });
  Lanes offsets{uniform, {}};
  for (unsigned i = 0, e = uniform ? 1 : at.copies; i < e; ++i) {
    Value offset = arith::ConstantOp::create(b, b.getIndexAttr(0));
    if (!uniform)
      offset = lanes.asVector(Lanes::scalar(offset), 0);
    for (auto [index, extent] : llvm::zip_equal(indices, type.getShape())) {
      Value size = arith::ConstantOp::create(b, b.getIndexAttr(extent));
      Value position = uniform ? index.copy(i) : lanes.asVector(index, i);
      if (!uniform)
        size = lanes.asVector(Lanes::scalar(size), 0);
      offset = arith::AddIOp::create(b, arith::MulIOp::create(b, offset, size), position);
    }
    offsets.values.push_back(offset);
  }
  unsigned number = cast<BlockArgument>(op.getTensor()).getArgNumber();
  return lanes.gather(at, buffers[number], type.getElementType(), offsets);
}

/// Lanes past the end hold zeros; an integer division there must not trap.
void KernelEmitter::protectTail(Operation &op, SmallVectorImpl<Lanes> &operands) {
  bool divides = isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
                     arith::CeilDivSIOp, arith::CeilDivUIOp, arith::FloorDivSIOp>(op);
  if (!divides || !at.tailLanes || operands[1].uniform)
    return;
  Value &divisor = operands[1].values[at.copies - 1];
  auto type = cast<VectorType>(divisor.getType());
  Value one = arith::ConstantOp::create(b, b.getOneAttr(type));
  divisor = arith::SelectOp::create(b, lanes.mask(at.tailLanes), divisor, one);
}

Operation *KernelEmitter::cloneOperation(Operation &op, ArrayRef<Value> operands, bool isVector) {
  SmallVector<Type> types(op.getResultTypes());
  if (isVector)
    for (Type &type : types)
      type = lanes.vectorOf(type);
  OperationState state(op.getLoc(), op.getName(), operands, types, op.getAttrs());
  Operation *clone = b.create(state);
  // Products may be fused into sums; nothing else about rounding, NaN or infinity
  // changes.
  if (auto fast = dyn_cast<arith::ArithFastMathInterface>(clone)) {
    auto flags = arith::FastMathFlags::contract;
    if (arith::FastMathFlagsAttr given = fast.getFastMathFlagsAttr())
      flags = flags | given.getValue();
    clone->setAttr(fast.getFastMathAttrName(),
                   arith::FastMathFlagsAttr::get(b.getContext(), flags));
  }
  return clone;
}

//===----------------------------------------------------------------------===//
// Stores
//===----------------------------------------------------------------------===//

void KernelEmitter::storeResult(unsigned number) {
  const KernelResult &result = kernel.results[number];
  TypedAttr constant = getUniformConstant(result.value);
  Lanes value = constant ? constantLanes(constant) : computedLanes(result.value);
  Value base = buffers[kernel.body->getNumArguments() + number];
  lanes.store(at, base, elementType(result.value), result.access, value);
}

/// True if an earlier stage has left the values of `statement` in memory.
bool KernelEmitter::isKept(const Statement &statement) const {
  const std::set<unsigned> &stages = plan.needs.find(statement.op)->second;
  return stage > *stages.begin() &&
         (plan.scratchOffset.contains(statement.op) || isStored(kernel, statement));
}

Value KernelEmitter::scratchBase(Value value) {
  int64_t offset = plan.scratchOffset.lookup(value.getDefiningOp());
  for (Value earlier : value.getDefiningOp()->getResults()) {
    if (earlier == value)
      break;
    unsigned bytes = memoryType(elementType(earlier)).getIntOrFloatBitWidth() / 8;
    offset += llvm::alignTo(plan.scratchElements() * bytes, 64);
  }
  return LLVM::GEPOp::create(b, scratch.getType(), b.getI8Type(), scratch,
                             ValueRange{lanes.constantI64(offset)});
}

/// Where scratch is accessed: rows are padded to whole vectors, so no masks are
/// needed, and with lanes along P there is room for one block only.
Position KernelEmitter::scratchPosition() {
  Position position = at;
  position.tailLanes = 0;
  if (plan.vectorInP())
    position.index[*plan.vectorDim] = lanes.constantI64(0);
  return position;
}

void KernelEmitter::storeScratch(const Statement &statement) {
  for (Value value : statement.op->getResults()) {
    Lanes stored = computedLanes(value);
    lanes.store(scratchPosition(), scratchBase(value), elementType(value), plan.scratchAccess(),
                stored);
  }
}

Lanes KernelEmitter::readKept(Value value) {
  Lanes kept;
  if (plan.scratchOffset.contains(value.getDefiningOp())) {
    kept =
        lanes.load(scratchPosition(), scratchBase(value), elementType(value), plan.scratchAccess());
  } else {
    const auto *result = llvm::find_if(kernel.results, [&](auto &r) { return r.value == value; });
    unsigned number = kernel.body->getNumArguments() + (result - kernel.results.begin());
    kept = lanes.load(at, buffers[number], elementType(value), result->access);
  }
  scopes.back().values[value] = kept;
  return kept;
}

} // namespace

KernelInfo getKernelInfo(const KernelAnalysis &kernel, const CpuTarget &target) {
  // A few microseconds of work, as waking a thread costs about one.
  constexpr double leastWork = 8000;
  KernelPlan plan = planKernel(kernel, target);
  KernelInfo info;
  info.extent = plan.numParts();
  double parts = std::min(leastWork / std::max(plan.cost, 1.0), 1.0) * info.extent;
  info.grain = std::max<int64_t>(std::ceil(parts), 1);
  return info;
}

FailureOr<KernelInfo> getKernelInfo(Region &body, const CpuTarget &target) {
  FailureOr<KernelAnalysis> kernel = analyzeKernel(body);
  if (failed(kernel))
    return failure();
  return getKernelInfo(*kernel, target);
}

void emitKernel(const KernelAnalysis &kernel, const CpuTarget &target, Region &code) {
  Location loc = kernel.body->getLoc();
  Type i64 = IntegerType::get(code.getContext(), 64);
  Type pointer = LLVM::LLVMPointerType::get(code.getContext());
  code.emplaceBlock().addArguments({i64, i64, pointer}, {loc, loc, loc});
  KernelPlan plan = planKernel(kernel, target);
  KernelEmitter(plan, code).emit();
}

func::FuncOp createKernelFunction(OpBuilder &builder, StringRef name, const KernelAnalysis &kernel,
                                  const CpuTarget &target) {
  Type i64 = builder.getI64Type();
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto func = func::FuncOp::create(builder, kernel.body->getLoc(), name,
                                   builder.getFunctionType({i64, i64, pointer}, {}));
  emitKernel(kernel, target, func.getBody());
  return func;
}

bool isKernelFunction(func::FuncOp func) {
  auto isTensor = [](Type type) { return isa<RankedTensorType>(type); };
  return !func.isDeclaration() && func.getNumResults() > 0 &&
         llvm::all_of(func.getArgumentTypes(), isTensor) &&
         llvm::all_of(func.getResultTypes(), isTensor);
}

LogicalResult lowerKernelFunction(func::FuncOp func, const CpuTarget &target) {
  FailureOr<KernelAnalysis> kernel = analyzeKernel(func.getBody());
  if (failed(kernel))
    return failure();
  // The code is built beside the old body, which the plan still points into.
  Region code(func);
  emitKernel(*kernel, target, code);
  func.setType(FunctionType::get(func.getContext(), code.getArgumentTypes(), {}));
  func.removeArgAttrsAttr();
  func.removeResAttrsAttr();
  func.getBody().takeBody(code);
  return success();
}

} // namespace dsc::cpu
