// RUN: gradcheck %s --order 2 | FileCheck %s --implicit-check-not=FAILED
// Whole ops: their own derivative first, that of their parts second.

// CHECK: softmax: {{[0-9]+}} elements, largest relative error
func.func @softmax(%x: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  %y = train.softmax %x 1 : tensor<2x4x3xf32>
  return %y : tensor<2x4x3xf32>
}

// CHECK: log_softmax: {{[0-9]+}} elements, largest relative error
func.func @log_softmax(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %y = train.log_softmax %x 1 : tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// Only y.
// CHECK: layer_norm: {{[0-9]+}} elements, largest relative error
func.func @layer_norm(%x: tensor<3x2x4xf32>, %s: tensor<2x4xf32>, %b: tensor<2x4xf32>) -> tensor<3x2x4xf32> {
  %y:3 = train.layer_norm %x, %s, %b axis 1 epsilon 1.0e-2 : tensor<3x2x4xf32>, tensor<2x4xf32> -> tensor<3x2x4xf32>, tensor<3xf32>
  return %y#0 : tensor<3x2x4xf32>
}

// Statistics used as well: the rule declines and the op is taken apart.
// CHECK: layer_norm_statistics: {{[0-9]+}} elements, largest relative error
func.func @layer_norm_statistics(%x: tensor<3x4xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>) -> (tensor<3x4xf32>, tensor<3xf32>, tensor<3xf32>) {
  %y:3 = train.layer_norm %x, %s, %b axis 1 epsilon 1.0e-2 : tensor<3x4xf32>, tensor<4xf32> -> tensor<3x4xf32>, tensor<3xf32>
  return %y#0, %y#1, %y#2 : tensor<3x4xf32>, tensor<3xf32>, tensor<3xf32>
}

// CHECK: batch_norm: {{[0-9]+}} elements, largest relative error
func.func @batch_norm(%x: tensor<3x2x4xf32>, %s: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<3x2x4xf32> {
  %m = train.constant dense<0.5> : tensor<2xf32>
  %y:5 = train.batch_norm %x, %s, %b, %m, %m epsilon 1.0e-2 momentum 0.1 : tensor<3x2x4xf32>, tensor<2xf32>
  return %y#0 : tensor<3x2x4xf32>
}

// CHECK: batch_norm_statistics: {{[0-9]+}} elements, largest relative error
func.func @batch_norm_statistics(%x: tensor<3x2x4xf32>, %s: tensor<2xf32>, %b: tensor<2xf32>, %m: tensor<2xf32>, %v: tensor<2xf32>) -> (tensor<3x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %y:5 = train.batch_norm %x, %s, %b, %m, %v epsilon 1.0e-2 momentum 0.1 : tensor<3x2x4xf32>, tensor<2xf32>
  return %y#0, %y#1, %y#2, %y#3, %y#4 : tensor<3x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK: cross_entropy: {{[0-9]+}} elements, largest relative error
func.func @cross_entropy(%x: tensor<4x3x2xf32>, %l: tensor<4x2xi64> {check.bound = 3}) -> tensor<4x2xf32> {
  %y, %lse = train.cross_entropy %x, %l dim 1 ignore 1 smoothing 0.1 : tensor<4x3x2xf32>, tensor<4x2xi64> -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// CHECK: cross_entropy_lse: {{[0-9]+}} elements, largest relative error
func.func @cross_entropy_lse(%x: tensor<4x3xf32>, %l: tensor<4xi64> {check.bound = 3}) -> (tensor<4xf32>, tensor<4xf32>) {
  %y, %lse = train.cross_entropy %x, %l dim 1 ignore -100 smoothing 0.0 : tensor<4x3xf32>, tensor<4xi64> -> tensor<4xf32>
  return %y, %lse : tensor<4xf32>, tensor<4xf32>
}

// CHECK: attention: {{[0-9]+}} elements, largest relative error
func.func @attention(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x3x4xf32>, %v: tensor<2x2x3x2xf32>) -> tensor<2x2x3x2xf32> {
  %y, %lse = train.attention %q, %k, %v scale 0.5 causal true
      : tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x2xf32> -> tensor<2x2x3x2xf32>, tensor<2x2x3xf32>
  return %y : tensor<2x2x3x2xf32>
}

// A mask that needs a gradient, and more keys than queries.
// CHECK: attention_mask: {{[0-9]+}} elements, largest relative error
func.func @attention_mask(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x2xf32>, %m: tensor<1x2x3x5xf32>) -> tensor<2x2x3x2xf32> {
  %y, %lse = train.attention %q, %k, %v mask %m : tensor<1x2x3x5xf32> scale 0.5 causal false
      : tensor<2x2x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x2xf32> -> tensor<2x2x3x2xf32>, tensor<2x2x3xf32>
  return %y : tensor<2x2x3x2xf32>
}

// CHECK: dropout: {{[0-9]+}} elements, largest relative error
func.func @dropout(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %c = train.constant dense<3> : tensor<i64>
  %q = train.mul %x, %x : tensor<4x8xf32>
  %y = train.dropout %q seed %c step %c offset %c ratio 0.5 stream 3 : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// CHECK: global_norm: {{[0-9]+}} elements, largest relative error
func.func @global_norm(%a: tensor<4xf32>, %b: tensor<2x2xf32>) -> tensor<f32> {
  %y = train.global_norm %a, %b : tensor<4xf32>, tensor<2x2xf32>
  return %y : tensor<f32>
}
