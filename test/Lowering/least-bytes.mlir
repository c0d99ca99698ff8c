// RUN: dsc-opt %s --dsc-lower-to-exec --dsc-fuse-kernels | FileCheck %s
// RUN: dsc-opt %s --dsc-print-op-interfaces -o /dev/null 2>&1 | FileCheck %s --check-prefix=TRAIN

// Of a table only the rows that are taken move, once from it and once into the
// result: 2 * 3 * 8 * 4 bytes, and three indices of 8.
// CHECK-LABEL: exec.program @rows(
// CHECK: exec.call "Take"({{.*}} {bytes = 216 : i64}
// TRAIN: train.take {{.*}} 0 flops, 216 bytes
func.func @rows(%table: tensor<100x8xf32>, %i: tensor<3xi64>) -> tensor<3x8xf32> {
  %y = train.take %table, %i axis 0 : tensor<100x8xf32>, tensor<3xi64> -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// A small table that is read again and again: no more than all of it.
// CHECK-LABEL: exec.program @often(
// CHECK: exec.call "Take"(
// CHECK-NOT: bytes
// CHECK: exec.return
func.func @often(%table: tensor<2x8xf32>, %i: tensor<30xi64>) -> tensor<30x8xf32> {
  %y = train.take %table, %i axis 0 : tensor<2x8xf32>, tensor<30xi64> -> tensor<30x8xf32>
  return %y : tensor<30x8xf32>
}

// Rows added to a tensor where it lies: they are read, and those of the tensor read
// and written, 3 * 3 * 8 * 4 bytes and the indices. A new tensor is written whole.
// CHECK-LABEL: exec.program @scatter(
// CHECK: exec.call "ScatterAdd"({{.*}}, 0] {{.*}} : (tensor<3x8xf32>
// CHECK: exec.call "ScatterAdd"({{.*}}, 1] {{.*}} {bytes = 312 : i64
func.func @scatter(%x: tensor<5x70xf32>, %dy: tensor<5x8xf32>, %u: tensor<3x8xf32>, %i: tensor<3xi64>)
    -> (tensor<70x8xf32>, tensor<70x8xf32>) {
  %t = train.scatter_add %u, %i axis 0 : tensor<3x8xf32>, tensor<3xi64> -> tensor<70x8xf32>
  %d = train.dot %x, %dy batch [] x [] contract [0] x [0] : tensor<5x70xf32>, tensor<5x8xf32> -> tensor<70x8xf32>
  %s = train.scatter_add %u, %i axis 0 : tensor<3x8xf32>, tensor<3xi64> -> tensor<70x8xf32>
  %y = train.add %s, %d : tensor<70x8xf32>
  return %t, %y : tensor<70x8xf32>, tensor<70x8xf32>
}

// A kernel that reads a third of its operand, twice at the same places.
// CHECK-LABEL: exec.program @slice(
// CHECK: exec.launch {{.*}} {bytes = 256 : i64, flops = {{[0-9]+}} : i64} : (tensor<4x24xf32>) -> tensor<4x8xf32>
func.func @slice(%x: tensor<4x24xf32>) -> tensor<4x8xf32> {
  %s = train.slice %x [0, 8] strides [1, 1] : tensor<4x24xf32> to tensor<4x8xf32>
  %m = train.mul %s, %s : tensor<4x8xf32>
  return %m : tensor<4x8xf32>
}
