// One negative test per constraint, named after the op and the constraint's label.
// RUN: dsc-opt %s -split-input-file -verify-diagnostics

func.func @iota_c1() {
  // expected-error @+1 {{'train.iota' op C1: dimension 2 is outside the result's rank 2}}
  %0 = train.iota 2 : tensor<4x8xi64>
  return
}

// -----

func.func @reshape_c1(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.reshape' op C1: expected 24 elements in the result, got 25}}
  %0 = train.reshape %x : tensor<4x6xf32> to tensor<25xf32>
  return
}

// -----

func.func @reshape_c2(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.reshape' op C2: expected element type 'f32', got 'f64'}}
  %0 = train.reshape %x : tensor<4x6xf32> to tensor<24xf64>
  return
}

// -----

func.func @transpose_c1(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.transpose' op C1: 'permutation' is not a permutation of the dimensions}}
  %0 = train.transpose %x [0, 0] : tensor<4x6xf32> to tensor<4x4xf32>
  return
}

// -----

func.func @transpose_c1_length(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.transpose' op C1: expected one entry of 'permutation' per dimension (2), got 1}}
  %0 = train.transpose %x [0] : tensor<4x6xf32> to tensor<4xf32>
  return
}

// -----

func.func @transpose_c2(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.transpose' op C2: expected size 6 of result dimension 0, got 4}}
  %0 = train.transpose %x [1, 0] : tensor<4x6xf32> to tensor<4x6xf32>
  return
}

// -----

func.func @broadcast_c1(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.broadcast' op C1: 'dims' must ascend and stay below the result's rank}}
  %0 = train.broadcast %x [1, 0] : tensor<4x6xf32> to tensor<6x4xf32>
  return
}

// -----

func.func @broadcast_c1_length(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.broadcast' op C1: expected one entry of 'dims' per dimension (2), got 1}}
  %0 = train.broadcast %x [1] : tensor<4x6xf32> to tensor<2x4x6xf32>
  return
}

// -----

func.func @broadcast_c2(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.broadcast' op C2: operand dimension 1 has size 6, expected 1 or 12}}
  %0 = train.broadcast %x [0, 1] : tensor<4x6xf32> to tensor<4x12xf32>
  return
}

// -----

func.func @broadcast_c3(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.broadcast' op C3: expected element type 'f32', got 'f64'}}
  %0 = train.broadcast %x [0, 1] : tensor<4x6xf32> to tensor<4x6xf64>
  return
}

// -----

func.func @slice_c1(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.slice' op C1: stride 0 of dimension 1 is not positive}}
  %0 = train.slice %x [0, 0] strides [1, 0] : tensor<4x6xf32> to tensor<4x2xf32>
  return
}

// -----

func.func @slice_c1_length(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.slice' op C1: expected one entry of 'starts' per dimension (2), got 1}}
  %0 = train.slice %x [0] strides [1, 1] : tensor<4x6xf32> to tensor<4x2xf32>
  return
}

// -----

func.func @slice_c2(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.slice' op C2: the slice leaves dimension 1 of size 6}}
  %0 = train.slice %x [0, 1] strides [1, 3] : tensor<4x6xf32> to tensor<4x3xf32>
  return
}

// -----

func.func @slice_c2_negative(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.slice' op C2: the slice leaves dimension 0 of size 4}}
  %0 = train.slice %x [-1, 0] strides [1, 1] : tensor<4x6xf32> to tensor<4x6xf32>
  return
}

// -----

func.func @pad_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{'train.pad' op C1: padding of dimension 0 is negative}}
  %0 = train.pad %x value 0.0 low [-1] high [1] interior [0] : tensor<4xf32> to tensor<4xf32>
  return
}

// -----

func.func @pad_c1_length(%x: tensor<4xf32>) {
  // expected-error @+1 {{'train.pad' op C1: expected one entry of 'low' per dimension (1), got 2}}
  %0 = train.pad %x value 0.0 low [1, 0] high [1] interior [0]
      : tensor<4xf32> to tensor<6xf32>
  return
}

// -----

