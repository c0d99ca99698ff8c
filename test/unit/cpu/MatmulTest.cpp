//===- MatmulTest.cpp - dscCpuMatmul --------------------------------------===//
#include "Support.h"

#include <cmath>

using namespace dsc::test;

namespace {

struct MatmulCase {
  Dims batch;
  int64_t M, N, K, flags;

  Dims matrix(int64_t rows, int64_t cols) const {
    Dims dims = batch;
    dims.insert(dims.end(), {rows, cols});
    return dims;
  }
};

double activated(double x, int64_t flags) {
  if (flags & DSC_MATMUL_RELU)
    return std::max(x, 0.0);
  if (flags & DSC_MATMUL_GELU_ERF)
    return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
  if (flags & DSC_MATMUL_GELU_TANH)
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  return x;
}

void checkMatmul(Random &random, const MatmulCase &c, const Dims &lhsStrides,
                 const Dims &rhsStrides, const Dims &outStrides) {
  auto lhs = randomTensor(random, c.matrix(c.M, c.K), lhsStrides);
  auto rhs = randomTensor(random, c.matrix(c.K, c.N), rhsStrides);
  auto out = randomTensor(random, c.matrix(c.M, c.N), outStrides);
  auto bias = randomTensor(random, {c.N}, {1});
  bias.data[0] = NAN; // which no activation hides
  Tensor<double> want(out.dims);
  forEach(out.dims, [&](const Dims &at) {
    double sum = (c.flags & DSC_MATMUL_ACCUMULATE) ? out.at(at) : 0;
    Dims left = at, right = at;
    for (int64_t k = 0; k < c.K; ++k) {
      left.back() = right[right.size() - 2] = k;
      sum += static_cast<double>(lhs.at(left)) * rhs.at(right);
    }
    if (c.flags & DSC_MATMUL_BIAS)
      sum += bias.at({at.back()});
    want.at(at) = activated(sum, c.flags);
  });
  Call call = DSC_CALL(dscCpuMatmul);
  call.ints({DSC_F32, static_cast<int64_t>(c.batch.size())})
      .ints(c.batch)
      .ints({c.M, c.N, c.K})
      .ints(lhsStrides)
      .ints(rhsStrides)
      .ints(outStrides)
      .ints({c.flags})
      .in(lhs)
      .in(rhs);
  if (c.flags & DSC_MATMUL_BIAS)
    call.in(bias);
  call.out(out).run(/*sameBits=*/false);
  expectNear(out, [&](const Dims &at) { return want.at(at); }, 1e-5 * std::sqrt(c.K + 1.0));
}

/// Strides with some dimensions broadcast.
Dims broadcast(Random &random, const Dims &dims, Dims strides) {
  for (size_t i = 0; i < dims.size(); ++i)
    if (pick(random, 0, 5) == 0)
      strides[i] = 0;
  return strides;
}

MatmulCase randomMatmul(Random &random) {
  static const int64_t activations[] = {0, DSC_MATMUL_RELU, DSC_MATMUL_GELU_ERF,
                                        DSC_MATMUL_GELU_TANH, DSC_MATMUL_ACCUMULATE};
  MatmulCase c;
  c.batch.resize(pick(random, 0, 3));
  for (int64_t &dim : c.batch)
    dim = pick(random, 1, 4);
  c.M = pick(random, 1, 40);
  c.N = pick(random, 1, 40);
  c.K = pick(random, 1, 40);
  for (int64_t *size : {&c.M, &c.N, &c.K})
    if (pick(random, 0, 4) == 0)
      *size = 1;
  c.flags = activations[pick(random, 0, 4)] | (chance(random) ? DSC_MATMUL_BIAS : 0);
  return c;
}

TEST(Matmul, RandomShapesAndStrides) {
  Random random(1);
  for (int round = 0; round < 250; ++round) {
    MatmulCase c = randomMatmul(random);
    Dims lhs = c.matrix(c.M, c.K), rhs = c.matrix(c.K, c.N), out = c.matrix(c.M, c.N);
    SCOPED_TRACE(testing::Message() << "round " << round);
    checkMatmul(random, c, broadcast(random, lhs, someStrides(random, lhs)),
                broadcast(random, rhs, someStrides(random, rhs)), someStrides(random, out));
    if (HasFailure())
      return;
  }
}

TEST(Matmul, TransposesOfEachOperand) {
  Random random(2);
  for (int which = 0; which < 8; ++which)
    for (int64_t flags : {0, int(DSC_MATMUL_BIAS), int(DSC_MATMUL_ACCUMULATE)}) {
      auto strides = [](bool transposed, int64_t rows, int64_t cols) {
        return transposed ? Dims{1, rows} : Dims{cols, 1};
      };
      MatmulCase c{{}, 96, 65, 130, flags};
      checkMatmul(random, c, strides(which & 1, 96, 130), strides(which & 2, 130, 65),
                  strides(which & 4, 96, 65));
    }
}

TEST(Matmul, LinesHalfAPageApart) {
  Random random(6);
  for (int64_t flags :
       {0, int(DSC_MATMUL_BIAS), int(DSC_MATMUL_ACCUMULATE), int(DSC_MATMUL_LIBRARY)}) {
    checkMatmul(random, {{}, 512, 64, 65, flags}, {1, 512}, {64, 1}, {64, 1});
    checkMatmul(random, {{}, 70, 256, 64, flags}, {1, 1024}, {1, 64}, {300, 1});
    checkMatmul(random, {{}, 64, 512, 65, flags}, {65, 1}, {512, 1}, {512, 1});
    checkMatmul(random, {{}, 100, 496, 64, flags}, {1, 512}, {1024, 1}, {496, 1});
  }
  // The product of the transposes has such a left side, too.
  checkMatmul(random, {{}, 64, 33, 65, 0}, {65, 1}, {512, 1}, {1, 64});
}

TEST(Matmul, RowsGoOnThroughTheBatch) {
  Random random(3);
  checkMatmul(random, {{6, 5}, 7, 33, 16, DSC_MATMUL_BIAS}, {5 * 7 * 16, 7 * 16, 16, 1},
              {0, 0, 33, 1}, {5 * 7 * 33, 7 * 33, 33, 1});
  checkMatmul(random, {{6}, 1, 33, 16, 0}, {16, 0, 1}, {0, 33, 1}, {40, 7, 1});
}

TEST(Matmul, EmptySum) {
  Random random(4);
  checkMatmul(random, {{2}, 3, 4, 0, 0}, {0, 1, 1}, {0, 4, 1}, {12, 4, 1});
  checkMatmul(random, {{}, 3, 4, 0, DSC_MATMUL_BIAS | DSC_MATMUL_GELU_TANH}, {1, 1}, {4, 1},
              {4, 1});
  checkMatmul(random, {{}, 3, 4, 0, DSC_MATMUL_ACCUMULATE}, {1, 1}, {4, 1}, {4, 1});
}

TEST(Matmul, NothingToDo) {
  Random random(5);
  checkMatmul(random, {{2, 0}, 3, 4, 5, 0}, {15, 15, 5, 1}, {20, 20, 4, 1}, {12, 12, 4, 1});
}

TEST(Matmul, RefusesOtherTypes) {
  Tensor<float> t({1});
  EXPECT_EQ(DSC_CALL(dscCpuMatmul)
                .ints({DSC_F64, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0})
                .in(t)
                .in(t)
                .out(t)
                .runOnce(1),
            1);
  EXPECT_NE(lastError.find("element type"), std::string::npos) << lastError;
}

} // namespace
