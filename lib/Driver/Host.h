//===- Host.h - What this host can do -------------------------------------===//
//
// The compiler itself needs no oneDNN: it asks dsc-probe, which lies beside it.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_DRIVER_HOST_H
#define DSC_LIB_DRIVER_HOST_H

#include "dsc/Planner/Plan.h"
#include "mlir/IR/BuiltinOps.h"

namespace dsc {

/// Measures the peaks that the cost model works with; takes a few tenths of a second.
llvm::Expected<Hardware> measureHost();

/// Bytes of physical memory.
int64_t hostMemory();

/// The largest working memory of the routine calls in @train and @evaluate, with so
/// many threads.
llvm::Expected<int64_t> measureScratch(mlir::ModuleOp exec, int64_t threads);

} // namespace dsc

#endif // DSC_LIB_DRIVER_HOST_H
