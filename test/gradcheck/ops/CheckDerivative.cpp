//===- CheckDerivative.cpp - Derivative rules against central differences -===//
//
// L(x) = sum over results r of <u_r, y_r(x)> with random u. The rule's gradient
// of L is compared with the fourth-order central difference
// (L(x-2h) - 8 L(x-h) + 8 L(x+h) - L(x+2h)) / 12h, whose error is about 1e-12.
//
//===----------------------------------------------------------------------===//

#include "Checks.h"
#include "Derivative.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

namespace {
using Tensors = SmallVector<Tensor>;
using Indices = SmallVector<unsigned>;

/// A function of the case's module under test, at a point.
struct Problem {
  Interpreter &interpreter;
  StringRef function;
  Tensors point;
  Indices results; // whose weighted sum is L
  Tensors weights; // u, one per result
  double step;     // of differences

  FailureOr<double> loss(const Tensors &at) const {
    auto values = interpreter.call(function, at);
    if (failed(values)) {
      return failure();
    }
    double sum = 0;
    for (auto [result, weight] : llvm::zip_equal(results, weights)) {
      for (size_t i = 0; i < weight.size(); ++i) {
        sum += weight.floats[i] * (*values)[result].floats[i];
      }
    }
    return sum;
  }

  /// dL/dt at t = 0 along point + t direction; move(at, t) sets the point.
  template <typename Move> FailureOr<double> difference(Move move) const {
    constexpr double kPlaces[] = {-2, -1, 1, 2}, kFactors[] = {1, -8, 8, -1};
    double sum = 0;
    for (auto [place, factor] : llvm::zip_equal(kPlaces, kFactors)) {
      Tensors at = point;
      move(at, place * step);
      FailureOr<double> value = loss(at);
      if (failed(value)) {
        return failure();
      }
      sum += factor * *value;
    }
    return sum / (12 * step);
  }
};
} // namespace

static Tensor randomLike(Type type, Draw &draw) {
  Tensor tensor(cast<RankedTensorType>(type));
  for (double &value : tensor.floats) {
    value = draw.real(0.5, 1.5) * (draw.flag() ? 1 : -1);
  }
  return tensor;
}

static Indices trueOnes(ArrayRef<bool> flags) {
  Indices indices;
  for (auto [index, flag] : llvm::enumerate(flags)) {
    if (flag) {
      indices.push_back(static_cast<unsigned>(index));
    }
  }
  return indices;
}

static std::string describe(StringRef what, ArrayRef<unsigned> results, ArrayRef<unsigned> inputs) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << what << " (results ";
  llvm::interleaveComma(results, os);
  os << ", operands ";
  llvm::interleaveComma(inputs, os);
  os << ")";
  return text;
}

/// Compares one operand's gradient with the differences of all its elements.
static Failure compareElements(const Problem &problem, const Tensor &gradient, unsigned input,
                               StringRef what, Coverage &coverage) {
  Tensor reference(gradient.type);
  double largest = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    auto difference = problem.difference([&](Tensors &at, double t) { at[input].floats[i] += t; });
    if (failed(difference)) {
      return what.str() + ": cannot be evaluated";
    }
    reference.floats[i] = *difference;
    largest = std::max(largest, std::abs(*difference));
  }
  double error = 0;
  for (auto [found, expected] : llvm::zip_equal(gradient.floats, reference.floats)) {
    double delta = std::abs(found - expected) / std::max(largest, 1e-2);
    error = std::isnan(delta) ? delta : std::max(error, delta);
  }
  coverage.worstError = std::max(coverage.worstError, error);
  coverage.largestReference[input] = std::max(coverage.largestReference[input], largest);
  if (error <= coverage.tolerance) {
    return std::nullopt;
  }
  return llvm::formatv("{0}: gradient of operand {1} differs by {2} (largest {3})", what, input,
                       scientific(error), scientific(largest))
      .str();
}

/// Builds the derivative and evaluates it at the problem's point.
static FailureOr<Tensors> evaluateDerivative(Case &c, func::FuncOp function, const Problem &problem,
                                             ArrayRef<unsigned> inputs) {
  auto derivative = buildDerivative(function, "derivative", problem.results, inputs);
  if (failed(derivative) || failed(verify(*c.module))) {
    return failure();
  }
  Tensors arguments = problem.point;
  arguments.append(problem.weights.begin(), problem.weights.end());
  auto gradients = problem.interpreter.call("derivative", arguments);
  derivative->erase();
  return gradients;
}

