// RUN: dsc-kernel-check %s
// RUN: dsc-kernel-check %s --cpu=generic

#id1 = affine_map<(i) -> (i)>
#id2 = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#col = affine_map<(i, j) -> (j)>
#none2 = affine_map<(i, j) -> ()>

func.func @add(%a: tensor<3x4x5xf32>, %b: tensor<3x4x5xf32>) -> tensor<3x4x5xf32>
    attributes {check.share = "0:0 1:0"} {
  %e = tensor.empty() : tensor<3x4x5xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a, %b : tensor<3x4x5xf32>, tensor<3x4x5xf32>) outs(%e : tensor<3x4x5xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<3x4x5xf32>
  return %0 : tensor<3x4x5xf32>
}

func.func @bias_relu(%a: tensor<7x17xf32>, %b: tensor<17xf32>, %c: tensor<7xf32>, %d: tensor<f32>) -> (tensor<7x17xf32>, tensor<7x17xi1>)
    attributes {check.share = "0:0"} {
  %e = tensor.empty() : tensor<7x17xf32>
  %ei = tensor.empty() : tensor<7x17xi1>
  %zero = arith.constant 0.0 : f32
  %0 = linalg.generic {indexing_maps = [#id2, #col, #row, #none2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b, %c, %d : tensor<7x17xf32>, tensor<17xf32>, tensor<7xf32>, tensor<f32>) outs(%e : tensor<7x17xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32, %w: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    %t = arith.mulf %s, %z : f32
    %u = arith.addf %t, %w : f32
    linalg.yield %u : f32
  } -> tensor<7x17xf32>
  %1:2 = linalg.generic {indexing_maps = [#id2, #id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<7x17xf32>) outs(%e, %ei : tensor<7x17xf32>, tensor<7x17xi1>) {
  ^bb0(%x: f32, %o: f32, %p: i1):
    %m = arith.maximumf %x, %zero : f32
    %g = arith.cmpf ogt, %x, %zero : f32
    linalg.yield %m, %g : f32, i1
  } -> (tensor<7x17xf32>, tensor<7x17xi1>)
  return %1#0, %1#1 : tensor<7x17xf32>, tensor<7x17xi1>
}

func.func @gelu(%a: tensor<1000xf32>) -> tensor<1000xf32> {
  %e = tensor.empty() : tensor<1000xf32>
  %0 = linalg.generic {indexing_maps = [#id1, #id1], iterator_types = ["parallel"]}
      ins(%a : tensor<1000xf32>) outs(%e : tensor<1000xf32>) {
  ^bb0(%x: f32, %o: f32):
    %half = arith.constant 0.5 : f32
    %one = arith.constant 1.0 : f32
    %r = arith.constant 0.70710678 : f32
    %0 = arith.mulf %x, %r : f32
    %1 = math.erf %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.mulf %x, %2 : f32
    %4 = arith.mulf %3, %half : f32
    linalg.yield %4 : f32
  } -> tensor<1000xf32>
  return %0 : tensor<1000xf32>
}

func.func @scalar(%a: tensor<f32>, %b: tensor<f32>) -> tensor<f32> attributes {check.extent = 1} {
  %e = tensor.empty() : tensor<f32>
  %0 = linalg.generic {indexing_maps = [affine_map<() -> ()>, affine_map<() -> ()>, affine_map<() -> ()>], iterator_types = []}
      ins(%a, %b : tensor<f32>, tensor<f32>) outs(%e : tensor<f32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %s = arith.divf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<f32>
  return %0 : tensor<f32>
}

func.func @fill() -> tensor<13x3xf32> {
  %one = arith.constant 1.5 : f32
  %e = tensor.empty() : tensor<13x3xf32>
  %0 = linalg.fill ins(%one : f32) outs(%e : tensor<13x3xf32>) -> tensor<13x3xf32>
  return %0 : tensor<13x3xf32>
}

func.func @transpose_add(%a: tensor<5x33xf32>, %b: tensor<33x5xf32>) -> tensor<33x5xf32> attributes {check.share = "1:0"} {
  %e = tensor.empty() : tensor<33x5xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, #id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<5x33xf32>, tensor<33x5xf32>) outs(%e : tensor<33x5xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<33x5xf32>
  return %0 : tensor<33x5xf32>
}

// The output is stored transposed; loops follow its memory.
func.func @store_transposed(%a: tensor<5x33xf32>) -> tensor<33x5xf32> attributes {check.share = ""} {
  %e = tensor.empty() : tensor<33x5xf32>
  %0 = linalg.generic {indexing_maps = [#id2, affine_map<(i, j) -> (j, i)>], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<5x33xf32>) outs(%e : tensor<33x5xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.negf %x : f32
    linalg.yield %s : f32
  } -> tensor<33x5xf32>
  return %0 : tensor<33x5xf32>
}

// Strides, offsets, a reversed dim.
func.func @slices(%a: tensor<40x50xf32>) -> (tensor<10x1x20xf32>) attributes {check.share = ""} {
  %e = tensor.empty() : tensor<10x1x20xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i, u, j) -> (i * 2 + 3, j * 2 + 1)>, affine_map<(i, u, j) -> (39 - i, j + 30)>, affine_map<(i, u, j) -> (i * 3, 19 - j)>, affine_map<(i, u, j) -> (i, u, j)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a, %a, %a : tensor<40x50xf32>, tensor<40x50xf32>, tensor<40x50xf32>) outs(%e : tensor<10x1x20xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32, %o: f32):
    %s = arith.subf %x, %y : f32
    %t = arith.mulf %s, %z : f32
    linalg.yield %t : f32
  } -> tensor<10x1x20xf32>
  return %0 : tensor<10x1x20xf32>
}

// Read at (i, j) only, so x may be overwritten; the neighbour y is read shifted.
func.func @shifted(%x: tensor<64xf32>, %y: tensor<64xf32>) -> tensor<64xf32> attributes {check.share = "0:0"} {
  %e = tensor.empty() : tensor<64xf32>
  %0 = linalg.generic {indexing_maps = [#id1, affine_map<(i) -> (63 - i)>, #id1], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.subf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<64xf32>
  return %0 : tensor<64xf32>
}
