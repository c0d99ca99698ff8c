// RUN: dsc-opt %s --dsc-autodiff=function=fan_out | FileCheck %s --check-prefix=FAN
// RUN: dsc-opt %s --dsc-autodiff=function=whole --dsc-autodiff=function=whole_grad | FileCheck %s --check-prefix=SECOND
// RUN: dsc-opt %s --dsc-autodiff="function=two wrt=1" | FileCheck %s --check-prefix=WRT
// RUN: dsc-opt %s --dsc-autodiff=function=integers | FileCheck %s --check-prefix=INT

// Two uses, one of them twice in one op: three contributions.
// FAN-LABEL: func.func @fan_out_grad(%arg0: tensor<4xf32>) -> (tensor<4xf32> {train.name = "grad.0"})
// FAN: %[[E:.*]] = train.exp %arg0
// FAN: train.add
// FAN: train.add
// FAN: return
// FAN-SAME: : tensor<4xf32>
func.func @fan_out(%x: tensor<4xf32>) -> tensor<f32> {
  %e = train.exp %x : tensor<4xf32>
  %q = train.mul %x, %x : tensor<4xf32>
  %y = train.mul %e, %q : tensor<4xf32>
  %l = train.reduce_sum %y [0] : tensor<4xf32> to tensor<f32>
  return %l : tensor<f32>
}

// The first derivative keeps the whole op; the second takes its gradient apart.
// SECOND-LABEL: func.func @whole_grad(
// SECOND: train.layer_norm %
// SECOND: train.layer_norm_grad
// SECOND-LABEL: func.func @whole_grad_grad(
// SECOND-NOT: train.layer_norm
// SECOND: return
func.func @whole(%x: tensor<2x4xf32> {train.name = "x"}, %s: tensor<4xf32> {train.name = "s"}, %b: tensor<4xf32> {train.name = "b"}) -> tensor<f32> {
  %y:3 = train.layer_norm %x, %s, %b axis 1 epsilon 1.0e-5 : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>, tensor<2xf32>
  %q = train.mul %y#0, %y#0 : tensor<2x4xf32>
  %l = train.reduce_sum %q [0, 1] : tensor<2x4xf32> to tensor<f32>
  return %l : tensor<f32>
}

// WRT-LABEL: func.func @two_grad(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) -> (tensor<4xf32> {train.name = "grad.1"})
// WRT-NEXT: return %arg0 : tensor<4xf32>
func.func @two(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %y = train.mul %a, %b : tensor<4xf32>
  return %y : tensor<4xf32>
}

// Integers end the dependence: the gradient is zero, argmax needs no rule.
// INT-LABEL: func.func @integers_grad
// INT: %[[ZERO:.*]] = train.constant dense<0.000000e+00> : tensor<2x4xf32>
// INT: return %[[ZERO]]
func.func @integers(%x: tensor<2x4xf32>) -> tensor<f32> {
  %i = train.argmax %x 1 : tensor<2x4xf32> to tensor<2xi64>
  %f = train.convert %i : tensor<2xi64> to tensor<2xf32>
  %l = train.reduce_sum %f [0] : tensor<2xf32> to tensor<f32>
  return %l : tensor<f32>
}
