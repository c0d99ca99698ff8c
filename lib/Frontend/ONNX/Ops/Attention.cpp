//===- Attention.cpp - Attention and what stands around it ----------------===//
//
// Masks, windows, causality and the padding of caches all become one mask that is
// added to the scores. The whole op takes it; where the node also wants the scores,
// or limits them, they are computed step by step.
//
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "Products.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace dsc::onnx {

/// [B, T, H D] with the head count as an attribute becomes [B, H, T, D].
static Value splitHeads(NodeImport &n, Value x, llvm::StringRef headsAttribute) {
  if (rankOf(x) == 4)
    return x;
  int64_t heads = n.integer(headsAttribute, 0);
  llvm::ArrayRef<int64_t> s = shapeOf(x);
  if (rankOf(x) != 3 || heads < 1 || s[2] % heads != 0)
    return {};
  return n.transpose(n.reshape(x, {s[0], s[1], heads, s[2] / heads}), {0, 2, 1, 3});
}

static Value mergeHeads(NodeImport &n, Value x) {
  llvm::ArrayRef<int64_t> s = shapeOf(x);
  Shape merged{s[0], s[2], s[1] * s[3]};
  return n.reshape(n.transpose(x, {0, 2, 1, 3}), merged);
}

/// Grouped-query attention: each key head serves several query heads.
static Value repeatHeads(NodeImport &n, Value x, int64_t heads) {
  llvm::ArrayRef<int64_t> s = shapeOf(x);
  if (s[1] == heads)
    return x;
  if (s[1] == 0 || heads % s[1] != 0)
    return {};
  Shape wide{s[0], s[1], heads / s[1], s[2], s[3]}, result{s[0], heads, s[2], s[3]};
  return n.reshape(n.broadcastAlong(x, {0, 1, 3, 4}, wide), result);
}

static constexpr double infinity = std::numeric_limits<double>::infinity();

/// 0 where a boolean is true, -inf elsewhere.
static Value additive(NodeImport &n, Value visible, Type element) {
  auto type = RankedTensorType::get(shapeOf(visible), element);
  return n.select(visible, n.splat(type, 0), n.splat(type, -infinity));
}

/// A mask to add to the scores: of rank 4, with -inf for keys it does not reach.
static Value additiveMask(NodeImport &n, Value mask, int64_t keys, Type element) {
  if (rankOf(mask) < 1 || rankOf(mask) > 4)
    return {};
  Shape shape(4 - rankOf(mask), 1);
  llvm::append_range(shape, shapeOf(mask));
  mask = n.reshape(mask, shape);
  if (isBool(mask))
    mask = additive(n, mask, element);
  int64_t missing = keys - shapeOf(mask)[3];
  if (elementOf(mask) != element || missing < 0)
    return {};
  Shape none(4, 0), high{0, 0, 0, missing};
  return missing == 0 || shapeOf(mask)[3] == 1
             ? mask
             : n.make<train::PadOp>(mask, -infinity, none, high, none);
}

namespace {
/// An Attention node's operands by head, and what it says of who sees whom.
struct Heads {
  Value q, k, v;
  Value lengths;    // how many keys are valid, per batch entry; null: all
  int64_t past = 0; // keys before the first query
  int64_t left = -1, right = -1;
  bool causal = false;

  int64_t queries() const { return shapeOf(q)[2]; }
  int64_t keys() const { return shapeOf(k)[2]; }
};
} // namespace

static Value both(NodeImport &n, Value a, Value b) { return a ? n.binary<train::AndOp>(a, b) : b; }

