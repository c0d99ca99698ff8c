//===- ExecOps.td - What one rank does ------------------------------------===//
//
// A program is a list of kernel launches and library calls on buffers of one
// arena. Values stay tensors, so that a program can be read and run before and
// after buffers are placed; the arena pass then writes each result's place into
// the attribute `offsets`.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_EXEC_OPS_TD
#define DSC_EXEC_OPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Exec_Dialect : Dialect {
  let name = "exec";
  let cppNamespace = "::dsc::exec";
  let summary = "Kernels, library calls and buffers of one rank";
  let description = [{
    `exec.variable` names memory that outlives a step, `exec.program` is what the
    trainer runs (train, gradients, evaluate), `exec.kernel` a fused loop nest
    whose body stays linalg on tensors, so that each target lowers it its own
    way. Buffers lie in one arena: variables and scalars first, then space that
    values share.
  }];
}

def Exec_Tensor : StaticShapeTensorOf<[AnyType]>;
class Exec_Op<string mnemonic, list<Trait> traits = []> : Op<Exec_Dialect, mnemonic, traits>;

def Exec_VariableOp : Exec_Op<"variable", [Symbol]> {
  let summary = "memory that outlives a step";
  let description = [{
    `role` is parameter, frozen, state or slot; a slot names its owner and its
    name in checkpoints. `offset` is its place in the arena in bytes, once placed.
  }];
  let arguments = (ins StrAttr:$role, SymbolNameAttr:$sym_name, TypeAttr:$type, AnyAttr:$init,
                       OptionalAttr<FlatSymbolRefAttr>:$owner, OptionalAttr<StrAttr>:$slot,
                       OptionalAttr<I64Attr>:$offset, OptionalAttr<StrAttr>:$sym_visibility);
  let assemblyFormat = [{
    $role $sym_name (`of` $owner^ $slot)? (`at` $offset^)? `:` $type `=` $init attr-dict
  }];
}

class Exec_FunctionOp<string mnemonic> : Exec_Op<mnemonic,
    [IsolatedFromAbove, FunctionOpInterface, SingleBlock]> {
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
    ::mlir::Block *getBlock() { return &getBody().front(); }
  }];
}

def Exec_ProgramOp : Exec_FunctionOp<"program"> {
  let summary = "what the trainer runs as a whole";
  let description = [{
    Arguments are the data's arrays, over the whole global batch; `exec.name`
    names arguments and results. `exec.arena_bytes`, once placed, is the arena's
    size this program needs.
  }];
}

