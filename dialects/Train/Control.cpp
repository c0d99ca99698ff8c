//===- Control.cpp - Loops and branches inside a program ------------------===//

#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc::train;

using Kind = ShardingRule::Kind;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

RankedTensorType ScanOp::getSliceType(Type whole) {
  auto type = cast<RankedTensorType>(whole);
  return RankedTensorType::get(type.getShape().drop_front(), type.getElementType());
}

RankedTensorType ScanOp::getStackType(Type slice, int64_t count) {
  auto type = cast<RankedTensorType>(slice);
  SmallVector<int64_t> shape = {count};
  llvm::append_range(shape, type.getShape());
  return type.clone(shape);
}

Block *ScanOp::addBody() {
  Block &block = getBody().emplaceBlock();
  for (Value operand : getOperands().drop_back(getInputs().size())) {
    block.addArgument(operand.getType(), operand.getLoc());
  }
  for (Value input : getInputs()) {
    block.addArgument(getSliceType(input.getType()), input.getLoc());
  }
  return &block;
}

/// C1 for one input or output.
static LogicalResult verifyStack(ScanOp op, Type type) {
  auto stack = cast<RankedTensorType>(type);
  int64_t count = static_cast<int64_t>(op.getCount());
  if (count > 0 && stack.getRank() > 0 && stack.getDimSize(0) == count) {
    return success();
  }
  return op.emitOpError() << "C1: expected inputs and outputs of " << count
                          << " steps along dimension 0, got " << stack;
}

static LogicalResult verifyTypes(Operation *op, StringRef label, StringRef what, TypeRange types,
                                 ArrayRef<Type> expected) {
  if (types.size() != expected.size()) {
    return op->emitOpError() << label << ": expected " << expected.size() << " " << what << ", got "
                             << types.size();
  }
  for (auto [index, pair] : llvm::enumerate(llvm::zip_equal(types, expected))) {
    auto [got, want] = pair;
    if (got != want) {
      return op->emitOpError() << label << ": expected " << what << " " << index << " of type "
                               << want << ", got " << got;
    }
  }
  return success();
}

/// The values a region ends with; null where it ends otherwise.
static Operation *yieldOf(Region &body) {
  Operation *end = body.front().empty() ? nullptr : &body.front().back();
  return isa_and_nonnull<BodyYieldOp>(end) ? end : nullptr;
}

LogicalResult ScanOp::verify() {
  for (Type type : llvm::concat<Type>(SmallVector<Type>(getInputs().getTypes()),
                                      SmallVector<Type>(getOutputs().getTypes()))) {
    if (failed(verifyStack(*this, type))) {
      return failure();
    }
  }
  if (static_cast<int64_t>(getCount()) <= 0) {
    return emitOpError() << "C1: expected a positive count, got "
                         << static_cast<int64_t>(getCount());
  }
  SmallVector<Type> arguments(getInvariants().getTypes());
  llvm::append_range(arguments, getCarry().getTypes());
  for (Type type : getInputs().getTypes()) {
    arguments.push_back(getSliceType(type));
  }
  if (failed(
          verifyTypes(*this, "C2", "block arguments", getBlock()->getArgumentTypes(), arguments))) {
    return failure();
  }
  Operation *yield = yieldOf(getBody());
  if (!yield) {
    return emitOpError("C3: expected the region to end in train.body_yield");
  }
  SmallVector<Type> yielded(getCarry().getTypes());
  for (Type type : getOutputs().getTypes()) {
    yielded.push_back(getSliceType(type));
  }
  if (failed(verifyTypes(*this, "C3", "carried results", getCarried().getTypes(),
                         SmallVector<Type>(getCarry().getTypes())))) {
    return failure();
  }
  return verifyTypes(*this, "C3", "yielded values", yield->getOperandTypes(), yielded);
}

static int64_t countFlops(Block &block) {
  int64_t flops = 0;
  for (Operation &op : block) {
    if (auto cost = dyn_cast<CostOpInterface>(op)) {
      flops += cost.getFlops();
    }
  }
  return flops;
}

int64_t ScanOp::getFlops() { return static_cast<int64_t>(getCount()) * countFlops(*getBlock()); }

/// Copies a region's ops; its arguments become `arguments`. Returns what it yields.
static SmallVector<Value> inlineBody(OpBuilder &builder, Block &block, ValueRange arguments) {
  IRMapping mapping;
  mapping.map(block.getArguments(), arguments);
  for (Operation &op : block.without_terminator()) {
    builder.clone(op, mapping);
  }
  return llvm::map_to_vector(block.getTerminator()->getOperands(),
                             [&](Value value) { return mapping.lookupOrDefault(value); });
}

