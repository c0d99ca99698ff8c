// RUN: dsc-opt %s --dsc-attach-loss --dsc-make-evaluate --split-input-file | FileCheck %s

train.variable parameter @g : tensor<3xf32> = dense<1.0> : tensor<3xf32>
train.variable parameter @b : tensor<3xf32> = dense<0.0> : tensor<3xf32>
train.variable state @mean : tensor<3xf32> = dense<0.0> : tensor<3xf32>
train.variable state @var : tensor<3xf32> = dense<1.0> : tensor<3xf32>

// The graph itself is left as it was.
// CHECK-LABEL: func.func @forward
// CHECK: train.dropout

// CHECK-LABEL: func.func @evaluate
// CHECK-SAME: (%[[X:arg0]]: tensor<4x3xf32> {train.name = "x"}, %[[LABELS:arg1]]: tensor<4xi64> {train.name = "labels"})
// CHECK-SAME: -> (tensor<4xf32> {train.name = "loss_sum"}, tensor<4xf32> {train.name = "count"}, tensor<4xf32> {train.name = "correct"}, tensor<4x3xf32> {train.name = "output.logits"})
// CHECK-NOT: train.batch_norm
// CHECK-NOT: train.scalar
// CHECK: %[[MEAN:.*]] = train.read @mean
// CHECK: %[[VAR:.*]] = train.read @var
// CHECK-NOT: train.batch_norm
// CHECK-NOT: train.dropout
// CHECK-NOT: train.write
// CHECK: %[[LOSS:.*]], %{{.*}} = train.cross_entropy %[[Y:.*]], %[[LABELS]]
// CHECK: %[[BEST:.*]] = train.argmax %[[Y]] 1
// CHECK: train.compare eq %[[BEST]], %[[LABELS]]
// CHECK: train.and
// CHECK: return %[[LOSS]], %{{.*}}, %{{.*}}, %[[Y]]
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}) -> (tensor<4x3xf32> {train.name = "logits"}) {
  %g = train.read @g : tensor<3xf32>
  %b = train.read @b : tensor<3xf32>
  %m = train.read @mean : tensor<3xf32>
  %v = train.read @var : tensor<3xf32>
  %y:5 = train.batch_norm %x, %g, %b, %m, %v epsilon 1.0e-5 momentum 0.1 : tensor<4x3xf32>, tensor<3xf32>
  train.write @mean, %y#1 : tensor<3xf32>
  train.write @var, %y#2 : tensor<3xf32>
  %seed = train.scalar "seed" : tensor<i64>
  %step = train.scalar "step" : tensor<i64>
  %zero = train.constant dense<0> : tensor<i64>
  %d = train.dropout %y#0 seed %seed step %step offset %zero ratio 0.5 stream 3 : tensor<4x3xf32>
  return %d : tensor<4x3xf32>
}

// -----

// Three targets per sample: sums over each sample's targets.
// CHECK-LABEL: func.func @evaluate
// CHECK-SAME: -> (tensor<2xf32> {train.name = "loss_sum"}, tensor<2xf32> {train.name = "count"}, tensor<2xf32> {train.name = "correct"}, tensor<6x5xf32> {train.name = "output.logits"})
// CHECK: %[[LOSS:.*]], %{{.*}} = train.cross_entropy
// CHECK: %[[ROWS:.*]] = train.reshape %[[LOSS]] : tensor<6xf32> to tensor<2x3xf32>
// CHECK: train.reduce_sum %[[ROWS]] [1] : tensor<2x3xf32> to tensor<2xf32>
func.func @forward(%x: tensor<2x3x5xf32> {train.name = "x"}) -> (tensor<6x5xf32> {train.name = "logits"}) {
  %y = train.reshape %x : tensor<2x3x5xf32> to tensor<6x5xf32>
  return %y : tensor<6x5xf32>
}
