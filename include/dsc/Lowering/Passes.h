//===- Passes.h - From train IR to exec IR --------------------------------===//
#ifndef DSC_LOWERING_PASSES_H
#define DSC_LOWERING_PASSES_H

#include "mlir/Pass/Pass.h"

namespace dsc {
#define GEN_PASS_DECL
#include "dsc/Lowering/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "dsc/Lowering/Passes.h.inc"
} // namespace dsc

#endif // DSC_LOWERING_PASSES_H
