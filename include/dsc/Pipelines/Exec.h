//===- Exec.h - The phase from training programs to placed exec IR --------===//
#ifndef DSC_PIPELINES_EXEC_H
#define DSC_PIPELINES_EXEC_H

#include "dialects/Exec/TargetModel.h"
#include "mlir/Pass/PassManager.h"

namespace dsc {

/// Input: `@train`, `@gradients`, `@evaluate` (docs/TrainPhase.md). Output: exec
/// programs whose every result has its place in the arena.
void buildExecPipeline(mlir::OpPassManager &pm, std::shared_ptr<const TargetModel> target);

/// Makes the phase known as --dsc-exec-pipeline, for the target that its option `target`
/// names: cpu (the default) or cuda.
void registerExecPipeline(std::shared_ptr<const TargetModel> cpu,
                          std::shared_ptr<const TargetModel> cuda);

} // namespace dsc

#endif // DSC_PIPELINES_EXEC_H
