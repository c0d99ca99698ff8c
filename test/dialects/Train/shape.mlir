// RUN: dsc-opt %s | dsc-opt | FileCheck %s
// RUN: dsc-opt --mlir-print-op-generic %s | dsc-opt | FileCheck %s

// CHECK-LABEL: func @shape
func.func @shape(%x: tensor<4x6xf32>) -> tensor<9x6xf32> {
  // CHECK: train.constant dense<1.000000e+00> : tensor<4x6xf32>
  %0 = train.constant dense<1.0> : tensor<4x6xf32>
  // CHECK: train.iota 1 : tensor<4x8xi64>
  %1 = train.iota 1 : tensor<4x8xi64>
  // CHECK: train.reshape %{{.*}} : tensor<4x6xf32> to tensor<2x2x6xf32>
  %2 = train.reshape %x : tensor<4x6xf32> to tensor<2x2x6xf32>
  // CHECK: train.transpose %{{.*}} [1, 2, 0] : tensor<2x2x6xf32> to tensor<2x6x2xf32>
  %3 = train.transpose %2 [1, 2, 0] : tensor<2x2x6xf32> to tensor<2x6x2xf32>
  // CHECK: train.broadcast %{{.*}} [1, 2, 3] : tensor<2x6x2xf32> to tensor<5x2x6x2xf32>
  %4 = train.broadcast %3 [1, 2, 3] : tensor<2x6x2xf32> to tensor<5x2x6x2xf32>
  // CHECK: train.slice %{{.*}} [0, 2] strides [1, 2] : tensor<4x6xf32> to tensor<4x2xf32>
  %5 = train.slice %x [0, 2] strides [1, 2] : tensor<4x6xf32> to tensor<4x2xf32>
  // CHECK: train.pad %{{.*}} value -1.000000e+00 low [1, 0] high [0, 2] interior [0, 2] : tensor<4x2xf32> to tensor<5x6xf32>
  %6 = train.pad %5 value -1.0 low [1, 0] high [0, 2] interior [0, 2] : tensor<4x2xf32> to tensor<5x6xf32>
  // CHECK: train.concat 0 %{{.*}}, %{{.*}} : (tensor<4x6xf32>, tensor<5x6xf32>) -> tensor<9x6xf32>
  %7 = train.concat 0 %x, %6 : (tensor<4x6xf32>, tensor<5x6xf32>) -> tensor<9x6xf32>
  return %7 : tensor<9x6xf32>
}

// CHECK-LABEL: func @reduce
func.func @reduce(%x: tensor<4x6x2xf32>) -> tensor<f32> {
  // CHECK: train.reduce_sum %{{.*}} [0, 2] : tensor<4x6x2xf32> to tensor<6xf32>
  %0 = train.reduce_sum %x [0, 2] : tensor<4x6x2xf32> to tensor<6xf32>
  // CHECK: train.reduce_max %{{.*}} [] : tensor<6xf32> to tensor<6xf32>
  %1 = train.reduce_max %0 [] : tensor<6xf32> to tensor<6xf32>
  // CHECK: train.reduce_min %{{.*}} [0] : tensor<6xf32> to tensor<f32>
  %2 = train.reduce_min %1 [0] : tensor<6xf32> to tensor<f32>
  // CHECK: train.argmax %{{.*}} 1 : tensor<4x6x2xf32> to tensor<4x2xi32>
  %3 = train.argmax %x 1 : tensor<4x6x2xf32> to tensor<4x2xi32>
  return %2 : tensor<f32>
}

// CHECK-LABEL: func @indexing
func.func @indexing(%x: tensor<5x3xf32>, %i: tensor<2x4xi64>, %j: tensor<5x7xi32>) {
  // CHECK: train.take %{{.*}}, %{{.*}} axis 0 : tensor<5x3xf32>, tensor<2x4xi64> -> tensor<2x4x3xf32>
  %0 = train.take %x, %i axis 0 : tensor<5x3xf32>, tensor<2x4xi64> -> tensor<2x4x3xf32>
  // CHECK: train.scatter_add %{{.*}}, %{{.*}} axis 0 : tensor<2x4x3xf32>, tensor<2x4xi64> -> tensor<5x3xf32>
  %1 = train.scatter_add %0, %i axis 0 : tensor<2x4x3xf32>, tensor<2x4xi64> -> tensor<5x3xf32>
  // CHECK: train.take_along %{{.*}}, %{{.*}} axis 1 : tensor<5x3xf32>, tensor<5x7xi32> -> tensor<5x7xf32>
  %2 = train.take_along %x, %j axis 1 : tensor<5x3xf32>, tensor<5x7xi32> -> tensor<5x7xf32>
  // CHECK: train.scatter_add_along %{{.*}}, %{{.*}} axis 1 : tensor<5x7xf32>, tensor<5x7xi32> -> tensor<5x3xf32>
  %3 = train.scatter_add_along %2, %j axis 1 : tensor<5x7xf32>, tensor<5x7xi32> -> tensor<5x3xf32>
  return
}
