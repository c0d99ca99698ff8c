// RUN: dsc-opt %s --dsc-lower-to-exec | FileCheck %s

// Broadcasts and slices become indexing maps; nothing is copied.
// CHECK-DAG: #[[ROWS:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[PART:.*]] = affine_map<(d0, d1) -> (d0 * 2 + 1, d1)>
// CHECK-LABEL: exec.program @bias(
// CHECK-SAME: %[[X:.*]]: tensor<9x3xf32> {exec.name = "x"}, %[[B:.*]]: tensor<3xf32>
// CHECK-NOT: exec.call
// CHECK: %[[Y:.*]] = linalg.generic {indexing_maps = [#[[PART]], #[[ROWS]], #{{.*}}], iterator_types = ["parallel", "parallel"]} ins(%[[X]], %[[B]] :
// CHECK: arith.addf
// CHECK: exec.return %[[Y]]
func.func @bias(%x: tensor<9x3xf32> {train.name = "x"}, %b: tensor<3xf32>) -> tensor<4x3xf32> {
  %s = train.slice %x [1, 0] strides [2, 1] : tensor<9x3xf32> to tensor<4x3xf32>
  %r = train.broadcast %b [1] : tensor<3xf32> to tensor<4x3xf32>
  %y = train.add %s, %r : tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// A reshape between dense tensors is a view; splat constants are part of the body.
// CHECK-LABEL: exec.program @reshape(
// CHECK: %[[CST:.*]] = arith.constant 2.000000e+00
// CHECK: arith.mulf %{{.*}}, %[[CST]]
// CHECK: exec.view %{{.*}} : tensor<4x3xf32> to tensor<12xf32>
func.func @reshape(%x: tensor<4x3xf32>) -> tensor<12xf32> {
  %c = train.constant dense<2.0> : tensor<4x3xf32>
  %y = train.mul %x, %c : tensor<4x3xf32>
  %z = train.reshape %y : tensor<4x3xf32> to tensor<12xf32>
  return %z : tensor<12xf32>
}

// The kept dimensions come first in a reduction's loops.
// CHECK-LABEL: exec.program @reduce(
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction", "reduction"]}
func.func @reduce(%x: tensor<4x3x5xf32>) -> tensor<3xf32> {
  %y = train.reduce_sum %x [0, 2] : tensor<4x3x5xf32> to tensor<3xf32>
  return %y : tensor<3xf32>
}

// A full reduction of many elements goes by way of rows, which threads share.
// CHECK-LABEL: exec.program @reduce_all(
// CHECK: iterator_types = ["parallel", "reduction"]
// CHECK: iterator_types = ["reduction"]
func.func @reduce_all(%x: tensor<256x128xf32>) -> tensor<f32> {
  %y = train.reduce_sum %x [0, 1] : tensor<256x128xf32> to tensor<f32>
  return %y : tensor<f32>
}

// A whole op without a routine is taken apart.
// CHECK-LABEL: exec.program @softmax(
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: arith.divf
func.func @softmax(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = train.softmax %x 1 : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
