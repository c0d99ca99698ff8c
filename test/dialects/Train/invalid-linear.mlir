// One negative test per constraint, named after the op and the constraint's label.
// RUN: dsc-opt %s -split-input-file -verify-diagnostics

func.func @dot_c1(%a: tensor<8x4x16xf32>, %b: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'train.dot' op C1: expected as many batch dimensions of b as of a (1), got 0}}
  %0 = train.dot %a, %b batch [0] x [] contract [2] x [1]
      : tensor<8x4x16xf32>, tensor<8x16x32xf32> -> tensor<8x4x32xf32>
  return
}

// -----

func.func @dot_c1_rank(%a: tensor<8x4x16xf32>, %b: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'train.dot' op C1: a contract dimension is outside the operand's rank}}
  %0 = train.dot %a, %b batch [0] x [0] contract [3] x [1]
      : tensor<8x4x16xf32>, tensor<8x16x32xf32> -> tensor<8x4x32xf32>
  return
}

// -----

func.func @dot_c1_twice(%a: tensor<8x4x16xf32>, %b: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'train.dot' op C1: a dimension stands in two lists}}
  %0 = train.dot %a, %b batch [0] x [0] contract [0] x [0]
      : tensor<8x4x16xf32>, tensor<8x16x32xf32> -> tensor<8x4x32xf32>
  return
}

// -----

func.func @dot_c2(%a: tensor<8x4x16xf32>, %b: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'train.dot' op C2: contract dimension 1 of a has size 4, dimension 1 of b 16}}
  %0 = train.dot %a, %b batch [0] x [0] contract [1] x [1]
      : tensor<8x4x16xf32>, tensor<8x16x32xf32> -> tensor<8x4x32xf32>
  return
}

// -----

func.func @dot_c3(%a: tensor<8x4x16xf32>, %b: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'train.dot' op C3: expected a result of shape [8, 4, 32]}}
  %0 = train.dot %a, %b batch [0] x [0] contract [2] x [1]
      : tensor<8x4x16xf32>, tensor<8x16x32xf32> -> tensor<8x32x4xf32>
  return
}

// -----

func.func @dot_c3_type(%a: tensor<8x4x16xf32>, %b: tensor<8x16x32xf32>) {
  // expected-error @+1 {{'train.dot' op C3: expected one element type}}
  %0 = train.dot %a, %b batch [0] x [0] contract [2] x [1]
      : tensor<8x4x16xf32>, tensor<8x16x32xf32> -> tensor<8x4x32xf64>
  return
}

// -----

func.func @conv_c1(%a: tensor<2x4x9x1xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv' op C1: expected three tensors of one rank, at least 3}}
  %0 = train.conv %a, %b strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9x1xf32>, tensor<6x2x3xf32> -> tensor<2x6x3xf32>
  return
}

// -----

func.func @conv_c1_length(%a: tensor<2x4x9xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv' op C1: expected 1 entries per window attribute, got 2}}
  %0 = train.conv %a, %b strides [2, 1] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<6x2x3xf32> -> tensor<2x6x3xf32>
  return
}

// -----

func.func @conv_c1_sign(%a: tensor<2x4x9xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv' op C1: window sizes, strides and dilations must be positive}}
  %0 = train.conv %a, %b strides [0] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<6x2x3xf32> -> tensor<2x6x3xf32>
  return
}

// -----

func.func @conv_c1_padding(%a: tensor<2x4x9xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv' op C1: padding must not be negative}}
  %0 = train.conv %a, %b strides [2] low [-1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<6x2x3xf32> -> tensor<2x6x3xf32>
  return
}

// -----

func.func @conv_c2(%a: tensor<2x4x9xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv' op C2: 3 groups do not divide 4 input and 6 output channels, or the weights' second dimension is not input channels / groups}}
  %0 = train.conv %a, %b strides [2] low [1] high [0] dilations [2] groups 3
      : tensor<2x4x9xf32>, tensor<6x2x3xf32> -> tensor<2x6x3xf32>
  return
}

// -----

func.func @conv_c3(%a: tensor<2x4x9xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv' op C3: expected output size 3 of spatial dimension 0, got 4}}
  %0 = train.conv %a, %b strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<6x2x3xf32> -> tensor<2x6x4xf32>
  return
}

// -----

func.func @conv_c3_channels(%a: tensor<2x4x9xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv' op C3: batch or output channels of the tensors differ}}
  %0 = train.conv %a, %b strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<6x2x3xf32> -> tensor<2x5x3xf32>
  return
}