/// Which keys a query sees by position: [1 or batch, 1, queries, keys]; null: all.
static Value visibleKeys(NodeImport &n, const Heads &heads) {
  bool perEntry = static_cast<bool>(heads.lengths);
  Shape shape{perEntry ? shapeOf(heads.q)[0] : 1, 1, heads.queries(), heads.keys()};
  Value key = iota(n, shape, 3), query = iota(n, shape, 2);
  if (perEntry) { // The queries are the last of the valid keys.
    Value length = n.broadcastAlong(n.convert(heads.lengths, n.b.getI64Type()), {0}, shape);
    query = n.make<train::AddOp>(query, n.add(length, -static_cast<double>(heads.queries())));
  } else if (heads.past) {
    query = n.add(query, static_cast<double>(heads.past));
  }
  Value visible;
  if (heads.causal)
    visible = n.compare(train::Comparison::LE, key, query);
  if (heads.left >= 0)
    visible =
        both(n, visible,
             n.compare(train::Comparison::GE, key, n.add(query, -static_cast<double>(heads.left))));
  if (heads.right >= 0)
    visible =
        both(n, visible,
             n.compare(train::Comparison::LE, key, n.add(query, static_cast<double>(heads.right))));
  if (perEntry)
    visible =
        both(n, visible,
             n.compare(train::Comparison::LT, key,
                       n.broadcastAlong(n.convert(heads.lengths, n.b.getI64Type()), {0}, shape)));
  return visible;
}

