//===- ExecDialect.cpp - Registration and syntax of the exec dialect ------===//

#include "dialects/Exec/ExecDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionImplementation.h"

using namespace mlir;
using namespace dsc::exec;

#include "dialects/Exec/ExecDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Exec/ExecOps.cpp.inc"

void ExecDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Exec/ExecOps.cpp.inc"
      >();
}

template <typename OpTy>
static void buildFunction(OpBuilder &builder, OperationState &state, StringRef name,
                          FunctionType type) {
  state.addAttribute(OpTy::getSymNameAttrName(state.name), builder.getStringAttr(name));
  state.addAttribute(OpTy::getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  Block &block = state.addRegion()->emplaceBlock();
  for (Type input : type.getInputs()) {
    block.addArgument(input, state.location);
  }
}

template <typename OpTy>
static ParseResult parseFunction(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> inputs, ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag,
                      std::string &) { return builder.getFunctionType(inputs, results); };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false, OpTy::getFunctionTypeAttrName(result.name),
      buildType, OpTy::getArgAttrsAttrName(result.name), OpTy::getResAttrsAttrName(result.name));
}

template <typename OpTy> static void printFunction(OpAsmPrinter &printer, OpTy op) {
  function_interface_impl::printFunctionOp(printer, op, /*isVariadic=*/false,
                                           op.getFunctionTypeAttrName(), op.getArgAttrsAttrName(),
                                           op.getResAttrsAttrName());
}

bool LaunchOp::sharesBatchWith(Operation *other) {
  auto launch = dyn_cast_or_null<LaunchOp>(other);
  return getBatch() && launch && launch.getBatch() == getBatch() &&
         launch->getBlock() == (*this)->getBlock();
}

void ProgramOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                      FunctionType type) {
  buildFunction<ProgramOp>(builder, state, name, type);
}
ParseResult ProgramOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseFunction<ProgramOp>(parser, result);
}
void ProgramOp::print(OpAsmPrinter &printer) { printFunction(printer, *this); }

void KernelOp::build(OpBuilder &builder, OperationState &state, StringRef name, FunctionType type) {
  buildFunction<KernelOp>(builder, state, name, type);
}
ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseFunction<KernelOp>(parser, result);
}
void KernelOp::print(OpAsmPrinter &printer) { printFunction(printer, *this); }

//===----------------------------------------------------------------------===//
// Regions that run several times
//===----------------------------------------------------------------------===//

bool dsc::exec::isRepeated(Operation *op) { return isa<RepeatOp, LoopOp>(op); }

static int64_t countIterations(Operation *op) {
  if (auto loop = dyn_cast<LoopOp>(op)) {
    return static_cast<int64_t>(loop.getCount());
  }
  auto repeat = dyn_cast<RepeatOp>(op);
  return repeat ? static_cast<int64_t>(repeat.getCount()) : 1;
}

int64_t dsc::exec::countRuns(Operation *op) {
  int64_t runs = 1;
  for (Operation *parent = op->getParentOp(); parent; parent = parent->getParentOp()) {
    runs *= countIterations(parent);
  }
  return runs;
}

/// A carried value is where the iteration behind the last one would read it.
int64_t dsc::exec::getOffset(OpResult result) {
  Operation *op = result.getOwner();
  unsigned index = result.getResultNumber();
  int64_t offset = op->getAttrOfType<DenseI64ArrayAttr>("offsets")[index];
  auto loop = dyn_cast<LoopOp>(op);
  bool moves = loop && loop.getStrides() && index < loop.getCarry().size();
  return moves ? offset + countIterations(loop) * (*loop.getStrides())[index] : offset;
}

static LogicalResult verifyTypes(LoopOp loop, StringRef label, StringRef what, TypeRange got,
                                 ArrayRef<Type> expected) {
  if (llvm::equal(got, expected)) {
    return success();
  }
  return loop.emitOpError() << label << ": expected " << what << " of types " << expected
                            << ", got " << got;
}

/// Types of what a region gets or yields: the carried values, and rows of `stacks`.
static SmallVector<Type> iterationTypes(LoopOp loop, TypeRange stacks) {
  SmallVector<Type> types(loop.getCarry().getTypes());
  for (Type type : stacks) {
    auto stack = cast<RankedTensorType>(type);
    types.push_back(stack.clone(stack.getShape().drop_front()));
  }
  return types;
}

LogicalResult LoopOp::verify() {
  auto count = static_cast<int64_t>(getCount());
  if (count <= 0) {
    return emitOpError() << "C1: expected a positive count, got " << count;
  }
  for (Type type : llvm::concat<Type>(SmallVector<Type>(getInputs().getTypes()),
                                      SmallVector<Type>(getOutputs().getTypes()))) {
    auto stack = cast<RankedTensorType>(type);
    if (stack.getRank() == 0 || stack.getDimSize(0) != count) {
      return emitOpError() << "C1: expected inputs and outputs of " << count << " rows, got "
                           << stack;
    }
  }
  Operation *yield = getBlock()->empty() ? nullptr : &getBlock()->back();
  if (!isa_and_nonnull<YieldOp>(yield)) {
    return emitOpError("C3: expected the region to end in exec.yield");
  }
  SmallVector<Type> carried(getCarry().getTypes());
  if (failed(verifyTypes(*this, "C2", "carried results", getCarried().getTypes(), carried)) ||
      failed(verifyTypes(*this, "C2", "block arguments", getBlock()->getArgumentTypes(),
                         iterationTypes(*this, getInputs().getTypes())))) {
    return failure();
  }
  return verifyTypes(*this, "C3", "yielded values", yield->getOperandTypes(),
                     iterationTypes(*this, getOutputs().getTypes()));
}
