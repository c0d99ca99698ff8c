// RUN: dsc-opt %s --dsc-lower-to-exec --split-input-file | FileCheck %s
// RUN: dsc-opt %s --dsc-lower-to-exec=unroll=8 --split-input-file | FileCheck %s --check-prefix=UNROLLED
// RUN: dsc-opt %s --dsc-lower-to-exec=hoist-invariants=false --split-input-file | FileCheck %s --check-prefix=KEPT

// The weight's transpose costs nothing, what depends on no step is computed before the
// loop, and an output that no one reads is none.
// CHECK-LABEL: exec.program @scan
// CHECK-SAME: (%[[W:.*]]: tensor<4x4xf32> {{.*}}, %[[H:.*]]: tensor<2x4xf32> {{.*}}, %[[X:.*]]: tensor<8x2x4xf32> {{.*}}, %[[B:.*]]: tensor<2x4xf32>
// CHECK: %[[E:.*]] = linalg.generic {{.*}} ins(%[[B]] : tensor<2x4xf32>)
// CHECK: %[[LAST:.*]], %[[ROWS:.*]] = exec.loop 8 reverse carry(%[[H]] : tensor<2x4xf32>) input(%[[X]] : tensor<8x2x4xf32>) carried(tensor<2x4xf32>) output(tensor<8x2x4xf32>) {
// CHECK: ^bb0(%[[OLD:.*]]: tensor<2x4xf32>, %[[ROW:.*]]: tensor<2x4xf32>):
// CHECK: %[[P:.*]] = exec.call "Matmul"(%[[OLD]], %[[W]]) ints [0, 0, 2, 4, 4, 4, 1, 1, 4, 4, 1, 0]
// CHECK: linalg.generic {{.*}} ins(%[[P]], %[[ROW]]
// CHECK: linalg.generic {{.*}}%[[E]]
// CHECK: exec.yield %[[NEW:.*]], %[[NEW]] : tensor<2x4xf32>, tensor<2x4xf32>
// CHECK: exec.return %[[LAST]], %[[ROWS]], %[[ROWS]]
//
// KEPT-LABEL: exec.program @scan
// KEPT-SAME: %[[B:arg3]]: tensor<2x4xf32>
// KEPT: exec.loop 8
// KEPT: linalg.generic {{.*}} ins(%[[B]] : tensor<2x4xf32>)
// KEPT: exec.yield
//
// UNROLLED-LABEL: exec.program @scan
// UNROLLED-NOT: exec.loop
// UNROLLED-COUNT-8: "Matmul"
// UNROLLED-NOT: "Matmul"
func.func @scan(%w: tensor<4x4xf32>, %h0: tensor<2x4xf32>, %x: tensor<8x2x4xf32>, %b: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<8x2x4xf32>, tensor<8x2x4xf32>) {
  %t = train.transpose %w [1, 0] : tensor<4x4xf32> to tensor<4x4xf32>
  %h, %ys, %zs, %unused = train.scan 8 reverse invariant(%t, %b : tensor<4x4xf32>, tensor<2x4xf32>) carry(%h0 : tensor<2x4xf32>) input(%x : tensor<8x2x4xf32>) carried(tensor<2x4xf32>) output(tensor<8x2x4xf32>, tensor<8x2x4xf32>, tensor<8x2x4xf32>) {
  ^bb0(%r: tensor<4x4xf32>, %c: tensor<2x4xf32>, %before: tensor<2x4xf32>, %xt: tensor<2x4xf32>):
    %p = train.dot %before, %r batch [] x [] contract [1] x [0] : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    %s = train.add %p, %xt : tensor<2x4xf32>
    %e = train.exp %c : tensor<2x4xf32>
    %after = train.mul %s, %e : tensor<2x4xf32>
    train.body_yield %after, %after, %after, %s : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
  }
  return %h, %ys, %zs : tensor<2x4xf32>, tensor<8x2x4xf32>, tensor<8x2x4xf32>
}

// -----

// A buffer that a routine writes into begins anew with each step, also where its first
// content is the same in all.
// CHECK-LABEL: exec.program @padded
// CHECK: exec.loop 5
// CHECK: exec.call "Fill"
// CHECK: exec.call "Copy"{{.*}}exec.in_place
// CHECK: exec.yield
func.func @padded(%h0: tensor<3xf32>, %x: tensor<5x2xf32>) -> tensor<3xf32> {
  %h = train.scan 5 carry(%h0 : tensor<3xf32>) input(%x : tensor<5x2xf32>) carried(tensor<3xf32>) {
  ^bb0(%before: tensor<3xf32>, %xt: tensor<2xf32>):
    %p = train.pad %xt value 0.0 low [1] high [0] interior [0] : tensor<2xf32> to tensor<3xf32>
    %after = train.mul %before, %p : tensor<3xf32>
    train.body_yield %after : tensor<3xf32>
  }
  return %h : tensor<3xf32>
}

// -----

// Few steps are lowered one by one.
// CHECK-LABEL: exec.program @short
// CHECK-NOT: exec.loop
// CHECK: exec.return
func.func @short(%h0: tensor<3xf32>, %x: tensor<4x3xf32>) -> tensor<3xf32> {
  %h = train.scan 4 carry(%h0 : tensor<3xf32>) input(%x : tensor<4x3xf32>) carried(tensor<3xf32>) {
  ^bb0(%before: tensor<3xf32>, %xt: tensor<3xf32>):
    %after = train.mul %before, %xt : tensor<3xf32>
    train.body_yield %after : tensor<3xf32>
  }
  return %h : tensor<3xf32>
}
