//===- CheckValue.cpp - Decompositions, evaluation forms, costs -----------===//

#include "Checks.h"
#include "Derivative.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

std::string dsc::gradcheck::scientific(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.2e", value);
  return text;
}

double dsc::gradcheck::relativeError(const Tensor &a, const Tensor &b) {
  double largest = 0, error = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    largest = std::isfinite(b.number(i)) ? std::max(largest, std::abs(b.number(i))) : largest;
  }
  for (size_t i = 0; i < b.size(); ++i) {
    double x = a.number(i), y = b.number(i);
    if (x == y || (std::isnan(x) && std::isnan(y))) {
      continue;
    }
    double delta = std::abs(x - y) / std::max(largest, 1e-30);
    error = std::isnan(delta) ? HUGE_VAL : std::max(error, delta);
  }
  return error;
}

Failure dsc::gradcheck::checkShape(const Case &c) {
  for (const Tensor &input : c.inputs) {
    if (input.rank() > 0 && input.size() < 2) {
      return "the generator drew an operand of fewer than two elements";
    }
  }
  auto cost = dyn_cast<train::CostOpInterface>(c.op);
  if (!cost || cost.getBytes() <= 0) {
    return "bytes must be positive";
  }
  if (c.movesOnly ? cost.getFlops() != 0 : cost.getFlops() <= 0) {
    return llvm::formatv("{0} flops: an op that computes has some, one that moves has none",
                         cost.getFlops())
        .str();
  }
  return std::nullopt;
}

Failure dsc::gradcheck::checkDecomposition(Case &c) {
  if (!isa<train::DecomposableOpInterface>(c.op)) {
    return std::nullopt;
  }
  func::FuncOp parts = buildDecomposed(c.function, "parts");
  if (failed(verify(*c.module))) {
    return "decomposition: the parts are not valid";
  }
  Interpreter interpreter(*c.module, {true});
  auto direct = interpreter.call("op", c.inputs), decomposed = interpreter.call("parts", c.inputs);
  parts.erase();
  if (failed(direct) || failed(decomposed)) {
    return "decomposition: cannot be evaluated";
  }
  for (auto [index, pair] : llvm::enumerate(llvm::zip_equal(*decomposed, *direct))) {
    double error = relativeError(std::get<0>(pair), std::get<1>(pair));
    if (!(error <= 1e-12)) {
      return llvm::formatv("decomposition: result {0} differs by {1}", index, scientific(error))
          .str();
    }
  }
  return std::nullopt;
}

/// Replaces the function's results by what the op is in evaluation; entry i of
/// `kept` is the result that the i-th value replaces.
static func::FuncOp buildEvaluationForm(Case &c, SmallVector<size_t> &kept) {
  func::FuncOp copy = c.function.clone();
  copy.setName("evaluation");
  c.module->push_back(copy);
  Operation *end = copy.getBody().front().getTerminator();
  OpBuilder builder(end);
  auto op = cast<train::EvaluationOpInterface>(end->getPrevNode());
  SmallVector<Value> values;
  for (auto [index, value] : llvm::enumerate(op.buildEvaluation(builder))) {
    if (value) {
      kept.push_back(index);
      values.push_back(value);
    }
  }
  end->setOperands(values);
  copy.setFunctionType(builder.getFunctionType(copy.getArgumentTypes(), TypeRange(values)));
  return copy;
}

Failure dsc::gradcheck::checkEvaluation(Case &c) {
  if (!isa<train::EvaluationOpInterface>(c.op)) {
    return std::nullopt;
  }
  if (!c.evaluate) {
    return "the generator does not say what the op is in evaluation";
  }
  SmallVector<size_t> kept;
  func::FuncOp form = buildEvaluationForm(c, kept);
  Interpreter interpreter(*c.module, {true});
  auto found = succeeded(verify(*c.module)) ? interpreter.call("evaluation", c.inputs)
                                            : FailureOr<SmallVector<Tensor>>();
  form.erase();
  std::map<size_t, Tensor> expected = c.evaluate(c);
  if (failed(found) || expected.size() != kept.size()) {
    return "evaluation: cannot be built or evaluated, or has other results than expected";
  }
  for (auto [index, value] : llvm::zip_equal(kept, *found)) {
    double error = expected.count(index) ? relativeError(value, expected[index]) : HUGE_VAL;
    if (!(error <= 1e-12)) {
      return llvm::formatv("evaluation: result {0} differs by {1}", index, scientific(error)).str();
    }
  }
  return std::nullopt;
}
