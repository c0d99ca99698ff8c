//===- CheckSharding.cpp - Sharding rules by evaluating parts -------------===//
//
// For every factor that a rule allows to split: the op on each half of the
// operands gives, joined, the op on the whole. Results that have the factor are
// joined along it; results that lack it are partial sums.
//
//===----------------------------------------------------------------------===//

#include "Checks.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

using train::ShardingRule;

namespace {
/// Indices first ... first + count - 1 of a factor.
struct Interval {
  int factor;
  int64_t first, count;
};
} // namespace

static bool hasFactor(const ShardingRule::TensorFactors &tensor, int factor) {
  return llvm::any_of(
      tensor, [&](const ShardingRule::DimFactors &dim) { return llvm::is_contained(dim, factor); });
}

/// The indices of a dimension of `size` whose digit of the range's factor lies
/// in the range; the dimension's factors are digits, most significant first.
static SmallVector<int64_t> indicesIn(const ShardingRule &rule, const ShardingRule::DimFactors &dim,
                                      int64_t size, Interval range) {
  SmallVector<int64_t> indices;
  for (int64_t index = 0; index < size; ++index) {
    int64_t rest = index;
    bool isIn = true;
    for (int factor : llvm::reverse(dim)) {
      int64_t digits = rule.factors[static_cast<size_t>(factor)].size;
      int64_t digit = rest % digits;
      rest /= digits;
      isIn &= factor != range.factor || (digit >= range.first && digit < range.first + range.count);
    }
    if (isIn) {
      indices.push_back(index);
    }
  }
  return indices;
}

/// Per dimension, the indices of the part.
static SmallVector<SmallVector<int64_t>> partOf(const ShardingRule &rule,
                                                const ShardingRule::TensorFactors &tensor,
                                                ArrayRef<int64_t> shape, Interval range) {
  SmallVector<SmallVector<int64_t>> part;
  for (auto [dim, size] : llvm::zip_equal(tensor, shape)) {
    part.push_back(indicesIn(rule, dim, size, range));
  }
  return part;
}

static SmallVector<int64_t> shapeOf(ArrayRef<SmallVector<int64_t>> part) {
  SmallVector<int64_t> shape;
  for (const SmallVector<int64_t> &indices : part) {
    shape.push_back(static_cast<int64_t>(indices.size()));
  }
  return shape;
}

/// visit(element of the part, element of the whole).
static void forEachOfPart(ArrayRef<SmallVector<int64_t>> part, ArrayRef<int64_t> whole,
                          llvm::function_ref<void(size_t, size_t)> visit) {
  SmallVector<int64_t> strides = stridesOf(whole);
  size_t next = 0;
  forEachIndex(shapeOf(part), [&](ArrayRef<int64_t> index) {
    int64_t at = 0;
    for (size_t dim = 0; dim < index.size(); ++dim) {
      at += part[dim][static_cast<size_t>(index[dim])] * strides[dim];
    }
    visit(next++, static_cast<size_t>(at));
  });
}

static Tensor take(const Tensor &whole, ArrayRef<SmallVector<int64_t>> part) {
  Tensor taken(whole.type.clone(shapeOf(part)));
  forEachOfPart(part, whole.shape(), [&](size_t to, size_t from) {
    if (whole.isFloat()) {
      taken.floats[to] = whole.floats[from];
    } else {
      taken.ints[to] = whole.ints[from];
    }
  });
  return taken;
}

/// Regions of the drawn ops hold elementwise ops, whose results have their
/// operands' type.
static void adaptRegions(Operation *from, Operation *to, ArrayRef<Type> arguments) {
  for (auto [whole, part] : llvm::zip_equal(from->getRegions(), to->getRegions())) {
    IRMapping mapping;
    whole.cloneInto(&part, mapping);
    for (auto [argument, type] : llvm::zip_equal(part.getArguments(), arguments)) {
      argument.setType(type);
    }
    for (Operation &inner : part.front().without_terminator()) {
      inner.getResult(0).setType(inner.getOperand(inner.getNumOperands() - 1).getType());
    }
  }
}

/// What the part's region gets for each operand.
static SmallVector<Type> regionArguments(Operation *op) {
  SmallVector<Type> types(op->getOperandTypes());
  if (isa<train::IfOp>(op)) {
    types.erase(types.begin());
  }
  if (auto scan = dyn_cast<train::ScanOp>(op)) {
    for (Type &type : MutableArrayRef(types).take_back(scan.getInputs().size())) {
      type = train::ScanOp::getSliceType(type);
    }
  }
  return types;
}

/// The case's op on operands and results of the part, in a module of its own.
static OwningOpRef<ModuleOp> buildPart(const Case &c, ArrayRef<Tensor> operands,
                                       const ShardingRule &rule, Interval range, Operation *&op) {
  OpBuilder builder(c.op->getContext());
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getUnknownLoc());
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, builder.getUnknownLoc(), "part",
                                       builder.getFunctionType({}, {}));
  builder.setInsertionPointToEnd(function.addEntryBlock());
  OperationState state(builder.getUnknownLoc(), c.op->getName());
  state.addAttributes(c.op->getAttrs());
  for (const Tensor &operand : operands) {
    state.addOperands(function.getBody().addArgument(operand.type, state.location));
  }
  for (auto [type, tensor] : llvm::zip_equal(c.op->getResultTypes(), rule.results)) {
    auto whole = cast<RankedTensorType>(type);
    state.addTypes(whole.clone(shapeOf(partOf(rule, tensor, whole.getShape(), range))));
  }
  for (unsigned i = 0; i < c.op->getNumRegions(); ++i) {
    state.addRegion();
  }
  op = builder.create(state);
  adaptRegions(c.op, op, regionArguments(op));
  func::ReturnOp::create(builder, state.location, op->getResults());
  function.setFunctionType(
      builder.getFunctionType(function.getBody().getArgumentTypes(), op->getResultTypes()));
  return module;
}

