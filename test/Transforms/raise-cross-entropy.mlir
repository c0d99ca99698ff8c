// RUN: dsc-opt %s --dsc-raise | FileCheck %s
// RUN: python3 %S/same_values.py %s --dsc-raise

// CHECK-LABEL: func.func @likelihood
// CHECK-NEXT: %[[LOSS:.*]], %{{.*}} = train.cross_entropy %arg0, %arg1 dim 1 ignore -9223372036854775808 smoothing 0.000000e+00
// CHECK-NEXT: return %[[LOSS]]
func.func @likelihood(%x: tensor<4x3x2xf32> {train.name = "x"}, %labels: tensor<4x2xi64> {train.name = "labels"}) -> (tensor<4x2xf32> {train.name = "loss"}) {
  %l = train.log_softmax %x 1 : tensor<4x3x2xf32>
  %i = train.reshape %labels : tensor<4x2xi64> to tensor<4x1x2xi64>
  %p = train.take_along %l, %i axis 1 : tensor<4x3x2xf32>, tensor<4x1x2xi64> -> tensor<4x1x2xf32>
  %d = train.reshape %p : tensor<4x1x2xf32> to tensor<4x2xf32>
  %y = train.neg %d : tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// Targets that do not count, and log(softmax).
// CHECK-LABEL: func.func @ignored
// CHECK: train.cross_entropy %arg0, %arg1 dim 1 ignore 2 smoothing 0.000000e+00
// CHECK-NOT: train.select
// CHECK: return
func.func @ignored(%x: tensor<4x3xf32> {train.name = "x"}, %labels: tensor<4xi64> {train.name = "labels"}) -> (tensor<4xf32> {train.name = "loss"}) {
  %two = train.constant dense<2> : tensor<4xi64>
  %none = train.constant dense<0> : tensor<4xi64>
  %zero = train.constant dense<0.0> : tensor<4xf32>
  %counts = train.compare ne %labels, %two : tensor<4xi64>
  %safe = train.select %counts, %labels, %none : tensor<4xi1>, tensor<4xi64>
  %s = train.softmax %x 1 : tensor<4x3xf32>
  %l = train.log %s : tensor<4x3xf32>
  %i = train.reshape %safe : tensor<4xi64> to tensor<4x1xi64>
  %p = train.take_along %l, %i axis 1 : tensor<4x3xf32>, tensor<4x1xi64> -> tensor<4x1xf32>
  %d = train.reshape %p : tensor<4x1xf32> to tensor<4xf32>
  %n = train.neg %d : tensor<4xf32>
  %y = train.select %counts, %n, %zero : tensor<4xi1>, tensor<4xf32>
  return %y : tensor<4xf32>
}

// Picked along another dimension than the softmax's.
// CHECK-LABEL: func.func @other_dimension
// CHECK-NOT: train.cross_entropy
// CHECK: return
func.func @other_dimension(%x: tensor<3x3xf32> {train.name = "x"}, %labels: tensor<3xi64> {train.name = "labels"}) -> (tensor<3xf32> {train.name = "loss"}) {
  %l = train.log_softmax %x 0 : tensor<3x3xf32>
  %i = train.reshape %labels : tensor<3xi64> to tensor<3x1xi64>
  %p = train.take_along %l, %i axis 1 : tensor<3x3xf32>, tensor<3x1xi64> -> tensor<3x1xf32>
  %d = train.reshape %p : tensor<3x1xf32> to tensor<3xf32>
  %y = train.neg %d : tensor<3xf32>
  return %y : tensor<3xf32>
}
