// RUN: dsc-cpu-check %s | FileCheck %s --implicit-check-not=FAILED
// RUN: not dsc-cpu-check %s --tolerance-scale 1e-9 | FileCheck %s --check-prefix=TIGHT

// A slice from the first element on: its map looks like the whole tensor's.
// CHECK: prefix: agrees
func.func @prefix(%x: tensor<4x6xf32>) -> tensor<4x3xf32> {
  %s = train.slice %x [0, 0] strides [1, 1] : tensor<4x6xf32> to tensor<4x3xf32>
  %y = train.neg %s : tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// The reduced loop's index stands in a sum only.
// TIGHT: reduced: FAILED
// CHECK: reduced: agrees
func.func @reduced(%x: tensor<4x7xf32>) -> tensor<4xf32> {
  %s = train.slice %x [0, 2] strides [1, 2] : tensor<4x7xf32> to tensor<4x3xf32>
  %y = train.reduce_sum %s [1] : tensor<4x3xf32> to tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK: merged: agrees
func.func @merged(%x: tensor<4x6xf32>) -> tensor<4x2xf32> {
  %n = train.exp %x : tensor<4x6xf32>
  %r = train.reshape %n : tensor<4x6xf32> to tensor<4x2x3xf32>
  %y = train.reduce_sum %r [2] : tensor<4x2x3xf32> to tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// A repeated slice is copied before it is repeated.
// CHECK: repeated: agrees
func.func @repeated(%x: tensor<6xf32>) -> (tensor<5x3xf32>, tensor<3xf32>) {
  %s = train.slice %x [0] strides [1] : tensor<6xf32> to tensor<3xf32>
  %b = train.broadcast %s [1] : tensor<3xf32> to tensor<5x3xf32>
  %y = train.exp %b : tensor<5x3xf32>
  %z = train.reduce_sum %b [0] : tensor<5x3xf32> to tensor<3xf32>
  return %y, %z : tensor<5x3xf32>, tensor<3xf32>
}

// oneDNN takes neither repeated elements nor interleaved dimensions.
// CHECK: conv_operands: agrees
func.func @conv_operands(%x: tensor<1x2x1x5xf32>, %w: tensor<8x4x5x4xf32>) -> tensor<1x8x4x5xf32> {
  %b = train.broadcast %x [0, 1, 2, 3] : tensor<1x2x1x5xf32> to tensor<1x2x5x5xf32>
  %s = train.slice %w [0, 0, 1, 2] strides [1, 2, 3, 1] : tensor<8x4x5x4xf32> to tensor<8x2x2x1xf32>
  %y = train.conv %b, %s strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
      : tensor<1x2x5x5xf32>, tensor<8x2x2x1xf32> -> tensor<1x8x4x5xf32>
  return %y : tensor<1x8x4x5xf32>
}

// CHECK: double_to_bf16: agrees
func.func @double_to_bf16(%x: tensor<9xf64>) -> tensor<9xbf16> {
  %y = train.convert %x : tensor<9xf64> to tensor<9xbf16>
  return %y : tensor<9xbf16>
}
