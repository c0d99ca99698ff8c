// Kernels on f16 and bf16: each operation is computed in f32 and rounded.
// RUN: dsc-cuda-check %s | FileCheck %s --implicit-check-not=FAILED
// RUN: not dsc-cuda-check %s --tolerance-scale 1e-9 | FileCheck %s --check-prefix=TIGHT

// TIGHT: elements_f16: FAILED
// CHECK: elements_f16: agrees
func.func @elements_f16(%a: tensor<6x5xf16>, %b: tensor<6x5xf16>) -> (tensor<6x5xf16>, tensor<6x5xf16>) {
  %p = train.mul %a, %b : tensor<6x5xf16>
  %s = train.add %p, %a : tensor<6x5xf16>
  %e = train.exp %s : tensor<6x5xf16>
  %m = train.max %e, %b : tensor<6x5xf16>
  %t = train.tanh %m : tensor<6x5xf16>
  return %s, %t : tensor<6x5xf16>, tensor<6x5xf16>
}

// CHECK: elements_bf16: agrees
func.func @elements_bf16(%a: tensor<6x5xbf16>, %b: tensor<6x5xbf16>) -> (tensor<6x5xbf16>, tensor<6x5xbf16>) {
  %p = train.mul %a, %b : tensor<6x5xbf16>
  %s = train.sub %p, %a : tensor<6x5xbf16>
  %r = train.relu %s : tensor<6x5xbf16>
  %q = train.div %r, %b : tensor<6x5xbf16>
  return %r, %q : tensor<6x5xbf16>, tensor<6x5xbf16>
}

// CHECK: product_f16: agrees
func.func @product_f16(%a: tensor<5x24xf16>, %b: tensor<24x7xf16>) -> tensor<5x7xf16> {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x24xf16>, tensor<24x7xf16> -> tensor<5x7xf16>
  %y = train.relu %x : tensor<5x7xf16>
  return %y : tensor<5x7xf16>
}

// CHECK: product_bf16: agrees
func.func @product_bf16(%a: tensor<2x24x5xbf16>, %b: tensor<2x7x24xbf16>) -> tensor<2x5x7xbf16> {
  %x = train.dot %a, %b batch [0] x [0] contract [1] x [2]
      : tensor<2x24x5xbf16>, tensor<2x7x24xbf16> -> tensor<2x5x7xbf16>
  return %x : tensor<2x5x7xbf16>
}

// Rows of a warp, a block and a thread, and columns.
// CHECK: rows_f16: agrees
func.func @rows_f16(%a: tensor<5x40xf16>, %b: tensor<3x1100xf16>, %c: tensor<9x4xf16>)
    -> (tensor<5xf16>, tensor<3xf16>, tensor<9xf16>, tensor<40xf16>) {
  %x = train.reduce_max %a [1] : tensor<5x40xf16> to tensor<5xf16>
  %y = train.reduce_max %b [1] : tensor<3x1100xf16> to tensor<3xf16>
  %z = train.reduce_sum %c [1] : tensor<9x4xf16> to tensor<9xf16>
  %w = train.reduce_sum %a [0] : tensor<5x40xf16> to tensor<40xf16>
  return %x, %y, %z, %w : tensor<5xf16>, tensor<3xf16>, tensor<9xf16>, tensor<40xf16>
}

// CHECK: softmax_bf16: agrees
func.func @softmax_bf16(%a: tensor<5x40xbf16>) -> tensor<5x40xbf16> {
  %y = train.softmax %a 1 : tensor<5x40xbf16>
  return %y : tensor<5x40xbf16>
}

// CHECK: between: agrees
func.func @between(%a: tensor<4x8xf32>, %b: tensor<4x8xf64>) -> (tensor<4x8xbf16>, tensor<4x8xf16>, tensor<4x8xf64>) {
  %x = train.convert %a : tensor<4x8xf32> to tensor<4x8xf16>
  %y = train.convert %x : tensor<4x8xf16> to tensor<4x8xbf16>
  %z = train.convert %b : tensor<4x8xf64> to tensor<4x8xf16>
  %w = train.convert %y : tensor<4x8xbf16> to tensor<4x8xf64>
  return %y, %z, %w : tensor<4x8xbf16>, tensor<4x8xf16>, tensor<4x8xf64>
}
