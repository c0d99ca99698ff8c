//===- Program.h - What the passes that build programs share --------------===//
//
// A program is a function whose arguments and results carry names
// (`train.name`): the forward graph, @evaluate, or a `train.step`.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_TRANSFORMS_PROGRAM_H
#define DSC_LIB_TRANSFORMS_PROGRAM_H

#include "dialects/Train/DeadOps.h"
#include "dialects/Train/TrainDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace dsc {

inline constexpr llvm::StringLiteral kForwardName = "forward";
inline constexpr llvm::StringLiteral kEvaluateName = "evaluate";
inline constexpr llvm::StringLiteral kTrainName = "train";
inline constexpr llvm::StringLiteral kGradientsName = "gradients";
inline constexpr llvm::StringLiteral kLabelsName = "labels";
inline constexpr llvm::StringLiteral kLossSumName = "loss_sum";
inline constexpr llvm::StringLiteral kCountName = "count";
inline constexpr llvm::StringLiteral kGradNormName = "grad_norm";
inline constexpr llvm::StringLiteral kOutputPrefix = "output.";
inline constexpr llvm::StringLiteral kGradPrefix = "grad.";

/// The name of an argument or a result; empty where there is none.
llvm::StringRef getArgName(mlir::FunctionOpInterface function, unsigned index);
llvm::StringRef getResultName(mlir::FunctionOpInterface function, unsigned index);

/// {train.name = `name`}.
mlir::DictionaryAttr makeNameAttrs(mlir::MLIRContext *context, const llvm::Twine &name);

/// The model's graph, or an error that says which pass wants it.
mlir::FailureOr<mlir::func::FuncOp> findForward(mlir::ModuleOp module, llvm::StringRef pass);

/// The program @train, or an error that says which pass wants it.
mlir::FailureOr<train::StepOp> findTrainStep(mlir::ModuleOp module, llvm::StringRef pass);

/// The step's only micro-batch loop, or an error.
mlir::FailureOr<train::MicrobatchOp> findMicrobatch(train::StepOp step);

/// Rows of a batch: dimension 0 of the first argument; an error without one.
mlir::FailureOr<int64_t> getBatchRows(mlir::func::FuncOp forward);

/// All variables of a role, in the module's order.
llvm::SmallVector<train::VariableOp> getVariables(mlir::ModuleOp module, train::VariableRole role);

/// The parameters that have a gradient.
llvm::SmallVector<train::VariableOp> getTrainedParameters(mlir::ModuleOp module);

/// "train.conv of node 'conv1' (Conv, opset 20)": an op and where it came from.
std::string describeOp(mlir::Operation *op);

/// 1 / count, and 0 where no target counts (all of them are ignored).
mlir::Value buildReciprocalCount(mlir::OpBuilder &builder, mlir::Value count);

/// Removes results of the loop that nothing uses, with what computes them.
/// Carried values stay unless a single micro-batch makes them plain values.
train::MicrobatchOp pruneMicrobatch(train::MicrobatchOp loop);

} // namespace dsc

#endif // DSC_LIB_TRANSFORMS_PROGRAM_H
