//===- LowerToExec.cpp - Training programs to loop nests and calls --------===//

#include "dsc/Analysis/Origins.h"
#include "dsc/Lowering/Passes.h"
#include "lib/Lowering/ExecLowering.h"
#include "lib/Lowering/Signless.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/STLExtras.h"

namespace dsc {
#define GEN_PASS_DEF_LOWERTOEXECPASS
#include "dsc/Lowering/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

LoweringRegistry LoweringRegistry::makeFor(const TargetModel &target) {
  LoweringRegistry registry;
  registerElementwiseLowerings(registry);
  registerReduceLowerings(registry);
  registerLinearLowerings(registry, target);
  registerLoopLowerings(registry);
  registerPoolLowerings(registry);
  registerIndexLowerings(registry);
  registerAttentionLowerings(registry);
  registerMoveLowerings(registry);
  registerRandomLowerings(registry);
  registerOptimizerLowerings(registry, target);
  return registry;
}

bool dsc::isDeferred(Operation *op) {
  return isa<train::ConstantOp, train::IotaOp, train::ReshapeOp, train::TransposeOp,
             train::BroadcastOp, train::SliceOp, train::ReadOp, train::ScalarOp>(op);
}

SmallVector<Operation *> dsc::replaceByParts(train::DecomposableOpInterface op) {
  OpBuilder builder(op);
  Operation *before = op->getPrevNode();
  op->replaceAllUsesWith(op.decompose(builder));
  SmallVector<Operation *> parts;
  Operation *part = before ? before->getNextNode() : &op->getBlock()->front();
  for (; part != op; part = part->getNextNode()) {
    parts.push_back(part);
  }
  return parts;
}

LogicalResult ExecLowering::lower(Operation *op) {
  bool isDone = op->getNumResults() > 0 && llvm::all_of(op->getResults(), [&](Value v) {
                  return v.use_empty() || isLowered(v);
                });
  if (isDone || isDeferred(op) || absorbed.contains(op)) {
    return success();
  }
  if (auto write = dyn_cast<train::WriteOp>(op)) {
    exec::WriteOp::create(builder, op->getLoc(), write.getVariableAttr(),
                          materialize(write.getValue()));
    return success();
  }
  auto isF64 = [](Type type) { return getElementTypeOrSelf(type).isF64(); };
  if (registry.computesInF32(op) && llvm::any_of(op->getOperandTypes(), isF64)) {
    return op->emitError() << "'" << op->getName() << "' on f64 is not supported on this target";
  }
  if (const LoweringRegistry::Lower *lowerOp = registry.find(op)) {
    return (*lowerOp)(op, *this);
  }
  return op->emitError() << "'" << op->getName() << "' cannot be lowered to this target";
}

namespace {
/// Lowers one program (train.step or func.func) into an exec.program.
class ProgramLowering {
public:
  ProgramLowering(FunctionOpInterface function, OpBuilder &builder,
                  const LoweringRegistry &registry)
      : function(function), builder(builder), lowering(builder, registry) {}

  LogicalResult run();
  ExecLowering &getLowering() { return lowering; }

private:
  exec::ProgramOp createProgram();
  LogicalResult lowerBlock(Block &block);
  LogicalResult lowerMicrobatch(train::MicrobatchOp op);
  LogicalResult inlineMicrobatch(train::MicrobatchOp op);
  LogicalResult repeatMicrobatch(train::MicrobatchOp op);
  SmallVector<Value> initialValues(train::MicrobatchOp op);
  SmallVector<Value> enterRepeat(train::MicrobatchOp op, exec::RepeatOp repeat);
  void offerAccumulators(train::MicrobatchOp op, ArrayRef<Value> carried);
  SmallVector<Value> nextValues(train::MicrobatchOp op, ArrayRef<Value> carried);
  Value buildAccumulation(Location loc, Value accumulator, Value part, int64_t share);
  Value buildStack(Location loc, Value stack, Value part, int64_t count, Value number);
  LogicalResult lowerTerminator(Operation *terminator);

  FunctionOpInterface function;
  OpBuilder &builder;
  ExecLowering lowering;
};
} // namespace

/// Arguments and results keep their names.
exec::ProgramOp ProgramLowering::createProgram() {
  auto type = builder.getFunctionType(function.getArgumentTypes(), function.getResultTypes());
  auto program = exec::ProgramOp::create(builder, function.getLoc(), function.getName(), type);
  auto nameOf = [&](Attribute name) {
    return builder.getDictionaryAttr(builder.getNamedAttr(exec::kNameAttr, name));
  };
  SmallVector<Attribute> arguments, results;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    Attribute name = function.getArgAttr(i, train::kNameAttr);
    arguments.push_back(nameOf(name ? name : builder.getStringAttr("arg" + Twine(i))));
  }
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    Attribute name = function.getResultAttr(i, train::kNameAttr);
    results.push_back(nameOf(name ? name : builder.getStringAttr("result" + Twine(i))));
  }
  program.setArgAttrsAttr(builder.getArrayAttr(arguments));
  program.setResAttrsAttr(builder.getArrayAttr(results));
  return program;
}

