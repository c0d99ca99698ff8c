// RUN: dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff=microbatches=1 | FileCheck %s
// RUN: dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff="microbatches=1 cut-scans=false" | FileCheck %s --check-prefix=DEAR
// RUN: dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff="microbatches=1 stack-sums=false" | FileCheck %s --check-prefix=CARRIED

// What the forward scan saves for the backward one: of a product only what the backward ops need
// in the end, where that takes no more memory than the product.
train.variable parameter @r : tensor<6x3xf32> = dense<1.0> : tensor<6x3xf32>
train.variable parameter @s : tensor<3x3xf32> = dense<1.0> : tensor<3x3xf32>
train.variable parameter @t : tensor<1x3xf32> = dense<1.0> : tensor<1x3xf32>

// Gates rather than the product they are slices of; the sum with the input, which erf's derivative
// reads; the product itself where what is made of it is larger.
// CHECK-LABEL: train.step @train
// CHECK: train.scan 4 invariant({{.*}} output(
// CHECK: ^bb0(
// CHECK: %[[P:.*]] = train.dot
// CHECK: %[[I:.*]] = train.sigmoid
// CHECK: %[[C:.*]] = train.tanh
// CHECK: %[[Q:.*]] = train.dot
// CHECK: %[[SUM:.*]] = train.add %[[Q]], %{{.*}} : tensor<2x3xf32>
// CHECK: train.erf %[[SUM]]
// CHECK: %[[N:.*]] = train.dot
// CHECK: train.broadcast %[[N]]
// CHECK: train.body_yield %[[H:[^,]*]], %[[H]], %[[I]], %[[C]], %[[SUM]], %[[N]], %{{[^,]*}} :

// The backward scan computes none of the products again.
// CHECK: train.scan 4 reverse
// CHECK: ^bb0(
// CHECK-NOT: train.sigmoid
// CHECK-NOT: train.tanh
// CHECK-NOT: train.erf
// CHECK: train.body_yield
// Without it, products are saved, and the rest is computed again.
// DEAR: train.scan 4 invariant(
// DEAR: %[[P:.*]] = train.dot
// DEAR: train.body_yield %{{[^,]*}}, %{{[^,]*}}, %[[P]],
// DEAR: train.scan 4 reverse
// DEAR: train.sigmoid
// DEAR: train.yield

// Sums over the steps are products behind the scan, or else carried.
// CHECK-COUNT-3: = train.dot %{{.*}} contract [0, 1] x [0, 1]
// CARRIED: train.scan 4 reverse {{.*}} carry(%{{.*}} : tensor<2x3xf32>, tensor<6x3xf32>, tensor<3x3xf32>, tensor<1x3xf32>)
// CARRIED-NOT: contract [0, 1]
// CARRIED: train.yield

// All choices give the same gradients.
// RUN: python3 %{source}/test/npz.py write %t.npz x=f4:4x2x3:1,-2,3,5,-1,2,0.5 labels=f4:4x2x3:1,0,-1 r=f4:6x3:0.3,-0.2,0.5,0.1 s=f4:3x3:0.2,0.4,-0.3 t=f4:1x3:0.1,0.2,-0.1
// RUN: dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff -o %t.mlir
// RUN: dsc-interpret %t.mlir --f64 --data %t.npz > %t.all
// RUN: dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff="cut-scans=false stack-sums=false" -o %t.none.mlir
// RUN: dsc-interpret %t.none.mlir --f64 --data %t.npz > %t.none
// RUN: diff %t.all %t.none
// RUN: FileCheck %s --check-prefix=VALUES < %t.all
// VALUES: grad.r = tensor<6x3xf32> [5.709{{.*}}, 8.257
func.func @forward(%x: tensor<4x2x3xf32> {train.name = "x"}) -> (tensor<4x2x3xf32> {train.name = "y"}) {
  %r = train.read @r : tensor<6x3xf32>
  %s = train.read @s : tensor<3x3xf32>
  %t = train.read @t : tensor<1x3xf32>
  %h0 = train.constant dense<0.5> : tensor<2x3xf32>
  %h, %ys = train.scan 4 invariant(%r, %s, %t : tensor<6x3xf32>, tensor<3x3xf32>, tensor<1x3xf32>) carry(%h0 : tensor<2x3xf32>) input(%x : tensor<4x2x3xf32>) carried(tensor<2x3xf32>) output(tensor<4x2x3xf32>) {
  ^bb0(%w: tensor<6x3xf32>, %v: tensor<3x3xf32>, %u: tensor<1x3xf32>, %before: tensor<2x3xf32>, %xt: tensor<2x3xf32>):
    %p = train.dot %before, %w batch [] x [] contract [1] x [1] : tensor<2x3xf32>, tensor<6x3xf32> -> tensor<2x6xf32>
    %p0 = train.slice %p [0, 0] strides [1, 1] : tensor<2x6xf32> to tensor<2x3xf32>
    %p1 = train.slice %p [0, 3] strides [1, 1] : tensor<2x6xf32> to tensor<2x3xf32>
    %i = train.sigmoid %p0 : tensor<2x3xf32>
    %c = train.tanh %p1 : tensor<2x3xf32>
    %g = train.mul %i, %c : tensor<2x3xf32>
    %q = train.dot %before, %v batch [] x [] contract [1] x [1] : tensor<2x3xf32>, tensor<3x3xf32> -> tensor<2x3xf32>
    %sum = train.add %q, %xt : tensor<2x3xf32>
    %e = train.erf %sum : tensor<2x3xf32>
    %n = train.dot %before, %u batch [] x [] contract [1] x [1] : tensor<2x3xf32>, tensor<1x3xf32> -> tensor<2x1xf32>
    %wide = train.broadcast %n [0, 1] : tensor<2x1xf32> to tensor<2x3xf32>
    %f = train.exp %wide : tensor<2x3xf32>
    %ge = train.add %g, %e : tensor<2x3xf32>
    %after = train.add %ge, %f : tensor<2x3xf32>
    train.body_yield %after, %after : tensor<2x3xf32>, tensor<2x3xf32>
  }
  return %ys : tensor<4x2x3xf32>
}
