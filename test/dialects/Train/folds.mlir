// What folds, and what must not.
// RUN: dsc-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func @neutral
func.func @neutral(%x: tensor<4xf32>, %i: tensor<4xi64>) -> (tensor<4xf32>, tensor<4xi64>) {
  %zero = train.constant dense<0.0> : tensor<4xf32>
  %one = train.constant dense<1.0> : tensor<4xf32>
  %izero = train.constant dense<0> : tensor<4xi64>
  %ione = train.constant dense<1> : tensor<4xi64>
  %0 = train.add %x, %zero : tensor<4xf32>
  %1 = train.add %zero, %0 : tensor<4xf32>
  %2 = train.sub %1, %zero : tensor<4xf32>
  %3 = train.mul %2, %one : tensor<4xf32>
  %4 = train.mul %one, %3 : tensor<4xf32>
  %5 = train.div %4, %one : tensor<4xf32>
  %6 = train.pow %5, %one : tensor<4xf32>
  %7 = train.max %6, %6 : tensor<4xf32>
  %8 = train.min %7, %7 : tensor<4xf32>
  %j = train.add %i, %izero : tensor<4xi64>
  %k = train.mul %j, %ione : tensor<4xi64>
  // CHECK-NEXT: return %arg0, %arg1
  return %8, %k : tensor<4xf32>, tensor<4xi64>
}

// 0 - x is not x, and 0 x is not 0 where x is infinite.
// CHECK-LABEL: func @not_neutral
func.func @not_neutral(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = train.constant dense<0.0> : tensor<4xf32>
  // CHECK: train.sub
  %0 = train.sub %zero, %x : tensor<4xf32>
  // CHECK: train.mul
  %1 = train.mul %zero, %x : tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func @splats
func.func @splats() -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %a = train.constant dense<6.0> : tensor<4xf32>
  %b = train.constant dense<2.0> : tensor<4xf32>
  // CHECK-DAG: train.constant dense<8.000000e+00>
  %0 = train.add %a, %b : tensor<4xf32>
  // CHECK-DAG: train.constant dense<4.000000e+00>
  %1 = train.sub %a, %b : tensor<4xf32>
  // CHECK-DAG: train.constant dense<1.200000e+01>
  %2 = train.mul %a, %b : tensor<4xf32>
  // CHECK-DAG: train.constant dense<3.000000e+00>
  %3 = train.div %a, %b : tensor<4xf32>
  // CHECK-DAG: train.constant dense<3.600000e+01>
  %4 = train.pow %a, %b : tensor<4xf32>
  return %0, %1, %2, %3, %4
      : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func @convert
func.func @convert(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<2xf32>, tensor<2xbf16>) {
  %0 = train.convert %x : tensor<4xf32> to tensor<4xf32>
  %u = train.constant dense<255> : tensor<2xui8>
  // CHECK-DAG: train.constant dense<2.550000e+02> : tensor<2xf32>
  %1 = train.convert %u : tensor<2xui8> to tensor<2xf32>
  // A third in bf16 is 0.333984375.
  %third = train.constant dense<0.333333343> : tensor<2xf32>
  // CHECK-DAG: train.constant dense<3.339840e-01> : tensor<2xbf16>
  %2 = train.convert %third : tensor<2xf32> to tensor<2xbf16>
  // CHECK: return %arg0
  return %0, %1, %2 : tensor<4xf32>, tensor<2xf32>, tensor<2xbf16>
}

// CHECK-LABEL: func @shapes
func.func @shapes(%x: tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>,
                                          tensor<4x6xf32>) {
  %0 = train.reshape %x : tensor<4x6xf32> to tensor<24xf32>
  %1 = train.reshape %0 : tensor<24xf32> to tensor<4x6xf32>
  %2 = train.transpose %x [1, 0] : tensor<4x6xf32> to tensor<6x4xf32>
  %3 = train.transpose %2 [1, 0] : tensor<6x4xf32> to tensor<4x6xf32>
  %4 = train.broadcast %x [0, 1] : tensor<4x6xf32> to tensor<4x6xf32>
  %5 = train.slice %x [0, 0] strides [1, 1] : tensor<4x6xf32> to tensor<4x6xf32>
  // CHECK-NEXT: return %arg0, %arg0, %arg0, %arg0
  return %1, %3, %4, %5 : tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>
}

// Two transposes become one: result dimension i is dimension p[q[i]].
// CHECK-LABEL: func @transposes
func.func @transposes(%x: tensor<2x3x4xf32>) -> tensor<3x4x2xf32> {
  %0 = train.transpose %x [2, 0, 1] : tensor<2x3x4xf32> to tensor<4x2x3xf32>
  // CHECK-NEXT: %[[T:.*]] = train.transpose %arg0 [1, 2, 0] : tensor<2x3x4xf32> to tensor<3x4x2xf32>
  %1 = train.transpose %0 [2, 0, 1] : tensor<4x2x3xf32> to tensor<3x4x2xf32>
  // CHECK-NEXT: return %[[T]]
  return %1 : tensor<3x4x2xf32>
}

// CHECK-LABEL: func @constants_of_another_shape
func.func @constants_of_another_shape() -> (tensor<6xi64>, tensor<3x2xf32>, tensor<5x2x3xf32>,
                                           tensor<1x3xf32>) {
  %i = train.constant dense<[[0, 1, 2], [3, 4, 5]]> : tensor<2x3xi64>
  %x = train.constant dense<1.5> : tensor<2x3xf32>
  // CHECK-DAG: dense<[0, 1, 2, 3, 4, 5]> : tensor<6xi64>
  %0 = train.reshape %i : tensor<2x3xi64> to tensor<6xi64>
  // CHECK-DAG: dense<1.500000e+00> : tensor<3x2xf32>
  %1 = train.transpose %x [1, 0] : tensor<2x3xf32> to tensor<3x2xf32>
  // CHECK-DAG: dense<1.500000e+00> : tensor<5x2x3xf32>
  %2 = train.broadcast %x [1, 2] : tensor<2x3xf32> to tensor<5x2x3xf32>
  // CHECK-DAG: dense<1.500000e+00> : tensor<1x3xf32>
  %3 = train.slice %x [1, 0] strides [1, 1] : tensor<2x3xf32> to tensor<1x3xf32>
  return %0, %1, %2, %3 : tensor<6xi64>, tensor<3x2xf32>, tensor<5x2x3xf32>, tensor<1x3xf32>
}
