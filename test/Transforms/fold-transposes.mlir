// RUN: dsc-opt %s --dsc-fold-transposes | FileCheck %s
// The same values before and after.
// RUN: python3 %{source}/test/npz.py write %t.npz a=f4:2x3x4:1,-2,3,5,7,-1,2 b=f4:2x4x5:2,3,-5,7,11
// RUN: dsc-interpret %s --entry batched --data %t.npz > %t.before
// RUN: dsc-opt %s --dsc-fold-transposes -o %t.mlir && dsc-interpret %t.mlir --entry batched --data %t.npz > %t.after
// RUN: diff %t.before %t.after

// CHECK-LABEL: func.func @batched
// CHECK-NEXT: %[[Y:.*]] = train.dot %arg1, %arg0 batch [0] x [0] contract [1] x [2] : tensor<2x4x5xf32>, tensor<2x3x4xf32> -> tensor<2x5x3xf32>
// CHECK-NEXT: return %[[Y]]
func.func @batched(%a: tensor<2x3x4xf32> {train.name = "a"}, %b: tensor<2x4x5xf32> {train.name = "b"}) -> (tensor<2x5x3xf32> {train.name = "y"}) {
  %p = train.dot %a, %b batch [0] x [0] contract [2] x [1] : tensor<2x3x4xf32>, tensor<2x4x5xf32> -> tensor<2x3x5xf32>
  %y = train.transpose %p [0, 2, 1] : tensor<2x3x5xf32> to tensor<2x5x3xf32>
  return %y : tensor<2x5x3xf32>
}

// Other permutations stay, and products that something else reads.
// CHECK-LABEL: func.func @kept
// CHECK: train.dot %arg0, %arg1
// CHECK: train.transpose
// CHECK: train.transpose
func.func @kept(%a: tensor<2x3x4xf32>, %b: tensor<4x5xf32>) -> (tensor<5x3x2xf32>, tensor<5x2x3xf32>) {
  %p = train.dot %a, %b batch [] x [] contract [2] x [0] : tensor<2x3x4xf32>, tensor<4x5xf32> -> tensor<2x3x5xf32>
  %y = train.transpose %p [2, 1, 0] : tensor<2x3x5xf32> to tensor<5x3x2xf32>
  %z = train.transpose %p [2, 0, 1] : tensor<2x3x5xf32> to tensor<5x2x3xf32>
  return %y, %z : tensor<5x3x2xf32>, tensor<5x2x3xf32>
}
