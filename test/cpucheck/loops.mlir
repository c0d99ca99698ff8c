// RUN: dsc-cpu-check %s | FileCheck %s --implicit-check-not=FAILED
// RUN: not dsc-cpu-check %s --tolerance-scale 1e-9 | FileCheck %s --check-prefix=TIGHT

// The state is an output after each step, before each step, and at the end; a weight
// that is read transposed; rows of 24 bytes.
// TIGHT: states: FAILED
// CHECK: states: agrees
func.func @states(%w: tensor<3x3xf32>, %h0: tensor<2x3xf32>, %x: tensor<7x2x3xf32>) -> (tensor<2x3xf32>, tensor<7x2x3xf32>, tensor<7x2x3xf32>) {
  %t = train.transpose %w [1, 0] : tensor<3x3xf32> to tensor<3x3xf32>
  %h, %after, %before = train.scan 7 invariant(%t : tensor<3x3xf32>) carry(%h0 : tensor<2x3xf32>) input(%x : tensor<7x2x3xf32>) carried(tensor<2x3xf32>) output(tensor<7x2x3xf32>, tensor<7x2x3xf32>) {
  ^bb0(%r: tensor<3x3xf32>, %old: tensor<2x3xf32>, %xt: tensor<2x3xf32>):
    %p = train.dot %old, %r batch [] x [] contract [1] x [0] : tensor<2x3xf32>, tensor<3x3xf32> -> tensor<2x3xf32>
    %s = train.add %p, %xt : tensor<2x3xf32>
    %new = train.tanh %s : tensor<2x3xf32>
    train.body_yield %new, %new, %old : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
  }
  return %h, %after, %before : tensor<2x3xf32>, tensor<7x2x3xf32>, tensor<7x2x3xf32>
}

// CHECK: backwards: agrees
func.func @backwards(%h0: tensor<4x16xf32>, %x: tensor<6x4x16xf32>) -> (tensor<4x16xf32>, tensor<6x4x16xf32>, tensor<6x4x16xf32>) {
  %h, %after, %before = train.scan 6 reverse carry(%h0 : tensor<4x16xf32>) input(%x : tensor<6x4x16xf32>) carried(tensor<4x16xf32>) output(tensor<6x4x16xf32>, tensor<6x4x16xf32>) {
  ^bb0(%old: tensor<4x16xf32>, %xt: tensor<4x16xf32>):
    %s = train.mul %old, %xt : tensor<4x16xf32>
    %new = train.sin %s : tensor<4x16xf32>
    train.body_yield %new, %new, %old : tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x16xf32>
  }
  return %h, %after, %before : tensor<4x16xf32>, tensor<6x4x16xf32>, tensor<6x4x16xf32>
}

// Carried values change places, one stays what it is, one is an integer; outputs that are
// an invariant and rows of an input.
// CHECK: places: agrees
func.func @places(%a: tensor<5xf32>, %b: tensor<5xf32>, %c: tensor<5xf32>, %x: tensor<9x5xf32>) -> (tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<i64>, tensor<9x5xf32>, tensor<9x5xf32>, tensor<9xi64>) {
  %zero = train.constant dense<0> : tensor<i64>
  %r:7 = train.scan 9 invariant(%c : tensor<5xf32>) carry(%a, %b, %c, %zero : tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<i64>) input(%x : tensor<9x5xf32>) carried(tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<i64>) output(tensor<9x5xf32>, tensor<9x5xf32>, tensor<9xi64>) {
  ^bb0(%k: tensor<5xf32>, %u: tensor<5xf32>, %v: tensor<5xf32>, %kept: tensor<5xf32>, %n: tensor<i64>, %xt: tensor<5xf32>):
    %one = train.constant dense<1> : tensor<i64>
    %next = train.add %n, %one : tensor<i64>
    train.body_yield %v, %u, %kept, %next, %k, %xt, %n : tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<i64>, tensor<5xf32>, tensor<5xf32>, tensor<i64>
  }
  return %r#0, %r#1, %r#2, %r#3, %r#4, %r#5, %r#6 : tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<i64>, tensor<9x5xf32>, tensor<9x5xf32>, tensor<9xi64>
}

// A delay line: what one carried value was is what the next one becomes, and both are outputs.
// CHECK: delayed: agrees
func.func @delayed(%a: tensor<3xf32>, %x: tensor<6x3xf32>) -> (tensor<3xf32>, tensor<6x3xf32>, tensor<6x3xf32>) {
  %r:4 = train.scan 6 carry(%a, %a : tensor<3xf32>, tensor<3xf32>) input(%x : tensor<6x3xf32>) carried(tensor<3xf32>, tensor<3xf32>) output(tensor<6x3xf32>, tensor<6x3xf32>) {
  ^bb0(%u: tensor<3xf32>, %v: tensor<3xf32>, %xt: tensor<3xf32>):
    %s = train.add %v, %xt : tensor<3xf32>
    %n = train.tanh %s : tensor<3xf32>
    train.body_yield %n, %u, %u, %v : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
  }
  return %r#1, %r#2, %r#3 : tensor<3xf32>, tensor<6x3xf32>, tensor<6x3xf32>
}