/// Rows t of a stack, without dimension 0.
static Value sliceOf(OpBuilder &builder, Location loc, Value stack, int64_t t) {
  auto slice = ScanOp::getSliceType(stack.getType());
  SmallVector<int64_t> starts(static_cast<size_t>(typeOf(stack).getRank()), 0);
  SmallVector<int64_t> strides(starts.size(), 1);
  starts[0] = t;
  Value row = SliceOp::create(builder, loc, ScanOp::getStackType(slice, 1), stack, starts, strides);
  return ReshapeOp::create(builder, loc, slice, row);
}

static Value stackOf(OpBuilder &builder, Location loc, ArrayRef<Value> slices) {
  SmallVector<Value> rows;
  for (Value slice : slices) {
    rows.push_back(
        ReshapeOp::create(builder, loc, ScanOp::getStackType(slice.getType(), 1), slice));
  }
  return ConcatOp::create(builder, loc, int64_t(0), rows);
}

/// Unrolled.
SmallVector<Value> ScanOp::decompose(OpBuilder &builder) {
  int64_t count = static_cast<int64_t>(getCount());
  SmallVector<Value> carried(getCarry());
  SmallVector<SmallVector<Value>> outputs(getOutputs().size(),
                                          SmallVector<Value>(static_cast<size_t>(count)));
  for (int64_t step = 0; step < count; ++step) {
    int64_t t = getReverse() ? count - 1 - step : step;
    SmallVector<Value> arguments(getInvariants());
    llvm::append_range(arguments, carried);
    for (Value input : getInputs()) {
      arguments.push_back(sliceOf(builder, getLoc(), input, t));
    }
    SmallVector<Value> yielded = inlineBody(builder, *getBlock(), arguments);
    for (auto [index, value] : llvm::enumerate(ArrayRef(yielded).drop_front(carried.size()))) {
      outputs[index][static_cast<size_t>(t)] = value;
    }
    yielded.truncate(carried.size());
    carried = yielded;
  }
  for (ArrayRef<Value> slices : outputs) {
    carried.push_back(stackOf(builder, getLoc(), slices));
  }
  return carried;
}

//===----------------------------------------------------------------------===//
// Which dimensions of a scan may be split
//===----------------------------------------------------------------------===//

namespace {
/// Joins dimensions of a body's values that the ops' rules give one factor, so
/// that a class of dimensions is a factor of the whole scan. A class that some
/// op must not split, or sums over (there are no partial sums between steps), or
/// that meets another in one dimension, stays whole.
class BodyDimensions {
public:
  explicit BodyDimensions(ArrayRef<Block *> blocks) {
    for (Block *block : blocks) {
      for (Operation &op : block->without_terminator()) {
        addOp(op);
      }
    }
  }

  using Dim = std::pair<Value, int64_t>;
  void join(Dim a, Dim b) { classes.unionSets(number(a), number(b)); }
  int leader(Dim dim) { return classes.getOrInsertLeaderValue(number(dim)); }
  void markWhole(Dim dim) { whole.insert(number(dim)); }
  bool isWhole(int leader) const {
    return llvm::any_of(whole,
                        [&](int member) { return classes.getLeaderValue(member) == leader; });
  }

private:
  void addOp(Operation &op);
  int number(Dim dim) {
    auto [it, isNew] = numbers.try_emplace(dim, static_cast<int>(numbers.size()));
    if (isNew) {
      classes.insert(it->second);
    }
    return it->second;
  }

  DenseMap<Dim, int> numbers;
  llvm::EquivalenceClasses<int> classes;
  DenseSet<int> whole;
};
} // namespace

void BodyDimensions::addOp(Operation &op) {
  auto interface = dyn_cast<ShardingRuleOpInterface>(op);
  ShardingRule rule = interface ? interface.getShardingRule() : replicatedShardingRule(&op);
  SmallVector<SmallVector<Dim>> members(rule.factors.size());
  SmallVector<unsigned> numResults(rule.factors.size(), 0);
  auto add = [&](Value value, const ShardingRule::TensorFactors &dims, bool isResult) {
    for (auto [index, factors] : llvm::enumerate(dims)) {
      Dim dim(value, static_cast<int64_t>(index));
      number(dim);
      for (int factor : factors) {
        members[static_cast<size_t>(factor)].push_back(dim);
        numResults[static_cast<size_t>(factor)] += isResult;
      }
      if (factors.size() > 1) {
        markWhole(dim);
      }
    }
  };
  for (auto [value, dims] : llvm::zip_equal(op.getOperands(), rule.operands)) {
    add(value, dims, false);
  }
  for (auto [value, dims] : llvm::zip_equal(op.getResults(), rule.results)) {
    add(value, dims, true);
  }
  for (auto [factor, dims, count] : llvm::zip_equal(rule.factors, members, numResults)) {
    for (Dim dim : dims) {
      join(dims.front(), dim);
    }
    if (!dims.empty() && (factor.kind != Kind::Parallel || count < op.getNumResults())) {
      markWhole(dims.front());
    }
  }
}