/// The output of a node that also wants the scores, or bounds them by `softcap`.
/// Queries that see no key give 0.
static LogicalResult attendStepByStep(NodeImport &n, const Heads &heads, Value mask, double scale,
                                      double softcap, bool merged) {
  Shape swap{0, 1, 3, 2};
  Value scores = n.mul(matmul(n, heads.q, n.transpose(heads.k, swap)), scale);
  Value capped = scores;
  if (softcap != 0)
    capped = n.mul(n.make<train::TanhOp>(n.mul(scores, 1 / softcap)), softcap);
  Value biased = capped;
  Value weights;
  if (mask) {
    mask = n.broadcast(mask, shapeOf(scores));
    biased = n.make<train::AddOp>(capped, mask);
    Shape last{3};
    Value most = n.reduce<train::ReduceMaxOp>(mask, last, true);
    Value isHidden = n.compare(train::Comparison::EQ, most, n.like(most, -infinity));
    isHidden = n.broadcast(isHidden, shapeOf(scores));
    Value safe = n.select(isHidden, n.like(biased, 0), biased);
    weights = n.select(isHidden, n.like(biased, 0), n.make<train::SoftmaxOp>(safe, 3));
  } else {
    weights = n.make<train::SoftmaxOp>(biased, 3);
  }
  Value shown[] = {scores, capped, biased, weights};
  int64_t mode = n.integer("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3)
    return n.fail("attribute 'qk_matmul_output_mode' is not 0 ... 3");
  if (failed(n.set(3, shown[mode])))
    return failure();
  Value y = matmul(n, weights, heads.v);
  return n.set(0, merged ? mergeHeads(n, y) : y);
}

/// Keys and values with those of the cache before them.
static LogicalResult readHeads(NodeImport &n, Heads &heads) {
  heads.q = splitHeads(n, n.input(0), "q_num_heads");
  heads.k = splitHeads(n, n.input(1), "kv_num_heads");
  heads.v = splitHeads(n, n.input(2), "kv_num_heads");
  if (!heads.q || !heads.k || !heads.v)
    return n.set(0, {});
  if (n.has(4) != n.has(5))
    return n.fail("a cache needs both keys and values");
  if (n.has(4)) {
    for (auto [present, input] : {std::pair(&heads.k, 4U), std::pair(&heads.v, 5U)}) {
      Value past = n.input(input);
      Shape expected(shapeOf(*present)), given(shapeOf(past));
      if (given.size() != 4 || elementOf(past) != elementOf(*present))
        return n.set(0, {});
      expected[2] = given[2];
      if (expected != given)
        return n.set(0, {});
      llvm::SmallVector<Value> parts = {past, *present};
      *present = n.make<train::ConcatOp>(2, parts);
    }
    heads.past = shapeOf(n.input(4))[2];
  }
  if ((n.wants(1) && failed(n.set(1, heads.k))) || (n.wants(2) && failed(n.set(2, heads.v))))
    return failure();
  heads.k = repeatHeads(n, heads.k, shapeOf(heads.q)[1]);
  heads.v = repeatHeads(n, heads.v, shapeOf(heads.q)[1]);
  if (n.has(6))
    heads.lengths = n.input(6);
  if (!heads.k || !heads.v || shapeOf(heads.q)[3] != shapeOf(heads.k)[3] ||
      heads.keys() != shapeOf(heads.v)[2] || shapeOf(heads.q)[0] != shapeOf(heads.k)[0] ||
      shapeOf(heads.k)[0] != shapeOf(heads.v)[0] ||
      (heads.lengths &&
       (rankOf(heads.lengths) != 1 || shapeOf(heads.lengths)[0] != shapeOf(heads.q)[0])))
    return n.set(0, {});
  return success();
}

static LogicalResult importAttention(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  Heads heads;
  heads.causal = n.integer("is_causal", 0) != 0;
  heads.left = n.integer("left_window_size", -1);
  heads.right = n.integer("right_window_size", -1);
  if (failed(readHeads(n, heads)))
    return failure();
  Type element = elementOf(heads.q);
  Value mask;
  if (n.has(3) && !(mask = additiveMask(n, n.input(3), heads.keys(), element)))
    return n.set(0, {});
  double scale = n.number("scale", 1 / std::sqrt(static_cast<double>(shapeOf(heads.q)[3])));
  double softcap = n.number("softcap", 0);
  bool merged = rankOf(n.input(0)) == 3, shows = n.isUsed(3) || softcap != 0;
  // Causality by itself is the whole op's own; anything more is a mask.
  bool isPlain = !shows && heads.left < 0 && heads.right < 0 && !heads.lengths && !heads.past &&
                 heads.queries() == heads.keys();
  if (!isPlain || !heads.causal) {
    if (Value visible = visibleKeys(n, heads)) {
      Value rule = additive(n, visible, element);
      mask = mask ? n.binary<train::AddOp>(mask, rule) : rule;
      if (!mask)
        return n.set(0, {});
    }
  }
  if (shows)
    return attendStepByStep(n, heads, mask, scale, softcap, merged);
  auto attention = train::AttentionOp::create(n.b, n.loc, heads.q, heads.k, heads.v, mask, scale,
                                              isPlain && heads.causal);
  return n.set(0, merged ? mergeHeads(n, attention.getY()) : attention.getY());
}

//===----------------------------------------------------------------------===//
// Rotary embedding
//===----------------------------------------------------------------------===//

/// One half of the rotated part: contiguous, or every second element.
static Value rotaryHalf(NodeImport &n, Value x, int64_t width, bool second, bool interleaved) {
  int64_t last = rankOf(x) - 1, half = width / 2;
  if (interleaved)
    return n.slice(x, last, second ? 1 : 0, half, 2);
  return n.slice(x, last, second ? half : 0, half);
}

/// cos or sin of each position: [B or 1, T, 1, half] for x [B, T, H, D].
static Value rotaryTable(NodeImport &n, unsigned input, int64_t half, Type element) {
  Value table = n.convert(n.input(input), element);
  if (n.has(3) && rankOf(table) == 2)
    table = n.make<train::TakeOp>(table, n.convert(n.input(3), n.b.getI64Type()), 0);
  if (rankOf(table) != 3 || shapeOf(table)[2] < half)
    return {};
  table = n.slice(table, 2, 0, half);
  return n.reshape(table, {shapeOf(table)[0], shapeOf(table)[1], 1, half});
}

/// Pairs of features turn by an angle that grows with the position.
static LogicalResult importRotaryEmbedding(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 3, 4)))
    return failure();
  Value x = n.input(0);
  bool flat = rankOf(x) == 3, interleaved = n.integer("interleaved", 0) != 0;
  int64_t heads = n.integer("num_heads", 0);
  if (flat && (heads < 1 || shapeOf(x)[2] % heads != 0))
    return n.fail("attribute 'num_heads' does not divide the width");
  Value by = flat ? n.reshape(x, {shapeOf(x)[0], shapeOf(x)[1], heads, shapeOf(x)[2] / heads})
                  : n.transpose(x, {0, 2, 1, 3});
  int64_t width = n.integer("rotary_embedding_dim", 0);
  width = width == 0 ? shapeOf(by)[3] : width;
  if (width < 2 || width % 2 != 0 || width > shapeOf(by)[3])
    return n.fail("the rotated width " + llvm::Twine(width) + " does not fit the head");
  Value cosine = rotaryTable(n, 1, width / 2, elementOf(x));
  Value sine = rotaryTable(n, 2, width / 2, elementOf(x));
  Value rotated = n.slice(by, 3, 0, width);
  Value a = rotaryHalf(n, rotated, width, false, interleaved);
  Value b = rotaryHalf(n, rotated, width, true, interleaved);
  auto times = [&](Value value, Value factor) {
    return factor ? n.binary<train::MulOp>(value, factor) : Value();
  };
  Value ac = times(a, cosine), bs = times(b, sine), as = times(a, sine), bc = times(b, cosine);
  if (!ac || !bs || !as || !bc || shapeOf(ac) != shapeOf(a) || shapeOf(as) != shapeOf(a))
    return n.set(0, {});
  llvm::SmallVector<Value> parts = {n.make<train::SubOp>(ac, bs), n.make<train::AddOp>(as, bc)};
  if (interleaved) {
    Shape column(shapeOf(a));
    column.push_back(1);
    for (Value &part : parts)
      part = n.reshape(part, column);
    parts = {n.reshape(n.make<train::ConcatOp>(4, parts), shapeOf(rotated))};
  }
  if (width < shapeOf(by)[3])
    parts.push_back(n.slice(by, 3, width, shapeOf(by)[3] - width));
  Value y = parts.size() == 1 ? parts[0] : n.make<train::ConcatOp>(3, parts);
  return n.set(0, flat ? n.reshape(y, shapeOf(x)) : n.transpose(y, {0, 2, 1, 3}));
}

