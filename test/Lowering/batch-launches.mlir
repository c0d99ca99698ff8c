// Launches that do the same to tensors of different sizes wait for the last of them and become a batch.
// RUN: dsc-opt %s --dsc-batch-launches --split-input-file | FileCheck %s
// RUN: dsc-opt %s --dsc-batch-launches=batch=false --split-input-file | FileCheck %s --check-prefix=OFF
// RUN: dsc-opt %s --dsc-batch-launches=patience=0 --split-input-file | FileCheck %s --check-prefix=HURRY
// OFF-NOT: batch
//
// What runs at the same time shares no memory: a result takes no buffer that another launch reads.
// RUN: dsc-opt %s --dsc-batch-launches --dsc-place-buffers --dsc-verify-exec --split-input-file | FileCheck %s --check-prefix=PLACED

// Both updates, behind the second; their writes follow. The numbers that they share are one operand.

exec.variable "parameter" @w : tensor<8192xf32> = dense<0.0> : tensor<8192xf32>
exec.variable "parameter" @v : tensor<64x300xf32> = dense<0.0> : tensor<64x300xf32>

exec.kernel @update(%a: tensor<8192xf32>, %b: tensor<8192xf32>, %s: tensor<f32>) -> tensor<8192xf32> {
  %e = tensor.empty() : tensor<8192xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> ()>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a, %b, %s : tensor<8192xf32>, tensor<8192xf32>, tensor<f32>) outs(%e : tensor<8192xf32>) {
  ^bb0(%x: f32, %g: f32, %lr: f32, %out: f32):
    %p = arith.mulf %g, %lr : f32
    %d = arith.subf %x, %p : f32
    linalg.yield %d : f32
  } -> tensor<8192xf32>
  exec.yield %y : tensor<8192xf32>
}
exec.kernel @update_matrix(%a: tensor<64x300xf32>, %b: tensor<64x300xf32>, %s: tensor<f32>) -> tensor<64x300xf32> {
  %e = tensor.empty() : tensor<64x300xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b, %s : tensor<64x300xf32>, tensor<64x300xf32>, tensor<f32>) outs(%e : tensor<64x300xf32>) {
  ^bb0(%x: f32, %g: f32, %lr: f32, %out: f32):
    %p = arith.mulf %g, %lr : f32
    %d = arith.subf %x, %p : f32
    linalg.yield %d : f32
  } -> tensor<64x300xf32>
  exec.yield %y : tensor<64x300xf32>
}

// CHECK-LABEL: exec.program @train
// CHECK:      exec.call "Matmul"
// CHECK:      %[[NEWW:.*]] = exec.launch @update({{.*}}) batch 0
// CHECK-NEXT: %[[NEWV:.*]] = exec.launch @update_matrix({{.*}}) batch 0
// CHECK-DAG:  exec.write @w, %[[NEWW]]
// CHECK-DAG:  exec.write @v, %[[NEWV]]
// OFF-LABEL:  exec.program @train
// OFF:        exec.launch @update(
// OFF:        exec.call "Matmul"
// OFF:        exec.launch @update_matrix(

// A gradient of the arena would live longer.
// HURRY-LABEL: exec.program @train
// HURRY-NOT:   batch
// HURRY:       exec.return

// Both work in place.
// PLACED-LABEL: exec.program @train
// PLACED: exec.launch @update({{.*}}) batch 0 at [0]
// PLACED: exec.launch @update_matrix({{.*}}) batch 0 at [32768]

exec.program @train(%x: tensor<64x64xf32> {exec.name = "x"}) {
  %w = exec.read @w : tensor<8192xf32>
  %v = exec.read @v : tensor<64x300xf32>
  %lr = exec.scalar "lr" : tensor<f32>
  %gw = exec.call "Matmul"(%x) ints [] floats [] shifts [0] : (tensor<64x64xf32>) -> tensor<8192xf32>
  %neww = exec.launch @update(%w, %gw, %lr) : (tensor<8192xf32>, tensor<8192xf32>, tensor<f32>) -> tensor<8192xf32>
  exec.write @w, %neww : tensor<8192xf32>
  %gv = exec.call "Matmul"(%x) ints [] floats [] shifts [0] : (tensor<64x64xf32>) -> tensor<64x300xf32>
  %newv = exec.launch @update_matrix(%v, %gv, %lr) : (tensor<64x300xf32>, tensor<64x300xf32>, tensor<f32>) -> tensor<64x300xf32>
  exec.write @v, %newv : tensor<64x300xf32>
  exec.return
}

