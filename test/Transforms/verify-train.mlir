// RUN: dsc-opt %s --split-input-file --verify-diagnostics --dsc-verify-train

// expected-error@below {{illegal after autodiff: there is no train.step @train (C1)}}
module {}

// -----

// expected-error@below {{illegal after autodiff: there is no function @evaluate (C1)}}
module {
  train.step @train() {
    train.return
  }
}

// -----

module {
  train.step @train() {
    train.return
  }
  func.func @evaluate() {
    return
  }
  // expected-error@below {{illegal after autodiff: @forward is left (C1)}}
  func.func @forward() {
    return
  }
}

// -----

module {
  // expected-error@below {{illegal after autodiff: argument 0 of @train has no name (C2)}}
  train.step @train(%x: tensor<4xf32>) {
    train.return
  }
  func.func @evaluate() {
    return
  }
}

// -----

module {
  // expected-error@below {{illegal after autodiff: two of @train's arguments are called "x" (C2)}}
  train.step @train(%x: tensor<4xf32> {train.name = "x"}, %y: tensor<4xf32> {train.name = "x"}) {
    train.return
  }
  func.func @evaluate() {
    return
  }
}

// -----

module {
  // expected-error@below {{illegal after autodiff: the results of @train must begin with "loss_sum", "count" (C2)}}
  train.step @train() {
    train.return
  }
  func.func @evaluate() {
    return
  }
}

// -----

module {
  // expected-error@below {{illegal after autodiff: @train has 0 train.microbatch, expected one (C3)}}
  train.step @train(%l: tensor<f32> {train.name = "l"}) -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}) {
    train.return %l, %l : tensor<f32>, tensor<f32>
  }
  func.func @evaluate() {
    return
  }
}

// -----

module {
  // expected-error@below {{illegal after autodiff: @train writes parameter @w 0 times, expected once (C4)}}
  train.variable parameter @w : tensor<f32> = dense<0.0> : tensor<f32>
  train.step @train(%x: tensor<4xf32> {train.name = "x"}, %l: tensor<f32> {train.name = "l"}) -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}) {
    train.microbatch 1 {
    ^bb0(%m: tensor<i64>):
      train.yield
    }
    train.return %l, %l : tensor<f32>, tensor<f32>
  }
  func.func @evaluate(%l: tensor<f32> {train.name = "l"}) -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}) {
    return %l, %l : tensor<f32>, tensor<f32>
  }
}

// -----

module {
  // expected-error@below {{illegal after autodiff: @train writes frozen @w 1 times, expected never (C4)}}
  train.variable frozen @w : tensor<f32> = dense<0.0> : tensor<f32>
  train.step @train(%x: tensor<4xf32> {train.name = "x"}, %l: tensor<f32> {train.name = "l"}) -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}) {
    train.microbatch 1 {
    ^bb0(%m: tensor<i64>):
      train.yield
    }
    train.write @w, %l : tensor<f32>
    train.return %l, %l : tensor<f32>, tensor<f32>
  }
  func.func @evaluate(%l: tensor<f32> {train.name = "l"}) -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}) {
    return %l, %l : tensor<f32>, tensor<f32>
  }
}

// -----

module {
  train.variable state @w : tensor<f32> = dense<0.0> : tensor<f32>
  train.step @train(%x: tensor<4xf32> {train.name = "x"}, %l: tensor<f32> {train.name = "l"}) -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}) {
    train.microbatch 1 {
    ^bb0(%m: tensor<i64>):
      train.yield
    }
    train.return %l, %l : tensor<f32>, tensor<f32>
  }
  func.func @evaluate(%l: tensor<f32> {train.name = "l"}) -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}) {
    // expected-error@below {{illegal after autodiff: only @train writes variables (C4)}}
    train.write @w, %l : tensor<f32>
    return %l, %l : tensor<f32>, tensor<f32>
  }
}

// -----

module {
  train.step @train(%x: tensor<4xf32> {train.name = "x"}, %l: tensor<f32> {train.name = "l"}) -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}) {
    train.microbatch 1 {
    ^bb0(%m: tensor<i64>):
      train.yield
    }
    train.return %l, %l : tensor<f32>, tensor<f32>
  }
  func.func @evaluate(%l: tensor<f32> {train.name = "l"}) -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}) {
    %i = train.constant dense<0> : tensor<i64>
    // expected-error@below {{illegal after autodiff: train.dropout behaves as in training (C5)}}
    %d = train.dropout %l seed %i step %i offset %i ratio 0.5 stream 0 : tensor<f32>
    return %d, %l : tensor<f32>, tensor<f32>
  }
}

// -----

module {
  // expected-error@below {{illegal after autodiff: @train writes parameter @w 1 times, expected never (C4)}}
  train.variable parameter @w : tensor<f32> = dense<0.0> : tensor<f32> {train.no_gradient}
  train.step @train(%x: tensor<4xf32> {train.name = "x"}, %l: tensor<f32> {train.name = "l"}) -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}) {
    train.microbatch 1 {
    ^bb0(%m: tensor<i64>):
      train.yield
    }
    train.write @w, %l : tensor<f32>
    train.return %l, %l : tensor<f32>, tensor<f32>
  }
  func.func @evaluate(%l: tensor<f32> {train.name = "l"}) -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}) {
    return %l, %l : tensor<f32>, tensor<f32>
  }
}
