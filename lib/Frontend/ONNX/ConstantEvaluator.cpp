//===- ConstantEvaluator.cpp - Train ops on known operands ----------------===//

#include "ConstantEvaluator.h"
#include "TensorBuilder.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <numeric>

using namespace mlir;

namespace dsc::onnx {

namespace {

using Index = llvm::SmallVector<int64_t>;
using Types = llvm::SmallVector<RankedTensorType>;

/// More work than this is left to the trainer.
constexpr int64_t maxHostFlops = int64_t{1} << 28;

/// The shape that holds all the cores.
Index commonShape(llvm::ArrayRef<const HostTensor *> cores, int64_t rank) {
  Index shape(rank, 1);
  for (const HostTensor *core : cores)
    for (auto [size, one] : llvm::zip(shape, core->shape()))
      size = one == 1 ? size : one;
  return shape;
}

/// The core with its repeated dimensions written out to `shape`.
HostTensor expand(const HostTensor &core, llvm::ArrayRef<int64_t> shape) {
  if (core.shape() == shape)
    return core;
  HostTensor whole(core.type.clone(shape));
  llvm::SmallVector<int64_t> strides = stridesOf(core.shape());
  for (auto [stride, size] : llvm::zip_equal(strides, core.shape()))
    stride = size == 1 ? 0 : stride;
  whole.copyStrided(core, 0, strides);
  return whole;
}

/// The tensor types of all results; none if one has another type.
std::optional<Types> resultTypes(Operation *op) {
  Types types;
  for (Type type : op->getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !isa<FloatType, IntegerType>(tensor.getElementType()))
      return std::nullopt;
    types.push_back(tensor);
  }
  return types;
}

/// Sizes come from the file, and their product may overflow.
bool isHeld(llvm::ArrayRef<int64_t> shape) {
  std::optional<int64_t> elements = productOf(shape);
  return elements && *elements <= maxHostElements;
}

bool isSmall(Operation *op, llvm::ArrayRef<RankedTensorType> types) {
  auto cost = dyn_cast<train::CostOpInterface>(op);
  return (!cost || cost.getFlops() <= maxHostFlops) &&
         llvm::all_of(types, [](RankedTensorType type) { return isHeld(type.getShape()); });
}

/// The op's results; none where it is not defined for these operands, such as a
/// division by zero. The trainer will say so if it ever comes to it.
std::vector<HostTensor> compute(Operation *op, const Evaluator &evaluator,
                                llvm::ArrayRef<const HostTensor *> operands,
                                llvm::ArrayRef<RankedTensorType> types) {
  ScopedDiagnosticHandler silent(op->getContext(), [](Diagnostic &) { return success(); });
  std::vector<HostTensor> results(types.begin(), types.end());
  Evaluation evaluation(operands, results, /*frame=*/nullptr);
  if (failed(evaluator(op, evaluation)))
    return {};
  for (HostTensor &result : results)
    result.roundToType();
  return results;
}

} // namespace

/// Known values of a core repeat without being copied: only their dimensions are
/// renumbered.
void ConstantEvaluator::learnBroadcast(train::BroadcastOp op) {
  Index shape(op.getType().getRank(), 1);
  HostTensor core = known[op.getX()].core;
  for (auto [dim, size] : llvm::zip(op.getDims(), core.shape()))
    shape[dim] = size;
  core.type = core.type.clone(shape);
  learn(op.getResult(), std::move(core));
}

/// A splat's core is one element.
void ConstantEvaluator::learnConstant(train::ConstantOp op) {
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!dense)
    return;
  RankedTensorType type = op.getType();
  if (dense.isSplat() && type.getNumElements() != 0)
    dense = dense.resizeSplat(type.clone(Index(type.getRank(), 1)));
  if (dense.getNumElements() > maxHostElements)
    return;
  llvm::FailureOr<HostTensor> value = HostTensor::fromAttribute(dense);
  if (succeeded(value))
    learn(op.getResult(), std::move(*value));
}

