//===- BatchAnalysis.cpp - Where a program's values hold the batch --------===//

#include "dialects/Train/BatchAnalysis.h"

#include "dialects/Train/TrainDialect.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;
using namespace dsc::train;

StringRef dsc::train::describe(RowMixing mixing) {
  switch (mixing) {
  case RowMixing::None:
    return "keeps the rows of a batch apart";
  case RowMixing::TakenApart:
    return "takes the rows of a batch apart";
  case RowMixing::Combined:
    return "combines rows of a batch with other rows";
  case RowMixing::Whole:
    return "mixes the rows of a batch";
  case RowMixing::ByNumber:
    return "treats the rows of a batch by their number";
  case RowMixing::Summed:
    return "sums over the rows of a batch, and rows depend on the sum";
  case RowMixing::NotLinear:
    return "is not linear in a sum over the rows of a batch";
  case RowMixing::Divisor:
    return "divides by a sum over the rows of a batch";
  case RowMixing::Rescaled:
    return "scales by a number that changes with the number of rows, and makes no mean";
  }
  llvm_unreachable("unknown mixing");
}

StringRef dsc::train::stringify(BatchScale scale) {
  switch (scale) {
  case BatchScale::Fixed:
    return "fixed";
  case BatchScale::Rows:
    return "rows";
  case BatchScale::Other:
    return "other";
  }
  llvm_unreachable("unknown scale");
}

bool dsc::train::joinsParts(const BatchState &loss, const BatchState &count) {
  if (!loss.isSum()) {
    return true;
  }
  if (!count.isSum()) {
    return loss.isMean;
  }
  return loss.isMean == count.isMean && !loss.hasOffset && !count.hasOffset;
}

static bool readsParameter(Operation &op) {
  auto read = dyn_cast<ReadOp>(op);
  auto variable =
      read ? SymbolTable::lookupNearestSymbolFrom<VariableOp>(read, read.getVariableAttr())
           : nullptr;
  return variable && variable.getRole() == VariableRole::Parameter;
}

BatchAnalysis::BatchAnalysis(Block &block, int64_t batch) : batch(batch) {
  for (BlockArgument argument : block.getArguments()) {
    auto type = cast<RankedTensorType>(argument.getType());
    BatchState &state = states[argument];
    if (batch > 0 && type.getRank() > 0 && type.getDimSize(0) % batch == 0) {
      state.usesRows = true;
      state.positions = {{0, type.getDimSize(0) / batch}};
    }
  }
  for (Operation &op : block.without_terminator()) {
    visit(op);
  }
}

/// What the operands say together; positions stay open.
BatchState BatchAnalysis::join(Operation &op) const {
  BatchState state;
  state.isTrained = readsParameter(op);
  bool hasRows = false;
  for (Value operand : op.getOperands()) {
    const BatchState &before = get(operand);
    state.usesRows |= before.usesRows;
    state.isTrained |= before.isTrained;
    hasRows |= !before.positions.empty();
    if (before.culprit && (!state.culprit || (before.isMixed() && !state.isMixed()))) {
      state.culprit = before.culprit;
      state.mixing = before.mixing;
    }
  }
  if (state.culprit && hasRows && !state.isMixed()) {
    state.mixing = RowMixing::Summed;
  }
  return state;
}