func.func @pad_c2(%x: tensor<4xf32>) {
  // expected-error @+1 {{'train.pad' op C2: expected size 9 of result dimension 0, got 6}}
  %0 = train.pad %x value 0.0 low [1] high [1] interior [1] : tensor<4xf32> to tensor<6xf32>
  return
}

// -----

func.func @concat_c1(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.concat' op C1: expected at least one operand and a dimension within the rank}}
  %0 = train.concat 2 %x : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func @concat_c1_none() {
  // expected-error @+1 {{'train.concat' op C1: expected at least one operand and a dimension within the rank}}
  %0 = train.concat 0 : () -> tensor<4x6xf32>
  return
}

// -----

func.func @concat_c1_type(%x: tensor<4x6xf32>, %y: tensor<4x6xf64>) {
  // expected-error @+1 {{'train.concat' op C1: expected operands of the result's rank and element type, got 'tensor<4x6xf64>'}}
  %0 = train.concat 0 %x, %y : (tensor<4x6xf32>, tensor<4x6xf64>) -> tensor<8x6xf32>
  return
}

// -----

func.func @concat_c2(%x: tensor<4x6xf32>, %y: tensor<4x5xf32>) {
  // expected-error @+1 {{'train.concat' op C2: expected size 6 of dimension 1, got 5}}
  %0 = train.concat 0 %x, %y : (tensor<4x6xf32>, tensor<4x5xf32>) -> tensor<8x6xf32>
  return
}

// -----

func.func @concat_c2_sum(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.concat' op C2: expected size 8 of result dimension 0, got 9}}
  %0 = train.concat 0 %x, %x : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<9x6xf32>
  return
}

// -----

func.func @reduce_sum_c1(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.reduce_sum' op C1: reduced dimensions must ascend within rank 2}}
  %0 = train.reduce_sum %x [1, 0] : tensor<4x6xf32> to tensor<f32>
  return
}

// -----

func.func @reduce_sum_c2(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.reduce_sum' op C2: expected a result of shape [4]}}
  %0 = train.reduce_sum %x [1] : tensor<4x6xf32> to tensor<6xf32>
  return
}

// -----

func.func @reduce_sum_c2_type(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.reduce_sum' op C2: expected element type 'f32', got 'f64'}}
  %0 = train.reduce_sum %x [1] : tensor<4x6xf32> to tensor<4xf64>
  return
}

// -----

func.func @reduce_max_c1(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.reduce_max' op C1: reduced dimensions must ascend within rank 2}}
  %0 = train.reduce_max %x [1, 0] : tensor<4x6xf32> to tensor<f32>
  return
}

// -----

func.func @reduce_max_c2(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.reduce_max' op C2: expected a result of shape [4]}}
  %0 = train.reduce_max %x [1] : tensor<4x6xf32> to tensor<6xf32>
  return
}

// -----

func.func @reduce_max_c2_type(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.reduce_max' op C2: expected element type 'f32', got 'f64'}}
  %0 = train.reduce_max %x [1] : tensor<4x6xf32> to tensor<4xf64>
  return
}

// -----

func.func @reduce_min_c1(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.reduce_min' op C1: reduced dimensions must ascend within rank 2}}
  %0 = train.reduce_min %x [1, 0] : tensor<4x6xf32> to tensor<f32>
  return
}

// -----

func.func @reduce_min_c2(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.reduce_min' op C2: expected a result of shape [4]}}
  %0 = train.reduce_min %x [1] : tensor<4x6xf32> to tensor<6xf32>
  return
}

// -----

func.func @reduce_min_c2_type(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.reduce_min' op C2: expected element type 'f32', got 'f64'}}
  %0 = train.reduce_min %x [1] : tensor<4x6xf32> to tensor<4xf64>
  return
}

// -----

func.func @argmax_c1(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.argmax' op C1: reduced dimensions must ascend within rank 2}}
  %0 = train.argmax %x 2 : tensor<4x6xf32> to tensor<4xi64>
  return
}

// -----

func.func @argmax_c2(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'train.argmax' op C2: expected a result of shape [4]}}
  %0 = train.argmax %x 1 : tensor<4x6xf32> to tensor<6xi64>
  return
}