LogicalResult ProgramLowering::run() {
  exec::ProgramOp program = createProgram();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(program.getBlock());
  Block &block = function.getFunctionBody().front();
  for (auto [from, to] :
       llvm::zip_equal(block.getArguments(), program.getBlock()->getArguments())) {
    lowering.set(from, to);
  }
  return lowerBlock(block);
}

LogicalResult ProgramLowering::lowerBlock(Block &block) {
  // Lowerings may insert train ops before the one they lower; those are lowered
  // by whoever inserted them.
  for (Operation &op : llvm::make_early_inc_range(block)) {
    LogicalResult result = success();
    if (op.hasTrait<OpTrait::IsTerminator>()) {
      result = lowerTerminator(&op);
    } else if (auto microbatch = dyn_cast<train::MicrobatchOp>(op)) {
      result = lowerMicrobatch(microbatch);
    } else {
      result = lowering.lower(&op);
    }
    if (failed(result)) {
      return failure();
    }
  }
  return success();
}

LogicalResult ProgramLowering::lowerTerminator(Operation *terminator) {
  if (isa<train::YieldOp>(terminator)) {
    return success(); // the micro-batch's lowering reads it
  }
  SmallVector<Value> values;
  for (Value value : terminator->getOperands()) {
    values.push_back(lowering.materialize(value));
  }
  exec::ReturnOp::create(builder, terminator->getLoc(), values);
  return success();
}

LogicalResult ProgramLowering::lowerMicrobatch(train::MicrobatchOp op) {
  return op.getCount() == 1 ? inlineMicrobatch(op) : repeatMicrobatch(op);
}

LogicalResult ProgramLowering::inlineMicrobatch(train::MicrobatchOp op) {
  Block *block = op.getBlock();
  auto number = RankedTensorType::get({}, builder.getI64Type());
  lowering.set(block->getArgument(0),
               exec::ScalarOp::create(builder, op.getLoc(), number,
                                      builder.getStringAttr("microbatch"), nullptr, nullptr));
  for (auto [argument, operand] :
       llvm::zip_equal(block->getArguments().drop_front(), op->getOperands())) {
    lowering.set(argument, lowering.materialize(operand));
  }
  if (failed(lowerBlock(*block))) {
    return failure();
  }
  for (auto [result, yielded] :
       llvm::zip_equal(op->getResults(), block->getTerminator()->getOperands())) {
    lowering.set(result, lowering.materialize(yielded));
  }
  return success();
}

/// accumulator + part / share, of two elements.
static Value addShare(OpBuilder &b, Location loc, Value accumulator, Value part, int64_t share) {
  Type type = part.getType();
  if (isa<FloatType>(type)) {
    if (share != 1) {
      auto factor = b.getFloatAttr(type, 1.0 / static_cast<double>(share));
      part = arith::MulFOp::create(b, loc, part, arith::ConstantOp::create(b, loc, factor));
    }
    return arith::AddFOp::create(b, loc, accumulator, part);
  }
  if (share != 1) {
    auto divisor = b.getIntegerAttr(type, share);
    part = arith::DivSIOp::create(b, loc, part, arith::ConstantOp::create(b, loc, divisor));
  }
  return arith::AddIOp::create(b, loc, accumulator, part);
}

/// The parallel nest accumulator + part / share.
Value ProgramLowering::buildAccumulation(Location loc, Value accumulator, Value part,
                                         int64_t share) {
  auto type = cast<RankedTensorType>(accumulator.getType());
  AffineMap identity = AffineMap::getMultiDimIdentityMap(static_cast<unsigned>(type.getRank()),
                                                         builder.getContext());
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  SmallVector<utils::IteratorType> iterators(static_cast<size_t>(type.getRank()),
                                             utils::IteratorType::parallel);
  auto nest =
      linalg::GenericOp::create(builder, loc, type, ValueRange{accumulator, part}, empty,
                                ArrayRef<AffineMap>{identity, identity, identity}, iterators,
                                [share](OpBuilder &b, Location l, ValueRange x) {
                                  linalg::YieldOp::create(b, l, addShare(b, l, x[0], x[1], share));
                                });
  return nest.getResult(0);
}

