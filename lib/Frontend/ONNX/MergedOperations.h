//===- MergedOperations.h - Operations that stand for others ---*- C++ -*-===//
//
// Two modules that begin alike and are given the same compute the same at first, and the exporter's
// optimizer keeps one. The other's parameters are gone with it; only the record of what used its
// result has its name:
//
//   layer_norm = LayerNormalization(x, a.weight, a.bias)
//   linear = Gemm(layer_norm, ...)        %linear = ...(args = (%layer_norm, ...))
//   linear_1 = Gemm(layer_norm, ...)      %linear_1 = ...(args = (%layer_norm_1, ...))
//
// An operation that is missing may also be one that did nothing and was dropped. It is not if all
// that used the one in its place, as its record counts them, are there and name it. Whose the
// missing parameters are say their names, which differ from those of the others in one part:
// b.weight and b.bias. Where more than one answer fits, there is none.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_MERGEDOPERATIONS_H
#define DSC_FRONTEND_ONNX_MERGEDOPERATIONS_H

#include "ExportRecord.h"

#include <map>

namespace dsc::onnx {

/// Input `input` of the graph's node `node`.
struct Place {
  size_t node, input;
};

/// An operation of the module for which another one stands.
struct MergedOperation {
  llvm::StringRef name; // in records of its users
  llvm::StringRef kept; // the other one
  /// The nodes that have to be there once more for it, in order, and the parameters that those have
  /// instead.
  std::vector<size_t> nodes;
  std::map<llvm::StringRef, llvm::StringRef> parameters;
  /// The uses that mean it.
  std::vector<Place> users;
};

/// `initializers` has the tensors of the graph by the names that nodes know them by; those in
/// `given` the restoration has given it already.
std::vector<MergedOperation>
findMergedOperations(const Graph &graph, const llvm::StringMap<const Tensor *> &initializers,
                     const llvm::StringSet<> &given);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_MERGEDOPERATIONS_H
