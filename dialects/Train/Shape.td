//===- Shape.td - Moving elements without computing on them ---------------===//
#ifndef DSC_TRAIN_SHAPE_TD
#define DSC_TRAIN_SHAPE_TD

include "TrainBase.td"

class Train_ShapeOp<string mnemonic, list<Trait> traits = []>
    : Train_TensorOp<mnemonic, traits> {
  code sharedDefs = NoFlopsDef;
  let extraClassDefinition = sharedDefs;
}

def Train_ConstantOp : Train_ShapeOp<"constant", [ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "a tensor known at compile time";
  let description = [{
    ```mlir
    %c = train.constant dense<1.0> : tensor<4xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Train_Tensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
  let builders = [OpBuilder<(ins "::mlir::RankedTensorType":$type, "double":$splat)>];
}

def Train_IotaOp : Train_ShapeOp<"iota"> {
  let summary = "the index along one dimension";
  let description = [{
    C1: 0 <= dim < rank.

    ```mlir
    %i = train.iota 1 : tensor<4x8xi64>   // every row is 0 1 2 ... 7
    ```
  }];
  let arguments = (ins I64Attr:$dim);
  let results = (outs Train_Tensor:$result);
  let assemblyFormat = "$dim attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Train_ReshapeOp : Train_ShapeOp<"reshape", [Train_Vjp, Train_Linear]> {
  let summary = "the same elements in row-major order under another shape";
  let description = [{
    C1: both shapes have the same number of elements.
    C2: the element types are the same.

    ```mlir
    %y = train.reshape %x : tensor<4x6xf32> to tensor<24xf32>
    ```
  }];
  let arguments = (ins Train_Tensor:$x);
  let results = (outs Train_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Train_TransposeOp : Train_ShapeOp<"transpose", [Train_Vjp, Train_Linear]> {
  let summary = "dimension i of the result is dimension permutation[i] of x";
  let description = [{
    C1: `permutation` is a permutation of 0 ... rank-1.
    C2: result dimension i has the size of dimension permutation[i].

    ```mlir
    %y = train.transpose %x [1, 0] : tensor<4x6xf32> to tensor<6x4xf32>
    ```
  }];
  let arguments = (ins Train_Tensor:$x, DenseI64ArrayAttr:$permutation);
  let results = (outs Train_Tensor:$y);
  let assemblyFormat = "$x $permutation attr-dict `:` type($x) `to` type($y)";
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::llvm::ArrayRef<int64_t>":$permutation)>];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Train_BroadcastOp : Train_ShapeOp<"broadcast", [Train_Vjp, Train_Linear]> {
  let summary = "repeats elements along new dimensions and those of size 1";
  let description = [{
    Dimension i of x becomes dimension dims[i] of the result.

    C1: `dims` has one entry per dimension of x, ascending, below the result's rank.
    C2: x's dimension i has size 1 or the size of result dimension dims[i].
    C3: the element types are the same.

    ```mlir
    %y = train.broadcast %bias [1] : tensor<8xf32> to tensor<4x8xf32>
    ```
  }];
  let arguments = (ins Train_Tensor:$x, DenseI64ArrayAttr:$dims);
  let results = (outs Train_Tensor:$y);
  let assemblyFormat = "$x $dims attr-dict `:` type($x) `to` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Train_SliceOp : Train_ShapeOp<"slice", [Train_Vjp, Train_Linear, Train_ChannelBlocks]> {
  let summary = "a regular part of a tensor";
  let description = [{
    Result element j along a dimension is x's element start + j * stride.

    C1: starts, strides have one entry per dimension; strides are positive.
    C2: 0 <= start and start + (size - 1) * stride < x's size, size the result's.

    ```mlir
    %y = train.slice %x [0, 2] strides [1, 2] : tensor<4x8xf32> to tensor<4x3xf32>
    ```
  }];
  let arguments = (ins Train_Tensor:$x, DenseI64ArrayAttr:$starts, DenseI64ArrayAttr:$strides);
  let results = (outs Train_Tensor:$y);
  let assemblyFormat = "$x $starts `strides` $strides attr-dict `:` type($x) `to` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Train_PadOp : Train_ShapeOp<"pad", [Train_Vjp]> {
  let summary = "a tensor surrounded and interspersed by a constant";
  let description = [{
    Along each dimension: `low` constants, then x's elements with `interior`
    constants between neighbours, then `high` constants.

    C1: low, high, interior have one non-negative entry per dimension.
    C2: the result's size is low + high + size + max(size - 1, 0) * interior.

    ```mlir
    %y = train.pad %x value 0.0 low [1] high [1] interior [0] : tensor<4xf32> to tensor<6xf32>
    ```
  }];
  let arguments = (ins Train_Tensor:$x, F64Attr:$value, DenseI64ArrayAttr:$low,
                       DenseI64ArrayAttr:$high, DenseI64ArrayAttr:$interior);
  let results = (outs Train_Tensor:$y);
  let assemblyFormat = [{
    $x `value` $value `low` $low `high` $high `interior` $interior attr-dict
    `:` type($x) `to` type($y)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "double":$value, "::llvm::ArrayRef<int64_t>":$low,
      "::llvm::ArrayRef<int64_t>":$high, "::llvm::ArrayRef<int64_t>":$interior)>];
  let hasVerifier = 1;
}

def Train_ConcatOp : Train_ShapeOp<"concat", [Train_Vjp, Train_Linear, Train_ChannelBlocks]> {
  let summary = "tensors one behind the other along a dimension";
  let description = [{
    C1: at least one operand; all have the result's rank and element type.
    C2: sizes agree but along `dim`, where the result's is the sum.

    ```mlir
    %y = train.concat 0 %a, %b : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<5x4xf32>
    ```
  }];
  let arguments = (ins I64Attr:$dim, Variadic<Train_Tensor>:$inputs);
  let results = (outs Train_Tensor:$y);
  let assemblyFormat = "$dim $inputs attr-dict `:` functional-type($inputs, $y)";
  let builders = [OpBuilder<(ins "int64_t":$dim, "::mlir::ValueRange":$inputs)>];
  let hasVerifier = 1;
}

#endif // DSC_TRAIN_SHAPE_TD
