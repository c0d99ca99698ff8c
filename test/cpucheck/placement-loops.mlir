// The verifier of placements accepts this loop and finds what is wrong with others.
// RUN: dsc-cpu-check --placement %s | FileCheck %s --check-prefix=GOOD
// GOOD: the placement keeps every value

// The state is not where the iteration before wrote it.
// RUN: sed 's/at \[192, 256\] stride \[64\]/at [192, 256] stride [128]/' %s > %t.mlir
// RUN: not dsc-cpu-check --placement %t.mlir 2>&1 | FileCheck %s --check-prefix=CARRIED
// CARRIED: error: {{.*}}carried value 0 is not where the region expects it

// The output's rows are elsewhere.
// RUN: sed 's/at \[192, 256\] stride/at [192, 192] stride/' %s > %t.mlir
// RUN: not dsc-cpu-check --placement %t.mlir 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: error: {{.*}}row 0 of an output is not where it is yielded

// A temporary lies in a row that was written.
// RUN: sed 's/at \[0\] {flops/at [256] {flops/' %s > %t.mlir
// RUN: not dsc-cpu-check --placement %t.mlir 2>&1 | FileCheck %s --check-prefix=ALIVE
// ALIVE: error: {{.*}}reads a value that was overwritten or never written

module attributes {exec.persistent_bytes = 0 : i64} {
  exec.program @evaluate(%h: tensor<16xf32> {exec.name = "h"}, %x: tensor<3x16xf32> {exec.name = "x"}) -> (tensor<3x16xf32> {exec.name = "y"}) attributes {exec.arena_bytes = 448 : i64} {
    %0 = exec.call "Copy"(%h) ints [4, 1, 16, 1, 1, 0, 0] floats [] shifts [0] at [192] : (tensor<16xf32>) -> tensor<16xf32>
    %last, %rows = exec.loop 3 carry(%0 : tensor<16xf32>) input(%x : tensor<3x16xf32>) carried(tensor<16xf32>) output(tensor<3x16xf32>) at [192, 256] stride [64] {
    ^bb0(%old: tensor<16xf32>, %row: tensor<16xf32>):
      %new = exec.call "Other"(%old, %row) ints [] floats [] shifts [0, 0] at [256] stride [64] : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
      %t = exec.call "Other"(%row, %row) ints [] floats [] shifts [0, 0] at [0] {flops = 1 : i64} : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
      exec.yield %new, %new : tensor<16xf32>, tensor<16xf32>
    }
    exec.return %rows : tensor<3x16xf32>
  }
}
