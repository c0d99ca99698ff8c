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
  // Layouts of what convolutions read and write. While whole tensors are values,
  // and behind the folds, for which a tensor that is put into blocks and back is
  // as it was.
  //===--------------------------------------------------------------------===//
  if (target->getChannelBlock() > 1) {
    pm.addPass(createBlockChannelsPassFor(target));
  }

  //===--------------------------------------------------------------------===//
  // Loop nests and library calls. From here on nothing knows what a softmax is.
  //===--------------------------------------------------------------------===//
  pm.addPass(createLowerToExecPassFor(target));

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
  // What the target launches as one. Behind all other decisions on the order,
  // which say what is near; before the arena, since launches that run at the
  // same time must not share memory.
  //===--------------------------------------------------------------------===//
  if (target->launchesBatches()) {
    pm.addPass(createBatchLaunchesPassFor(target));
  }

  //===--------------------------------------------------------------------===//
  // The arena. Last: it fixes what runs in place and what is copied.
  //===--------------------------------------------------------------------===//
  pm.addPass(createPlaceBuffersPassFor(target));

  //===--------------------------------------------------------------------===//
  // The phase's contract.
  //===--------------------------------------------------------------------===//
  pm.addPass(createVerifyExecPassFor(std::move(target)));
}

namespace {
enum class Target { Cpu, Cuda };

struct ExecPipelineOptions : PassPipelineOptions<ExecPipelineOptions> {
  Option<Target> target{*this, "target", llvm::cl::desc("for which device"),
                        llvm::cl::init(Target::Cpu),
                        llvm::cl::values(clEnumValN(Target::Cpu, "cpu", "the host"),
                                         clEnumValN(Target::Cuda, "cuda", "an NVIDIA GPU"))};
};
} // namespace

void dsc::registerExecPipeline(std::shared_ptr<const TargetModel> cpu,
                               std::shared_ptr<const TargetModel> cuda) {
  PassPipelineRegistration<ExecPipelineOptions>(
      "dsc-exec-pipeline", "From training programs to placed exec programs",
      [cpu, cuda](OpPassManager &pm, const ExecPipelineOptions &options) {
        buildExecPipeline(pm, options.target == Target::Cuda ? cuda : cpu);
      });
}