//===----------------------------------------------------------------------===//
// Convolution over the past
//===----------------------------------------------------------------------===//

/// A depthwise convolution of x after the state's columns, which are 0 at first.
static LogicalResult importCausalConv(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 3, 3)) || failed(n.expectRank(1, 3, 3)))
    return failure();
  Value x = n.input(0), w = n.input(1);
  int64_t channels = shapeOf(x)[1], kernel = shapeOf(w)[2];
  Shape stateShape{shapeOf(x)[0], channels, kernel - 1};
  auto stateType = RankedTensorType::get(stateShape, elementOf(x));
  Value state = n.has(3) ? n.input(3) : n.splat(stateType, 0);
  if (shapeOf(w) != llvm::ArrayRef<int64_t>{channels, 1, kernel} || state.getType() != stateType ||
      elementOf(w) != elementOf(x))
    return n.set(0, {});
  llvm::SmallVector<Value> parts = {state, x};
  Value padded = kernel == 1 ? x : n.make<train::ConcatOp>(2, parts);
  Shape one{1}, zero{0};
  Value y = n.make<train::ConvOp>(x.getType(), padded, w, one, zero, zero, one, channels);
  if (n.has(2))
    y = n.make<train::AddOp>(y, n.broadcastAlong(n.input(2), {1}, shapeOf(y)));
  llvm::StringRef activation = n.string("activation", "none");
  if (activation == "silu" || activation == "swish")
    y = n.make<train::MulOp>(y, n.make<train::SigmoidOp>(y));
  else if (activation != "none")
    return n.fail("activation '" + activation + "' is not known");
  if (n.wants(1) &&
      failed(n.set(1, n.slice(padded, 2, shapeOf(padded)[2] - kernel + 1, kernel - 1))))
    return failure();
  return n.set(0, y);
}

/// a sigmoid(alpha a) b.
static LogicalResult importSwiGLU(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  Value a = n.input(0);
  Value gate = n.make<train::SigmoidOp>(n.mul(a, n.number("alpha", 1)));
  return n.set(0, n.binary<train::MulOp>(n.make<train::MulOp>(a, gate), n.input(1)));
}

void populateAttention(Registry &registry) {
  registry.add("Attention", 23, inputs(3, 7), importAttention)
      .ignores({"q_num_heads", "kv_num_heads", "qk_matmul_output_mode", "softmax_precision"});
  registry.add("CausalConvWithState", 27, inputs(2, 4), importCausalConv).weightInputs({1, 2});
  registry.add("RotaryEmbedding", 23, inputs(3, 4), importRotaryEmbedding).ignores({"num_heads"});
  registry.add("SwiGLU", 28, inputs(2), importSwiGLU);
}

} // namespace dsc::onnx
