// RUN: gradcheck %s --order 2 | FileCheck %s --implicit-check-not=FAILED

// CHECK: dot: {{[0-9]+}} elements, largest relative error
func.func @dot(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) -> tensor<2x4xf32> {
  %y = train.dot %a, %b batch [] x [] contract [1] x [0] : tensor<2x3xf32>, tensor<3x4xf32> -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// Batch dimensions out of order, two contractions.
// CHECK: dot_general: {{[0-9]+}} elements, largest relative error
func.func @dot_general(%a: tensor<3x2x4x5xf32>, %b: tensor<5x2x3x2xf32>) -> tensor<2x4x2xf32> {
  %y = train.dot %a, %b batch [1] x [1] contract [0, 3] x [2, 0] : tensor<3x2x4x5xf32>, tensor<5x2x3x2xf32> -> tensor<2x4x2xf32>
  return %y : tensor<2x4x2xf32>
}

// Two uses of one tensor.
// CHECK: dot_self: {{[0-9]+}} elements, largest relative error
func.func @dot_self(%a: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %y = train.dot %a, %a batch [] x [] contract [1] x [0] : tensor<3x3xf32>, tensor<3x3xf32> -> tensor<3x3xf32>
  return %y : tensor<3x3xf32>
}

// CHECK: conv: {{[0-9]+}} elements, largest relative error
func.func @conv(%x: tensor<2x2x5x4xf32>, %w: tensor<3x2x3x2xf32>) -> tensor<2x3x3x3xf32> {
  %y = train.conv %x, %w strides [2, 1] low [1, 0] high [1, 0] dilations [1, 1] groups 1
      : tensor<2x2x5x4xf32>, tensor<3x2x3x2xf32> -> tensor<2x3x3x3xf32>
  return %y : tensor<2x3x3x3xf32>
}

// Groups, dilation, a stride that leaves a row unused, one spatial dimension.
// CHECK: conv_groups: {{[0-9]+}} elements, largest relative error
func.func @conv_groups(%x: tensor<2x4x8xf32>, %w: tensor<6x2x2xf32>) -> tensor<2x6x3xf32> {
  %y = train.conv %x, %w strides [2] low [0] high [0] dilations [2] groups 2
      : tensor<2x4x8xf32>, tensor<6x2x2xf32> -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// CHECK: conv_input_grad: {{[0-9]+}} elements, largest relative error
func.func @conv_input_grad(%dy: tensor<2x6x3xf32>, %w: tensor<6x2x2xf32>) -> tensor<2x4x8xf32> {
  %y = train.conv_input_grad %dy, %w strides [2] low [0] high [0] dilations [2] groups 2
      : tensor<2x6x3xf32>, tensor<6x2x2xf32> -> tensor<2x4x8xf32>
  return %y : tensor<2x4x8xf32>
}

// CHECK: conv_weight_grad: {{[0-9]+}} elements, largest relative error
func.func @conv_weight_grad(%x: tensor<2x4x8xf32>, %dy: tensor<2x6x3xf32>) -> tensor<6x2x2xf32> {
  %y = train.conv_weight_grad %x, %dy strides [2] low [0] high [0] dilations [2] groups 2
      : tensor<2x4x8xf32>, tensor<2x6x3xf32> -> tensor<6x2x2xf32>
  return %y : tensor<6x2x2xf32>
}

// CHECK: avg_pool: {{[0-9]+}} elements, largest relative error
func.func @avg_pool(%x: tensor<2x2x5x4xf32>) -> tensor<2x2x3x2xf32> {
  %y = train.avg_pool %x window [3, 2] strides [2, 2] low [1, 0] high [1, 0] dilations [1, 1] count_padding false
      : tensor<2x2x5x4xf32> -> tensor<2x2x3x2xf32>
  return %y : tensor<2x2x3x2xf32>
}

// CHECK: avg_pool_padding: {{[0-9]+}} elements, largest relative error
func.func @avg_pool_padding(%x: tensor<2x2x5x4xf32>) -> tensor<2x2x3x2xf32> {
  %y = train.avg_pool %x window [3, 2] strides [2, 2] low [1, 0] high [1, 0] dilations [1, 1] count_padding true
      : tensor<2x2x5x4xf32> -> tensor<2x2x3x2xf32>
  return %y : tensor<2x2x3x2xf32>
}
