//===- RaiseAttention.cpp - Scaled dot-product attention ------------------===//
//
//   dot(softmax(c dot(a q, b k) + M), v)  =  attention(q, k, v) with scale a b c
//
// Between the first product and the softmax stand, in any order, multiplications by
// numbers (each also scales the masks added below it), additions of a mask, and
// selections of a large negative number where a mask says so. A constant mask that
// hides exactly the keys after the query becomes the flag `causal`; what is left of
// the masks is one operand.
//
// Hidden keys matter where a row has no others: the softmax then spreads over them. A
// finite mask becomes the flag, and a selection a summand, only where every row
// certainly sees a key. Dropout on the probabilities is in the way of nothing but
// this rewrite: there attention stays decomposed.
//
//===----------------------------------------------------------------------===//

#include "RaiseMatchers.h"

#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace dsc;

/// Added to a score, such a number leaves nothing of its probability: scores would
/// have to differ by thousands to make up for it. Exporters write -inf, the lowest
/// float, or -1e4.
static constexpr double hiding = -1e4;

namespace {

/// An additive mask, times `scale`; or `number` where a boolean one hides.
struct Mask {
  Value value;
  double scale = 1;
  /// For boolean masks: the number selected, and the truth value that selects it.
  std::optional<double> number;
  bool hiddenWhere = false;
};

struct Attention {
  train::DotOp scores, output;
  double scale = 1;
  SmallVector<Mask> masks;
};

} // namespace

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// All but two dimensions are batch dimensions, and one is summed over.
static bool isMatrixProduct(train::DotOp dot) {
  return dot.getABatch().size() == static_cast<size_t>(tensorOf(dot.getA()).getRank() - 2) &&
         dot.getAContract().size() == 1 && dot.getAFree().size() == 1 && dot.getBFree().size() == 1;
}

/// The value with its dimensions in the order batch, first, second.
static Value permuted(PatternRewriter &rewriter, Location loc, Value value, ArrayRef<int64_t> batch,
                      int64_t first, int64_t second) {
  SmallVector<int64_t> permutation(batch);
  permutation.append({first, second});
  if (llvm::is_sorted(permutation))
    return value;
  return rewriter.createOrFold<train::TransposeOp>(loc, value, permutation);
}

//===----------------------------------------------------------------------===//
// From the softmax to the scores
//===----------------------------------------------------------------------===//

/// select(p, x, number) or select(p, number, x): the mask, and x.
static std::optional<std::pair<Mask, Value>> matchSelected(Value value) {
  auto select = value.getDefiningOp<train::SelectOp>();
  if (!select)
    return std::nullopt;
  for (bool hiddenWhere : {true, false}) {
    Value hidden = hiddenWhere ? select.getA() : select.getB();
    Value kept = hiddenWhere ? select.getB() : select.getA();
    std::optional<double> number = splatOf(hidden);
    if (number && *number <= hiding)
      return std::pair(Mask{select.getPredicate(), 1, number, hiddenWhere}, kept);
  }
  return std::nullopt;
}

/// Whether the value is on the way to a product, rather than a mask.
static bool leadsToProduct(Value value, unsigned depth = 0) {
  Operation *op = value.getDefiningOp();
  if (!op || depth > 8)
    return false;
  if (isa<train::DotOp>(op))
    return true;
  if (isa<train::AddOp, train::SelectOp, train::MulOp, train::DivOp>(op))
    return llvm::any_of(op->getOperands(),
                        [&](Value operand) { return leadsToProduct(operand, depth + 1); });
  return false;
}

