//===- LoopSteps.h - How many steps a counted while makes ------*- C++ -*-===//
//
// "while i < n" is a Loop whose condition its carried values decide. Where those do not
// depend on data, only what the condition needs of the body is followed, step by step.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_OPS_LOOPSTEPS_H
#define DSC_FRONTEND_ONNX_OPS_LOOPSTEPS_H

#include "../ConstantEvaluator.h"

namespace dsc::onnx {

/// The body of a Loop, imported into a block.
struct LoopBody {
  mlir::Value counter;                    // the argument that is the step's number
  llvm::ArrayRef<mlir::Value> initial;    // what is carried into the first step
  llvm::SmallVector<mlir::Value> carried; // its arguments
  llvm::SmallVector<mlir::Value> next;    // what becomes of those
  mlir::Value goesOn;                     // whether another step follows
};

/// After how many steps the condition is false, `most` if it is not before; none where data
/// decide, or where that takes too many steps to find. `known` is asked for values that are the
/// same in all steps.
std::optional<int64_t> countSteps(const LoopBody &body, int64_t most, ConstantEvaluator &known);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_OPS_LOOPSTEPS_H
