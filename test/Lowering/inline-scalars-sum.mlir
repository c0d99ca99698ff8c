// RUN: dsc-opt %s --dsc-fuse-kernels | FileCheck %s

// A sum over dimensions of size 1 begins with its output: it stays a kernel.
// CHECK-LABEL: exec.program @sum_of_one
// CHECK-COUNT-2: exec.launch
exec.program @sum_of_one(%x: tensor<1xf32>) -> tensor<8xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<f32>
  %start = linalg.fill ins(%zero : f32) outs(%e0 : tensor<f32>) -> tensor<f32>
  %sum = linalg.generic {indexing_maps = [affine_map<() -> (0)>, affine_map<() -> ()>], iterator_types = []} ins(%x : tensor<1xf32>) outs(%start : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %in, %out : f32
    linalg.yield %s : f32
  } -> tensor<f32>
  %e1 = tensor.empty() : tensor<8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%sum : tensor<f32>) outs(%e1 : tensor<8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %c = arith.constant 2.0 : f32
    %m = arith.mulf %a, %c : f32
    linalg.yield %m : f32
  } -> tensor<8xf32>
  exec.return %y : tensor<8xf32>
}
