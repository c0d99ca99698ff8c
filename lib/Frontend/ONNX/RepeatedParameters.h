//===- RepeatedParameters.h - Parameters with a row for each row -*- C++ -*-===//
//
// `cls.expand(batch, -1, -1)` needs no node in a static export whose constants are folded:
// the file holds the result, a row for every row of the batch that it was exported with.
// Trained as it is, each row would become a parameter of its own, for that batch alone.
//
//   expand [2, 1, 8], from cls      becomes      cls [1, 1, 8] ─► Expand [2, 1, 8]
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_REPEATEDPARAMETERS_H
#define DSC_FRONTEND_ONNX_REPEATEDPARAMETERS_H

#include "ExportRecord.h"

namespace dsc::onnx {

/// Puts such parameters in the place of what was made of them, with a node that repeats each in
/// front of all nodes, and notes it in the restoration. The exporter's record says which they are.
void restoreRepeated(Model &model, const ExportRecord &record, Restoration &restoration);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_REPEATEDPARAMETERS_H
