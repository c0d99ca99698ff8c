// RUN: dsc-opt %s --dsc-lower-to-exec | FileCheck %s
// RUN: dsc-opt %s --dsc-lower-to-exec="accumulate-scatters=false" | FileCheck %s --check-prefix=OFF
// RUN: dsc-cpu-check %s | FileCheck %s --check-prefix=CPU --implicit-check-not=FAILED

// The gradient of a table that is also the head's matrix: the rows are added to
// the product where it lies.
// CHECK-LABEL: exec.program @tied(
// CHECK: %[[DOT:.*]] = exec.call "Matmul"
// CHECK: %[[SUM:.*]] = exec.call "ScatterAdd"(%{{.*}}, %{{.*}}, %[[DOT]]) ints [0, 8, 1, 7, 8, 3, {{.*}}, 1] {{.*}} {{.*}}exec.in_place = 2 : i64
// CHECK-NEXT: exec.return %[[SUM]]
// OFF-LABEL: exec.program @tied(
// OFF: exec.call "ScatterAdd"(%{{[^,]*}}, %{{[^,]*}}) ints [0, 8, 1, 7, 8, 3, {{.*}}, 0]
// OFF-NEXT: tensor.empty
// OFF-NEXT: linalg.generic
// CPU: tied: agrees
func.func @tied(%x: tensor<5x7xf32>, %dy: tensor<5x8xf32>, %u: tensor<3x8xf32>) -> tensor<7x8xf32> {
  %i = train.constant dense<[2, 0, 2]> : tensor<3xi64>
  %d = train.dot %x, %dy batch [] x [] contract [0] x [0] : tensor<5x7xf32>, tensor<5x8xf32> -> tensor<7x8xf32>
  %s = train.scatter_add %u, %i axis 0 : tensor<3x8xf32>, tensor<3xi64> -> tensor<7x8xf32>
  %y = train.add %s, %d : tensor<7x8xf32>
  return %y : tensor<7x8xf32>
}

// An input's buffer, or a value that is read again, is left as it is.
// CHECK-LABEL: exec.program @read_again(
// CHECK-NOT: exec.in_place
// CHECK: exec.return
// CPU: read_again: agrees
func.func @read_again(%x: tensor<5x7xf32>, %dy: tensor<5x8xf32>, %u: tensor<3x8xf32>, %z: tensor<7x8xf32>)
    -> (tensor<7x8xf32>, tensor<7x8xf32>, tensor<7x8xf32>) {
  %i = train.constant dense<[2, 0, 2]> : tensor<3xi64>
  %d = train.dot %x, %dy batch [] x [] contract [0] x [0] : tensor<5x7xf32>, tensor<5x8xf32> -> tensor<7x8xf32>
  %s = train.scatter_add %u, %i axis 0 : tensor<3x8xf32>, tensor<3xi64> -> tensor<7x8xf32>
  %y = train.add %d, %s : tensor<7x8xf32>
  %t = train.scatter_add %u, %i axis 0 : tensor<3x8xf32>, tensor<3xi64> -> tensor<7x8xf32>
  %w = train.add %z, %t : tensor<7x8xf32>
  return %y, %d, %w : tensor<7x8xf32>, tensor<7x8xf32>, tensor<7x8xf32>
}
