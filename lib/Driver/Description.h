//===- Description.h - What a trainer is told about itself ----------------===//
#ifndef DSC_LIB_DRIVER_DESCRIPTION_H
#define DSC_LIB_DRIVER_DESCRIPTION_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

namespace dsc {

/// What the data must look like, read off the training programs: names, types,
/// and which integers must stay below which bound.
llvm::json::Array describeInputs(mlir::ModuleOp train);

/// Why evaluation needs whole batches; empty where each sample stands for itself.
std::string describeWholeBatches(mlir::ModuleOp train);

/// Adds what placement decided (docs/TrainerFormat.md): arena, parameters, state,
/// scalars, programs.
void describePlacement(mlir::ModuleOp exec, llvm::json::Object &description);

} // namespace dsc

#endif // DSC_LIB_DRIVER_DESCRIPTION_H
