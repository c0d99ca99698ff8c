// RUN: dsc-opt %s --split-input-file --verify-diagnostics --dsc-attach-loss="output=y kind=mse" \
// RUN:   --dsc-verify-microbatches=microbatches=2 -o %t
// With one micro-batch there is nothing to say.
// RUN: dsc-opt %s --split-input-file --dsc-attach-loss="output=y kind=mse" --dsc-verify-microbatches -o %t

// Rows stay rows: merged with positions and taken apart, moved, repeated, masked by what is the
// same for all of them.
func.func @forward(%x: tensor<4x3x8xf32> {train.name = "x"}) -> (tensor<4x3x8xf32> {train.name = "y"}) {
  %w = train.constant dense<0.5> : tensor<8x8xf32>
  %merged = train.reshape %x : tensor<4x3x8xf32> to tensor<12x8xf32>
  %h = train.dot %merged, %w batch [] x [] contract [1] x [0] : tensor<12x8xf32>, tensor<8x8xf32> -> tensor<12x8xf32>
  %s = train.softmax %h 1 : tensor<12x8xf32>
  %heads = train.reshape %s : tensor<12x8xf32> to tensor<4x3x2x4xf32>
  %turned = train.transpose %heads [2, 1, 0, 3] : tensor<4x3x2x4xf32> to tensor<2x3x4x4xf32>
  %scan = train.softmax %turned 1 : tensor<2x3x4x4xf32>
  %back = train.transpose %scan [2, 1, 0, 3] : tensor<2x3x4x4xf32> to tensor<4x3x2x4xf32>
  %z = train.reshape %back : tensor<4x3x2x4xf32> to tensor<4x3x8xf32>
  %mask = train.constant dense<[[[1.0], [0.0], [2.0]]]> : tensor<1x3x1xf32>
  %masks = train.broadcast %mask [0, 1, 2] : tensor<1x3x1xf32> to tensor<4x3x8xf32>
  %y = train.mul %z, %masks : tensor<4x3x8xf32>
  return %y : tensor<4x3x8xf32>
}

// -----

