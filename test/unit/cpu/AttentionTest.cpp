//===- AttentionTest.cpp - dscCpuAttention and its gradient ---------------===//
#include "Support.h"

#include <cmath>

using namespace dsc::test;

namespace {

struct AttentionCase {
  int64_t B, H, keyHeads, T, S, D, Dv;
  int64_t flags = 0;
  double scale = 0.3;

  int64_t keyHead(int64_t h) const { return h / (H / keyHeads); }
  bool sees(int64_t t, int64_t s) const {
    return !(flags & DSC_ATTENTION_CAUSAL) || s <= t + S - T;
  }
};

/// Any order of the outer dimensions, the last one contiguous.
Dims lastContiguous(Random &random, const Dims &dims) {
  if (chance(random))
    return rowMajor(dims);
  Dims outer(dims.begin(), dims.end() - 1);
  Dims strides = randomStrides(random, outer);
  int64_t last = dims.back() + pick(random, 0, 5);
  for (int64_t &stride : strides)
    stride *= last;
  strides.push_back(1);
  return strides;
}

Dims firstThree(const Dims &strides) { return {strides.begin(), strides.begin() + 3}; }

/// Everything of one case: operands, and what plain loops in f64 make of them.
class Attention {
public:
  Attention(Random &random, const AttentionCase &c)
      : c(c), q(matrix(random, {c.B, c.H, c.T, c.D})),
        k(matrix(random, {c.B, c.keyHeads, c.S, c.D})),
        v(matrix(random, {c.B, c.keyHeads, c.S, c.Dv})), mask(makeMask(random)),
        out(empty(random, {c.B, c.H, c.T, c.Dv})), lse({c.B, c.H, c.T}),
        outGrad(matrix(random, {c.B, c.H, c.T, c.Dv})), qGrad(empty(random, q.dims)),
        kGrad(empty(random, k.dims)), vGrad(empty(random, v.dims)) {
    forEach({c.B, c.H, c.T}, [&](const Dims &at) { referenceRow(at[0], at[1], at[2]); });
  }

  void checkForward();
  void checkGradient();

private:
  Tensor<float> matrix(Random &random, const Dims &dims) {
    return randomTensor(random, dims, lastContiguous(random, dims));
  }
  Tensor<float> empty(Random &random, const Dims &dims) {
    return Tensor<float>(dims, lastContiguous(random, dims));
  }
  Tensor<float> makeMask(Random &random);
  double score(int64_t b, int64_t h, int64_t t, int64_t s) const;
  void referenceRow(int64_t b, int64_t h, int64_t t);
  Call &describe(Call &call, bool gradient);

  AttentionCase c;
  Tensor<float> q, k, v, mask;
  Tensor<float> out, lse, outGrad, qGrad, kGrad, vGrad;
  Tensor<double> wantOut{{c.B, c.H, c.T, c.Dv}}, wantLse{{c.B, c.H, c.T}};
  Tensor<double> wantQ = zeros(q.dims), wantK = zeros(k.dims), wantV = zeros(v.dims);

