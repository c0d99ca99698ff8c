// RUN: dsc-opt %s --dsc-lower-to-exec | FileCheck %s

// Sums start at zero and are added to, state is carried, stacks are written by rows.
// CHECK-LABEL: exec.program @train(%{{.*}}: tensor<6x4xf32> {exec.name = "x"})
// CHECK: %[[STATE:.*]] = exec.read @mean : tensor<4xf32>
// CHECK: %[[R:.*]]:3 = exec.repeat 3 batch [0] carry(%{{.*}}, %[[STATE]], %{{.*}} : tensor<f32>, tensor<4xf32>, tensor<6x4xf32>) {
// CHECK: ^bb0(%[[ROWS:.*]]: tensor<2x4xf32>, %[[SUM:.*]]: tensor<f32>, %[[MEAN:.*]]: tensor<4xf32>, %[[STACK:.*]]: tensor<6x4xf32>):
// CHECK: %[[M:.*]] = exec.scalar "microbatch"
// CHECK: %[[NEXT:.*]] = linalg.generic {{.*}} ins(%[[SUM]], %{{.*}} : tensor<f32>, tensor<f32>)
// CHECK: %[[WRITTEN:.*]] = exec.call "StackRows"(%{{.*}}, %[[M]], %[[STACK]]) ints [32, 3] {{.*}} {{.*}}exec.in_place = 2
// CHECK: exec.yield %[[NEXT]], %{{.*}}, %[[WRITTEN]]
// CHECK: exec.write @mean, %[[R]]#1
// CHECK: exec.return %[[R]]#0, %[[R]]#2
train.variable state @mean : tensor<4xf32> = dense<0.0> : tensor<4xf32>
train.step @train(%x: tensor<6x4xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "loss_sum"}, tensor<6x4xf32> {train.name = "output.y"}) {
  %mean = train.read @mean : tensor<4xf32>
  %r:3 = train.microbatch 3 batch(%x : tensor<6x4xf32>) carry(%mean : tensor<4xf32>)
      sums(tensor<f32>) carried(tensor<4xf32>) stacks(tensor<6x4xf32>) {
  ^bb0(%m: tensor<i64>, %rows: tensor<2x4xf32>, %carried: tensor<4xf32>):
    %y = train.exp %rows : tensor<2x4xf32>
    %l = train.reduce_sum %y [0, 1] : tensor<2x4xf32> to tensor<f32>
    %s = train.reduce_sum %y [0] : tensor<2x4xf32> to tensor<4xf32>
    %n = train.add %carried, %s : tensor<4xf32>
    train.yield sums(%l : tensor<f32>) carry(%n : tensor<4xf32>) stacks(%y : tensor<2x4xf32>)
  }
  train.write @mean, %r#1 : tensor<4xf32>
  train.return %r#0, %r#2 : tensor<f32>, tensor<6x4xf32>
}
