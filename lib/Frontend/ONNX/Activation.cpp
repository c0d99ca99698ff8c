//===- Activation.cpp - The activations of recurrent nodes ----------------===//

#include "Activation.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace dsc::onnx {

/// An activation's function, and the numbers it has by default.
struct ActivationEntry {
  Activation::Build function;
  std::optional<double> alpha, beta;
};

template <typename Op> static Value unary(TensorBuilder &b, Value x, double, double) {
  return b.make<Op>(x);
}
static Value affine(TensorBuilder &b, Value x, double alpha, double beta) {
  return b.add(b.mul(x, alpha), beta);
}
static Value scaledTanh(TensorBuilder &b, Value x, double alpha, double beta) {
  return b.mul(b.make<train::TanhOp>(b.mul(x, beta)), alpha);
}
static Value hardSigmoid(TensorBuilder &b, Value x, double alpha, double beta) {
  return b.clamp(affine(b, x, alpha, beta), 0, 1);
}
static Value whereNegative(TensorBuilder &b, Value x, Value below) {
  return b.select(b.compare(train::Comparison::LT, x, b.like(x, 0)), below, x);
}
static Value leakyRelu(TensorBuilder &b, Value x, double alpha, double) {
  return whereNegative(b, x, b.mul(x, alpha));
}
/// The exponential sees nothing positive, so that it cannot overflow.
static Value elu(TensorBuilder &b, Value x, double alpha, double) {
  Value negative = b.make<train::MinOp>(x, b.like(x, 0));
  return whereNegative(b, x, b.mul(b.make<train::Expm1Op>(negative), alpha));
}
static Value thresholdedRelu(TensorBuilder &b, Value x, double alpha, double) {
  return b.select(b.compare(train::Comparison::GT, x, b.like(x, alpha)), x, b.like(x, 0));
}
static Value softsign(TensorBuilder &b, Value x, double, double) {
  return b.make<train::DivOp>(x, b.add(b.make<train::AbsOp>(x), 1));
}
/// max(x, 0) + log(1 + exp(-|x|))
static Value softplus(TensorBuilder &b, Value x, double, double) {
  Value small = b.make<train::ExpOp>(b.make<train::NegOp>(b.make<train::AbsOp>(x)));
  return b.make<train::AddOp>(b.make<train::MaxOp>(x, b.like(x, 0)), b.make<train::Log1pOp>(small));
}

/// By lower-case name: exporters write both.
static const llvm::StringMap<ActivationEntry> &activations() {
  static const llvm::StringMap<ActivationEntry> table = {
      {"affine", {affine, 1.0, 0.0}},
      {"elu", {elu, 1.0, {}}},
      {"hardsigmoid", {hardSigmoid, 0.2, 0.5}},
      {"leakyrelu", {leakyRelu, 0.01, {}}},
      {"relu", {unary<train::ReluOp>, {}, {}}},
      {"scaledtanh", {scaledTanh, 1.0, 1.0}},
      {"sigmoid", {unary<train::SigmoidOp>, {}, {}}},
      {"softplus", {softplus, {}, {}}},
      {"softsign", {softsign, {}, {}}},
      {"tanh", {unary<train::TanhOp>, {}, {}}},
      {"thresholdedrelu", {thresholdedRelu, 1.0, {}}},
  };
  return table;
}

/// The next number of a list, for an activation that has one.
static double take(const NodeAttribute *list, size_t &next, std::optional<double> absent) {
  if (!absent)
    return 0;
  return list && next < list->floats.size() ? list->floats[next++] : *absent;
}

llvm::FailureOr<Activation> ActivationReader::next(NodeImport &n, llvm::StringRef name) {
  auto entry = activations().find(name.lower());
  if (entry == activations().end())
    return n.fail("activation '" + name + "' is not known");
  const ActivationEntry &found = entry->second;
  double alpha = take(alphas, nextAlpha, found.alpha);
  return Activation{found.function, alpha, take(betas, nextBeta, found.beta)};
}

} // namespace dsc::onnx
