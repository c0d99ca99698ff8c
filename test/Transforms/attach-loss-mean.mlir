// A loss that the model computes as a sum over a count is that sum and that count, so that
// micro-batches with different counts add up to the loss of their batch.
// RUN: dsc-opt %s --split-input-file --dsc-attach-loss=loss-output=l | FileCheck %s

// CHECK: %[[LOSSES:.*]], %{{.*}} = train.cross_entropy
// CHECK: %[[SUM:.*]] = train.reduce_sum %[[LOSSES]]
// CHECK: %[[COUNT:.*]] = train.reduce_sum %{{.*}} [0]
// CHECK: %[[MEAN:.*]] = train.div %[[SUM]], %[[COUNT]]
// CHECK: return %[[MEAN]], %[[SUM]], %[[COUNT]]
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}, %labels: tensor<4xi64> {train.name = "labels"}) -> (tensor<f32> {train.name = "l"}) {
  %ignored = train.constant dense<-100> : tensor<4xi64>
  %losses, %lse = train.cross_entropy %x, %labels dim 1 ignore -100 smoothing 0.0 : tensor<4x3xf32>, tensor<4xi64> -> tensor<4xf32>
  %counted = train.compare ne %labels, %ignored : tensor<4xi64>
  %ones = train.convert %counted : tensor<4xi1> to tensor<4xf32>
  %sum = train.reduce_sum %losses [0] : tensor<4xf32> to tensor<f32>
  %count = train.reduce_sum %ones [0] : tensor<4xf32> to tensor<f32>
  %l = train.div %sum, %count : tensor<f32>
  return %l : tensor<f32>
}

// -----

// A divisor that is trained has a gradient of its own: the quotient stays the loss.
// CHECK: %[[QUOTIENT:.*]] = train.div
// CHECK: return %[[QUOTIENT]], %[[QUOTIENT]], %{{.*}} : tensor<f32>, tensor<f32>, tensor<f32>
train.variable parameter @w : tensor<4xf32> = dense<1.0> : tensor<4xf32>
func.func @forward(%x: tensor<4xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "l"}) {
  %w = train.read @w : tensor<4xf32>
  %sum = train.reduce_sum %x [0] : tensor<4xf32> to tensor<f32>
  %weight = train.reduce_sum %w [0] : tensor<4xf32> to tensor<f32>
  %l = train.div %sum, %weight : tensor<f32>
  return %l : tensor<f32>
}

// -----

// What scales the quotient scales its sum.
// CHECK: %[[SUM:.*]] = train.reduce_sum
// CHECK: %[[MINUS:.*]] = train.neg %[[SUM]]
// CHECK: %[[COUNT:.*]] = train.reduce_sum
// CHECK: %[[MEAN:.*]] = train.div %[[MINUS]], %[[COUNT]]
// CHECK: %[[L:.*]] = train.mul %[[MEAN]], %[[TWO:.*]] : tensor<f32>
// CHECK: %[[TWICE:.*]] = train.mul %[[MINUS]], %[[TWO]] : tensor<f32>
// CHECK: return %[[L]], %[[TWICE]], %[[COUNT]]
func.func @forward(%x: tensor<4xf32> {train.name = "x"}, %m: tensor<4xf32> {train.name = "m"}) -> (tensor<f32> {train.name = "l"}) {
  %sum = train.reduce_sum %x [0] : tensor<4xf32> to tensor<f32>
  %minus = train.neg %sum : tensor<f32>
  %count = train.reduce_sum %m [0] : tensor<4xf32> to tensor<f32>
  %mean = train.div %minus, %count : tensor<f32>
  %two = train.constant dense<-2.0> : tensor<f32>
  %l = train.mul %mean, %two : tensor<f32>
  return %l : tensor<f32>
}
