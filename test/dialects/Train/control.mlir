// RUN: dsc-opt %s | dsc-opt | FileCheck %s
// RUN: dsc-opt --mlir-print-op-generic %s | dsc-opt | FileCheck %s
// RUN: dsc-opt --dsc-print-op-interfaces %s 2>&1 | FileCheck %s --check-prefix=RULE

// CHECK-LABEL: func.func @scan
func.func @scan(%w: tensor<5x5xf32>, %h0: tensor<2x5xf32>, %x: tensor<8x2x5xf32>) -> (tensor<2x5xf32>, tensor<8x2x5xf32>) {
  // The rows of the state may be split; steps, and what the product sums over, not.
  // RULE: train.scan ([j, j], [k, j], [i, k, j]) -> ([k, j], [i, k, j]) {i=8, j=5, k=2} whole={i, j}, needs-f32, 960 flops
  // CHECK: %{{.*}}, %{{.*}} = train.scan 8 reverse invariant(%{{.*}} : tensor<5x5xf32>) carry(%{{.*}} : tensor<2x5xf32>) input(%{{.*}} : tensor<8x2x5xf32>) carried(tensor<2x5xf32>) output(tensor<8x2x5xf32>) {
  %h, %ys = train.scan 8 reverse invariant(%w : tensor<5x5xf32>) carry(%h0 : tensor<2x5xf32>) input(%x : tensor<8x2x5xf32>) carried(tensor<2x5xf32>) output(tensor<8x2x5xf32>) {
  ^bb0(%r: tensor<5x5xf32>, %before: tensor<2x5xf32>, %xt: tensor<2x5xf32>):
    %p = train.dot %before, %r batch [] x [] contract [1] x [0] : tensor<2x5xf32>, tensor<5x5xf32> -> tensor<2x5xf32>
    %s = train.add %p, %xt : tensor<2x5xf32>
    %after = train.tanh %s : tensor<2x5xf32>
    // CHECK: train.body_yield %{{.*}}, %{{.*}} : tensor<2x5xf32>, tensor<2x5xf32>
    train.body_yield %after, %after : tensor<2x5xf32>, tensor<2x5xf32>
  }
  return %h, %ys : tensor<2x5xf32>, tensor<8x2x5xf32>
}

// CHECK-LABEL: func.func @branch
func.func @branch(%c: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: train.if %{{.*}} uses(%{{.*}} : tensor<4xf32>) -> (tensor<4xf32>) {
  %y = train.if %c uses(%x : tensor<4xf32>) -> (tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>):
    %e = train.exp %a : tensor<4xf32>
    train.body_yield %e : tensor<4xf32>
  } else {
  ^bb0(%a: tensor<4xf32>):
    train.body_yield %a : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
