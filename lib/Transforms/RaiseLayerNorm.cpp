//===- RaiseLayerNorm.cpp - Normalization over the last dimensions --------===//
//
//   d / sqrt(mean(d^2) + e),  d = x - mean(x)   =  layer_norm(x, 1, 0)
//   layer_norm(x, 1, 0) s                       =  layer_norm(x, s, 0)
//   layer_norm(x, s, 0) + b                     =  layer_norm(x, s, b)
//
// The means are over trailing dimensions, s and b repeat along all others.
//
//===----------------------------------------------------------------------===//

#include "RaiseMatchers.h"

using namespace mlir;
using namespace dsc;

/// For 1 / sqrt(v), in its three spellings: v.
static Value matchReciprocalRoot(Value value) {
  if (auto rsqrt = value.getDefiningOp<train::RsqrtOp>())
    return rsqrt.getX();
  auto reciprocal = value.getDefiningOp<train::ReciprocalOp>();
  auto root = reciprocal ? reciprocal.getX().getDefiningOp<train::SqrtOp>() : train::SqrtOp();
  if (auto division = value.getDefiningOp<train::DivOp>())
    if (std::optional<double> one = splatOf(division.getA()); one && *one == 1)
      root = division.getB().getDefiningOp<train::SqrtOp>();
  return root ? root.getX() : Value();
}

/// For v + e: v and e.
static std::optional<std::pair<Value, double>> matchEpsilon(Value value) {
  auto add = value.getDefiningOp<train::AddOp>();
  if (!add)
    return std::nullopt;
  if (auto epsilon = splatOf(add.getB()))
    return std::pair(add.getA(), *epsilon);
  if (auto epsilon = splatOf(add.getA()))
    return std::pair(add.getB(), *epsilon);
  return std::nullopt;
}

namespace {
struct Normalized {
  Value x;
  int64_t axis;
  double epsilon;
};
} // namespace

/// `centered` and what is under the root: is this a layer norm?
static std::optional<Normalized> matchNormalized(Value centered, const Spread &root,
                                                 Value underRoot) {
  auto sub = centered.getDefiningOp<train::SubOp>();
  auto mean = sub ? matchTrailingMean(sub.getB()) : std::nullopt;
  if (!mean || mean->x != sub.getA() || root.scale != 1)
    return std::nullopt;
  auto epsilon = matchEpsilon(underRoot);
  if (!epsilon)
    return std::nullopt;
  // The variance, where it stands in x.
  Spread variance = spreadOf(epsilon->first);
  DimMap map;
  for (int64_t place : variance.map)
    map.push_back(place == -1 ? -1 : root.map[place]);
  variance.map = map;
  auto square = matchTrailingMean(variance, tensorOf(centered).getShape());
  auto product = square ? square->x.getDefiningOp<train::MulOp>() : train::MulOp();
  if (!product || product.getA() != centered || product.getB() != centered ||
      square->axis != mean->axis)
    return std::nullopt;
  return Normalized{mean->x, mean->axis, epsilon->second};
}

static constexpr StringLiteral kLayerNorm = "LayerNormalization";

static LogicalResult replaceByLayerNorm(Operation *op, const Normalized &match,
                                        PatternRewriter &rewriter) {
  RankedTensorType type = tensorOf(match.x);
  auto parameter = type.clone(type.getShape().drop_front(match.axis));
  Location loc = wholeOpLoc(op, match.x, kLayerNorm);
  Value one = train::ConstantOp::create(rewriter, loc, parameter, 1.0);
  Value zero = train::ConstantOp::create(rewriter, loc, parameter, 0.0);
  auto norm =
      train::LayerNormOp::create(rewriter, loc, match.x, one, zero, match.axis, match.epsilon);
  rewriter.replaceOp(op, norm.getY());
  return success();
}

