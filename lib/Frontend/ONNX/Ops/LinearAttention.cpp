//===- LinearAttention.cpp - Attention to a state that sums up the past ---===//
//
//   S_t = exp(g_t) S_(t-1) + k_t u_t^T,   o_t = scale S_t^T q_t
//
// where u_t is v_t, or b_t (v_t - (exp(g_t) S_(t-1))^T k_t) by the delta rule. The state
// [B, H, dk, dv] is what a scan over the positions carries; several query heads may read
// one state.
//
//===----------------------------------------------------------------------===//

#include "../NodeImport.h"

#include <cmath>

using namespace mlir;

namespace dsc::onnx {

namespace {
/// A node's operands, with the positions in front: [T, B, H, ...].
struct LinearAttention {
  LinearAttention(NodeImport &n, llvm::StringRef rule)
      : n(n), isGated(rule.starts_with("gated")), isDelta(rule.ends_with("delta")) {}

  NodeImport &n;
  const bool isGated, isDelta;
  int64_t heads = 0, group = 0; // states, and query heads that read each
  Value q, k, v;                // [T, B, H, group, dk], [T, B, H, dk], [T, B, H, dv]
  Value decay;                  // exp(g), [T, B, H, dk or 1, 1]; null if not gated
  Value rate;                   // b, [T, B, H or 1, 1]; null without the delta rule
  Value state;                  // [B, H, dk, dv]

