// RUN: dsc-opt %s --dsc-raise | FileCheck %s
// RUN: python3 %S/same_values.py %s --dsc-raise

// The half last, a quotient under erf: as exporters of opset 14 write it.
// CHECK-LABEL: func.func @erf_last
// CHECK-NEXT: %[[Y:.*]] = train.gelu erf %arg0
// CHECK-NEXT: return %[[Y]]
func.func @erf_last(%x: tensor<3x5xf32> {train.name = "x"}) -> (tensor<3x5xf32> {train.name = "y"}) {
  %one = train.constant dense<1.0> : tensor<3x5xf32>
  %half = train.constant dense<0.5> : tensor<3x5xf32>
  %root = train.constant dense<1.41421354> : tensor<3x5xf32>
  %h = train.div %x, %root : tensor<3x5xf32>
  %e = train.erf %h : tensor<3x5xf32>
  %g = train.add %e, %one : tensor<3x5xf32>
  %p = train.mul %x, %g : tensor<3x5xf32>
  %y = train.mul %p, %half : tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}

// The half on the gate, everything on the other side.
// CHECK-LABEL: func.func @erf_gate
// CHECK-NEXT: train.gelu erf %arg0
func.func @erf_gate(%x: tensor<3x5xf32> {train.name = "x"}) -> (tensor<3x5xf32> {train.name = "y"}) {
  %one = train.constant dense<1.0> : tensor<3x5xf32>
  %two = train.constant dense<2.0> : tensor<3x5xf32>
  %inverse = train.constant dense<0.707106769> : tensor<3x5xf32>
  %h = train.mul %inverse, %x : tensor<3x5xf32>
  %e = train.erf %h : tensor<3x5xf32>
  %g = train.add %one, %e : tensor<3x5xf32>
  %p = train.div %g, %two : tensor<3x5xf32>
  %y = train.mul %p, %x : tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}

// GPT-2's: x^3 by a power.
// CHECK-LABEL: func.func @tanh_sum
// CHECK-NEXT: train.gelu tanh %arg0
func.func @tanh_sum(%x: tensor<3x5xf32> {train.name = "x"}) -> (tensor<3x5xf32> {train.name = "y"}) {
  %one = train.constant dense<1.0> : tensor<3x5xf32>
  %half = train.constant dense<0.5> : tensor<3x5xf32>
  %c = train.constant dense<0.0447149985> : tensor<3x5xf32>
  %s = train.constant dense<0.797884583> : tensor<3x5xf32>
  %x2 = train.mul %x, %x : tensor<3x5xf32>
  %x3 = train.mul %x2, %x : tensor<3x5xf32>
  %cx3 = train.mul %x3, %c : tensor<3x5xf32>
  %in = train.add %x, %cx3 : tensor<3x5xf32>
  %arg = train.mul %in, %s : tensor<3x5xf32>
  %t = train.tanh %arg : tensor<3x5xf32>
  %g = train.add %t, %one : tensor<3x5xf32>
  %hx = train.mul %x, %half : tensor<3x5xf32>
  %y = train.mul %hx, %g : tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}

// The same polynomial, factored: s x (1 + c x^2).
// CHECK-LABEL: func.func @tanh_factored
// CHECK-NEXT: train.gelu tanh %arg0
func.func @tanh_factored(%x: tensor<3x5xf32> {train.name = "x"}) -> (tensor<3x5xf32> {train.name = "y"}) {
  %one = train.constant dense<1.0> : tensor<3x5xf32>
  %half = train.constant dense<0.5> : tensor<3x5xf32>
  %c = train.constant dense<0.0447149985> : tensor<3x5xf32>
  %s = train.constant dense<0.797884583> : tensor<3x5xf32>
  %x2 = train.mul %x, %x : tensor<3x5xf32>
  %cx2 = train.mul %x2, %c : tensor<3x5xf32>
  %in = train.add %one, %cx2 : tensor<3x5xf32>
  %sx = train.mul %x, %s : tensor<3x5xf32>
  %arg = train.mul %sx, %in : tensor<3x5xf32>
  %t = train.tanh %arg : tensor<3x5xf32>
  %g = train.add %t, %one : tensor<3x5xf32>
  %p = train.mul %x, %g : tensor<3x5xf32>
  %y = train.mul %half, %p : tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}

// Nearly: another factor under erf, another variable, no half.
// CHECK-LABEL: func.func @not_gelu
// CHECK-NOT: train.gelu
// CHECK: return
func.func @not_gelu(%x: tensor<3x5xf32> {train.name = "x"}, %z: tensor<3x5xf32> {train.name = "z"}) -> (tensor<3x5xf32> {train.name = "a"}, tensor<3x5xf32> {train.name = "b"}, tensor<3x5xf32> {train.name = "c"}) {
  %one = train.constant dense<1.0> : tensor<3x5xf32>
  %half = train.constant dense<0.5> : tensor<3x5xf32>
  %inverse = train.constant dense<0.707106769> : tensor<3x5xf32>
  %e0 = train.erf %x : tensor<3x5xf32>
  %g0 = train.add %e0, %one : tensor<3x5xf32>
  %p0 = train.mul %x, %g0 : tensor<3x5xf32>
  %a = train.mul %p0, %half : tensor<3x5xf32>
  %h = train.mul %x, %inverse : tensor<3x5xf32>
  %e = train.erf %h : tensor<3x5xf32>
  %g = train.add %e, %one : tensor<3x5xf32>
  %zg = train.mul %z, %g : tensor<3x5xf32>
  %b = train.mul %zg, %half : tensor<3x5xf32>
  %c = train.mul %x, %g : tensor<3x5xf32>
  return %a, %b, %c : tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>
}
