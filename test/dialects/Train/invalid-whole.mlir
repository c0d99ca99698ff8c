// One negative test per constraint, named after the op and the constraint's label.
// RUN: dsc-opt %s -split-input-file -verify-diagnostics

func.func @softmax_c1(%x: tensor<2x3x8xf32>) {
  // expected-error @+1 {{'train.softmax' op C1: dimension 3 is outside rank 3}}
  %0 = train.softmax %x 3 : tensor<2x3x8xf32>
  return
}

// -----

func.func @softmax_c1_negative(%x: tensor<2x3x8xf32>) {
  // expected-error @+1 {{'train.softmax' op C1: dimension -1 is outside rank 3}}
  %0 = train.softmax %x -1 : tensor<2x3x8xf32>
  return
}

// -----

func.func @log_softmax_c1(%x: tensor<2x3x8xf32>) {
  // expected-error @+1 {{'train.log_softmax' op C1: dimension 3 is outside rank 3}}
  %0 = train.log_softmax %x 3 : tensor<2x3x8xf32>
  return
}

// -----

func.func @log_softmax_c1_negative(%x: tensor<2x3x8xf32>) {
  // expected-error @+1 {{'train.log_softmax' op C1: dimension -1 is outside rank 3}}
  %0 = train.log_softmax %x -1 : tensor<2x3x8xf32>
  return
}

// -----

func.func @layer_norm_c1(%x: tensor<2x3x8xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{'train.layer_norm' op C1: axis 3 is outside rank 3}}
  %0:3 = train.layer_norm %x, %s, %s axis 3 epsilon 1.0e-5
      : tensor<2x3x8xf32>, tensor<8xf32> -> tensor<2x3x8xf32>, tensor<2x3xf32>
  return
}

// -----

func.func @layer_norm_grad_c1(%x: tensor<2x3x8xf32>, %s: tensor<8xf32>, %r: tensor<2x3xf32>) {
  // expected-error @+1 {{'train.layer_norm_grad' op C1: axis 3 is outside rank 3}}
  %0:3 = train.layer_norm_grad %x, %x, %s, %r, %r axis 3
      : tensor<2x3x8xf32>, tensor<8xf32>, tensor<2x3xf32>
  return
}

// -----

func.func @layer_norm_c2(%x: tensor<2x3x8xf32>, %s: tensor<3xf32>) {
  // expected-error @+1 {{'train.layer_norm' op C2: expected scale and bias shaped as x from the axis on}}
  %0:3 = train.layer_norm %x, %s, %s axis 2 epsilon 1.0e-5
      : tensor<2x3x8xf32>, tensor<3xf32> -> tensor<2x3x8xf32>, tensor<2x3xf32>
  return
}

// -----

func.func @layer_norm_grad_c2(%x: tensor<2x3x8xf32>, %s: tensor<3xf32>, %r: tensor<2x3xf32>) {
  // expected-error @+1 {{'train.layer_norm_grad' op C2: expected scale and bias shaped as x from the axis on}}
  %0:3 = train.layer_norm_grad %x, %x, %s, %r, %r axis 2
      : tensor<2x3x8xf32>, tensor<3xf32>, tensor<2x3xf32>
  return
}

// -----

func.func @layer_norm_c3(%x: tensor<2x3x8xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{'train.layer_norm' op C3: expected mean and rstd shaped as x before the axis}}
  %0:3 = train.layer_norm %x, %s, %s axis 2 epsilon 1.0e-5
      : tensor<2x3x8xf32>, tensor<8xf32> -> tensor<2x3x8xf32>, tensor<2xf32>
  return
}

// -----

func.func @layer_norm_grad_c3(%x: tensor<2x3x8xf32>, %s: tensor<8xf32>, %r: tensor<2xf32>) {
  // expected-error @+1 {{'train.layer_norm_grad' op C3: expected mean and rstd shaped as x before the axis}}
  %0:3 = train.layer_norm_grad %x, %x, %s, %r, %r axis 2
      : tensor<2x3x8xf32>, tensor<8xf32>, tensor<2xf32>
  return
}

// -----

func.func @batch_norm_c1(%x: tensor<3xf32>, %c: tensor<3xf32>) {
  // expected-error @+1 {{'train.batch_norm' op C1: expected a rank of at least 2}}
  %0:5 = train.batch_norm %x, %c, %c, %c, %c epsilon 1.0e-3 momentum 0.1
      : tensor<3xf32>, tensor<3xf32>
  return
}

// -----

func.func @batch_norm_grad_c1(%x: tensor<3xf32>, %c: tensor<3xf32>) {
  // expected-error @+1 {{'train.batch_norm_grad' op C1: expected a rank of at least 2}}
  %0:3 = train.batch_norm_grad %x, %x, %c, %c, %c : tensor<3xf32>, tensor<3xf32>
  return
}

