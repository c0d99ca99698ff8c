//===- AttentionKernels.cpp - Attention of one block of queries -----------===//
//
// Scores are computed transposed: st[key, query], queries along the vector. A softmax
// then runs down the rows with all its sums in vectors, and no lane of a vector ever
// has to meet another. Only the queries (and, for the gradient, the output gradients)
// are transposed to begin with, once per block of queries:
//
//   forward    st = k (scale q)^T      p = exp(st - m)      out += p^T v
//   gradient   st = k (scale q)^T      p = exp(st - lse)    dv += p  dout
//              dpt = v dout^T          ds = p (dpt - delta) scale
//              dq += ds^T k            dk += ds q           delta = rowsum(dout out)
//
// Key j of a block is visible to query i of a block if j <= i + diagonal. Products
// leave out what no query of a tile sees.
//
//===----------------------------------------------------------------------===//
#include "device/cpu/kernels/Product.h"

namespace dsc::DSC_LEVEL {
namespace {

constexpr int64_t block = attentionBlock;

/// A block of queries against a block of keys.
struct BlockPair {
  int64_t query, queries, key, keys, diagonal;

  BlockPair(const AttentionHead &head, int64_t query, int64_t key)
      : query(query), queries(least(block, head.T - query)), key(key),
        keys(least(block, head.S - key)),
        diagonal(head.causal ? query + head.S - head.T - key : block) {}

  /// How many keys, from the first, some query below `queryEnd` sees.
  int64_t visibleKeys(int64_t queryEnd) const { return most(0, least(keys, queryEnd + diagonal)); }
  /// The first query that sees `key` or a later one.
  int64_t firstQuery(int64_t firstKey) const {
    return most(0, least(queries, firstKey - diagonal));
  }
};

/// Hands out pieces of a call's scratch memory.
struct Arena {
  float *next;
  float *take(int64_t floats) {
    float *piece = next;
    next += (floats + 15) / 16 * 16;
    return piece;
  }
};

/// to[column, row] = factor * from[row, column]; lanes beyond `rows` are zero.
void packTransposed(int64_t rows, int64_t columns, float factor, const float *from, int64_t stride,
                    float *to) {
  for (int64_t r = 0; r < rows; r += width) {
    int64_t height = least(width, rows - r);
    int64_t c = 0;
    for (; height == width && c + width <= columns; c += width) {
      Vec square[width];
#pragma clang loop unroll(full)
      for (int i = 0; i < width; ++i)
        square[i] = load(from + (r + i) * stride + c) * factor;
      transpose(square);
#pragma clang loop unroll(full)
      for (int i = 0; i < width; ++i)
        store(to + (c + i) * block + r, square[i]);
    }
    for (; c < columns; ++c)
      for (int64_t i = 0; i < width; ++i)
        to[c * block + r + i] = i < height ? from[(r + i) * stride + c] * factor : 0.0f;
  }
}

/// Rows as a product reads them: in place where they consist of whole vectors, otherwise copied
/// with zeros behind.
VectorMatrix wholeVectors(int64_t rows, int64_t columns, const float *from, int64_t stride,
                          float *room) {
  int64_t padded = paddedToWidth(columns);
  if (padded == columns)
    return {from, stride};
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < padded; ++c)
      room[r * padded + c] = c < columns ? from[r * stride + c] : 0.0f;
  return {room, padded};
}

/// to[row, column] += (or =) sums[row, column].
void addRows(bool add, int64_t rows, int64_t columns, const float *sums, float *to,
             int64_t stride) {
  int64_t padded = paddedToWidth(columns);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      to[r * stride + c] = (add ? to[r * stride + c] : 0.0f) + sums[r * padded + c];
}

/// A product whose result goes to (or is added to) rows of the caller's: straight where they are
/// whole vectors, otherwise by way of `room`.
template <typename Range>
void multiplyInto(bool add, int64_t M, int64_t columns, ScalarMatrix a, VectorMatrix b, float *to,
                  int64_t stride, float *room, Range &&range) {
  int64_t padded = paddedToWidth(columns);
  if (padded == columns)
    return multiply(add, M, columns, a, b, {to, stride}, range);
  multiply(false, M, padded, a, b, {room, padded}, range);
  addRows(add, M, columns, room, to, stride);
}

/// st[key, query] for the pair; entries that nobody sees are left as they were.
void multiplyTransposed(const BlockPair &pair, int64_t depth, const float *rows, int64_t stride,
                        const float *transposed, float *result) {
  multiply<false>(pair.keys, paddedToWidth(pair.queries), {rows, stride, 1}, {transposed, block},
                  {result, block}, [&](int64_t m, int64_t, int64_t, int64_t nEnd) {
                    return SumRange{0, m < nEnd + pair.diagonal ? depth : 0};
                  });
}

/// The mask of queries [query, query + width) and one key; 0 beyond the last query.
Vec maskOf(const AttentionHead &head, int64_t query, int64_t key) {
  const float *from = head.mask + query * head.maskStrides[0] + key * head.maskStrides[1];
  if (head.maskStrides[0] == 0)
    return splat(*from);
  Vec values = splat(0.0f);
  int64_t lanes = least(width, head.T - query);
  for (int64_t i = 0; i < lanes; ++i)
    values[i] = from[i * head.maskStrides[0]];
  return values;
}

/// The score of a vector of queries and key `j`, masked: -inf where the key is not visible.
Vec scoreOf(const AttentionHead &head, const BlockPair &pair, int64_t i, int64_t j, Vec score) {
  if (head.mask)
    score += maskOf(head, pair.query + i, pair.key + j);
  if (j > i + pair.diagonal) {
    auto first = static_cast<int32_t>(j - i - pair.diagonal);
    score = laneNumbers() >= first ? score : splat(-infinity);
  }
  return score;
}

/// What the online softmax remembers of the keys so far, for a block of queries.
struct SoftmaxState {
  float *greatest, *sum, *shrink; // shrink: factor for what was accumulated before
};

/// Turns scores into exp(score - greatest), for queries [i, i + width).
void softmaxColumn(const AttentionHead &head, const BlockPair &pair, int64_t i, float *st,
                   SoftmaxState state) {
  int64_t visible = pair.visibleKeys(least(i + width, pair.queries));
  Vec before = load(state.greatest + i), greatest = before;
  for (int64_t j = 0; j < visible; ++j) {
    Vec score = scoreOf(head, pair, i, j, load(st + j * block + i));
    store(st + j * block + i, score);
    greatest = score > greatest ? score : greatest;
  }
  // A query that has seen nothing yet must not compute -inf - -inf.
  Vec shift = greatest == -infinity ? splat(0.0f) : greatest;
  Vec sum = splat(0.0f);
  for (int64_t j = 0; j < visible; ++j) {
    Vec p = expOf(load(st + j * block + i) - shift);
    store(st + j * block + i, p);
    sum += p;
  }
  // A tile of the next product may reach into the queries of the next vector, which see more.
  for (int64_t j = visible; j < least(visible + tileRows, pair.keys); ++j)
    store(st + j * block + i, splat(0.0f));
  Vec shrink = expOf(before - shift);
  store(state.greatest + i, greatest);
  store(state.sum + i, load(state.sum + i) * shrink + sum);
  store(state.shrink + i, shrink);
}

void scaleRows(int64_t rows, int64_t columns, const float *factors, float *data) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; c += width)
      store(data + r * columns + c, load(data + r * columns + c) * factors[r]);
}

