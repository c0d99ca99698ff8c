//===- Passes.h - Passes on train IR --------------------------------------===//
#ifndef DSC_TRANSFORMS_PASSES_H
#define DSC_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace dsc {

/// Losses that can be attached to an output of a model.
enum class LossKind { CrossEntropy, Mse, L1, BceWithLogits };

/// The attribute of @forward, @train and @evaluate that says what the loss is; the fields are
/// those of LossSpec.
inline constexpr llvm::StringLiteral kLossAttr = "train.loss";

/// Stands for "the last dimension up to rank 3, else dimension 1".
inline constexpr int64_t kDefaultClassAxis = INT64_MIN;

/// The ignore index of a cross-entropy in which every label counts: none has this value.
inline constexpr int64_t kIgnoreNothing = INT64_MIN;

/// How parameters are updated.
enum class OptimizerKind { Sgd, Momentum, Adam, AdamW };

#define GEN_PASS_DECL
#include "dsc/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "dsc/Transforms/Passes.h.inc"
} // namespace dsc

#endif // DSC_TRANSFORMS_PASSES_H
