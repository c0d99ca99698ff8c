//===- Passes.td - Passes on train IR -------------------------------------===//
//
// Flag = file stem = DEBUG_TYPE = test stem, with "dsc-" before the flag.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TRANSFORMS_PASSES_TD
#define DSC_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def DecomposePass : Pass<"dsc-decompose"> {
  let summary = "Replace whole ops by ops of the core";
  let description = [{
    Problem: a pass or target may know the core only, and second derivatives of
    whole ops need their parts.

    Method: every op with `DecomposableOpInterface` (or those named by `only`)
    is replaced by its decomposition, until none is left. Purely local; no
    common subexpressions are merged.

    Requires: train IR. Guarantees: none of the chosen ops is left.

    ```mlir
    %y = train.softmax %x 1 : tensor<4x8xf32>
    // becomes reduce_max, sub, exp, reduce_sum, div and two broadcasts
    ```
  }];
  let options = [
    ListOption<"only", "only", "std::string",
               "names of ops to decompose, e.g. train.softmax (default: all)">
  ];
  let statistics = [Statistic<"numDecomposed", "num-decomposed", "whole ops replaced">];
  let dependentDialects = ["::dsc::train::TrainDialect"];
}

def PrintOpInterfacesPass : Pass<"dsc-print-op-interfaces"> {
  let summary = "Print each op's sharding rule, precision, flops and bytes as remarks";
  let description = [{
    Problem: what passes ask of an op is invisible in the IR.

    Method: walks all ops and emits a remark per op that has a sharding rule:
    the factors, the precision class, floating-point operations and least bytes.

    Requires: train IR. Guarantees: the IR is unchanged.
  }];
}

//===----------------------------------------------------------------------===//
// From the model's graph to training programs: docs/TrainPhase.md has the IR
// between these passes.
//===----------------------------------------------------------------------===//

def LossKindOption : Option<"kind", "kind", "::dsc::LossKind",
    "::dsc::LossKind::CrossEntropy", "which loss (default cross-entropy)", [{::llvm::cl::values(
      clEnumValN(::dsc::LossKind::CrossEntropy, "cross-entropy", "class labels, softmax"),
      clEnumValN(::dsc::LossKind::Mse, "mse", "squared difference"),
      clEnumValN(::dsc::LossKind::L1, "l1", "absolute difference"),
      clEnumValN(::dsc::LossKind::BceWithLogits, "bce-with-logits",
                 "binary cross-entropy of sigmoid(output)"))}]>;

def AttachLossPass : Pass<"dsc-attach-loss", "::mlir::ModuleOp"> {
  let summary = "Give the model's graph its loss";
  let description = [{
    Problem: an exported model ends in its outputs; training needs a scalar.

    Method: the loss of the chosen output (its only one, where none is named) is
    computed target by target and summed. An argument `labels` is added unless
    the model has an input of that name: class indices (i64) shaped as the
    output without its class axis, or for the other losses floats shaped as the
    output. Where the model has flattened batch and sequence into one
    dimension, `labels` still has the batch as dimension 0. With `loss-output`
    the model's own scalar is taken and counts as one target. Losses of 16-bit
    outputs are computed in f32.

    Requires: `@forward` with named arguments and results, batch leading.
    Guarantees: two more results, `loss_sum` (sum over the targets that are not
    ignored) and `count` (their number), both tensor<f32>, and the attribute
    `train.loss` that says what the loss is.

    ```mlir
    func.func @forward(%x: ...) -> (tensor<8x10xf32> {train.name = "logits"})
    // becomes
    func.func @forward(%x: ..., %labels: tensor<8xi64> {train.name = "labels"})
        -> (tensor<8x10xf32> {train.name = "logits"}, tensor<f32> {train.name = "loss_sum"},
            tensor<f32> {train.name = "count"})
        attributes {train.loss = {kind = "cross-entropy", output = "logits", class_axis = 1, ...}} {
      %loss, %lse = train.cross_entropy %logits, %labels dim 1 ignore -100 smoothing 0.0 : ...
      %loss_sum = train.reduce_sum %loss [0] : tensor<8xf32> to tensor<f32>
    ```
  }];
  let options = [
    LossKindOption,
    Option<"output", "output", "std::string", "", "the output (default: the model's only one)">,
    Option<"lossOutput", "loss-output", "std::string", "",
           "a scalar output that is the loss itself, a mean over the batch (instead of kind)">,
    Option<"classAxis", "class-axis", "int64_t", "::dsc::kDefaultClassAxis",
           "dimension of the classes, negative from the end (default: last for rank <= 3, else 1)">,
    Option<"ignoreIndex", "ignore-index", "int64_t", "-100", "label of targets that do not count">,
    Option<"labelSmoothing", "label-smoothing", "double", "0.0",
           "share of each label spread over all classes, 0 to 1">
  ];
  let statistics = [Statistic<"numAttached", "num-attached", "losses attached">];
  let dependentDialects = ["::dsc::train::TrainDialect", "::mlir::func::FuncDialect"];
}

