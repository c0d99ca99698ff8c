//===- Attention.cu - softmax(scale q k^T + mask) v, and its gradients ----===//
//
// The T x S matrix of scores never exists: a block owns a tile of rows and walks over
// the other side tile by tile, as in FlashAttention-2 (Dao, 2023). The gradients compute
// probabilities again from lse, the log of the row's sum. Nothing is added by two blocks,
// so the same data give the same bits.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Kernel.h"
#include "device/cuda/Routines.h"

namespace dsc::cuda {

namespace {

/// Threads of a block stand in a square; each has R rows and R columns of a tile of
/// scores, `side` apart.
constexpr int side = 16;
constexpr int threads = side * side;
constexpr int depth = 16; // of the inner dimension that is in shared memory at once

template <int R> struct Tile {
  static constexpr int size = side * R;
  static constexpr int chunk = 4096 / size; // columns of a result that a block holds at once
  static constexpr int perThread = chunk / side;
};

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
  /// What is added to a score; -inf for a key that the query does not see.
  __device__ float maskAt(const float *values, int64_t batch, int64_t head, int64_t query,
                          int64_t key) const {
    if (query >= t || key >= keysOf(query))
      return -INFINITY;
    return values ? values[batch * mask[0] + head * mask[1] + query * mask[2] + key * mask[3]]
                  : 0.0f;
  }
};

/// A matrix of one batch and head in the device's memory.
struct Matrix {
  const float *data;
  int64_t rows, stride, width;

