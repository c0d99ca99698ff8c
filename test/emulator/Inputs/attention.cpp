// Runs Attention.cu on random shapes and compares with the definition in f64.
#include "device.h"

#include <limits>

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Attention drawShape() {
  Attention call = {};
  call.b = draw(1, 2);
  call.hkv = draw(1, 2);
  call.h = call.hkv * draw(1, 2);
  call.t = draw(1, 70);
  call.s = draw(1, 70);
  call.d = draw(1, 4) == 1 ? draw(120, 150) : draw(1, 40);
  call.dv = draw(1, 4) == 1 ? draw(120, 150) : draw(1, 40);
  call.scale = 1 / std::sqrt(double(call.d));
  call.flags = draw(0, 3); // causal, mask
  return call;
}

/// Batch, head and row; the last dimension's stride is 1.
Sizes outerStrides(const Array &array) {
  return {array.strides[0], array.strides[1], array.strides[2]};
}

/// Of one query: its scores, and what comes of them.
struct Reference {
  Reference(const Attention &call, const Array &q, const Array &k, const Array &mask,
            const Sizes &query)
      : kvHead(query[1] / (call.h / call.hkv)), probabilities(size_t(call.s), 0) {
    double largest = -infinity, total = 0;
    std::vector<double> scores(size_t(call.s), -infinity);
    for (int64_t key = 0; key < call.s; ++key) {
      if ((call.flags & DSC_ATTENTION_CAUSAL) && key > query[2] + call.s - call.t)
        continue;
      double sum = 0;
      for (int64_t c = 0; c < call.d; ++c)
        sum += double(q[{query[0], query[1], query[2], c}]) * k[{query[0], kvHead, key, c}];
      double added =
          call.flags & DSC_ATTENTION_MASK ? mask[{query[0], query[1], query[2], key}] : 0;
      scores[size_t(key)] = sum * call.scale + added;
      largest = std::max(largest, scores[size_t(key)]);
    }
    for (double score : scores)
      total += largest == -infinity ? 0 : std::exp(score - largest);
    lse = total > 0 ? largest + std::log(total) : -infinity;
    for (size_t key = 0; key < scores.size() && total > 0; ++key)
      probabilities[key] = std::exp(scores[key] - lse);
  }
  int64_t kvHead;
  double lse;
  std::vector<double> probabilities;
};

void check(Attention call) {
  Array q({call.b, call.h, call.t, call.d}, 1), k({call.b, call.hkv, call.s, call.d}, 1);
  Array v({call.b, call.hkv, call.s, call.dv}, 1), out({call.b, call.h, call.t, call.dv}, 1);
  Array outGrad(out.dims, 1), lse({call.b, call.h, call.t}), mask({1, 1, call.t, call.s});
  mask.strides[0] = mask.strides[1] = 0; // broadcast
  lse.strides = {call.h * call.t, call.t, 1};
  for (float &value : mask.host)
    value = draw(0, 4) == 0 ? -INFINITY : value;
  mask.write();

  std::vector<double> y(out.host.size()), l(lse.host.size());
  std::vector<double> dq(q.host.size()), dk(k.host.size()), dv(v.host.size());
  forEach({call.b, call.h, call.t}, [&](const Sizes &at) {
    Reference query(call, q, k, mask, at);
    l[lse.placeOf(at)] = query.lse;
    auto rowOf = [&](int64_t key, int64_t c) { return Sizes{at[0], query.kvHead, key, c}; };
    auto own = [&](int64_t c) { return Sizes{at[0], at[1], at[2], c}; };
    double delta = 0;
    for (int64_t c = 0; c < call.dv; ++c) {
      for (int64_t key = 0; key < call.s; ++key)
        y[out.placeOf(own(c))] += query.probabilities[size_t(key)] * v[rowOf(key, c)];
      delta += y[out.placeOf(own(c))] * outGrad[own(c)];
    }
    for (int64_t key = 0; key < call.s; ++key) {
      double probability = query.probabilities[size_t(key)], product = 0;
      for (int64_t c = 0; c < call.dv; ++c) {
        product += double(outGrad[own(c)]) * v[rowOf(key, c)];
        dv[v.placeOf(rowOf(key, c))] += probability * outGrad[own(c)];
      }
      double grad = probability * (product - delta) * call.scale;
      for (int64_t c = 0; c < call.d; ++c) {
        dq[q.placeOf(own(c))] += grad * k[rowOf(key, c)];
        dk[k.placeOf(rowOf(key, c))] += grad * q[own(c)];
      }
    }
  });

  call.q = outerStrides(q);
  call.k = outerStrides(k);
  call.v = outerStrides(v);
  call.out = outerStrides(out);
  call.mask = mask.strides;
  call.outGrad = outerStrides(outGrad);
  call.qGrad = call.q;
  call.kGrad = call.k;
  call.vGrad = call.v;
  void *none[2] = {};
  Step step(none);
  Array qGrad(q.dims), kGrad(k.dims), vGrad(v.dims); // lie as q, k and v
  Buffer outGradBuffer = outGrad.buffer();
  if (call.flags & DSC_ATTENTION_MASK) {
    attention(step, call,
              {q.buffer(), k.buffer(), v.buffer(), mask.buffer(), out.buffer(), lse.buffer()});
    attentionGrad(step, call,
                  {q.buffer(), k.buffer(), v.buffer(), mask.buffer(), out.buffer(), lse.buffer(),
                   outGradBuffer, qGrad.buffer(), kGrad.buffer(), vGrad.buffer()});
  } else {
    attention(step, call, {q.buffer(), k.buffer(), v.buffer(), out.buffer(), lse.buffer()});
    attentionGrad(step, call,
                  {q.buffer(), k.buffer(), v.buffer(), out.buffer(), lse.buffer(), outGradBuffer,
                   qGrad.buffer(), kGrad.buffer(), vGrad.buffer()});
  }
  compare("out", out, y);
  compare("lse", lse, l);
  compare("gradient of q", qGrad, dq);
  compare("gradient of k", kGrad, dk);
  compare("gradient of v", vGrad, dv);
}

} // namespace

/// Usage: attention SHAPES [small]
int main(int argc, char **argv) {
  int shapes = atoi(argv[1]);
  for (int i = 0; i < shapes; ++i)
    check(drawShape());
  if (argc > 2) {
    printf("%d shapes, %d tensors\n", shapes, comparisons);
    cudaStreamDestroy(stepStream());
    return 0;
  }
  // Enough rows that large tiles pay.
  Attention large = {};
  large.b = 9;
  large.h = large.hkv = 5;
  large.t = large.s = 150;
  large.d = large.dv = 8;
  large.flags = DSC_ATTENTION_CAUSAL;
  check(large);
  printf("%d shapes, %d tensors\n", shapes + 1, comparisons);
  cudaStreamDestroy(stepStream());
}
