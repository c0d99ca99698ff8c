//===- Passes.td - From train IR to exec IR -------------------------------===//
#ifndef DSC_LOWERING_PASSES_TD
#define DSC_LOWERING_PASSES_TD

include "mlir/Pass/PassBase.td"

def BlockChannelsPass : Pass<"dsc-block-channels", "::mlir::ModuleOp"> {
  let summary = "Keep the channels of convolutions in blocks from one to the next";
  let description = [{
    Problem: a library's convolutions want the channels that fill a vector side by side,
    [N, C/b, S..., b] instead of [N, C, S...]; reordering the operands of each takes time.

    Method: what a convolution computes is put into blocks at once, by a reshape and a
    transpose, and everything else reads it back through their inverses (ChannelBlocks.h).
    Elementwise ops, and those with `ChannelBlocksOpInterface`, that read such a value are
    rebuilt on the blocks, so that the inverse moves behind them; whole ops without a routine
    are decomposed for that. What is left of the pairs stands around convolutions, which
    `dsc-lower-to-exec` lets read and write the blocks themselves, and where something else
    reads plain tensors: there it is a copy.

    A convolution is left alone where blocks would be mostly padding (few channels), or would
    cross its groups.

    Requires: a module that passed `dsc-verify-train`, and that nothing folds the pairs
    before `dsc-lower-to-exec`. Guarantees: such a module, whose programs take and return
    what they did.
  }];
  let options = [Option<"block", "block", "int64_t", "8", "channels side by side; 1: none">];
  let statistics = [
    Statistic<"numBlocked", "num-blocked", "convolutions that write blocks">,
    Statistic<"numMoved", "num-moved", "ops rebuilt on blocks">
  ];
}

