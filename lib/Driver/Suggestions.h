//===- Suggestions.h - What --inspect proposes ----------------*- C++ -*-===//
//
// Which losses fit which output, and which inputs look like labels: found in the
// imported graph, by trying, not by names.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_DRIVER_SUGGESTIONS_H
#define DSC_LIB_DRIVER_SUGGESTIONS_H

#include "dsc/Frontend/ONNX/Importer.h"

namespace dsc {

/// Adds to each input and output of the report what to do with it. `module` holds @forward.
void addSuggestions(mlir::ModuleOp module, onnx::ImportResult &report);

} // namespace dsc

#endif // DSC_LIB_DRIVER_SUGGESTIONS_H