// Sums that are carried; products from behind what reads the old value.
// CHECK: sums: agrees
func.func @sums(%w: tensor<4x4xf32>, %h0: tensor<4x4xf32>, %x: tensor<6x4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %zero = train.constant dense<0.0> : tensor<4x4xf32>
  %h, %sum = train.scan 6 invariant(%w : tensor<4x4xf32>) carry(%h0, %zero : tensor<4x4xf32>, tensor<4x4xf32>) input(%x : tensor<6x4x4xf32>) carried(tensor<4x4xf32>, tensor<4x4xf32>) {
  ^bb0(%r: tensor<4x4xf32>, %old: tensor<4x4xf32>, %s: tensor<4x4xf32>, %xt: tensor<4x4xf32>):
    %y = train.sin %old : tensor<4x4xf32>
    %new = train.dot %y, %r batch [] x [] contract [1] x [1] : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
    %p = train.dot %y, %xt batch [] x [] contract [0] x [0] : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
    %n = train.add %s, %p : tensor<4x4xf32>
    train.body_yield %new, %n : tensor<4x4xf32>, tensor<4x4xf32>
  }
  return %h, %sum : tensor<4x4xf32>, tensor<4x4xf32>
}

// A loop in a loop, whose output is the outer one's, and whose input is a row of the outer one's.
// CHECK: nested: agrees
func.func @nested(%w: tensor<2x2xf32>, %x: tensor<5x6x2x2xf32>) -> (tensor<2x2xf32>, tensor<5x6x2x2xf32>) {
  %h0 = train.constant dense<0.25> : tensor<2x2xf32>
  %h, %all = train.scan 5 reverse invariant(%w : tensor<2x2xf32>) carry(%h0 : tensor<2x2xf32>) input(%x : tensor<5x6x2x2xf32>) carried(tensor<2x2xf32>) output(tensor<5x6x2x2xf32>) {
  ^bb0(%r: tensor<2x2xf32>, %before: tensor<2x2xf32>, %xt: tensor<6x2x2xf32>):
    %after, %ys = train.scan 6 invariant(%r : tensor<2x2xf32>) carry(%before : tensor<2x2xf32>) input(%xt : tensor<6x2x2xf32>) carried(tensor<2x2xf32>) output(tensor<6x2x2xf32>) {
    ^bb0(%v: tensor<2x2xf32>, %c: tensor<2x2xf32>, %xs: tensor<2x2xf32>):
      %p = train.dot %c, %v batch [] x [] contract [1] x [1] : tensor<2x2xf32>, tensor<2x2xf32> -> tensor<2x2xf32>
      %s = train.add %p, %xs : tensor<2x2xf32>
      %d = train.sin %s : tensor<2x2xf32>
      train.body_yield %d, %d : tensor<2x2xf32>, tensor<2x2xf32>
    }
    train.body_yield %after, %ys : tensor<2x2xf32>, tensor<6x2x2xf32>
  }
  return %h, %all : tensor<2x2xf32>, tensor<5x6x2x2xf32>
}

// Parts that are copied into one tensor, which is filled before: with each step.
// CHECK: parts: agrees
func.func @parts(%a: tensor<2x4xf32>, %x: tensor<5x2x2xf32>, %i: tensor<5x2xi64> {check.bound = 2 : i64}) -> (tensor<2x4xf32>, tensor<5x2x6xf32>) {
  %h, %ys = train.scan 5 carry(%a : tensor<2x4xf32>) input(%x, %i : tensor<5x2x2xf32>, tensor<5x2xi64>) carried(tensor<2x4xf32>) output(tensor<5x2x6xf32>) {
  ^bb0(%old: tensor<2x4xf32>, %xt: tensor<2x2xf32>, %it: tensor<2xi64>):
    %c = train.concat 1 %old, %xt : (tensor<2x4xf32>, tensor<2x2xf32>) -> tensor<2x6xf32>
    %p = train.pad %xt value 0.5 low [0, 1] high [0, 1] interior [0, 0] : tensor<2x2xf32> to tensor<2x4xf32>
    %one = train.constant dense<1.0> : tensor<2x4xf32>
    %s = train.scatter_add %p, %it axis 0 : tensor<2x4xf32>, tensor<2xi64> -> tensor<2x4xf32>
    %t = train.add %s, %one : tensor<2x4xf32>
    %u = train.mul %t, %old : tensor<2x4xf32>
    %n = train.tanh %u : tensor<2x4xf32>
    train.body_yield %n, %c : tensor<2x4xf32>, tensor<2x6xf32>
  }
  return %h, %ys : tensor<2x4xf32>, tensor<5x2x6xf32>
}