  LogicalResult read();
  LogicalResult readGates();
  Value byPosition(Value x, llvm::ArrayRef<int64_t> heads);
  Value nextState(Value before, Value key, Value value, Value decay, Value rate);
  train::ScanOp buildScan(double scale);
};
} // namespace

/// [B, T, W] with the positions first and W split.
Value LinearAttention::byPosition(Value x, llvm::ArrayRef<int64_t> parts) {
  llvm::ArrayRef<int64_t> s = shapeOf(x);
  Shape shape{s[1], s[0]};
  llvm::append_range(shape, parts);
  return n.reshape(n.transpose(x, {1, 0, 2}), shape);
}

/// At least f32: a state sums up many positions.
static Value widened(NodeImport &n, Value x) {
  return elementOf(x).getIntOrFloatBitWidth() < 32 ? n.convert(x, n.b.getF32Type()) : x;
}

LogicalResult LinearAttention::read() {
  for (unsigned i = 0; i < 3; ++i)
    if (failed(n.expectFloat(i)) || failed(n.expectRank(i, 3, 3)))
      return failure();
  heads = n.integer("kv_num_heads", 0);
  int64_t queryHeads = n.integer("q_num_heads", 0);
  if (heads < 1 || queryHeads < 1 || queryHeads % heads != 0)
    return n.fail("attribute 'q_num_heads' is no positive multiple of 'kv_num_heads'");
  group = queryHeads / heads;
  llvm::ArrayRef<int64_t> query = shapeOf(n.input(0)), key = shapeOf(n.input(1)),
                          value = shapeOf(n.input(2));
  int64_t width = key[2] / heads, valueWidth = value[2] / heads;
  if (width < 1 || valueWidth < 1 || key[2] != width * heads || value[2] != valueWidth * heads ||
      query[2] != width * queryHeads || query[1] == 0 || query.take_front(2) != key.take_front(2) ||
      query.take_front(2) != value.take_front(2))
    return n.set(0, {});
  q = byPosition(widened(n, n.input(0)), {heads, group, width});
  k = byPosition(widened(n, n.input(1)), {heads, width});
  v = byPosition(widened(n, n.input(2)), {heads, valueWidth});
  auto stateType = RankedTensorType::get({query[0], heads, width, valueWidth}, elementOf(q));
  state = n.has(3) ? n.convert(n.input(3), elementOf(q)) : n.splat(stateType, 0);
  if (state.getType() != stateType || elementOf(k) != elementOf(q) || elementOf(v) != elementOf(q))
    return n.set(0, {});
  return readGates();
}

LogicalResult LinearAttention::readGates() {
  if (n.has(4) != isGated || n.has(5) != isDelta)
    return n.fail("its update rule needs other inputs: a decay for the gated ones, a rate (beta) "
                  "for those with delta");
  llvm::ArrayRef<int64_t> key = shapeOf(k);
  auto fits = [&](Value x, int64_t most, int64_t least) {
    return rankOf(x) == 3 && shapeOf(x)[0] == key[1] && shapeOf(x)[1] == key[0] &&
           (shapeOf(x)[2] == most || shapeOf(x)[2] == least) && isFloat(x);
  };
  if ((isGated && !fits(n.input(4), heads * key[3], heads)) ||
      (isDelta && !fits(n.input(5), heads, 1)))
    return n.set(0, {});
  if (isGated) {
    Value g = n.convert(n.input(4), elementOf(q));
    decay = n.make<train::ExpOp>(byPosition(g, {heads, shapeOf(g)[2] / heads, 1}));
  }
  if (isDelta) {
    Value beta = n.convert(n.input(5), elementOf(q));
    rate = byPosition(beta, {shapeOf(beta)[2], 1});
  }
  return success();
}

/// The state after one position; all values are that position's.
Value LinearAttention::nextState(Value before, Value key, Value value, Value decay, Value rate) {
  Shape batch{0, 1}, width{2};
  if (decay)
    before = n.binary<train::MulOp>(before, decay);
  if (rate) {
    Value retrieved = n.make<train::DotOp>(key, before, batch, batch, width, width);
    value = n.binary<train::MulOp>(n.make<train::SubOp>(value, retrieved), rate);
  }
  Value written = n.make<train::MulOp>(n.broadcastAlong(key, {0, 1, 2}, shapeOf(before)),
                                       n.broadcastAlong(value, {0, 1, 3}, shapeOf(before)));
  return n.make<train::AddOp>(before, written);
}

train::ScanOp LinearAttention::buildScan(double scale) {
  llvm::SmallVector<Value> inputs = {n.mul(q, scale), k, v};
  if (decay)
    inputs.push_back(decay);
  if (rate)
    inputs.push_back(rate);
  Shape outputShape(shapeOf(q));
  outputShape.back() = shapeOf(v).back();
  Type outputs = RankedTensorType::get(outputShape, elementOf(q));
  auto scan = train::ScanOp::create(n.b, n.loc, shapeOf(q)[0], /*reverse=*/false, ValueRange(),
                                    state, inputs, outputs);
  OpBuilder::InsertionGuard guard(n.b);
  n.b.setInsertionPointToStart(scan.addBody());
  auto at = scan.getInputArguments();
  Value next = nextState(scan.getCarryArguments()[0], at[1], at[2], decay ? at[3] : Value(),
                         rate ? at.back() : Value());
  Shape batch{0, 1};
  Value read = n.make<train::DotOp>(at[0], next, batch, batch, Shape{3}, Shape{2});
  train::BodyYieldOp::create(n.b, n.loc, ValueRange{next, read});
  return scan;
}

/// `chunk_size` is a hint for kernels; the result does not depend on it.
static LogicalResult importLinearAttention(NodeImport &n) {
  llvm::StringRef rule = n.string("update_rule", "gated_delta");
  if (!llvm::is_contained({"linear", "gated", "delta", "gated_delta"}, rule))
    return n.fail("update rule '" + rule + "' is not known");
  LinearAttention attention(n, rule);
  if (failed(attention.read()))
    return failure();
  double scale = n.number("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(static_cast<double>(shapeOf(attention.k).back()));
  train::ScanOp scan = attention.buildScan(scale);
  Value y = n.transpose(scan.getOutputs()[0], {1, 0, 2, 3, 4}), x = n.input(0);
  llvm::ArrayRef<int64_t> s = shapeOf(y);
  y = n.reshape(y, {s[0], s[1], s[2] * s[3] * s[4]});
  Type stateElement = elementOf(n.has(3) ? n.input(3) : x);
  if (n.wants(1) && failed(n.set(1, n.convert(scan.getCarried()[0], stateElement))))
    return failure();
  return n.set(0, n.convert(y, elementOf(x)));
}

void populateLinearAttention(Registry &registry) {
  registry.add("LinearAttention", 27, inputs(3, 6), importLinearAttention).ignores({"chunk_size"});
}

} // namespace dsc::onnx
