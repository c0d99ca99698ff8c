//===- Activation.h - The activations of recurrent nodes -------*- C++ -*-===//
//
// RNN, GRU and LSTM name their activations in an attribute, and give the numbers
// alpha and beta in lists from which each activation that has some takes the next.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_ACTIVATION_H
#define DSC_FRONTEND_ONNX_ACTIVATION_H

#include "NodeImport.h"

namespace dsc::onnx {

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
