// RUN: gradcheck %s | FileCheck %s --implicit-check-not=FAILED
// Ops with kinks (away from them), and those that select or convert.

// CHECK: neg: {{[0-9]+}} elements, largest relative error
func.func @neg(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = train.neg %x : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK: abs: {{[0-9]+}} elements, largest relative error
func.func @abs(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = train.abs %x : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK: relu: {{[0-9]+}} elements, largest relative error
func.func @relu(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = train.relu %x : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK: max: {{[0-9]+}} elements, largest relative error
func.func @max(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = train.max %a, %b : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK: min: {{[0-9]+}} elements, largest relative error
func.func @min(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = train.min %a, %b : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK: sign: {{[0-9]+}} elements, largest relative error
func.func @sign(%x: tensor<4xf32> {check.zero}) -> tensor<4xf32> {
  %y = train.sign %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK: floor: {{[0-9]+}} elements, largest relative error
func.func @floor(%x: tensor<4xf32> {check.zero}) -> tensor<4xf32> {
  %y = train.floor %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK: ceil: {{[0-9]+}} elements, largest relative error
func.func @ceil(%x: tensor<4xf32> {check.zero}) -> tensor<4xf32> {
  %y = train.ceil %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK: round: {{[0-9]+}} elements, largest relative error
func.func @round(%x: tensor<4xf32> {check.zero}) -> tensor<4xf32> {
  %y = train.round %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK: select: {{[0-9]+}} elements, largest relative error
func.func @select(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %p = train.compare lt %a, %b : tensor<2x3xf32>
  %y = train.select %p, %a, %b : tensor<2x3xi1>, tensor<2x3xf32>
  %z = train.mul %y, %y : tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// CHECK: convert: {{[0-9]+}} elements, largest relative error
func.func @convert(%a: tensor<2x3xf32>) -> tensor<2x3xf64> {
  %y = train.convert %a : tensor<2x3xf32> to tensor<2x3xf64>
  %z = train.mul %y, %y : tensor<2x3xf64>
  return %z : tensor<2x3xf64>
}

// CHECK: reduce_max: {{[0-9]+}} elements, largest relative error
func.func @reduce_max(%x: tensor<2x3x4xf32>) -> tensor<3xf32> {
  %y = train.reduce_max %x [0, 2] : tensor<2x3x4xf32> to tensor<3xf32>
  return %y : tensor<3xf32>
}

// CHECK: reduce_min: {{[0-9]+}} elements, largest relative error
func.func @reduce_min(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
  %y = train.reduce_min %x [1] : tensor<2x3x4xf32> to tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// CHECK: max_pool: {{[0-9]+}} elements, largest relative error
func.func @max_pool(%x: tensor<2x3x5x6xf32>) -> tensor<2x3x3x3xf32> {
  %y, %i = train.max_pool %x window [3, 2] strides [2, 2] low [1, 0] high [1, 0] dilations [1, 1]
      : tensor<2x3x5x6xf32> -> tensor<2x3x3x3xf32>, tensor<2x3x3x3xi32>
  return %y : tensor<2x3x3x3xf32>
}

// Overlapping windows and dilation in one dimension.
// CHECK: max_pool_1d: {{[0-9]+}} elements, largest relative error
func.func @max_pool_1d(%x: tensor<2x2x9xf32>) -> tensor<2x2x5xf32> {
  %y, %i = train.max_pool %x window [3] strides [1] low [0] high [0] dilations [2]
      : tensor<2x2x9xf32> -> tensor<2x2x5xf32>, tensor<2x2x5xi32>
  return %y : tensor<2x2x5xf32>
}
