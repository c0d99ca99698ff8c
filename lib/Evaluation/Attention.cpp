//===- Attention.cpp - Evaluation of attention ----------------------------===//
//
// Row by row: query t of batch entry b and head h against every key s.
//
//===----------------------------------------------------------------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Evaluation/Registry.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace dsc;

namespace {
constexpr double kHidden = -std::numeric_limits<double>::infinity();

/// What forward and backward share: the scores of a row.
struct Scores {
  const Tensor &q, &k, &v;
  const Tensor *mask; // or null
  double scale;
  bool causal;

  size_t heads() const { return static_cast<size_t>(q.dim(0) * q.dim(1)); }
  size_t queries() const { return static_cast<size_t>(q.dim(2)); }
  size_t keys() const { return static_cast<size_t>(k.dim(2)); }
  size_t width() const { return static_cast<size_t>(q.dim(3)); }
  size_t valueWidth() const { return static_cast<size_t>(v.dim(3)); }
  size_t row(size_t head, size_t t) const { return head * queries() + t; }

  double maskAt(size_t head, size_t t, size_t s) const {
    int64_t b = static_cast<int64_t>(head) / q.dim(1), h = static_cast<int64_t>(head) % q.dim(1);
    auto wrap = [&](int64_t index, int64_t dim) { return mask->dim(dim) == 1 ? 0 : index; };
    return mask->floats[positionOf(
        {wrap(b, 0), wrap(h, 1), wrap(static_cast<int64_t>(t), 2), static_cast<int64_t>(s)},
        stridesOf(mask->shape()))];
  }

  double at(size_t head, size_t t, size_t s) const {
    if (causal && s + queries() > t + keys()) {
      return kHidden;
    }
    double sum = 0;
    for (size_t d = 0; d < width(); ++d) {
      sum += q.floats[row(head, t) * width() + d] * k.floats[(head * keys() + s) * width() + d];
    }
    return sum * scale + (mask ? maskAt(head, t, s) : 0.0);
  }

  std::vector<double> ofRow(size_t head, size_t t) const {
    std::vector<double> scores(keys());
    for (size_t s = 0; s < keys(); ++s) {
      scores[s] = at(head, t, s);
    }
    return scores;
  }
};
} // namespace

namespace {
/// A row's softmax, zeros where it sees no key, and log sum exp, -inf there.
struct RowSoftmax {
  std::vector<double> p;
  double lse = kHidden;

  explicit RowSoftmax(ArrayRef<double> scores);
};
} // namespace

/// Probabilities not by way of lse, which loses the logarithm of the sum to rounding where a mask
/// hides all keys by a large number.
RowSoftmax::RowSoftmax(ArrayRef<double> scores) : p(scores.size(), 0.0) {
  double largest = kHidden, sum = 0;
  for (double score : scores) {
    largest = std::max(largest, score);
  }
  if (largest == kHidden) {
    return;
  }
  for (size_t s = 0; s < p.size(); ++s) {
    p[s] = std::exp(scores[s] - largest);
    sum += p[s];
  }
  for (double &each : p) {
    each /= sum;
  }
  lse = largest + std::log(sum);
}

static LogicalResult evalAttention(train::AttentionOp op, Evaluation &e) {
  const Tensor *mask = op.getMask() ? &e.operand(3) : nullptr;
  Scores scores{e.operand(0),  e.operand(1), e.operand(2), mask, op.getScale().convertToDouble(),
                op.getCausal()};
  size_t width = scores.valueWidth();
  for (size_t head = 0; head < scores.heads(); ++head) {
    for (size_t t = 0; t < scores.queries(); ++t) {
      auto [p, lse] = RowSoftmax(scores.ofRow(head, t));
      e.result(1).floats[scores.row(head, t)] = lse;
      for (size_t s = 0; s < scores.keys(); ++s) {
        for (size_t d = 0; d < width; ++d) {
          e.result(0).floats[scores.row(head, t) * width + d] +=
              p[s] * scores.v.floats[(head * scores.keys() + s) * width + d];
        }
      }
    }
  }
  return success();
}

namespace {
/// Rows of the tensors that the backward pass of one query reads and writes.
struct GradRow {
  const double *dy, *y, *q;
  double *dq;
};
} // namespace

static double dotProduct(const double *a, const double *b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

/// With p the probabilities, dP = dy v^T and delta = dy y:
/// dS = p (dP - delta) scale, dq = dS k, dk = dS^T q, dv = p^T dy.
static void accumulateGrad(const Scores &scores, size_t head, ArrayRef<double> p, GradRow row,
                           Tensor &dk, Tensor &dv) {
  size_t width = scores.width(), valueWidth = scores.valueWidth();
  double delta = dotProduct(row.dy, row.y, valueWidth);
  for (size_t s = 0; s < scores.keys(); ++s) {
    size_t key = head * scores.keys() + s;
    double dp = dotProduct(row.dy, scores.v.floats.data() + key * valueWidth, valueWidth);
    double ds = p[s] * (dp - delta) * scores.scale;
    for (size_t d = 0; d < width; ++d) {
      row.dq[d] += ds * scores.k.floats[key * width + d];
      dk.floats[key * width + d] += ds * row.q[d];
    }
    for (size_t d = 0; d < valueWidth; ++d) {
      dv.floats[key * valueWidth + d] += p[s] * row.dy[d];
    }
  }
}

static LogicalResult evalAttentionGrad(train::AttentionGradOp op, Evaluation &e) {
  const Tensor &dy = e.operand(0), &q = e.operand(1), &y = e.operand(4);
  const Tensor *mask = op.getMask() ? &e.operand(6) : nullptr;
  Scores scores{
      q, e.operand(2), e.operand(3), mask, op.getScale().convertToDouble(), op.getCausal()};
  for (size_t head = 0; head < scores.heads(); ++head) {
    for (size_t t = 0; t < scores.queries(); ++t) {
      size_t row = scores.row(head, t);
      std::vector<double> p = RowSoftmax(scores.ofRow(head, t)).p;
      size_t width = scores.width(), valueWidth = scores.valueWidth();
      GradRow pointers{dy.floats.data() + row * valueWidth, y.floats.data() + row * valueWidth,
                       q.floats.data() + row * width, e.result(0).floats.data() + row * width};
      accumulateGrad(scores, head, p, pointers, e.result(1), e.result(2));
    }
  }
  return success();
}

void dsc::registerAttention(Registry &registry) {
  registry.add<train::AttentionOp>(evalAttention);
  registry.add<train::AttentionGradOp>(evalAttentionGrad);
}