def VerifyMicrobatchesPass : Pass<"dsc-verify-microbatches", "::mlir::ModuleOp"> {
  let summary = "Check that the loss of a batch is that of its parts";
  let description = [{
    Problem: several micro-batches compute what the whole batch does only where
    the loss is a sum over rows. A softmax or a sort over the batch, its rows
    minus their mean, or the products of all pairs of rows are something else
    for a part of the batch, and training would be wrong without a sign.

    Method: follows the rows through the sharding rules of the ops
    (dialects/Train/BatchAnalysis.h). Where the loss is not a sum over rows, the
    error names the op, and its node, that the rows meet in. A loss of the
    model's own must be a mean over the batch, since that is how those of the
    micro-batches are joined. Batch norm takes the statistics of a micro-batch,
    as gradient accumulation in PyTorch does.

    Where a micro-batch has one row, nothing in its shapes shows where that is;
    dsc-compile then checks the same model with two rows.

    Requires: `@forward` with its loss attached.
    Guarantees: the IR is unchanged. One micro-batch passes, and so do
    micro-batches of one row.
  }];
  let options = [
    Option<"microbatches", "microbatches", "int64_t", "1", "parts of a batch">
  ];
  let statistics = [Statistic<"numFollowed", "num-followed", "values that hold rows">];
  let dependentDialects = ["::dsc::train::TrainDialect"];
}

def MakeEvaluatePass : Pass<"dsc-make-evaluate", "::mlir::ModuleOp"> {
  let summary = "Make the program that evaluates the model";
  let description = [{
    Problem: evaluation runs the model as it is outside training, and weights
    samples, so it needs the loss of each.

    Method: clones `@forward` as `@evaluate`, replaces every op by what it is in
    evaluation (`EvaluationOpInterface`: dropout disappears, batch norm uses
    running statistics), drops `train.write`, and computes loss and count per
    sample.

    Requires: `@forward` with its loss attached.
    Guarantees: `@evaluate` with the same arguments and the results `loss_sum`
    [B], `count` [B], for class labels `correct` [B] (targets of the sample that
    are predicted and not ignored), then `output.<name>` for every output. With
    a loss of the model's own, `loss_sum` and `count` are scalars. Where they are
    not functions of each sample alone (a softmax over the batch), the attribute
    `train.whole_batches` says which op is the reason. It neither writes nor
    depends on the seed. `@forward` is unchanged.

    ```mlir
    func.func @evaluate(%x: ..., %labels: ...) -> (tensor<8xf32> {train.name = "loss_sum"},
        tensor<8xf32> {train.name = "count"}, tensor<8xf32> {train.name = "correct"},
        tensor<8x10xf32> {train.name = "output.logits"})
    ```
  }];
  let statistics = [Statistic<"numReplaced", "num-replaced", "ops replaced by evaluation forms">];
  let dependentDialects = ["::dsc::train::TrainDialect", "::mlir::func::FuncDialect"];
}

