// RUN: dsc-opt %s --dsc-lower-to-exec | FileCheck %s --check-prefix=OWN
// RUN: dsc-opt %s --dsc-lower-to-exec="own-kernels=false" | FileCheck %s --check-prefix=LIBRARY
// RUN: dsc-cpu-check %s | FileCheck %s --check-prefix=CPU --implicit-check-not=FAILED

// The last number are the flags: 32 of a product and 4 of a convolution leave the
// runtime no choice but its library.
// OWN-LABEL: exec.program @product(
// OWN: exec.call "Matmul"({{.*}}, 0] floats
// LIBRARY-LABEL: exec.program @product(
// LIBRARY: exec.call "Matmul"({{.*}}, 32] floats
// CPU: product: agrees
func.func @product(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %y = train.dot %x, %x batch [] x [] contract [1] x [0] : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}

// OWN-LABEL: exec.program @conv(
// OWN: exec.call "Conv"({{.*}}, 2] floats
// OWN: exec.call "ConvInputGrad"({{.*}}, 0] floats
// OWN: exec.call "ConvWeightGrad"({{.*}}, 0] floats
// LIBRARY-LABEL: exec.program @conv(
// LIBRARY: exec.call "Conv"({{.*}}, 6] floats
// LIBRARY: exec.call "ConvInputGrad"({{.*}}, 4] floats
// LIBRARY: exec.call "ConvWeightGrad"({{.*}}, 4] floats
// CPU: conv: agrees
func.func @conv(%x: tensor<2x1x20x20xf32>, %w: tensor<4x1x3x3xf32>, %dy: tensor<2x4x18x18xf32>)
    -> (tensor<2x4x18x18xf32>, tensor<2x1x20x20xf32>, tensor<4x1x3x3xf32>) {
  %c = train.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
      : tensor<2x1x20x20xf32>, tensor<4x1x3x3xf32> -> tensor<2x4x18x18xf32>
  %y = train.relu %c : tensor<2x4x18x18xf32>
  %dx = train.conv_input_grad %dy, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
      : tensor<2x4x18x18xf32>, tensor<4x1x3x3xf32> -> tensor<2x1x20x20xf32>
  %dw = train.conv_weight_grad %x, %dy strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
      : tensor<2x1x20x20xf32>, tensor<2x4x18x18xf32> -> tensor<4x1x3x3xf32>
  return %y, %dx, %dw : tensor<2x4x18x18xf32>, tensor<2x1x20x20xf32>, tensor<4x1x3x3xf32>
}
