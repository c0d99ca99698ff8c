//===- CostModel.h - Predicted time and memory of placed programs ---------===//
#ifndef DSC_PLANNER_COSTMODEL_H
#define DSC_PLANNER_COSTMODEL_H

#include "dsc/Planner/Plan.h"
#include "mlir/IR/BuiltinOps.h"

namespace dsc {

/// Bytes that a training run of placed exec programs uses at its peak, by class.
/// The classes add up to the arena of the larger of @train and @evaluate, and the
/// working memory of the runtime's routines.
MemoryByClass countMemory(mlir::ModuleOp exec, int64_t scratchBytes);

/// Bytes of the whole arena, over all programs.
int64_t countArenaBytes(mlir::ModuleOp exec);

/// Fills in the plan's predictions: each launch and call of `@train` takes the
/// longer of its floating-point operations at the gemm peak and its operands and
/// results at copy bandwidth (the roofline of Williams et al., 2009).
void predict(mlir::ModuleOp exec, int64_t scratchBytes, Plan &plan);

} // namespace dsc

#endif // DSC_PLANNER_COSTMODEL_H
