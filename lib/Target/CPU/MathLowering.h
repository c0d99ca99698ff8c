//===- MathLowering.h - Implementations of math functions -----------------===//
//
// The two ways a math op is implemented; CpuApproximateMath picks one.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_TARGET_CPU_MATHLOWERING_H
#define DSC_LIB_TARGET_CPU_MATHLOWERING_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace dsc::cpu {

/// Formula of `op`, an f32 op, at the place of the builder. Null if there is none.
mlir::Value approximate(mlir::Operation *op, mlir::ImplicitLocOpBuilder &b);

/// Calls the function of libm for each lane of `op`. Null if libm has none.
/// Adds to `numCalls`.
mlir::Value callLibm(mlir::Operation *op, mlir::ModuleOp module, mlir::ImplicitLocOpBuilder &b,
                     unsigned &numCalls);

} // namespace dsc::cpu

#endif // DSC_LIB_TARGET_CPU_MATHLOWERING_H