/// out = accumulated / sum, lse = greatest + log sum; rows that saw nothing: 0 and -inf.
void finishRows(const AttentionHead &head, const BlockPair &pair, const float *accumulated,
                SoftmaxState state) {
  int64_t padded = paddedToWidth(head.Dv);
  for (int64_t i = 0; i < pair.queries; ++i) {
    bool empty = state.sum[i] == 0.0f;
    float inverse = empty ? 0.0f : 1.0f / state.sum[i];
    float *out = head.out + (pair.query + i) * head.outStride;
    for (int64_t c = 0; c < head.Dv; ++c)
      out[c] = empty ? 0.0f : accumulated[i * padded + c] * inverse;
    head.lse[pair.query + i] = empty ? -infinity : state.greatest[i] + __builtin_logf(state.sum[i]);
  }
}

/// dots[i] = sum_c a[i, c] b[i, c], zero beyond the last row.
void rowDots(int64_t rows, int64_t columns, const float *a, int64_t aStride, const float *b,
             int64_t bStride, float *dots) {
  for (int64_t i = 0; i < block; i += width) {
    Vec sums[width]; // of one row each; lanes are added up for all rows at once
    for (int64_t r = 0; r < width; ++r) {
      sums[r] = splat(0.0f);
      const float *left = a + (i + r) * aStride, *right = b + (i + r) * bStride;
      for (int64_t c = 0; i + r < rows && c < columns; c += width) {
        int lanes = static_cast<int>(least(width, columns - c));
        sums[r] += loadLanes(left + c, 0, lanes, splat(0.0f)) *
                   loadLanes(right + c, 0, lanes, splat(0.0f));
      }
    }
    transpose(sums);
    Vec total = sums[0];
    for (int r = 1; r < width; ++r)
      total += sums[r];
    store(dots + i, total);
  }
}

