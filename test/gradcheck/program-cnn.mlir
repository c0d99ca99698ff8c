// RUN: gradcheck %s --program --loss cross-entropy --classes 3 | FileCheck %s --implicit-check-not=FAILED
// RUN: gradcheck %s --program --loss cross-entropy --classes 3 --microbatches 2 | FileCheck %s --implicit-check-not=FAILED

// Convolution, batch norm with running statistics (carried from micro-batch to
// micro-batch), both poolings.
// CHECK: forward: {{[0-9]+}} elements, largest relative error
// CHECK: gradients: {{[0-9]+}} elements, largest relative error
// CHECK: train and evaluate: {{[0-9]+}} elements, largest relative error
train.variable parameter @conv : tensor<4x2x3x3xf32> = dense<1.0> : tensor<4x2x3x3xf32>
train.variable parameter @gamma : tensor<4xf32> = dense<1.0> : tensor<4xf32>
train.variable parameter @beta : tensor<4xf32> = dense<0.0> : tensor<4xf32>
train.variable state @running_mean : tensor<4xf32> = dense<0.0> : tensor<4xf32>
train.variable state @running_var : tensor<4xf32> = dense<1.0> : tensor<4xf32>
train.variable parameter @fc : tensor<3x4xf32> = dense<1.0> : tensor<3x4xf32>
train.variable parameter @bias : tensor<3xf32> = dense<1.0> : tensor<3xf32>

func.func @forward(%x: tensor<3x2x6x6xf32> {train.name = "x"}) -> (tensor<3x3xf32> {train.name = "y"}) {
  %w = train.read @conv : tensor<4x2x3x3xf32>
  %c = train.conv %x, %w strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] groups 1
      : tensor<3x2x6x6xf32>, tensor<4x2x3x3xf32> -> tensor<3x4x6x6xf32>
  %g = train.read @gamma : tensor<4xf32>
  %b = train.read @beta : tensor<4xf32>
  %m = train.read @running_mean : tensor<4xf32>
  %v = train.read @running_var : tensor<4xf32>
  %n:5 = train.batch_norm %c, %g, %b, %m, %v epsilon 1.0e-2 momentum 0.1 : tensor<3x4x6x6xf32>, tensor<4xf32>
  train.write @running_mean, %n#1 : tensor<4xf32>
  train.write @running_var, %n#2 : tensor<4xf32>
  %a = train.tanh %n#0 : tensor<3x4x6x6xf32>
  %p, %i = train.max_pool %a window [2, 2] strides [2, 2] low [0, 0] high [0, 0] dilations [1, 1]
      : tensor<3x4x6x6xf32> -> tensor<3x4x3x3xf32>, tensor<3x4x3x3xi32>
  %q = train.avg_pool %p window [3, 3] strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] count_padding false
      : tensor<3x4x3x3xf32> -> tensor<3x4x1x1xf32>
  %f = train.reshape %q : tensor<3x4x1x1xf32> to tensor<3x4xf32>
  %fc = train.read @fc : tensor<3x4xf32>
  %h = train.dot %f, %fc batch [] x [] contract [1] x [1] : tensor<3x4xf32>, tensor<3x4xf32> -> tensor<3x3xf32>
  %bias = train.read @bias : tensor<3xf32>
  %bb = train.broadcast %bias [1] : tensor<3xf32> to tensor<3x3xf32>
  %y = train.add %h, %bb : tensor<3x3xf32>
  return %y : tensor<3x3xf32>
}
