// One negative test per constraint, named after the op and the constraint's label.
// RUN: dsc-opt %s -split-input-file -verify-diagnostics

func.func @scan_c1(%x: tensor<8x2xf32>) {
  // expected-error @+1 {{'train.scan' op C1: expected inputs and outputs of 4 steps along dimension 0, got 'tensor<8x2xf32>'}}
  train.scan 4 input(%x : tensor<8x2xf32>) {
  ^bb0(%xt: tensor<2xf32>):
    train.body_yield
  }
  return
}

// -----

func.func @scan_c1_count(%x: tensor<2xf32>) {
  // expected-error @+1 {{'train.scan' op C1: expected a positive count, got 0}}
  %0 = train.scan 0 carry(%x : tensor<2xf32>) carried(tensor<2xf32>) {
  ^bb0(%c: tensor<2xf32>):
    train.body_yield %c : tensor<2xf32>
  }
  return
}

// -----

func.func @scan_c2(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'train.scan' op C2: expected block arguments 0 of type 'tensor<2xf32>', got 'tensor<4x2xf32>'}}
  train.scan 4 input(%x : tensor<4x2xf32>) {
  ^bb0(%xt: tensor<4x2xf32>):
    train.body_yield
  }
  return
}

// -----

func.func @scan_c3(%x: tensor<2xf32>, %y: tensor<3xf32>) {
  // expected-error @+1 {{'train.scan' op C3: expected yielded values 0 of type 'tensor<2xf32>', got 'tensor<3xf32>'}}
  %0 = train.scan 2 invariant(%y : tensor<3xf32>) carry(%x : tensor<2xf32>) carried(tensor<2xf32>) {
  ^bb0(%a: tensor<3xf32>, %c: tensor<2xf32>):
    train.body_yield %a : tensor<3xf32>
  }
  return
}

// -----

func.func @if_c1(%c: tensor<i1>, %x: tensor<2xf32>) {
  // expected-error @+1 {{'train.if' op C1: expected 1 block arguments, got 0}}
  %0 = train.if %c uses(%x : tensor<2xf32>) -> (tensor<2xf32>) {
    %1 = train.constant dense<0.0> : tensor<2xf32>
    train.body_yield %1 : tensor<2xf32>
  } else {
  ^bb0(%a: tensor<2xf32>):
    train.body_yield %a : tensor<2xf32>
  }
  return
}

// -----

func.func @if_c2(%c: tensor<i1>, %x: tensor<2xf32>) {
  // expected-error @+1 {{'train.if' op C2: expected 1 yielded values, got 0}}
  %0 = train.if %c uses(%x : tensor<2xf32>) -> (tensor<2xf32>) {
  ^bb0(%a: tensor<2xf32>):
    train.body_yield %a : tensor<2xf32>
  } else {
  ^bb0(%a: tensor<2xf32>):
    train.body_yield
  }
  return
}
