// Rows that a warp or a block takes by fours, with what it keeps of them in registers: some lanes
// without an element in the last turn, too many turns to keep, and rows that end among four.
// RUN: dsc-cuda-check %s | FileCheck %s --implicit-check-not=FAILED
// RUN: not dsc-cuda-check %s --tolerance-scale 1e-9 | FileCheck %s --check-prefix=TIGHT

// One turn of a warp.
// TIGHT: norm_128: FAILED
// CHECK: norm_128: agrees
func.func @norm_128(%a: tensor<5x3xf32>, %b: tensor<3x128xf32>, %s: tensor<128xf32>)
    -> (tensor<5x128xf32>, tensor<5x128xf32>) {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x128xf32> -> tensor<5x128xf32>
  %y, %mean, %rstd = train.layer_norm %x, %s, %s axis 1 epsilon 1.0e-5
      : tensor<5x128xf32>, tensor<128xf32> -> tensor<5x128xf32>, tensor<5xf32>
  %dx, %ds, %db = train.layer_norm_grad %y, %x, %s, %mean, %rstd axis 1
      : tensor<5x128xf32>, tensor<128xf32>, tensor<5xf32>
  return %y, %dx : tensor<5x128xf32>, tensor<5x128xf32>
}

// CHECK: softmax_128: agrees
func.func @softmax_128(%a: tensor<5x3xf32>, %b: tensor<3x128xf32>) -> tensor<5x128xf32> {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x128xf32> -> tensor<5x128xf32>
  %y = train.softmax %x 1 : tensor<5x128xf32>
  return %y : tensor<5x128xf32>
}

// Two turns, the second of one lane.
// CHECK: norm_132: agrees
func.func @norm_132(%a: tensor<5x3xf32>, %b: tensor<3x132xf32>, %s: tensor<132xf32>)
    -> (tensor<5x132xf32>, tensor<5x132xf32>) {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x132xf32> -> tensor<5x132xf32>
  %y, %mean, %rstd = train.layer_norm %x, %s, %s axis 1 epsilon 1.0e-5
      : tensor<5x132xf32>, tensor<132xf32> -> tensor<5x132xf32>, tensor<5xf32>
  %dx, %ds, %db = train.layer_norm_grad %y, %x, %s, %mean, %rstd axis 1
      : tensor<5x132xf32>, tensor<132xf32>, tensor<5xf32>
  return %y, %dx : tensor<5x132xf32>, tensor<5x132xf32>
}

// CHECK: softmax_132: agrees
func.func @softmax_132(%a: tensor<5x3xf32>, %b: tensor<3x132xf32>) -> tensor<5x132xf32> {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x132xf32> -> tensor<5x132xf32>
  %y = train.softmax %x 1 : tensor<5x132xf32>
  return %y : tensor<5x132xf32>
}

// Six turns, two operands of the gradient.
// CHECK: norm_768: agrees
func.func @norm_768(%a: tensor<5x3xf32>, %b: tensor<3x768xf32>, %s: tensor<768xf32>)
    -> (tensor<5x768xf32>, tensor<5x768xf32>) {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x768xf32> -> tensor<5x768xf32>
  %y, %mean, %rstd = train.layer_norm %x, %s, %s axis 1 epsilon 1.0e-5
      : tensor<5x768xf32>, tensor<768xf32> -> tensor<5x768xf32>, tensor<5xf32>
  %dx, %ds, %db = train.layer_norm_grad %y, %x, %s, %mean, %rstd axis 1
      : tensor<5x768xf32>, tensor<768xf32>, tensor<5xf32>
  return %y, %dx : tensor<5x768xf32>, tensor<5x768xf32>
}

// CHECK: softmax_768: agrees
func.func @softmax_768(%a: tensor<5x3xf32>, %b: tensor<3x768xf32>) -> tensor<5x768xf32> {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x768xf32> -> tensor<5x768xf32>
  %y = train.softmax %x 1 : tensor<5x768xf32>
  return %y : tensor<5x768xf32>
}

// Eight turns, of which the gradient keeps one operand; not all lanes have all.
// CHECK: norm_1000: agrees
func.func @norm_1000(%a: tensor<5x3xf32>, %b: tensor<3x1000xf32>, %s: tensor<1000xf32>)
    -> (tensor<5x1000xf32>, tensor<5x1000xf32>) {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x1000xf32> -> tensor<5x1000xf32>
  %y, %mean, %rstd = train.layer_norm %x, %s, %s axis 1 epsilon 1.0e-5
      : tensor<5x1000xf32>, tensor<1000xf32> -> tensor<5x1000xf32>, tensor<5xf32>
  %dx, %ds, %db = train.layer_norm_grad %y, %x, %s, %mean, %rstd axis 1
      : tensor<5x1000xf32>, tensor<1000xf32>, tensor<5xf32>
  return %y, %dx : tensor<5x1000xf32>, tensor<5x1000xf32>
}

