//===- Attention.td - Scaled dot-product attention ------------------------===//
#ifndef DSC_TRAIN_ATTENTION_TD
#define DSC_TRAIN_ATTENTION_TD

include "TrainBase.td"

def Train_AttentionOp : Train_TensorOp<"attention",
    [Train_Precision, Train_Decompose, Train_Vjp]> {
  let summary = "softmax(scale q k^T + mask) v, per batch entry and head";
  let description = [{
    q is [B, H, T, D], k [B, H, S, D], v [B, H, S, E]; the result is
    [B, H, T, E]. `causal`: query t sees the keys s <= t + S - T. The optional
    mask is added to the scaled scores and has shape [B or 1, H or 1, T or 1, S];
    -inf hides a key. A row that sees no key gives zeros. `lse` [B, H, T] is the
    logarithm of the softmax's denominator (with the maximum in it) and exists
    for the backward pass.

    C1: the shapes agree as said. C2: q, k, v, mask and result have one element type.
  }];
  let arguments = (ins Train_FloatTensor:$q, Train_FloatTensor:$k, Train_FloatTensor:$v,
                       Optional<Train_FloatTensor>:$mask, F64Attr:$scale, BoolAttr:$causal);
  let results = (outs Train_FloatTensor:$y, Train_FloatTensor:$lse);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`mask` $mask^ `:` type($mask))? `scale` $scale `causal` $causal attr-dict
    `:` type($q) `,` type($k) `,` type($v) `->` type($y) `,` type($lse)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$q, "::mlir::Value":$k, "::mlir::Value":$v,
                                 "::mlir::Value":$mask, "double":$scale, "bool":$causal)>];
  let hasVerifier = 1;
  let extraClassDefinition = ComputesLowDef;
}

def Train_AttentionGradOp : Train_TensorOp<"attention_grad", [Train_Precision, Train_Decompose,
    AllTypesMatch<["q", "dq"]>, AllTypesMatch<["k", "dk"]>, AllTypesMatch<["v", "dv"]>,
    AllTypesMatch<["dy", "y"]>]> {
  let summary = "gradients of attention's q, k and v";
  let description = [{
    Recomputes the probabilities from q, k and lse (Dao et al., FlashAttention,
    2022, algorithm 4). The mask gets no gradient here; where one is needed,
    attention is decomposed.

    C1, C2 as for `train.attention`.
  }];
  let arguments = (ins Train_FloatTensor:$dy, Train_FloatTensor:$q, Train_FloatTensor:$k,
                       Train_FloatTensor:$v, Train_FloatTensor:$y, Train_FloatTensor:$lse,
                       Optional<Train_FloatTensor>:$mask, F64Attr:$scale, BoolAttr:$causal);
  let results = (outs Train_FloatTensor:$dq, Train_FloatTensor:$dk, Train_FloatTensor:$dv);
  let assemblyFormat = [{
    $dy `,` $q `,` $k `,` $v `,` $y `,` $lse (`mask` $mask^ `:` type($mask))?
    `scale` $scale `causal` $causal attr-dict
    `:` type($q) `,` type($k) `,` type($v) `,` type($dy) `,` type($lse)
  }];
  let hasVerifier = 1;
  let extraClassDefinition = ComputesLowDef;
}

#endif // DSC_TRAIN_ATTENTION_TD
