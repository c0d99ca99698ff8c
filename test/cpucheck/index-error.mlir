// An index outside the tensor is an error that names the routine, never a read.
// RUN: not dsc-cpu-check %s 2>&1 | FileCheck %s
// CHECK: error: Take
// CHECK-SAME: index
// CHECK: take: FAILED
func.func @take(%x: tensor<3x4xf32>, %i: tensor<64xi64> {check.bound = 100}) -> tensor<64x4xf32> {
  %y = train.take %x, %i axis 0 : tensor<3x4xf32>, tensor<64xi64> -> tensor<64x4xf32>
  return %y : tensor<64x4xf32>
}
