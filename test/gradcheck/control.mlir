// RUN: gradcheck %s --order 2 | FileCheck %s --implicit-check-not=FAILED
// Loops and branches: rules that enter regions.

// A recurrent layer; the outputs and the last state count.
// CHECK: recurrence: {{[0-9]+}} elements, largest relative error
func.func @recurrence(%w: tensor<3x3xf32>, %h0: tensor<2x3xf32>, %x: tensor<4x2x3xf32>) -> (tensor<2x3xf32>, tensor<4x2x3xf32>) {
  %h, %ys = train.scan 4 invariant(%w : tensor<3x3xf32>) carry(%h0 : tensor<2x3xf32>) input(%x : tensor<4x2x3xf32>) carried(tensor<2x3xf32>) output(tensor<4x2x3xf32>) {
  ^bb0(%r: tensor<3x3xf32>, %before: tensor<2x3xf32>, %xt: tensor<2x3xf32>):
    %p = train.dot %before, %r batch [] x [] contract [1] x [1] : tensor<2x3xf32>, tensor<3x3xf32> -> tensor<2x3xf32>
    %s = train.add %p, %xt : tensor<2x3xf32>
    %after = train.tanh %s : tensor<2x3xf32>
    train.body_yield %after, %after : tensor<2x3xf32>, tensor<2x3xf32>
  }
  return %h, %ys : tensor<2x3xf32>, tensor<4x2x3xf32>
}

// Backwards, and only the outputs count; a weight used twice; a counter beside the state.
// CHECK: reverse_outputs: {{[0-9]+}} elements, largest relative error
func.func @reverse_outputs(%w: tensor<3x3xf32>, %x: tensor<4x2x3xf32>) -> tensor<4x2x3xf32> {
  %h0 = train.constant dense<0.5> : tensor<2x3xf32>
  %i0 = train.constant dense<0> : tensor<i64>
  %h, %i, %ys = train.scan 4 reverse invariant(%w : tensor<3x3xf32>) carry(%h0, %i0 : tensor<2x3xf32>, tensor<i64>) input(%x : tensor<4x2x3xf32>) carried(tensor<2x3xf32>, tensor<i64>) output(tensor<4x2x3xf32>) {
  ^bb0(%r: tensor<3x3xf32>, %before: tensor<2x3xf32>, %n: tensor<i64>, %xt: tensor<2x3xf32>):
    %p = train.dot %before, %r batch [] x [] contract [1] x [1] : tensor<2x3xf32>, tensor<3x3xf32> -> tensor<2x3xf32>
    %q = train.dot %xt, %r batch [] x [] contract [1] x [0] : tensor<2x3xf32>, tensor<3x3xf32> -> tensor<2x3xf32>
    %s = train.add %p, %q : tensor<2x3xf32>
    %after = train.tanh %s : tensor<2x3xf32>
    %one = train.constant dense<1> : tensor<i64>
    %next = train.add %n, %one : tensor<i64>
    %number = train.convert %next : tensor<i64> to tensor<f32>
    %all = train.broadcast %number [] : tensor<f32> to tensor<2x3xf32>
    %y = train.mul %after, %all : tensor<2x3xf32>
    train.body_yield %after, %next, %y : tensor<2x3xf32>, tensor<i64>, tensor<2x3xf32>
  }
  return %ys : tensor<4x2x3xf32>
}

