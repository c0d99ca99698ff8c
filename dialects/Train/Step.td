//===- Step.td - Variables, and the shape of a training step --------------===//
//
// module {
//   train.variable parameter @w : tensor<4x2xf32> = #train.weights
//   train.variable slot @"w.exp_avg" : tensor<4x2xf32> = dense<0.0> ...
//   train.step @train(%x: tensor<8x4xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "loss_sum"}) {
//     %w = train.read @w : tensor<4x2xf32>
//     %sums:2 = train.microbatch ...      // forward and backward of each micro-batch
//     ...                                 // norm, clip, optimizer
//     train.write @w, %new : tensor<4x2xf32>
//     train.return %sums#0 : tensor<f32>
//   }
// }
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TRAIN_STEP_TD
#define DSC_TRAIN_STEP_TD

include "TrainBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"


def Train_VariableRole : I32EnumAttr<"VariableRole", "what a variable is for", [
    I32EnumAttrCase<"Parameter", 0, "parameter">, I32EnumAttrCase<"Frozen", 1, "frozen">,
    I32EnumAttrCase<"State", 2, "state">, I32EnumAttrCase<"Slot", 3, "slot">]> {
  let cppNamespace = "::dsc::train";
  let genSpecializedAttr = 0;
}
def Train_VariableRoleAttr : EnumAttr<Train_Dialect, Train_VariableRole, "role">;

class Train_Attr<string name, string mnem> : AttrDef<Train_Dialect, name> {
  let mnemonic = mnem;
}

def Train_WeightsAttr : Train_Attr<"Weights", "weights"> {
  let summary = "initial value: the input file's data under the variable's name";
}

def Train_NormalAttr : Train_Attr<"Normal", "normal"> {
  let summary = "initial value: normal random numbers";
  let parameters = (ins "::mlir::FloatAttr":$mean, "::mlir::FloatAttr":$stddev, "int64_t":$seed);
  let assemblyFormat = "`<` `mean` `=` $mean `,` `stddev` `=` $stddev `,` `seed` `=` $seed `>`";
}

def Train_UniformAttr : Train_Attr<"UniformInit", "uniform"> {
  let summary = "initial value: uniform random numbers in [low, high)";
  let parameters = (ins "::mlir::FloatAttr":$low, "::mlir::FloatAttr":$high, "int64_t":$seed);
  let assemblyFormat = "`<` `low` `=` $low `,` `high` `=` $high `,` `seed` `=` $seed `>`";
}

def Train_VariableOp : Train_Op<"variable", [Symbol]> {
  let summary = "a tensor that outlives a step";
  let description = [{
    The symbol is the ONNX name. Roles: a `parameter` is trained, a `frozen`
    tensor only read, a `state` updated by the model itself (running
    statistics), a `slot` belongs to the optimizer: its `owner` is the parameter
    and `slot` the name under which checkpoints keep it.

    The initial value is `#train.weights`, `#train.normal`, `#train.uniform` or a
    dense attribute.

    ```mlir
    train.variable parameter @fc.weight : tensor<4x2xf32> = dense<0.0> : tensor<4x2xf32>
    ```
  }];
  let arguments = (ins Train_VariableRoleAttr:$role, SymbolNameAttr:$sym_name, TypeAttr:$type,
                       AnyAttr:$init, OptionalAttr<FlatSymbolRefAttr>:$owner,
                       OptionalAttr<StrAttr>:$slot, OptionalAttr<StrAttr>:$sym_visibility);
  let assemblyFormat = "$role $sym_name (`of` $owner^ $slot)? `:` $type `=` $init attr-dict";
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() {
      return ::mlir::cast<::mlir::RankedTensorType>(getType());
    }
  }];
  let hasVerifier = 1;
}

def Train_ReadOp : Train_Op<"read", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a variable's value at the beginning of the step";
  let description = "C1: the symbol is a variable of the result's type. Writes of the same step do not show.";
  let arguments = (ins FlatSymbolRefAttr:$variable);
  let results = (outs Train_Tensor:$value);
  let assemblyFormat = "$variable attr-dict `:` type($value)";
}

