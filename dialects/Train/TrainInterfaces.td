//===- TrainInterfaces.td - What passes ask of a train op -----------------===//
#ifndef DSC_TRAIN_INTERFACES_TD
#define DSC_TRAIN_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Train_DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::dsc::train";
  let description = [{
    Reverse-mode derivative of one op. An op without this interface has no
    derivative rule: autodiff then tries `decompose`, and reports the ONNX node
    where there is neither.
  }];
  let methods = [InterfaceMethod<[{
      Builds the vector-Jacobian product. `vjp.grads[i]` is the gradient of
      result i, or null where that result does not influence the loss (never
      all null). The rule calls `vjp.set(operand, value)` for each operand that
      has a gradient; `value` has the operand's type. Operands it leaves out
      have gradient zero (integer operands, piecewise constant functions).
      `vjp.needs(operand)` tells whether anything uses the gradient.
      Fails when the rule does not cover the case (a gradient of a result that
      exists for the backward pass only); autodiff then decomposes the op.
    }], "::llvm::LogicalResult", "buildVjp", (ins "::dsc::train::Vjp &":$vjp)>];
}

def Train_DecomposableOpInterface : OpInterface<"DecomposableOpInterface"> {
  let cppNamespace = "::dsc::train";
  let description = [{
    A whole op that can be written with ops of the core (or with simpler whole
    ops). Serves second derivatives and targets that have no kernel for it.
  }];
  let methods = [InterfaceMethod<[{
      Builds the replacement of every result, in order, at the builder's
      insertion point.
    }], "::llvm::SmallVector<::mlir::Value>", "decompose", (ins "::mlir::OpBuilder &":$builder)>];
}

def Train_EvaluationOpInterface : OpInterface<"EvaluationOpInterface"> {
  let cppNamespace = "::dsc::train";
  let description = "An op that behaves differently outside training (dropout, batch norm).";
  let methods = [InterfaceMethod<[{
      Builds what the op computes in evaluation: one value per result, null for
      results that only training uses.
    }], "::llvm::SmallVector<::mlir::Value>", "buildEvaluation",
    (ins "::mlir::OpBuilder &":$builder)>];
}

def Train_ChannelBlocksOpInterface : OpInterface<"ChannelBlocksOpInterface"> {
  let cppNamespace = "::dsc::train";
  let description = "An op that can read tensors whose channels lie in blocks: see ChannelBlocks.h.";
  let methods = [InterfaceMethod<[{
      Builds what replaces the results where an operand is in blocks of `block` channels. Nothing
      where that would not be the same, or reads plain tensors anyway.
    }], "::llvm::SmallVector<::mlir::Value>", "buildOnBlocks",
    (ins "::mlir::OpBuilder &":$builder, "int64_t":$block)>];
}

def Train_ShardingRuleOpInterface : OpInterface<"ShardingRuleOpInterface"> {
  let cppNamespace = "::dsc::train";
  let description = "How the dimensions of operands and results correspond: see ShardingRule.h.";
  let methods = [InterfaceMethod<"The op's factors.", "::dsc::train::ShardingRule",
                                 "getShardingRule">];
}

def Train_LinearOpInterface : OpInterface<"LinearOpInterface"> {
  let cppNamespace = "::dsc::train";
  let description = "An op through which a sum goes part by part: it is linear in some operands.";
  let methods = [InterfaceMethod<[{
      Whether the op is linear in these operands jointly while the others are
      fixed: x a is linear in x or in a, x + a in both. Ascending, at least one.
    }], "bool", "isLinearIn", (ins "::llvm::ArrayRef<unsigned>":$operands), [{}],
    [{ return true; }]>];
}

def Train_PrecisionOpInterface : OpInterface<"PrecisionOpInterface"> {
  let cppNamespace = "::dsc::train";
  let description = "What a low-precision plan may do with the op; it follows its operands without.";
  let methods = [InterfaceMethod<"The op's class.", "::dsc::train::Precision", "getPrecision">];
}

def Train_CostOpInterface : OpInterface<"CostOpInterface"> {
  let cppNamespace = "::dsc::train";
  let description = "The least work of an op: what the planner and rooflines count.";
  let methods = [
    InterfaceMethod<"Floating-point operations; a fused multiply-add counts as two.",
      "int64_t", "getFlops">,
    InterfaceMethod<"Bytes of what is read of the operands, once, and of the results, once.",
      "int64_t", "getBytes", (ins), [{}],
      [{ return ::dsc::train::countOperandAndResultBytes($_op.getOperation()); }]>];
}

#endif // DSC_TRAIN_INTERFACES_TD
