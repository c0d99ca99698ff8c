//===- RaiseUnrolled.cpp - Steps that each do the same, as one step for all --===//
//
// Exporters and the frontend unroll loops. Where no step needs another, and each
// reduces a slice of its own, all of them are one reduction:
//
//   concat 0 (f(x[0:5]), f(x[5:10]), f(x[10:15]))  =  f'(reshape x [3, 5])
//
// with f' as f, of one dimension more in front. An embedding bag is such a loop:
// f takes rows of a table and sums them.
//
//===----------------------------------------------------------------------===//

#include "RaiseMatchers.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace dsc;

namespace {
/// What some steps compute, each of which does to its slice what the first does to its own.
class Steps {
public:
  explicit Steps(Value first) : first(first) {}

  /// Takes another step in, if it is one.
  bool add(Value next) {
    seen.clear();
    if (!matches(first, next, 0))
      return false;
    ++count;
    return true;
  }
  /// Whether there is anything to gain.
  bool isWorthwhile() const { return count > 1 && reduces; }
  /// All of the results, one behind the other along dimension 0.
  Value build(PatternRewriter &rewriter);

private:
  bool matches(Value a, Value b, unsigned depth);
  bool areSlices(train::SliceOp a, train::SliceOp b) const;
  Value lift(Value value, PatternRewriter &rewriter);
  Value liftSlices(train::SliceOp slice, PatternRewriter &rewriter);
  Value liftOp(Operation &op, PatternRewriter &rewriter);
  RankedTensorType liftedType(Value value) const {
    SmallVector<int64_t> shape = {count};
    llvm::append_range(shape, tensorOf(value).getShape());
    return tensorOf(value).clone(shape);
  }

  Value first;
  int64_t count = 1;
  bool reduces = false;
  /// The new step's value for each of the first's.
  llvm::DenseMap<Value, Value> seen;
  /// Whether the steps differ in a value of the first.
  llvm::DenseMap<Value, bool> varies;
  llvm::DenseMap<Value, Value> lifted;
};
} // namespace

static bool isReduction(Operation &op) {
  return isa<train::ReduceSumOp, train::ReduceMaxOp, train::ReduceMinOp>(op);
}

/// Whether lift knows what the op is with one more dimension in front. Of a look-up, the
/// table stays as it is.
static bool isLiftable(Operation &op) {
  auto take = dyn_cast<train::TakeOp>(op);
  return op.hasTrait<OpTrait::Elementwise>() || isReduction(op) ||
         isa<train::ReshapeOp, train::BroadcastOp>(op) || (take && take.getAxis() == 0);
}

/// Whether the slices lie in one tensor, the second `count` slices behind the first.
bool Steps::areSlices(train::SliceOp a, train::SliceOp b) const {
  ArrayRef<int64_t> from = a.getStarts(), to = b.getStarts();
  return a.getX() == b.getX() && !from.empty() && a.getStrides() == b.getStrides() &&
         a.getStrides().front() == 1 && from.drop_front() == to.drop_front() &&
         to.front() == from.front() + count * tensorOf(a.getY()).getDimSize(0);
}

bool Steps::matches(Value a, Value b, unsigned depth) {
  auto [entry, isNew] = seen.try_emplace(a, b);
  if (!isNew)
    return entry->second == b;
  if (a.getType() != b.getType() || varies.try_emplace(a, a != b).first->second != (a != b))
    return false;
  Operation *left = a.getDefiningOp(), *right = b.getDefiningOp();
  if (a == b)
    return true;
  if (depth == 32 || !left || !right || left->getName() != right->getName())
    return false;
  if (auto slice = dyn_cast<train::SliceOp>(left))
    return areSlices(slice, cast<train::SliceOp>(right));
  if (!isLiftable(*left) || left->getAttrDictionary() != right->getAttrDictionary() ||
      (isa<train::TakeOp>(left) && left->getOperand(0) != right->getOperand(0)))
    return false;
  reduces |= isReduction(*left);
  return llvm::all_of(llvm::zip_equal(left->getOperands(), right->getOperands()), [&](auto pair) {
    return matches(std::get<0>(pair), std::get<1>(pair), depth + 1);
  });
}

