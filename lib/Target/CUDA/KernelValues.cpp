//===- KernelValues.cpp - What is computed and stored in a kernel ---------===//
//
// Bodies of generics become scalar code where their value is needed; operands are
// loaded, found in a scope, read back where an earlier stage stored them, or
// computed again.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"

using namespace mlir;

namespace dsc::cuda {

//===----------------------------------------------------------------------===//
// Arithmetic on positions
//===----------------------------------------------------------------------===//

/// The number a literal shows, if it is one.
static std::optional<int64_t> getNumber(Value value) {
  int64_t number = 0;
  auto literal = value.getDefiningOp<emitc::LiteralOp>();
  if (!literal || literal.getValue().getAsInteger(10, number))
    return std::nullopt;
  return number;
}

Value KernelEmitter::multiply(Value value, int64_t factor) {
  if (factor == 1)
    return value;
  if (std::optional<int64_t> number = getNumber(value))
    return code.integer(*number * factor, code.indexType);
  return emitc::MulOp::create(b, code.loc, code.indexType, value,
                              code.integer(factor, code.indexType));
}

Value KernelEmitter::add(Value x, Value y) {
  if (getNumber(x) == 0)
    return y;
  if (getNumber(y) == 0)
    return x;
  return emitc::AddOp::create(b, code.loc, code.indexType, x, y);
}

/// Divisions are of numbers that are not negative, except in index expressions.
Value KernelEmitter::binary(AffineExprKind kind, Value x, Value y) {
  switch (kind) {
  case AffineExprKind::FloorDiv:
    return emitc::DivOp::create(b, code.loc, code.indexType, x, y);
  case AffineExprKind::Mod:
    return emitc::RemOp::create(b, code.loc, code.indexType, x, y);
  case AffineExprKind::CeilDiv:
    return code.call("ceilDivide", code.indexType, {x, y});
  case AffineExprKind::Mul:
    return emitc::MulOp::create(b, code.loc, code.indexType, x, y);
  default:
    return add(x, y);
  }
}

Value KernelEmitter::evaluateExpression(AffineExpr expr, AffineMap map, ArrayRef<Value> operands) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return code.integer(constant.getValue(), code.indexType);
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return operands[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return operands[map.getNumDims() + symbol.getPosition()];
  auto pair = cast<AffineBinaryOpExpr>(expr);
  Value lhs = evaluateExpression(pair.getLHS(), map, operands);
  Value rhs = evaluateExpression(pair.getRHS(), map, operands);
  // An index may be shifted below zero, where C rounds the other way.
  if (expr.getKind() == AffineExprKind::FloorDiv)
    return code.call("floorDivide", code.indexType, {lhs, rhs});
  if (expr.getKind() == AffineExprKind::Mod)
    return code.call("floorModulo", code.indexType, {lhs, rhs});
  return binary(expr.getKind(), lhs, rhs);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

const Value *KernelEmitter::find(Value tensor) const {
  for (const Scope &scope : llvm::reverse(scopes))
    if (auto it = scope.values.find(tensor); it != scope.values.end())
      return &it->second;
  return nullptr;
}

/// True if a stage before has left the values of `statement` in results.
bool KernelEmitter::isStoredBefore(const Statement &statement, unsigned inStage) const {
  auto it = needs.find(statement.op);
  return form.kind != KernelForm::Elements && statement.overQ && !statement.reduces &&
         it != needs.end() && !it->second.empty() && inStage > *it->second.begin() &&
         isStored(kernel, statement);
}

/// The number of the result that holds `tensor`.
unsigned KernelEmitter::resultOf(Value tensor) const {
  return llvm::find_if(kernel.results, [&](auto &r) { return r.value == tensor; }) -
         kernel.results.begin();
}

Value KernelEmitter::valueOf(Value tensor) {
  if (const Value *known = find(tensor))
    return *known;
  if (TypedAttr constant = getUniformConstant(tensor)) {
    Value literal = code.constant(constant);
    return literal ? literal
                   : fail(tensor.getDefiningOp(), "CUDA kernels have no constants of this type yet",
                          getElementTypeOrSelf(tensor));
  }
  const Statement *statement = kernel.producer(tensor);
  if (isStoredBefore(*statement, stage)) {
    unsigned result = resultOf(tensor);
    return load(kernel.body->getNumArguments() + result, kernel.results[result].access);
  }
  evaluate(*statement);
  return *find(tensor);
}

Value KernelEmitter::operandValue(const Statement &statement, unsigned number) {
  Value tensor = statement.op->getOperand(number);
  if (auto argument = dyn_cast<BlockArgument>(tensor))
    return load(argument.getArgNumber(), statement.accesses[number]);
  return valueOf(tensor);
}

/// Runs the body of a statement once. Values of reductions stay with the caller.
SmallVector<Value> KernelEmitter::evaluate(const Statement &statement, ArrayRef<Value> outputs) {
  linalg::GenericOp op = statement.op;
  Block &body = *op.getBody();
  llvm::DenseMap<Value, Value> local;
  for (OpOperand &operand : op->getOpOperands()) {
    if (op.payloadUsesValueFromOperand(&operand) && (outputs.empty() || !op.isDpsInit(&operand)))
      local[op.getMatchingBlockArgument(&operand)] =
          operandValue(statement, operand.getOperandNumber());
  }
  for (auto [argument, output] : llvm::zip(op.getRegionOutputArgs(), outputs))
    local[argument] = output;
  for (Operation &inner : body.without_terminator())
    local[inner.getResult(0)] = evaluateOp(inner, local);

  SmallVector<Value> results;
  for (auto [result, yielded] :
       llvm::zip_equal(op->getResults(), body.getTerminator()->getOperands())) {
    auto it = local.find(yielded);
    Value value = it != local.end() ? it->second : code.constant(getUniformConstant(yielded));
    results.push_back(value ? value
                            : fail(op, "CUDA kernels have no constants of this type yet",
                                   getElementTypeOrSelf(result)));
    if (!statement.reduces)
      scopes.back().values[result] = results.back();
  }
  return results;
}

Value KernelEmitter::evaluateOp(Operation &op, llvm::DenseMap<Value, Value> &local) {
  Type type = code.typeOf(op.getResult(0).getType());
  if (auto position = dyn_cast<linalg::IndexOp>(op)) {
    Value first = index[position.getDim()];
    return lane && position.getDim() == form.lastDim().innermost ? add(first, lane) : first;
  }
  SmallVector<Value> operands;
  for (Value operand : op.getOperands()) {
    auto it = local.find(operand);
    TypedAttr constant = it == local.end() ? getUniformConstant(operand) : TypedAttr();
    operands.push_back(it != local.end() ? it->second
                       : constant        ? code.constant(constant)
                                         : Value());
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return evaluateExtract(extract, ArrayRef<Value>(operands).drop_front());
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    return evaluateExpression(apply.getAffineMap().getResult(0), apply.getAffineMap(), operands);
  if (TypedAttr constant = getUniformConstant(op.getResult(0))) {
    if (Value literal = code.constant(constant))
      return literal;
  }
  Value result = op.getNumResults() == 1 ? buildScalarOp(code, op, operands) : Value();
  if (!result)
    return fail(&op,
                "the CUDA target has no code for " + op.getName().getStringRef() +
                    " on this type yet; compile for the cpu target",
                type);
  return name(result, getResultNoun(&op));
}

/// tensor.extract of an operand at computed indices.
Value KernelEmitter::evaluateExtract(tensor::ExtractOp op, ArrayRef<Value> indices) {
  auto type = cast<RankedTensorType>(op.getTensor().getType());
  Value offset = code.integer(0, code.indexType);
  for (auto [position, extent] : llvm::zip_equal(indices, type.getShape()))
    offset = add(multiply(offset, extent), position);
  unsigned argument = cast<BlockArgument>(op.getTensor()).getArgNumber();
  return loadFrom(argument, elementAt(argument, offset));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value KernelEmitter::address(const LinearAccess &access) {
  for (const Scope &scope : llvm::reverse(scopes))
    for (const auto &[known, value] : scope.addresses)
      if (known == access)
        return value;
  Value sum = code.integer(0, code.indexType);
  auto addDims = [&](ArrayRef<LoopDim> dims, StringRef ofPart) {
    for (const LoopDim &dim : dims) {
      int64_t stride = access.strides[dim.innermost];
      Value position = index[dim.innermost];
      if (form.anySize && stride > 1)
        sum = add(sum, binary(AffineExprKind::Mul, position, code.literal(ofPart, code.indexType)));
      else if (stride != 0)
        sum = add(sum, multiply(position, stride));
    }
  };
  addDims(form.parallel, "part.columns");
  addDims(form.inner, "part.rows");
  if (access.offset != 0)
    sum = add(sum, code.integer(access.offset, code.indexType));
  bool isNew = sum.getDefiningOp() && !sum.getDefiningOp()->hasAttr(kNameAttr);
  scopes.back().addresses.emplace_back(access, isNew ? name(sum, "at") : sum);
  return sum;
}

/// Where this iteration touches a buffer; of a thread's four elements, each.
Value KernelEmitter::elementPosition(const LinearAccess &access) {
  int64_t stride = lane ? access.strides[form.lastDim().innermost] : 0;
  Value first = address(access);
  return stride == 0 ? first : name(add(first, multiply(lane, stride)), "at");
}

Value KernelEmitter::load(unsigned argument, const LinearAccess &access) {
  for (const Scope &scope : llvm::reverse(scopes))
    for (const auto &[known, place, value] : scope.loads)
      if (known == argument && place == access)
        return value;
  const Four *four = lane ? findFour({argument, access}) : nullptr;
  Value element = four ? elementOf(*four) : elementAt(argument, elementPosition(access));
  Value value = loadFrom(argument, element);
  // A result may be stored again by a later iteration, an operand stays.
  if (argument < kernel.body->getNumArguments())
    scopes.back().loads.emplace_back(argument, access, value);
  return value;
}

/// Of an operand, or a result behind them.
Type KernelEmitter::elementType(unsigned argument) const {
  unsigned numOperands = kernel.body->getNumArguments();
  return code.typeOf(getElementTypeOrSelf(argument < numOperands
                                              ? kernel.body->getArgument(argument)
                                              : kernel.results[argument - numOperands].value));
}

Value KernelEmitter::elementAt(unsigned argument, Value position) {
  return emitc::SubscriptOp::create(b, code.loc, emitc::LValueType::get(elementType(argument)),
                                    pointers[argument], ValueRange(position));
}

Value KernelEmitter::loadFrom(unsigned argument, Value element) {
  Value value = emitc::LoadOp::create(b, code.loc, elementType(argument), element);
  return name(value, names[argument] + "_value");
}

void KernelEmitter::store(unsigned result, Value value) {
  unsigned argument = kernel.body->getNumArguments() + result;
  const LinearAccess &access = kernel.results[result].access;
  const Four *four = lane ? findFour({argument, access}) : nullptr;
  Value element = four ? elementOf(*four) : elementAt(argument, address(access));
  emitc::AssignOp::create(b, code.loc, element, value);
}

} // namespace dsc::cuda
