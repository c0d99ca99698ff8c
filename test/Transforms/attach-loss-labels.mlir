// RUN: dsc-opt %s --dsc-attach-loss=output=b | FileCheck %s
// RUN: dsc-opt %s --dsc-attach-loss=loss-output=l | FileCheck %s --check-prefix=OWN

// The model's own input called labels is used; there is one of that name.
// CHECK-LABEL: func.func @forward
// CHECK-SAME: (%arg0: tensor<4x3xf32> {train.name = "x"}, %arg1: tensor<4xi32> {train.name = "labels"})
// CHECK: train.cross_entropy %{{.*}}, %arg1 dim 1

// A scalar of the model is the loss and one target.
// OWN-LABEL: func.func @forward
// OWN-SAME: train.loss = {kind = "output", output = "l"}
// OWN: %[[L:.*]] = train.reduce_sum
// OWN: %[[ONE:.*]] = train.constant dense<1.000000e+00> : tensor<f32>
// OWN: return %{{.*}}, %{{.*}}, %[[L]], %[[L]], %[[ONE]]
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}, %labels: tensor<4xi32> {train.name = "labels"}) -> (tensor<4x3xf32> {train.name = "a"}, tensor<4x3xf32> {train.name = "b"}, tensor<f32> {train.name = "l"}) {
  %b = train.tanh %x : tensor<4x3xf32>
  %l = train.reduce_sum %b [0, 1] : tensor<4x3xf32> to tensor<f32>
  return %x, %b, %l : tensor<4x3xf32>, tensor<4x3xf32>, tensor<f32>
}
