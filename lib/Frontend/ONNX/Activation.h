//===- Activation.h - Activations and their formulas -----------*- C++ -*-===//
//
// The formulas serve the operators of these names and the recurrent nodes. RNN, GRU
// and LSTM name their activations in an attribute, and give the numbers alpha and beta
// in lists from which each activation that has some takes the next.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_ACTIVATION_H
#define DSC_FRONTEND_ONNX_ACTIVATION_H

#include "NodeImport.h"

namespace dsc::onnx {

/// `below` where x < 0, x itself elsewhere. At 0, where both are 0, the gradient is that
/// of `below`, as PyTorch has it.
mlir::Value whereNegative(TensorBuilder &b, mlir::Value x, mlir::Value below);
/// e^x - 1 where x <= 0, and 0 elsewhere, so that it cannot overflow.
mlir::Value expm1OfNegative(TensorBuilder &b, mlir::Value x);

mlir::Value leakyRelu(TensorBuilder &b, mlir::Value x, double alpha);
mlir::Value thresholdedRelu(TensorBuilder &b, mlir::Value x, double alpha);
mlir::Value elu(TensorBuilder &b, mlir::Value x, double alpha);
mlir::Value hardSigmoid(TensorBuilder &b, mlir::Value x, double alpha, double beta);
mlir::Value softsign(TensorBuilder &b, mlir::Value x);
/// log(1 + e^x) without overflow; at 0 its gradient is 1/2.
mlir::Value softplus(TensorBuilder &b, mlir::Value x);
/// x sigmoid(alpha x)
mlir::Value swish(TensorBuilder &b, mlir::Value x, double alpha);
mlir::Value gelu(TensorBuilder &b, mlir::Value x, bool isTanh);

struct Activation {
  using Build = mlir::Value (*)(TensorBuilder &, mlir::Value x, double alpha, double beta);
  Build function = nullptr;
  double alpha = 0, beta = 0;

  mlir::Value build(TensorBuilder &b, mlir::Value x) const { return function(b, x, alpha, beta); }
};

/// Reads activations in the order of the node's list.
class ActivationReader {
public:
  explicit ActivationReader(NodeImport &n)
      : alphas(n.attribute("activation_alpha")), betas(n.attribute("activation_beta")) {}

  llvm::FailureOr<Activation> next(NodeImport &n, llvm::StringRef name);

private:
  const NodeAttribute *alphas;
  const NodeAttribute *betas;
  size_t nextAlpha = 0, nextBeta = 0;
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_ACTIVATION_H