/// What the gradient knows of each query of a block.
struct QueryFacts {
  float *lse, *factor; // p = exp(score - lse) factor
  float *delta;
};

/// Turns scores and dpt into p and ds, for queries [i, i + width). Keys they do not see get 0.
void gradientColumn(const AttentionHead &head, const BlockPair &pair, int64_t i, QueryFacts facts,
                    float *st, float *dpt) {
  int64_t visible = pair.visibleKeys(least(i + width, pair.queries));
  Vec logSum = load(facts.lse + i), factor = load(facts.factor + i), offset = load(facts.delta + i);
  for (int64_t j = 0; j < visible; ++j) {
    Vec p = expOf(scoreOf(head, pair, i, j, load(st + j * block + i)) - logSum) * factor;
    Vec ds = p * (load(dpt + j * block + i) - offset) * head.scale;
    store(st + j * block + i, p);
    store(dpt + j * block + i, ds);
  }
  for (int64_t j = visible; j < pair.keys; ++j) {
    store(st + j * block + i, splat(0.0f));
    store(dpt + j * block + i, splat(0.0f));
  }
}

/// One past the last key that the query block sees.
int64_t keysSeen(const AttentionHead &head, int64_t query) {
  int64_t last = least(query + block, head.T) - 1;
  return head.causal ? most(0, least(head.S, last + head.S - head.T + 1)) : head.S;
}

/// The gradient of one block of queries: what is packed once for all blocks of keys.
struct GradientBlock {
  const AttentionHead &head;
  int64_t query;
  float *qT, *outGradT, *st, *dpt, *room, *roomK;
  QueryFacts facts;
  VectorMatrix q, outGrad;

  GradientBlock(const AttentionHead &head, int64_t query, Arena arena);
  void findFactors();
  void scores(const BlockPair &pair);
  void addToQ(const BlockPair &pair, bool add);
  void addToKV(const BlockPair &pair);
};

GradientBlock::GradientBlock(const AttentionHead &head, int64_t query, Arena arena)
    : head(head), query(query) {
  int64_t queries = least(block, head.T - query);
  int64_t D = paddedToWidth(head.D), Dv = paddedToWidth(head.Dv);
  qT = arena.take(head.D * block);
  outGradT = arena.take(head.Dv * block);
  st = arena.take(block * block);
  dpt = arena.take(block * block);
  facts = {arena.take(block), arena.take(block), arena.take(block)};
  room = arena.take(block * most(D, Dv));
  roomK = arena.take(block * D);
  const float *qRows = head.q + query * head.qStride;
  const float *outGradRows = head.outGrad + query * head.outGradStride;
  q = wholeVectors(queries, head.D, qRows, head.qStride, arena.take(block * D));
  outGrad = wholeVectors(queries, head.Dv, outGradRows, head.outGradStride, arena.take(block * Dv));
  packTransposed(queries, head.D, head.scale, qRows, head.qStride, qT);
  packTransposed(queries, head.Dv, 1.0f, outGradRows, head.outGradStride, outGradT);
  rowDots(queries, head.Dv, outGradRows, head.outGradStride, head.out + query * head.outStride,
          head.outStride, facts.delta);
  // exp(score - inf) is 0: so nothing comes from rows that saw no key, nor from lanes beyond.
  for (int64_t i = 0; i < block; ++i) {
    float value = i < queries ? head.lse[query + i] : -infinity;
    facts.lse[i] = value == -infinity ? infinity : value;
    facts.factor[i] = 1.0f;
  }
  findFactors();
}

/// Far from 0, where a mask hides all keys by a large number, lse has lost the logarithm of the sum
/// to rounding: there the sum is found again.
void GradientBlock::findFactors() {
  constexpr float exact = 64.0f; // up to here p keeps 5 digits
  bool allExact = true;
  for (int64_t i = 0; i < block; ++i)
    allExact &= facts.lse[i] == infinity || __builtin_fabsf(facts.lse[i]) <= exact;
  if (allExact)
    return;
  float sums[block] = {};
  int64_t seen = keysSeen(head, query);
  for (int64_t key = 0; key < seen; key += block) {
    BlockPair pair(head, query, key);
    multiplyTransposed(pair, head.D, head.k + key * head.kStride, head.kStride, qT, st);
    for (int64_t i = 0; i < pair.queries; i += width) {
      int64_t visible = pair.visibleKeys(least(i + width, pair.queries));
      Vec sum = load(sums + i), logSum = load(facts.lse + i);
      for (int64_t j = 0; j < visible; ++j)
        sum += expOf(scoreOf(head, pair, i, j, load(st + j * block + i)) - logSum);
      store(sums + i, sum);
    }
  }
  for (int64_t i = 0; i < block; ++i)
    facts.factor[i] = sums[i] > 0.0f ? 1.0f / sums[i] : 1.0f;
}

