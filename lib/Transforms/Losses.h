//===- Losses.h - The losses that can be attached to a model --------------===//
//
// One table entry per loss: how it is computed for every target, and whether
// its targets are class labels. Attaching a loss sums over the targets of the
// batch, evaluation over those of each sample; both read the same entry.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_TRANSFORMS_LOSSES_H
#define DSC_LIB_TRANSFORMS_LOSSES_H

#include "dialects/Train/Expr.h"
#include "dsc/Transforms/Passes.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace dsc {

/// What the attribute kLossAttr holds:
///   {kind = "cross-entropy", output = "logits", classes = 10, class_axis = 1,
///    ignore_index = -100, label_smoothing = 0.0}
/// `kind` is "output" where the model computes its loss itself.
struct LossSpec {
  std::string kind;
  std::string output;
  int64_t classes = 0; // labels are in [0, classes) or ignoreIndex
  int64_t classAxis = -1;
  int64_t ignoreIndex = -100;
  double labelSmoothing = 0.0;

  mlir::DictionaryAttr toAttr(mlir::MLIRContext *context) const;
  /// Empty where the attribute is missing.
  static std::optional<LossSpec> fromAttr(mlir::Attribute attr);

  bool isModelOutput() const { return kind == "output"; }
  bool hasClassLabels() const;
};

/// The type that labels of an output must have; null where the loss cannot be
/// applied to it (`why` says why).
mlir::RankedTensorType getTargetType(const LossSpec &spec, mlir::RankedTensorType output,
                                     std::string &why);

/// A loss, target by target (shaped as the labels), in f32 or wider.
struct TargetLosses {
  train::Expr loss;
  std::optional<train::Expr> counted; // i1: not ignored; none: every target counts
};
TargetLosses buildTargetLosses(const LossSpec &spec, train::Expr output, train::Expr labels);

/// i1 per target: the class with the largest output is the label's.
train::Expr buildCorrect(const LossSpec &spec, train::Expr output, train::Expr labels);

/// Sums of per-target values in f32: of all of them, or of each of the first
/// `rows` equal parts (the samples).
train::Expr sumTargets(train::Expr values);
train::Expr sumTargetsPerSample(train::Expr values, int64_t rows);

/// The name under which flags and attributes know a loss.
llvm::StringRef getLossName(LossKind kind);

} // namespace dsc

#endif // DSC_LIB_TRANSFORMS_LOSSES_H