// -----

func.func @batch_norm_c2(%x: tensor<2x3x8xf32>, %c: tensor<4xf32>) {
  // expected-error @+1 {{'train.batch_norm' op C2: expected shape [3], got 'tensor<4xf32>'}}
  %0:5 = train.batch_norm %x, %c, %c, %c, %c epsilon 1.0e-3 momentum 0.1
      : tensor<2x3x8xf32>, tensor<4xf32>
  return
}

// -----

func.func @batch_norm_grad_c2(%x: tensor<2x3x8xf32>, %c: tensor<4xf32>) {
  // expected-error @+1 {{'train.batch_norm_grad' op C2: expected shape [3], got 'tensor<4xf32>'}}
  %0:3 = train.batch_norm_grad %x, %x, %c, %c, %c : tensor<2x3x8xf32>, tensor<4xf32>
  return
}

// -----

func.func @attention_c1(%q: tensor<2x4x5x8xf32>, %k: tensor<2x4x6x7xf32>,
    %v: tensor<2x4x6x3xf32>) {
  // expected-error @+1 {{'train.attention' op C1: the shapes of q, k, v, result and lse do not agree}}
  %0, %1 = train.attention %q, %k, %v scale 0.5 causal true
      : tensor<2x4x5x8xf32>, tensor<2x4x6x7xf32>, tensor<2x4x6x3xf32> -> tensor<2x4x5x3xf32>,
        tensor<2x4x5xf32>
  return
}

// -----

func.func @attention_grad_c1(%q: tensor<2x4x5x8xf32>, %k: tensor<2x4x6x7xf32>,
    %v: tensor<2x4x6x3xf32>, %y: tensor<2x4x5x3xf32>, %l: tensor<2x4x5xf32>) {
  // expected-error @+1 {{'train.attention_grad' op C1: the shapes of q, k, v, result and lse do not agree}}
  %0:3 = train.attention_grad %y, %q, %k, %v, %y, %l scale 0.5 causal true
      : tensor<2x4x5x8xf32>, tensor<2x4x6x7xf32>, tensor<2x4x6x3xf32>, tensor<2x4x5x3xf32>,
        tensor<2x4x5xf32>
  return
}

// -----

func.func @attention_c1_rank(%q: tensor<2x4x8xf32>, %k: tensor<2x4x6x8xf32>,
    %v: tensor<2x4x6x3xf32>) {
  // expected-error @+1 {{'train.attention' op C1: expected tensors [B, H, T, D], got 'tensor<2x4x8xf32>'}}
  %0, %1 = train.attention %q, %k, %v scale 0.5 causal true
      : tensor<2x4x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x3xf32> -> tensor<2x4x5x3xf32>,
        tensor<2x4x5xf32>
  return
}

// -----

func.func @attention_grad_c1_rank(%q: tensor<2x4x8xf32>, %k: tensor<2x4x6x8xf32>,
    %v: tensor<2x4x6x3xf32>, %y: tensor<2x4x5x3xf32>, %l: tensor<2x4x5xf32>) {
  // expected-error @+1 {{'train.attention_grad' op C1: expected tensors [B, H, T, D], got 'tensor<2x4x8xf32>'}}
  %0:3 = train.attention_grad %y, %q, %k, %v, %y, %l scale 0.5 causal true
      : tensor<2x4x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x3xf32>, tensor<2x4x5x3xf32>,
        tensor<2x4x5xf32>
  return
}

// -----

func.func @attention_c1_mask(%q: tensor<2x4x5x8xf32>, %k: tensor<2x4x6x8xf32>,
    %v: tensor<2x4x6x3xf32>, %m: tensor<1x1x4x6xf32>) {
  // expected-error @+1 {{'train.attention' op C1: mask 'tensor<1x1x4x6xf32>' does not broadcast to the scores}}
  %0, %1 = train.attention %q, %k, %v mask %m : tensor<1x1x4x6xf32>
      scale 0.5 causal true : tensor<2x4x5x8xf32>, tensor<2x4x6x8xf32>,
        tensor<2x4x6x3xf32> -> tensor<2x4x5x3xf32>, tensor<2x4x5xf32>
  return
}

// -----

func.func @attention_grad_c1_mask(%q: tensor<2x4x5x8xf32>, %k: tensor<2x4x6x8xf32>,
    %v: tensor<2x4x6x3xf32>, %y: tensor<2x4x5x3xf32>, %l: tensor<2x4x5xf32>, %m: tensor<1x1x4x6xf32>) {
  // expected-error @+1 {{'train.attention_grad' op C1: mask 'tensor<1x1x4x6xf32>' does not broadcast to the scores}}
  %0:3 = train.attention_grad %y, %q, %k, %v, %y, %l mask %m : tensor<1x1x4x6xf32>
      scale 0.5 causal true : tensor<2x4x5x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x3xf32>,
        tensor<2x4x5x3xf32>, tensor<2x4x5xf32>
  return
}

