//===- MatmulTest.cpp - Products by cuBLASLt, as the emulator has it ------===//
#include "../cpu/Support.h"

#include "device/Device.h"
#include "device/cuda/Routines.h"

#include <cublasLt.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

using namespace dsc;
using namespace dsc::cuda;
using namespace dsc::test;

namespace {

/// A tensor in the device's memory, `shift` elements behind a multiple of 256 bytes.
template <typename T> class OnDevice {
public:
  OnDevice(const test::Tensor<T> &tensor, int64_t shift)
      : bytes(int64_t(tensor.data.size() * sizeof(T))), shift(shift),
        memory(device().allocate(bytes + shift * int64_t(sizeof(T)))) {
    device().write(data(), tensor.data.data(), size_t(bytes));
  }
  OnDevice(const OnDevice &) = delete;
  ~OnDevice() { device().release(memory, bytes); }

  void read(test::Tensor<T> &tensor) const {
    EXPECT_TRUE(device().read(tensor.data.data(), data(), size_t(bytes)));
  }
  Buffer buffer() const {
    return cuda::Tensor<T>{reinterpret_cast<T *>(data()), bytes / int64_t(sizeof(T))};
  }

private:
  char *data() const { return memory + shift * int64_t(sizeof(T)); }

  int64_t bytes, shift;
  char *memory;
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

/// Operands and result of a call.
struct Case {
  Matmul shape;
  test::Tensor<float> lhs, rhs, bias, out;

  Case(Random &random, const Dims &batch, int64_t m, int64_t n, int64_t k, int64_t flags) {
    shape.batch = batch;
    lhs = randomTensor(random, matrix(m, k));
    rhs = randomTensor(random, matrix(k, n));
    out = randomTensor(random, matrix(m, n));
    bias = randomTensor(random, {n}, {1});
    shape = {DSC_F32, batch, m, n, k, lhs.strides, rhs.strides, out.strides, flags};
  }

  Dims matrix(int64_t rows, int64_t columns) const {
    Dims dims = shape.batch;
    dims.insert(dims.end(), {rows, columns});
    return dims;
  }

  double expected(const Dims &at) const {
    double sum = shape.flags & DSC_MATMUL_ACCUMULATE ? out.at(at) : 0;
    Dims left = at, right = at;
    for (int64_t k = 0; k < shape.k; ++k) {
      left.back() = right[right.size() - 2] = k;
      sum += static_cast<double>(lhs.at(left)) * rhs.at(right);
    }
    if (shape.flags & DSC_MATMUL_BIAS)
      sum += bias.at({at.back()});
    return activated(sum, shape.flags);
  }

  /// What the device computes, with every operand `shift` elements behind an aligned place.
  test::Tensor<float> run(int64_t shift = 0) const {
    OnDevice left(lhs, shift), right(rhs, shift), addend(bias, shift), result(out, shift);
    Step step(nullptr);
    step.at("node 'product'");
    if (shape.flags & DSC_MATMUL_BIAS)
      matmul(step, shape, {left.buffer(), right.buffer(), addend.buffer(), result.buffer()});
    else
      matmul(step, shape, {left.buffer(), right.buffer(), result.buffer()});
    EXPECT_EQ(step.status(), 0) << lastError;
    EXPECT_TRUE(device().finish());
    test::Tensor<float> found = out;
    result.read(found);
    EXPECT_TRUE(found.gapsUntouched()) << "written beside the result";
    return found;
  }

  void check(int64_t shift = 0) const {
    expectNear(
        run(shift), [&](const Dims &at) { return expected(at); },
        1e-5 * std::sqrt(double(shape.k) + 1));
  }
};

int64_t someSize(Random &random) { return pick(random, 0, 4) == 0 ? 1 : pick(random, 2, 40); }

TEST(CudaMatmul, RandomShapesAndStrides) {
  static const int64_t activations[] = {0, DSC_MATMUL_RELU, DSC_MATMUL_GELU_ERF,
                                        DSC_MATMUL_GELU_TANH, DSC_MATMUL_ACCUMULATE};
  Random random(1);
  for (int round = 0; round < 250; ++round) {
    Dims batch(size_t(pick(random, 0, 2)));
    for (int64_t &size : batch)
      size = pick(random, 1, 4);
    int64_t flags = activations[pick(random, 0, 4)] | (chance(random) ? DSC_MATMUL_BIAS : 0);
    Case c(random, batch, someSize(random), someSize(random), someSize(random), flags);
    SCOPED_TRACE(testing::Message() << "round " << round);
    c.check(pick(random, 0, 3));
    if (HasFailure())
      return;
  }
}

/// A half has `bits` below the leading one.
template <typename T> void checkHalves(Random &random, DscType type, int bits) {
  auto draw = [&](const Dims &dims) {
    test::Tensor<T> tensor(dims, someStrides(random, dims));
    return tensor.fill([&] { return T(double(pick(random, -64, 64)) / 32); });
  };
  Dims batch(size_t(pick(random, 0, 2)), 2);
  auto matrix = [&](int64_t rows, int64_t columns) {
    Dims dims = batch;
    dims.insert(dims.end(), {rows, columns});
    return draw(dims);
  };
  int64_t m = someSize(random), n = someSize(random), k = someSize(random);
  int64_t flags = chance(random) ? int64_t(DSC_MATMUL_ACCUMULATE) : 0, shift = pick(random, 0, 3);
  test::Tensor<T> lhs = matrix(m, k), rhs = matrix(k, n), out = matrix(m, n), found = out;
  OnDevice<T> left(lhs, shift), right(rhs, shift), result(out, shift);
  Step step(nullptr);
  step.at("node 'product'");
  matmul(step, {type, batch, m, n, k, lhs.strides, rhs.strides, out.strides, flags},
         {left.buffer(), right.buffer(), result.buffer()});
  ASSERT_EQ(step.status(), 0) << lastError;
  ASSERT_TRUE(device().finish());
  result.read(found);
  ASSERT_TRUE(found.gapsUntouched()) << "written beside the result";
  test::forEach(out.dims, [&](const Dims &at) {
    double sum = flags ? float(out.at(at)) : 0;
    Dims a = at, b = at;
    for (int64_t i = 0; i < k; ++i) {
      a.back() = b[b.size() - 2] = i;
      sum += double(float(lhs.at(a))) * float(rhs.at(b));
    }
    // Sums of these numbers are exact in f32, and rounded once.
    ASSERT_NEAR(float(found.at(at)), sum, std::ldexp(std::abs(sum), -1 - bits));
  });
}

TEST(CudaMatmul, HalvesAreSummedInF32) {
  Random random(5);
  for (int round = 0; round < 100; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    checkHalves<__half>(random, DSC_F16, 10);
    checkHalves<__nv_bfloat16>(random, DSC_BF16, 7);
    if (HasFailure())
      return;
  }
}

TEST(CudaMatmul, TransposesOfEachOperand) {
  Random random(2);
  for (int which = 0; which < 8; ++which)
    for (int64_t flags : {0, int(DSC_MATMUL_BIAS), int(DSC_MATMUL_ACCUMULATE)}) {
      Case c(random, {}, 96, 65, 130, flags);
      auto transpose = [&](test::Tensor<float> &tensor, Sizes &strides) {
        Dims dims = tensor.dims;
        strides = {1, dims[0]};
        tensor = randomTensor(random, dims, strides);
      };
      if (which & 1)
        transpose(c.lhs, c.shape.lhs);
      if (which & 2)
        transpose(c.rhs, c.shape.rhs);
      if (which & 4)
        transpose(c.out, c.shape.out);
      c.check();
    }
}

TEST(CudaMatmul, EmptySum) {
  Random random(3);
  Case(random, {2}, 3, 4, 0, 0).check();
  Case(random, {}, 3, 4, 0, DSC_MATMUL_BIAS | DSC_MATMUL_GELU_TANH).check();
}

/// A product whose operands lie as cuBLASLt likes them.
Case plainCase(int64_t flags) {
  Random random(4);
  Case c(random, {}, 17, 24, 32, flags);
  for (auto *tensor : {&c.lhs, &c.rhs, &c.out})
    *tensor = randomTensor(random, tensor->dims, rowMajor(tensor->dims));
  c.shape.lhs = c.lhs.strides, c.shape.rhs = c.rhs.strides, c.shape.out = c.out.strides;
  return c;
}

/// How often the heuristics are asked by `body`.
template <typename Body> int64_t queries(Body body) {
  int64_t before = emulator::heuristicQueries();
  body();
  return emulator::heuristicQueries() - before;
}

/// Where the operands lie is a part of the problem.
TEST(CudaMatmul, AsksOncePerProblem) {
  Case c = plainCase(DSC_MATMUL_BIAS);
  ASSERT_TRUE(device().pin({})); // forgets what other tests did
  EXPECT_EQ(queries([&] { c.check(); }), 1);
  EXPECT_EQ(queries([&] { c.check(); }), 0);
  EXPECT_EQ(queries([&] { c.check(/*shift=*/1); }), 1); // no vectors of four begin there
  Algorithms kept = device().algorithms();
  ASSERT_EQ(kept.chosen.size(), 2u);
  const auto &[problem, algorithm] = *kept.chosen.begin();
  EXPECT_EQ(problem, "f32 17,24,32 batch 1 lhs 32,1,0 rhs 24,1,0 out 24,1,0 bias places "
                     "256,256,256,256 workspace 33554432");
  EXPECT_EQ(algorithm, "id 1 tile 2 stages 1 split_k 1 reduction 0 swizzle 0 custom 0 inner_shape "
                       "0 cluster_shape 0");
}

TEST(CudaMatmul, AsksNothingThatIsPinned) {
  Case c = plainCase(0);
  ASSERT_TRUE(device().pin({}));
  auto first = c.run();
  Algorithms kept = device().algorithms();
  ASSERT_TRUE(device().pin(kept));
  EXPECT_EQ(queries([&] { EXPECT_EQ(c.run().data, first.data); }), 0);
  EXPECT_EQ(device().algorithms().chosen, kept.chosen);

  // It is the pinned one that runs: a sum in two parts rounds otherwise.
  std::string &algorithm = kept.chosen.begin()->second;
  algorithm.replace(algorithm.find("split_k 1"), 9, "split_k 2");
  ASSERT_TRUE(device().pin(kept));
  EXPECT_EQ(queries([&] { EXPECT_NE(c.run().data, first.data); }), 0);
  c.check();
}

TEST(CudaMatmul, RefusesWhatCannotBePinned) {
  Case c = plainCase(DSC_MATMUL_BIAS);
  ASSERT_TRUE(device().pin({}));
  c.check();
  const Algorithms kept = device().algorithms();
  auto expectRefusal = [&](const Algorithms &pinned, const char *why) {
    EXPECT_FALSE(device().pin(pinned));
    EXPECT_NE(lastError.find(why), std::string::npos) << lastError;
  };
  Algorithms other = kept;
  other.library = "cuBLASLt 130100 on another device (9.0)";
  expectRefusal(other, "chosen by cuBLASLt 130100 on another device (9.0), and this is cuBLASLt 0");
  for (const char *text :
       {"", "id", "id 1", "split_k 1",
        "id -1 tile 2 stages 1 split_k 1 reduction 0 swizzle 0 "
        "custom 0 inner_shape 0 cluster_shape 0",
        "id 1 tile 2 stages 1 split_k 1 reduction 0 swizzle 0 custom 0 inner_shape 0 "
        "cluster_shape 65536",
        "id 1 tile 2 stages 1 split_k 1 reduction 0 swizzle 0 custom 0 inner_shape 0 "
        "cluster_shape 0 more"}) {
    Algorithms wrong = kept;
    wrong.chosen.begin()->second = text;
    expectRefusal(wrong, "is no algorithm");
  }
}

/// Some things only the library knows; the error names the node then.
TEST(CudaMatmul, ReportsAlgorithmsThatTheLibraryRefuses) {
  Case c = plainCase(DSC_MATMUL_BIAS);
  ASSERT_TRUE(device().pin({}));
  c.check();
  const Algorithms kept = device().algorithms();
  const std::pair<const char *, const char *> changes[] = {{"id 1", "id 77"},
                                                           {"tile 2", "tile 99"},
                                                           {"id 1", "id 4294967295"},
                                                           {"split_k 1", "split_k 2"}}; // + bias
  for (auto [right, wrong] : changes) {
    Algorithms pinned = kept;
    std::string &algorithm = pinned.chosen.begin()->second;
    algorithm.replace(algorithm.find(right), strlen(right), wrong);
    ASSERT_TRUE(device().pin(pinned));
    OnDevice lhs(c.lhs, 0), rhs(c.rhs, 0), bias(c.bias, 0), out(c.out, 0);
    Step step(nullptr);
    step.at("node 'product'");
    matmul(step, c.shape, {lhs.buffer(), rhs.buffer(), bias.buffer(), out.buffer()});
    EXPECT_EQ(step.status(), 1);
    EXPECT_EQ(lastError.find("matmul (node 'product'): cuBLASLt refuses the pinned algorithm"), 0u)
        << lastError;
  }
}

} // namespace