  __device__ float at(int64_t row, int64_t column) const {
    return row < rows && column < width ? data[row * stride + column] : 0.0f;
  }
};

__device__ inline Matrix matrixOf(const float *data, Rows strides, int64_t b, int64_t h,
                                  int64_t rows, int64_t width) {
  return {data + b * strides.b + h * strides.h, rows, strides.t, width};
}

/// The tile that a block owns: batch, head and first row.
struct Owner {
  int64_t batch, head, first;
  __device__ Owner(int64_t heads, int64_t rows, int64_t size) {
    int64_t tiles = (rows + size - 1) / size;
    first = blockIdx.x % tiles * size;
    head = blockIdx.x / tiles % heads;
    batch = blockIdx.x / (tiles * heads);
  }
};

template <int R> struct Shared {
  float left[Tile<R>::size][depth + 1], right[Tile<R>::size][depth + 1];
  float weights[Tile<R>::size][Tile<R>::size + 1];
  float values[Tile<R>::size][Tile<R>::chunk];
};

__device__ inline int threadRow() { return threadIdx.x / side; }
__device__ inline int threadColumn() { return threadIdx.x % side; }

/// Over the threads that share rows; each gets the result.
template <typename Op> __device__ inline float rowReduce(float value) {
  for (int lanes = side / 2; lanes > 0; lanes /= 2)
    value = Op::combine(value, __shfl_xor_sync(allLanes, value, lanes));
  return value;
}

/// products = left[leftFirst...] right[rightFirst...]^T, a tile.
template <int R>
__device__ inline void multiply(Shared<R> &shared, const Matrix &left, int64_t leftFirst,
                                const Matrix &right, int64_t rightFirst, float (&products)[R][R]) {
#pragma unroll
  for (int i = 0; i < R; ++i)
    for (int j = 0; j < R; ++j)
      products[i][j] = 0.0f;
  for (int64_t begin = 0; begin < left.width; begin += depth) {
    __syncthreads(); // what was there has been read
    for (int e = threadIdx.x; e < Tile<R>::size * depth; e += threads) {
      shared.left[e / depth][e % depth] = left.at(leftFirst + e / depth, begin + e % depth);
      shared.right[e / depth][e % depth] = right.at(rightFirst + e / depth, begin + e % depth);
    }
    __syncthreads();
#pragma unroll 4
    for (int k = 0; k < depth; ++k)
#pragma unroll
      for (int i = 0; i < R; ++i)
        for (int j = 0; j < R; ++j)
          products[i][j] +=
              shared.left[threadRow() + side * i][k] * shared.right[threadColumn() + side * j][k];
  }
}

/// Puts this thread's part of a tile into `weights`, for addProduct.
template <int R>
__device__ inline void putWeights(Shared<R> &shared, const float (&weights)[R][R]) {
#pragma unroll
  for (int i = 0; i < R; ++i)
    for (int j = 0; j < R; ++j)
      shared.weights[threadRow() + side * i][threadColumn() + side * j] = weights[i][j];
}

/// sums += weights values[first...], for the columns from `begin` that a block holds.
template <int R>
__device__ inline void addProduct(Shared<R> &shared, const Matrix &values, int64_t first,
                                  int64_t begin, float (&sums)[R][Tile<R>::perThread]) {
  constexpr int chunk = Tile<R>::chunk;
  for (int e = threadIdx.x; e < Tile<R>::size * chunk; e += threads)
    shared.values[e / chunk][e % chunk] = values.at(first + e / chunk, begin + e % chunk);
  __syncthreads();
#pragma unroll 4
  for (int k = 0; k < Tile<R>::size; ++k)
#pragma unroll
    for (int i = 0; i < R; ++i)
      for (int c = 0; c < Tile<R>::perThread; ++c)
        sums[i][c] +=
            shared.weights[threadRow() + side * i][k] * shared.values[k][threadColumn() + side * c];
  __syncthreads(); // weights and values may change
}

/// Writes the block's rows and columns that exist, each row times its factor.
template <int R>
__device__ inline void store(float *data, const Matrix &place, int64_t first, int64_t begin,
                             const float (&sums)[R][Tile<R>::perThread],
                             const float (&factors)[R]) {
#pragma unroll
  for (int i = 0; i < R; ++i)
    for (int c = 0; c < Tile<R>::perThread; ++c) {
      int64_t row = first + threadRow() + side * i, column = begin + threadColumn() + side * c;
      if (row < place.rows && column < place.width)
        data[place.data - data + row * place.stride + column] = sums[i][c] * factors[i];
    }
}

/// The softmax of rows whose scores come tile by tile.
template <int R> struct RunningSoftmax {
  float largest[R], total[R];

  __device__ RunningSoftmax() {
#pragma unroll
    for (int i = 0; i < R; ++i) {
      largest[i] = -INFINITY;
      total[i] = 0.0f;
    }
  }
  /// Makes weights of a row's scores; returns what earlier weights shrink by.
  __device__ float advance(int i, float (&scores)[R]) {
    float most = largest[i], sum = 0.0f;
    for (int j = 0; j < R; ++j)
      most = maximum(most, scores[j]);
    most = rowReduce<Maximum>(most);
    float shrink = most == -INFINITY ? 1.0f : expf(largest[i] - most);
    for (int j = 0; j < R; ++j) {
      scores[j] = most == -INFINITY ? 0.0f : expf(scores[j] - most);
      sum += scores[j];
    }
    total[i] = total[i] * shrink + rowReduce<Sum>(sum);
    largest[i] = most;
    return shrink;
  }
  /// A row that sees no key has no sum (and one with a NaN keeps it).
  __device__ bool sees(int i) const { return total[i] > 0.0f || total[i] != total[i]; }
};

/// A tile of queries, and what it meets.
struct QueryTile {
  Owner own;
  int64_t keys; // that any of the queries sees
  Matrix queryRows, keyRows, valueRows, outRows;

