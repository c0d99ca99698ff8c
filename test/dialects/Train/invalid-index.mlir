// One negative test per constraint, named after the op and the constraint's label.
// RUN: dsc-opt %s -split-input-file -verify-diagnostics

func.func @take_c1(%x: tensor<5x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'train.take' op C1: axis 2 is outside rank 2}}
  %0 = train.take %x, %i axis 2 : tensor<5x3xf32>, tensor<2xi64> -> tensor<2x3xf32>
  return
}

// -----

func.func @take_c1_negative(%x: tensor<5x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'train.take' op C1: axis -1 is outside rank 2}}
  %0 = train.take %x, %i axis -1 : tensor<5x3xf32>, tensor<2xi64> -> tensor<2x3xf32>
  return
}

// -----

func.func @take_c2(%x: tensor<5x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'train.take' op C2: the shapes do not agree: expected the table's shape with the axis replaced by the shape of the indices}}
  %0 = train.take %x, %i axis 0 : tensor<5x3xf32>, tensor<2xi64> -> tensor<2x4xf32>
  return
}

// -----

func.func @take_c3(%x: tensor<5x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'train.take' op C3: expected element type 'f32', got 'f64'}}
  %0 = train.take %x, %i axis 0 : tensor<5x3xf32>, tensor<2xi64> -> tensor<2x3xf64>
  return
}

// -----

func.func @scatter_add_c1(%x: tensor<2x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'train.scatter_add' op C1: axis 2 is outside rank 2}}
  %0 = train.scatter_add %x, %i axis 2 : tensor<2x3xf32>, tensor<2xi64> -> tensor<5x3xf32>
  return
}

// -----

func.func @scatter_add_c1_negative(%x: tensor<2x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'train.scatter_add' op C1: axis -1 is outside rank 2}}
  %0 = train.scatter_add %x, %i axis -1 : tensor<2x3xf32>, tensor<2xi64> -> tensor<5x3xf32>
  return
}

// -----

func.func @scatter_add_c2(%x: tensor<2x4xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'train.scatter_add' op C2: the shapes do not agree: expected the table's shape with the axis replaced by the shape of the indices}}
  %0 = train.scatter_add %x, %i axis 0 : tensor<2x4xf32>, tensor<2xi64> -> tensor<5x3xf32>
  return
}

// -----

func.func @scatter_add_c3(%x: tensor<2x3xf64>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'train.scatter_add' op C3: expected element type 'f32', got 'f64'}}
  %0 = train.scatter_add %x, %i axis 0 : tensor<2x3xf64>, tensor<2xi64> -> tensor<5x3xf32>
  return
}

// -----

func.func @take_along_c1(%x: tensor<5x3xf32>, %i: tensor<5x2xi64>) {
  // expected-error @+1 {{'train.take_along' op C1: axis 2 is outside rank 2}}
  %0 = train.take_along %x, %i axis 2 : tensor<5x3xf32>, tensor<5x2xi64> -> tensor<5x2xf32>
  return
}

// -----

func.func @take_along_c1_rank(%x: tensor<5x3xf32>, %i: tensor<5xi64>) {
  // expected-error @+1 {{'train.take_along' op C1: expected indices of rank 2, got 1}}
  %0 = train.take_along %x, %i axis 1 : tensor<5x3xf32>, tensor<5xi64> -> tensor<5xf32>
  return
}

// -----

func.func @take_along_c2(%x: tensor<5x3xf32>, %i: tensor<5x2xi64>) {
  // expected-error @+1 {{'train.take_along' op C2: one element per index: the shapes differ}}
  %0 = train.take_along %x, %i axis 1 : tensor<5x3xf32>, tensor<5x2xi64> -> tensor<5x3xf32>
  return
}

// -----

func.func @take_along_c2_others(%x: tensor<5x3xf32>, %i: tensor<5x2xi64>) {
  // expected-error @+1 {{'train.take_along' op C2: sizes of dimension 1 differ}}
  %0 = train.take_along %x, %i axis 0 : tensor<5x3xf32>, tensor<5x2xi64> -> tensor<5x2xf32>
  return
}

// -----

func.func @take_along_c3(%x: tensor<5x3xf32>, %i: tensor<5x2xi64>) {
  // expected-error @+1 {{'train.take_along' op C3: expected element type 'f32', got 'f64'}}
  %0 = train.take_along %x, %i axis 1 : tensor<5x3xf32>, tensor<5x2xi64> -> tensor<5x2xf64>
  return
}

// -----

func.func @scatter_add_along_c1(%x: tensor<5x2xf32>, %i: tensor<5x2xi64>) {
  // expected-error @+1 {{'train.scatter_add_along' op C1: axis 2 is outside rank 2}}
  %0 = train.scatter_add_along %x, %i axis 2
      : tensor<5x2xf32>, tensor<5x2xi64> -> tensor<5x3xf32>
  return
}

// -----

func.func @scatter_add_along_c1_rank(%x: tensor<5xf32>, %i: tensor<5xi64>) {
  // expected-error @+1 {{'train.scatter_add_along' op C1: expected indices of rank 2, got 1}}
  %0 = train.scatter_add_along %x, %i axis 1 : tensor<5xf32>, tensor<5xi64> -> tensor<5x3xf32>
  return
}

// -----

func.func @scatter_add_along_c2(%x: tensor<5x3xf32>, %i: tensor<5x2xi64>) {
  // expected-error @+1 {{'train.scatter_add_along' op C2: one element per index: the shapes differ}}
  %0 = train.scatter_add_along %x, %i axis 1
      : tensor<5x3xf32>, tensor<5x2xi64> -> tensor<5x3xf32>
  return
}

// -----

func.func @scatter_add_along_c2_others(%x: tensor<5x2xf32>, %i: tensor<5x2xi64>) {
  // expected-error @+1 {{'train.scatter_add_along' op C2: sizes of dimension 1 differ}}
  %0 = train.scatter_add_along %x, %i axis 0
      : tensor<5x2xf32>, tensor<5x2xi64> -> tensor<5x3xf32>
  return
}

// -----

func.func @scatter_add_along_c3(%x: tensor<5x2xf64>, %i: tensor<5x2xi64>) {
  // expected-error @+1 {{'train.scatter_add_along' op C3: expected element type 'f32', got 'f64'}}
  %0 = train.scatter_add_along %x, %i axis 1
      : tensor<5x2xf64>, tensor<5x2xi64> -> tensor<5x3xf32>
  return
}