/// Writes micro-batch `number`'s rows into the stack; of scalars it is the mean.
Value ProgramLowering::buildStack(Location loc, Value stack, Value part, int64_t count,
                                  Value number) {
  if (cast<RankedTensorType>(stack.getType()).getRank() == 0) {
    return buildAccumulation(loc, stack, part, count);
  }
  int64_t bytes = train::getTensorBytes(part.getType());
  Value result =
      lowering.buildCall(loc, "StackRows", stack.getType(), {part, number, stack}, {bytes, count},
                         {}, {0, 0, 0}, Cost::ofMoving(part.getType()))[0];
  result.getDefiningOp()->setAttr(kInPlaceAttr, builder.getI64IntegerAttr(2));
  return result;
}

/// What a repeat carries at first: sums start at zero, the model's state where it
/// is, stacks anywhere.
SmallVector<Value> ProgramLowering::initialValues(train::MicrobatchOp op) {
  SmallVector<Value> values;
  auto addZero = [&](Value like) {
    auto type = cast<RankedTensorType>(like.getType());
    auto zero =
        DenseElementsAttr::get(type, cast<TypedAttr>(builder.getZeroAttr(type.getElementType())));
    values.push_back(exec::ConstantOp::create(builder, op.getLoc(), type, zero));
  };
  llvm::for_each(op.getSums(), addZero);
  for (Value carry : op.getCarry()) {
    values.push_back(lowering.materialize(carry));
  }
  llvm::for_each(op.getStacks(), addZero);
  return values;
}

/// The region's block arguments, known to the lowering as those of the micro-batch.
/// Returns the carried ones.
SmallVector<Value> ProgramLowering::enterRepeat(train::MicrobatchOp op, exec::RepeatOp repeat) {
  Block *body = builder.createBlock(&repeat.getBody()), *from = op.getBlock();
  Location loc = op.getLoc();
  auto number = RankedTensorType::get({}, builder.getI64Type());
  lowering.set(from->getArgument(0),
               exec::ScalarOp::create(builder, loc, number, builder.getStringAttr("microbatch"),
                                      nullptr, nullptr));
  auto arguments = from->getArguments().drop_front();
  for (BlockArgument rows : arguments.take_front(op.getBatch().size())) {
    lowering.set(rows, body->addArgument(rows.getType(), loc));
  }
  SmallVector<Value> carried;
  for (Value init : repeat.getCarry()) {
    carried.push_back(body->addArgument(init.getType(), loc));
  }
  auto states = ArrayRef(carried).drop_front(op.getSums().size()).take_front(op.getCarry().size());
  for (auto [argument, state] :
       llvm::zip_equal(arguments.drop_front(op.getBatch().size()), states)) {
    lowering.set(argument, state);
  }
  return carried;
}

/// Calls may add their results to the sums so far.
void ProgramLowering::offerAccumulators(train::MicrobatchOp op, ArrayRef<Value> carried) {
  auto yield = cast<train::YieldOp>(op.getBlock()->getTerminator());
  for (auto [accumulator, part] : llvm::zip(carried, yield.getSums())) {
    lowering.offerAccumulator(part, accumulator);
  }
}

/// The carried values after one more micro-batch.
SmallVector<Value> ProgramLowering::nextValues(train::MicrobatchOp op, ArrayRef<Value> carried) {
  auto yield = cast<train::YieldOp>(op.getBlock()->getTerminator());
  SmallVector<Value> next;
  for (auto [accumulator, part] : llvm::zip(carried, yield.getSums())) {
    Value value = lowering.materialize(part);
    next.push_back(lowering.isToBeAdded(part)
                       ? buildAccumulation(value.getLoc(), accumulator, value, 1)
                       : value);
  }
  for (Value value : yield.getCarry()) {
    next.push_back(lowering.materialize(value));
  }
  Value number = lowering.materialize(op.getIndex());
  auto stacks = carried.take_back(op.getStacks().size());
  for (auto [stack, part] : llvm::zip_equal(stacks, yield.getStacks())) {
    next.push_back(buildStack(op.getLoc(), stack, lowering.materialize(part),
                              static_cast<int64_t>(op.getCount()), number));
  }
  return next;
}

/// The program's arguments of which micro-batches take rows.
static FailureOr<SmallVector<int64_t>> batchArguments(train::MicrobatchOp op) {
  SmallVector<int64_t> numbers;
  for (Value value : op.getBatch()) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument) {
      return op.emitError("expected micro-batches of the program's arguments");
    }
    numbers.push_back(argument.getArgNumber());
  }
  return numbers;
}

/// The region has its own constants, so that its kernels see what these hold rather than read it.
static void bringConstantsInside(train::MicrobatchOp op) {
  OpBuilder inBody = OpBuilder::atBlockBegin(op.getBlock());
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op.getBody(), captured);
  for (Value value : captured) {
    if (auto constant = value.getDefiningOp<train::ConstantOp>()) {
      Operation *own = inBody.clone(*constant);
      value.replaceUsesWithIf(own->getResult(0),
                              [&](OpOperand &use) { return op->isProperAncestor(use.getOwner()); });
    }
  }
}

