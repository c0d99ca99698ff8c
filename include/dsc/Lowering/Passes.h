//===- Passes.h - From train IR to exec IR --------------------------------===//
#ifndef DSC_LOWERING_PASSES_H
#define DSC_LOWERING_PASSES_H

#include "dialects/Exec/TargetModel.h"
#include "mlir/Pass/Pass.h"

#include <memory>

namespace dsc {
/// dsc-block-channels in blocks of the target's size.
std::unique_ptr<mlir::Pass> createBlockChannelsPassFor(std::shared_ptr<const TargetModel> target);

/// dsc-lower-to-exec with the routines that a target alone has.
std::unique_ptr<mlir::Pass> createLowerToExecPassFor(std::shared_ptr<const TargetModel> target);

/// dsc-batch-launches of what a target can launch as one.
std::unique_ptr<mlir::Pass> createBatchLaunchesPassFor(std::shared_ptr<const TargetModel> target);

/// dsc-place-buffers with what a target knows of its kernels.
std::unique_ptr<mlir::Pass> createPlaceBuffersPassFor(std::shared_ptr<const TargetModel> target);

/// dsc-verify-exec that also asks the target about kernels.
std::unique_ptr<mlir::Pass> createVerifyExecPassFor(std::shared_ptr<const TargetModel> target);

#define GEN_PASS_DECL
#include "dsc/Lowering/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "dsc/Lowering/Passes.h.inc"
} // namespace dsc

#endif // DSC_LOWERING_PASSES_H
