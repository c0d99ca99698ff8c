//===- BakedBatch.h - A batch that tracing wrote into a model --*- C++ -*-===//
//
// An export of any batch still holds the example's where the module had it as a number:
//
//   Expand(cls, [2, 1, 8])            x.shape was an int, or the exporter made it one
//   Concat([2, 1, 8], [4, 5, 8])      fails, and says nothing of where the 2 is from
//
// Seen from the node that fails: an input has the batch in a place where another has
// another size, and that size came into being somewhere before.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_BAKEDBATCH_H
#define DSC_FRONTEND_ONNX_BAKEDBATCH_H

#include "HostTensor.h"
#include "TensorBuilder.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace dsc::onnx {

/// What an import has of a name.
struct SeenValue {
  Shape shape;
  /// Its elements, where they are known.
  const HostTensor *known = nullptr;
  bool isParameter = false;
};

/// For a message about a node whose inputs do not fit each other: which node or constant holds a
/// number in the batch's place, and what to do. Empty where that is not what is wrong.
std::string explainBakedBatch(const Graph &graph, const Node &node, int64_t batch,
                              llvm::function_ref<std::optional<SeenValue>(llvm::StringRef)> see);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_BAKEDBATCH_H
