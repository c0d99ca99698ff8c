// The verifier of placements accepts this one and finds what is wrong with others.
// RUN: dsc-cpu-check --placement %s | FileCheck %s --check-prefix=GOOD
// GOOD: the placement keeps every value

// RUN: sed 's/at \[2048\]/at [1024]/' %s > %t.mlir
// RUN: not dsc-cpu-check --placement %t.mlir 2>&1 | FileCheck %s --check-prefix=OPERAND
// OPERAND: error: {{.*}}result 0 lies in operand 0's buffer

// RUN: sed 's/at \[4096\]/at [1024]/' %s > %t.mlir
// RUN: not dsc-cpu-check --placement %t.mlir 2>&1 | FileCheck %s --check-prefix=ALIVE
// ALIVE: error: {{.*}}reads a value that was overwritten or never written

// RUN: sed 's/at \[4096\]/at [0]/' %s > %t.mlir
// RUN: not dsc-cpu-check --placement %t.mlir 2>&1 | FileCheck %s --check-prefix=VARIABLE
// VARIABLE: error: {{.*}}overwritten

// RUN: sed 's/at \[3072\]/at [4608]/' %s > %t.mlir
// RUN: not dsc-cpu-check --placement %t.mlir 2>&1 | FileCheck %s --check-prefix=OUTSIDE
// OUTSIDE: error: {{.*}}outside the arena

module attributes {exec.persistent_bytes = 1024 : i64} {
  exec.variable "parameter" @w at 0 : tensor<16x16xf32> = #train.weights
  exec.program @evaluate(%x: tensor<16x16xf32> {exec.name = "x"}) -> (tensor<16x16xf32> {exec.name = "y"}) attributes {exec.arena_bytes = 5120 : i64} {
    %w = exec.read @w : tensor<16x16xf32>
    %a = exec.call "Matmul"(%x, %w) ints [] floats [] shifts [0, 0] at [1024] : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
    %b = exec.call "Matmul"(%a, %x) ints [] floats [] shifts [0, 0] at [2048] : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
    %c = exec.call "Matmul"(%b, %x) ints [] floats [] shifts [0, 0] at [4096] : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
    %d = exec.call "Matmul"(%c, %a) ints [] floats [] shifts [0, 0] at [3072] : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
    exec.return %d : tensor<16x16xf32>
  }
}
