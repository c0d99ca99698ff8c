//===- Interfaces.h - Types that the interfaces of train ops speak of -----===//
#ifndef DSC_DIALECTS_TRAIN_INTERFACES_H
#define DSC_DIALECTS_TRAIN_INTERFACES_H

#include "dialects/Train/ShardingRule.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

#include <functional>

namespace dsc::train {

/// What a low-precision plan may do with an op.
enum class Precision {
  ComputesLow, // gemm-like: low operands, f32 accumulation
  NeedsF32,    // keep f32 (norms, losses, optimizer)
  Follows      // whatever its operands are
};

/// What the rules of loops do to be fast; each can be left out.
struct LoopChoices {
  bool cutScans = true;  // save what is made of products where that is no larger than they
  bool stackSums = true; // a sum of products over the steps is one product behind the loop
};

/// One application of a derivative rule: gradients of results come in,
/// gradients of operands go out. See DifferentiableOpInterface.
struct Vjp {
  mlir::OpBuilder &builder;
  mlir::Operation *op;
  llvm::SmallVector<mlir::Value> grads;        // per result; null = zero
  llvm::SmallVector<bool> needed;              // per operand
  llvm::SmallVector<mlir::Value> operandGrads; // per operand; null = zero
  /// Where the rule builds the forward op anew (to have more of it): the values
  /// that stand for its results from now on. Empty otherwise.
  llvm::SmallVector<mlir::Value> replacements;

  /// For rules of ops with regions: appends the backward ops of a block at the
  /// builder. Gradients `grads` (null = zero) of `outputs` come in, gradients of
  /// `wrt` come out, zeros where there is no dependence. Unset where rules are
  /// applied one by one; such a rule fails then.
  using DifferentiateBlock = std::function<mlir::FailureOr<llvm::SmallVector<mlir::Value>>(
      mlir::OpBuilder &, mlir::ValueRange outputs, llvm::ArrayRef<mlir::Value> grads,
      mlir::ValueRange wrt)>;
  DifferentiateBlock differentiateBlock;
  LoopChoices loops;

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

/// The attributes that the op's definition names, without what passes have marked it with: for
/// other ops of the same geometry.
llvm::SmallVector<mlir::NamedAttribute> ownAttributes(mlir::Operation *op);

} // namespace dsc::train

#include "dialects/Train/TrainInterfaces.h.inc"

#endif // DSC_DIALECTS_TRAIN_INTERFACES_H
