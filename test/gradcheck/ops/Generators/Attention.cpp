//===- Attention.cpp - Draws of attention ---------------------------------===//

#include "../Case.h"

#include <limits>

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

namespace {
struct DrawnAttention {
  Shape q, k, v, y, lse, mask;
  bool causal, hasMask;

  explicit DrawnAttention(CaseBuilder &c) : causal(c.draw.flag()), hasMask(c.draw.flag()) {
    int64_t b = c.draw.integer(1, 2), h = c.draw.integer(1, 2);
    int64_t t = c.draw.integer(1, 3), s = c.draw.integer(2, 4);
    int64_t d = c.draw.integer(2, 3), e = c.draw.integer(2, 3);
    q = {b, h, t, d}, k = {b, h, s, d}, v = {b, h, s, e}, y = {b, h, t, e}, lse = {b, h, t};
    mask = {c.draw.flag() ? b : 1, c.draw.flag() ? h : 1, c.draw.flag() ? t : 1, s};
    if (countElements(lse) < 2) {
      q[0] = k[0] = v[0] = y[0] = lse[0] = 2;
    }
  }

  /// In a causal case of more queries than keys the first see no key: their lse
  /// is -inf and has no gradient.
  bool hidesRows() const { return causal && q[2] > k[2]; }

  /// Added to the scores; now and then a key is hidden, never all of a row's.
  Value drawMask(CaseBuilder &c) const {
    if (!hasMask) {
      return Value();
    }
    Value value = c.real(mask);
    if (c.draw.flag()) {
      c.lastInput().floats.front() = -std::numeric_limits<double>::infinity();
    }
    return value;
  }
};
} // namespace

static Operation *drawAttention(CaseBuilder &c) {
  DrawnAttention drawn(c);
  Value q = c.real(drawn.q), k = c.real(drawn.k), v = c.real(drawn.v), mask = drawn.drawMask(c);
  // A hidden first key leaves the first causal query nothing where T = S.
  bool lseIsFinite = !drawn.hidesRows() && !(drawn.causal && mask);
  c.result.hasGradient = {true, lseIsFinite};
  return c.create<train::AttentionOp>(q, k, v, mask, c.draw.real(0.3, 1.0), drawn.causal);
}

static Operation *drawAttentionGrad(CaseBuilder &c) {
  DrawnAttention drawn(c);
  Value dy = c.real(drawn.y), q = c.real(drawn.q), k = c.real(drawn.k), v = c.real(drawn.v);
  Value y = c.real(drawn.y), lse = c.real(drawn.lse);
  c.freeze(); // probabilities come from the scores, of which it is a function
  Value mask = drawn.drawMask(c);
  return c.create<train::AttentionGradOp>(
      TypeRange{q.getType(), k.getType(), v.getType()}, dy, q, k, v, y, lse, mask,
      c.builder.getF64FloatAttr(c.draw.real(0.3, 1.0)), c.builder.getBoolAttr(drawn.causal));
}

void dsc::gradcheck::addAttention(Generators &generators) {
  generators.add<train::AttentionOp>(drawAttention);
  generators.add<train::AttentionGradOp>(drawAttentionGrad);
}
