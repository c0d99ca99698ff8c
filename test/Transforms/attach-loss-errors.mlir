// RUN: not dsc-opt %s --dsc-attach-loss 2>&1 | FileCheck %s --check-prefix=SEVERAL
// SEVERAL: error: the model has several outputs ("a", "b", "l"); say which the loss is for: --loss cross-entropy:OUTPUT
// RUN: not dsc-opt %s --dsc-attach-loss=output=c 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: error: the model has no output "c"; its outputs are "a", "b", "l"
// RUN: not dsc-opt %s --dsc-attach-loss=loss-output=a 2>&1 | FileCheck %s --check-prefix=SCALAR
// SCALAR: error: the loss output "a" has type 'tensor<4x3xf32>', expected a floating-point scalar
// RUN: not dsc-opt %s --dsc-attach-loss=output=l 2>&1 | FileCheck %s --check-prefix=RANK
// RANK: error: loss cross-entropy cannot be attached to output "l" of type 'tensor<f32>': it is a scalar; --loss-output takes a model's own loss
// RUN: not dsc-opt %s --dsc-attach-loss=output=b 2>&1 | FileCheck %s --check-prefix=INTEGER
// INTEGER: error: loss cross-entropy cannot be attached to output "b" of type 'tensor<4xi64>': it is not of a floating-point type
// RUN: not dsc-opt %s --dsc-attach-loss="output=a class-axis=0" 2>&1 | FileCheck %s --check-prefix=AXIS
// AXIS: error: loss cross-entropy cannot be attached to output "a" of type 'tensor<4x3xf32>': class axis 0 is not one of its dimensions 1 to 1
// RUN: not dsc-opt %s --dsc-attach-loss="output=a kind=mse" 2>&1 | FileCheck %s --check-prefix=LABELS
// LABELS: error: the model's input "labels" has type 'tensor<4xi64>'; loss mse of output "a" needs 'tensor<4x3xf32>'
// RUN: not dsc-opt %s --dsc-attach-loss="output=a" --dsc-attach-loss="output=a" 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: the model already has a loss attached
// RUN: not dsc-opt %s --dsc-attach-loss="kind=hinge" 2>&1 | FileCheck %s --check-prefix=KIND
// KIND: hinge

func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}, %labels: tensor<4xi64> {train.name = "labels"}) -> (tensor<4x3xf32> {train.name = "a"}, tensor<4xi64> {train.name = "b"}, tensor<f32> {train.name = "l"}) {
  %l = train.reduce_sum %x [0, 1] : tensor<4x3xf32> to tensor<f32>
  return %x, %labels, %l : tensor<4x3xf32>, tensor<4xi64>, tensor<f32>
}