  __device__ QueryTile(const Shape &shape, int64_t size, const float *q, const float *k,
                       const float *v, const float *out)
      : own(shape.h, shape.t, size), keys(shape.keysOf(minimum(shape.t, own.first + size) - 1)),
        queryRows(matrixOf(q, shape.q, own.batch, own.head, shape.t, shape.d)),
        keyRows(matrixOf(k, shape.k, own.batch, kvHead(shape), shape.s, shape.d)),
        valueRows(matrixOf(v, shape.v, own.batch, kvHead(shape), shape.s, shape.dv)),
        outRows(matrixOf(out, shape.out, own.batch, own.head, shape.t, shape.dv)) {}

private:
  __device__ int64_t kvHead(const Shape &shape) const { return own.head / (shape.h / shape.hkv); }
};

/// A block per tile of queries. Results wider than a chunk take several walks.
template <int R>
__global__ void __launch_bounds__(threads)
    attentionForward(Shape shape, const float *q, const float *k, const float *v, const float *mask,
                     float *out, float *lse) {
  constexpr int size = Tile<R>::size;
  __shared__ Shared<R> shared;
  const auto [own, keys, queryRows, keyRows, valueRows, outRows] =
      QueryTile(shape, size, q, k, v, out);
  for (int64_t begin = 0; begin < shape.dv || begin == 0; begin += Tile<R>::chunk) {
    float sums[R][Tile<R>::perThread] = {}, scores[R][R], factors[R];
    RunningSoftmax<R> softmax;
    for (int64_t first = 0; first < keys; first += size) {
      multiply(shared, queryRows, own.first, keyRows, first, scores);
#pragma unroll
      for (int i = 0; i < R; ++i) {
        int64_t query = own.first + threadRow() + side * i;
        for (int j = 0; j < R; ++j)
          scores[i][j] =
              scores[i][j] * shape.scale +
              shape.maskAt(mask, own.batch, own.head, query, first + threadColumn() + side * j);
        float shrink = softmax.advance(i, scores[i]);
        for (int c = 0; c < Tile<R>::perThread; ++c)
          sums[i][c] *= shrink;
      }
      putWeights(shared, scores);
      addProduct(shared, valueRows, first, begin, sums);
    }
#pragma unroll
    for (int i = 0; i < R; ++i) {
      int64_t query = own.first + threadRow() + side * i;
      factors[i] = softmax.sees(i) ? 1.0f / softmax.total[i] : 0.0f;
      if (begin == 0 && threadColumn() == 0 && query < shape.t)
        lse[(own.batch * shape.h + own.head) * shape.t + query] =
            softmax.sees(i) ? softmax.largest[i] + logf(softmax.total[i]) : -INFINITY;
    }
    store(out, outRows, own.first, begin, sums, factors);
  }
}

/// A query's probabilities are exp(score - lse) factor; delta is the dot product of its output and
/// the output's gradient.
struct QueryFacts {
  float lse, factor, delta;
};

/// The queries of one batch and head, and what their scores are made of.
struct Queries {
  int64_t batch, head;
  Matrix rows, keys, out, outGrad;
  const float *mask, *lse;
};

/// This thread's part of the sum of exp(score - lse). It is 1 but where lse is so far from 0 (a
/// mask hides all keys by a large number) that it has lost the logarithm of the sum to rounding.
__device__ inline float partOfSum(const Shape &shape, const Queries &queries, int64_t query,
                                  float lse) {
  constexpr float exact = 64.0f; // up to here a probability keeps 5 digits
  if (lse == -INFINITY || fabsf(lse) <= exact)
    return threadColumn() == 0 ? 1.0f : 0.0f;
  float sum = 0.0f;
  for (int64_t key = threadColumn(); key < shape.keysOf(query); key += side) {
    float product = 0.0f;
    for (int64_t i = 0; i < shape.d; ++i)
      product += queries.rows.at(query, i) * queries.keys.at(key, i);
    float maskValue = shape.maskAt(queries.mask, queries.batch, queries.head, query, key);
    sum += expf(shape.scale * product + maskValue - lse);
  }
  return sum;
}

/// Of the queries first, first + side, ...; all threads of a row of threads work together.
template <int R>
__device__ inline void findFacts(const Shape &shape, const Queries &queries, int64_t first,
                                 QueryFacts (&facts)[R]) {
#pragma unroll
  for (int i = 0; i < R; ++i) {
    int64_t query = first + side * i;
    float delta = 0.0f, lse = query < shape.t ? queries.lse[query] : -INFINITY;
    for (int64_t column = threadColumn(); column < shape.dv; column += side)
      delta += queries.out.at(query, column) * queries.outGrad.at(query, column);
    float sum = rowReduce<Sum>(partOfSum(shape, queries, query, lse));
    facts[i] = {lse, sum > 0.0f ? 1.0f / sum : 1.0f, rowReduce<Sum>(delta)};
  }
}

/// Probabilities from the products of q and k, and the scores' gradients from those of the
/// output's gradient and v.
__device__ inline void differentiate(float &product, float &outProduct, float scale,
                                     float maskValue, QueryFacts facts) {
  bool seen = facts.lse != -INFINITY && maskValue != -INFINITY;
  float probability = seen ? expf(scale * product + maskValue - facts.lse) * facts.factor : 0.0f;
  outProduct = seen ? probability * (outProduct - facts.delta) * scale : 0.0f;
  product = probability;
}

/// A block per tile of queries: the gradient of q.
template <int R>
__global__ void __launch_bounds__(threads)
    attentionQueryGrad(Shape shape, const float *q, const float *k, const float *v,
                       const float *mask, const float *out, const float *lse, const float *outGrad,
                       float *qGrad) {
  constexpr int size = Tile<R>::size;
  __shared__ Shared<R> shared;
  const auto [own, keys, queryRows, keyRows, valueRows, outRows] =
      QueryTile(shape, size, q, k, v, out);
  Matrix gradRows = matrixOf(outGrad, shape.outGrad, own.batch, own.head, shape.t, shape.dv);
  Matrix place = matrixOf(qGrad, shape.qGrad, own.batch, own.head, shape.t, shape.d);
  const float *rowLse = lse + (own.batch * shape.h + own.head) * shape.t;
  const Queries queries = {own.batch, own.head, queryRows, keyRows,
                           outRows,   gradRows, mask,      rowLse};
  QueryFacts facts[R];
  findFacts(shape, queries, own.first + threadRow(), facts);
  float ones[R], scores[R][R], grads[R][R];
  for (float &one : ones)
    one = 1.0f;
  for (int64_t begin = 0; begin < shape.d; begin += Tile<R>::chunk) {
    float sums[R][Tile<R>::perThread] = {};
    for (int64_t first = 0; first < keys; first += size) {
      multiply(shared, queryRows, own.first, keyRows, first, scores);
      multiply(shared, gradRows, own.first, valueRows, first, grads);
#pragma unroll
      for (int i = 0; i < R; ++i)
        for (int j = 0; j < R; ++j)
          differentiate(scores[i][j], grads[i][j], shape.scale,
                        shape.maskAt(mask, own.batch, own.head, own.first + threadRow() + side * i,
                                     first + threadColumn() + side * j),
                        facts[i]);
      putWeights(shared, grads);
      addProduct(shared, keyRows, first, begin, sums);
    }
    store(qGrad, place, own.first, begin, sums, ones);
  }
}

/// A block per tile of keys: the gradients of k and v, over all query heads that use them.
template <int R>
__global__ void __launch_bounds__(threads)
    attentionKeyGrad(Shape shape, const float *q, const float *k, const float *v, const float *mask,
                     const float *out, const float *lse, const float *outGrad, float *kGrad,
                     float *vGrad) {
  constexpr int size = Tile<R>::size;
  __shared__ Shared<R> shared;
  __shared__ QueryFacts facts[size];
  Owner own(shape.hkv, shape.s, size);
  Matrix keyRows = matrixOf(k, shape.k, own.batch, own.head, shape.s, shape.d);
  Matrix valueRows = matrixOf(v, shape.v, own.batch, own.head, shape.s, shape.dv);
  Matrix keyPlace = matrixOf(kGrad, shape.kGrad, own.batch, own.head, shape.s, shape.d);
  Matrix valuePlace = matrixOf(vGrad, shape.vGrad, own.batch, own.head, shape.s, shape.dv);
  int64_t group = shape.h / shape.hkv, firstQuery = shape.firstQueryOf(own.first);
  float ones[R], scores[R][R], grads[R][R];
  for (float &one : ones)
    one = 1.0f;
  for (int64_t begin = 0; begin < maximum(shape.d, shape.dv); begin += Tile<R>::chunk) {
    float keySums[R][Tile<R>::perThread] = {}, valueSums[R][Tile<R>::perThread] = {};
    for (int64_t head = own.head * group; head < (own.head + 1) * group; ++head) {
      Matrix queryRows = matrixOf(q, shape.q, own.batch, head, shape.t, shape.d);
      Matrix outRows = matrixOf(out, shape.out, own.batch, head, shape.t, shape.dv);
      Matrix gradRows = matrixOf(outGrad, shape.outGrad, own.batch, head, shape.t, shape.dv);
      const float *rowLse = lse + (own.batch * shape.h + head) * shape.t;
      const Queries queries = {own.batch, head,     queryRows, keyRows,
                               outRows,   gradRows, mask,      rowLse};
      for (int64_t first = firstQuery; first < shape.t; first += size) {
        QueryFacts found[R];
        findFacts(shape, queries, first + threadRow(), found);
        multiply(shared, keyRows, own.first, queryRows, first, scores);
#pragma unroll
        for (int i = 0; i < R; ++i)
          if (threadColumn() == 0)
            facts[threadRow() + side * i] = found[i]; // read behind the next barrier
        multiply(shared, valueRows, own.first, gradRows, first, grads);
#pragma unroll
        for (int i = 0; i < R; ++i)
          for (int j = 0; j < R; ++j)
            differentiate(scores[i][j], grads[i][j], shape.scale,
                          shape.maskAt(mask, own.batch, head, first + threadColumn() + side * j,
                                       own.first + threadRow() + side * i),
                          facts[threadColumn() + side * j]);
        putWeights(shared, scores);
        addProduct(shared, gradRows, first, begin, valueSums);
        putWeights(shared, grads);
        addProduct(shared, queryRows, first, begin, keySums);
      }
    }
    store(kGrad, keyPlace, own.first, begin, keySums, ones);
    store(vGrad, valuePlace, own.first, begin, valueSums, ones);
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

/// Blocks for tiles of so many rows; 0 where there are none.
unsigned blocksFor(int64_t heads, int64_t rows, int64_t size) {
  return static_cast<unsigned>(heads * ((rows + size - 1) / size));
}

/// Large tiles do more with what they load; small ones keep more multiprocessors busy.
bool fillsDevice(int64_t heads, int64_t rows) {
  return blocksFor(heads, rows, Tile<4>::size) > 128;
}

template <int R, typename... Args>
void launchForward(Step &step, const Attention &call, const Args &...args) {
  if (unsigned blocks = blocksFor(call.b * call.h, call.t, Tile<R>::size))
    LAUNCH(step, attentionForward<R>, blocks, threads, 0, step.stream, shapeOf(call), args...);
}

template <int R, typename... Args>
void launchQueryGrad(Step &step, const Attention &call, const Args &...args) {
  if (unsigned blocks = blocksFor(call.b * call.h, call.t, Tile<R>::size))
    LAUNCH(step, attentionQueryGrad<R>, blocks, threads, 0, step.stream, shapeOf(call), args...);
}

template <int R, typename... Args>
void launchKeyGrad(Step &step, const Attention &call, const Args &...args) {
  if (unsigned blocks = blocksFor(call.b * call.hkv, call.s, Tile<R>::size))
    LAUNCH(step, attentionKeyGrad<R>, blocks, threads, 0, step.stream, shapeOf(call), args...);
}

} // namespace

void attention(Step &step, const Attention &call, Buffers buffers) {
  const Buffer *next = buffers.begin();
  auto q = next++->tensor<const float>(), k = next++->tensor<const float>(),
       v = next++->tensor<const float>();
  Tensor<const float> mask = {nullptr, 0};
  if (call.flags & DSC_ATTENTION_MASK)
    mask = next++->tensor<const float>();
  auto out = next++->tensor<float>(), lse = next++->tensor<float>();
  if (fillsDevice(call.b * call.h, call.t))
    launchForward<4>(step, call, q, k, v, mask, out, lse);
  else
    launchForward<2>(step, call, q, k, v, mask, out, lse);
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
  if (fillsDevice(call.b * call.h, call.t))
    launchQueryGrad<4>(step, call, q, k, v, mask, out, lse, outGrad, qGrad);
  else
    launchQueryGrad<2>(step, call, q, k, v, mask, out, lse, outGrad, qGrad);
  if (fillsDevice(call.b * call.hkv, call.s))
    launchKeyGrad<4>(step, call, q, k, v, mask, out, lse, outGrad, kGrad, vGrad);
  else
    launchKeyGrad<2>(step, call, q, k, v, mask, out, lse, outGrad, kGrad, vGrad);
}

} // namespace dsc::cuda