static Failure checkVariant(Case &c, Interpreter &interpreter, Indices results, Indices inputs,
                            Coverage &coverage) {
  Draw draw(results.size() * 7 + inputs.size());
  Problem problem{interpreter, "op", c.inputs, results, {}, c.step};
  for (unsigned result : results) {
    problem.weights.push_back(randomLike(c.op->getResult(result).getType(), draw));
  }
  std::string what = describe("derivative", results, inputs);
  auto gradients = evaluateDerivative(c, c.function, problem, inputs);
  if (failed(gradients)) {
    return what + ": cannot be built or evaluated";
  }
  ++coverage.derivatives;
  for (auto [input, gradient] : llvm::zip_equal(inputs, *gradients)) {
    if (Failure failure = compareElements(problem, gradient, input, what, coverage)) {
      return failure;
    }
  }
  return std::nullopt;
}

Failure dsc::gradcheck::checkDerivative(Case &c, Coverage &coverage) {
  Indices results = trueOnes(c.hasGradient), inputs = trueOnes(c.isDifferentiable);
  coverage.largestReference.resize(std::max(coverage.largestReference.size(), c.inputs.size()),
                                   0.0);
  if (results.empty() || inputs.empty()) {
    return std::nullopt;
  }
  Interpreter interpreter(*c.module, {true});
  SmallVector<std::pair<Indices, Indices>> variants = {{results, inputs}};
  for (unsigned result : results) {
    variants.push_back({{result}, inputs});
  }
  for (unsigned input : inputs) {
    variants.push_back({results, {input}});
  }
  for (auto &[ofResults, ofInputs] : variants) {
    if (Failure failure = checkVariant(c, interpreter, ofResults, ofInputs, coverage)) {
      return failure;
    }
  }
  return std::nullopt;
}

/// The derivative at a point and weights is itself a function; it is compared
/// with its differences along one random direction.
Failure dsc::gradcheck::checkSecondDerivative(Case &c, Coverage &coverage) {
  Indices results = trueOnes(c.hasGradient), inputs = trueOnes(c.isDifferentiable);
  if (results.empty() || inputs.empty() || c.isPiecewiseConstant) {
    return std::nullopt;
  }
  auto first = buildDerivative(c.function, "first", results, inputs);
  if (failed(first)) {
    return "second derivative: the first cannot be built";
  }
  Draw draw(c.inputs.size());
  Interpreter interpreter(*c.module, {true});
  Problem problem{interpreter, "first", c.inputs, {}, {}, c.step};
  for (unsigned result : results) {
    inputs.push_back(static_cast<unsigned>(problem.point.size()));
    problem.point.push_back(randomLike(c.op->getResult(result).getType(), draw));
  }
  for (auto [index, type] : llvm::enumerate(first->getResultTypes())) {
    problem.results.push_back(static_cast<unsigned>(index));
    problem.weights.push_back(randomLike(type, draw));
  }
  auto gradients = evaluateDerivative(c, *first, problem, inputs);
  if (failed(gradients)) {
    return "second derivative: cannot be built or evaluated";
  }
  Tensors direction;
  double expected = 0, size = 0;
  for (const Tensor &gradient : *gradients) {
    direction.push_back(randomLike(gradient.type, draw));
    for (auto [g, d] : llvm::zip_equal(gradient.floats, direction.back().floats)) {
      expected += g * d;
      size += std::abs(g * d);
    }
  }
  auto found = problem.difference([&](Tensors &at, double t) {
    for (auto [input, along] : llvm::zip_equal(inputs, direction)) {
      for (size_t i = 0; i < along.size(); ++i) {
        at[input].floats[i] += t * along.floats[i];
      }
    }
  });
  first->erase();
  double error = failed(found) ? NAN : std::abs(*found - expected) / std::max(size, 1e-2);
  ++coverage.secondDerivatives;
  if (error <= coverage.tolerance) {
    return std::nullopt;
  }
  return llvm::formatv("second derivative differs by {0}", scientific(error)).str();
}
