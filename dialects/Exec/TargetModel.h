//===- TargetModel.h - What must be known of a target before buffers are --===//
#ifndef DSC_DIALECTS_EXEC_TARGETMODEL_H
#define DSC_DIALECTS_EXEC_TARGETMODEL_H

#include "mlir/IR/Region.h"
#include "llvm/ADT/SmallVector.h"

#include <utility>

namespace dsc {

/// Each target implements this; without one, the passes assume the least.
class TargetModel {
public:
  virtual ~TargetModel() = default;

  /// Pairs (operand, result) of a kernel that may be one buffer, if the operand
  /// is not needed afterwards. Any set of pairs in which no operand and no
  /// result stands twice may be chosen.
  virtual llvm::SmallVector<std::pair<unsigned, unsigned>>
  getInPlacePairs(mlir::Region &kernel) const {
    return {};
  }

  /// Whether the target can emit the kernel at all.
  virtual bool acceptsKernel(mlir::Region &kernel) const { return true; }
};

} // namespace dsc

#endif // DSC_DIALECTS_EXEC_TARGETMODEL_H