/// p in st, ds in dpt.
void GradientBlock::scores(const BlockPair &pair) {
  multiplyTransposed(pair, head.D, head.k + pair.key * head.kStride, head.kStride, qT, st);
  multiplyTransposed(pair, head.Dv, head.v + pair.key * head.vStride, head.vStride, outGradT, dpt);
  for (int64_t i = 0; i < pair.queries; i += width)
    gradientColumn(head, pair, i, facts, st, dpt);
}

void GradientBlock::addToQ(const BlockPair &pair, bool add) {
  VectorMatrix k =
      wholeVectors(pair.keys, head.D, head.k + pair.key * head.kStride, head.kStride, roomK);
  multiplyInto(add, pair.queries, head.D, {dpt, 1, block}, k, head.qGrad + query * head.qGradStride,
               head.qGradStride, room, [&](int64_t, int64_t mEnd, int64_t, int64_t) {
                 return SumRange{0, pair.visibleKeys(mEnd)};
               });
}

void GradientBlock::addToKV(const BlockPair &pair) {
  auto seen = [&](int64_t m, int64_t, int64_t, int64_t) {
    return SumRange{pair.firstQuery(m), pair.queries};
  };
  multiplyInto(true, pair.keys, head.D, {dpt, block, 1}, q,
               head.kGrad + pair.key * head.kGradStride, head.kGradStride, room, seen);
  multiplyInto(true, pair.keys, head.Dv, {st, block, 1}, outGrad,
               head.vGrad + pair.key * head.vGradStride, head.vGradStride, room, seen);
}

} // namespace

int64_t attentionScratch(int64_t D, int64_t Dv) {
  // Each piece is rounded up to 16 floats, as the widths are.
  int64_t wide = (D + 15) / 16 * 16 + (Dv + 15) / 16 * 16;
  return block * (2 * block + 4 * wide) + 8 * block;
}

void attention(const AttentionHead &head, int64_t query, float *scratch) {
  Arena arena{scratch};
  int64_t padded = paddedToWidth(head.Dv);
  float *qT = arena.take(head.D * block), *st = arena.take(block * block);
  float *accumulated = arena.take(block * padded), *room = arena.take(block * padded);
  SoftmaxState state{arena.take(block), arena.take(block), arena.take(block)};
  for (int64_t i = 0; i < block; ++i) {
    state.greatest[i] = -infinity;
    state.sum[i] = 0.0f;
  }
  BlockPair first(head, query, 0);
  packTransposed(first.queries, head.D, head.scale, head.q + query * head.qStride, head.qStride,
                 qT);
  int64_t seen = keysSeen(head, query);
  for (int64_t key = 0; key < seen; key += block) {
    BlockPair pair(head, query, key);
    multiplyTransposed(pair, head.D, head.k + key * head.kStride, head.kStride, qT, st);
    for (int64_t i = 0; i < pair.queries; i += width)
      softmaxColumn(head, pair, i, st, state);
    if (key > 0)
      scaleRows(pair.queries, padded, state.shrink, accumulated);
    VectorMatrix v =
        wholeVectors(pair.keys, head.Dv, head.v + key * head.vStride, head.vStride, room);
    multiply(key > 0, pair.queries, padded, {st, 1, block}, v, {accumulated, padded},
             [&](int64_t, int64_t mEnd, int64_t, int64_t) {
               return SumRange{0, pair.visibleKeys(mEnd)};
             });
  }
  finishRows(head, first, accumulated, state);
}

void attentionGrad(const AttentionHead &head, int64_t query, int64_t keyBegin, int64_t keyEnd,
                   int what, float *scratch) {
  GradientBlock gradient(head, query, Arena{scratch});
  int64_t end = least(keyEnd, keysSeen(head, query));
  if ((what & attentionGradQ) && end <= keyBegin)
    for (int64_t i = query; i < least(query + block, head.T); ++i)
      __builtin_memset(head.qGrad + i * head.qGradStride, 0, head.D * sizeof(float));
  for (int64_t key = keyBegin; key < end; key += block) {
    BlockPair pair(head, query, key);
    gradient.scores(pair);
    if (what & attentionGradQ)
      gradient.addToQ(pair, key > keyBegin);
    if (what & attentionGradKV)
      gradient.addToKV(pair);
  }
}

} // namespace dsc::DSC_LEVEL
