// RUN: dsc-opt %s --dsc-cpu-kernels-to-loops=cpu=generic --split-input-file --verify-diagnostics

// K1: maps are linear.
#id = affine_map<(i) -> (i)>
func.func @nonlinear(%x: tensor<8xf32>, %t: tensor<2xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  // expected-error @+1 {{not a kernel: indexing map is not linear in the loop dims}}
  %y = linalg.generic {indexing_maps = [#id, affine_map<(i) -> (i mod 2)>, #id], iterator_types = ["parallel"]}
      ins(%x, %t : tensor<8xf32>, tensor<2xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  return %y : tensor<8xf32>
}

// -----

// K3: a value of the kernel is read where it was computed.
#id = affine_map<(i) -> (i)>
func.func @shifted(%x: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<8xf32>
  // expected-error @+1 {{operand 0 is computed in the kernel but read at another iteration}}
  %1 = linalg.generic {indexing_maps = [affine_map<(i) -> (7 - i)>, #id], iterator_types = ["parallel"]}
      ins(%0 : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<8xf32>
  return %1 : tensor<8xf32>
}

// -----

// One domain for all generics.
#id = affine_map<(i) -> (i)>
func.func @two_domains(%x: tensor<8xf32>, %y: tensor<9xf32>) -> (tensor<8xf32>, tensor<9xf32>) {
  %e = tensor.empty() : tensor<8xf32>
  %f = tensor.empty() : tensor<9xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<8xf32>
  // expected-error @+1 {{loops do not fit the kernel's domain}}
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%y : tensor<9xf32>) outs(%f : tensor<9xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<9xf32>
  return %0, %1 : tensor<8xf32>, tensor<9xf32>
}

// -----

// Parallel dims stand first.
func.func @order(%x: tensor<4x8xf32>, %i: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @+1 {{expected parallel dims first, then reduction dims}}
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%i : tensor<8xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  return %y : tensor<8xf32>
}

// -----

// A sum needs somewhere to start.
func.func @uninitialized(%x: tensor<4x8xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  // expected-error @+1 {{operand 1 is read but never written}}
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// Other ops have no place in a kernel.
func.func @foreign(%x: tensor<4x8xf32>) -> tensor<32xf32> {
  // expected-error @+1 {{op does not belong in a kernel; expected tensor.empty, linalg.fill, arith.constant or linalg.generic}}
  %y = tensor.collapse_shape %x [[0, 1]] : tensor<4x8xf32> into tensor<32xf32>
  return %y : tensor<32xf32>
}
