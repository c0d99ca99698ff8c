//===- KernelValues.cpp - What is computed and stored in the loops -------===//
//
// Bodies of generics are cloned at vector type, once per copy; operands are
// loaded, found in a scope, read back where an earlier stage kept them, or computed
// again.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace dsc::cpu {

static Type elementType(Value tensor) {
  return cast<ShapedType>(tensor.getType()).getElementType();
}

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
  for (const Scope &scope : llvm::reverse(scopes)) {
    for (const auto &[known, loaded] : scope.loads)
      if (known == key)
        return loaded;
  }
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
  for (OpOperand &operand : op->getOpOperands()) {
    if (op.payloadUsesValueFromOperand(&operand) && (outputs.empty() || !op.isDpsInit(&operand)))
      local[op.getMatchingBlockArgument(&operand)] =
          operandLanes(statement, operand.getOperandNumber());
  }
  for (auto [arg, output] : llvm::zip(op.getRegionOutputArgs(), outputs))
    local[arg] = output;
  for (Operation &inner : body.without_terminator()) {
    for (auto [result, value] :
         llvm::zip_equal(inner.getResults(), evaluateOperation(inner, local)))
      local[result] = value;
  }

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
  bool uniform = llvm::all_of(operands, [](const Lanes &operand) { return operand.uniform; });
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

} // namespace dsc::cpu
