// RUN: gradcheck %s --program --loss cross-entropy --classes 3 | FileCheck %s --implicit-check-not=FAILED
// RUN: gradcheck %s --program --loss cross-entropy --classes 3 --label-smoothing 0.1 --microbatches 3 | FileCheck %s --implicit-check-not=FAILED
// RUN: gradcheck %s --program --loss mse --microbatches 2 | FileCheck %s --implicit-check-not=FAILED
// RUN: gradcheck %s --program --loss l1 | FileCheck %s --implicit-check-not=FAILED
// RUN: gradcheck %s --program --loss bce-with-logits | FileCheck %s --implicit-check-not=FAILED

// A hidden layer, weights used twice, one parameter that only a step function
// uses, one that nothing uses, one frozen tensor.
// CHECK: forward: {{[0-9]+}} elements, largest relative error
// CHECK: gradients: {{[0-9]+}} elements, largest relative error
// CHECK: train and evaluate: {{[0-9]+}} elements, largest relative error
train.variable parameter @w1 : tensor<5x5xf32> = dense<1.0> : tensor<5x5xf32>
train.variable parameter @b1 : tensor<5xf32> = dense<1.0> : tensor<5xf32>
train.variable parameter @w2 : tensor<5x3xf32> = dense<1.0> : tensor<5x3xf32>
train.variable parameter @step : tensor<3xf32> = dense<1.0> : tensor<3xf32> {check.zero}
train.variable parameter @unused : tensor<2xf32> = dense<1.0> : tensor<2xf32> {check.zero}
train.variable frozen @scale : tensor<3xf32> = dense<1.0> : tensor<3xf32>

func.func @forward(%x: tensor<4x5xf32> {train.name = "x"}) -> (tensor<4x3xf32> {train.name = "y"}) {
  %w1 = train.read @w1 : tensor<5x5xf32>
  %b1 = train.read @b1 : tensor<5xf32>
  %b = train.broadcast %b1 [1] : tensor<5xf32> to tensor<4x5xf32>
  %p = train.dot %x, %w1 batch [] x [] contract [1] x [0] : tensor<4x5xf32>, tensor<5x5xf32> -> tensor<4x5xf32>
  %q = train.add %p, %b : tensor<4x5xf32>
  %h = train.gelu erf %q : tensor<4x5xf32>
  %again = train.read @w1 : tensor<5x5xf32>
  %r = train.dot %h, %again batch [] x [] contract [1] x [1] : tensor<4x5xf32>, tensor<5x5xf32> -> tensor<4x5xf32>
  %t = train.tanh %r : tensor<4x5xf32>
  %skip = train.add %t, %h : tensor<4x5xf32>
  %w2 = train.read @w2 : tensor<5x3xf32>
  %s = train.dot %skip, %w2 batch [] x [] contract [1] x [0] : tensor<4x5xf32>, tensor<5x3xf32> -> tensor<4x3xf32>
  %st = train.read @step : tensor<3xf32>
  %f = train.sign %st : tensor<3xf32>
  %sc = train.read @scale : tensor<3xf32>
  %fs = train.mul %f, %sc : tensor<3xf32>
  %fb = train.broadcast %fs [1] : tensor<3xf32> to tensor<4x3xf32>
  %y = train.add %s, %fb : tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