def Exec_KernelOp : Exec_FunctionOp<"kernel"> {
  let summary = "a fused loop nest";
  let description = [{
    The body is linalg on tensors over one iteration domain (the contract is in
    the target's kernel analysis). Equal kernels are one symbol.
  }];
}

class Exec_EndOp<string mnemonic> : Exec_Op<mnemonic, [Pure, Terminator]> {
  let arguments = (ins Variadic<Exec_Tensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}
def Exec_ReturnOp : Exec_EndOp<"return"> { let summary = "ends a program with its results"; }
def Exec_YieldOp : Exec_EndOp<"yield"> { let summary = "ends a kernel, a repeated region or a loop"; }

def Exec_ReadOp : Exec_Op<"read", [Pure]> {
  let summary = "a variable's buffer, as it is at the beginning of the step";
  let arguments = (ins FlatSymbolRefAttr:$variable);
  let results = (outs Exec_Tensor:$value);
  let assemblyFormat = "$variable attr-dict `:` type($value)";
}

def Exec_WriteOp : Exec_Op<"write"> {
  let summary = "what a variable holds after the step";
  let arguments = (ins FlatSymbolRefAttr:$variable, Exec_Tensor:$value);
  let assemblyFormat = "$variable `,` $value attr-dict `:` type($value)";
}

def Exec_ScalarOp : Exec_Op<"scalar", [Pure]> {
  let summary = "a number that the trainer writes before each step (docs/TrainerFormat.md)";
  let arguments = (ins StrAttr:$name, OptionalAttr<FlatSymbolRefAttr>:$parameter,
                       OptionalAttr<I64Attr>:$offset);
  let results = (outs Exec_Tensor:$value);
  let assemblyFormat = "$name (`of` $parameter^)? (`at` $offset^)? attr-dict `:` type($value)";
}

def Exec_ConstantOp : Exec_Op<"constant", [Pure, AllTypesMatch<["value", "result"]>]> {
  let summary = "a tensor known at compile time, kept with the program";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Exec_Tensor:$result);
  let assemblyFormat = "attr-dict $value";
}

def Exec_ViewOp : Exec_Op<"view", [Pure]> {
  let summary = "the same bytes under another shape";
  let arguments = (ins Exec_Tensor:$x);
  let results = (outs Exec_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($y)";
}

def Exec_LaunchOp : Exec_Op<"launch", [Pure]> {
  let summary = "runs a kernel";
  let description = [{
    `offsets`, once placed: each result's place in the arena, in bytes. `strides`,
    in an `exec.loop`: by how many bytes it moves with each iteration. Launches of
    one `batch` stand behind each other, in a block, and need nothing of each
    other: a target may run them as one. `bytes` is the least that must be moved,
    where it is less than all operands and results once: parts of operands are read.
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<Exec_Tensor>:$operands_,
                       OptionalAttr<DenseI64ArrayAttr>:$offsets, DefaultValuedAttr<I64Attr, "0">:$flops,
                       OptionalAttr<I64Attr>:$batch, OptionalAttr<DenseI64ArrayAttr>:$strides,
                       OptionalAttr<I64Attr>:$bytes);
  let results = (outs Variadic<Exec_Tensor>:$results_);
  let assemblyFormat = [{
    $kernel `(` $operands_ `)` (`batch` $batch^)? (`at` $offsets^)? (`stride` $strides^)? attr-dict
    `:` functional-type($operands_, $results_)
  }];
  let extraClassDeclaration = [{
    /// Whether both are of one batch, which may run at the same time.
    bool sharesBatchWith(::mlir::Operation *other);
    /// Whether the op before is of the same batch.
    bool continuesBatch() { return sharesBatchWith((*this)->getPrevNode()); }
  }];
}

def Exec_CallOp : Exec_Op<"call", [Pure]> {
  let summary = "calls a routine of the runtime's library";
  let description = [{
    `ints` and `floats` are what runtime/abi/CpuRoutines.h says of the routine.
    `shifts`: elements by which an operand's buffer starts later than its tensor
    (a slice; the strides are among the ints). Result tensors say how much memory
    is written, in which order the strides say. `offsets`, `strides` and `bytes` are
    those of exec.launch.
  }];
  let arguments = (ins StrAttr:$routine, Variadic<Exec_Tensor>:$operands_,
                       DenseI64ArrayAttr:$ints, DenseF64ArrayAttr:$floats,
                       DenseI64ArrayAttr:$shifts,
                       OptionalAttr<DenseI64ArrayAttr>:$offsets, DefaultValuedAttr<I64Attr, "0">:$flops,
                       OptionalAttr<DenseI64ArrayAttr>:$strides, OptionalAttr<I64Attr>:$bytes);
  let results = (outs Variadic<Exec_Tensor>:$results_);
  let assemblyFormat = [{
    $routine `(` $operands_ `)` `ints` $ints `floats` $floats `shifts` $shifts (`at` $offsets^)?
    (`stride` $strides^)? attr-dict `:` functional-type($operands_, $results_)
  }];
}

def Exec_RepeatOp : Exec_Op<"repeat", [SingleBlock, RecursiveMemoryEffects,
    TypesMatchWith<"carried values keep their types", "carry", "carried", "$_self">]> {
  let summary = "a region that runs once per micro-batch";
  let description = [{
    Block arguments: the micro-batch's rows of each argument of the program named
    by `batch`, then the carried values; results: the carried values after the
    last repetition. `offsets`, once placed: where each carried value lives.
  }];
  let arguments = (ins I64Attr:$count, DenseI64ArrayAttr:$batch, Variadic<Exec_Tensor>:$carry,
                       OptionalAttr<DenseI64ArrayAttr>:$offsets);
  let results = (outs Variadic<Exec_Tensor>:$carried);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $count `batch` $batch (`carry` `(` $carry^ `:` type($carry) `)`)? (`at` $offsets^)? $body attr-dict
  }];
  let extraClassDeclaration = [{
    ::mlir::Block *getBlock() { return &getBody().front(); }
  }];
}

def Exec_LoopOp : Exec_Op<"loop", [SingleBlock, RecursiveMemoryEffects, AttrSizedOperandSegments,
                                   AttrSizedResultSegments]> {
  let summary = "a region that runs a known number of times within a step";
  let description = [{
    Block arguments: the carried values, then iteration t's row of each input, in
    which t = 0, 1, ..., or count - 1 downto 0 with `reverse`. The region yields the
    next carried values, then row t of each output; it may use values from outside.
    Results: the last carried values and the outputs.

    `offsets`, once placed: where each carried value is in the first iteration, and
    where each output begins. `strides`: by how many bytes each carried value moves
    with every iteration. One that is an output, too, moves from row to row; others
    stay (0). A row of an input is where the input has it.

    C1: count > 0, and dimension 0 of every input and output is count.
    C2: carried results and block arguments have the types of carried values and
    rows of inputs.
    C3: the region yields the carried values' types, then rows of the outputs.

    ```mlir
    %h, %ys = exec.loop 8 carry(%h0 : tensor<2x4xf32>) input(%x : tensor<8x2x4xf32>)
        carried(tensor<2x4xf32>) output(tensor<8x2x4xf32>) {
    ^bb0(%before: tensor<2x4xf32>, %row: tensor<2x4xf32>):
      %after = exec.launch @k0_addf_tanh(%before, %row)
          : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
      exec.yield %after, %after : tensor<2x4xf32>, tensor<2x4xf32>
    }
    ```
  }];
  let arguments = (ins I64Attr:$count, UnitAttr:$reverse, Variadic<Exec_Tensor>:$carry,
                       Variadic<Exec_Tensor>:$inputs, OptionalAttr<DenseI64ArrayAttr>:$offsets,
                       OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Variadic<Exec_Tensor>:$carried, Variadic<Exec_Tensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $count (`reverse` $reverse^)? (`carry` `(` $carry^ `:` type($carry) `)`)?
    (`input` `(` $inputs^ `:` type($inputs) `)`)? (`carried` `(` type($carried)^ `)`)?
    (`output` `(` type($outputs)^ `)`)? (`at` $offsets^)? (`stride` $strides^)? $body attr-dict
  }];
  let extraClassDeclaration = [{
    ::mlir::Block *getBlock() { return &getBody().front(); }
    ::mlir::Block::BlockArgListType getCarryArguments() {
      return getBlock()->getArguments().take_front(getCarry().size());
    }
    ::mlir::Block::BlockArgListType getInputArguments() {
      return getBlock()->getArguments().drop_front(getCarry().size());
    }
  }];
  let hasVerifier = 1;
}

#endif // DSC_EXEC_OPS_TD
