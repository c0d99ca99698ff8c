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