  static Tensor<double> zeros(const Dims &dims) {
    return std::move(Tensor<double>(dims).fill([] { return 0.0; }));
  }
};

/// Some entries are -inf, one row is all -inf or so low that scores are lost in it; dimensions are
/// broadcast now and then.
Tensor<float> Attention::makeMask(Random &random) {
  Dims dims{c.B, c.H, c.T, c.S}, strides = rowMajor(dims);
  if (!(c.flags & DSC_ATTENTION_MASK))
    return Tensor<float>({1});
  bool transposed = chance(random);
  if (transposed)
    strides = {strides[0], strides[1], 1, c.T};
  for (int i = 0; i < 3; ++i)
    if (chance(random))
      strides[i] = 0;
  Tensor<float> result(dims, strides);
  result.fill([&]() -> float {
    return pick(random, 0, 4) == 0 ? -INFINITY : static_cast<float>(pick(random, -20, 20)) / 10;
  });
  int64_t row = pick(random, 0, c.T - 1);
  float hidden = chance(random) ? -INFINITY : -3.4e38f;
  if (strides[2] != 0)
    for (int64_t s = 0; s < c.S; ++s)
      result.at({0, 0, row, s}) = hidden;
  return result;
}

double Attention::score(int64_t b, int64_t h, int64_t t, int64_t s) const {
  if (!c.sees(t, s))
    return -INFINITY;
  double sum = 0;
  for (int64_t d = 0; d < c.D; ++d)
    sum += static_cast<double>(q(b, h, t, d)) * k(b, c.keyHead(h), s, d);
  return c.scale * sum + ((c.flags & DSC_ATTENTION_MASK) ? mask(b, h, t, s) : 0.0f);
}

void Attention::referenceRow(int64_t b, int64_t h, int64_t t) {
  int64_t kh = c.keyHead(h);
  std::vector<double> p(c.S);
  double greatest = -INFINITY, sum = 0;
  for (int64_t s = 0; s < c.S; ++s)
    greatest = std::max(greatest, p[s] = score(b, h, t, s));
  for (double &value : p)
    sum += value = std::isinf(greatest) ? 0 : std::exp(value - greatest);
  wantLse(b, h, t) = sum == 0 ? -INFINITY : greatest + std::log(sum);
  for (double &value : p)
    value = sum == 0 ? 0 : value / sum;
  double delta = 0;
  for (int64_t d = 0; d < c.Dv; ++d) {
    double &o = wantOut(b, h, t, d) = 0;
    for (int64_t s = 0; s < c.S; ++s)
      o += p[s] * v(b, kh, s, d);
    delta += o * outGrad(b, h, t, d);
  }
  for (int64_t s = 0; s < c.S; ++s) {
    double dp = 0;
    for (int64_t d = 0; d < c.Dv; ++d) {
      dp += static_cast<double>(outGrad(b, h, t, d)) * v(b, kh, s, d);
      wantV(b, kh, s, d) += p[s] * outGrad(b, h, t, d);
    }
    double ds = p[s] * (dp - delta) * c.scale;
    for (int64_t d = 0; d < c.D; ++d) {
      wantQ(b, h, t, d) += ds * k(b, kh, s, d);
      wantK(b, kh, s, d) += ds * q(b, h, t, d);
    }
  }
}

Call &Attention::describe(Call &call, bool gradient) {
  bool masked = c.flags & DSC_ATTENTION_MASK;
  call.ints({c.B, c.H, c.keyHeads, c.T, c.S, c.D, c.Dv})
      .ints(firstThree(q.strides))
      .ints(firstThree(k.strides))
      .ints(firstThree(v.strides))
      .ints(firstThree(out.strides));
  if (masked)
    call.ints(mask.strides);
  if (gradient)
    for (const Tensor<float> *tensor : {&outGrad, &qGrad, &kGrad, &vGrad})
      call.ints(firstThree(tensor->strides));
  call.ints({c.flags}).floats(c.scale).in(q).in(k).in(v);
  if (masked)
    call.in(mask);
  return call;
}

void Attention::checkForward() {
  Call call = DSC_CALL(dscCpuAttention);
  describe(call, false).out(out).out(lse).run();
  expectNear(out, [&](const Dims &at) { return wantOut.at(at); }, 1e-5);
  expectNear(lse, [&](const Dims &at) { return wantLse.at(at); }, 1e-5);
}

void Attention::checkGradient() {
  out.fill([] { return 0.0f; });
  forEach(out.dims, [&](const Dims &at) { out.at(at) = static_cast<float>(wantOut.at(at)); });
  forEach(lse.dims, [&](const Dims &at) { lse.at(at) = static_cast<float>(wantLse.at(at)); });
  Call call = DSC_CALL(dscCpuAttentionGrad);
  describe(call, true).in(out).in(lse).in(outGrad).out(qGrad).out(kGrad).out(vGrad).run();
  expectNear(qGrad, [&](const Dims &at) { return wantQ.at(at); }, 3e-5);
  expectNear(kGrad, [&](const Dims &at) { return wantK.at(at); }, 3e-5);
  expectNear(vGrad, [&](const Dims &at) { return wantV.at(at); }, 3e-5);
}

void check(Random &random, const AttentionCase &c) {
  SCOPED_TRACE(testing::Message() << "B " << c.B << " H " << c.H << "/" << c.keyHeads << " T "
                                  << c.T << " S " << c.S << " D " << c.D << " Dv " << c.Dv
                                  << " flags " << c.flags);
  Attention attention(random, c);
  attention.checkForward();
  attention.checkGradient();
}

class AttentionLevels : public LevelTest {};

TEST_P(AttentionLevels, RandomShapes) {
  Random random(1);
  for (int round = 0; round < 30 && !HasFailure(); ++round) {
    int64_t keyHeads = pick(random, 1, 2);
    AttentionCase c{pick(random, 1, 2),
                    keyHeads * pick(random, 1, 3),
                    keyHeads,
                    pick(random, 1, 40),
                    pick(random, 1, 40),
                    pick(random, 1, 40),
                    pick(random, 1, 40),
                    pick(random, 0, 3)};
    check(random, c);
  }
}

TEST_P(AttentionLevels, SeveralBlocks) {
  Random random(2);
  for (int64_t flags = 0; flags < 4; ++flags) {
    check(random, {1, 2, 2, 64, 64, 32, 32, flags});
    check(random, {1, 1, 1, 150, 150, 16, 16, flags}); // one head: shared out by blocks
    check(random, {1, 4, 2, 70, 200, 64, 32, flags});  // more keys than queries
    check(random, {2, 2, 1, 200, 70, 8, 24, flags});   // fewer: causal rows that see nothing
    check(random, {1, 3, 3, 129, 128, 20, 20, flags});
  }
}

TEST_P(AttentionLevels, LargeScoresDoNotOverflow) {
  Random random(3);
  AttentionCase c{1, 1, 1, 80, 80, 16, 16, DSC_ATTENTION_CAUSAL};
  c.scale = 200;
  Attention attention(random, c);
  attention.checkForward();
}

INSTANTIATE_TEST_SUITE_P(Levels, AttentionLevels, testing::Range(0, levelCount()));

TEST(Attention, RefusesHeadsThatDoNotDivide) {
  Tensor<float> t({4096});
  EXPECT_EQ(DSC_CALL(dscCpuAttention)
                .ints({1, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0})
                .floats(1)
                .in(t)
                .in(t)
                .in(t)
                .out(t)
                .out(t)
                .runOnce(1),
            1);
  EXPECT_NE(lastError.find("key heads"), std::string::npos) << lastError;
}

} // namespace
