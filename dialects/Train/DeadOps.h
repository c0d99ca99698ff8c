//===- DeadOps.h - Erasing what nothing reads -----------------------------===//
#ifndef DSC_DIALECTS_TRAIN_DEADOPS_H
#define DSC_DIALECTS_TRAIN_DEADOPS_H

#include "mlir/IR/Block.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/STLExtras.h"

namespace dsc {

/// Erases the operations of a block that have no effect and no reader, last one first.
inline void eraseDeadOps(mlir::Block &block) {
  for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    if (mlir::isOpTriviallyDead(&op)) {
      op.erase();
    }
  }
}

} // namespace dsc

#endif // DSC_DIALECTS_TRAIN_DEADOPS_H
