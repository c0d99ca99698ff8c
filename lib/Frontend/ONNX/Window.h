//===- Window.h - The window attributes of convolution and pooling -*- C++ -*-===//

#ifndef DSC_FRONTEND_ONNX_WINDOW_H
#define DSC_FRONTEND_ONNX_WINDOW_H

#include "NodeImport.h"

namespace dsc::onnx {

/// One entry per spatial dimension.
struct Window {
  Shape strides, low, high, dilations;
  /// Sizes of the result.
  Shape result;
};

/// The window of a Conv or pooling node over `input` with a kernel of these sizes:
/// auto_pad and ceil_mode are resolved to explicit padding.
llvm::FailureOr<Window> readWindow(NodeImport &n, llvm::ArrayRef<int64_t> input,
                                   llvm::ArrayRef<int64_t> kernel);

/// The window of a ConvTranspose node: that of the convolution it is the transpose
/// of; `result` are the sizes it yields.
llvm::FailureOr<Window> readTransposedWindow(NodeImport &n, llvm::ArrayRef<int64_t> input,
                                             llvm::ArrayRef<int64_t> kernel);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_WINDOW_H
