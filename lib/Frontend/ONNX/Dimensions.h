//===- Dimensions.h - Sizes of the graph's inputs --------------*- C++ -*-===//
//
// Train IR has static shapes, so every symbolic dimension of an input gets a size
// before import: the leading one from --batch, others from --dim.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_DIMENSIONS_H
#define DSC_FRONTEND_ONNX_DIMENSIONS_H

#include "dsc/Frontend/ONNX/Importer.h"

namespace dsc::onnx {

/// A graph input that has to be fed, with its size.
struct BoundInput {
  llvm::StringRef name;
  DataType type;
  std::vector<int64_t> shape;
};

struct BoundInputs {
  std::vector<BoundInput> inputs;
  /// Where --batch changes a size that the file fixes: the size it had.
  std::optional<int64_t> exportedBatch;
};

/// Sizes of all inputs that are not initializers. Errors name the dimension and the
/// flag that would give its size.
llvm::Expected<BoundInputs> bindInputs(const Model &model, const ImportOptions &options);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_DIMENSIONS_H