// CHECK: softmax_1000: agrees
func.func @softmax_1000(%a: tensor<5x3xf32>, %b: tensor<3x1000xf32>) -> tensor<5x1000xf32> {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x1000xf32> -> tensor<5x1000xf32>
  %y = train.softmax %x 1 : tensor<5x1000xf32>
  return %y : tensor<5x1000xf32>
}

// A block per row, element by element: rows end among four.
// CHECK: norm_1026: agrees
func.func @norm_1026(%a: tensor<5x3xf32>, %b: tensor<3x1026xf32>, %s: tensor<1026xf32>)
    -> (tensor<5x1026xf32>, tensor<5x1026xf32>) {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x1026xf32> -> tensor<5x1026xf32>
  %y, %mean, %rstd = train.layer_norm %x, %s, %s axis 1 epsilon 1.0e-5
      : tensor<5x1026xf32>, tensor<1026xf32> -> tensor<5x1026xf32>, tensor<5xf32>
  %dx, %ds, %db = train.layer_norm_grad %y, %x, %s, %mean, %rstd axis 1
      : tensor<5x1026xf32>, tensor<1026xf32>, tensor<5xf32>
  return %y, %dx : tensor<5x1026xf32>, tensor<5x1026xf32>
}

// CHECK: softmax_1026: agrees
func.func @softmax_1026(%a: tensor<5x3xf32>, %b: tensor<3x1026xf32>) -> tensor<5x1026xf32> {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x1026xf32> -> tensor<5x1026xf32>
  %y = train.softmax %x 1 : tensor<5x1026xf32>
  return %y : tensor<5x1026xf32>
}

// A block per row: two turns, the second of one thread.
// CHECK: norm_1028: agrees
func.func @norm_1028(%a: tensor<5x3xf32>, %b: tensor<3x1028xf32>, %s: tensor<1028xf32>)
    -> (tensor<5x1028xf32>, tensor<5x1028xf32>) {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x1028xf32> -> tensor<5x1028xf32>
  %y, %mean, %rstd = train.layer_norm %x, %s, %s axis 1 epsilon 1.0e-5
      : tensor<5x1028xf32>, tensor<1028xf32> -> tensor<5x1028xf32>, tensor<5xf32>
  %dx, %ds, %db = train.layer_norm_grad %y, %x, %s, %mean, %rstd axis 1
      : tensor<5x1028xf32>, tensor<1028xf32>, tensor<5xf32>
  return %y, %dx : tensor<5x1028xf32>, tensor<5x1028xf32>
}

// CHECK: softmax_1028: agrees
func.func @softmax_1028(%a: tensor<5x3xf32>, %b: tensor<3x1028xf32>) -> tensor<5x1028xf32> {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x1028xf32> -> tensor<5x1028xf32>
  %y = train.softmax %x 1 : tensor<5x1028xf32>
  return %y : tensor<5x1028xf32>
}

// More turns than a thread keeps.
// CHECK: norm_9216: agrees
func.func @norm_9216(%a: tensor<5x3xf32>, %b: tensor<3x9216xf32>, %s: tensor<9216xf32>)
    -> (tensor<5x9216xf32>, tensor<5x9216xf32>) {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x9216xf32> -> tensor<5x9216xf32>
  %y, %mean, %rstd = train.layer_norm %x, %s, %s axis 1 epsilon 1.0e-5
      : tensor<5x9216xf32>, tensor<9216xf32> -> tensor<5x9216xf32>, tensor<5xf32>
  %dx, %ds, %db = train.layer_norm_grad %y, %x, %s, %mean, %rstd axis 1
      : tensor<5x9216xf32>, tensor<9216xf32>, tensor<5xf32>
  return %y, %dx : tensor<5x9216xf32>, tensor<5x9216xf32>
}

// CHECK: softmax_9216: agrees
func.func @softmax_9216(%a: tensor<5x3xf32>, %b: tensor<3x9216xf32>) -> tensor<5x9216xf32> {
  %x = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<5x3xf32>, tensor<3x9216xf32> -> tensor<5x9216xf32>
  %y = train.softmax %x 1 : tensor<5x9216xf32>
  return %y : tensor<5x9216xf32>
}
