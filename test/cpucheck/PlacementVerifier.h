//===- PlacementVerifier.h - Whether a placement keeps values alive -------===//
//
// Plays a placed program: each cache line of the arena (each byte, where loops have rows
// that begin anywhere) remembers which write it has its content from, and every read
// must find the one it names. Micro-batches are played twice, for what one leaves to the
// next, loops to their end. This knows nothing of how the placement was found: only
// offsets, strides and the program's order.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_CPUCHECK_PLACEMENTVERIFIER_H
#define DSC_TEST_CPUCHECK_PLACEMENTVERIFIER_H

#include "mlir/IR/BuiltinOps.h"

namespace dsc {
class TargetModel;
}

namespace dsc::cpucheck {

/// Reports a value that is read after it was overwritten, results that share
/// memory, and results in an operand's buffer where the op cannot work so.
llvm::LogicalResult verifyPlacement(mlir::ModuleOp exec, const TargetModel &target);

} // namespace dsc::cpucheck

#endif // DSC_TEST_CPUCHECK_PLACEMENTVERIFIER_H