// -----

func.func @conv_c4(%a: tensor<2x4x9xf32>, %b: tensor<6x2x3xf64>) {
  // expected-error @+1 {{'train.conv' op C4: expected element type 'f32', got 'f64'}}
  %0 = train.conv %a, %b strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<6x2x3xf64> -> tensor<2x6x3xf32>
  return
}

// -----

func.func @conv_input_grad_c1(%a: tensor<2x6x3xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv_input_grad' op C1: expected three tensors of one rank, at least 3}}
  %0 = train.conv_input_grad %a, %b strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x6x3xf32>, tensor<6x2x3xf32> -> tensor<2x4x9x1xf32>
  return
}

// -----

func.func @conv_input_grad_c1_length(%a: tensor<2x6x3xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv_input_grad' op C1: expected 1 entries per window attribute, got 2}}
  %0 = train.conv_input_grad %a, %b strides [2, 1] low [1] high [0] dilations [2] groups 2
      : tensor<2x6x3xf32>, tensor<6x2x3xf32> -> tensor<2x4x9xf32>
  return
}

// -----

func.func @conv_input_grad_c1_sign(%a: tensor<2x6x3xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv_input_grad' op C1: window sizes, strides and dilations must be positive}}
  %0 = train.conv_input_grad %a, %b strides [0] low [1] high [0] dilations [2] groups 2
      : tensor<2x6x3xf32>, tensor<6x2x3xf32> -> tensor<2x4x9xf32>
  return
}

// -----

func.func @conv_input_grad_c1_padding(%a: tensor<2x6x3xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv_input_grad' op C1: padding must not be negative}}
  %0 = train.conv_input_grad %a, %b strides [2] low [-1] high [0] dilations [2] groups 2
      : tensor<2x6x3xf32>, tensor<6x2x3xf32> -> tensor<2x4x9xf32>
  return
}

// -----

func.func @conv_input_grad_c2(%a: tensor<2x6x3xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv_input_grad' op C2: 3 groups do not divide 4 input and 6 output channels, or the weights' second dimension is not input channels / groups}}
  %0 = train.conv_input_grad %a, %b strides [2] low [1] high [0] dilations [2] groups 3
      : tensor<2x6x3xf32>, tensor<6x2x3xf32> -> tensor<2x4x9xf32>
  return
}

// -----

func.func @conv_input_grad_c3(%a: tensor<2x6x4xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv_input_grad' op C3: expected output size 3 of spatial dimension 0, got 4}}
  %0 = train.conv_input_grad %a, %b strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x6x4xf32>, tensor<6x2x3xf32> -> tensor<2x4x9xf32>
  return
}

// -----

func.func @conv_input_grad_c3_channels(%a: tensor<2x5x3xf32>, %b: tensor<6x2x3xf32>) {
  // expected-error @+1 {{'train.conv_input_grad' op C3: batch or output channels of the tensors differ}}
  %0 = train.conv_input_grad %a, %b strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x5x3xf32>, tensor<6x2x3xf32> -> tensor<2x4x9xf32>
  return
}

// -----

func.func @conv_input_grad_c4(%a: tensor<2x6x3xf32>, %b: tensor<6x2x3xf64>) {
  // expected-error @+1 {{'train.conv_input_grad' op C4: expected element type 'f32', got 'f64'}}
  %0 = train.conv_input_grad %a, %b strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x6x3xf32>, tensor<6x2x3xf64> -> tensor<2x4x9xf32>
  return
}

// -----

func.func @conv_weight_grad_c1(%a: tensor<2x4x9x1xf32>, %b: tensor<2x6x3xf32>) {
  // expected-error @+1 {{'train.conv_weight_grad' op C1: expected three tensors of one rank, at least 3}}
  %0 = train.conv_weight_grad %a, %b strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9x1xf32>, tensor<2x6x3xf32> -> tensor<6x2x3xf32>
  return
}

// -----

func.func @conv_weight_grad_c1_length(%a: tensor<2x4x9xf32>, %b: tensor<2x6x3xf32>) {
  // expected-error @+1 {{'train.conv_weight_grad' op C1: expected 1 entries per window attribute, got 2}}
  %0 = train.conv_weight_grad %a, %b strides [2, 1] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<2x6x3xf32> -> tensor<6x2x3xf32>
  return
}

// -----

