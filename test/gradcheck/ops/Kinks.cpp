//===- Kinks.cpp - Gradients where no difference quotient decides ---------===//
//
// At kinks and ties a derivative is a convention, at singular points a limit,
// and at extreme points the plain formula gives NaN. Expected are the gradients
// that PyTorch 2.13 gives for the sum of the results (f64).
//
//===----------------------------------------------------------------------===//

#include "Checks.h"
#include "Derivative.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

namespace {
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Kink {
  StringRef name;
  Generator build;
  std::vector<std::vector<double>> gradients; // of the sum of result 0, per operand
};
} // namespace

template <typename OpTy> static Operation *maximumLike(CaseBuilder &c) {
  Value a = c.given({1, 2, 3}), b = c.given({1, 3, 2});
  return c.create<OpTy>(a.getType(), a, b);
}

static Operation *pow(CaseBuilder &c) {
  Value a = c.given({0, 0, 0, 2, 0, -2, 0}), b = c.given({2, 1, 0, 0, 0.5, 2, -1});
  return c.create<train::PowOp>(a.getType(), a, b);
}

static Operation *maxPool(CaseBuilder &c) {
  Value x = c.given({1, 1, 2, 2}, {1, 1, 4});
  Shape two = {2}, none = {0}, one = {1};
  return c.create<train::MaxPoolOp>(c.f64({1, 1, 2}), c.type({1, 1, 2}, c.builder.getI32Type()), x,
                                    two, two, none, none, one);
}

/// The first of two queries sees no key.
static Operation *hiddenRow(CaseBuilder &c) {
  Value q = c.given({1, 2}, {1, 1, 2, 1}), k = c.given({1}, {1, 1, 1, 1});
  Value v = c.given({3}, {1, 1, 1, 1});
  return c.create<train::AttentionOp>(q, k, v, Value(), 1.0, true);
}

static std::vector<Kink> allKinks() {
  return {
      {"relu at zeros",
       [](CaseBuilder &c) { return c.create<train::ReluOp>(c.given({0, -0.0, 1, -1})); },
       {{0, 0, 1, 0}}},
      {"abs at zeros",
       [](CaseBuilder &c) { return c.create<train::AbsOp>(c.given({0, -0.0, 2, -2})); },
       {{0, 0, 1, -1}}},
      {"sign", [](CaseBuilder &c) { return c.create<train::SignOp>(c.given({0, 1})); }, {{0, 0}}},
      {"sqrt at zero",
       [](CaseBuilder &c) { return c.create<train::SqrtOp>(c.given({0, 4})); },
       {{kInf, 0.25}}},
      {"ties of max", maximumLike<train::MaxOp>, {{0.5, 0, 1}, {0.5, 1, 0}}},
      {"ties of min", maximumLike<train::MinOp>, {{0.5, 1, 0}, {0.5, 0, 1}}},
      {"pow at zeros",
       pow,
       {{0, 1, 0, 0, kInf, -4, -kInf}, {0, 0, 0, std::log(2), 0, kNaN, -kInf}}},
      {"ties of reduce_max",
       [](CaseBuilder &c) {
         return c.create<train::ReduceMaxOp>(c.given({1, 3, 3, 2, 2, 2}, {2, 3}), Shape{1});
       },
       {{0, 0.5, 0.5, 1.0 / 3, 1.0 / 3, 1.0 / 3}}},
      {"ties of reduce_min",
       [](CaseBuilder &c) {
         return c.create<train::ReduceMinOp>(c.given({1, 3, 1, 2, 2, 2}, {2, 3}), Shape{1});
       },
       {{0.5, 0, 0.5, 1.0 / 3, 1.0 / 3, 1.0 / 3}}},
      {"ties of max_pool", maxPool, {{1, 0, 1, 0}}},
      {"sigmoid far out",
       [](CaseBuilder &c) { return c.create<train::SigmoidOp>(c.given({-1000, 1000})); },
       {{0, 0}}},
      {"log_softmax far out",
       [](CaseBuilder &c) {
         Value x = c.given({1000, 0});
         return c.create<train::LogSoftmaxOp>(x.getType(), x, uint64_t{0});
       },
       {{-1, 1}}}, // the sum of both results
      {"attention without keys", hiddenRow, {{0, 0}, {0}, {1}}},
  };
}

static bool isExpected(const Tensor &found, ArrayRef<double> expected) {
  Tensor wanted(found.type, std::vector<double>(expected));
  return found.size() == wanted.size() && relativeError(found, wanted) <= 1e-15;
}

static Failure checkKink(MLIRContext &context, const Kink &kink) {
  CaseBuilder builder(&context, 0);
  Case c = builder.finish(kink.build(builder));
  SmallVector<unsigned> inputs = llvm::to_vector(llvm::seq<unsigned>(0, c.inputs.size()));
  if (failed(buildDerivative(c.function, "derivative", 0u, inputs))) {
    return "cannot be built";
  }
  Tensor ones(cast<RankedTensorType>(c.op->getResult(0).getType()));
  std::fill(ones.floats.begin(), ones.floats.end(), 1.0);
  SmallVector<Tensor> arguments = c.inputs;
  arguments.push_back(ones);
  auto gradients = Interpreter(*c.module, {true}).call("derivative", arguments);
  if (failed(gradients)) {
    return "cannot be evaluated";
  }
  for (auto [index, pair] : llvm::enumerate(llvm::zip_equal(*gradients, kink.gradients))) {
    if (!isExpected(std::get<0>(pair), std::get<1>(pair))) {
      return "the gradient of operand " + std::to_string(index) + " is not PyTorch's";
    }
  }
  return std::nullopt;
}

unsigned dsc::gradcheck::countKinkFailures(MLIRContext &context) {
  unsigned failures = 0;
  for (const Kink &kink : allKinks()) {
    if (Failure failure = checkKink(context, kink)) {
      llvm::errs() << "error: " << kink.name << ": " << *failure << '\n';
      ++failures;
    }
  }
  return failures;
}
