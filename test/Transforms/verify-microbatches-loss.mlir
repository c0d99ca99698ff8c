// RUN: dsc-opt %s --split-input-file --verify-diagnostics --dsc-attach-loss=loss-output=l \
// RUN:   --dsc-verify-microbatches=microbatches=2 -o %t

// A mean over rows, and what does not depend on them.
train.variable parameter @w : tensor<8xf32> = dense<1.0> : tensor<8xf32>
func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "l"}) {
  %w = train.read @w : tensor<8xf32>
  %squares = train.mul %x, %x : tensor<4x8xf32>
  %sum = train.reduce_sum %squares [0, 1] : tensor<4x8xf32> to tensor<f32>
  %count = train.constant dense<32.0> : tensor<f32>
  %mean = train.div %sum, %count : tensor<f32>
  %weights = train.mul %w, %w : tensor<8xf32>
  %decay = train.reduce_sum %weights [0] : tensor<8xf32> to tensor<f32>
  %l = train.add %mean, %decay : tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "l"}) {
  // expected-error @below {{the loss "l" is a sum over the rows of a batch (train.reduce_sum), not a mean, so 2 micro-batches, whose losses are averaged, would not compute what the whole batch does; train this model with --microbatches 1}}
  %l = train.reduce_sum %x [0, 1] : tensor<4x8xf32> to tensor<f32>
  return %l : tensor<f32>
}

// -----

// The root of a mean is no mean.
func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "l"}) {
  %sum = train.reduce_sum %x [0, 1] : tensor<4x8xf32> to tensor<f32>
  %part = train.constant dense<0.03125> : tensor<f32>
  %mean = train.mul %sum, %part : tensor<f32>
  // expected-error @below {{train.sqrt is not linear in a sum over the rows of a batch}}
  %l = train.sqrt %mean : tensor<f32>
  return %l : tensor<f32>
}