namespace {
/// d / sqrt(v + e)
struct RaiseQuotient : OpRewritePattern<train::DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(train::DivOp div, PatternRewriter &rewriter) const override {
    Spread root = spreadOf(div.getB());
    auto sqrt = root.core.getDefiningOp<train::SqrtOp>();
    auto match = sqrt ? matchNormalized(div.getA(), root, sqrt.getX()) : std::nullopt;
    return match ? replaceByLayerNorm(div, *match, rewriter) : failure();
  }
};

/// d * (1 / sqrt(v + e))
struct RaiseProduct : OpRewritePattern<train::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(train::MulOp mul, PatternRewriter &rewriter) const override {
    for (int i : {0, 1}) {
      Spread root = spreadOf(mul->getOperand(1 - i));
      Value underRoot = matchReciprocalRoot(root.core);
      auto match = underRoot ? matchNormalized(mul->getOperand(i), root, underRoot) : std::nullopt;
      if (match)
        return replaceByLayerNorm(mul, *match, rewriter);
    }
    return failure();
  }
};

/// A layer norm whose only use is in `op`, and what is there with it, as a parameter.
struct Affine {
  train::LayerNormOp norm;
  Value parameter;
};
} // namespace

static Location locOf(Operation *op, Affine match) {
  return wholeOpLoc(op, {match.norm.getX(), match.parameter}, kLayerNorm);
}

static std::optional<Affine> matchAffine(Operation *op, PatternRewriter &rewriter) {
  for (int i : {0, 1}) {
    auto norm = op->getOperand(i).getDefiningOp<train::LayerNormOp>();
    if (!norm || op->getOperand(i) != norm.getY() || !norm.getY().hasOneUse())
      continue;
    Spread spread = spreadOf(op->getOperand(1 - i));
    auto axis = static_cast<int64_t>(norm.getAxis());
    // Every dimension of the core stands in the normalized part, none is missing.
    RankedTensorType wanted = tensorOf(norm.getScale());
    SmallVector<int64_t> places;
    for (int64_t place : spread.map)
      if (place != -1)
        places.push_back(place);
    SmallVector<int64_t> expected;
    for (int64_t d = axis; d < tensorOf(norm.getX()).getRank(); ++d)
      if (tensorOf(norm.getX()).getDimSize(d) != 1)
        expected.push_back(d);
    if (spread.scale != 1 || places != expected)
      continue;
    return Affine{norm, rewriter.createOrFold<train::ReshapeOp>(op->getLoc(), wanted, spread.core)};
  }
  return std::nullopt;
}

namespace {
struct FoldScale : OpRewritePattern<train::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(train::MulOp mul, PatternRewriter &rewriter) const override {
    auto match = matchAffine(mul, rewriter);
    if (!match || splatOf(match->norm.getScale()) != 1.0 || splatOf(match->norm.getBias()) != 0.0)
      return failure();
    train::LayerNormOp norm = match->norm;
    auto scaled = train::LayerNormOp::create(rewriter, locOf(mul, *match), norm.getX(),
                                             match->parameter, norm.getBias(), norm.getAxis(),
                                             norm.getEpsilon().convertToDouble());
    rewriter.replaceOp(mul, scaled.getY());
    return success();
  }
};

struct FoldBias : OpRewritePattern<train::AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(train::AddOp add, PatternRewriter &rewriter) const override {
    auto match = matchAffine(add, rewriter);
    if (!match || splatOf(match->norm.getBias()) != 0.0)
      return failure();
    train::LayerNormOp norm = match->norm;
    auto shifted = train::LayerNormOp::create(rewriter, locOf(add, *match), norm.getX(),
                                              norm.getScale(), match->parameter, norm.getAxis(),
                                              norm.getEpsilon().convertToDouble());
    rewriter.replaceOp(add, shifted.getY());
    return success();
  }
};
} // namespace

void dsc::populateRaiseLayerNormPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseQuotient, RaiseProduct, FoldScale, FoldBias>(patterns.getContext());
}
