//===- Optimizer.td - One fused update per parameter ----------------------===//
//
// All scalars are tensor<f32> values, so that the learning rate and the other
// hyperparameters are decided while training. `scale` multiplies the gradient
// first (1 / number of targets, clipping). The formulas are PyTorch's.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TRAIN_OPTIMIZER_TD
#define DSC_TRAIN_OPTIMIZER_TD

include "TrainBase.td"

class Train_OptimizerOp<string mnemonic, list<string> tensors>
    : Train_TensorOp<mnemonic, [Train_Decompose, Train_Precision, AllTypesMatch<tensors>]> {
  let extraClassDefinition = !strconcat(NeedsF32Def, ElementwiseShardingDef, OneFlopDef);
}

def Train_SgdOp : Train_OptimizerOp<"sgd", ["param", "grad", "newParam"]> {
  let summary = "stochastic gradient descent";
  let description = "g = scale grad + decay param; param' = param - lr g.";
  let arguments = (ins Train_FloatTensor:$param, Train_FloatTensor:$grad, Train_ScalarF32:$scale,
                       Train_ScalarF32:$lr, Train_ScalarF32:$decay);
  let results = (outs Train_FloatTensor:$newParam);
  let assemblyFormat = [{
    $param `,` $grad `scale` $scale `lr` $lr `decay` $decay attr-dict `:` type($param)
  }];
}

def Train_MomentumOp : Train_OptimizerOp<"momentum",
    ["param", "grad", "buffer", "newParam", "newBuffer"]> {
  let summary = "stochastic gradient descent with momentum";
  let description = [{
    g = scale grad + decay param; buffer' = momentum buffer + g, at the first
    update (`first` is 1, else 0) buffer' = g; param' = param - lr buffer'.
  }];
  let arguments = (ins Train_FloatTensor:$param, Train_FloatTensor:$grad,
                       Train_FloatTensor:$buffer, Train_ScalarF32:$scale, Train_ScalarF32:$lr,
                       Train_ScalarF32:$momentum, Train_ScalarF32:$decay, Train_ScalarF32:$first);
  let results = (outs Train_FloatTensor:$newParam, Train_FloatTensor:$newBuffer);
  let assemblyFormat = [{
    $param `,` $grad `,` $buffer `scale` $scale `lr` $lr `momentum` $momentum `decay` $decay
    `first` $first attr-dict `:` type($param)
  }];
}

class Train_AdamLikeOp<string mnemonic>
    : Train_OptimizerOp<mnemonic, ["param", "grad", "m", "v", "newParam", "newM", "newV"]> {
  let arguments = (ins Train_FloatTensor:$param, Train_FloatTensor:$grad, Train_FloatTensor:$m,
                       Train_FloatTensor:$v, Train_ScalarF32:$scale, Train_ScalarF32:$lr,
                       Train_ScalarF32:$beta1, Train_ScalarF32:$beta2, Train_ScalarF32:$eps,
                       Train_ScalarF32:$decay, Train_ScalarF32:$correction1,
                       Train_ScalarF32:$correction2);
  let results = (outs Train_FloatTensor:$newParam, Train_FloatTensor:$newM,
                      Train_FloatTensor:$newV);
  let assemblyFormat = [{
    $param `,` $grad `,` $m `,` $v `scale` $scale `lr` $lr `betas` $beta1 `,` $beta2 `eps` $eps
    `decay` $decay `corrections` $correction1 `,` $correction2 attr-dict `:` type($param)
  }];
}

def Train_AdamOp : Train_AdamLikeOp<"adam"> {
  let summary = "Adam, weight decay added to the gradient";
  let description = [{
    g = scale grad + decay param; m' = beta1 m + (1 - beta1) g;
    v' = beta2 v + (1 - beta2) g^2;
    param' = param - lr / correction1 * m' / (sqrt(v') / sqrt(correction2) + eps),
    correction_i = 1 - beta_i^t (Kingma and Ba, 2015).
  }];
}

def Train_AdamWOp : Train_AdamLikeOp<"adamw"> {
  let summary = "Adam with decoupled weight decay";
  let description = [{
    As `train.adam` with g = scale grad, after param is first multiplied by
    1 - lr decay (Loshchilov and Hutter, 2019).
  }];
}

def Train_GlobalNormOp : Train_Op<"global_norm", [Pure, Train_Flops, Train_Sharding,
                                                  Train_Precision, Train_Decompose]> {
  let summary = "the Euclidean norm of all tensors together";
  let arguments = (ins Variadic<Train_FloatTensor>:$inputs);
  let results = (outs Train_ScalarF32:$norm);
  let assemblyFormat = "$inputs attr-dict `:` type($inputs)";
  let extraClassDefinition = NeedsF32Def;
}

#endif // DSC_TRAIN_OPTIMIZER_TD
