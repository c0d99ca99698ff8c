//===- Loss.td - Losses that are more stable or faster whole --------------===//
#ifndef DSC_TRAIN_LOSS_TD
#define DSC_TRAIN_LOSS_TD

include "TrainBase.td"

class Train_LossOp<string mnemonic, list<Trait> traits = []>
    : Train_TensorOp<mnemonic, !listconcat([Train_Precision, Train_Decompose], traits)> {
  let extraClassDefinition = NeedsF32Def;
  let hasVerifier = 1;
}

def Train_CrossEntropyOp : Train_LossOp<"cross_entropy", [Train_Vjp, AllTypesMatch<["loss", "lse"]>]> {
  let summary = "negative log-likelihood of class labels under softmax(logits)";
  let description = [{
    Per target: (1 - e) (lse - logits[label]) + e mean_c (lse - logits[c]) with
    label smoothing e, and 0 where the label is `ignoreIndex`. `lse` is the log
    of sum exp(logits) along `dim` and exists for the backward pass. The
    probabilities are not stored.

    C1: 0 <= dim < rank of logits.
    C2: labels, loss and lse have the logits' shape without `dim`.

    ```mlir
    %loss, %lse = train.cross_entropy %logits, %labels dim 1 ignore -100 smoothing 0.0
        : tensor<8x10xf32>, tensor<8xi64> -> tensor<8xf32>
    ```
  }];
  let arguments = (ins Train_FloatTensor:$logits, Train_IndexTensor:$labels, I64Attr:$dim,
                       I64Attr:$ignoreIndex, F64Attr:$smoothing);
  let results = (outs Train_FloatTensor:$loss, Train_FloatTensor:$lse);
  let assemblyFormat = [{
    $logits `,` $labels `dim` $dim `ignore` $ignoreIndex `smoothing` $smoothing attr-dict
    `:` type($logits) `,` type($labels) `->` type($loss)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$logits, "::mlir::Value":$labels, "int64_t":$dim,
                                 "int64_t":$ignoreIndex, "double":$smoothing)>];
}

def Train_CrossEntropyGradOp : Train_LossOp<"cross_entropy_grad",
    [AllTypesMatch<["g", "lse"]>, AllTypesMatch<["logits", "dlogits"]>]> {
  let summary = "gradient of cross_entropy's logits";
  let description = [{
    g (exp(logits - lse) - (1 - e) onehot(label) - e / C), 0 for ignored targets.

    C1, C2 as for `train.cross_entropy` with g as its loss.
  }];
  let arguments = (ins Train_FloatTensor:$g, Train_FloatTensor:$logits, Train_IndexTensor:$labels,
                       Train_FloatTensor:$lse, I64Attr:$dim, I64Attr:$ignoreIndex,
                       F64Attr:$smoothing);
  let results = (outs Train_FloatTensor:$dlogits);
  let assemblyFormat = [{
    $g `,` $logits `,` $labels `,` $lse `dim` $dim `ignore` $ignoreIndex `smoothing` $smoothing
    attr-dict `:` type($g) `,` type($logits) `,` type($labels)
  }];
}

#endif // DSC_TRAIN_LOSS_TD