/// Follows the scores inwards; false if something else is in the way.
static bool followScores(Value value, Attention &attention) {
  while (true) {
    if (!value.hasOneUse())
      return false;
    Scaled scaled = scaledOf(value);
    attention.scale *= scaled.scale;
    value = scaled.core;
    if (auto dot = value.getDefiningOp<train::DotOp>()) {
      attention.scores = dot;
      return dot->hasOneUse();
    }
    if (auto selected = matchSelected(value)) {
      selected->first.scale = attention.scale;
      attention.masks.push_back(selected->first);
      value = selected->second;
      continue;
    }
    auto add = value.getDefiningOp<train::AddOp>();
    if (!add)
      return false;
    bool first = leadsToProduct(add.getA());
    if (first == leadsToProduct(add.getB()))
      return false; // No product, or no telling which of two.
    attention.masks.push_back({first ? add.getB() : add.getA(), attention.scale, {}, false});
    value = first ? add.getA() : add.getB();
  }
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

namespace {
/// The [queries, keys] matrix of a constant mask that is the same for all batch
/// entries and heads, as what is added to the scores.
struct MaskMatrix {
  int64_t queries, keys;
  SmallVector<double> added;
};
} // namespace

static double addedBy(const Mask &mask, double element) {
  if (!mask.number)
    return mask.scale * element;
  return (element != 0) == mask.hiddenWhere ? mask.scale * *mask.number : 0;
}

static std::optional<MaskMatrix> matrixOf(const Mask &mask, int64_t queries, int64_t keys) {
  Spread spread = spreadOf(mask.value);
  DenseElementsAttr attribute;
  if (!matchPattern(spread.core, m_Constant(&attribute)) || attribute.isSplat())
    return std::nullopt;
  int64_t rank = tensorOf(mask.value).getRank();
  SmallVector<int64_t> places;
  for (int64_t place : spread.map)
    if (place != -1)
      places.push_back(place);
  if (places != SmallVector<int64_t>{rank - 2, rank - 1} ||
      attribute.getNumElements() != queries * keys)
    return std::nullopt;
  MaskMatrix matrix{queries, keys, {}};
  matrix.added.reserve(queries * keys);
  if (isa<FloatType>(attribute.getElementType())) {
    for (const APFloat &element : attribute.getValues<APFloat>()) {
      APFloat wide = element;
      bool losesInfo;
      wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
      matrix.added.push_back(addedBy(mask, spread.scale * wide.convertToDouble()));
    }
  } else {
    for (const APInt &element : attribute.getValues<APInt>())
      matrix.added.push_back(addedBy(mask, element.isZero() ? 0 : 1));
  }
  return matrix;
}

/// Whether it hides the keys after each query, and nothing else.
static bool isCausal(const MaskMatrix &matrix) {
  int64_t offset = matrix.keys - matrix.queries;
  if (offset < 0) // Some queries would see no key.
    return false;
  for (int64_t t = 0; t < matrix.queries; ++t)
    for (int64_t s = 0; s < matrix.keys; ++s) {
      double added = matrix.added[t * matrix.keys + s];
      if (s <= t + offset ? added != 0 : !(added <= hiding))
        return false;
    }
  return true;
}

/// Whether what the mask hides has no probability whatever else is hidden.
static bool hidesForGood(const MaskMatrix &matrix) {
  return llvm::all_of(matrix.added, [](double x) { return x == 0 || std::isinf(x); });
}

/// Whether every query sees a key.
static bool showsAKey(const MaskMatrix &matrix) {
  for (int64_t t = 0; t < matrix.queries; ++t)
    if (llvm::none_of(ArrayRef(matrix.added).slice(t * matrix.keys, matrix.keys),
                      [](double x) { return x == 0; }))
      return false;
  return true;
}

/// Whether the mask can be added to the scores without changing what it does; `alone` if there is
/// no other.
static bool isAddable(const Mask &mask, const std::optional<MaskMatrix> &matrix, bool alone) {
  if (!mask.number || std::isinf(*mask.number))
    return true;
  return alone && matrix && showsAKey(*matrix);
}

/// What is added to the scores, as small as its broadcasts allow: of rank 4, with all
/// keys.
static Value additiveMask(PatternRewriter &rewriter, Location loc, const Mask &mask,
                          RankedTensorType scores) {
  auto broadcast = mask.value.getDefiningOp<train::BroadcastOp>();
  int64_t rank = scores.getRank();
  SmallVector<int64_t> shape(scores.getShape());
  Value value = mask.value;
  if (broadcast) {
    SmallVector<int64_t> small(rank, 1);
    for (auto [i, dim] : llvm::enumerate(broadcast.getDims()))
      small[dim] = tensorOf(broadcast.getX()).getDimSize(i);
    if (small.back() == shape.back()) {
      shape = small;
      value = broadcast.getX();
    }
  }
  if (rank == 3)
    shape.insert(shape.begin() + 1, 1);
  RankedTensorType source = tensorOf(value);
  value = rewriter.createOrFold<train::ReshapeOp>(loc, source.clone(shape), value);
  auto type = RankedTensorType::get(shape, scores.getElementType());
  if (mask.number) {
    Value hidden = train::ConstantOp::create(rewriter, loc, type, mask.scale * *mask.number);
    Value kept = train::ConstantOp::create(rewriter, loc, type, 0.0);
    return train::SelectOp::create(rewriter, loc, type, value, mask.hiddenWhere ? hidden : kept,
                                   mask.hiddenWhere ? kept : hidden);
  }
  if (mask.scale == 1)
    return value;
  Value factor = train::ConstantOp::create(rewriter, loc, type, mask.scale);
  return train::MulOp::create(rewriter, loc, value, factor);
}

/// The sum of two masks, which may repeat along different dimensions.
static Value addMasks(PatternRewriter &rewriter, Location loc, Value a, Value b) {
  if (!a)
    return b;
  SmallVector<int64_t> shape;
  for (auto [x, y] : llvm::zip(tensorOf(a).getShape(), tensorOf(b).getShape()))
    shape.push_back(std::max(x, y));
  auto type = tensorOf(a).clone(shape);
  SmallVector<int64_t> dims = {0, 1, 2, 3};
  auto widen = [&](Value mask) {
    return rewriter.createOrFold<train::BroadcastOp>(loc, type, mask, dims);
  };
  return train::AddOp::create(rewriter, loc, widen(a), widen(b));
}

//===----------------------------------------------------------------------===//
// The pattern
//===----------------------------------------------------------------------===//

static std::optional<Attention> matchAttention(train::DotOp dot) {
  Attention attention;
  attention.output = dot;
  if (!isMatrixProduct(dot))
    return std::nullopt;
  int64_t rank = tensorOf(dot.getA()).getRank();
  auto softmax = dot.getA().getDefiningOp<train::SoftmaxOp>();
  if (!softmax || !softmax->hasOneUse() || (rank != 3 && rank != 4))
    return std::nullopt;
  // Probabilities are [batch..., queries, keys], summed over keys.
  SmallVector<int64_t> leading = llvm::to_vector(llvm::seq<int64_t>(0, rank - 2));
  if (static_cast<int64_t>(softmax.getDim()) != rank - 1 || dot.getAContract()[0] != rank - 1 ||
      dot.getABatch() != ArrayRef(leading))
    return std::nullopt;
  if (!followScores(softmax.getX(), attention) || !isMatrixProduct(attention.scores))
    return std::nullopt;
  return attention;
}

/// [N, T, D] as [N, 1, T, D].
static Value withHeads(PatternRewriter &rewriter, Location loc, Value value) {
  RankedTensorType type = tensorOf(value);
  if (type.getRank() == 4)
    return value;
  SmallVector<int64_t> shape(type.getShape());
  shape.insert(shape.begin() + 1, 1);
  return rewriter.createOrFold<train::ReshapeOp>(loc, type.clone(shape), value);
}

namespace {
struct RaiseAttention : OpRewritePattern<train::DotOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(train::DotOp dot, PatternRewriter &rewriter) const override {
    std::optional<Attention> match = matchAttention(dot);
    if (!match)
      return failure();
    RankedTensorType scores = tensorOf(match->scores.getY());
    int64_t queries = scores.getShape()[scores.getRank() - 2], keys = scores.getShape().back();
    bool causal = false, alone = match->masks.size() == 1;
    SmallVector<Mask> kept;
    for (const Mask &mask : match->masks) {
      auto matrix = matrixOf(mask, queries, keys);
      if (matrix && isCausal(*matrix) && (alone || hidesForGood(*matrix)))
        causal = true;
      else if (!isAddable(mask, matrix, alone))
        return failure();
      else
        kept.push_back(mask);
    }

    rewriter.setInsertionPoint(dot);
    train::DotOp product = match->scores;
    Value inputs[] = {scaledOf(product.getA()).core, scaledOf(product.getB()).core, dot.getB()};
    Location loc = wholeOpLoc(dot, inputs, "Attention");
    Value mask;
    for (const Mask &one : kept)
      mask = addMasks(rewriter, loc, mask, additiveMask(rewriter, loc, one, scores));
    auto operand = [&](Value value) {
      Scaled scaled = scaledOf(value);
      match->scale *= scaled.scale;
      return scaled.core;
    };
    Value a = operand(product.getA()), b = operand(product.getB());
    Value q = permuted(rewriter, loc, a, product.getABatch(), product.getAFree()[0],
                       product.getAContract()[0]);
    Value k = permuted(rewriter, loc, b, product.getBBatch(), product.getBFree()[0],
                       product.getBContract()[0]);
    Value v = permuted(rewriter, loc, dot.getB(), dot.getBBatch(), dot.getBContract()[0],
                       dot.getBFree()[0]);
    auto attention = train::AttentionOp::create(
        rewriter, loc, withHeads(rewriter, loc, q), withHeads(rewriter, loc, k),
        withHeads(rewriter, loc, v), mask, match->scale, causal);
    rewriter.replaceOp(
        dot, rewriter.createOrFold<train::ReshapeOp>(loc, dot.getType(), attention.getY()));
    return success();
  }
};
} // namespace

void dsc::populateRaiseAttentionPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseAttention>(patterns.getContext());
}
