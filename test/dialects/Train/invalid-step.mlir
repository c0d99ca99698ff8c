// One negative test per constraint, named after the op and the constraint's label.
// RUN: dsc-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{'train.variable' op expected a statically shaped tensor type, got 'tensor<?xf32>'}}
train.variable parameter @dynamic : tensor<?xf32> = #train.weights

// -----

// expected-error @+1 {{'train.variable' op expected an initial value of type 'tensor<2xf32>', got 'tensor<3xf32>'}}
train.variable parameter @init_shape : tensor<2xf32> = dense<0.0> : tensor<3xf32>

// -----

// expected-error @+1 {{'train.variable' op expected #train.weights, #train.normal, #train.uniform or a dense attribute as initial value}}
train.variable parameter @init_kind : tensor<2xf32> = 1.0 : f32

// -----

// expected-error @+1 {{'train.variable' op a slot, and nothing else, names its owner}}
train.variable slot @ownerless : tensor<2xf32> = dense<0.0> : tensor<2xf32>

// -----

func.func @read_c1() {
  // expected-error @+1 {{'train.read' op C1: no variable is called @w}}
  %0 = train.read @w : tensor<2xf32>
  return
}

// -----

train.variable parameter @w : tensor<2xf32> = #train.weights
func.func @read_c1_type() {
  // expected-error @+1 {{'train.read' op C1: variable @w has type 'tensor<2xf32>', got 'tensor<3xf32>'}}
  %0 = train.read @w : tensor<3xf32>
  return
}

// -----

func.func @write_c1(%x: tensor<2xf32>) {
  // expected-error @+1 {{'train.write' op C1: no variable is called @w}}
  train.write @w, %x : tensor<2xf32>
  return
}

// -----

train.variable parameter @w : tensor<2xf32> = #train.weights
func.func @write_c2(%x: tensor<2xf32>) {
  // expected-note @+1 {{the first write is here}}
  train.write @w, %x : tensor<2xf32>
  // expected-error @+1 {{'train.write' op C2: variable @w is written twice}}
  train.write @w, %x : tensor<2xf32>
  return
}

// -----

train.variable parameter @w : tensor<2xf32> = #train.weights
train.step @write_c3(%x: tensor<2xf32>) {
  train.microbatch 1 {
  ^bb0(%m: tensor<i64>):
    // expected-error @+1 {{'train.write' op C3: stands inside a region, not in a program's body}}
    train.write @w, %x : tensor<2xf32>
    train.yield
  }
  train.return
}

// -----

func.func @scalar_c1() {
  // expected-error @+1 {{'train.scalar' op C1: expected a result of rank 0, got 'tensor<1xf32>'}}
  %0 = train.scalar "lr" : tensor<1xf32>
  return
}

// -----

train.step @return_types(%x: tensor<2xf32>) -> tensor<3xf32> {
  // expected-error @+1 {{'train.return' op operand types differ from the step's result types}}
  train.return %x : tensor<2xf32>
}

// -----

train.step @microbatch_c1(%x: tensor<5x2xf32>) {
  // expected-error @+1 {{'train.microbatch' op C1: 2 micro-batches do not divide 'tensor<5x2xf32>'}}
  train.microbatch 2 batch(%x : tensor<5x2xf32>) {
  ^bb0(%m: tensor<i64>, %xm: tensor<2x2xf32>):
    train.yield
  }
  train.return
}

// -----

train.step @microbatch_c2(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'train.microbatch' op C2: block arguments must be the number (tensor<i64>), the micro-batch's rows of each batch, and the carried values}}
  train.microbatch 2 batch(%x : tensor<4x2xf32>) {
  ^bb0(%m: tensor<i64>, %xm: tensor<4x2xf32>):
    train.yield
  }
  train.return
}

// -----

train.step @microbatch_c2_sums(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'train.microbatch' op C2: yielded sums or carried values differ in type from the results}}
  %0 = train.microbatch 2 batch(%x : tensor<4x2xf32>) sums(tensor<2x3xf32>) {
  ^bb0(%m: tensor<i64>, %xm: tensor<2x2xf32>):
    train.yield sums(%xm : tensor<2x2xf32>)
  }
  train.return
}

// -----

train.step @microbatch_c2_stacks(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'train.microbatch' op C2: expected a yielded stack of type 'tensor<2x3xf32>', got 'tensor<2x2xf32>'}}
  %0 = train.microbatch 2 batch(%x : tensor<4x2xf32>) stacks(tensor<4x3xf32>) {
  ^bb0(%m: tensor<i64>, %xm: tensor<2x2xf32>):
    train.yield stacks(%xm : tensor<2x2xf32>)
  }
  train.return
}

// -----

train.step @microbatch_c2_stack_count(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'train.microbatch' op C2: expected one result per yielded stack}}
  train.microbatch 2 batch(%x : tensor<4x2xf32>) {
  ^bb0(%m: tensor<i64>, %xm: tensor<2x2xf32>):
    train.yield stacks(%xm : tensor<2x2xf32>)
  }
  train.return
}

// -----

// expected-error @+1 {{'train.variable' op expected the low end of #train.uniform not to be above its high end}}
train.variable parameter @w : tensor<2xf32> = #train.uniform<low = 0.5 : f64, high = -0.5 : f64, seed = 1>

// -----

// expected-error @+1 {{'train.variable' op expected the standard deviation of #train.normal not to be negative}}
train.variable parameter @w : tensor<2xf32> = #train.normal<mean = 0.0 : f64, stddev = -0.5 : f64, seed = 1>
