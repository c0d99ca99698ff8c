// RUN: gradcheck %s --order 2 | FileCheck %s --implicit-check-not=FAILED
// Ops that move, repeat or add up elements; each of a square, so that the
// second derivative is not zero.

// CHECK: reduce_sum: {{[0-9]+}} elements, largest relative error
func.func @reduce_sum(%x: tensor<2x3x4xf32>) -> tensor<3xf32> {
  %q = train.mul %x, %x : tensor<2x3x4xf32>
  %y = train.reduce_sum %q [0, 2] : tensor<2x3x4xf32> to tensor<3xf32>
  return %y : tensor<3xf32>
}

// CHECK: reshape: {{[0-9]+}} elements, largest relative error
func.func @reshape(%x: tensor<2x6xf32>) -> tensor<3x4xf32> {
  %q = train.mul %x, %x : tensor<2x6xf32>
  %y = train.reshape %q : tensor<2x6xf32> to tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// CHECK: transpose: {{[0-9]+}} elements, largest relative error
func.func @transpose(%x: tensor<2x3x4xf32>) -> tensor<4x2x3xf32> {
  %q = train.mul %x, %x : tensor<2x3x4xf32>
  %y = train.transpose %q [2, 0, 1] : tensor<2x3x4xf32> to tensor<4x2x3xf32>
  return %y : tensor<4x2x3xf32>
}

// New dimensions and a dimension of size 1.
// CHECK: broadcast: {{[0-9]+}} elements, largest relative error
func.func @broadcast(%x: tensor<1x3xf32>) -> tensor<2x4x3xf32> {
  %q = train.mul %x, %x : tensor<1x3xf32>
  %y = train.broadcast %q [1, 2] : tensor<1x3xf32> to tensor<2x4x3xf32>
  return %y : tensor<2x4x3xf32>
}

// CHECK: broadcast_scalar: {{[0-9]+}} elements, largest relative error
func.func @broadcast_scalar(%x: tensor<f32>) -> tensor<2x2xf32> {
  %q = train.exp %x : tensor<f32>
  %y = train.broadcast %q [] : tensor<f32> to tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// CHECK: slice: {{[0-9]+}} elements, largest relative error
func.func @slice(%x: tensor<4x8xf32>) -> tensor<3x3xf32> {
  %q = train.mul %x, %x : tensor<4x8xf32>
  %y = train.slice %q [1, 2] strides [1, 2] : tensor<4x8xf32> to tensor<3x3xf32>
  return %y : tensor<3x3xf32>
}

// CHECK: pad: {{[0-9]+}} elements, largest relative error
func.func @pad(%x: tensor<2x3xf32>) -> tensor<4x6xf32> {
  %q = train.mul %x, %x : tensor<2x3xf32>
  %y = train.pad %q value 2.0 low [0, 1] high [2, 0] interior [0, 1] : tensor<2x3xf32> to tensor<4x6xf32>
  return %y : tensor<4x6xf32>
}

// The same operand twice.
// CHECK: concat: {{[0-9]+}} elements, largest relative error
func.func @concat(%a: tensor<2x3xf32>, %b: tensor<2x2xf32>) -> tensor<2x8xf32> {
  %q = train.mul %a, %a : tensor<2x3xf32>
  %r = train.exp %b : tensor<2x2xf32>
  %y = train.concat 1 %q, %r, %q : (tensor<2x3xf32>, tensor<2x2xf32>, tensor<2x3xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// Repeated indices.
// CHECK: take: {{[0-9]+}} elements, largest relative error
func.func @take(%x: tensor<2x5x3xf32>, %i: tensor<2x4xi64> {check.bound = 5}) -> tensor<2x2x4x3xf32> {
  %q = train.mul %x, %x : tensor<2x5x3xf32>
  %y = train.take %q, %i axis 1 : tensor<2x5x3xf32>, tensor<2x4xi64> -> tensor<2x2x4x3xf32>
  return %y : tensor<2x2x4x3xf32>
}

// CHECK: scatter_add: {{[0-9]+}} elements, largest relative error
func.func @scatter_add(%u: tensor<2x2x4x3xf32>, %i: tensor<2x4xi64> {check.bound = 5}) -> tensor<2x5x3xf32> {
  %q = train.mul %u, %u : tensor<2x2x4x3xf32>
  %y = train.scatter_add %q, %i axis 1 : tensor<2x2x4x3xf32>, tensor<2x4xi64> -> tensor<2x5x3xf32>
  return %y : tensor<2x5x3xf32>
}

// CHECK: take_along: {{[0-9]+}} elements, largest relative error
func.func @take_along(%x: tensor<3x5xf32>, %i: tensor<3x4xi64> {check.bound = 5}) -> tensor<3x4xf32> {
  %q = train.mul %x, %x : tensor<3x5xf32>
  %y = train.take_along %q, %i axis 1 : tensor<3x5xf32>, tensor<3x4xi64> -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// CHECK: scatter_add_along: {{[0-9]+}} elements, largest relative error
func.func @scatter_add_along(%u: tensor<3x4xf32>, %i: tensor<3x4xi64> {check.bound = 5}) -> tensor<3x5xf32> {
  %q = train.mul %u, %u : tensor<3x4xf32>
  %y = train.scatter_add_along %q, %i axis 1 : tensor<3x4xf32>, tensor<3x4xi64> -> tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}
