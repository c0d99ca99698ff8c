//===- MicrosoftAttention.cpp - Fused transformers of ONNX Runtime --------===//
//
// What its optimizer makes of the embedding and the attention of BERT and GPT: the
// products, norm and attention that it was made from. Masks are added to the scores;
// what a mask hides gets `mask_filter_value` rather than minus infinity, so that a row
// that sees nothing is one that sees all. Caches are refused: they are for generation.
//
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "Products.h"

#include <cmath>

using namespace mlir;

namespace dsc::onnx {

static Value splitHeads(NodeImport &n, Value x, int64_t heads) {
  llvm::ArrayRef<int64_t> s = shapeOf(x);
  return n.transpose(n.reshape(x, {s[0], s[1], heads, s[2] / heads}), {0, 2, 1, 3});
}

static Value mergeHeads(NodeImport &n, Value x) {
  llvm::ArrayRef<int64_t> s = shapeOf(x);
  Shape merged{s[0], s[2], s[1] * s[3]};
  return n.reshape(n.transpose(x, {0, 2, 1, 3}), merged);
}

/// Which keys may be seen: [B] counts of them, [B, S], or [B, T, S]. Null for other forms.
static Value visibleKeys(NodeImport &n, Value mask, llvm::ArrayRef<int64_t> scores) {
  int64_t batch = scores[0], queries = scores[2], keys = scores[3];
  llvm::ArrayRef<int64_t> s = shapeOf(mask);
  if (s == llvm::ArrayRef<int64_t>{batch}) {
    Shape shape{batch, 1, 1, keys};
    Value lengths = n.broadcastAlong(mask, {0}, shape);
    return n.compare(train::Comparison::LT, iota(n, shape, 3, elementOf(mask)), lengths);
  }
  if (s == llvm::ArrayRef<int64_t>{batch, keys})
    mask = n.reshape(mask, {batch, 1, 1, keys});
  else if (s == llvm::ArrayRef<int64_t>{batch, queries, keys})
    mask = n.reshape(mask, {batch, 1, queries, keys});
  else
    return {};
  return n.compare(train::Comparison::NE, mask, n.like(mask, 0));
}

namespace {
/// The inputs that Attention and MultiHeadAttention have at places of their own.
struct Masks {
  unsigned mask, added;
};
} // namespace

/// What is added to the scores; null for nothing, failure where it does not fit.
static llvm::FailureOr<Value> addedToScores(NodeImport &n, Masks inputs,
                                            llvm::ArrayRef<int64_t> scores, Type element) {
  double hidden = n.number("mask_filter_value", -10000.0);
  Value sum;
  if (n.has(inputs.mask)) {
    if (isFloat(n.input(inputs.mask)))
      return n.set(0, {});
    Value visible = visibleKeys(n, n.input(inputs.mask), scores);
    if (!visible)
      return n.fail("its mask is " + describe(n.input(inputs.mask)) +
                    "; known are [batch], [batch, keys] and [batch, queries, keys]");
    auto type = RankedTensorType::get(shapeOf(visible), element);
    sum = n.select(visible, n.splat(type, 0), n.splat(type, hidden));
  }
  if (!n.has(inputs.added))
    return sum;
  Value added = n.input(inputs.added);
  if (rankOf(added) != 4 || elementOf(added) != element)
    return n.set(0, {});
  return sum ? n.binary<train::AddOp>(sum, added) : added;
}

/// Attention of q, k, v [B, T, heads * width].
static LogicalResult attend(NodeImport &n, Value q, Value k, Value v, Masks inputs) {
  int64_t heads = n.integer("num_heads", 0);
  auto fits = [&](Value x) { return shapeOf(x)[2] % heads == 0; };
  if (heads < 1 || !fits(q) || !fits(k) || !fits(v))
    return n.fail("attribute 'num_heads' does not divide the widths");
  if (shapeOf(q)[0] != shapeOf(k)[0] || shapeOf(q)[2] != shapeOf(k)[2] ||
      shapeOf(k).take_front(2) != shapeOf(v).take_front(2))
    return n.set(0, {});
  Shape scores{shapeOf(q)[0], heads, shapeOf(q)[1], shapeOf(k)[1]};
  llvm::FailureOr<Value> mask = addedToScores(n, inputs, scores, elementOf(q));
  if (failed(mask))
    return failure();
  if (*mask && broadcastShapes(shapeOf(*mask), scores) != scores)
    return n.set(0, {});
  bool isCausal = n.integer("unidirectional", 0) != 0;
  if (isCausal && scores[2] != scores[3])
    return n.fail("attribute 'unidirectional' needs as many keys as queries");
  double own = 1 / std::sqrt(static_cast<double>(shapeOf(q)[2] / heads));
  double scale = n.number("scale", 0);
  auto y = train::AttentionOp::create(n.b, n.loc, splitHeads(n, q, heads), splitHeads(n, k, heads),
                                      splitHeads(n, v, heads), *mask, scale != 0 ? scale : own,
                                      isCausal);
  return n.set(0, mergeHeads(n, y.getY()));
}

static LogicalResult refuseCaches(NodeImport &n, llvm::ArrayRef<unsigned> inputs) {
  for (unsigned i : inputs)
    if (n.has(i))
      return n.fail("its input " + llvm::Twine(i) +
                    ", a cache of keys and values, is not "
                    "supported: export the model without one");
  for (unsigned i = 1; i < n.node.outputs.size(); ++i)
    if (n.isUsed(i))
      return n.fail("its output " + llvm::Twine(i) + " is not supported");
  if (n.integer("do_rotary", 0) != 0)
    return n.fail("attribute 'do_rotary' is not supported");
  return success();
}

/// x times one matrix [in, q + k + v], cut in three.
static LogicalResult importAttention(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 3, 3)) || failed(n.expectRank(1, 2, 2)) ||
      failed(refuseCaches(n, {4, 6})))
    return failure();
  Value x = n.input(0), w = n.input(1);
  Value y = elementOf(x) == elementOf(w) ? matmul(n, x, w) : Value();
  if (y && n.has(2)) {
    Value sum = n.binary<train::AddOp>(y, n.input(2));
    y = sum && shapeOf(sum) == shapeOf(y) ? sum : Value();
  }
  if (!y)
    return n.set(0, {});
  int64_t width = shapeOf(y)[2];
  Shape sizes = n.integers("qkv_hidden_sizes").value_or(Shape(3, width / 3));
  auto isNegative = [](int64_t size) { return size < 1; };
  if (sizes.size() != 3 || llvm::any_of(sizes, isNegative) || sizes[0] > width ||
      sizes[1] > width || sizes[0] + sizes[1] + sizes[2] != width)
    return n.fail("attribute 'qkv_hidden_sizes' does not fit the weights");
  return attend(n, n.slice(y, 2, 0, sizes[0]), n.slice(y, 2, sizes[0], sizes[1]),
                n.slice(y, 2, sizes[0] + sizes[1], sizes[2]), {3, 5});
}

