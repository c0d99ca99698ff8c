//===- ModuleCalls.h - Nodes that calls of one module became ---*- C++ -*-===//
//
// PyTorch's TorchScript exporter names nodes after the modules around them, and numbers what
// has a name already: another call of a module, another node of that operator in the call.
//
//   /enc/proj/MatMul      the call of enc.proj, its MatMul
//   /enc/proj_1/MatMul    a second call of it
//   /enc/proj/MatMul_1    a second MatMul in the first call
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_MODULECALLS_H
#define DSC_FRONTEND_ONNX_MODULECALLS_H

#include "dsc/Frontend/ONNX/Model.h"

#include "llvm/ADT/StringSet.h"

namespace dsc::onnx {

class ModuleCalls {
public:
  explicit ModuleCalls(const Graph &graph);

  /// Where a node stands in its module, whichever call it belongs to.
  struct Place {
    llvm::StringRef module; // "/enc/proj"
    llvm::StringRef node;   // "MatMul"
  };
  /// No module for a node with a name of another kind.
  Place placeOf(llvm::StringRef node) const;

private:
  bool isAnotherCall(llvm::StringRef scope, llvm::StringRef module) const;

  llvm::StringSet<> scopes;  // "/enc/proj": those of nodes
  llvm::StringSet<> modules; // "enc.proj": those that have an initializer
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_MODULECALLS_H
