// RUN: dsc-opt %s --dsc-raise | FileCheck %s

// Of four carried values two are changed; the counter's bound and the weight are invariants then,
// behind the one there is. Outputs and results keep their places.
// CHECK-LABEL: func.func @carries
// CHECK-SAME: (%[[W:.*]]: tensor<3x3xf32>, %[[H:.*]]: tensor<2x3xf32>, %[[B:.*]]: tensor<3xf32>, %[[X:.*]]: tensor<5x2x3xf32>)
// CHECK: %[[OUT:.*]]:2, %[[STACK:.*]] = train.scan 5 invariant(%[[B]], %[[W]], %[[K:.*]] : tensor<3xf32>, tensor<3x3xf32>, tensor<i64>)
// CHECK-SAME: carry(%[[H]], %{{.*}} : tensor<2x3xf32>, tensor<i64>) input(%[[X]] : tensor<5x2x3xf32>)
// CHECK: ^bb0(%[[BIAS:.*]]: tensor<3xf32>, %[[WEIGHT:.*]]: tensor<3x3xf32>, %[[STEP:.*]]: tensor<i64>, %[[STATE:.*]]: tensor<2x3xf32>, %[[COUNT:.*]]: tensor<i64>, %{{.*}}: tensor<2x3xf32>):
// CHECK: train.dot %[[STATE]], %[[WEIGHT]]
// CHECK: %[[NEXT:.*]] = train.add %[[COUNT]], %[[STEP]]
// CHECK: train.body_yield %[[AFTER:.*]], %[[NEXT]], %[[AFTER]] : tensor<2x3xf32>, tensor<i64>, tensor<2x3xf32>
// CHECK: return %[[W]], %[[OUT]]#0, %[[K]], %[[OUT]]#1, %[[STACK]]
func.func @carries(%w: tensor<3x3xf32>, %h: tensor<2x3xf32>, %b: tensor<3xf32>, %x: tensor<5x2x3xf32>) -> (tensor<3x3xf32>, tensor<2x3xf32>, tensor<i64>, tensor<i64>, tensor<5x2x3xf32>) {
  %two = train.constant dense<2> : tensor<i64>
  %zero = train.constant dense<0> : tensor<i64>
  %c:4, %ys = train.scan 5 invariant(%b : tensor<3xf32>) carry(%w, %h, %two, %zero : tensor<3x3xf32>, tensor<2x3xf32>, tensor<i64>, tensor<i64>) input(%x : tensor<5x2x3xf32>) carried(tensor<3x3xf32>, tensor<2x3xf32>, tensor<i64>, tensor<i64>) output(tensor<5x2x3xf32>) {
  ^bb0(%bias: tensor<3xf32>, %weight: tensor<3x3xf32>, %state: tensor<2x3xf32>, %step: tensor<i64>, %count: tensor<i64>, %xt: tensor<2x3xf32>):
    %p = train.dot %state, %weight batch [] x [] contract [1] x [0] : tensor<2x3xf32>, tensor<3x3xf32> -> tensor<2x3xf32>
    %wide = train.broadcast %bias [1] : tensor<3xf32> to tensor<2x3xf32>
    %s = train.add %p, %wide : tensor<2x3xf32>
    %t = train.add %s, %xt : tensor<2x3xf32>
    %after = train.tanh %t : tensor<2x3xf32>
    %next = train.add %count, %step : tensor<i64>
    train.body_yield %weight, %after, %step, %next, %after : tensor<3x3xf32>, tensor<2x3xf32>, tensor<i64>, tensor<i64>, tensor<2x3xf32>
  }
  return %c#0, %c#1, %c#2, %c#3, %ys : tensor<3x3xf32>, tensor<2x3xf32>, tensor<i64>, tensor<i64>, tensor<5x2x3xf32>
}
