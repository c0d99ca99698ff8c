// Launches of a batch stand behind each other, and none writes what another one uses.
// RUN: not dsc-opt %s --dsc-verify-exec --split-input-file 2>&1 | FileCheck %s

module attributes {exec.persistent_bytes = 0 : i64} {
exec.kernel @negate(%a: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.negf %in : f32
    linalg.yield %m : f32
  } -> tensor<8xf32>
  exec.yield %y : tensor<8xf32>
}
// CHECK: error: illegal after exec: launches of batch 0 do not stand behind each other
exec.program @apart(%x: tensor<8xf32> {exec.name = "x"}) -> (tensor<8xf32> {exec.name = "a"}, tensor<8xf32> {exec.name = "b"}) attributes {exec.arena_bytes = 192 : i64} {
  %a = exec.launch @negate(%x) batch 0 at [0] : (tensor<8xf32>) -> tensor<8xf32>
  %c = exec.launch @negate(%a) at [64] : (tensor<8xf32>) -> tensor<8xf32>
  %b = exec.launch @negate(%x) batch 0 at [128] : (tensor<8xf32>) -> tensor<8xf32>
  exec.return %a, %b : tensor<8xf32>, tensor<8xf32>
}
}

// -----

module attributes {exec.persistent_bytes = 0 : i64} {
exec.kernel @negate(%a: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.negf %in : f32
    linalg.yield %m : f32
  } -> tensor<8xf32>
  exec.yield %y : tensor<8xf32>
}
// The second writes over what the first reads: good one after the other, not at the same time.
// CHECK: error: illegal after exec: batch 3: byte 0 is written by one launch and used by another
exec.program @beside(%x: tensor<8xf32> {exec.name = "x"}) -> (tensor<8xf32> {exec.name = "b"}, tensor<8xf32> {exec.name = "c"}) attributes {exec.arena_bytes = 192 : i64} {
  %a = exec.launch @negate(%x) at [0] : (tensor<8xf32>) -> tensor<8xf32>
  %b = exec.launch @negate(%a) batch 3 at [64] : (tensor<8xf32>) -> tensor<8xf32>
  %c = exec.launch @negate(%x) batch 3 at [0] : (tensor<8xf32>) -> tensor<8xf32>
  exec.return %b, %c : tensor<8xf32>, tensor<8xf32>
}
}
