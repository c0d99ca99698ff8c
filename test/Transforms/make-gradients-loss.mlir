// The model's own loss, a masked mean: over two micro-batches it is the quotient of both sums, as
// `loss` is, not the mean of two quotients.
// RUN: dsc-opt %s --dsc-attach-loss=loss-output=L --dsc-autodiff=microbatches=2 --dsc-make-gradients | FileCheck %s
// RUN: dsc-opt %s --dsc-attach-loss=loss-output=L --dsc-autodiff=microbatches=1 --dsc-make-gradients | FileCheck %s --check-prefix=ONE

// CHECK-LABEL: train.step @gradients
// CHECK: %[[SUMS:[a-z]*]]:3 = train.microbatch 2
// CHECK: %[[RECIPROCAL:.*]] = train.select
// CHECK: %[[LOSS:.*]] = train.mul %[[SUMS]]#0, %{{.*}} : tensor<f32>
// CHECK: train.return %[[SUMS]]#0, %[[SUMS]]#1, %[[LOSS]],

// ONE-LABEL: train.step @gradients
// ONE: %[[SUMS:[a-z]*]]:3, %[[L:[a-z]*]] = train.microbatch 1
// ONE: train.return %[[SUMS]]#0, %[[SUMS]]#1, %[[L]],
train.variable parameter @w : tensor<3xf32> = dense<1.0> : tensor<3xf32>
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}, %mask: tensor<4x3xf32> {train.name = "mask"}) -> (tensor<f32> {train.name = "L"}) {
  %w = train.read @w : tensor<3xf32>
  %b = train.broadcast %w [1] : tensor<3xf32> to tensor<4x3xf32>
  %y = train.mul %x, %b : tensor<4x3xf32>
  %m = train.mul %y, %mask : tensor<4x3xf32>
  %sum = train.reduce_sum %m [0, 1] : tensor<4x3xf32> to tensor<f32>
  %count = train.reduce_sum %mask [0, 1] : tensor<4x3xf32> to tensor<f32>
  %l = train.div %sum, %count : tensor<f32>
  return %l : tensor<f32>
}
