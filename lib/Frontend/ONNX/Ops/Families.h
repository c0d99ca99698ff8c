//===- Families.h - Operators that are made of others -------*- C++ -*-===//
//
// One populate function for each file of Ops/ whose operators decompose with the
// helpers of Indices.h and Products.h; see Registry.h for the others.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_OPS_FAMILIES_H
#define DSC_FRONTEND_ONNX_OPS_FAMILIES_H

#include "../Registry.h"

namespace dsc::onnx {

void populateGridSample(Registry &registry);
void populateMicrosoft(Registry &registry);
void populateNumeric(Registry &registry);
void populateQuantize(Registry &registry);
void populateResize(Registry &registry);
void populateScatter(Registry &registry);
void populateSignal(Registry &registry);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_OPS_FAMILIES_H
