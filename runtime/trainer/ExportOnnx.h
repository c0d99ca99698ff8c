//===- ExportOnnx.h - The input model with the trained weights ------------===//
#ifndef DSC_RUNTIME_TRAINER_EXPORTONNX_H
#define DSC_RUNTIME_TRAINER_EXPORTONNX_H

#include "trainer/Model.h"
#include "trainer/Payload.h"

namespace dsc {

/// Fails with a usage error where the trainer has no input model (it was compiled from .mlir).
void requireInputModel(const Payload &payload);

/// Writes the input model with the values of parameters and state filled in as initializers;
/// whatever else the model holds passes through unchanged.
void exportOnnx(const Model &model, const Payload &payload, const std::string &path);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_EXPORTONNX_H
