//===- Passes.td - Passes on train IR -------------------------------------===//
//
// Flag = file stem = DEBUG_TYPE = test stem, with "dsc-" before the flag.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TRANSFORMS_PASSES_TD
#define DSC_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def DecomposePass : Pass<"dsc-decompose"> {
  let summary = "Replace whole ops by ops of the core";
  let description = [{
    Problem: a pass or target may know the core only, and second derivatives of
    whole ops need their parts.

    Method: every op with `DecomposableOpInterface` (or those named by `only`)
    is replaced by its decomposition, until none is left. Purely local; no
    common subexpressions are merged.

    Requires: train IR. Guarantees: none of the chosen ops is left.

    ```mlir
    %y = train.softmax %x 1 : tensor<4x8xf32>
    // becomes reduce_max, sub, exp, reduce_sum, div and two broadcasts
    ```
  }];
  let options = [
    ListOption<"only", "only", "std::string",
               "names of ops to decompose, e.g. train.softmax (default: all)">
  ];
  let statistics = [Statistic<"numDecomposed", "num-decomposed", "whole ops replaced">];
  let dependentDialects = ["::dsc::train::TrainDialect"];
}

def PrintOpInterfacesPass : Pass<"dsc-print-op-interfaces"> {
  let summary = "Print each op's sharding rule, precision, flops and bytes as remarks";
  let description = [{
    Problem: what passes ask of an op is invisible in the IR.

    Method: walks all ops and emits a remark per op that has a sharding rule:
    the factors, the precision class, floating-point operations and least bytes.

    Requires: train IR. Guarantees: the IR is unchanged.
  }];
}

#endif // DSC_TRANSFORMS_PASSES_TD
