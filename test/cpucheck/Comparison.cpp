//===- Comparison.cpp - Compiled results against the interpreter's --------===//

#include "Comparison.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace dsc;

double cpucheck::toleranceOf(Type elementType) {
  if (elementType.isF64()) {
    return 1e-12;
  }
  if (elementType.isF16()) {
    return 2e-3;
  }
  return elementType.isBF16() ? 1.6e-2 : 1e-5;
}

double cpucheck::magnitudeOf(const Tensor &tensor) {
  double most = 0;
  for (size_t i = 0; i < tensor.size(); ++i) {
    double value = std::abs(tensor.number(i));
    most = std::isfinite(value) ? std::max(most, value) : most;
  }
  return most;
}

/// 0 for equal infinities or two NaNs, infinite where only one is finite.
static double difference(double actual, double expected) {
  if (std::isnan(expected) || std::isinf(expected)) {
    bool same = std::isnan(expected) ? std::isnan(actual) : actual == expected;
    return same ? 0 : std::numeric_limits<double>::infinity();
  }
  return std::isfinite(actual) ? std::abs(actual - expected)
                               : std::numeric_limits<double>::infinity();
}

double cpucheck::errorOf(const Tensor &actual, const Tensor &expected) {
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, difference(actual.number(i), expected.number(i)));
  }
  double most = magnitudeOf(expected);
  return most > 0 ? worst / most : worst;
}

/// The largest difference that is no error.
static double allowedDifference(const cpucheck::Expected &expected, cpucheck::Allowance allowance) {
  if (expected.isExact || !expected.f64.isFloat()) {
    return 0;
  }
  double relative = allowance.scale * cpucheck::toleranceOf(expected.f64.type.getElementType());
  double own = cpucheck::errorOf(expected.rounded, expected.f64);
  double most = cpucheck::magnitudeOf(expected.f64);
  return std::max(relative * std::max({most, allowance.floor, expected.scale}),
                  allowance.slack * own * most);
}

bool cpucheck::agree(StringRef what, const Tensor &actual, const Expected &expected,
                     Allowance allowance) {
  const Tensor &wanted = expected.isExact ? expected.rounded : expected.f64;
  double allowed = allowedDifference(expected, allowance);
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!(difference(actual.number(i), wanted.number(i)) <= allowed)) {
      llvm::errs() << "error: " << what << '[' << i << "] of " << actual.type << ": expected "
                   << llvm::format("%.9g", wanted.number(i)) << ", got "
                   << llvm::format("%.9g", actual.number(i)) << " (allowed difference "
                   << llvm::format("%.2g", allowed) << ")\n";
      return false;
    }
  }
  return true;
}
