// RUN: dsc-opt %s --dsc-exec-pipeline --split-input-file | FileCheck %s
// RUN: dsc-opt %s --dsc-exec-pipeline --split-input-file | dsc-opt --split-input-file | FileCheck %s

// The state lives in the outputs' stack, of nine rows of 64 bytes: no copies but the
// first one, and what is before and after each step is one buffer.
// CHECK-LABEL: exec.program @states
// CHECK-SAME: exec.arena_bytes = 576
// CHECK: %[[H:.*]] = exec.call "Copy"(%{{.*}}) {{.*}} at [0]
// CHECK: exec.loop 8 carry(%[[H]] : tensor<16xf32>) input(%{{.*}} : tensor<8x16xf32>) carried(tensor<16xf32>) output(tensor<8x16xf32>, tensor<8x16xf32>) at [0, 64, 0] stride [64] {
// CHECK: %[[NEW:.*]] = exec.launch @{{.*}} at [64] stride [64]
// CHECK-NEXT: exec.yield %[[NEW]], %[[NEW]], %
func.func @states(%h0: tensor<16xf32>, %x: tensor<8x16xf32>) -> (tensor<16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) {
  %h, %after, %before = train.scan 8 carry(%h0 : tensor<16xf32>) input(%x : tensor<8x16xf32>) carried(tensor<16xf32>) output(tensor<8x16xf32>, tensor<8x16xf32>) {
  ^bb0(%old: tensor<16xf32>, %xt: tensor<16xf32>):
    %new = train.mul %old, %xt : tensor<16xf32>
    train.body_yield %new, %new, %old : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
  }
  return %h, %after, %before : tensor<16xf32>, tensor<8x16xf32>, tensor<8x16xf32>
}

// -----

// With `reverse` from the last row down.
// CHECK-LABEL: exec.program @backwards
// CHECK: exec.call "Copy"(%{{.*}}) {{.*}} at [512]
// CHECK: exec.loop 8 reverse {{.*}} at [512, 0] stride [-64] {
// CHECK: exec.launch @{{.*}} at [448] stride [-64]
func.func @backwards(%h0: tensor<16xf32>, %x: tensor<8x16xf32>) -> (tensor<16xf32>, tensor<8x16xf32>) {
  %h, %after = train.scan 8 reverse carry(%h0 : tensor<16xf32>) input(%x : tensor<8x16xf32>) carried(tensor<16xf32>) output(tensor<8x16xf32>) {
  ^bb0(%old: tensor<16xf32>, %xt: tensor<16xf32>):
    %new = train.mul %old, %xt : tensor<16xf32>
    train.body_yield %new, %new : tensor<16xf32>, tensor<16xf32>
  }
  return %h, %after : tensor<16xf32>, tensor<8x16xf32>
}

// -----

// Elsewhere a carried value stays where it is: what a kernel or a product makes behind
// the last reader of the old one is computed there.
// CHECK-LABEL: exec.program @in_place
// CHECK-COUNT-2: exec.call "Copy"
// CHECK: exec.loop 8 {{.*}} at [0, 64] {
// CHECK: %[[P:.*]] = exec.call "Matmul"
// CHECK-NOT: "Copy"
// CHECK: exec.yield
func.func @in_place(%w: tensor<4x4xf32>, %h0: tensor<4x4xf32>, %s0: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %h, %s = train.scan 8 invariant(%w : tensor<4x4xf32>) carry(%h0, %s0 : tensor<4x4xf32>, tensor<4x4xf32>) carried(tensor<4x4xf32>, tensor<4x4xf32>) {
  ^bb0(%r: tensor<4x4xf32>, %old: tensor<4x4xf32>, %sum: tensor<4x4xf32>):
    %y = train.sin %old : tensor<4x4xf32>
    %new = train.dot %y, %r batch [] x [] contract [1] x [0] : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
    %n = train.add %sum, %new : tensor<4x4xf32>
    train.body_yield %new, %n : tensor<4x4xf32>, tensor<4x4xf32>
  }
  return %h, %s : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

// Values that change places go by way of temporaries: one copy before both.
// CHECK-LABEL: exec.program @swap
// CHECK: exec.loop 8 carry(%{{.*}}, %{{.*}} : tensor<16xf32>, tensor<16xf32>)
// CHECK-COUNT-3: exec.call "Copy"
// CHECK-NOT: exec.call
// CHECK: exec.yield
func.func @swap(%a: tensor<16xf32>, %b: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %c, %d = train.scan 8 carry(%a, %b : tensor<16xf32>, tensor<16xf32>) carried(tensor<16xf32>, tensor<16xf32>) {
  ^bb0(%u: tensor<16xf32>, %v: tensor<16xf32>):
    train.body_yield %v, %u : tensor<16xf32>, tensor<16xf32>
  }
  return %c, %d : tensor<16xf32>, tensor<16xf32>
}
