//===- Attention.cu - softmax(scale q k^T + mask) v, and its gradients ----===//
//
// The T x S matrix of scores never exists: a warp owns a row and walks over the
// other side 32 at a time, a score per lane, then a column of the result per lane.
// The gradients compute probabilities again from lse, the log of the row's sum.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Kernel.h"
#include "device/cuda/Routines.h"

namespace dsc::cuda {

namespace {

constexpr int warps = 4;   // rows per block
constexpr int perLane = 8; // columns of the result that a lane holds
constexpr int chunk = 32 * perLane;

/// Strides of batch, head and row; the last dimension's is 1.
struct Rows {
  int64_t b, h, t;
};

struct Shape {
  int64_t b, h, hkv, t, s, d, dv;
  Rows q, k, v, out, outGrad, qGrad, kGrad, vGrad;
  int64_t mask[4];
  bool causal;
  float scale;

  /// How many keys query t sees.
  __device__ int64_t keysOf(int64_t query) const {
    return causal ? minimum(s, maximum(int64_t(0), query + s - t + 1)) : s;
  }
  /// The first query that sees a key.
  __device__ int64_t firstQueryOf(int64_t key) const {
    return causal ? maximum(int64_t(0), key - (s - t)) : 0;
  }
  __device__ float maskAt(const float *values, int64_t batch, int64_t head, int64_t query,
                          int64_t key) const {
    return values ? values[batch * mask[0] + head * mask[1] + query * mask[2] + key * mask[3]]
                  : 0.0f;
  }
};

/// The row that a warp owns: batch, head and row of `rows`.
struct Owner {
  int64_t batch, head, row;
  bool exists;
  __device__ Owner(int64_t batches, int64_t heads, int64_t rows) {
    int64_t number = int64_t(blockIdx.x) * warps + threadIdx.x / 32;
    exists = number < batches * heads * rows;
    row = number % rows;
    head = number / rows % heads;
    batch = number / (rows * heads);
  }
};

template <typename T> __device__ T *rowOf(T *data, Rows strides, int64_t b, int64_t h, int64_t t) {
  return data + b * strides.b + h * strides.h + t * strides.t;
}

__device__ inline float dot(const float *a, const float *b, int64_t size) {
  float sum = 0.0f;
  for (int64_t i = 0; i < size; ++i)
    sum += a[i] * b[i];
  return sum;
}

/// out[c] += sum over lanes of weight * rows[lane][c], for the columns of a lane.
__device__ inline void addRows(float *sums, const float *weights, const float *rows, int64_t stride,
                               int64_t count, int64_t begin, int64_t size) {
  for (int64_t i = 0; i < count; ++i) {
    const float *row = rows + i * stride;
    for (int part = 0; part < perLane; ++part) {
      int64_t column = begin + part * 32 + threadIdx.x % 32;
      if (column < size)
        sums[part] += weights[i] * row[column];
    }
  }
}

__device__ inline void storeRow(float *to, const float *sums, float factor, int64_t begin,
                                int64_t size) {
  for (int part = 0; part < perLane; ++part) {
    int64_t column = begin + part * 32 + threadIdx.x % 32;
    if (column < size)
      to[column] = sums[part] * factor;
  }
}

/// A warp per query. Wider results than a chunk take several walks.
__global__ void __launch_bounds__(32 * warps)
    attentionForward(Shape shape, const float *q, const float *k, const float *v, const float *mask,
                     float *out, float *lse) {
  __shared__ float weights[warps][32];
  Owner own(shape.b, shape.h, shape.t);
  if (!own.exists)
    return; // the whole warp
  int lane = threadIdx.x % 32;
  float *mine = weights[threadIdx.x / 32];
  int64_t kvHead = own.head / (shape.h / shape.hkv), keys = shape.keysOf(own.row);
  const float *query = rowOf(q, shape.q, own.batch, own.head, own.row);
  for (int64_t begin = 0; begin < shape.dv || begin == 0; begin += chunk) {
    float sums[perLane] = {}, largest = -INFINITY, total = 0.0f;
    for (int64_t first = 0; first < keys; first += 32) {
      int64_t key = first + lane;
      float score = -INFINITY;
      if (key < keys)
        score = shape.scale * dot(query, rowOf(k, shape.k, own.batch, kvHead, key), shape.d) +
                shape.maskAt(mask, own.batch, own.head, own.row, key);
      float newLargest = maximum(largest, warpReduce<Maximum>(score));
      if (newLargest == -INFINITY)
        continue; // nothing seen yet
      float weight = expf(score - newLargest), shrink = expf(largest - newLargest);
      total = total * shrink + warpReduce<Sum>(weight);
      largest = newLargest;
      for (int part = 0; part < perLane; ++part)
        sums[part] *= shrink;
      __syncwarp(); // the last weights have been read
      mine[lane] = weight;
      __syncwarp();
      addRows(sums, mine, rowOf(v, shape.v, own.batch, kvHead, first), shape.v.t,
              minimum(int64_t(32), keys - first), begin, shape.dv);
    }
    bool sees = total > 0.0f || total != total;
    storeRow(rowOf(out, shape.out, own.batch, own.head, own.row), sums, sees ? 1.0f / total : 0.0f,
             begin, shape.dv);
    if (begin == 0 && lane == 0)
      lse[(own.batch * shape.h + own.head) * shape.t + own.row] =
          sees ? largest + logf(total) : -INFINITY;
  }
}

/// Probability of a key, and the gradient of its score.
struct Pair {
  float probability, gradient;
};

/// `dout . (v - out)` is what the score's gradient weighs.
__device__ inline Pair differentiate(const Shape &shape, const float *query, const float *key,
                                     const float *value, float maskValue, const float *outRow,
                                     const float *outGrad, float lse) {
  if (lse == -INFINITY)
    return {0.0f, 0.0f};
  float probability = expf(shape.scale * dot(query, key, shape.d) + maskValue - lse);
  float delta = dot(outGrad, value, shape.dv) - dot(outGrad, outRow, shape.dv);
  return {probability, probability * delta * shape.scale};
}

/// A warp per query: the gradient of q.
__global__ void __launch_bounds__(32 * warps)
    attentionQueryGrad(Shape shape, const float *q, const float *k, const float *v,
                       const float *mask, const float *out, const float *lse, const float *outGrad,
                       float *qGrad) {
  __shared__ float weights[warps][32];
  Owner own(shape.b, shape.h, shape.t);
  if (!own.exists)
    return; // the whole warp
  int lane = threadIdx.x % 32;
  float *mine = weights[threadIdx.x / 32];
  int64_t kvHead = own.head / (shape.h / shape.hkv), keys = shape.keysOf(own.row);
  const float *query = rowOf(q, shape.q, own.batch, own.head, own.row);
  const float *outRow = rowOf(out, shape.out, own.batch, own.head, own.row);
  const float *gradRow = rowOf(outGrad, shape.outGrad, own.batch, own.head, own.row);
  float rowLse = lse[(own.batch * shape.h + own.head) * shape.t + own.row];
  for (int64_t begin = 0; begin < shape.d; begin += chunk) {
    float sums[perLane] = {};
    for (int64_t first = 0; first < keys; first += 32) {
      int64_t key = first + lane;
      Pair pair = {0.0f, 0.0f};
      if (key < keys)
        pair = differentiate(shape, query, rowOf(k, shape.k, own.batch, kvHead, key),
                             rowOf(v, shape.v, own.batch, kvHead, key),
                             shape.maskAt(mask, own.batch, own.head, own.row, key), outRow, gradRow,
                             rowLse);
      __syncwarp(); // the last weights have been read
      mine[lane] = pair.gradient;
      __syncwarp();
      addRows(sums, mine, rowOf(k, shape.k, own.batch, kvHead, first), shape.k.t,
              minimum(int64_t(32), keys - first), begin, shape.d);
    }
    storeRow(rowOf(qGrad, shape.qGrad, own.batch, own.head, own.row), sums, 1.0f, begin, shape.d);
  }
}

/// A warp per key: the gradients of k and v, over all query heads that use it.
__global__ void __launch_bounds__(32 * warps)
    attentionKeyGrad(Shape shape, const float *q, const float *k, const float *v, const float *mask,
                     const float *out, const float *lse, const float *outGrad, float *kGrad,
                     float *vGrad) {
  __shared__ float gradients[warps][32], probabilities[warps][32];
  Owner own(shape.b, shape.hkv, shape.s);
  if (!own.exists)
    return; // the whole warp
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const float *key = rowOf(k, shape.k, own.batch, own.head, own.row);
  const float *value = rowOf(v, shape.v, own.batch, own.head, own.row);
  int64_t group = shape.h / shape.hkv, firstQuery = shape.firstQueryOf(own.row);
  int64_t widest = maximum(shape.d, shape.dv);
  for (int64_t begin = 0; begin < widest; begin += chunk) {
    float keySums[perLane] = {}, valueSums[perLane] = {};
    for (int64_t head = own.head * group; head < (own.head + 1) * group; ++head)
      for (int64_t first = firstQuery; first < shape.t; first += 32) {
        int64_t query = first + lane;
        Pair pair = {0.0f, 0.0f};
        if (query < shape.t)
          pair = differentiate(shape, rowOf(q, shape.q, own.batch, head, query), key, value,
                               shape.maskAt(mask, own.batch, head, query, own.row),
                               rowOf(out, shape.out, own.batch, head, query),
                               rowOf(outGrad, shape.outGrad, own.batch, head, query),
                               lse[(own.batch * shape.h + head) * shape.t + query]);
        __syncwarp(); // the last weights have been read
        gradients[warp][lane] = pair.gradient;
        probabilities[warp][lane] = pair.probability;
        __syncwarp();
        int64_t count = minimum(int64_t(32), shape.t - first);
        addRows(keySums, gradients[warp], rowOf(q, shape.q, own.batch, head, first), shape.q.t,
                count, begin, shape.d);
        addRows(valueSums, probabilities[warp],
                rowOf(outGrad, shape.outGrad, own.batch, head, first), shape.outGrad.t, count,
                begin, shape.dv);
      }
    storeRow(rowOf(kGrad, shape.kGrad, own.batch, own.head, own.row), keySums, 1.0f, begin,
             shape.d);
    storeRow(rowOf(vGrad, shape.vGrad, own.batch, own.head, own.row), valueSums, 1.0f, begin,
             shape.dv);
  }
}

Rows rows(const Sizes &strides) {
  return strides.size() == 3 ? Rows{strides[0], strides[1], strides[2]} : Rows{};
}

Shape shapeOf(const Attention &call) {
  Shape shape = {};
  shape.b = call.b;
  shape.h = call.h;
  shape.hkv = call.hkv;
  shape.t = call.t;
  shape.s = call.s;
  shape.d = call.d;
  shape.dv = call.dv;
  shape.q = rows(call.q);
  shape.k = rows(call.k);
  shape.v = rows(call.v);
  shape.out = rows(call.out);
  shape.outGrad = rows(call.outGrad);
  shape.qGrad = rows(call.qGrad);
  shape.kGrad = rows(call.kGrad);
  shape.vGrad = rows(call.vGrad);
  for (size_t i = 0; i < call.mask.size(); ++i)
    shape.mask[i] = call.mask[i];
  shape.causal = (call.flags & DSC_ATTENTION_CAUSAL) != 0;
  shape.scale = static_cast<float>(call.scale);
  return shape;
}

Tensor<float> partOf(Tensor<float> whole, int64_t begin) {
  return {whole.data + begin, whole.count - begin};
}

unsigned blocksForRows(int64_t rows) { return static_cast<unsigned>((rows + warps - 1) / warps); }

} // namespace

void attention(Step &step, const Attention &call, Buffers buffers) {
  const Buffer *next = buffers.begin();
  auto q = next++->tensor<const float>(), k = next++->tensor<const float>(),
       v = next++->tensor<const float>();
  Tensor<const float> mask = {nullptr, 0};
  if (call.flags & DSC_ATTENTION_MASK)
    mask = next++->tensor<const float>();
  auto out = next++->tensor<float>(), lse = next++->tensor<float>();
  if (call.b * call.h * call.t > 0)
    LAUNCH(step, attentionForward, blocksForRows(call.b * call.h * call.t), 32 * warps, 0,
           step.stream, shapeOf(call), q, k, v, mask, out, lse);
}

void attentionGrad(Step &step, const Attention &call, Buffers buffers) {
  const Buffer *next = buffers.begin();
  auto q = next++->tensor<const float>(), k = next++->tensor<const float>(),
       v = next++->tensor<const float>();
  Tensor<const float> mask = {nullptr, 0};
  if (call.flags & DSC_ATTENTION_MASK)
    mask = next++->tensor<const float>();
  auto out = next++->tensor<const float>(), lse = next++->tensor<const float>(),
       outGrad = next++->tensor<const float>();
  auto qGrad = next++->tensor<float>(), kGrad = qGrad, vGrad = qGrad;
  if (call.flags & DSC_ATTENTION_JOINED) {
    qGrad = partOf(qGrad, call.joined[0]);
    kGrad = partOf(kGrad, call.joined[1]);
    vGrad = partOf(vGrad, call.joined[2]);
  } else {
    kGrad = next++->tensor<float>();
    vGrad = next++->tensor<float>();
  }
  Shape shape = shapeOf(call);
  if (call.b * call.h * call.t > 0)
    LAUNCH(step, attentionQueryGrad, blocksForRows(call.b * call.h * call.t), 32 * warps, 0,
           step.stream, shape, q, k, v, mask, out, lse, outGrad, qGrad);
  if (call.b * call.hkv * call.s > 0)
    LAUNCH(step, attentionKeyGrad, blocksForRows(call.b * call.hkv * call.s), 32 * warps, 0,
           step.stream, shape, q, k, v, mask, out, lse, outGrad, kGrad, vGrad);
}

} // namespace dsc::cuda
