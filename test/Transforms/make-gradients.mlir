// RUN: dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff --dsc-make-gradients | FileCheck %s
// RUN: not dsc-opt %s --dsc-make-gradients 2>&1 | FileCheck %s --check-prefix=ORDER
// ORDER: error: dsc-make-gradients needs the program @train, and the module has none; run dsc-autodiff first

train.variable parameter @w : tensor<3xf32> = dense<1.0> : tensor<3xf32>
train.variable parameter @unused : tensor<5xf32> = dense<1.0> : tensor<5xf32>
train.variable state @s : tensor<3xf32> = dense<1.0> : tensor<3xf32>

// A parameter on which the loss does not depend: no gradient in the step, zeros for readers.
// CHECK-LABEL: train.step @train
// CHECK-NOT: grad.unused
// CHECK: train.write @s
// CHECK-LABEL: train.step @gradients
// CHECK-SAME: -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}, tensor<4x3xf32> {train.name = "output.y"}, tensor<3xf32> {train.name = "grad.w"}, tensor<5xf32> {train.name = "grad.unused"})
// With one micro-batch the state is no longer carried: it is the state before.
// CHECK: %[[S:.*]] = train.read @s
// CHECK: %[[SUMS:.*]]:3, %[[STACKS:.*]] = train.microbatch 1 batch({{.*}}) sums({{.*}}) stacks(tensor<4x3xf32>)
// CHECK: train.broadcast %[[S]] [1]
// No target at all must not divide by zero.
// CHECK: %[[SOME:.*]] = train.compare gt %[[SUMS]]#1
// CHECK: %[[R:.*]] = train.select %[[SOME]]
// CHECK: %[[RR:.*]] = train.broadcast %[[R]] []
// CHECK: %[[G:.*]] = train.mul %[[SUMS]]#2, %[[RR]]
// CHECK: %[[NONE:.*]] = train.constant dense<0.000000e+00> : tensor<5xf32>
// CHECK-NOT: train.write
// CHECK: train.return %[[SUMS]]#0, %[[SUMS]]#1, %[[STACKS]], %[[G]], %[[NONE]]
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}) -> (tensor<4x3xf32> {train.name = "y"}) {
  %w = train.read @w : tensor<3xf32>
  %s = train.read @s : tensor<3xf32>
  %ws = train.mul %w, %s : tensor<3xf32>
  train.write @s, %ws : tensor<3xf32>
  %ww = train.broadcast %w [1] : tensor<3xf32> to tensor<4x3xf32>
  %ss = train.broadcast %s [1] : tensor<3xf32> to tensor<4x3xf32>
  %h = train.mul %x, %ww : tensor<4x3xf32>
  %y = train.mul %h, %ss : tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
