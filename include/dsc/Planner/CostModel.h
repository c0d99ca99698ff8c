//===- CostModel.h - Predicted time and memory of placed programs ---------===//
#ifndef DSC_PLANNER_COSTMODEL_H
#define DSC_PLANNER_COSTMODEL_H

#include "dsc/Planner/Plan.h"
#include "mlir/IR/BuiltinOps.h"

namespace dsc {

/// Bytes of the arena by class, of a module of placed exec programs.
MemoryByClass countMemory(mlir::ModuleOp exec);

/// Bytes of the whole arena.
int64_t countArenaBytes(mlir::ModuleOp exec);

/// Fills in the plan's predictions: each launch and call of `@train` takes the
/// longer of its floating-point operations at the gemm peak and its operands and
/// results at copy bandwidth (the roofline of Williams et al., 2009).
void predict(mlir::ModuleOp exec, Plan &plan);

} // namespace dsc

#endif // DSC_PLANNER_COSTMODEL_H
