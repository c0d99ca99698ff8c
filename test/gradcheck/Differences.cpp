//===- Differences.cpp - Derivatives by differences -----------------------===//

#include "Differences.h"

#include "llvm/ADT/STLExtras.h"

using namespace dsc;
using namespace dsc::gradcheck;

static double differentiate(double &x, llvm::function_ref<double()> loss) {
  constexpr double h = 1e-4;
  double at = x;
  auto lossAt = [&](double offset) {
    x = at + offset;
    return loss();
  };
  double near = lossAt(h) - lossAt(-h), far = lossAt(2 * h) - lossAt(-2 * h);
  x = at;
  return (8 * near - far) / (12 * h);
}

static std::vector<size_t> choosePositions(size_t size, size_t most) {
  std::vector<size_t> positions;
  size_t count = std::min(size, most);
  for (size_t k = 0; k < count; ++k) {
    positions.push_back(k * size / count);
  }
  return positions;
}

void gradcheck::checkGradients(llvm::MutableArrayRef<Subject> subjects,
                               llvm::function_ref<double()> loss, size_t maxElements,
                               Report &report) {
  double most = 0;
  for (const Subject &subject : subjects) {
    most = std::max(most, largest(subject.gradient));
  }
  bool mayBeZero = llvm::all_of(subjects, [](const Subject &s) { return s.mayBeZero; });
  if (most == 0 && !mayBeZero) {
    report.fail("every gradient is zero, which proves nothing");
  }
  for (Subject &subject : subjects) {
    std::vector<size_t> positions = choosePositions(subject.variable->size(), maxElements);
    Tensor expected(subject.variable->type);
    for (size_t i : positions) {
      expected.floats[i] = differentiate(subject.variable->floats[i], loss);
    }
    // Below 1e-6 it is rounding of zero (the sum of a softmax's gradient).
    double scale = std::max({largest(subject.gradient), 0.01 * most, 1e-6});
    if (largest(subject.gradient) == 0 && !subject.mayBeZero) {
      report.fail("the gradient of " + subject.name + " is zero throughout");
    }
    report.compare("gradient of " + subject.name, subject.gradient, expected, scale, positions);
  }
}
