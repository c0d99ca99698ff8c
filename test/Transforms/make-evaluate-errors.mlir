// RUN: not dsc-opt %s --dsc-attach-loss=loss-output=l --dsc-make-evaluate 2>&1 | FileCheck %s
// CHECK: error: {{.*}}the model's outputs need a value that train.batch_norm of bn7 computes in training only (batch statistics), so it cannot be evaluated
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}, %g: tensor<3xf32> {train.name = "g"}) -> (tensor<f32> {train.name = "l"}) {
  %y:5 = train.batch_norm %x, %g, %g, %g, %g epsilon 1.0e-5 momentum 0.1 : tensor<4x3xf32>, tensor<3xf32> loc("bn7")
  %l = train.reduce_sum %y#3 [0] : tensor<3xf32> to tensor<f32>
  return %l : tensor<f32>
}
