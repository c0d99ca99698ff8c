//===- ReverseMode.h - Gradients of a scalar inside one block -------------===//
//
// Reverse-mode differentiation of straight-line code:
//
//   block before            block after
//     %h = dot %x, %w         %h = dot %x, %w
//     %l = reduce_sum %h      %l = reduce_sum %h
//                             %dh = constant 1          (seed 1 for %l)
//                             %dw = dot %x, %dh         (the gradient of %w)
//
// Ops are visited from the last to the first, so that a value's gradient is
// complete (all its uses are behind it) when the op that defines it is visited.
// Only values that depend on one of `wrt` and influence the loss get a
// gradient: dependence is marked forwards beforehand, influence shows as a
// gradient having arrived. Integers carry none: dependence ends at them.
//
// Regions are entered by the rules of ops that have them: such a rule asks for
// the gradients of a block, which is another walk like this one.
//
// An op without a rule, or whose rule declines, is replaced by its
// decomposition in place and the walk goes on inside that, to any depth; that
// also makes the result differentiable once more.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_TRANSFORMS_REVERSEMODE_H
#define DSC_LIB_TRANSFORMS_REVERSEMODE_H

#include "dialects/Train/TrainDialect.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace dsc {

/// How to differentiate, and how many ops had a rule and how many had to be decomposed.
struct ReverseModeRun {
  train::LoopChoices loops;
  int64_t differentiated = 0;
  int64_t decomposed = 0;
};

/// The float values of the block through which the loss can be changed: those
/// from which floats lead to it. (A gradient may still be zero there, behind a
/// floor; PyTorch has one there, and has none for all other values.)
llvm::DenseSet<mlir::Value> findInfluences(mlir::Block &block, mlir::Value loss);

class ReverseMode {
public:
  /// `builder` stands where the backward ops go: behind all forward ops of the
  /// block, before the terminator that uses their results.
  ReverseMode(mlir::OpBuilder &builder, ReverseModeRun &run) : builder(builder), run(run) {}

  /// Gradients of the sum of `loss`'s elements with respect to `wrt`, each of
  /// the value's type; zeros where the loss does not depend on it.
  mlir::FailureOr<llvm::SmallVector<mlir::Value>> differentiate(mlir::Value loss,
                                                                mlir::ValueRange wrt);
  /// The same where gradients `grads` of several values arrive from outside;
  /// null stands for zero.
  mlir::FailureOr<llvm::SmallVector<mlir::Value>>
  differentiate(mlir::ValueRange outputs, llvm::ArrayRef<mlir::Value> grads, mlir::ValueRange wrt);

private:
  /// Marks the float results of `op` where a float operand is marked.
  void markDependent(mlir::Operation &op);
  /// Visits one op; returns the op to go on with (null at the block's begin).
  mlir::FailureOr<mlir::Operation *> visit(mlir::Operation *op);
  mlir::LogicalResult applyRule(mlir::Operation *op);
  mlir::Operation *decompose(train::DecomposableOpInterface op);
  void replace(mlir::Value before, mlir::Value after);
  void accumulate(mlir::Value value, mlir::Value gradient);

  mlir::OpBuilder &builder;
  ReverseModeRun &run;
  llvm::DenseSet<mlir::Value> dependent;
  llvm::DenseMap<mlir::Value, mlir::Value> gradients;
};

} // namespace dsc

#endif // DSC_LIB_TRANSFORMS_REVERSEMODE_H
