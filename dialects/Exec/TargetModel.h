//===- TargetModel.h - What must be known of a target before buffers are --===//
#ifndef DSC_DIALECTS_EXEC_TARGETMODEL_H
#define DSC_DIALECTS_EXEC_TARGETMODEL_H

#include "mlir/IR/Region.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <utility>

namespace mlir {
class DialectRegistry;
} // namespace mlir

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

  /// Whether one launch can run several kernels.
  virtual bool launchesBatches() const { return false; }

  /// Equal for kernels that one launch can run, each on tensors of its own size; empty
  /// for kernels that are always launched alone.
  virtual std::string getBatchSignature(mlir::Region &kernel) const { return {}; }

  /// Whether the target has a routine for a whole op that is otherwise taken apart.
  virtual bool hasRoutine(llvm::StringRef routine) const { return false; }

  /// Whether the routine of products can end in this activation, one of DscMatmulFlags, as all
  /// can in relu.
  virtual bool hasProductActivation(int64_t flag) const { return false; }

  /// Whether the routine of products takes f16 and bf16, and sums in f32.
  virtual bool multipliesHalves() const { return false; }

  /// How many channels the target's convolutions want side by side; 1 where they take tensors
  /// as they are.
  virtual int64_t getChannelBlock() const { return 1; }

  /// Dialects that the answers are found with.
  virtual void addDialects(mlir::DialectRegistry &registry) const {}
};

} // namespace dsc

#endif // DSC_DIALECTS_EXEC_TARGETMODEL_H
