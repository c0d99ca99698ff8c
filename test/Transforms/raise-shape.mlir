// RUN: dsc-opt %s --dsc-raise | FileCheck %s
// RUN: python3 %S/same_values.py %s --dsc-raise

// Heads flattened into the batch for a transpose, and unflattened.
// CHECK-LABEL: func.func @flattened
// CHECK-NEXT: %[[Y:.*]] = train.transpose %arg0 [0, 1, 3, 2] : tensor<2x3x4x5xf32> to tensor<2x3x5x4xf32>
// CHECK-NEXT: return %[[Y]]
func.func @flattened(%x: tensor<2x3x4x5xf32> {train.name = "x"}) -> (tensor<2x3x5x4xf32> {train.name = "y"}) {
  %f = train.reshape %x : tensor<2x3x4x5xf32> to tensor<6x4x5xf32>
  %t = train.transpose %f [0, 2, 1] : tensor<6x4x5xf32> to tensor<6x5x4xf32>
  %y = train.reshape %t : tensor<6x5x4xf32> to tensor<2x3x5x4xf32>
  return %y : tensor<2x3x5x4xf32>
}

// A weight [out, in] is read as it lies.
// CHECK-LABEL: func.func @linear
// CHECK-NEXT: train.dot %arg0, %arg1 batch [] x [] contract [2] x [1]
func.func @linear(%x: tensor<2x3x4xf32> {train.name = "x"}, %w: tensor<5x4xf32> {train.name = "w"}) -> (tensor<2x3x5xf32> {train.name = "y"}) {
  %t = train.transpose %w [1, 0] : tensor<5x4xf32> to tensor<4x5xf32>
  %y = train.dot %x, %t batch [] x [] contract [2] x [0] : tensor<2x3x4xf32>, tensor<4x5xf32> -> tensor<2x3x5xf32>
  return %y : tensor<2x3x5xf32>
}

// Free dimensions that change places, and batch dimensions, keep their transpose.
// CHECK-LABEL: func.func @kept
// CHECK: train.transpose
func.func @kept(%x: tensor<3x2x4xf32> {train.name = "x"}, %w: tensor<4x5xf32> {train.name = "w"}, %z: tensor<2x4x5xf32> {train.name = "z"}) -> (tensor<2x3x5xf32> {train.name = "y"}, tensor<2x3x5xf32> {train.name = "u"}) {
  %t = train.transpose %x [1, 0, 2] : tensor<3x2x4xf32> to tensor<2x3x4xf32>
  %y = train.dot %t, %w batch [] x [] contract [2] x [0] : tensor<2x3x4xf32>, tensor<4x5xf32> -> tensor<2x3x5xf32>
  %s = train.transpose %x [1, 0, 2] : tensor<3x2x4xf32> to tensor<2x3x4xf32>
  %u = train.dot %s, %z batch [0] x [0] contract [2] x [1] : tensor<2x3x4xf32>, tensor<2x4x5xf32> -> tensor<2x3x5xf32>
  %twice = train.add %u, %u : tensor<2x3x5xf32>
  return %y, %twice : tensor<2x3x5xf32>, tensor<2x3x5xf32>
}
