// RUN: dsc-opt %s --dsc-exec-pipeline | FileCheck %s
// RUN: dsc-opt %s --dsc-lower-to-exec --dsc-fuse-kernels --dsc-place-buffers=in-place=false | FileCheck %s --check-prefix=APART

// Variables come first, then scalars, then what values share. The update is
// computed into the variable's own buffer.
// CHECK: module attributes {exec.persistent_bytes = 704 : i64}
// CHECK: exec.variable "parameter" @w at 0
// CHECK: exec.variable "state" @s at 512
// CHECK-LABEL: exec.program @train
// CHECK: exec.scalar "lr" at 640
// CHECK: %[[NEW:.*]] = exec.launch @{{.*}}({{.*}}) at [0]
// CHECK: exec.write @w, %[[NEW]]
// CHECK-NOT: "Copy"
// CHECK: exec.return

// Without, it is computed elsewhere and copied.
// APART-LABEL: exec.program @train
// APART: %[[NEW:.*]] = exec.launch @{{.*}}({{.*}}) at [704]
// APART: %[[OLD:.*]] = exec.read @w
// APART: exec.call "Copy"(%[[NEW]], %[[OLD]]) {{.*}} at [0]
train.variable parameter @w : tensor<16x8xf32> = #train.weights
train.variable state @s : tensor<4xf32> = #train.weights
train.step @train(%g: tensor<16x8xf32> {train.name = "g"}) -> (tensor<f32> {train.name = "loss_sum"}) {
  %w = train.read @w : tensor<16x8xf32>
  %lr = train.scalar "lr" : tensor<f32>
  %r = train.broadcast %lr [] : tensor<f32> to tensor<16x8xf32>
  %d = train.mul %g, %r : tensor<16x8xf32>
  %n = train.sub %w, %d : tensor<16x8xf32>
  train.write @w, %n : tensor<16x8xf32>
  %l = train.reduce_sum %g [0, 1] : tensor<16x8xf32> to tensor<f32>
  train.return %l : tensor<f32>
}

// Buffers are used again: three products, but never more than two alive at once;
// the read-only variable is not copied.
// CHECK-LABEL: exec.program @chain
// CHECK-SAME: exec.arena_bytes = 1216
// CHECK: "Matmul"{{.*}} at [704]
// CHECK: "Matmul"{{.*}} at [960]
// CHECK: "Matmul"{{.*}} at [704]
func.func @chain(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %a = train.dot %x, %x batch [] x [] contract [1] x [0] : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %b = train.dot %a, %x batch [] x [] contract [1] x [0] : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %c = train.dot %b, %x batch [] x [] contract [1] x [0] : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  return %c : tensor<8x8xf32>
}

// What a program returns unchanged is copied into the arena.
// CHECK-LABEL: exec.program @unchanged
// CHECK: exec.call "Copy"(%{{.*}}) {{.*}} at [704]
func.func @unchanged(%x: tensor<8xf32>) -> tensor<8xf32> {
  return %x : tensor<8xf32>
}

// Old values that change places go by way of a temporary.
// CHECK-LABEL: exec.program @swap
// CHECK-COUNT-4: "Copy"
// CHECK-NOT: "Copy"
// CHECK: exec.return
func.func @swap() {
  %w = train.read @s : tensor<4xf32>
  %v = train.read @t : tensor<4xf32>
  train.write @s, %v : tensor<4xf32>
  train.write @t, %w : tensor<4xf32>
  return
}
train.variable state @t : tensor<4xf32> = #train.weights
