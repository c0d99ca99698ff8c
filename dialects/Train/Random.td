//===- Random.td - Counter-based random numbers and dropout ---------------===//
#ifndef DSC_TRAIN_RANDOM_TD
#define DSC_TRAIN_RANDOM_TD

include "TrainBase.td"

def Train_UniformOp : Train_TensorOp<"uniform"> {
  let summary = "uniform random numbers in [0, 1), a pure function of counters";
  let description = [{
    Element i is drawn by Philox4x32-10 (Salmon et al., SC 2011) with key =
    (low and high 32 bits of seed) and counter = (low and high 32 bits of
    (offset + i) / 4, step's low 32 bits, `stream`), word (offset + i) mod 4; the
    upper 24 bits of the word times 2^-24. So a value depends on seed, step,
    stream (the node) and the element's place in the logical global tensor, and
    on nothing else. All operands are scalars (tensor<i64>).

    A part of the tensor is drawn by adding its first element's place to
    `offset`; so only a split along the outermost dimension is one.
  }];
  let arguments = (ins Train_ScalarI64:$seed, Train_ScalarI64:$step, Train_ScalarI64:$offset,
                       I64Attr:$stream);
  let results = (outs Train_FloatTensor:$y);
  let assemblyFormat = "$seed `,` $step `,` $offset `stream` $stream attr-dict `:` type($y)";
  let extraClassDefinition = [{
    // Ten rounds of two 32-bit multiplications serve four elements.
    int64_t $cppClass::getFlops() { return 10 * ::dsc::train::countResultElements(getOperation()); }
  }];
}

def Train_DropoutOp : Train_TensorOp<"dropout", [AllTypesMatch<["x", "y"]>, Train_Vjp, Train_Decompose, Train_Evaluation]> {
  let summary = "zeroes elements at random and scales the rest by 1 / (1 - ratio)";
  let description = [{
    An element is kept where `train.uniform` of the same operands and stream is
    >= ratio. Linear in x, so its vector-Jacobian product is the same op on the
    gradient; no mask is stored.

    C1: 0 <= ratio < 1.
  }];
  let arguments = (ins Train_FloatTensor:$x, Train_ScalarI64:$seed, Train_ScalarI64:$step,
                       Train_ScalarI64:$offset, F64Attr:$ratio, I64Attr:$stream);
  let results = (outs Train_FloatTensor:$y);
  let assemblyFormat = [{
    $x `seed` $seed `step` $step `offset` $offset `ratio` $ratio `stream` $stream attr-dict
    `:` type($x)
  }];
  let hasVerifier = 1;
  let extraClassDefinition = [{
    int64_t $cppClass::getFlops() { return 12 * ::dsc::train::countResultElements(getOperation()); }
  }];
}

#endif // DSC_TRAIN_RANDOM_TD