def Train_WriteOp : Train_Op<"write", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a variable's value after the step";
  let description = [{
    C1: the symbol is a variable of the value's type.
    C2: at most one write per variable and program.
    C3: stands in the body of a program or of a forward graph, never inside a
        micro-batch.
  }];
  let arguments = (ins FlatSymbolRefAttr:$variable, Train_Tensor:$value);
  let assemblyFormat = "$variable `,` $value attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def Train_ScalarOp : Train_Op<"scalar", [Pure]> {
  let summary = "a number that the trainer sets before each step";
  let description = [{
    C1: the result has rank 0.

    Names are those of the trainer's format: lr, momentum, beta1, beta2, eps,
    correction1, correction2, first_update, clip_norm, weight_decay (of a
    parameter), seed, step, microbatch.

    ```mlir
    %lr = train.scalar "lr" : tensor<f32>
    %wd = train.scalar "weight_decay" of @fc.weight : tensor<f32>
    ```
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<FlatSymbolRefAttr>:$parameter);
  let results = (outs Train_Tensor:$value);
  let assemblyFormat = "$name (`of` $parameter^)? attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def Train_StepOp : Train_Op<"step", [IsolatedFromAbove, FunctionOpInterface,
                                     SingleBlock]> {
  let summary = "one training step over a global batch";
  let description = [{
    A function of the global batch. Arguments and results carry `train.name`.
    The body reads variables, runs one `train.microbatch`, and writes variables.
    Programs of a trainer: `@train` and, for `--dump-tensors`, `@gradients`.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs,
                       OptionalAttr<StrAttr>:$sym_visibility);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::FunctionType":$type)>];
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
  }];
}

def Train_ReturnOp : Train_Op<"return", [Pure, Terminator, HasParent<"StepOp">]> {
  let summary = "ends a step with its results";
  let arguments = (ins Variadic<Train_Tensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let hasVerifier = 1;
}

def Train_MicrobatchOp : Train_Op<"microbatch", [AttrSizedOperandSegments,
    AttrSizedResultSegments, SingleBlock, RecursiveMemoryEffects]> {
  let summary = "forward and backward, once per micro-batch";
  let description = [{
    Runs the region `count` times, for micro-batch m = 0, 1, ... The block's
    arguments are m (tensor<i64>), then micro-batch m's rows of each batch (rows
    m n ... (m+1) n - 1 of dimension 0, n = size / count), then the carried
    values. The results are the sums of the yielded `sums`, the last carried
    values, and the yielded `stacks` concatenated along dimension 0 (scalars
    are averaged).

    C1: count > 0 divides dimension 0 of every batch.
    C2: block arguments, yielded values and results have the types said above.

    ```mlir
    %loss, %dw, %mean = train.microbatch 2 batch(%x) carry(%mean0)
        : (tensor<8x4xf32>, tensor<4xf32>) -> (tensor<f32>, tensor<4x2xf32>, tensor<4xf32>) {
    ^bb0(%m: tensor<i64>, %xm: tensor<4x4xf32>, %mean_m: tensor<4xf32>):
      ...
      train.yield sums(%l, %g : tensor<f32>, tensor<4x2xf32>) carry(%mean1 : tensor<4xf32>)
    }
    ```
  }];
  let arguments = (ins I64Attr:$count, Variadic<Train_Tensor>:$batch,
                       Variadic<Train_Tensor>:$carry);
  let results = (outs Variadic<Train_Tensor>:$sums, Variadic<Train_Tensor>:$carried,
                      Variadic<Train_Tensor>:$stacks);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $count (`batch` `(` $batch^ `:` type($batch) `)`)? (`carry` `(` $carry^ `:` type($carry) `)`)?
    (`sums` `(` type($sums)^ `)`)? (`carried` `(` type($carried)^ `)`)?
    (`stacks` `(` type($stacks)^ `)`)? $body attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block *getBlock() { return &getBody().front(); }
    /// The micro-batch's number, tensor<i64>.
    ::mlir::BlockArgument getIndex() { return getBlock()->getArgument(0); }
    /// The type of micro-batch rows of a batch operand's type.
    static ::mlir::RankedTensorType getSliceType(::mlir::Type batch, int64_t count);
  }];
}

def Train_YieldOp : Train_Op<"yield", [Pure, Terminator, AttrSizedOperandSegments,
                                       HasParent<"MicrobatchOp">]> {
  let summary = "ends a micro-batch";
  let arguments = (ins Variadic<Train_Tensor>:$sums, Variadic<Train_Tensor>:$carry,
                       Variadic<Train_Tensor>:$stacks);
  let assemblyFormat = [{
    (`sums` `(` $sums^ `:` type($sums) `)`)? (`carry` `(` $carry^ `:` type($carry) `)`)?
    (`stacks` `(` $stacks^ `:` type($stacks) `)`)? attr-dict
  }];
}

#endif // DSC_TRAIN_STEP_TD