// -----

func.func @attention_c2(%q: tensor<2x4x5x8xf32>, %k: tensor<2x4x6x8xf32>,
    %v: tensor<2x4x6x3xf64>) {
  // expected-error @+1 {{'train.attention' op C2: expected element type 'f32', got 'tensor<2x4x6x3xf64>'}}
  %0, %1 = train.attention %q, %k, %v scale 0.5 causal true
      : tensor<2x4x5x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x3xf64> -> tensor<2x4x5x3xf32>,
        tensor<2x4x5xf32>
  return
}

// -----

func.func @attention_grad_c2(%q: tensor<2x4x5x8xf32>, %k: tensor<2x4x6x8xf32>,
    %v: tensor<2x4x6x3xf64>, %y: tensor<2x4x5x3xf32>, %l: tensor<2x4x5xf32>) {
  // expected-error @+1 {{'train.attention_grad' op C2: expected element type 'f32', got 'tensor<2x4x6x3xf64>'}}
  %0:3 = train.attention_grad %y, %q, %k, %v, %y, %l scale 0.5 causal true
      : tensor<2x4x5x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x3xf64>, tensor<2x4x5x3xf32>,
        tensor<2x4x5xf32>
  return
}

// -----

func.func @cross_entropy_c1(%x: tensor<2x10x3xf32>, %t: tensor<2x3xi64>) {
  // expected-error @+1 {{'train.cross_entropy' op C1: dimension 3 is outside the logits' rank 3}}
  %0, %1 = train.cross_entropy %x, %t dim 3 ignore -100 smoothing 0.0
      : tensor<2x10x3xf32>, tensor<2x3xi64> -> tensor<2x3xf32>
  return
}

// -----

func.func @cross_entropy_grad_c1(%x: tensor<2x10x3xf32>, %t: tensor<2x3xi64>,
    %l: tensor<2x3xf32>) {
  // expected-error @+1 {{'train.cross_entropy_grad' op C1: dimension 3 is outside the logits' rank 3}}
  %0 = train.cross_entropy_grad %l, %x, %t, %l dim 3 ignore -100 smoothing 0.0
      : tensor<2x3xf32>, tensor<2x10x3xf32>, tensor<2x3xi64>
  return
}

// -----

func.func @cross_entropy_c2(%x: tensor<2x10x3xf32>, %t: tensor<2x10xi64>) {
  // expected-error @+1 {{'train.cross_entropy' op C2: expected the logits' shape without dimension 1, got 'tensor<2x10xi64>'}}
  %0, %1 = train.cross_entropy %x, %t dim 1 ignore -100 smoothing 0.0
      : tensor<2x10x3xf32>, tensor<2x10xi64> -> tensor<2x10xf32>
  return
}

// -----

func.func @cross_entropy_grad_c2(%x: tensor<2x10x3xf32>, %t: tensor<2x10xi64>,
    %l: tensor<2x10xf32>) {
  // expected-error @+1 {{'train.cross_entropy_grad' op C2: expected the logits' shape without dimension 1, got 'tensor<2x10xi64>'}}
  %0 = train.cross_entropy_grad %l, %x, %t, %l dim 1 ignore -100 smoothing 0.0
      : tensor<2x10xf32>, tensor<2x10x3xf32>, tensor<2x10xi64>
  return
}

// -----

func.func @dropout_c1(%x: tensor<4xf32>, %s: tensor<i64>) {
  // expected-error @+1 {{'train.dropout' op C1: expected a ratio in [0, 1), got 1.000000e+00}}
  %0 = train.dropout %x seed %s step %s offset %s ratio 1.0 stream 3 : tensor<4xf32>
  return
}

// -----

func.func @dropout_c1_negative(%x: tensor<4xf32>, %s: tensor<i64>) {
  // expected-error @+1 {{'train.dropout' op C1: expected a ratio in [0, 1), got -5.000000e-01}}
  %0 = train.dropout %x seed %s step %s offset %s ratio -0.5 stream 3 : tensor<4xf32>
  return
}

// -----

func.func @optimizer_types(%p: tensor<4xf32>, %q: tensor<5xf32>, %f: tensor<f32>) {
  // expected-error @+1 {{'train.sgd' op failed to verify that all of {param, grad, newParam} have same type}}
  %0 = "train.sgd"(%p, %q, %f, %f, %f)
      : (tensor<4xf32>, tensor<5xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<4xf32>
  return
}
