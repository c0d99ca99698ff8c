//===- Norm.td - Softmax and normalizations -------------------------------===//
#ifndef DSC_TRAIN_NORM_TD
#define DSC_TRAIN_NORM_TD

include "TrainBase.td"

class Train_NormOp<string mnemonic, list<Trait> traits = []>
    : Train_TensorOp<mnemonic, !listconcat([Train_Precision, Train_Decompose], traits)> {
  let extraClassDefinition = NeedsF32Def;
  let hasVerifier = 1;
}

class Train_SoftmaxLikeOp<string mnemonic, string meaning>
    : Train_NormOp<mnemonic, [SameOperandsAndResultType, Train_Vjp]> {
  let summary = meaning;
  let description = "C1: 0 <= dim < rank.";
  let arguments = (ins Train_FloatTensor:$x, I64Attr:$dim);
  let results = (outs Train_FloatTensor:$y);
  let assemblyFormat = "$x $dim attr-dict `:` type($x)";
}
def Train_SoftmaxOp : Train_SoftmaxLikeOp<"softmax", "exp(x) / sum exp(x) along a dimension">;
def Train_LogSoftmaxOp : Train_SoftmaxLikeOp<"log_softmax", "x - log sum exp(x) along a dimension">;

def Train_LayerNormOp : Train_NormOp<"layer_norm", [Train_Vjp, AllTypesMatch<["x", "y"]>,
    AllTypesMatch<["scale", "bias"]>, AllTypesMatch<["mean", "rstd"]>]> {
  let summary = "normalization over the last dimensions, then scale and bias";
  let description = [{
    y = (x - mean) rstd scale + bias, mean and rstd = 1/sqrt(var + epsilon) over
    dimensions axis ... rank-1 (population variance). `mean` and `rstd` exist for
    the backward pass; their shape is x's first `axis` dimensions.

    C1: 0 <= axis < rank.
    C2: scale and bias have x's dimensions from `axis` on.
    C3: mean and rstd have x's dimensions before `axis`.
  }];
  let arguments = (ins Train_FloatTensor:$x, Train_FloatTensor:$scale, Train_FloatTensor:$bias,
                       I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs Train_FloatTensor:$y, Train_FloatTensor:$mean, Train_FloatTensor:$rstd);
  let assemblyFormat = [{
    $x `,` $scale `,` $bias `axis` $axis `epsilon` $epsilon attr-dict
    `:` type($x) `,` type($scale) `->` type($y) `,` type($mean)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::mlir::Value":$scale, "::mlir::Value":$bias,
                                 "int64_t":$axis, "double":$epsilon)>];
}

def Train_LayerNormGradOp : Train_NormOp<"layer_norm_grad", [AllTypesMatch<["x", "dy", "dx"]>,
    AllTypesMatch<["scale", "dscale", "dbias"]>, AllTypesMatch<["mean", "rstd"]>]> {
  let summary = "gradients of layer_norm's operands";
  let description = "Operands as there; the results are shaped as x, scale and bias.";
  let arguments = (ins Train_FloatTensor:$dy, Train_FloatTensor:$x, Train_FloatTensor:$scale,
                       Train_FloatTensor:$mean, Train_FloatTensor:$rstd, I64Attr:$axis);
  let results = (outs Train_FloatTensor:$dx, Train_FloatTensor:$dscale, Train_FloatTensor:$dbias);
  let assemblyFormat = [{
    $dy `,` $x `,` $scale `,` $mean `,` $rstd `axis` $axis attr-dict
    `:` type($x) `,` type($scale) `,` type($mean)
  }];
}

def Train_BatchNormOp : Train_NormOp<"batch_norm", [Train_Vjp, Train_Evaluation,
    AllTypesMatch<["x", "y"]>, AllTypesMatch<["scale", "bias", "runningMean", "runningVar",
                                              "newRunningMean", "newRunningVar", "mean", "rstd"]>]> {
  let summary = "normalization per channel by the statistics of the batch";
  let description = [{
    x is [N, C, S...]; y = (x - mean) rstd scale + bias per channel, by the
    population variance over N and S. The running statistics are
    (1 - momentum) running + momentum new, with the unbiased variance, as
    PyTorch's; in evaluation they replace the batch's. `mean` and `rstd` exist
    for the backward pass. With `local` the batch whose statistics these are is
    the part of it that a rank holds (with one rank: all of it).

    C1: rank >= 2. C2: the other operands have shape [C].
  }];
  let arguments = (ins Train_FloatTensor:$x, Train_FloatTensor:$scale, Train_FloatTensor:$bias,
                       Train_FloatTensor:$runningMean, Train_FloatTensor:$runningVar,
                       F64Attr:$epsilon, F64Attr:$momentum, UnitAttr:$local);
  let results = (outs Train_FloatTensor:$y, Train_FloatTensor:$newRunningMean,
                      Train_FloatTensor:$newRunningVar, Train_FloatTensor:$mean,
                      Train_FloatTensor:$rstd);
  let assemblyFormat = [{
    $x `,` $scale `,` $bias `,` $runningMean `,` $runningVar `epsilon` $epsilon `momentum` $momentum
    (`local` $local^)? attr-dict `:` type($x) `,` type($scale)
  }];
}

def Train_BatchNormGradOp : Train_NormOp<"batch_norm_grad", [AllTypesMatch<["x", "dy", "dx"]>,
    AllTypesMatch<["scale", "mean", "rstd", "dscale", "dbias"]>]> {
  let summary = "gradients of batch_norm's x, scale and bias";
  let arguments = (ins Train_FloatTensor:$dy, Train_FloatTensor:$x, Train_FloatTensor:$scale,
                       Train_FloatTensor:$mean, Train_FloatTensor:$rstd, UnitAttr:$local);
  let results = (outs Train_FloatTensor:$dx, Train_FloatTensor:$dscale, Train_FloatTensor:$dbias);
  let assemblyFormat = [{
    $dy `,` $x `,` $scale `,` $mean `,` $rstd (`local` $local^)? attr-dict
    `:` type($x) `,` type($scale)
  }];
}

#endif // DSC_TRAIN_NORM_TD
