// An update moves up behind its gradient and behind the last reader of what it overwrites; the
// numbers it needs move along, sums over a gradient stand beside the gradient.
// RUN: dsc-opt %s --dsc-hoist-updates --split-input-file | FileCheck %s
// RUN: dsc-opt %s --dsc-hoist-updates=hoist=false --split-input-file | FileCheck %s --check-prefix=OFF

exec.variable "parameter" @w : tensor<8192xf32> = dense<0.0> : tensor<8192xf32>
exec.variable "parameter" @v : tensor<8192xf32> = dense<0.0> : tensor<8192xf32>

exec.kernel @half(%a: tensor<f32>) -> tensor<f32> {
  %e = tensor.empty() : tensor<f32>
  %y = linalg.generic {indexing_maps = [affine_map<() -> ()>, affine_map<() -> ()>], iterator_types = []}
      ins(%a : tensor<f32>) outs(%e : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %c = arith.constant 5.0e-01 : f32
    %m = arith.mulf %in, %c : f32
    linalg.yield %m : f32
  } -> tensor<f32>
  exec.yield %y : tensor<f32>
}
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
exec.kernel @gradient(%a: tensor<8192xf32>, %b: tensor<8192xf32>) -> tensor<8192xf32> {
  %e = tensor.empty() : tensor<8192xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<8192xf32>, tensor<8192xf32>) outs(%e : tensor<8192xf32>) {
  ^bb0(%x: f32, %g: f32, %out: f32):
    %p = arith.mulf %x, %g : f32
    linalg.yield %p : f32
  } -> tensor<8192xf32>
  exec.yield %y : tensor<8192xf32>
}

// CHECK-LABEL: exec.program @train
// CHECK: %[[RATE:.*]] = exec.scalar "lr"
// CHECK: %[[HALF:.*]] = exec.launch @half(%[[RATE]])
// CHECK: %[[W:.*]] = exec.read @w
// CHECK: %[[V:.*]] = exec.read @v
// CHECK: %[[GV:.*]] = exec.launch @gradient(%arg0, %[[W]])
// CHECK: %[[NEWV:.*]] = exec.launch @update(%[[V]], %[[GV]], %[[HALF]])
// CHECK: %[[GW:.*]] = exec.launch @gradient(%arg1, %arg0)
// CHECK: %[[NEWW:.*]] = exec.launch @update(%[[W]], %[[GW]], %[[HALF]])
// CHECK: exec.write @w, %[[NEWW]]
// CHECK: exec.write @v, %[[NEWV]]

// OFF-LABEL: exec.program @train
// OFF: exec.launch @gradient
// OFF: exec.launch @gradient
// OFF: exec.launch @half
// OFF: exec.launch @update
// OFF: exec.launch @update

exec.program @train(%x: tensor<8192xf32>, %dy: tensor<8192xf32>) {
  %w = exec.read @w : tensor<8192xf32>
  %v = exec.read @v : tensor<8192xf32>
  %gv = exec.launch @gradient(%x, %w) : (tensor<8192xf32>, tensor<8192xf32>) -> tensor<8192xf32>
  %gw = exec.launch @gradient(%dy, %x) : (tensor<8192xf32>, tensor<8192xf32>) -> tensor<8192xf32>
  %rate = exec.scalar "lr" : tensor<f32>
  %half = exec.launch @half(%rate) : (tensor<f32>) -> tensor<f32>
  %neww = exec.launch @update(%w, %gw, %half) : (tensor<8192xf32>, tensor<8192xf32>, tensor<f32>) -> tensor<8192xf32>
  exec.write @w, %neww : tensor<8192xf32>
  %newv = exec.launch @update(%v, %gv, %half) : (tensor<8192xf32>, tensor<8192xf32>, tensor<f32>) -> tensor<8192xf32>
  exec.write @v, %newv : tensor<8192xf32>
  exec.return
}

// -----

// The old value has a later reader: the update stays behind it.

exec.variable "parameter" @w : tensor<8xf32> = dense<0.0> : tensor<8xf32>
exec.kernel @negate(%a: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%x: f32, %out: f32):
    %p = arith.negf %x : f32
    linalg.yield %p : f32
  } -> tensor<8xf32>
  exec.yield %y : tensor<8xf32>
}
// CHECK-LABEL: exec.program @reader_behind
// CHECK: %[[G:.*]] = exec.launch @negate(%arg0)
// CHECK: exec.launch @negate(%{{.*}})
// CHECK: %[[Y:.*]] = exec.launch @negate(%{{.*}})
// CHECK: %[[NEW:.*]] = exec.launch @negate(%[[G]])
// CHECK: exec.write @w, %[[NEW]]
exec.program @reader_behind(%x: tensor<8xf32>) -> tensor<8xf32> {
  %w = exec.read @w : tensor<8xf32>
  %g = exec.launch @negate(%x) : (tensor<8xf32>) -> tensor<8xf32>
  %s = exec.launch @negate(%x) : (tensor<8xf32>) -> tensor<8xf32>
  %y = exec.launch @negate(%w) : (tensor<8xf32>) -> tensor<8xf32>
  %new = exec.launch @negate(%g) : (tensor<8xf32>) -> tensor<8xf32>
  exec.write @w, %new : tensor<8xf32>
  exec.return %y : tensor<8xf32>
}

