// RUN: gradcheck %s --program --loss mse | FileCheck %s --implicit-check-not=FAILED

// Two dropouts; the backward pass draws the same numbers again.
// CHECK: forward: {{[0-9]+}} elements, largest relative error
// CHECK: gradients: {{[0-9]+}} elements, largest relative error
// CHECK: train and evaluate: {{[0-9]+}} elements, largest relative error
train.variable parameter @w : tensor<6x5xf32> = dense<1.0> : tensor<6x5xf32>
train.variable parameter @v : tensor<5x5xf32> = dense<1.0> : tensor<5x5xf32>
func.func @forward(%x: tensor<4x6xf32> {train.name = "x"}) -> (tensor<4x5xf32> {train.name = "y"}) {
  %seed = train.scalar "seed" : tensor<i64>
  %step = train.scalar "step" : tensor<i64>
  %zero = train.constant dense<0> : tensor<i64>
  %w = train.read @w : tensor<6x5xf32>
  %v = train.read @v : tensor<5x5xf32>
  %h = train.dot %x, %w batch [] x [] contract [1] x [0] : tensor<4x6xf32>, tensor<6x5xf32> -> tensor<4x5xf32>
  %d = train.dropout %h seed %seed step %step offset %zero ratio 0.3 stream 1 : tensor<4x5xf32>
  %g = train.dot %d, %v batch [] x [] contract [1] x [0] : tensor<4x5xf32>, tensor<5x5xf32> -> tensor<4x5xf32>
  %y = train.dropout %g seed %seed step %step offset %zero ratio 0.3 stream 2 : tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}
