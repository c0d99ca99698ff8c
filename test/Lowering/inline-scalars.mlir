// What one nest alone reads of a number computed on the side is computed within it; what several
// read, or what costs more than a product, stays a kernel of its own.
// RUN: dsc-opt %s --dsc-fuse-kernels | FileCheck %s
// RUN: dsc-opt %s --dsc-fuse-kernels=fuse=false | FileCheck %s --check-prefix=OFF

#none = affine_map<() -> ()>
#number = affine_map<(d0) -> ()>
#row = affine_map<(d0) -> (d0)>

// CHECK-LABEL: exec.program @p
// CHECK: exec.launch @[[ROOT:.*sqrt.*]](
// CHECK: exec.launch @[[SCALE:.*mulf.*]](%arg0, %arg1, %{{.*}})
// CHECK-NOT: exec.launch
// CHECK: exec.kernel @[[SCALE]](%{{.*}}: tensor<64xf32>, %{{.*}}: tensor<f32>, %{{.*}}: tensor<f32>)
// OFF-COUNT-4: exec.launch
exec.program @p(%x: tensor<64xf32>, %rate: tensor<f32>) -> tensor<64xf32> {
  %e0 = tensor.empty() : tensor<f32>
  %half = linalg.generic {indexing_maps = [#none, #none], iterator_types = []} ins(%rate : tensor<f32>) outs(%e0 : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %c = arith.constant 5.0e-01 : f32
    %m = arith.mulf %in, %c : f32
    linalg.yield %m : f32
  } -> tensor<f32>
  %decay = linalg.generic {indexing_maps = [#none, #none], iterator_types = []} ins(%half : tensor<f32>) outs(%e0 : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %c = arith.constant 1.0 : f32
    %m = arith.subf %c, %in : f32
    linalg.yield %m : f32
  } -> tensor<f32>
  %root = linalg.generic {indexing_maps = [#none, #none], iterator_types = []} ins(%rate : tensor<f32>) outs(%e0 : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %m = math.sqrt %in : f32
    linalg.yield %m : f32
  } -> tensor<f32>
  %e1 = tensor.empty() : tensor<64xf32>
  %y = linalg.generic {indexing_maps = [#row, #number, #number, #row], iterator_types = ["parallel"]} ins(%x, %decay, %root : tensor<64xf32>, tensor<f32>, tensor<f32>) outs(%e1 : tensor<64xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %n = arith.mulf %m, %c : f32
    linalg.yield %n : f32
  } -> tensor<64xf32>
  exec.return %y : tensor<64xf32>
}