def AutodiffPass : Pass<"dsc-autodiff", "::mlir::ModuleOp"> {
  let summary = "Turn the model's graph into a training step, by reverse mode";
  let description = [{
    Problem: a training step computes the gradient of the loss for every
    parameter.

    Method: reverse mode over the graph. From the last op to the first, an op's
    rule (`DifferentiableOpInterface`) turns the gradients of its results into
    gradients of its operands; those of several uses add up. Only values that
    depend on a parameter and influence the loss get a gradient. An op without a
    rule for the case is replaced by its decomposition, and so on to the core;
    where there is neither, an error names the op and its node. A parameter on
    which the loss does not depend has no gradient, as in PyTorch: it is marked
    `train.no_gradient`, and a warning names it.

    The graph, of the batch size it has, becomes one micro-batch: the body of
    `train.microbatch`. Arguments of `@train` have `microbatches` times as many
    rows. Random numbers of micro-batch m are drawn from element m n on (n: the
    op's elements), so that they do not depend on the split. State that the
    graph writes is carried from micro-batch to micro-batch and written at the
    end of the step.

    With `function=f` a copy `@f_grad` of a plain function returns the gradients
    of the first floating-point result (of the sum of its elements) instead. It
    can be differentiated again.

    Requires: `@forward` with its loss attached (straight-line).
    Guarantees: `train.step @train` in its place. Results: `loss_sum`, `count`,
    `output.<name>` of every output (stacked), and `grad.<parameter>` for every
    parameter not marked so: the gradient of loss_sum, not yet divided by count.

    ```mlir
    train.step @train(%x: tensor<8x4xf32> {train.name = "x"}, %labels: ...)
        -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"},
            tensor<8x10xf32> {train.name = "output.logits"},
            tensor<4x10xf32> {train.name = "grad.w"}) {
      %w = train.read @w : tensor<4x10xf32>
      %r:4 = train.microbatch 2 batch(%x, %labels : ...) sums(...) stacks(...) {
      ^bb0(%m: tensor<i64>, %xm: tensor<4x4xf32>, %lm: tensor<4xi64>):
        ... // forward, then backward
        train.yield sums(%loss_sum, %count, %dw : ...) stacks(%logits : tensor<4x10xf32>)
      }
      train.return ...
    }
    ```
  }];
  let options = [
    Option<"microbatches", "microbatches", "int64_t", "1", "micro-batches of a step, at least 1">,
    Option<"function", "function", "std::string", "",
           "differentiate this function instead of the model">,
    ListOption<"wrt", "wrt", "int64_t",
               "with function: arguments to differentiate by (default: all of float type)">,
    Option<"cutScans", "cut-scans", "bool", "true",
           "let scans save what is made of products where that is no larger than they">,
    Option<"stackSums", "stack-sums", "bool", "true",
           "sum products over a scan's steps by one product behind it">
  ];
  let statistics = [
    Statistic<"numDifferentiated", "num-differentiated", "ops whose derivative rule was applied">,
    Statistic<"numDecomposed", "num-decomposed", "ops decomposed to be differentiated">
  ];
  let dependentDialects = ["::dsc::train::TrainDialect", "::mlir::func::FuncDialect"];
}

def FoldPaddedSumsPass : Pass<"dsc-fold-padded-sums"> {
  let summary = "Concatenate what is padded by zeros and added";
  let description = [{
    Problem: where a tensor is split (queries, keys and values of one product),
    its gradient is a sum of the parts' gradients, each padded by zeros to the
    whole size: several passes over the whole tensor, mostly over zeros.

    Method: the sum of parts that are padded along the same dimension and adjoin
    there, in whichever order they are added, is one part, their concatenation;
    without padding left it is the sum. Only pads and sums that nothing else
    reads are folded. Adding +0 is exact,
    but for the sign of a zero.

    Requires: train IR. Guarantees: no sum of adjoining parts is left.

    ```mlir
    %p = train.pad %v value 0.0 low [0, 4] high [0, 0] interior [0, 0] : tensor<2x4xf32> to tensor<2x8xf32>
    %q = train.pad %k value 0.0 low [0, 0] high [0, 4] interior [0, 0] : tensor<2x4xf32> to tensor<2x8xf32>
    %y = train.add %p, %q : tensor<2x8xf32>
    // becomes
    %y = train.concat 1 %k, %v : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x8xf32>
    ```
  }];
  let statistics = [Statistic<"numFolded", "num-folded", "sums folded into concatenations">];
}

def FoldTransposesPass : Pass<"dsc-fold-transposes"> {
  let summary = "Exchange a product's operands where its result is transposed at once";
  let description = [{
    Problem: the gradient of a weight that is stored [in, out] comes out of its
    rule as a product [out, in] and a transpose, which would move the whole
    weight's size through memory.

    Method: a transpose that only exchanges the dimensions of the two operands
    of the product before it, whose only reader it is, disappears; the operands
    change places.

    Requires: train IR. Guarantees: no such pair is left.

    ```mlir
    %p = train.dot %g, %x batch [] x [] contract [0] x [0] : tensor<8x5xf32>, tensor<8x3xf32> -> tensor<5x3xf32>
    %y = train.transpose %p [1, 0] : tensor<5x3xf32> to tensor<3x5xf32>
    // becomes
    %y = train.dot %x, %g batch [] x [] contract [0] x [0] : tensor<8x3xf32>, tensor<8x5xf32> -> tensor<3x5xf32>
    ```
  }];
  let statistics = [Statistic<"numFolded", "num-folded", "transposes folded into products">];
}

def MakeGradientsPass : Pass<"dsc-make-gradients", "::mlir::ModuleOp"> {
  let summary = "Make the program that shows outputs and gradients";
  let description = [{
    Problem: `--dump-tensors` shows what a step computes before its update.

    Method: a copy of `@train` without its writes, each gradient divided by the
    number of targets. Parameters without a gradient get zeros.

    Requires: `@train` as dsc-autodiff leaves it.
    Guarantees: `train.step @gradients` with results `loss_sum`, `count`,
    `output.<name>`, `grad.<parameter>` (of the mean loss). It writes nothing.
    `@train` is unchanged.

    ```mlir
    train.step @gradients(...) -> (..., tensor<4x10xf32> {train.name = "grad.w"}) {
      %r:4 = train.microbatch ...
      %grad = train.mul %r#2, %reciprocal_count : tensor<4x10xf32>
    ```
  }];
  let statistics = [Statistic<"numAveraged", "num-averaged", "gradients made those of the mean">];
  let dependentDialects = ["::dsc::train::TrainDialect"];
}

def OptimizerKindOption : Option<"kind", "kind", "::dsc::OptimizerKind",
    "::dsc::OptimizerKind::AdamW", "which optimizer (default adamw)", [{::llvm::cl::values(
      clEnumValN(::dsc::OptimizerKind::Sgd, "sgd", "stochastic gradient descent"),
      clEnumValN(::dsc::OptimizerKind::Momentum, "momentum", "with momentum"),
      clEnumValN(::dsc::OptimizerKind::Adam, "adam", "Adam, decay in the gradient"),
      clEnumValN(::dsc::OptimizerKind::AdamW, "adamw", "Adam, decoupled decay"))}]>;

def AddOptimizerPass : Pass<"dsc-add-optimizer", "::mlir::ModuleOp"> {
  let summary = "Clip the gradients and update every parameter";
  let description = [{
    Problem: `@train` returns gradients; a step must apply them.

    Method: behind the micro-batches, one factor for all gradients: 1 / count (0
    where no target counts), with clipping times min(1, clip_norm / (norm +
    1e-6)), norm the global norm of the mean's gradient. Then one fused update
    per parameter. Its state is one variable per slot, zero at first, with
    PyTorch's name: `@"<parameter>.exp_avg"`. Hyperparameters are `train.scalar`
    ops, the weight decay one per parameter.

    Requires: `@train` as dsc-autodiff leaves it.
    Guarantees: `@train` writes every parameter that has a gradient, and every
    slot, once and returns
    `loss_sum`, `count` and, with clipping, `grad_norm`; what nothing uses any
    more (stacked outputs) is gone from the micro-batch.

    ```mlir
    %lr = train.scalar "lr" : tensor<f32>
    %wd = train.scalar "weight_decay" of @w : tensor<f32>
    %m = train.read @w.exp_avg : tensor<4x10xf32>
    %w1, %m1, %v1 = train.adamw %w, %grad, %m, %v scale %scale lr %lr betas %b1, %b2 eps %eps
        decay %wd corrections %c1, %c2 : tensor<4x10xf32>
    train.write @w, %w1 : tensor<4x10xf32>
    ```
  }];
  let options = [
    OptimizerKindOption,
    Option<"clip", "clip", "bool", "true", "clip by the global norm and return it">
  ];
  let statistics = [Statistic<"numUpdates", "num-updates", "parameters updated">];
  let dependentDialects = ["::dsc::train::TrainDialect"];
}

def RaisePass : Pass<"dsc-raise"> {
  let summary = "Recognize whole ops in what exporters decomposed";
  let description = [{
    Problem: exporters write layer norm, gelu, cross-entropy and attention as
    many small ops, which are slower and less stable than the whole op, and
    hide it from everything that asks ops about themselves.

    Method: rewrite patterns, a family a file (`Raise*.cpp`), each of which
    states its algebra: layer norm, gelu (erf and tanh form), log-softmax and
    likelihood of labels, attention with its scales and masks. Constants are
    compared to six digits, since exporters round them. Equal subexpressions
    are merged first. Attention whose probabilities are dropped out, or used
    elsewhere, stays decomposed. Steps of an unrolled loop that each reduce a
    slice of their own (embedding bags) become one reduction. What a loop
    carries and no step changes is an invariant of the loop.

    Requires: train IR. Guarantees: the same values up to rounding.

    ```mlir
    %e = train.erf %h : tensor<4x16xf32>          // h = x / sqrt 2
    %g = train.add %e, %one : tensor<4x16xf32>
    %p = train.mul %x, %g : tensor<4x16xf32>
    %y = train.mul %p, %half : tensor<4x16xf32>
    // becomes
    %y = train.gelu erf %x : tensor<4x16xf32>
    ```
  }];
  let statistics = [Statistic<"numRaised", "num-raised", "whole ops recognized">];
  let dependentDialects = ["::dsc::train::TrainDialect"];
}

def VerifyTrainPass : Pass<"dsc-verify-train", "::mlir::ModuleOp"> {
  let summary = "Check what the autodiff phase promises";
  let description = [{
    Problem: later phases rely on the shape of the programs; a violation should
    be found where it arose.

    Method: checks, each with the message "illegal after autodiff: ...":
    C1: `@train` is a train.step and `@evaluate` a function; `@gradients`, where
    it exists, is a train.step; `@forward` is gone. C2: arguments and results
    have names, each its own; results begin with `loss_sum`, `count`. C3: a step
    has one micro-batch loop. C4: `@train` writes every parameter and slot
    exactly once, state at most once, frozen variables and parameters marked
    `train.no_gradient` never; the other programs write nothing. C5: `@evaluate` holds no op that differs in evaluation.

    Requires: nothing. Guarantees: the IR is unchanged.
  }];
  let statistics = [Statistic<"numPrograms", "num-programs", "programs checked">];
}

#endif // DSC_TRANSFORMS_PASSES_TD