void BatchAnalysis::visit(Operation &op) {
  BatchState state = join(op);
  bool hasRows = llvm::any_of(op.getOperands(), [&](Value v) { return !get(v).positions.empty(); });
  if (hasRows) {
    return visitRows(op, state);
  }
  if (state.usesRows && !state.isMixed()) {
    visitSums(op, state);
  }
  for (Value result : op.getResults()) {
    states[result] = state;
  }
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

std::optional<double> dsc::train::getSplat(Value value) {
  DenseElementsAttr constant;
  while (isa_and_nonnull<BroadcastOp, ReshapeOp, ConvertOp>(value.getDefiningOp())) {
    value = value.getDefiningOp()->getOperand(0);
  }
  if (!matchPattern(value, m_Constant(&constant)) || !constant.isSplat() ||
      !isa<FloatType>(constant.getElementType())) {
    return std::nullopt;
  }
  return constant.getSplatValue<APFloat>().convertToDouble();
}

std::optional<double> dsc::train::getDivisor(Operation &op) {
  std::optional<double> number;
  if (isa<DivOp>(op)) {
    number = getSplat(op.getOperand(1));
  } else if (isa<MulOp>(op)) {
    number = getSplat(op.getOperand(1));
    number = number ? number : getSplat(op.getOperand(0));
    number = number ? std::optional(1 / *number) : number;
  }
  return number && *number != 0 && std::isfinite(*number) ? number : std::nullopt;
}

bool dsc::train::scalesSums(Operation &op, ArrayRef<unsigned> sums) {
  auto linear = dyn_cast<LinearOpInterface>(op);
  if (!linear || sums.empty() || !linear.isLinearIn(sums)) {
    return false;
  }
  // Linear in more than these, it adds the rest to them.
  auto all = llvm::to_vector(llvm::seq<unsigned>(0, op.getNumOperands()));
  return sums.size() == all.size() || !linear.isLinearIn(all);
}

/// Sums stay sums where the op is linear in them.
void BatchAnalysis::visitSums(Operation &op, BatchState &state) const {
  SmallVector<unsigned> sums;
  bool areMeans = true;
  for (OpOperand &operand : op.getOpOperands()) {
    const BatchState &before = get(operand.get());
    if (before.usesRows) {
      sums.push_back(operand.getOperandNumber());
      areMeans &= before.isMean;
      state.hasOffset |= before.hasOffset;
    }
  }
  auto linear = dyn_cast<LinearOpInterface>(op);
  if (!linear || !linear.isLinearIn(sums)) {
    state.culprit = &op;
    state.mixing = isa<DivOp>(op) && sums.back() == 1 ? RowMixing::Divisor : RowMixing::NotLinear;
    return;
  }
  state.isMean = areMeans;
  state.hasOffset |= !scalesSums(op, sums);
  if (std::optional<double> divisor = getDivisor(op)) {
    divideSum(op, *divisor, state);
  }
}

void BatchAnalysis::divideSum(Operation &op, double divisor, BatchState &state) const {
  if (batch == 1) {
    return; // a mean from the start
  }
  BatchScale scale = scaleOf(op, divisor, state.isMean);
  if (scale == BatchScale::Rows && !state.isMean && !state.hasOffset) {
    state.isMean = true;
  } else if (scale != BatchScale::Fixed) {
    state.culprit = &op;
    state.mixing = RowMixing::Rescaled;
  }
}

/// What is not said is by value: the number of rows or a multiple of it (the mean over
/// tokens) divides a sum once.
BatchScale BatchAnalysis::scaleOf(Operation &op, double divisor, bool isMean) const {
  if (auto known = op.getAttrOfType<StringAttr>(kBatchScaleAttr)) {
    for (BatchScale scale : {BatchScale::Fixed, BatchScale::Rows}) {
      if (known == stringify(scale)) {
        return scale;
      }
    }
    return BatchScale::Other;
  }
  double times = divisor / static_cast<double>(batch), whole = std::round(times);
  bool isMultiple = whole != 0 && std::abs(times - whole) <= 1e-6 * std::abs(times);
  return isMultiple && !isMean ? BatchScale::Rows : BatchScale::Fixed;
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// Which factor of a dimension the batch is in, and where.
std::optional<BatchAnalysis::FactorPosition>
BatchAnalysis::locate(const ShardingRule &rule, const ShardingRule::TensorFactors &tensor,
                      BatchPosition position) const {
  std::optional<FactorPosition> found;
  int64_t below = 1; // elements of the dimension from one of the factor's to the next
  for (int factor : llvm::reverse(tensor[position.dim])) {
    int64_t size = rule.factors[static_cast<size_t>(factor)].size, inner = position.inner / below;
    bool fits = position.inner % below == 0 && size % (inner * batch) == 0;
    // A batch of one row fits into any; rather the factor that it is.
    if (fits && (!found || (inner == 1 && size == batch))) {
      found = FactorPosition{factor, inner};
    }
    below *= std::max<int64_t>(size, 1);
  }
  return found;
}

/// Where a tensor holds the part of a factor; nothing if it lacks the factor.
std::optional<BatchPosition> BatchAnalysis::place(const ShardingRule &rule,
                                                  const ShardingRule::TensorFactors &tensor,
                                                  FactorPosition position) {
  for (auto [dim, factors] : llvm::enumerate(tensor)) {
    int64_t below = 1;
    for (int factor : llvm::reverse(factors)) {
      if (factor == position.factor) {
        return BatchPosition{static_cast<unsigned>(dim), position.inner * below};
      }
      below *= rule.factors[static_cast<size_t>(factor)].size;
    }
  }
  return std::nullopt;
}

/// Whether what meets the rows of a factor is the same for all of them.
bool BatchAnalysis::areSameForAllRows(Operation &op, const ShardingRule &rule,
                                      FactorPosition factor) {
  bool areSame = true;
  for (auto [tensor, value] : llvm::zip_equal(rule.operands, op.getOperands())) {
    auto position = place(rule, tensor, factor);
    if (position && !get(value).usesRows) {
      areSame &= isSameForAllRows(value, *position);
    }
  }
  return areSame;
}

/// The factors in which operands have rows, and how the op mixes them.
RowMixing BatchAnalysis::findFactors(Operation &op, const ShardingRule &rule,
                                     FactorPositions &found) {
  bool isTakenApart = false, isWhole = false, areSame = true;
  for (auto [tensor, value] : llvm::zip_equal(rule.operands, op.getOperands())) {
    for (BatchPosition position : get(value).positions) {
      auto factor = locate(rule, tensor, position);
      isTakenApart |= !factor;
      if (factor && !llvm::is_contained(found, *factor)) {
        found.push_back(*factor);
        isWhole |=
            rule.factors[static_cast<size_t>(factor->factor)].kind == ShardingRule::Kind::Whole;
        areSame &= areSameForAllRows(op, rule, *factor);
      }
    }
  }
  if (isTakenApart || found.size() > 1) {
    return isTakenApart ? RowMixing::TakenApart : RowMixing::Combined;
  }
  if (isWhole && !isa<EvaluationOpInterface>(op)) {
    return RowMixing::Whole;
  }
  return areSame ? RowMixing::None : RowMixing::ByNumber;
}

/// Where the result of an op has the rows that only puts whole batches behind each
/// other, or takes some of them.
std::optional<BatchPosition> BatchAnalysis::keptBlocks(Operation &op) const {
  ArrayRef<BatchPosition> first = get(op.getOperand(0)).positions;
  auto areAlike = [&](Value v) { return ArrayRef(get(v).positions) == first; };
  if (first.size() != 1 || !llvm::all_of(op.getOperands(), areAlike)) {
    return std::nullopt;
  }
  BatchPosition position = first.front();
  if (auto concat = dyn_cast<ConcatOp>(op)) {
    return concat.getDim() == position.dim ? std::optional(position) : std::nullopt;
  }
  auto slice = dyn_cast<SliceOp>(op);
  if (!slice) {
    return std::nullopt;
  }
  auto type = cast<RankedTensorType>(slice.getType());
  int64_t block = batch * position.inner, size = type.getDimSize(position.dim);
  bool takesBlocks = slice.getStrides()[position.dim] == 1 && size > 0 && size % block == 0 &&
                     slice.getStarts()[position.dim] % block == 0;
  return takesBlocks ? std::optional(position) : std::nullopt;
}

void BatchAnalysis::visitRows(Operation &op, BatchState state) {
  if (auto position = keptBlocks(op)) {
    state.positions = {*position};
    states[op.getResult(0)] = state;
    return;
  }
  auto interface = dyn_cast<ShardingRuleOpInterface>(op);
  ShardingRule rule = interface ? interface.getShardingRule() : replicatedShardingRule(&op);
  FactorPositions factors;
  RowMixing mixing = findFactors(op, rule, factors);
  if (mixing == RowMixing::None && op.hasAttr(kBatchScaleAttr) && batch > 1) {
    mixing = RowMixing::Rescaled; // rows that no longer are the same in any batch
  }
  if (mixing != RowMixing::None) {
    mixings[&op] = mixing;
  }
  if (!state.isMixed() && mixing != RowMixing::None) {
    state.culprit = &op;
    state.mixing = mixing;
  }
  for (auto [tensor, result] : llvm::zip_equal(rule.results, op.getResults())) {
    BatchState of = state;
    for (FactorPosition factor : factors) {
      if (auto position = place(rule, tensor, factor)) {
        of.positions.push_back(*position);
      }
    }
    if (of.isSum()) {
      of.culprit = &op;
      of.isMean = batch == 1;
    }
    states[result] = of;
  }
}

//===----------------------------------------------------------------------===//
// Values that meet rows
//===----------------------------------------------------------------------===//

/// Whether the parts of a constant along the batch are equal.
static bool hasEqualParts(DenseElementsAttr constant, BatchPosition position, int64_t batch) {
  int64_t part = position.inner; // elements of one row
  for (int64_t size : constant.getType().getShape().drop_front(position.dim + 1)) {
    part *= size;
  }
  auto isRepeated = [&](auto values) {
    for (int64_t i = 0; i < constant.getNumElements(); ++i) {
      int64_t first = i - i / part % batch * part; // the same element of row 0
      if (values[static_cast<size_t>(first)] != values[static_cast<size_t>(i)]) {
        return false;
      }
    }
    return true;
  };
  Type element = constant.getElementType();
  if (constant.isSplat() || !element.isIntOrFloat()) {
    return constant.isSplat();
  }
  return isa<FloatType>(element) ? isRepeated(constant.getValues<APFloat>())
                                 : isRepeated(constant.getValues<APInt>());
}

bool BatchAnalysis::isSameForAllRows(Value value, BatchPosition position) {
  for (auto [known, isSame] : met[value]) {
    if (known == position) {
      return isSame;
    }
  }
  bool isSame = computeSameForAllRows(value, position) || batch == 1;
  met[value].push_back({position, isSame});
  return isSame;
}

bool BatchAnalysis::computeSameForAllRows(Value value, BatchPosition position) {
  DenseElementsAttr constant;
  if (matchPattern(value, m_Constant(&constant))) {
    return hasEqualParts(constant, position, batch);
  }
  auto op = dyn_cast_or_null<ShardingRuleOpInterface>(value.getDefiningOp());
  if (!op) {
    return false;
  }
  ShardingRule rule = op.getShardingRule();
  size_t number = cast<OpResult>(value).getResultNumber();
  auto factor = locate(rule, rule.results[number], position);
  return factor &&
         rule.factors[static_cast<size_t>(factor->factor)].kind != ShardingRule::Kind::Whole &&
         areSameForAllRows(*op, rule, *factor);
}

SmallVector<BatchPosition, 1> BatchAnalysis::positionsOf(Value value) const {
  auto state = states.find(value);
  if (state != states.end() && !state->second.positions.empty()) {
    return state->second.positions;
  }
  SmallVector<BatchPosition, 1> positions;
  auto known = met.find(value);
  if (known != met.end()) {
    for (auto [position, isSame] : known->second) {
      positions.push_back(position);
    }
  }
  return positions;
}
