// What one number says is not stored element by element.
// RUN: not dsc-opt %s --dsc-verify-exec 2>&1 | FileCheck %s

module attributes {exec.persistent_bytes = 0 : i64} {
// CHECK: error: illegal after exec: a stored constant of 'tensor<4x8xf32>' with equal elements
exec.program @stored() attributes {exec.arena_bytes = 128 : i64} {
  %zeros = exec.constant dense<0.0> : tensor<4x8xf32>
  %y = exec.call "Softmax"(%zeros) ints [] floats [] shifts [0] at [0] : (tensor<4x8xf32>) -> tensor<4x8xf32>
  exec.return
}
}
