// RUN: dsc-opt %s --dsc-exec-pipeline --split-input-file | FileCheck %s
// RUN: dsc-opt %s --dsc-lower-to-exec --split-input-file | FileCheck %s --check-prefix=LOWERED
// RUN: dsc-opt %s --dsc-lower-to-exec --dsc-fuse-kernels --dsc-place-buffers --split-input-file | FileCheck %s --check-prefix=PLACED

// Sums of micro-batches begin as filled buffers, in which they stay, and kernels know the numbers
// that constants hold.
// CHECK-LABEL: exec.program @sums
// CHECK-NOT: exec.constant
// CHECK: %[[ZERO:.*]] = exec.call "Fill"() ints [4, 1, 64, 1, 0, 0] {{.*}} at [256]
// CHECK-NEXT: exec.repeat 3 batch [0] carry(%[[ZERO]] : tensor<64xf32>) at [256]
// CHECK: exec.launch @{{.*}}(%{{.*}}, %{{.*}}) at [256] {{.*}} : (tensor<2x64xf32>, tensor<64xf32>)
// CHECK: exec.return
// LOWERED-LABEL: exec.program @sums
// LOWERED: exec.repeat
// LOWERED: linalg.generic {{.*}} ins(%{{[^,]*}} : tensor<2x64xf32>)
// LOWERED-NEXT: ^bb0
// LOWERED-NEXT: arith.constant 2.5
train.variable parameter @w : tensor<64xf32> = #train.weights
train.step @sums(%x: tensor<6x64xf32> {train.name = "x"}) -> (tensor<64xf32> {train.name = "sum"}) {
  %scale = train.constant dense<2.5> : tensor<2x64xf32>
  %r = train.microbatch 3 batch(%x : tensor<6x64xf32>) sums(tensor<64xf32>) {
  ^bb0(%m: tensor<i64>, %rows: tensor<2x64xf32>):
    %y = train.mul %rows, %scale : tensor<2x64xf32>
    %s = train.reduce_sum %y [0] : tensor<2x64xf32> to tensor<64xf32>
    train.yield sums(%s : tensor<64xf32>)
  }
  train.return %r : tensor<64xf32>
}

// -----

// One call fills all sums that begin with the same bits: zeros are bytes whatever their type.
// CHECK-LABEL: exec.program @many_sums
// CHECK: %[[ZEROS:.*]]:2 = exec.call "FillAll"() ints [1, 0, 2, 256, 8] {{.*}} at [0, 256] : () -> (tensor<64xf32>, tensor<i64>)
// CHECK-NOT: "Fill
// CHECK-NEXT: exec.repeat 3 batch [0, 1] carry(%[[ZEROS]]#0, %[[ZEROS]]#1 : tensor<64xf32>, tensor<i64>) at [0, 256]
train.step @many_sums(%x: tensor<6x64xf32> {train.name = "x"}, %y: tensor<6xi64> {train.name = "y"}) -> (tensor<64xf32> {train.name = "sum"}, tensor<i64> {train.name = "count"}) {
  %r:2 = train.microbatch 3 batch(%x, %y : tensor<6x64xf32>, tensor<6xi64>) sums(tensor<64xf32>, tensor<i64>) {
  ^bb0(%m: tensor<i64>, %rows: tensor<2x64xf32>, %counts: tensor<2xi64>):
    %s = train.reduce_sum %rows [0] : tensor<2x64xf32> to tensor<64xf32>
    %c = train.reduce_sum %counts [0] : tensor<2xi64> to tensor<i64>
    train.yield sums(%s, %c : tensor<64xf32>, tensor<i64>)
  }
  train.return %r#0, %r#1 : tensor<64xf32>, tensor<i64>
}

// -----

// A carried value may begin so in a row that is on no cache line.
// CHECK-LABEL: exec.program @rows
// CHECK-NOT: exec.constant
// CHECK: %[[ONE:.*]] = exec.call "Fill"() ints [4, 1, 12, 1, 0, 1065353216] {{.*}} at [432]
// CHECK-NEXT: exec.loop 9 reverse carry(%[[ONE]] : tensor<12xf32>)
func.func @rows(%x: tensor<9x12xf32>) -> (tensor<12xf32>, tensor<9x12xf32>) {
  %one = train.constant dense<1.0> : tensor<12xf32>
  %h, %after = train.scan 9 reverse carry(%one : tensor<12xf32>) input(%x : tensor<9x12xf32>) carried(tensor<12xf32>) output(tensor<9x12xf32>) {
  ^bb0(%old: tensor<12xf32>, %xt: tensor<12xf32>):
    %new = train.mul %old, %xt : tensor<12xf32>
    train.body_yield %new, %new : tensor<12xf32>, tensor<12xf32>
  }
  return %h, %after : tensor<12xf32>, tensor<9x12xf32>
}

// -----

// Routines read filled buffers, but what takes no more than a cache line is stored.
// CHECK-LABEL: exec.program @read
// CHECK: %[[LARGE:.*]] = exec.call "Fill"() ints [4, 1, 64, 1, 0, 1065353216]
// CHECK: exec.call "Matmul"(%{{.*}}, %[[LARGE]])
// CHECK: %[[SMALL:.*]] = exec.constant dense<1.000000e+00> : tensor<4x4xf32>
// CHECK: exec.call "Matmul"(%[[SMALL]], %[[SMALL]])
func.func @read(%x: tensor<8x8xf32>, %y: tensor<8x4xf32>) -> (tensor<8x8xf32>, tensor<4x4xf32>) {
  %large = train.constant dense<1.0> : tensor<8x8xf32>
  %small = train.constant dense<1.0> : tensor<4x4xf32>
  %a = train.dot %x, %large batch [] x [] contract [1] x [0] : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %b = train.dot %small, %small batch [] x [] contract [1] x [0] : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  return %a, %b : tensor<8x8xf32>, tensor<4x4xf32>
}

// -----

// Variables are filled where they lie, with the very bits; results are in the arena.
// CHECK-LABEL: exec.program @reset
// CHECK-NOT: exec.constant
// CHECK: exec.call "Fill"() ints [1, 1, 6, 1, 0, 1] {{.*}} at [64]
// CHECK: %[[OLD:.*]] = exec.read @s
// CHECK: exec.call "Fill"(%[[OLD]]) ints [8, 1, 4, 1, 0, -9223372036854775808] {{.*}} at [0] {exec.in_place = 0
train.variable state @s : tensor<4xf64> = #train.weights
func.func @reset() -> tensor<2x3xi1> {
  %zero = train.constant dense<-0.0> : tensor<4xf64>
  %true = train.constant dense<true> : tensor<2x3xi1>
  train.write @s, %zero : tensor<4xf64>
  return %true : tensor<2x3xi1>
}

// -----

// Under another shape, too.
// PLACED-LABEL: exec.program @viewed
// PLACED-NEXT: exec.call "Fill"() ints [4, 1, 64, 1, 0, 0]
// PLACED-NEXT: exec.return
func.func @viewed() -> tensor<8x8xf32> {
  %zero = train.constant dense<0.0> : tensor<64xf32>
  %y = train.reshape %zero : tensor<64xf32> to tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}
