//===- Linear.td - Matrix products and convolutions -----------------------===//
#ifndef DSC_TRAIN_LINEAR_TD
#define DSC_TRAIN_LINEAR_TD

include "TrainBase.td"

class Train_LinearOp<string mnemonic, list<Trait> traits = []>
    : Train_TensorOp<mnemonic, !listconcat([Train_Vjp, Train_Precision], traits)> {
  let extraClassDefinition = ComputesLowDef;
}

def Train_DotOp : Train_LinearOp<"dot", [Train_LinearIn]> {
  let summary = "product of two tensors, summed over contracted dimensions";
  let description = [{
    The result's dimensions are the batch dimensions, then a's other dimensions,
    then b's, each in order.

    C1: batch and contract lists of a and b have equal lengths; a dimension
        stands in at most one list.
    C2: paired dimensions have equal sizes.
    C3: the result's shape is as said; one element type.

    ```mlir
    %c = train.dot %a, %b batch [0] x [0] contract [2] x [1]
        : tensor<8x4x16xf32>, tensor<8x16x32xf32> -> tensor<8x4x32xf32>
    ```
  }];
  let arguments = (ins Train_Tensor:$a, Train_Tensor:$b,
                       DenseI64ArrayAttr:$aBatch, DenseI64ArrayAttr:$bBatch,
                       DenseI64ArrayAttr:$aContract, DenseI64ArrayAttr:$bContract);
  let results = (outs Train_Tensor:$y);
  let assemblyFormat = [{
    $a `,` $b `batch` $aBatch `x` $bBatch `contract` $aContract `x` $bContract attr-dict
    `:` type($a) `,` type($b) `->` type($y)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$a, "::mlir::Value":$b,
      "::llvm::ArrayRef<int64_t>":$aBatch, "::llvm::ArrayRef<int64_t>":$bBatch,
      "::llvm::ArrayRef<int64_t>":$aContract, "::llvm::ArrayRef<int64_t>":$bContract)>];
  let extraClassDeclaration = [{
    /// Dimensions of a (b) that are neither batch nor contracted, ascending.
    ::llvm::SmallVector<int64_t> getAFree();
    ::llvm::SmallVector<int64_t> getBFree();
  }];
  let hasVerifier = 1;
}

// The window attributes that convolutions and pooling share, one entry per spatial dimension.
class Train_Window<dag extra> {
  dag attrs = !con(extra, (ins DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$low,
                               DenseI64ArrayAttr:$high, DenseI64ArrayAttr:$dilations));
}

class Train_ConvLikeOp<string mnemonic, dag tensors> : Train_LinearOp<mnemonic> {
  let arguments = !con(tensors, Train_Window<(ins)>.attrs, (ins I64Attr:$groups));
  let hasVerifier = 1;
}

def Train_ConvOp : Train_ConvLikeOp<"conv", (ins Train_FloatTensor:$x, Train_FloatTensor:$w)> {
  let summary = "grouped convolution (cross-correlation)";
  let description = [{
    x is [N, C, S...], w is [O, C/groups, K...], the result [N, O, T...], with any
    number of spatial dimensions.

    C1: window attributes have one entry per spatial dimension; strides and
        dilations are positive, low and high not negative.
    C2: groups divides C and O, and w's second dimension is C / groups.
    C3: T = (S + low + high - dilation (K - 1) - 1) / stride + 1, rounded down.
    C4: one element type.
  }];
  let results = (outs Train_FloatTensor:$y);
  let assemblyFormat = [{
    $x `,` $w `strides` $strides `low` $low `high` $high `dilations` $dilations `groups` $groups
    attr-dict `:` type($x) `,` type($w) `->` type($y)
  }];
}

def Train_ConvInputGradOp : Train_ConvLikeOp<"conv_input_grad",
    (ins Train_FloatTensor:$dy, Train_FloatTensor:$w)> {
  let summary = "gradient of a convolution's input (a transposed convolution)";
  let description = [{
    The result is [N, C, S...]: what `train.conv` with the same attributes took
    as x. Constraints as there.
  }];
  let results = (outs Train_FloatTensor:$dx);
  let assemblyFormat = [{
    $dy `,` $w `strides` $strides `low` $low `high` $high `dilations` $dilations `groups` $groups
    attr-dict `:` type($dy) `,` type($w) `->` type($dx)
  }];
}

def Train_ConvWeightGradOp : Train_ConvLikeOp<"conv_weight_grad",
    (ins Train_FloatTensor:$x, Train_FloatTensor:$dy)> {
  let summary = "gradient of a convolution's weights";
  let description = [{
    The result is [O, C/groups, K...]: what `train.conv` with the same
    attributes took as w. Constraints as there.
  }];
  let results = (outs Train_FloatTensor:$dw);
  let assemblyFormat = [{
    $x `,` $dy `strides` $strides `low` $low `high` $high `dilations` $dilations `groups` $groups
    attr-dict `:` type($x) `,` type($dy) `->` type($dw)
  }];
}

#endif // DSC_TRAIN_LINEAR_TD
