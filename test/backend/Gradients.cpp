//===- Gradients.cpp - Derivatives of what was imported -------------------===//

#include "Gradients.h"

#include "dialects/Train/TrainDialect.h"
#include "dsc/Interpreter/Interpreter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "test/gradcheck/ops/Derivative.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace dsc;
using namespace dsc::backend;

namespace {
using Tensors = SmallVector<Tensor>;
using Indices = SmallVector<unsigned>;

/// L(t) = the weighted sum of the results at arguments + t direction.
struct Line {
  Interpreter &interpreter;
  ArrayRef<Tensor> arguments;
  Indices inputs, results;
  Tensors direction, weights;

  std::optional<double> at(double t) const {
    Tensors moved(arguments);
    for (auto [input, step] : llvm::zip_equal(inputs, direction)) {
      for (auto [x, d] : llvm::zip_equal(moved[input].floats, step.floats)) {
        x += t * d;
      }
    }
    auto values = interpreter.call("forward", moved);
    if (failed(values)) {
      return std::nullopt;
    }
    double sum = 0;
    for (auto [result, weight] : llvm::zip_equal(results, weights)) {
      for (auto [y, w] : llvm::zip_equal((*values)[result].floats, weight.floats)) {
        sum += y * w;
      }
    }
    return std::isfinite(sum) ? std::optional(sum) : std::nullopt;
  }
};
} // namespace

/// Numbers of 0.5 to 1.5, with either sign.
static Tensor randomLike(RankedTensorType type, std::mt19937_64 &generator) {
  Tensor tensor(type);
  for (double &x : tensor.floats) {
    double size = 0.5 + static_cast<double>(generator() >> 11) * 0x1p-53;
    x = generator() % 2 == 0 ? size : -size;
  }
  return tensor;
}

static Indices floatsOf(TypeRange types) {
  Indices indices;
  for (auto [i, type] : llvm::enumerate(types)) {
    auto tensor = cast<RankedTensorType>(type);
    if (isa<FloatType>(tensor.getElementType()) && tensor.getNumElements() > 0) {
      indices.push_back(static_cast<unsigned>(i));
    }
  }
  return indices;
}

/// The slope at 0; nothing at a kink, a jump, or where a value is not finite.
static std::optional<double> slope(const Line &line, double scale) {
  constexpr double h = 1e-4;
  auto center = line.at(0), right = line.at(h), left = line.at(-h);
  auto farRight = line.at(2 * h), farLeft = line.at(-2 * h);
  if (!center || !right || !left || !farRight || !farLeft) {
    return std::nullopt;
  }
  double ahead = (*right - *center) / h, behind = (*center - *left) / h;
  double near = (*right - *left) / (2 * h), far = (*farRight - *farLeft) / (4 * h);
  double size = std::max({scale, std::abs(ahead), std::abs(behind)});
  if (std::abs(*center) * 0x1p-52 / h > 1e-6 * size) {
    return std::nullopt; // nothing but rounding
  }
  // The slopes to both sides differ by h f'' of a smooth function: twice as much for
  // twice the step. At a kink they differ by the same for any step.
  double farAhead = (*farRight - *center) / (2 * h), farBehind = (*center - *farLeft) / (2 * h);
  double kink = 2 * (ahead - behind) - (farAhead - farBehind);
  if (std::abs(kink) > 1e-6 * size || std::abs(near - far) > 1e-6 * size) {
    return std::nullopt;
  }
  return near + (near - far) / 3;
}

GradientCheck backend::checkGradient(const Run &run, std::string &message) {
  OwningOpRef<ModuleOp> module = cast<ModuleOp>(run.module.get()->clone());
  auto forward = module->lookupSymbol<func::FuncOp>("forward");
  Indices inputs = floatsOf(forward.getArgumentTypes());
  Indices results = floatsOf(forward.getResultTypes());
  if (inputs.empty() || results.empty() || run.isRandom) {
    return GradientCheck::DoesNotApply;
  }
  if (failed(gradcheck::buildDerivative(forward, "derivative", results, inputs))) {
    message = "has no derivative";
    return GradientCheck::Differs;
  }
  std::mt19937_64 generator(7);
  Interpreter interpreter(*module, {true});
  Line line{interpreter, run.arguments, inputs, results, {}, {}};
  for (unsigned input : inputs) {
    line.direction.push_back(randomLike(run.arguments[input].type, generator));
  }
  Tensors arguments(run.arguments);
  for (unsigned result : results) {
    auto type = cast<RankedTensorType>(forward.getResultTypes()[result]);
    line.weights.push_back(randomLike(type, generator));
    arguments.push_back(line.weights.back());
  }
  auto gradients = interpreter.call("derivative", arguments);
  if (failed(gradients)) {
    message = "has a derivative that cannot be evaluated";
    return GradientCheck::Differs;
  }
  double expected = 0, scale = 0;
  for (auto [gradient, direction] : llvm::zip_equal(*gradients, line.direction)) {
    for (auto [g, d] : llvm::zip_equal(gradient.floats, direction.floats)) {
      expected += g * d;
      scale += std::abs(g * d);
    }
  }
  std::optional<double> found = slope(line, scale);
  // A branch that is not taken may be no number, and its gradient too, as in PyTorch.
  if (!found || std::isnan(expected) || (scale == 0 && *found == 0)) {
    return GradientCheck::DoesNotApply;
  }
  if (std::abs(*found - expected) <= 1e-5 * std::max(scale, std::abs(*found))) {
    return GradientCheck::Agrees;
  }
  llvm::raw_string_ostream(message)
      << "has the slope " << *found << ", and by its derivative " << expected;
  return GradientCheck::Differs;
}
