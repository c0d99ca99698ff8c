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

// -----

// A number to multiply with is no divisor.
func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "l"}) {
  // expected-error @below {{the loss "l" is a sum over the rows of a batch (train.reduce_sum), not a mean}}
  %sum = train.reduce_sum %x [0, 1] : tensor<4x8xf32> to tensor<f32>
  %four = train.constant dense<4.0> : tensor<f32>
  %l = train.mul %sum, %four : tensor<f32>
  return %l : tensor<f32>
}

// -----

// Nor is one to add.
func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "l"}) {
  // expected-error @below {{the loss "l" is a sum over the rows of a batch (train.reduce_sum), not a mean}}
  %sum = train.reduce_sum %x [0, 1] : tensor<4x8xf32> to tensor<f32>
  %four = train.constant dense<4.0> : tensor<f32>
  %l = train.add %sum, %four : tensor<f32>
  return %l : tensor<f32>
}

// -----

// What the frontend has found out counts, not what a number looks like.
func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "l"}) {
  // expected-error @below {{the loss "l" is a sum over the rows of a batch (train.reduce_sum), not a mean}}
  %sum = train.reduce_sum %x [0, 1] : tensor<4x8xf32> to tensor<f32>
  %part = train.constant dense<0.25> : tensor<f32>
  %l = train.mul %sum, %part {train.batch_scale = "fixed"} : tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "l"}) {
  %sum = train.reduce_sum %x [0, 1] : tensor<4x8xf32> to tensor<f32>
  %part = train.constant dense<0.4> : tensor<f32>
  %l = train.mul %sum, %part {train.batch_scale = "rows"} : tensor<f32>
  return %l : tensor<f32>
}

// -----

// A mean times the number of rows is a sum.
func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "l"}) {
  %sum = train.reduce_sum %x [0, 1] : tensor<4x8xf32> to tensor<f32>
  %part = train.constant dense<0.25> : tensor<f32>
  %mean = train.mul %sum, %part {train.batch_scale = "rows"} : tensor<f32>
  %four = train.constant dense<4.0> : tensor<f32>
  // expected-error @below {{train.mul scales by a number that changes with the number of rows, and makes no mean}}
  %l = train.mul %mean, %four {train.batch_scale = "other"} : tensor<f32>
  return %l : tensor<f32>
}

// -----

// So is the mean of rows that each were multiplied with it.
func.func @forward(%x: tensor<4xf32> {train.name = "x"}) -> (tensor<f32> {train.name = "l"}) {
  %four = train.constant dense<4.0> : tensor<4xf32>
  // expected-error @below {{train.mul scales by a number that changes with the number of rows, and makes no mean}}
  %rows = train.mul %x, %four {train.batch_scale = "other"} : tensor<4xf32>
  %sum = train.reduce_sum %rows [0] : tensor<4xf32> to tensor<f32>
  %part = train.constant dense<0.25> : tensor<f32>
  %l = train.mul %sum, %part {train.batch_scale = "rows"} : tensor<f32>
  return %l : tensor<f32>
}

// -----

// Sums over counts add up where they stand alone, scaled or not.
func.func @forward(%x: tensor<4xf32> {train.name = "x"}, %m: tensor<4xf32> {train.name = "m"}) -> (tensor<f32> {train.name = "l"}) {
  %sum = train.reduce_sum %x [0] : tensor<4xf32> to tensor<f32>
  %minus = train.neg %sum : tensor<f32>
  %count = train.reduce_sum %m [0] : tensor<4xf32> to tensor<f32>
  %mean = train.div %minus, %count : tensor<f32>
  %l = train.neg %mean : tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @forward(%x: tensor<4xf32> {train.name = "x"}, %m: tensor<4xf32> {train.name = "m"}) -> (tensor<f32> {train.name = "l"}) {
  %sum = train.reduce_sum %x [0] : tensor<4xf32> to tensor<f32>
  %count = train.reduce_sum %m [0] : tensor<4xf32> to tensor<f32>
  %some = train.constant dense<0.1> : tensor<f32>
  %more = train.add %count, %some : tensor<f32>
  // expected-error @below {{train.div divides by a sum over the rows of a batch, so 2 micro-batches would not compute what the whole batch does; train this model with --microbatches 1}}
  %l = train.div %sum, %more : tensor<f32>
  return %l : tensor<f32>
}

// -----

// Two means do not add up: they have two counts.
func.func @forward(%x: tensor<4xf32> {train.name = "x"}, %m: tensor<4xf32> {train.name = "m"}) -> (tensor<f32> {train.name = "l"}) {
  %sum = train.reduce_sum %x [0] : tensor<4xf32> to tensor<f32>
  %count = train.reduce_sum %m [0] : tensor<4xf32> to tensor<f32>
  // expected-error @below {{train.div divides by a sum over the rows of a batch}}
  %mean = train.div %sum, %count : tensor<f32>
  %four = train.constant dense<4.0> : tensor<f32>
  %other = train.div %sum, %four : tensor<f32>
  %l = train.add %mean, %other : tensor<f32>
  return %l : tensor<f32>
}

// -----

// A mean over a sum: each micro-batch divides the one only.
func.func @forward(%x: tensor<4xf32> {train.name = "x"}, %m: tensor<4xf32> {train.name = "m"}) -> (tensor<f32> {train.name = "l"}) {
  // expected-error @below {{the loss "l" is a sum over the rows of a batch (train.reduce_sum), not a mean}}
  %sum = train.reduce_sum %x [0] : tensor<4xf32> to tensor<f32>
  %four = train.constant dense<4.0> : tensor<f32>
  %mean = train.div %sum, %four : tensor<f32>
  %count = train.reduce_sum %m [0] : tensor<4xf32> to tensor<f32>
  %l = train.div %mean, %count : tensor<f32>
  return %l : tensor<f32>
}