def LowerToExecPass : Pass<"dsc-lower-to-exec", "::mlir::ModuleOp"> {
  let summary = "Turn training programs into loop nests and library calls";
  let description = [{
    Problem: train ops say what is computed; a rank runs kernels and routines.

    Method: whole ops without a routine are decomposed. Elementwise ops and
    reductions become `linalg.generic`; broadcasts, transposes that keep the
    last dimension, slices and reshapes vanish into the indexing maps of their
    users. Products, convolutions, pooling, attention and indexing become
    `exec.call`s, whose strides take in the transposes and slices around them,
    and whose epilogues (bias, relu, and gelu where its gradient is not needed) take
    in what follows. The gradients of
    queries, keys and values that a concatenation joins again are written as its
    parts, without copies. Convolutions read and write channels in blocks where
    `dsc-block-channels` put them and the target's do. A product or a scattered sum that is added to a tensor that
    nothing else reads (the sum over the micro-batches so far; another product; for
    an embedding the gradient of a head with the same weights) is added where that
    lies. A single micro-batch is inlined, several become
    `exec.repeat` with the accumulators carried. Scans become `exec.loop`, and what
    depends on no iteration is computed before it; those of few steps are lowered
    step by step. Some whole ops have a routine on some targets only (the
    gradients' norm); there they are calls.

    Requires: a module that passed `dsc-verify-train`. Guarantees: exec and
    linalg ops only; no op of the train dialect is left.
  }];
  let options = [Option<"joinParts", "join-parts", "bool", "true",
                        "let calls write the parts of a concatenation">,
                 Option<"accumulate", "accumulate", "bool", "true",
                        "let products and scatters add to a tensor where it lies">,
                 Option<"epilogues", "epilogues", "bool", "true",
                        "let products and convolutions take in bias and activation">,
                 Option<"ownKernels", "own-kernels", "bool", "true",
                        "let the target replace its library where its own kernels are faster">,
                 Option<"hoistInvariants", "hoist-invariants", "bool", "true",
                        "compute what depends on no iteration before its loop">,
                 Option<"unroll", "unroll", "int64_t", "4",
                        "most steps of scans that are lowered step by step">];
  let statistics = [
    Statistic<"numGenerics", "num-generics", "loop nests before fusion">,
    Statistic<"numCalls", "num-calls", "library calls">,
    Statistic<"numEpilogues", "num-epilogues", "ops taken into a call's epilogue">,
    Statistic<"numJoined", "num-joined", "results written as parts of a concatenation">,
    Statistic<"numAccumulated", "num-accumulated", "results added to a tensor where it lies">
  ];
  let dependentDialects = ["::dsc::exec::ExecDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FuseKernelsPass : Pass<"dsc-fuse-kernels", "::mlir::ModuleOp"> {
  let summary = "Gather loop nests into kernels";
  let description = [{
    Problem: one kernel per op would move every intermediate through memory.

    Method: loop nests join, in program order, the group of a producer (or of a
    nest that reads the same tensor) when the group keeps one iteration domain:
    parallel dimensions P, then optionally reduced dimensions Q (the target's
    kernel contract), every value inside is read where it was made, and no
    outside user of the group stands before the newcomer. Cheap elementwise
    producers with several users are repeated in each instead of stored. Groups
    become `exec.kernel` + `exec.launch`; equal kernels become one.

    Requires: exec programs with linalg. Guarantees: linalg in kernels only.
  }];
  let options = [Option<"fuse", "fuse", "bool", "true",
                        "gather nests (false: one kernel per nest)">];
  let statistics = [
    Statistic<"numFused", "num-fused", "loop nests that joined another's kernel">,
    Statistic<"numKernels", "num-kernels", "distinct kernels">,
    Statistic<"numLaunches", "num-launches", "kernel launches">
  ];
  let dependentDialects = ["::dsc::exec::ExecDialect", "::mlir::affine::AffineDialect"];
}

def HoistUpdatesPass : Pass<"dsc-hoist-updates", "::mlir::ModuleOp"> {
  let summary = "Update a variable as soon as its gradient is there";
  let description = [{
    Problem: updates stand at the end of a step, so that every gradient lives
    until then, and has left the caches when its update reads it.

    Method: a launch that makes a variable's new value moves up behind the last
    of its operands and behind the last reader of the old value, which it can
    then overwrite in place. Numbers that it needs (corrections, the scale of a
    mean) move with it. Gradients that are clipped by their global norm stay
    until the last is known, but the sum of each one's squares moves up to it.

    Requires: kernels and calls only, buffers not placed. Guarantees: programs
    compute the same; only their order has changed.
  }];
  let options = [Option<"hoist", "hoist", "bool", "true", "move updates up">];
  let statistics = [Statistic<"numHoisted", "num-hoisted", "updates that moved up">];
  let dependentDialects = ["::dsc::exec::ExecDialect"];
}

def BatchLaunchesPass : Pass<"dsc-batch-launches", "::mlir::ModuleOp"> {
  let summary = "Gather launches that do the same to tensors of different sizes";
  let description = [{
    Problem: the update of every parameter, and the sums over rows that make the
    gradients of biases, are small launches of which a model has hundreds.

    Method: launches whose kernels have the same signature (the target says so:
    the same code, whatever the sizes) and that need nothing of each other wait
    for the last of them and become one batch, which a target may run as one
    launch. A launch waits no longer than to the first use of its results, to
    where a variable or buffer that it reads is overwritten, and, where a large
    operand would live longer for it, for `patience` launches and calls that take
    memory for large results. Without a target, or where it has no signatures,
    nothing changes.

    Requires: kernels and calls only, buffers not placed. Guarantees: programs
    compute the same bits; only their order has changed, and members of a batch
    stand behind each other and do not depend on each other.
  }];
  let options = [Option<"batch", "batch", "bool", "true", "gather launches">,
                 Option<"patience", "patience", "int64_t", "12",
                        "large results that a large operand may live longer for">];
  let statistics = [Statistic<"numBatches", "num-batches", "batches">,
                    Statistic<"numBatched", "num-batched", "launches that are of a batch">];
  let dependentDialects = ["::dsc::exec::ExecDialect"];
}

def PlaceBuffersPass : Pass<"dsc-place-buffers", "::mlir::ModuleOp"> {
  let summary = "Give every value its place in the arena";
  let description = [{
    Problem: a step must run in as little memory as its live values need.

    Method: variables and scalars get fixed places. The results of launches and
    calls get intervals of the program's order; a result takes over an operand's
    buffer where the target says a kernel may work in place and nothing reads
    the operand later; a value that a variable holds after the step is computed
    into the variable's own buffer where no one reads the old value later, and
    copied at the end elsewhere. The rows that a loop puts out are computed into
    its output; so is a carried value that is an output, too, which the next
    iteration reads there. The rest is packed first-fit, largest first.

    Where a constant whose elements are equal would be copied, its buffer is
    filled; so are buffers for routines that read such a constant, if it is
    larger than a cache line. The sums of micro-batches begin so.

    Requires: kernels and calls only. Guarantees: every result has an offset;
    two values live at the same time never overlap; no large constant has equal
    elements.
  }];
  let options = [Option<"inPlace", "in-place", "bool", "true",
                        "let results take over operands' buffers">];
  let statistics = [
    Statistic<"numInPlace", "num-in-place", "results in an operand's buffer">,
    Statistic<"numCopies", "num-copies", "copies into variables">
  ];
  let dependentDialects = ["::dsc::exec::ExecDialect"];
}

def VerifyExecPass : Pass<"dsc-verify-exec", "::mlir::ModuleOp"> {
  let summary = "Check what ends the exec phase";
  let description = [{
    Problem: emission trusts exec IR.

    Method: programs consist of exec ops, every result of a launch or call has
    an aligned place within the arena (rows of loops begin anywhere in theirs),
    launches of a batch stand together and write nothing that another of them
    uses, the target accepts every kernel, and no constant larger than a cache
    line has equal elements, which would be filled in.
    Messages begin with "illegal after exec".

    Requires: placed exec programs. Guarantees: the IR is unchanged.
  }];
}

#endif // DSC_LOWERING_PASSES_TD
