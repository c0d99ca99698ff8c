// RUN: dsc-opt %s --dsc-lower-to-exec | FileCheck %s

// The transpose is in the strides, bias and relu are the product's epilogue: batch
// type and rank, M N K, strides of a, b and the result, flags.
// CHECK-LABEL: exec.program @linear(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32> {{.*}}, %[[W:.*]]: tensor<16x8xf32> {{.*}}, %[[B:.*]]: tensor<16xf32>
// CHECK-NEXT: %[[Y:.*]] = exec.call "Matmul"(%[[X]], %[[W]], %[[B]]) ints [0, 0, 4, 16, 8, 8, 1, 1, 8, 16, 1, 3]
// CHECK-NEXT: exec.return %[[Y]]
func.func @linear(%x: tensor<4x8xf32>, %w: tensor<16x8xf32>, %bias: tensor<16xf32>) -> tensor<4x16xf32> {
  %t = train.transpose %w [1, 0] : tensor<16x8xf32> to tensor<8x16xf32>
  %y = train.dot %x, %t batch [] x [] contract [1] x [0] : tensor<4x8xf32>, tensor<8x16xf32> -> tensor<4x16xf32>
  %b = train.broadcast %bias [1] : tensor<16xf32> to tensor<4x16xf32>
  %z = train.add %y, %b : tensor<4x16xf32>
  %r = train.relu %z : tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}

// A product that something else reads as well keeps its own value.
// CHECK-LABEL: exec.program @shared(
// CHECK: %[[Y:.*]] = exec.call "Matmul"(%{{.*}}, %{{.*}}) ints [0, 0, 4, 4, 4, 4, 1, 4, 1, 4, 1, 0]
// CHECK: linalg.generic {{.*}} ins(%[[Y]]
func.func @shared(%x: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %y = train.dot %x, %x batch [] x [] contract [1] x [0] : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %r = train.relu %y : tensor<4x4xf32>
  return %y, %r : tensor<4x4xf32>, tensor<4x4xf32>
}

// The heads of a joint projection: slices are shifts, the transposes strides, and
// the result is written as the transpose behind it wants it.
// CHECK-LABEL: exec.program @heads(
// CHECK-SAME: %[[X:.*]]: tensor<2x3x24xf32>
// CHECK-NEXT: %[[Y:.*]]:2 = exec.call "Attention"(%[[X]], %[[X]], %[[X]]) {{.*}} shifts [0, 8, 16] {{.*}} -> (tensor<2x3x2x4xf32>, tensor<2x2x3xf32>)
// CHECK-NEXT: exec.view %[[Y]]#0 : tensor<2x3x2x4xf32> to tensor<2x3x8xf32>
func.func @heads(%x: tensor<2x3x24xf32>) -> tensor<2x3x8xf32> {
  %q = train.slice %x [0, 0, 0] strides [1, 1, 1] : tensor<2x3x24xf32> to tensor<2x3x8xf32>
  %k = train.slice %x [0, 0, 8] strides [1, 1, 1] : tensor<2x3x24xf32> to tensor<2x3x8xf32>
  %v = train.slice %x [0, 0, 16] strides [1, 1, 1] : tensor<2x3x24xf32> to tensor<2x3x8xf32>
  %q4 = train.reshape %q : tensor<2x3x8xf32> to tensor<2x3x2x4xf32>
  %k4 = train.reshape %k : tensor<2x3x8xf32> to tensor<2x3x2x4xf32>
  %v4 = train.reshape %v : tensor<2x3x8xf32> to tensor<2x3x2x4xf32>
  %qh = train.transpose %q4 [0, 2, 1, 3] : tensor<2x3x2x4xf32> to tensor<2x2x3x4xf32>
  %kh = train.transpose %k4 [0, 2, 1, 3] : tensor<2x3x2x4xf32> to tensor<2x2x3x4xf32>
  %vh = train.transpose %v4 [0, 2, 1, 3] : tensor<2x3x2x4xf32> to tensor<2x2x3x4xf32>
  %y, %lse = train.attention %qh, %kh, %vh scale 0.5 causal true
      : tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32> -> tensor<2x2x3x4xf32>, tensor<2x2x3xf32>
  %t = train.transpose %y [0, 2, 1, 3] : tensor<2x2x3x4xf32> to tensor<2x3x2x4xf32>
  %r = train.reshape %t : tensor<2x3x2x4xf32> to tensor<2x3x8xf32>
  return %r : tensor<2x3x8xf32>
}

// The bias is the convolution's epilogue; pooling gives the winners as well.
// CHECK-LABEL: exec.program @windows(
// CHECK-NEXT: %[[C:.*]] = exec.call "Conv"(%{{.*}}, %{{.*}}, %{{.*}}) ints [2, 2, 3, 4, 1, 8, 8, 3, 3,
// CHECK-NEXT: exec.call "MaxPool"(%[[C]]) {{.*}} -> (tensor<2x4x4x4xf32>, tensor<2x4x4x4xi32>)
func.func @windows(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<4xf32>) -> (tensor<2x4x4x4xf32>, tensor<2x4x4x4xi32>) {
  %c = train.conv %x, %w strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] groups 1
      : tensor<2x3x8x8xf32>, tensor<4x3x3x3xf32> -> tensor<2x4x8x8xf32>
  %r = train.broadcast %b [1] : tensor<4xf32> to tensor<2x4x8x8xf32>
  %d = train.add %c, %r : tensor<2x4x8x8xf32>
  %p, %i = train.max_pool %d window [2, 2] strides [2, 2] low [0, 0] high [0, 0] dilations [1, 1]
      : tensor<2x4x8x8xf32> -> tensor<2x4x4x4xf32>, tensor<2x4x4x4xi32>
  return %p, %i : tensor<2x4x4x4xf32>, tensor<2x4x4x4xi32>
}

// oneDNN takes no repeated elements: those are written out first.
// CHECK-LABEL: exec.program @repeated(
// CHECK: %[[WIDE:.*]] = linalg.generic
// CHECK: exec.call "Conv"(%[[WIDE]],
func.func @repeated(%x: tensor<1x2x1x5xf32>, %w: tensor<2x2x2x1xf32>) -> tensor<1x2x4x5xf32> {
  %b = train.broadcast %x [0, 1, 2, 3] : tensor<1x2x1x5xf32> to tensor<1x2x5x5xf32>
  %y = train.conv %b, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
      : tensor<1x2x5x5xf32>, tensor<2x2x2x1xf32> -> tensor<1x2x4x5xf32>
  return %y : tensor<1x2x4x5xf32>
}
