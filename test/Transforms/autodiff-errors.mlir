// RUN: not dsc-opt %s --dsc-autodiff 2>&1 | FileCheck %s --check-prefix=NOLOSS
// NOLOSS: error: the model has no loss to differentiate; run dsc-attach-loss first
// RUN: not dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff=microbatches=0 2>&1 | FileCheck %s --check-prefix=COUNT
// COUNT: error: expected a positive number of micro-batches, got 0
// RUN: not dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff 2>&1 | FileCheck %s --check-prefix=RULE
// RULE: error: {{.*}}no derivative rule for math.exp of node 'odd' (Exp, opset 20), which stands between a parameter and the loss
// RUN: sed 's/variable parameter/variable frozen/' %s | not dsc-opt --dsc-attach-loss=kind=mse --dsc-autodiff 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: the model has no parameters to train; --trainable REGEX makes initializers parameters
// RUN: sed 's/train.add %x, %w/train.add %x, %x/' %s | not dsc-opt --dsc-attach-loss=kind=mse --dsc-autodiff 2>&1 | FileCheck %s --check-prefix=UNUSED
// UNUSED: error: the loss does not depend on any parameter ("w"); choose another output for the loss
// RUN: not dsc-opt %S/Inputs/mask-input.mlir --dsc-attach-loss=kind=mse --dsc-autodiff 2>&1 | FileCheck %s --check-prefix=BATCH
// BATCH: error: input "mask" has type 'tensor<3xf32>'; dimension 0 of every input is the batch, which has 4 rows in "x"
// RUN: not dsc-opt %S/Inputs/writes.mlir --dsc-attach-loss=kind=mse --dsc-autodiff 2>&1 | FileCheck %s --check-prefix=WRITE
// WRITE: error: the model itself writes @w, which is a parameter; only state can be updated by the model
// RUN: not dsc-opt %s --dsc-autodiff=function=g 2>&1 | FileCheck %s --check-prefix=FUNCTION
// FUNCTION: error: the module has no function @g with a body
// RUN: not dsc-opt %s --dsc-autodiff="function=forward wrt=4" 2>&1 | FileCheck %s --check-prefix=WRT
// WRT: error: expected wrt to name arguments of @forward, which has 1

train.variable parameter @w : tensor<4x3xf32> = dense<1.0> : tensor<4x3xf32>

func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}) -> (tensor<4x3xf32> {train.name = "y"}) {
  %w = train.read @w : tensor<4x3xf32>
  %y = train.add %x, %w : tensor<4x3xf32>
  %z = math.exp %y : tensor<4x3xf32> loc("node 'odd' (Exp, opset 20)")
  return %z : tensor<4x3xf32>
}