void ConstantEvaluator::learnElementwise(Operation *op, const Evaluator &evaluator, Types types) {
  llvm::SmallVector<const HostTensor *> operands;
  for (Value operand : op->getOperands())
    operands.push_back(&known[operand].core);
  Index shape = commonShape(operands, types.front().getRank());
  if (!isHeld(shape))
    return;
  std::vector<HostTensor> expanded;
  for (const HostTensor *operand : operands)
    expanded.push_back(expand(*operand, shape));
  for (auto [operand, whole] : llvm::zip_equal(operands, expanded))
    operand = &whole;
  for (RankedTensorType &type : types)
    type = type.clone(shape);
  learnAll(op, compute(op, evaluator, operands, types));
}

void ConstantEvaluator::learnWhole(Operation *op, const Evaluator &evaluator, const Types &types) {
  llvm::SmallVector<const HostTensor *> operands;
  for (Value operand : op->getOperands())
    operands.push_back(lookup(operand));
  if (!llvm::is_contained(operands, nullptr) && isSmall(op, types))
    learnAll(op, compute(op, evaluator, operands, types));
}

void ConstantEvaluator::learnAll(Operation *op, std::vector<HostTensor> values) {
  if (values.empty())
    return;
  for (auto [result, value] : llvm::zip_equal(op->getResults(), values))
    learn(result, std::move(value));
}

void ConstantEvaluator::learn(Value value, HostTensor core) {
  known[value] = Known{std::move(core), nullptr};
}

void ConstantEvaluator::visit(Operation *op) {
  const Evaluator *evaluator = functionRegistry().lookup(op);
  std::optional<Types> types = resultTypes(op);
  if (!evaluator || !types || types->empty() ||
      llvm::any_of(op->getOperands(), [&](Value operand) { return !knows(operand); }))
    return;
  if (auto constant = dyn_cast<train::ConstantOp>(op))
    return learnConstant(constant);
  if (auto broadcast = dyn_cast<train::BroadcastOp>(op))
    return learnBroadcast(broadcast);
  if (op->hasTrait<OpTrait::Elementwise>())
    return learnElementwise(op, *evaluator, std::move(*types));
  learnWhole(op, *evaluator, *types);
}

const HostTensor *ConstantEvaluator::lookup(Value value) {
  auto found = known.find(value);
  if (found == known.end())
    return nullptr;
  Known &entry = found->second;
  llvm::ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
  if (entry.core.shape() == shape)
    return &entry.core;
  if (!entry.whole && isHeld(shape))
    entry.whole = std::make_unique<HostTensor>(expand(entry.core, shape));
  return entry.whole.get();
}

/// A constant of the core; splats say their own size, others are broadcast.
Value ConstantEvaluator::build(OpBuilder &builder, Value value) {
  const HostTensor &core = known.find(value)->second.core;
  auto type = cast<RankedTensorType>(value.getType());
  DenseElementsAttr attribute = encode(core);
  if (attribute.isSplat() && type.getNumElements() != 0)
    return train::ConstantOp::create(builder, value.getLoc(), attribute.resizeSplat(type));
  Value constant = train::ConstantOp::create(builder, value.getLoc(), attribute);
  if (constant.getType() == type)
    return constant;
  Index dims(type.getRank());
  std::iota(dims.begin(), dims.end(), 0);
  return train::BroadcastOp::create(builder, value.getLoc(), type, constant, dims);
}

void ConstantEvaluator::materialize(Block &block) {
  auto isNeeded = [&](Operation *user) {
    return user->getNumResults() == 0 || !knows(user->getResult(0));
  };
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (op.getNumResults() == 0 || !knows(op.getResult(0)) || isa<train::ConstantOp>(op) ||
        llvm::none_of(op.getUsers(), isNeeded))
      continue;
    OpBuilder builder(&op);
    Value constant = build(builder, op.getResult(0));
    op.getResult(0).replaceUsesWithIf(constant,
                                      [&](OpOperand &use) { return isNeeded(use.getOwner()); });
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op) && !isa<train::ReadOp>(op)) // Reads belong to Variables.
      op.erase();
}

} // namespace dsc::onnx
