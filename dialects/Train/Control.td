//===- Control.td - Loops and branches inside a program -------------------===//
//
// Both ops are isolated from what is around them: whatever a region uses comes
// in as an operand, so that a pass that only looks at operands and results needs
// to know nothing of regions, and a gradient of what a region uses is simply the
// gradient of an operand.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TRAIN_CONTROL_TD
#define DSC_TRAIN_CONTROL_TD

include "TrainBase.td"

def Train_ScanOp : Train_TensorOp<"scan", [AttrSizedOperandSegments, AttrSizedResultSegments,
    SingleBlock, IsolatedFromAbove, Train_Vjp, Train_Decompose, Train_Precision]> {
  let summary = "a loop of a known number of steps: a recurrence";
  let description = [{
    Runs the region `count` times. The block's arguments are the invariants, the
    carried values, and step t's slice of each input (its rows t, without
    dimension 0), t = 0, 1, ..., or count - 1 downto 0 with `reverse`. It yields
    the next carried values, then step t's slice of each output. The results are
    the last carried values and the outputs.

    C1: count > 0, and dimension 0 of every input and output is count.
    C2: block arguments have the types of invariants, carried values and slices.
    C3: the region yields the carried values' types, then slices of the outputs.

    The derivative is a scan in the other direction. It reads what the forward
    scan additionally writes: carried values where the body needs them, and the
    results of products inside the body, or what is made of them where that takes no
    more memory; everything else is computed again.
    Gradients of invariants are carried as sums.

    ```mlir
    %h, %ys = train.scan 8 invariant(%w : tensor<4x4xf32>) carry(%h0 : tensor<2x4xf32>)
        input(%x : tensor<8x2x4xf32>) output(tensor<8x2x4xf32>) {
    ^bb0(%r: tensor<4x4xf32>, %before: tensor<2x4xf32>, %xt: tensor<2x4xf32>):
      %p = train.dot %before, %r batch [] x [] contract [1] x [0]
          : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
      %s = train.add %p, %xt : tensor<2x4xf32>
      %after = train.tanh %s : tensor<2x4xf32>
      train.body_yield %after, %after : tensor<2x4xf32>, tensor<2x4xf32>
    }
    ```
  }];
  let arguments = (ins I64Attr:$count, UnitAttr:$reverse, Variadic<Train_Tensor>:$invariants,
                       Variadic<Train_Tensor>:$carry, Variadic<Train_Tensor>:$inputs);
  let results = (outs Variadic<Train_Tensor>:$carried, Variadic<Train_Tensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $count (`reverse` $reverse^)? (`invariant` `(` $invariants^ `:` type($invariants) `)`)?
    (`carry` `(` $carry^ `:` type($carry) `)`)? (`input` `(` $inputs^ `:` type($inputs) `)`)?
    (`carried` `(` type($carried)^ `)`)? (`output` `(` type($outputs)^ `)`)? $body attr-dict
  }];
  let builders = [OpBuilder<(ins "int64_t":$count, "bool":$reverse,
      "::mlir::ValueRange":$invariants, "::mlir::ValueRange":$carry, "::mlir::ValueRange":$inputs,
      "::mlir::TypeRange":$outputs), [{
    build($_builder, $_state, carry.getTypes(), outputs, static_cast<uint64_t>(count), reverse,
          invariants, carry, inputs);
  }]>];
  let extraClassDeclaration = [{
    ::mlir::Block *getBlock() { return &getBody().front(); }
    ::mlir::Block::BlockArgListType getInvariantArguments() {
      return getBlock()->getArguments().take_front(getInvariants().size());
    }
    ::mlir::Block::BlockArgListType getCarryArguments() {
      return getBlock()->getArguments().slice(getInvariants().size(), getCarry().size());
    }
    ::mlir::Block::BlockArgListType getInputArguments() {
      return getBlock()->getArguments().take_back(getInputs().size());
    }
    ::mlir::OperandRange getYieldedCarry() {
      return getBlock()->getTerminator()->getOperands().take_front(getCarry().size());
    }
    ::mlir::OperandRange getYieldedOutputs() {
      return getBlock()->getTerminator()->getOperands().drop_front(getCarry().size());
    }
    /// Adds the body's block, with an argument for each operand.
    ::mlir::Block *addBody();
    /// The type of one step's slice of an input's or output's type.
    static ::mlir::RankedTensorType getSliceType(::mlir::Type whole);
    /// The type of `count` such slices.
    static ::mlir::RankedTensorType getStackType(::mlir::Type slice, int64_t count);
  }];
  let extraClassDefinition = NeedsF32Def;
  let hasVerifier = 1;
}

def Train_IfOp : Train_TensorOp<"if", [IsolatedFromAbove, Train_Vjp, Train_Decompose,
                                       Train_Precision]> {
  let summary = "one of two regions, by a condition that the data decides";
  let description = [{
    The values of the first region where the condition holds, else those of the
    second. Both regions get all operands as their block's arguments. A target
    may compute both and select.

    C1: both blocks' arguments have the operands' types.
    C2: both regions yield the results' types.

    Gradients are those of the region taken; the other one contributes nothing,
    not even a NaN.

    ```mlir
    %y = train.if %c uses(%x : tensor<4xf32>) -> (tensor<4xf32>) {
    ^bb0(%a: tensor<4xf32>):
      %e = train.exp %a : tensor<4xf32>
      train.body_yield %e : tensor<4xf32>
    } else {
    ^bb0(%a: tensor<4xf32>):
      train.body_yield %a : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Train_ScalarBool:$condition, Variadic<Train_Tensor>:$operands_);
  let results = (outs Variadic<Train_Tensor>:$results_);
  let regions = (region SizedRegion<1>:$thenBody, SizedRegion<1>:$elseBody);
  let assemblyFormat = [{
    $condition (`uses` `(` $operands_^ `:` type($operands_) `)`)? `->` `(` type($results_) `)`
    $thenBody `else` $elseBody attr-dict
  }];
  let extraClassDefinition = NeedsF32Def;
  let hasVerifier = 1;
}

def Train_BodyYieldOp : Train_Op<"body_yield", [Pure, Terminator,
                                               ParentOneOf<["ScanOp", "IfOp"]>]> {
  let summary = "ends a region of train.scan or train.if with its values";
  let arguments = (ins Variadic<Train_Tensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

#endif // DSC_TRAIN_CONTROL_TD
