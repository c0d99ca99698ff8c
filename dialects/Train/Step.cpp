//===- Step.cpp - Variables, and the shape of a training step -------------===//

#include "dialects/Train/TrainDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionImplementation.h"

using namespace mlir;
using namespace dsc::train;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

//===----------------------------------------------------------------------===//
// Variables
//===----------------------------------------------------------------------===//

LogicalResult VariableOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type || !type.hasStaticShape()) {
    return emitOpError() << "expected a statically shaped tensor type, got " << getType();
  }
  if (auto elements = dyn_cast<ElementsAttr>(getInit())) {
    if (elements.getShapedType() != type) {
      return emitOpError() << "expected an initial value of type " << type << ", got "
                           << elements.getShapedType();
    }
  } else if (!isa<WeightsAttr, NormalAttr, UniformInitAttr>(getInit())) {
    return emitOpError("expected #train.weights, #train.normal, #train.uniform or a dense "
                       "attribute as initial value");
  }
  if (auto uniform = dyn_cast<UniformInitAttr>(getInit())) {
    if (!(uniform.getLow().getValueAsDouble() <= uniform.getHigh().getValueAsDouble())) {
      return emitOpError("expected the low end of #train.uniform not to be above its high end");
    }
  }
  if (auto normal = dyn_cast<NormalAttr>(getInit())) {
    if (!(normal.getStddev().getValueAsDouble() >= 0)) {
      return emitOpError("expected the standard deviation of #train.normal not to be negative");
    }
  }
  if ((getRole() == VariableRole::Slot) != getOwner().has_value()) {
    return emitOpError("a slot, and nothing else, names its owner");
  }
  return success();
}

static LogicalResult verifyVariableUse(Operation *op, FlatSymbolRefAttr symbol, Type type,
                                       SymbolTableCollection &tables) {
  auto variable = tables.lookupNearestSymbolFrom<VariableOp>(op, symbol);
  if (!variable) {
    return op->emitOpError() << "C1: no variable is called " << symbol;
  }
  if (variable.getType() != type) {
    return op->emitOpError() << "C1: variable " << symbol << " has type " << variable.getType()
                             << ", got " << type;
  }
  return success();
}

LogicalResult ReadOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyVariableUse(*this, getVariableAttr(), getType(), tables);
}
LogicalResult WriteOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyVariableUse(*this, getVariableAttr(), getValue().getType(), tables);
}

LogicalResult ScalarOp::verify() {
  if (typeOf(getValue()).getRank() == 0) {
    return success();
  }
  return emitOpError() << "C1: expected a result of rank 0, got " << getType();
}

/// Writes are few and adjacent: only those before this one in its block count.
LogicalResult WriteOp::verify() {
  if (!isa_and_nonnull<FunctionOpInterface>((*this)->getParentOp())) {
    return emitOpError("C3: stands inside a region, not in a program's body");
  }
  for (Operation *op = (*this)->getPrevNode(); op; op = op->getPrevNode()) {
    auto write = dyn_cast<WriteOp>(op);
    if (write && write.getVariableAttr() == getVariableAttr()) {
      auto diag = emitOpError() << "C2: variable " << getVariableAttr() << " is written twice";
      diag.attachNote(write.getLoc()) << "the first write is here";
      return diag;
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Step
//===----------------------------------------------------------------------===//

void StepOp::build(OpBuilder &builder, OperationState &state, StringRef name, FunctionType type) {
  state.addAttribute(getSymNameAttrName(state.name), builder.getStringAttr(name));
  state.addAttribute(getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  Block &block = state.addRegion()->emplaceBlock();
  for (Type input : type.getInputs()) {
    block.addArgument(input, state.location);
  }
}

ParseResult StepOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> inputs, ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag,
                      std::string &) { return builder.getFunctionType(inputs, results); };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false, getFunctionTypeAttrName(result.name), buildType,
      getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void StepOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, *this, /*isVariadic=*/false,
                                           getFunctionTypeAttrName(), getArgAttrsAttrName(),
                                           getResAttrsAttrName());
}

LogicalResult ReturnOp::verify() {
  auto step = cast<StepOp>((*this)->getParentOp());
  if (getOperandTypes() != TypeRange(step.getResultTypes())) {
    return emitOpError("operand types differ from the step's result types");
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Micro-batches
//===----------------------------------------------------------------------===//

RankedTensorType MicrobatchOp::getSliceType(Type batch, int64_t count) {
  auto type = cast<RankedTensorType>(batch);
  SmallVector<int64_t> shape(type.getShape());
  shape[0] /= count;
  return type.clone(shape);
}

/// C1, and that the block's arguments are number, slices and carried values.
static LogicalResult verifyBlockArguments(MicrobatchOp op) {
  int64_t count = static_cast<int64_t>(op.getCount());
  SmallVector<Type> expected = {RankedTensorType::get({}, IntegerType::get(op.getContext(), 64))};
  for (Value batch : op.getBatch()) {
    if (count <= 0 || typeOf(batch).getRank() == 0 || typeOf(batch).getDimSize(0) % count != 0) {
      return op.emitOpError() << "C1: " << count << " micro-batches do not divide "
                              << batch.getType();
    }
    expected.push_back(MicrobatchOp::getSliceType(batch.getType(), count));
  }
  llvm::append_range(expected, op.getCarry().getTypes());
  if (TypeRange(op.getBlock()->getArgumentTypes()) != TypeRange(expected)) {
    return op.emitOpError("C2: block arguments must be the number (tensor<i64>), the micro-batch's "
                          "rows of each batch, and the carried values");
  }
  return success();
}

LogicalResult MicrobatchOp::verify() {
  if (failed(verifyBlockArguments(*this))) {
    return failure();
  }
  auto yield = dyn_cast<YieldOp>(getBlock()->getTerminator());
  if (!yield) {
    return emitOpError("expected the region to end in train.yield");
  }
  if (yield.getSums().getTypes() != getSums().getTypes() ||
      yield.getCarry().getTypes() != getCarried().getTypes() ||
      yield.getCarry().getTypes() != getCarry().getTypes()) {
    return emitOpError("C2: yielded sums or carried values differ in type from the results");
  }
  if (yield.getStacks().size() != getStacks().size()) {
    return emitOpError("C2: expected one result per yielded stack");
  }
  for (auto [part, whole] : llvm::zip_equal(yield.getStacks(), getStacks())) {
    bool isScalar = typeOf(whole).getRank() == 0;
    Type slice = isScalar ? whole.getType()
                          : getSliceType(whole.getType(), static_cast<int64_t>(getCount()));
    if (part.getType() != slice) {
      return emitOpError() << "C2: expected a yielded stack of type " << slice << ", got "
                           << part.getType();
    }
  }
  return success();
}
