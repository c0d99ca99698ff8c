//===- Reduce.td - Fewer result elements than operand elements ------------===//
#ifndef DSC_TRAIN_REDUCE_TD
#define DSC_TRAIN_REDUCE_TD

include "TrainBase.td"

class Train_ReduceOp<string mnemonic, string meaning, list<Trait> traits = []>
    : Train_TensorOp<mnemonic, !listconcat([Train_Vjp, Train_ChannelBlocks], traits)> {
  let summary = meaning;
  let description = [{
    The reduced dimensions disappear. Over no elements the result is the
    neutral element.

    C1: `dims` is ascending, without repetition, within x's rank.
    C2: the result has x's shape without `dims`, and its element type.
  }];
  let arguments = (ins Train_Tensor:$x, DenseI64ArrayAttr:$dims);
  let results = (outs Train_Tensor:$y);
  let assemblyFormat = "$x $dims attr-dict `:` type($x) `to` type($y)";
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::llvm::ArrayRef<int64_t>":$dims)>];
  let hasVerifier = 1;
}

def Train_ReduceSumOp : Train_ReduceOp<"reduce_sum", "sum over dimensions", [Train_Linear]>;
def Train_ReduceMaxOp : Train_ReduceOp<"reduce_max",
    "largest over dimensions; ties share the gradient evenly, as PyTorch's amax">;
def Train_ReduceMinOp : Train_ReduceOp<"reduce_min",
    "smallest over dimensions; ties share the gradient evenly, as PyTorch's amin">;

def Train_ArgMaxOp : Train_TensorOp<"argmax"> {
  let summary = "index of the largest element along a dimension, the first of several";
  let description = [{
    C1: 0 <= dim < rank. C2: the result has x's shape without `dim`.
    No derivative: the result is an integer.
  }];
  let arguments = (ins Train_Tensor:$x, I64Attr:$dim);
  let results = (outs Train_IndexTensor:$y);
  let assemblyFormat = "$x $dim attr-dict `:` type($x) `to` type($y)";
  let hasVerifier = 1;
}

#endif // DSC_TRAIN_REDUCE_TD
