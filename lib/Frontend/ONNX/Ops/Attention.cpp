//===- Attention.cpp - ONNX Attention (opset 23) --------------------------===//

#include "../NodeImport.h"

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

/// A mask to add to the scores: of rank 4, -inf where a boolean one is false.
static Value additiveMask(NodeImport &n, Value mask, Type element) {
  if (rankOf(mask) < 2 || rankOf(mask) > 4)
    return {};
  Shape shape(4 - rankOf(mask), 1);
  llvm::append_range(shape, shapeOf(mask));
  mask = n.reshape(mask, shape);
  if (!isBool(mask))
    return elementOf(mask) == element ? mask : Value();
  auto type = RankedTensorType::get(shape, element);
  return n.select(mask, n.splat(type, 0), n.splat(type, -std::numeric_limits<double>::infinity()));
}

/// `mask` (or none) plus -inf for keys after the query, both counted from the front.
static Value addCausal(NodeImport &n, Value mask, int64_t queries, int64_t keys, Type element) {
  auto indices = RankedTensorType::get({1, 1, queries, keys}, n.b.getI64Type());
  Value sees = n.compare(train::Comparison::LE, n.make<train::IotaOp>(indices, 3),
                         n.make<train::IotaOp>(indices, 2));
  Value causal = additiveMask(n, sees, element);
  return mask ? n.binary<train::AddOp>(mask, causal) : causal;
}

static LogicalResult importAttention(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  if (n.has(4) || n.has(5) || n.has(6) || n.isUsed(1) || n.isUsed(2) || n.isUsed(3))
    return n.fail("a key-value cache and further outputs are for inference, not for training");
  if (n.integer("left_window_size", -1) != -1 || n.integer("right_window_size", -1) != -1)
    return n.fail("a window of keys is not supported");
  if (n.number("softcap", 0) != 0)
    return n.fail("attribute 'softcap' is not supported");
  Value q = splitHeads(n, n.input(0), "q_num_heads");
  Value k = splitHeads(n, n.input(1), "kv_num_heads");
  Value v = splitHeads(n, n.input(2), "kv_num_heads");
  if (!q || !k || !v)
    return n.set(0, {});
  k = repeatHeads(n, k, shapeOf(q)[1]);
  v = repeatHeads(n, v, shapeOf(q)[1]);
  if (!k || !v || shapeOf(q)[3] != shapeOf(k)[3] || shapeOf(k)[2] != shapeOf(v)[2] ||
      shapeOf(q)[0] != shapeOf(k)[0] || shapeOf(k)[0] != shapeOf(v)[0])
    return n.set(0, {});
  Value mask;
  if (n.has(3) && !(mask = additiveMask(n, n.input(3), elementOf(q))))
    return n.set(0, {});
  bool causal = n.integer("is_causal", 0) != 0;
  if (causal && shapeOf(q)[2] != shapeOf(k)[2]) { // ONNX counts from the first key.
    mask = addCausal(n, mask, shapeOf(q)[2], shapeOf(k)[2], elementOf(q));
    causal = false;
  }
  double scale = n.number("scale", 1 / std::sqrt(static_cast<double>(shapeOf(q)[3])));
  auto attention = train::AttentionOp::create(n.b, n.loc, q, k, v, mask, scale, causal);
  bool merged = rankOf(n.input(0)) == 3;
  return n.set(0, merged ? mergeHeads(n, attention.getY()) : attention.getY());
}

void populateAttention(Registry &registry) {
  registry.add("Attention", 23, inputs(3, 7), importAttention)
      .ignores({"q_num_heads", "kv_num_heads", "qk_matmul_output_mode", "softmax_precision"});
}

} // namespace dsc::onnx
