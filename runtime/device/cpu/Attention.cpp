//===- Attention.cpp - Attention and its gradient -------------------------===//
//
// kernels/AttentionKernels.cpp computes a block of queries; this file reads the call
// and shares the blocks out to the threads. In the gradient a key head belongs to
// one thread, which visits each pair of blocks once. Where there are too few heads
// for that, the pairs are visited twice: for the gradient of q by blocks of queries,
// for those of k and v by blocks of keys. Either way sums run in the same order.
//
//===----------------------------------------------------------------------===//
#include "abi/CpuRoutines.h"
#include "device/cpu/Move.h"
#include "device/cpu/Parallel.h"
#include "device/cpu/Scratch.h"
#include "device/cpu/kernels/Kernels.h"

#include <cmath>

using namespace dsc;

namespace {

constexpr int64_t block = attentionBlock;

int64_t blocksOf(int64_t size) { return (size + block - 1) / block; }

struct AttentionShape {
  int64_t B, H, keyHeads, T, S, D, Dv;
  const int64_t *q, *k, *v, *out, *mask = nullptr;
  const int64_t *outGrad = nullptr, *qGrad = nullptr, *kGrad = nullptr, *vGrad = nullptr;
  const int64_t *joined = nullptr; // where the three gradients begin in their buffer
  int64_t flags;
  float scale;

  bool read(const DscCall *call, bool gradient);
  bool hasMask() const { return flags & DSC_ATTENTION_MASK; }
  int64_t group() const { return H / keyHeads; }
};

bool AttentionShape::read(const DscCall *call, bool gradient) {
  // Flags come last, but say whether the mask's strides are there.
  flags = call->numInts > 0 ? call->ints[call->numInts - 1] : 0;
  Operands operands(call);
  for (int64_t *size : {&B, &H, &keyHeads, &T, &S, &D, &Dv})
    *size = operands.size();
  for (const int64_t **strides : {&q, &k, &v, &out})
    *strides = operands.take(3);
  if (hasMask())
    mask = operands.take(4);
  if (gradient)
    for (const int64_t **strides : {&outGrad, &qGrad, &kGrad, &vGrad})
      *strides = operands.take(3);
  if (gradient && (flags & DSC_ATTENTION_JOINED))
    joined = operands.take(3);
  operands.next();
  if (!operands.ok())
    return false;
  if (keyHeads < 1 || H % keyHeads || call->numFloats != 1) {
    dscSetError("%s: expected key heads that divide the %lld query heads and one float, got %lld "
                "and %d",
                call->name, static_cast<long long>(H), static_cast<long long>(keyHeads),
                call->numFloats);
    return false;
  }
  scale = static_cast<float>(call->floats[0]);
  return true;
}

/// The buffers of a call, in order.
struct AttentionBuffers {
  const float *q, *k, *v, *mask = nullptr;
  float *out, *lse;
  const float *outGrad = nullptr;
  float *qGrad = nullptr, *kGrad = nullptr, *vGrad = nullptr;

  AttentionBuffers(const AttentionShape &shape, void *const *buffers, bool gradient) {
    auto next = [&] { return static_cast<float *>(*buffers++); };
    q = next();
    k = next();
    v = next();
    if (shape.hasMask())
      mask = next();
    out = next();
    lse = next();
    if (!gradient)
      return;
    outGrad = next();
    qGrad = next();
    kGrad = shape.joined ? qGrad + shape.joined[1] : next();
    vGrad = shape.joined ? qGrad + shape.joined[2] : next();
    qGrad += shape.joined ? shape.joined[0] : 0;
  }
};

template <typename T> T *shifted(T *base, const int64_t *strides, int64_t b, int64_t h) {
  return base ? base + b * strides[0] + h * strides[1] : nullptr;
}

AttentionHead headOf(const AttentionShape &shape, const AttentionBuffers &buffers, int64_t b,
                     int64_t h) {
  int64_t kh = h / shape.group();
  AttentionHead head{};
  head.T = shape.T;
  head.S = shape.S;
  head.D = shape.D;
  head.Dv = shape.Dv;
  head.scale = shape.scale;
  head.causal = shape.flags & DSC_ATTENTION_CAUSAL;
  head.q = shifted(buffers.q, shape.q, b, h);
  head.k = shifted(buffers.k, shape.k, b, kh);
  head.v = shifted(buffers.v, shape.v, b, kh);
  head.out = shifted(buffers.out, shape.out, b, h);
  head.lse = buffers.lse + (b * shape.H + h) * shape.T;
  head.qStride = shape.q[2];
  head.kStride = shape.k[2];
  head.vStride = shape.v[2];
  head.outStride = shape.out[2];
  if (shape.mask) {
    head.mask = shifted(buffers.mask, shape.mask, b, h);
    head.maskStrides[0] = shape.mask[2];
    head.maskStrides[1] = shape.mask[3];
  }
  if (!shape.outGrad)
    return head;
  head.outGrad = shifted(buffers.outGrad, shape.outGrad, b, h);
  head.qGrad = shifted(buffers.qGrad, shape.qGrad, b, h);
  head.kGrad = shifted(buffers.kGrad, shape.kGrad, b, kh);
  head.vGrad = shifted(buffers.vGrad, shape.vGrad, b, kh);
  head.outGradStride = shape.outGrad[2];
  head.qGradStride = shape.qGrad[2];
  head.kGradStride = shape.kGrad[2];
  head.vGradStride = shape.vGrad[2];
  return head;
}

/// Threads, each with scratch memory of its own.
class Workers {
public:
  bool allocate(const AttentionShape &shape) {
    floats = kernels().attentionScratch(shape.D, shape.Dv);
    count = threadCount();
    place = scratch.reserve(count * floats * sizeof(float));
    return scratch.allocate();
  }