// A constant that has a part for every row, all of them equal.
func.func @forward(%x: tensor<2x2xf32> {train.name = "x"}) -> (tensor<2x2xf32> {train.name = "y"}) {
  %mask = train.constant dense<[[1.0, 2.0], [1.0, 2.0]]> : tensor<2x2xf32>
  %y = train.mul %x, %mask : tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @forward(%x: tensor<2x2xf32> {train.name = "x"}) -> (tensor<2x2xf32> {train.name = "y"}) {
  %mask = train.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  // expected-error @below {{train.mul treats the rows of a batch by their number, so 2 micro-batches would not compute what the whole batch does; train this model with --microbatches 1}}
  %y = train.mul %x, %mask : tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

// A table of the batch's size is one of its own.
train.variable parameter @table : tensor<4x8xf32> = dense<1.0> : tensor<4x8xf32>
func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<4x8xf32> {train.name = "y"}) {
  %table = train.read @table : tensor<4x8xf32>
  // expected-error @below {{train.add treats the rows of a batch by their number}}
  %y = train.add %x, %table : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<4x8xf32> {train.name = "y"}) {
  // expected-error @below {{train.softmax mixes the rows of a batch}}
  %y = train.softmax %x 0 : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// Merged with the positions, the batch is part of a dimension that must be whole.
func.func @forward(%x: tensor<4x3x8xf32> {train.name = "x"}) -> (tensor<12x8xf32> {train.name = "y"}) {
  %merged = train.reshape %x : tensor<4x3x8xf32> to tensor<12x8xf32>
  // expected-error @below {{train.softmax mixes the rows of a batch}}
  %y = train.softmax %merged 0 : tensor<12x8xf32>
  return %y : tensor<12x8xf32>
}

// -----

// The mean of the rows, taken from each.
func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<4x8xf32> {train.name = "y"}) {
  // expected-error @below {{train.reduce_sum sums over the rows of a batch, and rows depend on the sum}}
  %sum = train.reduce_sum %x [0] : tensor<4x8xf32> to tensor<8xf32>
  %quarter = train.constant dense<0.25> : tensor<8xf32>
  %mean = train.mul %sum, %quarter : tensor<8xf32>
  %means = train.broadcast %mean [1] : tensor<8xf32> to tensor<4x8xf32>
  %y = train.sub %x, %means : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// All pairs of rows.
func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<4x4xf32> {train.name = "y"}) {
  // expected-error @below {{train.dot combines rows of a batch with other rows}}
  %y = train.dot %x, %x batch [] x [] contract [1] x [1] : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}

// -----

// Row b and its neighbour.
func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<4x8xf32> {train.name = "y"}) {
  // expected-error @below {{train.slice mixes the rows of a batch}}
  %rest = train.slice %x [1, 0] strides [1, 1] : tensor<4x8xf32> to tensor<3x8xf32>
  %y = train.pad %rest value 0.0 low [0, 0] high [1, 0] interior [0, 0] : tensor<3x8xf32> to tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// Two rows in one.
func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<4x8xf32> {train.name = "y"}) {
  // expected-error @below {{train.reshape takes the rows of a batch apart}}
  %pairs = train.reshape %x : tensor<4x8xf32> to tensor<2x16xf32>
  %e = train.exp %pairs : tensor<2x16xf32>
  %y = train.reshape %e : tensor<2x16xf32> to tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// A running sum over the batch.
func.func @forward(%x: tensor<4x8xf32> {train.name = "x"}) -> (tensor<4x8xf32> {train.name = "y"}) {
  %zero = train.constant dense<0.0> : tensor<8xf32>
  // expected-error @below {{train.scan mixes the rows of a batch}}
  %sum, %y = train.scan 4 carry(%zero : tensor<8xf32>) input(%x : tensor<4x8xf32>) carried(tensor<8xf32>) output(tensor<4x8xf32>) {
  ^bb0(%carried: tensor<8xf32>, %row: tensor<8xf32>):
    %next = train.add %carried, %row : tensor<8xf32>
    train.body_yield %next, %next : tensor<8xf32>, tensor<8xf32>
  }
  return %y : tensor<4x8xf32>
}

// -----

// Batch norm and dropout define what a part of a batch is to them.
train.variable parameter @scale : tensor<3xf32> = dense<1.0> : tensor<3xf32>
train.variable state @mean : tensor<3xf32> = dense<0.0> : tensor<3xf32>
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}) -> (tensor<4x3xf32> {train.name = "y"}) {
  %scale = train.read @scale : tensor<3xf32>
  %mean = train.read @mean : tensor<3xf32>
  %n, %new, %var, %m, %r = train.batch_norm %x, %scale, %mean, %mean, %mean epsilon 1.0e-5 momentum 0.1 : tensor<4x3xf32>, tensor<3xf32>
  train.write @mean, %new : tensor<3xf32>
  %seed = train.scalar "seed" : tensor<i64>
  %step = train.scalar "step" : tensor<i64>
  %zero = train.constant dense<0> : tensor<i64>
  %y = train.dropout %n seed %seed step %step offset %zero ratio 0.5 stream 0 : tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// Two views of each sample, one batch behind the other, and each by itself again.
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}) -> (tensor<4x3xf32> {train.name = "y"}) {
  %twice = train.add %x, %x : tensor<4x3xf32>
  %views = train.concat 0 %x, %twice : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<8x3xf32>
  %e = train.exp %views : tensor<8x3xf32>
  %a = train.slice %e [0, 0] strides [1, 1] : tensor<8x3xf32> to tensor<4x3xf32>
  %b = train.slice %e [4, 0] strides [1, 1] : tensor<8x3xf32> to tensor<4x3xf32>
  %y = train.mul %a, %b : tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// Each with the one before it in the other view.
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}) -> (tensor<4x3xf32> {train.name = "y"}) {
  %views = train.concat 0 %x, %x : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<8x3xf32>
  // expected-error @below {{train.slice mixes the rows of a batch}}
  %b = train.slice %views [3, 0] strides [1, 1] : tensor<8x3xf32> to tensor<4x3xf32>
  %y = train.mul %x, %b : tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// What is no statistic of a batch norm would change twice.
train.variable state @center : tensor<3xf32> = dense<1.0> : tensor<3xf32>
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}) -> (tensor<4x3xf32> {train.name = "y"}) {
  %center = train.read @center : tensor<3xf32>
  %moved = train.tanh %center : tensor<3xf32>
  // expected-error @below {{the model changes it in every step, which 2 micro-batches would do as often}}
  train.write @center, %moved : tensor<3xf32>
  return %x : tensor<4x3xf32>
}
