//===- Exec.cpp - The phase from training programs to placed exec IR ------===//

#include "dsc/Pipelines/Exec.h"

#include "dsc/Lowering/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace dsc;

void dsc::buildExecPipeline(OpPassManager &pm, std::shared_ptr<const TargetModel> target) {
  //===--------------------------------------------------------------------===//
  // Folds of shape ops and constants, so that the lowering sees the least. It
  // runs on whole programs, before they become loop nests.
  //===--------------------------------------------------------------------===//
  pm.addPass(createCanonicalizerPass());

  //===--------------------------------------------------------------------===//
  // Loop nests and library calls. From here on nothing knows what a softmax is.
  //===--------------------------------------------------------------------===//
  pm.addPass(createLowerToExecPass());

  //===--------------------------------------------------------------------===//
  // Kernels. Before buffers exist, so that what stays inside a kernel never
  // gets one.
  //===--------------------------------------------------------------------===//
  pm.addPass(createFuseKernelsPass());

  //===--------------------------------------------------------------------===//
  // Order. Once it is known what is one kernel, and before the arena, as it
  // decides what lives at the same time.
  //===--------------------------------------------------------------------===//
  pm.addPass(createHoistUpdatesPass());

  //===--------------------------------------------------------------------===//
  // The arena. Last: it fixes what runs in place and what is copied.
  //===--------------------------------------------------------------------===//
  pm.addPass(createPlaceBuffersPassFor(target));

  //===--------------------------------------------------------------------===//
  // The phase's contract.
  //===--------------------------------------------------------------------===//
  pm.addPass(createVerifyExecPassFor(std::move(target)));
}

void dsc::registerExecPipeline(std::shared_ptr<const TargetModel> target) {
  PassPipelineRegistration<>("dsc-exec-pipeline", "From training programs to placed exec programs",
                             [target](OpPassManager &pm) { buildExecPipeline(pm, target); });
}