  /// Calls body(task, scratch) for each task; a thread takes neighbouring tasks.
  template <typename Body> void run(int64_t tasks, Body &&body) const {
    int64_t parts = std::min<int64_t>(count, tasks);
    parallelFor(parts, 1, [&](int64_t begin, int64_t end) {
      for (int64_t part = begin; part < end; ++part)
        for (int64_t task = part * tasks / parts; task < (part + 1) * tasks / parts; ++task)
          body(task, scratch.floatsAt(place) + part * floats);
    });
  }

  int64_t threads() const { return count; }

private:
  Scratch scratch;
  size_t place = 0;
  int64_t floats = 0, count = 0;
};

/// Blocks in an order in which long and short ones alternate: under a causal mask the work of a
/// block grows with its number.
int64_t alternating(int64_t index, int64_t count) {
  return index % 2 ? count - 1 - index / 2 : index / 2;
}

void zeroRows(const AttentionShape &shape, const int64_t *strides, int64_t columns, float *data) {
  FillLoop loop;
  loop.add(shape.B, {strides[0]});
  loop.add(shape.keyHeads, {strides[1]});
  loop.add(shape.S, {strides[2]});
  loop.add(columns, {1});
  fillStrided(sizeof(float), loop, data, 0);
}

/// A key head per task: each pair of blocks is visited once.
void gradByHead(const AttentionShape &shape, const AttentionBuffers &buffers,
                const Workers &workers) {
  workers.run(shape.B * shape.keyHeads, [&](int64_t task, float *scratch) {
    int64_t b = task / shape.keyHeads, kh = task % shape.keyHeads;
    for (int64_t h = kh * shape.group(); h < (kh + 1) * shape.group(); ++h) {
      for (int64_t query = 0; query < shape.T; query += block)
        kernels().attentionGrad(headOf(shape, buffers, b, h), query, 0, shape.S,
                                attentionGradQ | attentionGradKV, scratch);
    }
  });
}

/// A block of queries, then a block of keys per task.
void gradByBlock(const AttentionShape &shape, const AttentionBuffers &buffers,
                 const Workers &workers) {
  int64_t queryBlocks = blocksOf(shape.T), keyBlocks = blocksOf(shape.S);
  workers.run(shape.B * shape.H * queryBlocks, [&](int64_t task, float *scratch) {
    int64_t head = task / queryBlocks;
    kernels().attentionGrad(headOf(shape, buffers, head / shape.H, head % shape.H),
                            alternating(task % queryBlocks, queryBlocks) * block, 0, shape.S,
                            attentionGradQ, scratch);
  });
  workers.run(shape.B * shape.keyHeads * keyBlocks, [&](int64_t task, float *scratch) {
    int64_t keyHead = task / keyBlocks, b = keyHead / shape.keyHeads, kh = keyHead % shape.keyHeads;
    int64_t key = alternating(task % keyBlocks, keyBlocks) * block;
    for (int64_t h = kh * shape.group(); h < (kh + 1) * shape.group(); ++h) {
      for (int64_t query = 0; query < shape.T; query += block)
        kernels().attentionGrad(headOf(shape, buffers, b, h), query, key,
                                std::min(shape.S, key + block), attentionGradKV, scratch);
    }
  });
}

/// Whether threads finish sooner when a pair of blocks (5 products) is visited once, a head at a
/// time, than when it is visited twice (7 products), but shared out evenly.
bool headsFill(const AttentionShape &shape, int64_t threads) {
  int64_t heads = shape.B * shape.keyHeads;
  int64_t rounds = (heads + threads - 1) / threads;
  return 5 * rounds * threads <= 7 * heads;
}

} // namespace

int32_t dscCpuAttention(const DscCall *call, void *const *buffers) {
  AttentionShape shape;
  Workers workers;
  if (!shape.read(call, /*gradient=*/false) || !workers.allocate(shape))
    return 1;
  AttentionBuffers data(shape, buffers, /*gradient=*/false);
  int64_t queryBlocks = blocksOf(shape.T);
  workers.run(shape.B * shape.H * queryBlocks, [&](int64_t task, float *scratch) {
    int64_t head = task / queryBlocks;
    kernels().attention(headOf(shape, data, head / shape.H, head % shape.H),
                        alternating(task % queryBlocks, queryBlocks) * block, scratch);
  });
  return 0;
}

int32_t dscCpuAttentionGrad(const DscCall *call, void *const *buffers) {
  AttentionShape shape;
  Workers workers;
  if (!shape.read(call, /*gradient=*/true) || !workers.allocate(shape))
    return 1;
  AttentionBuffers data(shape, buffers, /*gradient=*/true);
  zeroRows(shape, shape.kGrad, shape.D, data.kGrad);
  zeroRows(shape, shape.vGrad, shape.Dv, data.vGrad);
  if (headsFill(shape, workers.threads()))
    gradByHead(shape, data, workers);
  else
    gradByBlock(shape, data, workers);
  return 0;
}
