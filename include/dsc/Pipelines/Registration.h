//===- Registration.h - All dialects and passes of the project ------------===//
#ifndef DSC_PIPELINES_REGISTRATION_H
#define DSC_PIPELINES_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace dsc {

/// The project's dialects and those of MLIR that its IR contains at any level.
void registerDialects(mlir::DialectRegistry &registry);

/// The project's passes and phases, and the passes of MLIR that its phases use:
/// what dsc-opt needs to run any dump or reproducer.
void registerPasses();

} // namespace dsc

#endif // DSC_PIPELINES_REGISTRATION_H
