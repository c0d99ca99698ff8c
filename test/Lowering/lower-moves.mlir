// RUN: dsc-opt %s --dsc-lower-to-exec | FileCheck %s
// CHECK: #[[LINEAR:.*]] = affine_map<(d0, d1) -> (d0 * 6 + d1)>

// Parts are written into one buffer, each at its offset (the last of the ints).
// CHECK-LABEL: exec.program @concat(
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32> {{.*}}, %[[Y:.*]]: tensor<2x2xf32>
// CHECK-NEXT: %[[A:.*]] = exec.call "Copy"(%[[X]]) ints [4, 2, 2, 3, 3, 1, 5, 1, 0, 0]
// CHECK-NEXT: %[[B:.*]] = exec.call "Copy"(%[[Y]], %[[A]]) ints [4, 2, 2, 2, 2, 1, 5, 1, 0, 3] {{.*}} {{.*}}exec.in_place = 1
// CHECK-NEXT: exec.return %[[B]]
func.func @concat(%x: tensor<2x3xf32>, %y: tensor<2x2xf32>) -> tensor<2x5xf32> {
  %c = train.concat 1 %x, %y : (tensor<2x3xf32>, tensor<2x2xf32>) -> tensor<2x5xf32>
  return %c : tensor<2x5xf32>
}

// 1073741824 is 2.0; the inner elements lie two apart, from the second on.
// CHECK-LABEL: exec.program @pad(
// CHECK: %[[F:.*]] = exec.call "Fill"() ints [4, 2, 4, 6, 6, 1, 0, 1073741824]
// CHECK: exec.call "Copy"(%{{.*}}, %[[F]]) ints [4, 2, 2, 3, 3, 1, 6, 2, 0, 1] {{.*}} {{.*}}exec.in_place = 1
func.func @pad(%x: tensor<2x3xf32>) -> tensor<4x6xf32> {
  %p = train.pad %x value 2.0 low [0, 1] high [2, 0] interior [0, 1] : tensor<2x3xf32> to tensor<4x6xf32>
  return %p : tensor<4x6xf32>
}

// A loop nest that would gather reads a transposed copy instead.
// CHECK-LABEL: exec.program @transpose(
// CHECK: %[[T:.*]] = exec.call "Copy"(%{{.*}}) ints [4, 2, 3, 2, 1, 3, 2, 1, 0, 0]
// CHECK: linalg.generic {{.*}} ins(%[[T]] :
func.func @transpose(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %t = train.transpose %x [1, 0] : tensor<2x3xf32> to tensor<3x2xf32>
  %y = train.exp %t : tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// From the first element on, a slice's map would be the whole tensor's: it is read as a row of
// elements.
// CHECK-LABEL: exec.program @prefix(
// CHECK: %[[ROW:.*]] = exec.view %{{.*}} : tensor<4x6xf32> to tensor<24xf32>
// CHECK: linalg.generic {indexing_maps = [#[[LINEAR]], #{{.*}}]{{.*}} ins(%[[ROW]] : tensor<24xf32>)
func.func @prefix(%x: tensor<4x6xf32>) -> tensor<4x3xf32> {
  %s = train.slice %x [0, 0] strides [1, 1] : tensor<4x6xf32> to tensor<4x3xf32>
  %y = train.exp %s : tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// Of a row there is no other view.
// CHECK-LABEL: exec.program @prefix_of_row(
// CHECK: %[[S:.*]] = exec.call "Copy"(%{{.*}}) ints [4, 1, 3, 1, 1, 0, 0]
// CHECK: linalg.generic {{.*}} ins(%[[S]] : tensor<3xf32>)
func.func @prefix_of_row(%x: tensor<6xf32>) -> tensor<3xf32> {
  %s = train.slice %x [0] strides [1] : tensor<6xf32> to tensor<3xf32>
  %y = train.exp %s : tensor<3xf32>
  return %y : tensor<3xf32>
}
