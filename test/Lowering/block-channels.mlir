// RUN: dsc-opt %s --dsc-block-channels | FileCheck %s
// RUN: dsc-opt %s --dsc-block-channels="block=1" | FileCheck %s --check-prefix=NONE
// RUN: dsc-opt %s --dsc-block-channels --dsc-lower-to-exec | FileCheck %s --check-prefix=EXEC
// RUN: dsc-cpu-check %s | FileCheck %s --check-prefix=CPU --implicit-check-not=FAILED

// NONE-NOT: train.transpose
// CPU: chain: agrees
// CPU: joined: agrees
// CPU: statistics: agrees
// CPU: plain: agrees

// Bias, relu and the next convolution see blocks of 8 channels; the result is plain again. The
// bias, a vector, is read in blocks as it lies.
// CHECK-LABEL: func.func @chain(
// CHECK: [[A:%.*]] = train.conv %arg0
// CHECK: [[R:%.*]] = train.reshape [[A]] : tensor<2x16x5x5xf32> to tensor<2x2x8x5x5xf32>
// CHECK: [[P:%.*]] = train.transpose [[R]] [0, 1, 3, 4, 2]
// CHECK: [[S:%.*]] = train.add [[P]], {{.*}} : tensor<2x2x5x5x8xf32>
// CHECK: [[Y:%.*]] = train.relu [[S]] : tensor<2x2x5x5x8xf32>
// CHECK: [[T:%.*]] = train.transpose [[Y]] [0, 1, 4, 2, 3]
// CHECK: [[Q:%.*]] = train.reshape [[T]] : tensor<2x2x8x5x5xf32> to tensor<2x16x5x5xf32>
// CHECK: train.conv [[Q]]
// One call writes blocks (16 | bias 1 | relu 2), the next reads them (8 | 16).
// EXEC-LABEL: exec.program @chain(
// EXEC: exec.call "Conv"(%arg0, %arg1, {{.*}}, 19] floats {{.*}} -> tensor<2x2x5x5x8xf32>
// EXEC-NEXT: exec.call "Conv"({{.*}}, 24] floats {{.*}} -> tensor<2x1x5x5x8xf32>
// EXEC-NEXT: exec.call "Copy"
func.func @chain(%x: tensor<2x9x5x5xf32>, %v: tensor<16x9x3x3xf32>, %b: tensor<16xf32>, %w: tensor<8x16x3x3xf32>)
    -> tensor<2x8x5x5xf32> {
  %0 = train.conv %x, %v strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] groups 1
      : tensor<2x9x5x5xf32>, tensor<16x9x3x3xf32> -> tensor<2x16x5x5xf32>
  %1 = train.broadcast %b [1] : tensor<16xf32> to tensor<2x16x5x5xf32>
  %2 = train.add %0, %1 : tensor<2x16x5x5xf32>
  %3 = train.relu %2 : tensor<2x16x5x5xf32>
  %4 = train.conv %3, %w strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] groups 1
      : tensor<2x16x5x5xf32>, tensor<8x16x3x3xf32> -> tensor<2x8x5x5xf32>
  return %4 : tensor<2x8x5x5xf32>
}

