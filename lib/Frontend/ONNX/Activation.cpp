//===- Activation.cpp - Activations and their formulas --------------------===//

#include "Activation.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace dsc::onnx {

//===----------------------------------------------------------------------===//
// Formulas
//===----------------------------------------------------------------------===//

Value whereNegative(TensorBuilder &b, Value x, Value below) {
  return b.select(b.compare(train::Comparison::LE, x, b.like(x, 0)), below, x);
}

Value expm1OfNegative(TensorBuilder &b, Value x) {
  Value positive = b.compare(train::Comparison::GT, x, b.like(x, 0));
  return b.make<train::Expm1Op>(b.select(positive, b.like(x, 0), x));
}

Value leakyRelu(TensorBuilder &b, Value x, double alpha) {
  return whereNegative(b, x, b.mul(x, alpha));
}

Value thresholdedRelu(TensorBuilder &b, Value x, double alpha) {
  return b.select(b.compare(train::Comparison::GT, x, b.like(x, alpha)), x, b.like(x, 0));
}

Value elu(TensorBuilder &b, Value x, double alpha) {
  return whereNegative(b, x, b.mul(expm1OfNegative(b, x), alpha));
}

static Value affine(TensorBuilder &b, Value x, double alpha, double beta) {
  return b.add(b.mul(x, alpha), beta);
}

Value hardSigmoid(TensorBuilder &b, Value x, double alpha, double beta) {
  return b.clamp(affine(b, x, alpha, beta), 0, 1);
}

Value softsign(TensorBuilder &b, Value x) {
  return b.make<train::DivOp>(x, b.add(b.make<train::AbsOp>(x), 1));
}

/// max(x, 0) + log1p(e^-|x|). At 0 abs has the gradient 0, and max, unlike relu, the 1/2
/// that the sum has there.
Value softplus(TensorBuilder &b, Value x) {
  Value small = b.make<train::ExpOp>(b.make<train::NegOp>(b.make<train::AbsOp>(x)));
  return b.make<train::AddOp>(b.make<train::MaxOp>(x, b.like(x, 0)), b.make<train::Log1pOp>(small));
}

Value swish(TensorBuilder &b, Value x, double alpha) {
  return b.make<train::MulOp>(x, b.make<train::SigmoidOp>(b.mul(x, alpha)));
}

Value gelu(TensorBuilder &b, Value x, bool isTanh) {
  auto approximation = isTanh ? train::GeluApproximation::Tanh : train::GeluApproximation::Erf;
  return b.make<train::GeluOp>(approximation, x);
}

//===----------------------------------------------------------------------===//
// By name
//===----------------------------------------------------------------------===//

/// An activation's function, and the numbers it has by default.
struct ActivationEntry {
  Activation::Build function;
  std::optional<double> alpha, beta;
};

template <typename Op> static Value unary(TensorBuilder &b, Value x, double, double) {
  return b.make<Op>(x);
}
static Value scaledTanh(TensorBuilder &b, Value x, double alpha, double beta) {
  return b.mul(b.make<train::TanhOp>(b.mul(x, beta)), alpha);
}
template <Value (*formula)(TensorBuilder &, Value)>
static Value plain(TensorBuilder &b, Value x, double, double) {
  return formula(b, x);
}
template <Value (*formula)(TensorBuilder &, Value, double)>
static Value withAlpha(TensorBuilder &b, Value x, double alpha, double) {
  return formula(b, x, alpha);
}

/// By lower-case name: exporters write both.
static const llvm::StringMap<ActivationEntry> &activations() {
  static const llvm::StringMap<ActivationEntry> table = {
      {"affine", {affine, 1.0, 0.0}},
      {"elu", {withAlpha<elu>, 1.0, {}}},
      {"hardsigmoid", {hardSigmoid, 0.2, 0.5}},
      {"leakyrelu", {withAlpha<leakyRelu>, 0.01, {}}},
      {"relu", {unary<train::ReluOp>, {}, {}}},
      {"scaledtanh", {scaledTanh, 1.0, 1.0}},
      {"sigmoid", {unary<train::SigmoidOp>, {}, {}}},
      {"softplus", {plain<softplus>, {}, {}}},
      {"softsign", {plain<softsign>, {}, {}}},
      {"tanh", {unary<train::TanhOp>, {}, {}}},
      {"thresholdedrelu", {withAlpha<thresholdedRelu>, 1.0, {}}},
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
