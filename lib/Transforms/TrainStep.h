//===- TrainStep.h - A training step from the model's graph ---------------===//
#ifndef DSC_LIB_TRANSFORMS_TRAINSTEP_H
#define DSC_LIB_TRANSFORMS_TRAINSTEP_H

#include "ReverseMode.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dsc {

/// Replaces the graph, which has its loss attached, by `train.step @train`: a
/// loop over `count` micro-batches of the graph's batch size, each forward and
/// backward, and the writes of carried state. Results: loss_sum, count,
/// output.<name>, and grad.<parameter> of loss_sum, summed over micro-batches.
mlir::LogicalResult buildTrainStep(mlir::func::FuncOp forward, int64_t count, ReverseModeRun &run);

} // namespace dsc

#endif // DSC_LIB_TRANSFORMS_TRAINSTEP_H
