// dsc-kernel-check itself: each kind of failure is found.
// RUN: not dsc-kernel-check %s 2>&1 | FileCheck %s

// CHECK: tolerance: result 0, element
func.func @tolerance(%x: tensor<9xf32>) -> tensor<9xf32> attributes {check.tolerance = 1.0e-30} {
  %e = tensor.empty() : tensor<9xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<9xf32>) outs(%e : tensor<9xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<9xf32>
  return %y : tensor<9xf32>
}

// CHECK: share: buffers that may be shared: '0:0'
func.func @share(%x: tensor<9xf32>) -> tensor<9xf32> attributes {check.share = ""} {
  %e = tensor.empty() : tensor<9xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<9xf32>) outs(%e : tensor<9xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<9xf32>
  return %y : tensor<9xf32>
}

// CHECK: extent: extent is 1
func.func @extent(%x: tensor<9xf32>) -> tensor<9xf32> attributes {check.extent = 9} {
  %e = tensor.empty() : tensor<9xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<9xf32>) outs(%e : tensor<9xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<9xf32>
  return %y : tensor<9xf32>
}
