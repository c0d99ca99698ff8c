// RUN: dsc-opt %s | dsc-opt | FileCheck %s

// CHECK-LABEL: func @elementwise
func.func @elementwise(%x: tensor<4x8xf32>, %p: tensor<4x8xi1>) -> tensor<4x8xf32> {
  // CHECK: train.tanh %{{.*}} : tensor<4x8xf32>
  %0 = train.tanh %x : tensor<4x8xf32>
  // CHECK: train.gelu tanh %{{.*}} : tensor<4x8xf32>
  %1 = train.gelu tanh %0 : tensor<4x8xf32>
  // CHECK: train.mul %{{.*}}, %{{.*}} : tensor<4x8xf32>
  %2 = train.mul %0, %1 : tensor<4x8xf32>
  // CHECK: train.compare lt %{{.*}}, %{{.*}} : tensor<4x8xf32>
  %3 = train.compare lt %1, %2 : tensor<4x8xf32>
  // CHECK: train.select %{{.*}}, %{{.*}}, %{{.*}} : tensor<4x8xi1>, tensor<4x8xf32>
  %4 = train.select %3, %1, %2 : tensor<4x8xi1>, tensor<4x8xf32>
  return %4 : tensor<4x8xf32>
}