LogicalResult ProgramLowering::repeatMicrobatch(train::MicrobatchOp op) {
  FailureOr<SmallVector<int64_t>> batch = batchArguments(op);
  if (failed(batch)) {
    return failure();
  }
  bringConstantsInside(op);
  SmallVector<Value> inits = initialValues(op);
  // Values from outside are materialized outside.
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op.getBody(), captured);
  for (Value value : captured) {
    lowering.materialize(value);
  }
  auto repeat =
      exec::RepeatOp::create(builder, op.getLoc(), ValueRange(inits).getTypes(), op.getCountAttr(),
                             builder.getDenseI64ArrayAttr(*batch), inits, nullptr);
  SmallVector<Value> carried = enterRepeat(op, repeat);
  offerAccumulators(op, carried);
  if (failed(lowerBlock(*op.getBlock()))) {
    return failure();
  }
  exec::YieldOp::create(builder, op.getLoc(), nextValues(op, carried));
  builder.setInsertionPointAfter(repeat);
  for (auto [result, value] : llvm::zip_equal(op->getResults(), repeat.getResults())) {
    lowering.set(result, value);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Whether the scan has so few steps that it is lowered step by step.
static bool isShort(Operation *op, int64_t unroll) {
  auto scan = dyn_cast<train::ScanOp>(op);
  return scan && static_cast<int64_t>(scan.getCount()) <= unroll;
}

/// Replaces whole ops without a lowering by their parts, and short scans by their steps.
static void decomposeRest(ModuleOp module, const LoweringRegistry &registry, int64_t unroll) {
  bool changed = true;
  while (changed) {
    changed = false;
    module.walk([&](train::DecomposableOpInterface op) {
      if (registry.find(op) && !isShort(op, unroll)) {
        return;
      }
      OpBuilder builder(op);
      SmallVector<Value> parts = op.decompose(builder);
      passGradientsOn(op, parts);
      op->replaceAllUsesWith(parts);
      op->erase();
      changed = true;
    });
  }
}

static void lowerVariable(OpBuilder &builder, train::VariableOp op) {
  exec::VariableOp::create(builder, op.getLoc(),
                           builder.getStringAttr(train::stringifyVariableRole(op.getRole())),
                           op.getSymNameAttr(), op.getTypeAttr(), op.getInit(), op.getOwnerAttr(),
                           op.getSlotAttr(), nullptr, nullptr);
}

namespace {
struct LowerToExecPass : dsc::impl::LowerToExecPassBase<LowerToExecPass> {
  using LowerToExecPassBase::LowerToExecPassBase;
  LowerToExecPass(std::shared_ptr<const TargetModel> target) : target(std::move(target)) {}

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (!target) {
      target = std::make_shared<TargetModel>();
    }
    LoweringRegistry registry = LoweringRegistry::makeFor(*target);
    decomposeRest(module, registry, unroll);
    fitRoutineTypes(module, registry);
    SmallVector<Operation *> old;
    for (Operation &op : *module.getBody()) {
      old.push_back(&op);
    }
    OpBuilder builder(&getContext());
    builder.setInsertionPointToEnd(module.getBody());
    for (Operation *op : old) {
      if (auto variable = dyn_cast<train::VariableOp>(op)) {
        lowerVariable(builder, variable);
      } else if (failed(lowerProgram(op, builder, registry))) {
        return signalPassFailure();
      }
    }
    for (Operation *op : old) {
      op->erase();
    }
    makeSignless(module);
  }

  LogicalResult lowerProgram(Operation *op, OpBuilder &builder, const LoweringRegistry &registry) {
    auto function = dyn_cast<FunctionOpInterface>(op);
    if (!function || function.isExternal()) {
      return op->emitError("expected variables and programs only");
    }
    ProgramLowering program(function, builder, registry);
    program.getLowering().joinParts = joinParts;
    program.getLowering().accumulate = accumulate;
    program.getLowering().epilogues = epilogues;
    program.getLowering().ownKernels = ownKernels;
    program.getLowering().hoistInvariants = hoistInvariants;
    if (failed(program.run())) {
      return failure();
    }
    numGenerics += program.getLowering().numGenerics;
    numCalls += program.getLowering().numCalls;
    numEpilogues += program.getLowering().numEpilogues;
    numJoined += program.getLowering().numJoined;
    numAccumulated += program.getLowering().numAccumulated;
    return success();
  }

  std::shared_ptr<const TargetModel> target;
};
} // namespace

std::unique_ptr<Pass> dsc::createLowerToExecPassFor(std::shared_ptr<const TargetModel> target) {
  return std::make_unique<LowerToExecPass>(std::move(target));
}