/// Three projections, with one bias for all of them.
static LogicalResult importMultiHeadAttention(NodeImport &n) {
  if (!n.has(1) || !n.has(2))
    return n.fail("packed queries, keys and values are not supported");
  if (failed(refuseCaches(n, {6, 7, 8, 9})))
    return failure();
  llvm::SmallVector<Value> parts;
  int64_t width = 0;
  for (unsigned i = 0; i < 3; ++i) {
    if (failed(n.expectRank(i, 3, 3)) || failed(n.expectFloat(i)))
      return failure();
    parts.push_back(n.input(i));
    width += shapeOf(parts.back())[2];
  }
  if (n.has(3)) {
    Value bias = n.input(3);
    if (bias.getType() != RankedTensorType::get({width}, elementOf(parts[0])))
      return n.set(0, {});
    int64_t start = 0;
    for (Value &part : parts) {
      int64_t size = shapeOf(part)[2];
      part = n.binary<train::AddOp>(part, n.slice(bias, 0, start, size));
      start += size;
    }
  }
  return attend(n, parts[0], parts[1], parts[2], {4, 5});
}

/// Words, places and segments of a text looked up, added and normalized; output 1 counts the
/// words of each text.
static LogicalResult importEmbedLayerNorm(NodeImport &n) {
  for (unsigned i : {0U, 2U, 3U, 5U, 6U})
    if (!n.has(i))
      return n.fail("input " + llvm::Twine(i) + " is missing");
  if (failed(n.expectRank(0, 2, 2)) || failed(n.expectRank(2, 2, 2)) ||
      failed(n.expectRank(3, 2, 2)))
    return failure();
  if (n.isUsed(2))
    return n.fail("its output 2, the sum, is not supported");
  Value ids = n.input(0), words = n.make<train::TakeOp>(n.input(2), ids, 0);
  int64_t length = shapeOf(ids)[1], width = shapeOf(words)[2];
  if (!n.has(8) && length > shapeOf(n.input(3))[0])
    return n.fail("there are " + llvm::Twine(shapeOf(n.input(3))[0]) + " places for texts of " +
                  llvm::Twine(length));
  Value places = n.has(8) ? n.make<train::TakeOp>(n.input(3), n.input(8), 0)
                          : n.slice(n.input(3), 0, 0, length);
  Value sum = n.binary<train::AddOp>(words, places);
  if (sum && n.has(1) && n.has(4))
    sum = n.binary<train::AddOp>(sum, n.make<train::TakeOp>(n.input(4), n.input(1), 0));
  auto parameter = RankedTensorType::get({width}, elementOf(words));
  if (!sum || shapeOf(sum) != shapeOf(words) || n.input(5).getType() != parameter ||
      n.input(6).getType() != parameter)
    return n.set(0, {});
  auto norm = train::LayerNormOp::create(n.b, n.loc, sum, n.input(5), n.input(6), 2,
                                         n.number("epsilon", 1e-12));
  if (failed(n.set(0, norm.getY())))
    return failure();
  Shape last{1};
  Value count = n.has(7) ? n.reduce<train::ReduceSumOp>(n.input(7), last, false)
                         : n.splat(RankedTensorType::get({shapeOf(ids)[0]}, n.b.getI32Type()), 0);
  return n.set(1, n.convert(count, n.b.getI32Type()));
}

void populateMicrosoftAttention(Registry &registry) {
  registry.add("com.microsoft.Attention", 1, inputs(2, 7), importAttention)
      .weightInputs({1, 2})
      .ignores({"past_present_share_buffer", "rotary_embedding_dim"});
  registry.add("com.microsoft.MultiHeadAttention", 1, inputs(1, 10), importMultiHeadAttention)
      .weightInputs({3});
  registry.add("com.microsoft.EmbedLayerNormalization", 1, inputs(1, 9), importEmbedLayerNorm)
      .weightInputs({2, 3, 4, 5, 6})
      .ignores({"mask_index_type"});
}

} // namespace dsc::onnx
