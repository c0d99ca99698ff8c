//===- Rebatch.cpp - Another batch for a model exported with one ----------===//

#include "Rebatch.h"

#include "dialects/Train/TrainDialect.h"

#include <cmath>

using namespace mlir;

namespace dsc::onnx {

namespace {
/// Where a shape holds the batch: a dimension whose outer part it is.
struct BatchPlace {
  int64_t stride; // elements from one sample to the next
  int64_t oldSize, newSize;
};
} // namespace

/// The one dimension that changed.
static std::optional<BatchPlace> findBatch(llvm::ArrayRef<int64_t> before,
                                           llvm::ArrayRef<int64_t> now, int64_t oldBatch) {
  if (before.size() != now.size())
    return std::nullopt;
  std::optional<BatchPlace> place;
  int64_t inner = 1;
  for (size_t d = before.size(); d-- > 0; inner *= before[d]) {
    if (before[d] == now[d])
      continue;
    if (place || before[d] % oldBatch != 0)
      return std::nullopt;
    place = BatchPlace{inner * (before[d] / oldBatch), before[d], now[d]};
  }
  return place;
}

std::optional<Shape> rebatchReshape(llvm::ArrayRef<int64_t> before, llvm::ArrayRef<int64_t> now,
                                    llvm::ArrayRef<int64_t> target, int64_t oldBatch) {
  std::optional<BatchPlace> place = findBatch(before, now, oldBatch);
  if (!place)
    return std::nullopt;
  // Dimensions of size 1 make several candidates; a dimension that is the batch and
  // nothing else is the likeliest, then the outermost.
  std::optional<size_t> best;
  int64_t inner = 1;
  for (size_t d = target.size(); d-- > 0; inner *= target[d]) {
    if (target[d] % oldBatch != 0 || inner * (target[d] / oldBatch) != place->stride)
      continue;
    if (!best || target[d] == oldBatch)
      best = d;
  }
  if (!best)
    return std::nullopt;
  Shape shape(target);
  int64_t newBatch = place->newSize / (place->oldSize / oldBatch);
  shape[*best] = target[*best] / oldBatch * newBatch;
  return shape;
}

//===----------------------------------------------------------------------===//
// What follows, and what does not
//===----------------------------------------------------------------------===//

static std::string nodeOf(Operation *op) {
  auto name = dyn_cast<NameLoc>(op->getLoc());
  return name ? name.getName().str() : op->getName().getStringRef().str();
}

/// The number by which an op divides what depends on rows, if it does.
static std::optional<double> divisorOf(Operation &op, const train::BatchAnalysis &analysis) {
  bool usesRows = llvm::any_of(op.getOperands(), [&](Value v) { return analysis.get(v).usesRows; });
  return usesRows ? train::getDivisor(op) : std::nullopt;
}

static bool takesPlainSum(Operation &op, const train::BatchAnalysis &analysis) {
  return llvm::any_of(op.getOperands(), [&](Value v) {
    const train::BatchState &state = analysis.get(v);
    return state.usesRows && state.positions.empty() && !state.isMean;
  });
}

void followBatch(BatchRecord &record, const train::BatchAnalysis &analysis) {
  for (auto &entry : record.values) {
    RecordedValue &recorded = entry.second;
    recorded.batch = analysis.positionsOf(recorded.value);
    recorded.hasRows = analysis.hasRows(recorded.value);
  }
}

void recordDivisors(BatchRecord &record, const train::BatchAnalysis &analysis, Block &block,
                    int64_t batch) {
  record.rows = batch;
  for (Operation &op : block.without_terminator())
    if (auto divisor = divisorOf(op, analysis))
      record.divisors[nodeOf(&op)].push_back(*divisor);
}

static train::BatchScale compareScales(double ratio, double rows) {
  auto isNear = [&](double expected) { return std::abs(ratio - expected) <= 1e-6 * expected; };
  if (isNear(1))
    return train::BatchScale::Fixed;
  return isNear(rows) ? train::BatchScale::Rows : train::BatchScale::Other;
}

void markScales(const BatchRecord &other, const train::BatchAnalysis &analysis, Block &block,
                int64_t batch) {
  llvm::StringMap<size_t> seen;
  for (Operation &op : block.without_terminator()) {
    auto divisor = divisorOf(op, analysis);
    if (!divisor)
      continue;
    size_t index = seen[nodeOf(&op)]++;
    auto before = other.divisors.find(nodeOf(&op));
    if (before == other.divisors.end() || before->second.size() <= index)
      continue;
    train::BatchScale scale =
        compareScales(*divisor / before->second[index],
                      static_cast<double>(batch) / static_cast<double>(other.rows));
    bool scalesRows = llvm::any_of(op.getOperands(), [&](Value v) { return analysis.hasRows(v); });
    if (!scalesRows || scale != train::BatchScale::Fixed)
      op.setAttr(train::kBatchScaleAttr, StringAttr::get(op.getContext(), train::stringify(scale)));
  }
}

/// Whether a number may come from a count of targets that the batch divides: the count
/// n itself, n - 1, n / (n - 1), or their reciprocals.
static bool looksLikeCount(double number, int64_t batch) {
  auto isMultiple = [&](double n) {
    double times = n / static_cast<double>(batch), whole = std::round(times);
    return whole > 0 && std::abs(times - whole) <= 1e-6 * whole;
  };
  for (double n : {std::abs(number), 1 / std::abs(number)})
    if (n > 0 && std::isfinite(n) &&
        (isMultiple(n) || isMultiple(n + 1) || (n > 1 && isMultiple(n / (n - 1)))))
      return true;
  return false;
}

/// Whether rows are picked by numbers that the op or a constant holds.
static bool holdsPlaces(Operation &op) {
  return isa<train::SliceOp, train::PadOp, train::TakeOp, train::TakeAlongOp>(op);
}

/// Whether all that a sum over rows goes into divides it by their number.
static bool isAveraged(Value sum, const train::BatchAnalysis &analysis) {
  return !sum.use_empty() && llvm::all_of(sum.getUsers(), [&](Operation *user) {
    if (user->getNumResults() != 1)
      return false;
    const train::BatchState &state = analysis.get(user->getResult(0));
    if (state.culprit == user && state.mixing == train::RowMixing::Divisor)
      return true; // by a sum over the rows: their number, or that of those that count
    return state.isSum() && (state.isMean || isAveraged(user->getResult(0), analysis));
  });
}

/// What an op does that it would not have done in an export of this batch.
static std::string problemOf(Operation &op, const BatchRecord &exported,
                             const train::BatchAnalysis &analysis, int64_t oldBatch) {
  train::RowMixing mixing = analysis.mixingOf(&op);
  bool isTakenApart = mixing == train::RowMixing::TakenApart ||
                      (mixing == train::RowMixing::Whole && holdsPlaces(op));
  if (isTakenApart && !exported.placedBySize.contains(nodeOf(&op)))
    return "takes the rows of the batch apart at places that the export fixed";
  auto divisor = divisorOf(op, analysis);
  auto before = exported.divisors.find(nodeOf(&op));
  if (divisor && takesPlainSum(op, analysis) && before != exported.divisors.end() &&
      llvm::is_contained(before->second, *divisor) && looksLikeCount(*divisor, oldBatch))
    return "scales a sum over the rows of the batch by a number that the export fixed";
  bool sums = llvm::any_of(op.getResults(), [&](Value result) {
    const train::BatchState &state = analysis.get(result);
    return state.isSum() && state.culprit == &op && !isAveraged(result, analysis);
  });
  if (oldBatch == 1 && sums && !isa<train::EvaluationOpInterface>(op))
    return "sums over the rows of the batch, which an export of one row may have divided by "
           "their number without a trace";
  return "";
}

std::string findUnfollowed(const BatchRecord &record, const BatchRecord &exported) {
  for (llvm::StringRef name : exported.order) {
    const RecordedValue &before = exported.values.find(name)->second;
    auto now = record.values.find(name);
    if (before.hasRows && now != record.values.end() && now->second.batch != before.batch)
      return before.node + ": does not follow the batch: '" + name.str() + "' is " +
             describe(now->second.value);
  }
  return "";
}

std::string findFixed(const BatchRecord &exported, const train::BatchAnalysis &analysis,
                      Block &block, int64_t oldBatch) {
  for (Operation &op : block.without_terminator())
    if (std::string problem = problemOf(op, exported, analysis, oldBatch); !problem.empty())
      return nodeOf(&op) + ": " + problem;
  return "";
}

} // namespace dsc::onnx
