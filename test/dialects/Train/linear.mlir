// RUN: dsc-opt %s | dsc-opt | FileCheck %s
// RUN: dsc-opt --mlir-print-op-generic %s | dsc-opt | FileCheck %s

// CHECK-LABEL: func @dot
func.func @dot(%a: tensor<8x4x16xbf16>, %b: tensor<8x16x32xbf16>) -> tensor<8x4x32xbf16> {
  // CHECK: train.dot %{{.*}}, %{{.*}} batch [0] x [0] contract [2] x [1] : tensor<8x4x16xbf16>, tensor<8x16x32xbf16> -> tensor<8x4x32xbf16>
  %0 = train.dot %a, %b batch [0] x [0] contract [2] x [1]
      : tensor<8x4x16xbf16>, tensor<8x16x32xbf16> -> tensor<8x4x32xbf16>
  // CHECK: train.dot %{{.*}}, %{{.*}} batch [] x [] contract [] x [] : tensor<8x4x16xbf16>, tensor<8x16x32xbf16> -> tensor<8x4x16x8x16x32xbf16>
  %1 = train.dot %a, %b batch [] x [] contract [] x []
      : tensor<8x4x16xbf16>, tensor<8x16x32xbf16> -> tensor<8x4x16x8x16x32xbf16>
  return %0 : tensor<8x4x32xbf16>
}

// CHECK-LABEL: func @conv
func.func @conv(%x: tensor<2x4x9xf32>, %w: tensor<6x2x3xf32>) {
  // CHECK: train.conv %{{.*}}, %{{.*}} strides [2] low [1] high [0] dilations [2] groups 2 : tensor<2x4x9xf32>, tensor<6x2x3xf32> -> tensor<2x6x3xf32>
  %y = train.conv %x, %w strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<6x2x3xf32> -> tensor<2x6x3xf32>
  // CHECK: train.conv_input_grad %{{.*}}, %{{.*}} strides [2] low [1] high [0] dilations [2] groups 2 : tensor<2x6x3xf32>, tensor<6x2x3xf32> -> tensor<2x4x9xf32>
  %dx = train.conv_input_grad %y, %w strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x6x3xf32>, tensor<6x2x3xf32> -> tensor<2x4x9xf32>
  // CHECK: train.conv_weight_grad %{{.*}}, %{{.*}} strides [2] low [1] high [0] dilations [2] groups 2 : tensor<2x4x9xf32>, tensor<2x6x3xf32> -> tensor<6x2x3xf32>
  %dw = train.conv_weight_grad %x, %y strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<2x6x3xf32> -> tensor<6x2x3xf32>
  return
}

// CHECK-LABEL: func @pool
func.func @pool(%x: tensor<2x4x8x8xf32>) {
  // CHECK: train.max_pool %{{.*}} window [3, 3] strides [2, 2] low [1, 1] high [1, 1] dilations [1, 1] : tensor<2x4x8x8xf32> -> tensor<2x4x4x4xf32>, tensor<2x4x4x4xi32>
  %y, %i = train.max_pool %x window [3, 3] strides [2, 2] low [1, 1] high [1, 1] dilations [1, 1]
      : tensor<2x4x8x8xf32> -> tensor<2x4x4x4xf32>, tensor<2x4x4x4xi32>
  // CHECK: train.avg_pool %{{.*}} window [2, 2] strides [2, 2] low [0, 0] high [0, 0] dilations [1, 1] count_padding true : tensor<2x4x8x8xf32> -> tensor<2x4x4x4xf32>
  %z = train.avg_pool %x window [2, 2] strides [2, 2] low [0, 0] high [0, 0] dilations [1, 1]
      count_padding true : tensor<2x4x8x8xf32> -> tensor<2x4x4x4xf32>
  // CHECK: train.avg_pool_grad %{{.*}} window [2, 2] strides [2, 2] low [0, 0] high [0, 0] dilations [1, 1] count_padding false : tensor<2x4x4x4xf32> -> tensor<2x4x8x8xf32>
  %dx = train.avg_pool_grad %z window [2, 2] strides [2, 2] low [0, 0] high [0, 0] dilations [1, 1]
      count_padding false : tensor<2x4x4x4xf32> -> tensor<2x4x8x8xf32>
  return
}

// A ceil mode's last window may begin in the tensor and end beyond the padding.
// CHECK-LABEL: func @ceil_mode
func.func @ceil_mode(%x: tensor<1x1x5xf32>) -> tensor<1x1x3xf32> {
  // CHECK: high [1]
  %y = train.avg_pool %x window [2] strides [2] low [0] high [1] dilations [1] count_padding false
      : tensor<1x1x5xf32> -> tensor<1x1x3xf32>
  return %y : tensor<1x1x3xf32>
}