Value Steps::liftSlices(train::SliceOp slice, PatternRewriter &rewriter) {
  RankedTensorType part = tensorOf(slice.getY());
  SmallVector<int64_t> shape(part.getShape());
  shape[0] *= count;
  Value all = rewriter.createOrFold<train::SliceOp>(slice.getLoc(), part.clone(shape), slice.getX(),
                                                    slice.getStartsAttr(), slice.getStridesAttr());
  return rewriter.createOrFold<train::ReshapeOp>(slice.getLoc(), liftedType(slice.getY()), all);
}

/// The dimensions, one behind where they were.
static SmallVector<int64_t> shifted(ArrayRef<int64_t> dims) {
  return llvm::map_to_vector(dims, [](int64_t dim) { return dim + 1; });
}

Value Steps::liftOp(Operation &op, PatternRewriter &rewriter) {
  IRMapping operands;
  bool isTake = isa<train::TakeOp>(op);
  for (Value operand : op.getOperands().drop_front(isTake ? 1 : 0))
    operands.map(operand, lift(operand, rewriter));
  Operation *copy = rewriter.clone(op, operands);
  copy->getResult(0).setType(liftedType(op.getResult(0)));
  if (isReduction(op))
    copy->setAttr("dims", rewriter.getDenseI64ArrayAttr(
                              shifted(op.getAttrOfType<DenseI64ArrayAttr>("dims").asArrayRef())));
  if (auto broadcast = dyn_cast<train::BroadcastOp>(copy)) {
    SmallVector<int64_t> dims = {0};
    llvm::append_range(dims, shifted(broadcast.getDims()));
    broadcast.setDims(dims);
  }
  return copy->getResult(0);
}

Value Steps::lift(Value value, PatternRewriter &rewriter) {
  if (Value known = lifted.lookup(value))
    return known;
  Value result;
  if (!varies.lookup(value)) {
    SmallVector<int64_t> dims =
        shifted(llvm::to_vector(llvm::seq<int64_t>(0, tensorOf(value).getRank())));
    result = train::BroadcastOp::create(rewriter, value.getLoc(), liftedType(value), value, dims);
  } else if (auto slice = value.getDefiningOp<train::SliceOp>()) {
    result = liftSlices(slice, rewriter);
  } else {
    result = liftOp(*value.getDefiningOp(), rewriter);
  }
  lifted[value] = result;
  return result;
}

Value Steps::build(PatternRewriter &rewriter) {
  SmallVector<int64_t> shape(tensorOf(first).getShape());
  shape[0] *= count;
  Value all = lift(first, rewriter);
  return rewriter.createOrFold<train::ReshapeOp>(first.getLoc(), tensorOf(first).clone(shape), all);
}

namespace {
struct RerollConcat : OpRewritePattern<train::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(train::ConcatOp concat, PatternRewriter &rewriter) const override {
    if (concat.getDim() != 0)
      return failure();
    SmallVector<Value> parts;
    for (ValueRange rest = concat.getInputs(); !rest.empty();) {
      Steps steps(rest.front());
      size_t count = 1;
      while (count < rest.size() && steps.add(rest[count]))
        ++count;
      if (steps.isWorthwhile())
        parts.push_back(steps.build(rewriter));
      else
        llvm::append_range(parts, rest.take_front(count));
      rest = rest.drop_front(count);
    }
    if (parts.size() == concat.getInputs().size())
      return failure();
    if (parts.size() == 1)
      rewriter.replaceOp(concat, parts.front());
    else
      rewriter.replaceOpWithNewOp<train::ConcatOp>(concat, 0, parts);
    return success();
  }
};
} // namespace

void dsc::populateRaiseUnrolledPatterns(RewritePatternSet &patterns) {
  patterns.add<RerollConcat>(patterns.getContext());
}
