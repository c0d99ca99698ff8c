//===- Interfaces.h - Types that the interfaces of train ops speak of -----===//
#ifndef DSC_DIALECTS_TRAIN_INTERFACES_H
#define DSC_DIALECTS_TRAIN_INTERFACES_H

#include "dialects/Train/ShardingRule.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

namespace dsc::train {

/// What a low-precision plan may do with an op.
enum class Precision {
  ComputesLow, // gemm-like: low operands, f32 accumulation
  NeedsF32,    // keep f32 (norms, losses, optimizer)
  Follows      // whatever its operands are
};

/// One application of a derivative rule: gradients of results come in,
/// gradients of operands go out. See DifferentiableOpInterface.
struct Vjp {
  mlir::OpBuilder &builder;
  mlir::Operation *op;
  llvm::SmallVector<mlir::Value> grads;        // per result; null = zero
  llvm::SmallVector<bool> needed;              // per operand
  llvm::SmallVector<mlir::Value> operandGrads; // per operand; null = zero

  Vjp(mlir::OpBuilder &builder, mlir::Operation *op, llvm::ArrayRef<mlir::Value> resultGrads,
      llvm::ArrayRef<bool> needed)
      : builder(builder), op(op), grads(resultGrads), needed(needed),
        operandGrads(op->getNumOperands()) {}

  bool needs(unsigned operand) const { return needed[operand]; }
  void set(unsigned operand, mlir::Value grad) { operandGrads[operand] = grad; }
  mlir::Location loc() const { return op->getLoc(); }
};

/// Elements of all results.
int64_t countResultElements(mlir::Operation *op);

/// Bytes of all distinct operands and of all results.
int64_t countOperandAndResultBytes(mlir::Operation *op);

/// Bytes of a tensor in memory (i1 takes a byte).
int64_t getTensorBytes(mlir::Type type);

} // namespace dsc::train

#include "dialects/Train/TrainInterfaces.h.inc"

#endif // DSC_DIALECTS_TRAIN_INTERFACES_H