namespace {
/// A rule whose factors are classes of a body's dimensions.
class BodyRule {
public:
  BodyRule(Operation *op, BodyDimensions &body) : rule(emptyShardingRule(op)), body(body) {}

  /// The last dimensions of an operand or a result are those of a body's value.
  void assign(ShardingRule::TensorFactors &dims, Value inner) {
    size_t first = dims.size() - static_cast<size_t>(typeOf(inner).getRank());
    for (size_t i = first; i < dims.size(); ++i) {
      auto dim = static_cast<int64_t>(i - first);
      int leader = body.leader({inner, dim});
      auto [it, isNew] = factors.try_emplace(leader, 0);
      if (isNew) {
        it->second = rule.addFactor(typeOf(inner).getDimSize(static_cast<unsigned>(dim)),
                                    body.isWhole(leader) ? Kind::Whole : Kind::Parallel);
      }
      dims[i] = {it->second};
    }
  }

  ShardingRule rule;

private:
  BodyDimensions &body;
  DenseMap<int, int> factors; // class -> factor
};
} // namespace

static void joinAll(BodyDimensions &body, Value a, Value b) {
  for (int64_t dim = 0; dim < typeOf(a).getRank(); ++dim) {
    body.join({a, dim}, {b, dim});
  }
}

/// Every dimension of operands and results is one of the body's classes, the
/// steps a factor of their own that stays whole.
ShardingRule ScanOp::getShardingRule() {
  BodyDimensions body({getBlock()});
  for (auto [argument, yielded] : llvm::zip_equal(getCarryArguments(), getYieldedCarry())) {
    joinAll(body, argument, yielded);
  }
  BodyRule scan(*this, body);
  int steps = scan.rule.addFactor(static_cast<int64_t>(getCount()), Kind::Whole);
  auto assign = [&](ShardingRule::TensorFactors &dims, Value inner) {
    if (static_cast<int64_t>(dims.size()) > typeOf(inner).getRank()) {
      dims[0] = {steps};
    }
    scan.assign(dims, inner);
  };
  for (auto [dims, argument] : llvm::zip_equal(scan.rule.operands, getBlock()->getArguments())) {
    assign(dims, argument);
  }
  for (auto [dims, value] :
       llvm::zip_equal(scan.rule.results, getBlock()->getTerminator()->getOperands())) {
    assign(dims, value);
  }
  return scan.rule;
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

LogicalResult IfOp::verify() {
  for (Region *region : {&getThenBody(), &getElseBody()}) {
    if (failed(verifyTypes(*this, "C1", "block arguments", region->front().getArgumentTypes(),
                           SmallVector<Type>(getOperands_().getTypes())))) {
      return failure();
    }
    Operation *yield = yieldOf(*region);
    if (!yield) {
      return emitOpError("C2: expected both regions to end in train.body_yield");
    }
    if (failed(verifyTypes(*this, "C2", "yielded values", yield->getOperandTypes(),
                           SmallVector<Type>(getResultTypes())))) {
      return failure();
    }
  }
  return success();
}

int64_t IfOp::getFlops() {
  return std::max(countFlops(getThenBody().front()), countFlops(getElseBody().front()));
}

/// What both branches give one factor; the condition is a scalar.
ShardingRule IfOp::getShardingRule() {
  Block &taken = getThenBody().front(), &other = getElseBody().front();
  ValueRange arguments = taken.getArguments(), yielded = taken.getTerminator()->getOperands();
  BodyDimensions body({&taken, &other});
  for (auto [value, twin] : llvm::zip_equal(arguments, other.getArguments())) {
    joinAll(body, value, twin);
  }
  for (auto [value, twin] : llvm::zip_equal(yielded, other.getTerminator()->getOperands())) {
    joinAll(body, value, twin);
  }
  BodyRule branches(*this, body);
  for (auto [dims, value] :
       llvm::zip_equal(MutableArrayRef(branches.rule.operands).drop_front(), arguments)) {
    branches.assign(dims, value);
  }
  for (auto [dims, value] : llvm::zip_equal(branches.rule.results, yielded)) {
    branches.assign(dims, value);
  }
  return branches.rule;
}

/// Both regions, and a selection.
SmallVector<Value> IfOp::decompose(OpBuilder &builder) {
  SmallVector<Value> taken = inlineBody(builder, getThenBody().front(), getOperands_());
  SmallVector<Value> other = inlineBody(builder, getElseBody().front(), getOperands_());
  Expr condition(builder, getLoc(), getCondition());
  return llvm::map_to_vector(llvm::zip_equal(taken, other), [&](auto pair) -> Value {
    auto [a, b] = pair;
    Value predicate = condition.splatTo(typeOf(a).getShape());
    return SelectOp::create(builder, getLoc(), predicate, a, b);
  });
}
