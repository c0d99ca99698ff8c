// RUN: dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff=microbatches=2 2>%t | FileCheck %s
// RUN: FileCheck %s --check-prefix=WARNING < %t
// WARNING: warning: the loss does not depend on 2 parameters, which keep their values: "unused", "ordinal"

// As in PyTorch: behind a floor the gradient is zero, behind an integer there is none.
// CHECK: train.variable parameter @rounded
// CHECK-NOT: train.no_gradient
// CHECK: train.variable parameter @unused : {{.*}} {train.no_gradient}
// CHECK: train.variable parameter @ordinal : {{.*}} {train.no_gradient}
train.variable parameter @w : tensor<3x2xf32> = dense<1.0> : tensor<3x2xf32>
train.variable parameter @b : tensor<2xf32> = dense<1.0> : tensor<2xf32>
train.variable parameter @rounded : tensor<2xf32> = dense<1.0> : tensor<2xf32>
train.variable parameter @unused : tensor<5xf32> = dense<1.0> : tensor<5xf32>
train.variable parameter @ordinal : tensor<2xf32> = dense<1.0> : tensor<2xf32>
train.variable frozen @scale : tensor<2xf32> = dense<2.0> : tensor<2xf32>
train.variable state @count : tensor<2xf32> = dense<0.0> : tensor<2xf32>

// CHECK-NOT: @forward
// CHECK-LABEL: train.step @train
// CHECK-SAME: (%[[X:arg0]]: tensor<8x3xf32> {train.name = "x"}, %[[LABELS:arg1]]: tensor<8x2xf32> {train.name = "labels"})
// CHECK-SAME: -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}, tensor<8x2xf32> {train.name = "output.y"}, tensor<3x2xf32> {train.name = "grad.w"}, tensor<2xf32> {train.name = "grad.b"}, tensor<2xf32> {train.name = "grad.rounded"})
// Each variable is read once, before the loop; nothing reads @unused.
// CHECK-DAG: %[[W:.*]] = train.read @w
// CHECK-DAG: %[[B:.*]] = train.read @b
// CHECK-DAG: %[[SCALE:.*]] = train.read @scale
// CHECK-DAG: %[[STATE:.*]] = train.read @count
// CHECK-DAG: %[[SEED:.*]] = train.scalar "seed"
// CHECK-NOT: @unused
// CHECK: %[[SUMS:.*]]:5, %[[CARRIED:.*]], %[[STACKS:.*]] = train.microbatch 2 batch(%[[X]], %[[LABELS]] : tensor<8x3xf32>, tensor<8x2xf32>) carry(%[[STATE]] : tensor<2xf32>)
// CHECK: ^bb0(%[[M:.*]]: tensor<i64>, %[[XM:.*]]: tensor<4x3xf32>, %[[LM:.*]]: tensor<4x2xf32>, %[[STATEM:.*]]: tensor<2xf32>):
// The second micro-batch draws the numbers behind the first's 12 elements.
// CHECK: %[[N:.*]] = train.constant dense<12> : tensor<i64>
// CHECK: %[[OFFSET:.*]] = train.mul %[[M]], %[[N]]
// CHECK: %[[D:.*]] = train.dropout %[[XM]] seed %[[SEED]] step %{{.*}} offset %[[OFFSET]]
// CHECK: %[[H:.*]] = train.dot %[[D]], %[[W]]
// Nothing needs the gradient of the input: one product in the backward pass,
// and no second dropout.
// CHECK: train.reduce_sum %{{.*}} [0, 1] : tensor<4x2xf32> to tensor<f32>
// CHECK-NOT: train.dropout
// CHECK: %[[DB:.*]] = train.reduce_sum %[[G:.*]] [0] : tensor<4x2xf32> to tensor<2xf32>
// CHECK: train.dot %[[G]], %[[D]]
// CHECK-NOT: train.dot
// CHECK: train.yield sums(%{{.*}}, %{{.*}}, %{{.*}}, %[[DB]], %[[ZERO:.*]] : {{.*}}) carry(%{{.*}} : tensor<2xf32>) stacks(%{{.*}} : tensor<4x2xf32>)
// CHECK: train.write @count, %[[CARRIED]]
// CHECK: train.return %[[SUMS]]#0, %[[SUMS]]#1, %[[STACKS]], %[[SUMS]]#2, %[[SUMS]]#3, %[[SUMS]]#4
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}) -> (tensor<4x2xf32> {train.name = "y"}) {
  %seed = train.scalar "seed" : tensor<i64>
  %step = train.scalar "step" : tensor<i64>
  %zero = train.constant dense<0> : tensor<i64>
  %d = train.dropout %x seed %seed step %step offset %zero ratio 0.5 stream 3 : tensor<4x3xf32>
  %w = train.read @w : tensor<3x2xf32>
  %h = train.dot %d, %w batch [] x [] contract [1] x [0] : tensor<4x3xf32>, tensor<3x2xf32> -> tensor<4x2xf32>
  %b = train.read @b : tensor<2xf32>
  %bb = train.broadcast %b [1] : tensor<2xf32> to tensor<4x2xf32>
  %hb = train.add %h, %bb : tensor<4x2xf32>
  %r = train.read @rounded : tensor<2xf32>
  %f = train.floor %r : tensor<2xf32>
  %s = train.read @scale : tensor<2xf32>
  %fs = train.mul %f, %s : tensor<2xf32>
  %n = train.read @ordinal : tensor<2xf32>
  %i = train.convert %n : tensor<2xf32> to tensor<2xi64>
  %ni = train.convert %i : tensor<2xi64> to tensor<2xf32>
  %fn = train.add %fs, %ni : tensor<2xf32>
  %fb = train.broadcast %fn [1] : tensor<2xf32> to tensor<4x2xf32>
  %y = train.add %hb, %fb : tensor<4x2xf32>
  %c = train.read @count : tensor<2xf32>
  %one = train.constant dense<1.0> : tensor<2xf32>
  %next = train.add %c, %one : tensor<2xf32>
  train.write @count, %next : tensor<2xf32>
  return %y : tensor<4x2xf32>
}
