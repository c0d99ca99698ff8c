//===- Pool.td - Pooling over windows of [N, C, S...] ---------------------===//
#ifndef DSC_TRAIN_POOL_TD
#define DSC_TRAIN_POOL_TD

include "Linear.td"

class Train_PoolLikeOp<string mnemonic, dag tensors, dag more = (ins)>
    : Train_TensorOp<mnemonic, [Train_Vjp, Train_ChannelBlocks]> {
  let arguments = !con(tensors, Train_Window<(ins DenseI64ArrayAttr:$window)>.attrs, more);
  let hasVerifier = 1;
}

def Train_MaxPoolOp : Train_PoolLikeOp<"max_pool", (ins Train_FloatTensor:$x)> {
  let summary = "largest element of each window, and where it stands";
  let description = [{
    `index` is the winner's row-major position within the spatial dimensions of
    its plane, the first of equals; padding never wins. The gradient goes to the
    winner.

    C1: window attributes have one entry per spatial dimension; window, strides
        and dilations are positive; no window lies wholly inside the padding.
    C2: the results' sizes follow from them as for `train.conv` (an exporter's
        ceil mode is expressed by a larger `high`); x and y have one element type.
  }];
  let results = (outs Train_FloatTensor:$y, TensorOf<[I32]>:$index);
  let assemblyFormat = [{
    $x `window` $window `strides` $strides `low` $low `high` $high `dilations` $dilations
    attr-dict `:` type($x) `->` type($y) `,` type($index)
  }];
}

def Train_AvgPoolOp : Train_PoolLikeOp<"avg_pool", (ins Train_FloatTensor:$x),
                                       (ins BoolAttr:$countPadding)> {
  let summary = "mean of each window";
  let description = [{
    The divisor is the number of elements inside the tensor, with
    `countPadding` that of the whole window. Constraints as for `train.max_pool`.
  }];
  let results = (outs Train_FloatTensor:$y);
  let assemblyFormat = [{
    $x `window` $window `strides` $strides `low` $low `high` $high `dilations` $dilations
    `count_padding` $countPadding attr-dict `:` type($x) `->` type($y)
  }];
}

def Train_AvgPoolGradOp : Train_PoolLikeOp<"avg_pool_grad", (ins Train_FloatTensor:$dy),
                                           (ins BoolAttr:$countPadding)> {
  let summary = "gradient of avg_pool's input; the result is shaped as that input";
  let results = (outs Train_FloatTensor:$dx);
  let assemblyFormat = [{
    $dy `window` $window `strides` $strides `low` $low `high` $high `dilations` $dilations
    `count_padding` $countPadding attr-dict `:` type($dy) `->` type($dx)
  }];
}

#endif // DSC_TRAIN_POOL_TD
