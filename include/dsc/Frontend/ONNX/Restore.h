//===- Restore.h - Initializers that an exporter merged or dropped -*- C++ -*-===//
//
// Exporters keep one of several initializers that hold the same values. What begins alike
// need not stay alike: the weights of two norms are both ones, a norm's bias and its
// running mean both zeros, and trained as one they are another model.
//
// Before, as PyTorch's dynamo exporter writes it, and after:
//
//   LayerNormalization(x, n1.weight, n1.bias)   LayerNormalization(x, n1.weight, n1.bias)
//   LayerNormalization(y, n1.weight, n1.bias)   LayerNormalization(y, n2.weight, n2.bias)
//
// The exporter's record names the tensors that each operation of the module had: paired in
// order with the initializers that its nodes use, they say who is meant. Only that a running
// statistic is no other tensor needs no record.
//
// A bias of zeros is dropped altogether: Gemm(x, fc.weight) is given fc.bias again. A batch norm is
// computed into the product before it; one that was not trained yet, which leaves no bias, is a
// node again. What was computed of one module's weight (1 + n1.weight) becomes one for each module.
// An operation that stands for that of another module, too, becomes two.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_RESTORE_H
#define DSC_FRONTEND_ONNX_RESTORE_H

#include "dsc/Frontend/ONNX/Model.h"

namespace dsc::onnx {

/// Gives the graph back the initializers that were merged or dropped, and says what was done to it.
Restoration restoreInitializers(Model &model);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_RESTORE_H
