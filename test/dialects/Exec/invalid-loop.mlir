// RUN: dsc-opt %s --split-input-file --verify-diagnostics

exec.program @count(%x: tensor<0x4xf32> {exec.name = "x"}) {
  // expected-error @below {{C1: expected a positive count, got 0}}
  exec.loop 0 input(%x : tensor<0x4xf32>) {
  ^bb0(%row: tensor<4xf32>):
    exec.yield
  }
  exec.return
}

// -----

exec.program @rows(%x: tensor<3x4xf32> {exec.name = "x"}) {
  // expected-error @below {{C1: expected inputs and outputs of 8 rows, got 'tensor<3x4xf32>'}}
  exec.loop 8 input(%x : tensor<3x4xf32>) {
  ^bb0(%row: tensor<4xf32>):
    exec.yield
  }
  exec.return
}

// -----

exec.program @arguments(%x: tensor<8x4xf32> {exec.name = "x"}) {
  // expected-error @below {{C2: expected block arguments of types 'tensor<4xf32>', got 'tensor<5xf32>'}}
  exec.loop 8 input(%x : tensor<8x4xf32>) {
  ^bb0(%row: tensor<5xf32>):
    exec.yield
  }
  exec.return
}

// -----

exec.program @yielded(%h: tensor<4xf32> {exec.name = "h"}) {
  // expected-error @below {{C3: expected yielded values of types 'tensor<4xf32>', 'tensor<4xf32>', got 'tensor<4xf32>'}}
  %a, %b = exec.loop 8 carry(%h : tensor<4xf32>) carried(tensor<4xf32>) output(tensor<8x4xf32>) {
  ^bb0(%old: tensor<4xf32>):
    exec.yield %old : tensor<4xf32>
  }
  exec.return
}