// A loop in a loop.
// CHECK: nested: {{[0-9]+}} elements, largest relative error
func.func @nested(%w: tensor<2x2xf32>, %x: tensor<3x2x2x2xf32>) -> tensor<2x2xf32> {
  %h0 = train.constant dense<0.25> : tensor<2x2xf32>
  %h = train.scan 3 invariant(%w : tensor<2x2xf32>) carry(%h0 : tensor<2x2xf32>) input(%x : tensor<3x2x2x2xf32>) carried(tensor<2x2xf32>) {
  ^bb0(%r: tensor<2x2xf32>, %before: tensor<2x2xf32>, %xt: tensor<2x2x2xf32>):
    %after = train.scan 2 invariant(%r : tensor<2x2xf32>) carry(%before : tensor<2x2xf32>) input(%xt : tensor<2x2x2xf32>) carried(tensor<2x2xf32>) {
    ^bb0(%v: tensor<2x2xf32>, %c: tensor<2x2xf32>, %xs: tensor<2x2xf32>):
      %p = train.dot %c, %v batch [] x [] contract [1] x [1] : tensor<2x2xf32>, tensor<2x2xf32> -> tensor<2x2xf32>
      %s = train.add %p, %xs : tensor<2x2xf32>
      %d = train.sin %s : tensor<2x2xf32>
      train.body_yield %d : tensor<2x2xf32>
    }
    train.body_yield %after : tensor<2x2xf32>
  }
  return %h : tensor<2x2xf32>
}

// A convolution, whose derivatives are ops of the same attributes.
// CHECK: convolution: {{[0-9]+}} elements, largest relative error
func.func @convolution(%w: tensor<2x2x3xf32>, %h0: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  %h = train.scan 3 invariant(%w : tensor<2x2x3xf32>) carry(%h0 : tensor<1x2x4xf32>) carried(tensor<1x2x4xf32>) {
  ^bb0(%filter: tensor<2x2x3xf32>, %before: tensor<1x2x4xf32>):
    %c = train.conv %before, %filter strides [1] low [1] high [1] dilations [1] groups 1 : tensor<1x2x4xf32>, tensor<2x2x3xf32> -> tensor<1x2x4xf32>
    %after = train.sin %c : tensor<1x2x4xf32>
    train.body_yield %after : tensor<1x2x4xf32>
  }
  return %h : tensor<1x2x4xf32>
}

// A whole op inside, which second derivatives take apart.
// CHECK: whole_op: {{[0-9]+}} elements, largest relative error
func.func @whole_op(%h0: tensor<2x3xf32>, %x: tensor<2x2x3xf32>) -> tensor<2x3xf32> {
  %h = train.scan 2 carry(%h0 : tensor<2x3xf32>) input(%x : tensor<2x2x3xf32>) carried(tensor<2x3xf32>) {
  ^bb0(%before: tensor<2x3xf32>, %xt: tensor<2x3xf32>):
    %s = train.softmax %before 1 : tensor<2x3xf32>
    %after = train.mul %s, %xt : tensor<2x3xf32>
    train.body_yield %after : tensor<2x3xf32>
  }
  return %h : tensor<2x3xf32>
}

// The branch that is not taken has an infinite derivative at 0.
// CHECK: branches: {{[0-9]+}} elements, largest relative error
func.func @branches(%x: tensor<4xf32>, %w: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %true = train.constant dense<true> : tensor<i1>
  %false = train.constant dense<false> : tensor<i1>
  %zero = train.constant dense<0.0> : tensor<4xf32>
  %z = train.mul %x, %zero : tensor<4xf32>
  %a = train.if %true uses(%x, %w, %z : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>) {
  ^bb0(%b: tensor<4xf32>, %c: tensor<4xf32>, %n: tensor<4xf32>):
    %e = train.sin %b : tensor<4xf32>
    %m = train.mul %e, %c : tensor<4xf32>
    train.body_yield %m : tensor<4xf32>
  } else {
  ^bb0(%b: tensor<4xf32>, %c: tensor<4xf32>, %n: tensor<4xf32>):
    %l = train.sqrt %n : tensor<4xf32>
    train.body_yield %l : tensor<4xf32>
  }
  %d = train.if %false uses(%a, %w : tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>) {
  ^bb0(%b: tensor<4xf32>, %c: tensor<4xf32>):
    train.body_yield %b : tensor<4xf32>
  } else {
  ^bb0(%b: tensor<4xf32>, %c: tensor<4xf32>):
    %e = train.mul %b, %b : tensor<4xf32>
    %f = train.add %e, %c : tensor<4xf32>
    train.body_yield %f : tensor<4xf32>
  }
  return %a, %d : tensor<4xf32>, tensor<4xf32>
}
