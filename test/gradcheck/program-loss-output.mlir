// RUN: gradcheck %s --program --loss-output loss | FileCheck %s --implicit-check-not=FAILED
// RUN: gradcheck %s --program --loss-output loss --microbatches 2 | FileCheck %s --implicit-check-not=FAILED

// The model computes its loss; dropout is active (one stream per node).
// CHECK: forward: {{[0-9]+}} elements, largest relative error
// CHECK: gradients: {{[0-9]+}} elements, largest relative error
// CHECK: train and evaluate: {{[0-9]+}} elements, largest relative error
train.variable parameter @w : tensor<3x2xf32> = dense<1.0> : tensor<3x2xf32>
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}, %t: tensor<4x2xf32> {train.name = "target"}) -> (tensor<4x2xf32> {train.name = "y"}, tensor<f32> {train.name = "loss"}) {
  %w = train.read @w : tensor<3x2xf32>
  %y = train.dot %x, %w batch [] x [] contract [1] x [0] : tensor<4x3xf32>, tensor<3x2xf32> -> tensor<4x2xf32>
  %d = train.sub %y, %t : tensor<4x2xf32>
  %q = train.mul %d, %d : tensor<4x2xf32>
  %s = train.reduce_sum %q [0, 1] : tensor<4x2xf32> to tensor<f32>
  %n = train.constant dense<0.125> : tensor<f32>
  %l = train.mul %s, %n : tensor<f32>
  return %y, %l : tensor<4x2xf32>, tensor<f32>
}