func.func @conv_weight_grad_c1_sign(%a: tensor<2x4x9xf32>, %b: tensor<2x6x3xf32>) {
  // expected-error @+1 {{'train.conv_weight_grad' op C1: window sizes, strides and dilations must be positive}}
  %0 = train.conv_weight_grad %a, %b strides [0] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<2x6x3xf32> -> tensor<6x2x3xf32>
  return
}

// -----

func.func @conv_weight_grad_c1_padding(%a: tensor<2x4x9xf32>, %b: tensor<2x6x3xf32>) {
  // expected-error @+1 {{'train.conv_weight_grad' op C1: padding must not be negative}}
  %0 = train.conv_weight_grad %a, %b strides [2] low [-1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<2x6x3xf32> -> tensor<6x2x3xf32>
  return
}

// -----

func.func @conv_weight_grad_c2(%a: tensor<2x4x9xf32>, %b: tensor<2x6x3xf32>) {
  // expected-error @+1 {{'train.conv_weight_grad' op C2: 3 groups do not divide 4 input and 6 output channels, or the weights' second dimension is not input channels / groups}}
  %0 = train.conv_weight_grad %a, %b strides [2] low [1] high [0] dilations [2] groups 3
      : tensor<2x4x9xf32>, tensor<2x6x3xf32> -> tensor<6x2x3xf32>
  return
}

// -----

func.func @conv_weight_grad_c3(%a: tensor<2x4x9xf32>, %b: tensor<2x6x4xf32>) {
  // expected-error @+1 {{'train.conv_weight_grad' op C3: expected output size 3 of spatial dimension 0, got 4}}
  %0 = train.conv_weight_grad %a, %b strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<2x6x4xf32> -> tensor<6x2x3xf32>
  return
}

// -----

func.func @conv_weight_grad_c3_channels(%a: tensor<2x4x9xf32>, %b: tensor<2x5x3xf32>) {
  // expected-error @+1 {{'train.conv_weight_grad' op C3: batch or output channels of the tensors differ}}
  %0 = train.conv_weight_grad %a, %b strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<2x5x3xf32> -> tensor<6x2x3xf32>
  return
}

// -----

func.func @conv_weight_grad_c4(%a: tensor<2x4x9xf32>, %b: tensor<2x6x3xf32>) {
  // expected-error @+1 {{'train.conv_weight_grad' op C4: expected element type 'f32', got 'f64'}}
  %0 = train.conv_weight_grad %a, %b strides [2] low [1] high [0] dilations [2] groups 2
      : tensor<2x4x9xf32>, tensor<2x6x3xf32> -> tensor<6x2x3xf64>
  return
}

// -----

func.func @max_pool_c1(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.max_pool' op C1: expected 1 entries per window attribute, got 2}}
  %0, %1 = train.max_pool %x window [3] strides [2, 2] low [1] high [0] dilations [1]
      : tensor<2x4x8xf32> -> tensor<2x4x4xf32>, tensor<2x4x4xi32>
  return
}

// -----

func.func @max_pool_c1_sign(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.max_pool' op C1: window sizes, strides and dilations must be positive}}
  %0, %1 = train.max_pool %x window [3] strides [2] low [1] high [0] dilations [0]
      : tensor<2x4x8xf32> -> tensor<2x4x4xf32>, tensor<2x4x4xi32>
  return
}

// -----

func.func @max_pool_c1_padding(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.max_pool' op C1: padding must not be negative}}
  %0, %1 = train.max_pool %x window [3] strides [2] low [1] high [-1] dilations [1]
      : tensor<2x4x8xf32> -> tensor<2x4x4xf32>, tensor<2x4x4xi32>
  return
}

// -----

func.func @max_pool_c1_low(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.max_pool' op C1: a window of spatial dimension 0 lies wholly inside the padding}}
  %0, %1 = train.max_pool %x window [3] strides [2] low [3] high [0] dilations [1]
      : tensor<2x4x8xf32> -> tensor<2x4x5xf32>, tensor<2x4x5xi32>
  return
}

// -----

func.func @max_pool_c1_high(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.max_pool' op C1: a window of spatial dimension 0 lies wholly inside the padding}}
  %0, %1 = train.max_pool %x window [2] strides [2] low [0] high [2] dilations [1]
      : tensor<2x4x8xf32> -> tensor<2x4x5xf32>, tensor<2x4x5xi32>
  return
}

// -----

func.func @max_pool_c1_dilated(%x: tensor<2x4x1xf32>) {
  // expected-error @+1 {{'train.max_pool' op C1: a window of spatial dimension 0 lies wholly inside the padding}}
  %0, %1 = train.max_pool %x window [2] strides [1] low [1] high [1] dilations [2]
      : tensor<2x4x1xf32> -> tensor<2x4x1xf32>, tensor<2x4x1xi32>
  return
}

// -----

func.func @max_pool_c2(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.max_pool' op C2: expected output size 4 of spatial dimension 0, got 5}}
  %0, %1 = train.max_pool %x window [3] strides [2] low [1] high [0] dilations [1]
      : tensor<2x4x8xf32> -> tensor<2x4x5xf32>, tensor<2x4x5xi32>
  return
}

// -----

func.func @max_pool_c2_channels(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.max_pool' op C2: expected [N, C, S...] tensors of one rank, batch and channels}}
  %0, %1 = train.max_pool %x window [3] strides [2] low [1] high [0] dilations [1]
      : tensor<2x4x8xf32> -> tensor<2x3x4xf32>, tensor<2x3x4xi32>
  return
}

// -----

func.func @max_pool_c2_type(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.max_pool' op C2: expected element type 'f32', got 'f64'}}
  %0, %1 = train.max_pool %x window [3] strides [2] low [1] high [0] dilations [1]
      : tensor<2x4x8xf32> -> tensor<2x4x4xf64>, tensor<2x4x4xi32>
  return
}

// -----

func.func @avg_pool_c1(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.avg_pool' op C1: expected 1 entries per window attribute, got 2}}
  %0 = train.avg_pool %x window [3] strides [2, 2] low [1] high [0] dilations [1] count_padding true
      : tensor<2x4x8xf32> -> tensor<2x4x4xf32>
  return
}

// -----

func.func @avg_pool_c1_sign(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.avg_pool' op C1: window sizes, strides and dilations must be positive}}
  %0 = train.avg_pool %x window [3] strides [2] low [1] high [0] dilations [0] count_padding true
      : tensor<2x4x8xf32> -> tensor<2x4x4xf32>
  return
}

// -----

func.func @avg_pool_c1_padding(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.avg_pool' op C1: padding must not be negative}}
  %0 = train.avg_pool %x window [3] strides [2] low [1] high [-1] dilations [1] count_padding true
      : tensor<2x4x8xf32> -> tensor<2x4x4xf32>
  return
}

// -----

func.func @avg_pool_c1_low(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.avg_pool' op C1: a window of spatial dimension 0 lies wholly inside the padding}}
  %0 = train.avg_pool %x window [3] strides [2] low [3] high [0] dilations [1] count_padding true
      : tensor<2x4x8xf32> -> tensor<2x4x5xf32>
  return
}

// -----

func.func @avg_pool_c1_high(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.avg_pool' op C1: a window of spatial dimension 0 lies wholly inside the padding}}
  %0 = train.avg_pool %x window [2] strides [2] low [0] high [2] dilations [1] count_padding true
      : tensor<2x4x8xf32> -> tensor<2x4x5xf32>
  return
}

// -----

func.func @avg_pool_c1_dilated(%x: tensor<2x4x1xf32>) {
  // expected-error @+1 {{'train.avg_pool' op C1: a window of spatial dimension 0 lies wholly inside the padding}}
  %0 = train.avg_pool %x window [2] strides [1] low [1] high [1] dilations [2] count_padding true
      : tensor<2x4x1xf32> -> tensor<2x4x1xf32>
  return
}

// -----

func.func @avg_pool_c2(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.avg_pool' op C2: expected output size 4 of spatial dimension 0, got 5}}
  %0 = train.avg_pool %x window [3] strides [2] low [1] high [0] dilations [1] count_padding true
      : tensor<2x4x8xf32> -> tensor<2x4x5xf32>
  return
}

// -----

func.func @avg_pool_c2_channels(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.avg_pool' op C2: expected [N, C, S...] tensors of one rank, batch and channels}}
  %0 = train.avg_pool %x window [3] strides [2] low [1] high [0] dilations [1] count_padding true
      : tensor<2x4x8xf32> -> tensor<2x3x4xf32>
  return
}

// -----

func.func @avg_pool_c2_type(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.avg_pool' op C2: expected element type 'f32', got 'f64'}}
  %0 = train.avg_pool %x window [3] strides [2] low [1] high [0] dilations [1] count_padding true
      : tensor<2x4x8xf32> -> tensor<2x4x4xf64>
  return
}

// -----

func.func @avg_pool_grad_c1(%x: tensor<2x4x4xf32>) {
  // expected-error @+1 {{'train.avg_pool_grad' op C1: expected 1 entries per window attribute, got 2}}
  %0 = train.avg_pool_grad %x window [3] strides [2, 2] low [1] high [0] dilations [1] count_padding true
      : tensor<2x4x4xf32> -> tensor<2x4x8xf32>
  return
}

// -----

func.func @avg_pool_grad_c1_sign(%x: tensor<2x4x4xf32>) {
  // expected-error @+1 {{'train.avg_pool_grad' op C1: window sizes, strides and dilations must be positive}}
  %0 = train.avg_pool_grad %x window [3] strides [2] low [1] high [0] dilations [0] count_padding true
      : tensor<2x4x4xf32> -> tensor<2x4x8xf32>
  return
}

// -----

func.func @avg_pool_grad_c1_padding(%x: tensor<2x4x4xf32>) {
  // expected-error @+1 {{'train.avg_pool_grad' op C1: padding must not be negative}}
  %0 = train.avg_pool_grad %x window [3] strides [2] low [1] high [-1] dilations [1] count_padding true
      : tensor<2x4x4xf32> -> tensor<2x4x8xf32>
  return
}

// -----

func.func @avg_pool_grad_c1_low(%x: tensor<2x4x5xf32>) {
  // expected-error @+1 {{'train.avg_pool_grad' op C1: a window of spatial dimension 0 lies wholly inside the padding}}
  %0 = train.avg_pool_grad %x window [3] strides [2] low [3] high [0] dilations [1] count_padding true
      : tensor<2x4x5xf32> -> tensor<2x4x8xf32>
  return
}

// -----

func.func @avg_pool_grad_c1_high(%x: tensor<2x4x5xf32>) {
  // expected-error @+1 {{'train.avg_pool_grad' op C1: a window of spatial dimension 0 lies wholly inside the padding}}
  %0 = train.avg_pool_grad %x window [2] strides [2] low [0] high [2] dilations [1] count_padding true
      : tensor<2x4x5xf32> -> tensor<2x4x8xf32>
  return
}

// -----

func.func @avg_pool_grad_c1_dilated(%x: tensor<2x4x1xf32>) {
  // expected-error @+1 {{'train.avg_pool_grad' op C1: a window of spatial dimension 0 lies wholly inside the padding}}
  %0 = train.avg_pool_grad %x window [2] strides [1] low [1] high [1] dilations [2] count_padding true
      : tensor<2x4x1xf32> -> tensor<2x4x1xf32>
  return
}

// -----

func.func @avg_pool_grad_c2(%x: tensor<2x4x5xf32>) {
  // expected-error @+1 {{'train.avg_pool_grad' op C2: expected output size 4 of spatial dimension 0, got 5}}
  %0 = train.avg_pool_grad %x window [3] strides [2] low [1] high [0] dilations [1] count_padding true
      : tensor<2x4x5xf32> -> tensor<2x4x8xf32>
  return
}

// -----

func.func @avg_pool_grad_c2_channels(%x: tensor<2x3x4xf32>) {
  // expected-error @+1 {{'train.avg_pool_grad' op C2: expected [N, C, S...] tensors of one rank, batch and channels}}
  %0 = train.avg_pool_grad %x window [3] strides [2] low [1] high [0] dilations [1] count_padding true
      : tensor<2x3x4xf32> -> tensor<2x4x8xf32>
  return
}

// -----

func.func @avg_pool_grad_c2_type(%x: tensor<2x4x4xf64>) {
  // expected-error @+1 {{'train.avg_pool_grad' op C2: expected element type 'f32', got 'f64'}}
  %0 = train.avg_pool_grad %x window [3] strides [2] low [1] high [0] dilations [1] count_padding true
      : tensor<2x4x4xf64> -> tensor<2x4x8xf32>
  return
}

// -----

func.func @max_pool_c2_index(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'train.max_pool' op C2: y and index differ in shape}}
  %0, %1 = train.max_pool %x window [2] strides [2] low [0] high [0] dilations [1]
      : tensor<2x4x8xf32> -> tensor<2x4x4xf32>, tensor<2x4x5xi32>
  return
}

// -----

func.func @conv_weights_of_one_dimension(%x: tensor<2x4x9xf32>, %dy: tensor<2x6x3xf32>) {
  // expected-error @+1 {{'train.conv_weight_grad' op C1: expected three tensors of one rank, at least 3}}
  %0 = train.conv_weight_grad %x, %dy strides [1] low [1] high [0] dilations [2] groups 1
      : tensor<2x4x9xf32>, tensor<2x6x3xf32> -> tensor<3xf32>
  return
}
