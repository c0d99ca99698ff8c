// RUN: gradcheck %s --order 2 | FileCheck %s --implicit-check-not=FAILED
// Every elementwise op, its derivative and that of its derivative.

// CHECK: exp: {{[0-9]+}} elements, largest relative error
func.func @exp(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = train.exp %x : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK: expm1: {{[0-9]+}} elements, largest relative error
func.func @expm1(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = train.expm1 %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK: log: {{[0-9]+}} elements, largest relative error
func.func @log(%x: tensor<1x2x2xf32> {check.low = 0.3, check.high = 2.0}) -> tensor<1x2x2xf32> {
  %y = train.log %x : tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}

// CHECK: log1p: {{[0-9]+}} elements, largest relative error
func.func @log1p(%x: tensor<2x3xf32> {check.low = -0.5, check.high = 2.0}) -> tensor<2x3xf32> {
  %y = train.log1p %x : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK: sqrt: {{[0-9]+}} elements, largest relative error
func.func @sqrt(%x: tensor<4xf32> {check.low = 0.3, check.high = 2.0}) -> tensor<4xf32> {
  %y = train.sqrt %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK: rsqrt: {{[0-9]+}} elements, largest relative error
func.func @rsqrt(%x: tensor<1x2x2xf32> {check.low = 0.3, check.high = 2.0}) -> tensor<1x2x2xf32> {
  %y = train.rsqrt %x : tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}

// CHECK: reciprocal: {{[0-9]+}} elements, largest relative error
func.func @reciprocal(%x: tensor<2x3xf32> {check.low = 0.3, check.high = 2.0}) -> tensor<2x3xf32> {
  %y = train.reciprocal %x : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK: tanh: {{[0-9]+}} elements, largest relative error
func.func @tanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = train.tanh %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK: sigmoid: {{[0-9]+}} elements, largest relative error
func.func @sigmoid(%x: tensor<1x2x2xf32>) -> tensor<1x2x2xf32> {
  %y = train.sigmoid %x : tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}

// CHECK: erf: {{[0-9]+}} elements, largest relative error
func.func @erf(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = train.erf %x : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK: sin: {{[0-9]+}} elements, largest relative error
func.func @sin(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = train.sin %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK: cos: {{[0-9]+}} elements, largest relative error
func.func @cos(%x: tensor<1x2x2xf32>) -> tensor<1x2x2xf32> {
  %y = train.cos %x : tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}

// CHECK: atan: {{[0-9]+}} elements, largest relative error
func.func @atan(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = train.atan %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK: gelu_erf: {{[0-9]+}} elements, largest relative error
func.func @gelu_erf(%x: tensor<3x4xf32> {check.low = -3.0, check.high = 3.0}) -> tensor<3x4xf32> {
  %y = train.gelu erf %x : tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// CHECK: gelu_tanh: {{[0-9]+}} elements, largest relative error
func.func @gelu_tanh(%x: tensor<3x4xf32> {check.low = -3.0, check.high = 3.0}) -> tensor<3x4xf32> {
  %y = train.gelu tanh %x : tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// CHECK: add: {{[0-9]+}} elements, largest relative error
func.func @add(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = train.add %a, %b : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK: sub: {{[0-9]+}} elements, largest relative error
func.func @sub(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = train.sub %a, %b : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK: mul: {{[0-9]+}} elements, largest relative error
func.func @mul(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = train.mul %a, %b : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK: div: {{[0-9]+}} elements, largest relative error
func.func @div(%a: tensor<2x3xf32> {check.low = 0.3, check.high = 2.0}, %b: tensor<2x3xf32> {check.low = 0.3, check.high = 2.0}) -> tensor<2x3xf32> {
  %y = train.div %a, %b : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK: pow: {{[0-9]+}} elements, largest relative error
func.func @pow(%a: tensor<2x3xf32> {check.low = 0.3, check.high = 2.0}, %b: tensor<2x3xf32> {check.low = 0.3, check.high = 2.0}) -> tensor<2x3xf32> {
  %y = train.pow %a, %b : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
