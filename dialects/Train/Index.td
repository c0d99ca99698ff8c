//===- Index.td - Gathering and scattering by integer tensors -------------===//
//
// Each gather stands beside its transpose; they are each other's derivative.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TRAIN_INDEX_TD
#define DSC_TRAIN_INDEX_TD

include "TrainBase.td"

class Train_IndexingOp<string mnemonic> : Train_TensorOp<mnemonic, [Train_Vjp]> {
  let hasVerifier = 1;
}

def Train_TakeOp : Train_IndexingOp<"take"> {
  let summary = "slices of x along an axis, chosen by index (an embedding look-up)";
  let description = [{
    y[a..., i..., b...] = x[a..., indices[i...], b...] with `axis` dimensions
    before. An index outside [0, size) is an error when the program runs.

    C1: 0 <= axis < rank of x.
    C2: the result's shape is x's with dimension `axis` replaced by indices' shape.
    C3: the element types are the same.

    ```mlir
    %y = train.take %table, %tokens axis 0
        : tensor<256x32xf32>, tensor<4x8xi64> -> tensor<4x8x32xf32>
    ```
  }];
  let extraClassDeclaration = "int64_t getBytes();"; // of CostOpInterface
  let arguments = (ins Train_Tensor:$x, Train_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs Train_Tensor:$y);
  let assemblyFormat = [{
    $x `,` $indices `axis` $axis attr-dict `:` type($x) `,` type($indices) `->` type($y)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::mlir::Value":$indices, "int64_t":$axis)>];
}

def Train_ScatterAddOp : Train_IndexingOp<"scatter_add"> {
  let summary = "the transpose of take: adds slices into zeros";
  let description = [{
    x[a..., indices[i...], b...] += updates[a..., i..., b...], from zero; equal
    indices add up in ascending order of i.

    C1, C2, C3 as for `train.take` with updates as its result.
  }];
  let arguments = (ins Train_Tensor:$updates, Train_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs Train_Tensor:$x);
  let assemblyFormat = [{
    $updates `,` $indices `axis` $axis attr-dict `:` type($updates) `,` type($indices) `->` type($x)
  }];
}

def Train_TakeAlongOp : Train_IndexingOp<"take_along"> {
  let summary = "one element of x per index, along an axis (ONNX GatherElements)";
  let description = [{
    y[..., i, ...] = x[..., indices[..., i, ...], ...].

    C1: x and indices have one rank; 0 <= axis < rank.
    C2: sizes agree but along `axis`; the result has indices' shape.
    C3: the element types are the same.
  }];
  let extraClassDeclaration = "int64_t getBytes();"; // of CostOpInterface
  let arguments = (ins Train_Tensor:$x, Train_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs Train_Tensor:$y);
  let assemblyFormat = [{
    $x `,` $indices `axis` $axis attr-dict `:` type($x) `,` type($indices) `->` type($y)
  }];
}

def Train_ScatterAddAlongOp : Train_IndexingOp<"scatter_add_along"> {
  let summary = "the transpose of take_along: adds elements into zeros";
  let description = "C1, C2, C3 as for `train.take_along` with updates as its result.";
  let arguments = (ins Train_Tensor:$updates, Train_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs Train_Tensor:$x);
  let assemblyFormat = [{
    $updates `,` $indices `axis` $axis attr-dict `:` type($updates) `,` type($indices) `->` type($x)
  }];
}

#endif // DSC_TRAIN_INDEX_TD
