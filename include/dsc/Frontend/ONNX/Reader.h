//===- Reader.h - Reading ONNX files ---------------------------*- C++ -*-===//
//
// Files come from anywhere, so the reader believes nothing: every length,
// count and size is checked against the bytes that are there, nesting is
// limited, and external data is looked for beneath the model's directory only.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_READER_H
#define DSC_FRONTEND_ONNX_READER_H

#include "dsc/Frontend/ONNX/Model.h"

#include "llvm/Support/Error.h"

namespace dsc::onnx {

/// The newest IR version and default-domain opset whose meaning is known.
constexpr int64_t newestIRVersion = 14;
constexpr int64_t oldestOpset = 1;
constexpr int64_t newestOpset = 28;

struct ReadOptions {
  /// Weights that lie in files that do not exist are left empty instead of being
  /// an error: planning needs shapes only.
  bool allowMissingExternalData = false;
};

/// Maps the file at `path` and reads the model in it.
llvm::Expected<std::unique_ptr<Model>> readModel(llvm::StringRef path,
                                                 const ReadOptions &options = {});

/// Reads a model from memory. External data is looked for beneath `directory`;
/// where that is empty, the model may have none.
llvm::Expected<std::unique_ptr<Model>> readModel(std::unique_ptr<llvm::MemoryBuffer> buffer,
                                                 llvm::StringRef directory,
                                                 const ReadOptions &options = {});

/// Maps the file at `path`, which holds one TensorProto, and reads the tensor in it.
/// `model` owns what the tensor is a view of.
llvm::Expected<Tensor> readTensor(llvm::StringRef path, Model &model);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_READER_H