/// A constant's part has the part of its value.
static void adaptConstant(const Case &c, const ShardingRule &rule, Interval range, Operation *op) {
  auto whole = dyn_cast<train::ConstantOp>(c.op);
  if (!whole) {
    return;
  }
  Tensor value = *Tensor::fromAttribute(whole.getValue());
  Tensor part = take(value, partOf(rule, rule.results[0], value.shape(), range));
  op->setAttr("value", DenseElementsAttr::get(part.type, ArrayRef<double>(part.floats)));
}

/// Counter-based ops count elements from an offset: that of the part.
static void adaptOffset(const Case &c, Interval range, MutableArrayRef<Tensor> operands) {
  if (c.offsetOperand) {
    auto shape = cast<RankedTensorType>(c.op->getResult(0).getType()).getShape();
    int64_t rowsBefore = range.first * stridesOf(shape)[static_cast<size_t>(range.factor)];
    operands[*c.offsetOperand].ints[0] += rowsBefore;
  }
}

static FailureOr<SmallVector<Tensor>> evaluatePart(const Case &c, const ShardingRule &rule,
                                                   Interval range) {
  SmallVector<Tensor> operands;
  for (auto [input, tensor] : llvm::zip_equal(c.inputs, rule.operands)) {
    operands.push_back(take(input, partOf(rule, tensor, input.shape(), range)));
  }
  adaptOffset(c, range, operands);
  Operation *op = nullptr;
  OwningOpRef<ModuleOp> module = buildPart(c, operands, rule, range, op);
  adaptConstant(c, rule, range, op);
  if (failed(verify(*module))) {
    return failure();
  }
  return Interpreter(*module, {true}).call("part", operands);
}

/// Adds a part's results into the whole's, element by element where it has its
/// place; a result without the factor is a partial sum.
static void join(const ShardingRule &rule, Interval range, ArrayRef<Tensor> parts,
                 MutableArrayRef<Tensor> whole) {
  for (size_t i = 0; i < whole.size(); ++i) {
    auto part = partOf(rule, rule.results[i], whole[i].shape(), range);
    forEachOfPart(part, whole[i].shape(), [&](size_t from, size_t to) {
      whole[i].setNumber(to, whole[i].number(to) + parts[i].number(from));
    });
  }
}

static Failure checkFactor(const Case &c, const ShardingRule &rule, int factor,
                           ArrayRef<Tensor> whole) {
  int64_t size = rule.factors[static_cast<size_t>(factor)].size, half = size / 2;
  SmallVector<Tensor> joined;
  for (const Tensor &result : whole) {
    joined.emplace_back(result.type);
  }
  for (Interval range : {Interval{factor, 0, half}, Interval{factor, half, size - half}}) {
    auto parts = evaluatePart(c, rule, range);
    if (failed(parts)) {
      return llvm::formatv("sharding: a part of factor {0} is not valid", factor).str();
    }
    join(rule, range, *parts, joined);
  }
  for (size_t i = 0; i < whole.size(); ++i) {
    double error = relativeError(joined[i], whole[i]);
    if (!(error <= 1e-12)) {
      return llvm::formatv("sharding: split along factor {0}, result {1} differs by {2}", factor, i,
                           scientific(error))
          .str();
    }
  }
  return std::nullopt;
}

/// Sizes of dimensions and factors must agree before any part is taken.
static Failure checkSizes(const ShardingRule &rule, ArrayRef<ShardingRule::TensorFactors> tensors,
                          TypeRange types) {
  for (auto [tensor, type] : llvm::zip_equal(tensors, types)) {
    for (auto [dim, size] : llvm::zip_equal(tensor, cast<RankedTensorType>(type).getShape())) {
      int64_t product = 1;
      for (int factor : dim) {
        product *= rule.factors[static_cast<size_t>(factor)].size;
      }
      if (!dim.empty() && product != size) {
        return llvm::formatv("sharding: a dimension of size {0} has factors of {1}", size, product)
            .str();
      }
    }
  }
  return std::nullopt;
}

Failure dsc::gradcheck::checkSharding(Case &c, Coverage &coverage) {
  ShardingRule rule = cast<train::ShardingRuleOpInterface>(c.op).getShardingRule();
  for (Failure failure : {checkSizes(rule, rule.operands, c.op->getOperandTypes()),
                          checkSizes(rule, rule.results, c.op->getResultTypes())}) {
    if (failure) {
      return failure;
    }
  }
  auto whole = Interpreter(*c.module, {true}).call("op", c.inputs);
  if (failed(whole)) {
    return "cannot be evaluated";
  }
  for (auto [index, factor] : llvm::enumerate(rule.factors)) {
    int number = static_cast<int>(index);
    bool inResult = llvm::any_of(rule.results, [&](auto &t) { return hasFactor(t, number); });
    if (inResult == (factor.kind == ShardingRule::Kind::Reduction)) {
      if (factor.kind != ShardingRule::Kind::Whole) {
        return llvm::formatv("sharding: factor {0} is of the wrong kind", number).str();
      }
    }
    if (factor.kind == ShardingRule::Kind::Whole || factor.size < 2) {
      continue;
    }
    ++coverage.splits;
    if (Failure failure = checkFactor(c, rule, number, *whole)) {
      return failure;
    }
  }
  return std::nullopt;
}
