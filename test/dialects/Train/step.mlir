// RUN: dsc-opt %s | dsc-opt | FileCheck %s
// RUN: dsc-opt --mlir-print-op-generic %s | dsc-opt | FileCheck %s

// CHECK: train.variable parameter @fc.weight : tensor<4x2xf32> = #train.normal<mean = 0.000000e+00 : f64, stddev = 1.000000e-01 : f64, seed = 7>
train.variable parameter @fc.weight : tensor<4x2xf32> = #train.normal<mean = 0.0 : f64, stddev = 0.1 : f64, seed = 7>
// CHECK: train.variable slot @fc.weight.m of @fc.weight "exp_avg" : tensor<4x2xf32> = dense<0.000000e+00> : tensor<4x2xf32>
train.variable slot @fc.weight.m of @fc.weight "exp_avg" : tensor<4x2xf32> = dense<0.0> : tensor<4x2xf32>
// CHECK: train.variable frozen @"tok/table" : tensor<9x4xf32> = #train.weights
train.variable frozen @"tok/table" : tensor<9x4xf32> = #train.weights
// CHECK: train.variable state @mean : tensor<2xf32> = #train.uniform<low = -1.000000e+00 : f64, high = 1.000000e+00 : f64, seed = 3>
train.variable state @mean : tensor<2xf32> = #train.uniform<low = -1.0 : f64, high = 1.0 : f64, seed = 3>

// CHECK-LABEL: train.step @train
// CHECK-SAME: (%{{.*}}: tensor<8x4xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "loss_sum"})
train.step @train(%x: tensor<8x4xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "loss_sum"}) {
  // CHECK: train.read @fc.weight : tensor<4x2xf32>
  %w = train.read @fc.weight : tensor<4x2xf32>
  %mean = train.read @mean : tensor<2xf32>
  // CHECK: train.microbatch 2 batch(%{{.*}} : tensor<8x4xf32>) carry(%{{.*}} : tensor<2xf32>) sums(tensor<f32>, tensor<4x2xf32>) carried(tensor<2xf32>) stacks(tensor<8x2xf32>)
  %l, %g, %new_mean, %ys = train.microbatch 2 batch(%x : tensor<8x4xf32>) carry(%mean : tensor<2xf32>)
      sums(tensor<f32>, tensor<4x2xf32>) carried(tensor<2xf32>) stacks(tensor<8x2xf32>) {
  // CHECK-NEXT: ^bb0(%{{.*}}: tensor<i64>, %{{.*}}: tensor<4x4xf32>, %{{.*}}: tensor<2xf32>):
  ^bb0(%m: tensor<i64>, %xm: tensor<4x4xf32>, %mm: tensor<2xf32>):
    %y = train.dot %xm, %w batch [] x [] contract [1] x [0] : tensor<4x4xf32>, tensor<4x2xf32> -> tensor<4x2xf32>
    %s = train.reduce_sum %y [0, 1] : tensor<4x2xf32> to tensor<f32>
    %one = train.constant dense<1.0> : tensor<4x2xf32>
    %dw = train.dot %xm, %one batch [] x [] contract [0] x [0] : tensor<4x4xf32>, tensor<4x2xf32> -> tensor<4x2xf32>
    // CHECK: train.yield sums(%{{.*}}, %{{.*}} : tensor<f32>, tensor<4x2xf32>) carry(%{{.*}} : tensor<2xf32>) stacks(%{{.*}} : tensor<4x2xf32>)
    train.yield sums(%s, %dw : tensor<f32>, tensor<4x2xf32>) carry(%mm : tensor<2xf32>)
        stacks(%y : tensor<4x2xf32>)
  }
  // CHECK: train.scalar "lr" : tensor<f32>
  %lr = train.scalar "lr" : tensor<f32>
  // CHECK: train.scalar "weight_decay" of @fc.weight : tensor<f32>
  %decay = train.scalar "weight_decay" of @fc.weight : tensor<f32>
  %scale = train.constant dense<1.0> : tensor<f32>
  %new = train.sgd %w, %g scale %scale lr %lr decay %decay : tensor<4x2xf32>
  // CHECK: train.write @fc.weight, %{{.*}} : tensor<4x2xf32>
  train.write @fc.weight, %new : tensor<4x2xf32>
  train.write @mean, %new_mean : tensor<2xf32>
  // CHECK: train.return %{{.*}} : tensor<f32>
  train.return %l : tensor<f32>
}
