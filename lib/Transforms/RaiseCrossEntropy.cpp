//===- RaiseCrossEntropy.cpp - Log-likelihood of labels -------------------===//
//
//   log(softmax(x))                                   = log_softmax(x)
//   -take_along(log_softmax(x, d), labels, d)         = cross_entropy(x, labels, d)
//   select(labels != i, L(select(labels != i, labels, 0)), 0)
//                                                     = L with targets i ignored
//
//===----------------------------------------------------------------------===//

#include "RaiseMatchers.h"

#include "dsc/Transforms/Passes.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace dsc;

/// The integer all elements are; splatOf would round it.
static std::optional<int64_t> integerOf(Value value) {
  DenseElementsAttr attribute;
  if (!matchPattern(value, m_Constant(&attribute)) || !attribute.isSplat() ||
      !isa<IntegerType>(attribute.getElementType()))
    return std::nullopt;
  return attribute.getSplatValue<APInt>().getSExtValue();
}

namespace {
struct RaiseLogSoftmax : OpRewritePattern<train::LogOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(train::LogOp log, PatternRewriter &rewriter) const override {
    auto softmax = log.getX().getDefiningOp<train::SoftmaxOp>();
    if (!softmax)
      return failure();
    rewriter.replaceOpWithNewOp<train::LogSoftmaxOp>(log, softmax.getX(), softmax.getDim());
    return success();
  }
};

struct RaiseLikelihood : OpRewritePattern<train::NegOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(train::NegOp neg, PatternRewriter &rewriter) const override {
    auto dropped = neg.getX().getDefiningOp<train::ReshapeOp>();
    auto picked =
        dropped ? dropped.getX().getDefiningOp<train::TakeAlongOp>() : train::TakeAlongOp();
    auto likelihood =
        picked ? picked.getX().getDefiningOp<train::LogSoftmaxOp>() : train::LogSoftmaxOp();
    if (!likelihood || likelihood.getDim() != picked.getAxis())
      return failure();
    // The indices are the labels with the class dimension, of size 1, put in.
    auto axis = static_cast<int64_t>(picked.getAxis());
    SmallVector<int64_t> shape(tensorOf(picked.getIndices()).getShape());
    if (shape[axis] != 1)
      return failure();
    shape.erase(shape.begin() + axis);
    if (tensorOf(neg).getShape() != ArrayRef(shape))
      return failure();
    Value labels = rewriter.createOrFold<train::ReshapeOp>(
        neg.getLoc(), tensorOf(picked.getIndices()).clone(shape), picked.getIndices());
    Location loc = wholeOpLoc(neg, {likelihood.getX(), picked.getIndices()}, "CrossEntropy");
    auto loss = train::CrossEntropyOp::create(rewriter, loc, likelihood.getX(), labels, axis,
                                              kIgnoreNothing, 0.0);
    rewriter.replaceOp(neg, loss.getLoss());
    return success();
  }
};

/// labels != i, as the predicate of a select.
struct Counted {
  Value labels;
  int64_t ignored;
};
} // namespace

static std::optional<Counted> matchCounted(Value predicate) {
  auto compare = predicate.getDefiningOp<train::CompareOp>();
  auto ignored = compare && compare.getRelation() == train::Comparison::NE
                     ? integerOf(compare.getB())
                     : std::nullopt;
  return ignored ? std::optional(Counted{compare.getA(), *ignored}) : std::nullopt;
}

namespace {
struct FoldIgnored : OpRewritePattern<train::SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(train::SelectOp select, PatternRewriter &rewriter) const override {
    auto counted = matchCounted(select.getPredicate());
    auto loss = select.getA().getDefiningOp<train::CrossEntropyOp>();
    if (!counted || !loss || select.getA() != loss.getLoss() || splatOf(select.getB()) != 0.0 ||
        static_cast<int64_t>(loss.getIgnoreIndex()) != kIgnoreNothing)
      return failure();
    auto safe = loss.getLabels().getDefiningOp<train::SelectOp>();
    if (loss.getLabels() != counted->labels &&
        (!safe || safe.getPredicate() != select.getPredicate() || safe.getA() != counted->labels ||
         splatOf(safe.getB()) != 0.0))
      return failure();
    auto ignoring = train::CrossEntropyOp::create(rewriter, select.getLoc(), loss.getLogits(),
                                                  counted->labels, loss.getDim(), counted->ignored,
                                                  loss.getSmoothing().convertToDouble());
    rewriter.replaceOp(select, ignoring.getLoss());
    return success();
  }
};
} // namespace

void dsc::populateRaiseCrossEntropyPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseLogSoftmax, RaiseLikelihood, FoldIgnored>(patterns.getContext());
}
