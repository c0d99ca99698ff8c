//===- Train.h - The phase from a model's graph to training programs ------===//
#ifndef DSC_PIPELINES_TRAIN_H
#define DSC_PIPELINES_TRAIN_H

#include "dsc/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"

namespace dsc {

/// What a user decides about the training programs. The defaults are those of
/// dsc-compile.
struct TrainOptions {
  LossKind loss = LossKind::CrossEntropy;
  std::string lossOf;     // the output the loss is attached to; empty: the only one
  std::string lossOutput; // instead: a scalar output that is the loss
  int64_t classAxis = kDefaultClassAxis;
  int64_t ignoreIndex = -100;
  double labelSmoothing = 0.0;
  int64_t microbatches = 1;
  OptimizerKind optimizer = OptimizerKind::AdamW;
  bool clip = true;
};

/// The passes up to the loss and what is asked of it: as below, and the module still
/// has `@forward`.
void buildLossPipeline(mlir::OpPassManager &pm, const TrainOptions &options);

/// Input: a module with variables and `func.func @forward` over the rows of one
/// micro-batch. Output: the programs `@train`, `@gradients` and `@evaluate`
/// (docs/TrainPhase.md).
void buildTrainPipeline(mlir::OpPassManager &pm, const TrainOptions &options);

/// Makes the phase known as --dsc-train-pipeline.
void registerTrainPipeline();

} // namespace dsc

#endif // DSC_PIPELINES_TRAIN_H