// -----

// A launch waits no longer than to the first use of its result, here through a view, nor to where
// what it reads is overwritten; one that reads another's result is not of its batch.

exec.variable "state" @s : tensor<8xf32> = dense<0.0> : tensor<8xf32>
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
exec.kernel @double(%a: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.addf %in, %in : f32
    linalg.yield %m : f32
  } -> tensor<8xf32>
  exec.yield %y : tensor<8xf32>
}

// CHECK-LABEL: exec.program @chain
// CHECK-NOT:   batch
// CHECK:       exec.return
exec.program @chain(%x: tensor<8xf32> {exec.name = "x"}) -> (tensor<8xf32> {exec.name = "y"}) {
  %a = exec.launch @negate(%x) : (tensor<8xf32>) -> tensor<8xf32>
  %b = exec.view %a : tensor<8xf32> to tensor<2x4xf32>
  %c = exec.view %b : tensor<2x4xf32> to tensor<8xf32>
  %d = exec.launch @negate(%c) : (tensor<8xf32>) -> tensor<8xf32>
  exec.return %d : tensor<8xf32>
}

// The first reads the old state and cannot wait for the third, behind the state's update.
// CHECK-LABEL: exec.program @state
// CHECK:       exec.launch @negate
// CHECK-NOT:   batch
// CHECK:       exec.return
exec.program @state(%x: tensor<8xf32> {exec.name = "x"}) -> (tensor<8xf32> {exec.name = "y"}, tensor<8xf32> {exec.name = "z"}) {
  %s = exec.read @s : tensor<8xf32>
  %y = exec.launch @negate(%s) : (tensor<8xf32>) -> tensor<8xf32>
  %new = exec.launch @double(%s) : (tensor<8xf32>) -> tensor<8xf32>
  exec.write @s, %new : tensor<8xf32>
  %z = exec.launch @negate(%new) : (tensor<8xf32>) -> tensor<8xf32>
  exec.return %y, %z : tensor<8xf32>, tensor<8xf32>
}

// -----

// Only places in the arena may differ: these read different arrays of the trainer's.

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
// CHECK-LABEL: exec.program @inputs
// CHECK-NOT:   batch
// CHECK:       exec.return
exec.program @inputs(%x: tensor<8xf32> {exec.name = "x"}, %z: tensor<8xf32> {exec.name = "z"}) -> (tensor<8xf32> {exec.name = "a"}, tensor<8xf32> {exec.name = "b"}) {
  %a = exec.launch @negate(%x) : (tensor<8xf32>) -> tensor<8xf32>
  %b = exec.launch @negate(%z) : (tensor<8xf32>) -> tensor<8xf32>
  exec.return %a, %b : tensor<8xf32>, tensor<8xf32>
}

// -----

// Sums of columns, of which an operand is also read by the other launch's kernel: that may not
// overwrite it.

exec.kernel @shift(%a: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%x: f32, %z: f32, %out: f32):
    %m = arith.subf %x, %z : f32
    linalg.yield %m : f32
  } -> tensor<8xf32>
  exec.yield %y : tensor<8xf32>
}
// PLACED-LABEL: exec.program @shared
// PLACED: %[[A:.*]]:2 = exec.call "Split"(%arg0) {{.*}} at [0, 64]
// PLACED: exec.launch @shift(%[[A]]#0, %[[A]]#1) batch 0 at [128]
// PLACED: exec.launch @shift(%[[A]]#1, %[[A]]#0) batch 0 at [192]
exec.program @shared(%x: tensor<16xf32> {exec.name = "x"}) -> (tensor<8xf32> {exec.name = "a"}, tensor<8xf32> {exec.name = "b"}) {
  %p, %q = exec.call "Split"(%x) ints [] floats [] shifts [0] : (tensor<16xf32>) -> (tensor<8xf32>, tensor<8xf32>)
  %a = exec.launch @shift(%p, %q) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %b = exec.launch @shift(%q, %p) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  exec.return %a, %b : tensor<8xf32>, tensor<8xf32>
}