// Parts join as blocks, and whole blocks come apart; half of one does not. Pooling reads a block
// of channels as an image.
// CHECK-LABEL: func.func @joined(
// CHECK: train.concat 1 {{.*}} : (tensor<2x2x6x6x8xf32>, tensor<2x1x6x6x8xf32>) -> tensor<2x3x6x6x8xf32>
// CHECK: train.slice {{.*}} [0, 1, 0, 1, 0] strides [1, 1, 1, 2, 1] : tensor<2x3x6x6x8xf32> to tensor<2x2x6x3x8xf32>
// CHECK: train.slice {{.*}} [0, 4, 0, 0] {{.*}} to tensor<2x16x6x6xf32>
// CHECK: train.max_pool {{.*}} : tensor<6x8x6x6xf32> -> tensor<6x8x3x3xf32>, tensor<6x8x3x3xi32>
func.func @joined(%x: tensor<2x8x6x6xf32>, %w: tensor<16x8x1x1xf32>)
    -> (tensor<2x16x6x3xf32>, tensor<2x16x6x6xf32>, tensor<2x24x3x3xf32>) {
  %0 = train.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
      : tensor<2x8x6x6xf32>, tensor<16x8x1x1xf32> -> tensor<2x16x6x6xf32>
  %1 = train.concat 1 %0, %x : (tensor<2x16x6x6xf32>, tensor<2x8x6x6xf32>) -> tensor<2x24x6x6xf32>
  %2 = train.slice %1 [0, 8, 0, 1] strides [1, 1, 1, 2] : tensor<2x24x6x6xf32> to tensor<2x16x6x3xf32>
  %3 = train.slice %1 [0, 4, 0, 0] strides [1, 1, 1, 1] : tensor<2x24x6x6xf32> to tensor<2x16x6x6xf32>
  %y, %i = train.max_pool %1 window [2, 2] strides [2, 2] low [0, 0] high [0, 0] dilations [1, 1]
      : tensor<2x24x6x6xf32> -> tensor<2x24x3x3xf32>, tensor<2x24x3x3xi32>
  return %2, %3, %y : tensor<2x16x6x3xf32>, tensor<2x16x6x6xf32>, tensor<2x24x3x3xf32>
}

// Sums over space give vectors; sums over channels, both dimensions of them; over less, plain
// tensors are read. Batch norm comes apart on the way.
// CHECK-LABEL: func.func @statistics(
// CHECK-NOT: train.batch_norm
// CHECK: train.reduce_sum {{.*}} [0, 2, 3] : tensor<2x2x5x5x8xf32> to tensor<2x8xf32>
// CHECK: train.reduce_sum {{.*}} [2, 3] : tensor<2x2x5x5x8xf32> to tensor<2x2x8xf32>
// CHECK: train.reduce_max {{.*}} [1, 4] : tensor<2x2x5x5x8xf32> to tensor<2x5x5xf32>
// CHECK: train.reduce_sum {{.*}} [3] : tensor<2x16x5x5xf32> to tensor<2x16x5xf32>
func.func @statistics(%x: tensor<2x8x5x5xf32>, %w: tensor<16x8x1x1xf32>, %s: tensor<16xf32>)
    -> (tensor<2x16xf32>, tensor<2x5x5xf32>, tensor<2x16x5xf32>) {
  %0 = train.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
      : tensor<2x8x5x5xf32>, tensor<16x8x1x1xf32> -> tensor<2x16x5x5xf32>
  %y:5 = train.batch_norm %0, %s, %s, %s, %s epsilon 1.0e-5 momentum 1.0e-1
      : tensor<2x16x5x5xf32>, tensor<16xf32>
  %1 = train.reduce_sum %y#0 [2, 3] : tensor<2x16x5x5xf32> to tensor<2x16xf32>
  %2 = train.reduce_max %y#0 [1] : tensor<2x16x5x5xf32> to tensor<2x5x5xf32>
  %3 = train.reduce_sum %y#0 [3] : tensor<2x16x5x5xf32> to tensor<2x16x5xf32>
  return %1, %2, %3 : tensor<2x16xf32>, tensor<2x5x5xf32>, tensor<2x16x5xf32>
}

// Few channels on either side, channels that blocks do not divide, and groups that are smaller than
// one stay as they are.
// CHECK-LABEL: func.func @plain(
// CHECK-NOT: train.transpose
// CHECK: return
func.func @plain(%x: tensor<2x3x5x5xf32>, %v: tensor<16x3x1x1xf32>, %w: tensor<12x16x1x1xf32>, %g: tensor<16x4x1x1xf32>)
    -> (tensor<2x12x5x5xf32>, tensor<2x16x5x5xf32>) {
  %0 = train.conv %x, %v strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
      : tensor<2x3x5x5xf32>, tensor<16x3x1x1xf32> -> tensor<2x16x5x5xf32>
  %1 = train.conv %0, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
      : tensor<2x16x5x5xf32>, tensor<12x16x1x1xf32> -> tensor<2x12x5x5xf32>
  %2 = train.conv %0, %g strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 4
      : tensor<2x16x5x5xf32>, tensor<16x4x1x1xf32> -> tensor<2x16x5x5xf32>
  return %1, %2 : tensor<2x12x5x5xf32>, tensor<2x16x5x5xf32>
}