// -----

// A number to which 2^48 paths lead is moved once.

exec.variable "parameter" @w : tensor<8192xf32> = dense<0.0> : tensor<8192xf32>
exec.kernel @twice(%a: tensor<f32>, %b: tensor<f32>) -> tensor<f32> {
  %e = tensor.empty() : tensor<f32>
  %y = linalg.generic {indexing_maps = [affine_map<() -> ()>, affine_map<() -> ()>, affine_map<() -> ()>], iterator_types = []}
      ins(%a, %b : tensor<f32>, tensor<f32>) outs(%e : tensor<f32>) {
  ^bb0(%x: f32, %z: f32, %out: f32):
    %m = arith.addf %x, %z : f32
    linalg.yield %m : f32
  } -> tensor<f32>
  exec.yield %y : tensor<f32>
}
exec.kernel @heavy(%a: tensor<8192xf32>, %b: tensor<8192xf32>) -> tensor<8192xf32> {
  %e = tensor.empty() : tensor<8192xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<8192xf32>, tensor<8192xf32>) outs(%e : tensor<8192xf32>) {
  ^bb0(%x: f32, %g: f32, %out: f32):
    %p = arith.mulf %x, %g : f32
    linalg.yield %p : f32
  } -> tensor<8192xf32>
  exec.yield %y : tensor<8192xf32>
}
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
// CHECK-LABEL: exec.program @many_paths
// CHECK: exec.launch @twice
// CHECK: exec.launch @twice
// CHECK: %[[NEWW:.*]] = exec.launch @update
// CHECK: exec.launch @heavy
// CHECK: exec.write @w, %[[NEWW]]

exec.program @many_paths(%x: tensor<8192xf32>, %dy: tensor<8192xf32>) {
  %w = exec.read @w : tensor<8192xf32>
  %gw = exec.launch @heavy(%dy, %w) : (tensor<8192xf32>, tensor<8192xf32>) -> tensor<8192xf32>
  %other = exec.launch @heavy(%dy, %x) : (tensor<8192xf32>, tensor<8192xf32>) -> tensor<8192xf32>
  %h0 = exec.scalar "lr" : tensor<f32>
  %h1 = exec.launch @twice(%h0, %h0) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h2 = exec.launch @twice(%h1, %h1) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h3 = exec.launch @twice(%h2, %h2) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h4 = exec.launch @twice(%h3, %h3) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h5 = exec.launch @twice(%h4, %h4) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h6 = exec.launch @twice(%h5, %h5) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h7 = exec.launch @twice(%h6, %h6) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h8 = exec.launch @twice(%h7, %h7) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h9 = exec.launch @twice(%h8, %h8) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h10 = exec.launch @twice(%h9, %h9) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h11 = exec.launch @twice(%h10, %h10) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h12 = exec.launch @twice(%h11, %h11) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h13 = exec.launch @twice(%h12, %h12) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h14 = exec.launch @twice(%h13, %h13) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h15 = exec.launch @twice(%h14, %h14) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h16 = exec.launch @twice(%h15, %h15) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h17 = exec.launch @twice(%h16, %h16) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h18 = exec.launch @twice(%h17, %h17) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h19 = exec.launch @twice(%h18, %h18) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h20 = exec.launch @twice(%h19, %h19) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h21 = exec.launch @twice(%h20, %h20) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h22 = exec.launch @twice(%h21, %h21) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h23 = exec.launch @twice(%h22, %h22) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h24 = exec.launch @twice(%h23, %h23) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h25 = exec.launch @twice(%h24, %h24) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h26 = exec.launch @twice(%h25, %h25) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h27 = exec.launch @twice(%h26, %h26) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h28 = exec.launch @twice(%h27, %h27) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h29 = exec.launch @twice(%h28, %h28) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h30 = exec.launch @twice(%h29, %h29) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h31 = exec.launch @twice(%h30, %h30) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h32 = exec.launch @twice(%h31, %h31) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h33 = exec.launch @twice(%h32, %h32) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h34 = exec.launch @twice(%h33, %h33) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h35 = exec.launch @twice(%h34, %h34) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h36 = exec.launch @twice(%h35, %h35) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h37 = exec.launch @twice(%h36, %h36) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h38 = exec.launch @twice(%h37, %h37) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h39 = exec.launch @twice(%h38, %h38) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h40 = exec.launch @twice(%h39, %h39) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h41 = exec.launch @twice(%h40, %h40) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h42 = exec.launch @twice(%h41, %h41) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h43 = exec.launch @twice(%h42, %h42) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h44 = exec.launch @twice(%h43, %h43) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h45 = exec.launch @twice(%h44, %h44) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h46 = exec.launch @twice(%h45, %h45) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h47 = exec.launch @twice(%h46, %h46) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h48 = exec.launch @twice(%h47, %h47) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %neww = exec.launch @update(%w, %gw, %h48) : (tensor<8192xf32>, tensor<8192xf32>, tensor<f32>) -> tensor<8192xf32>
  exec.write @w, %neww : tensor<8192xf32>
  exec.return
}
