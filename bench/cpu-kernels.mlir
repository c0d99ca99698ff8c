// Kernels to time, at the size of a small transformer and beyond the caches:
//   dsc-kernel-check --bench bench/cpu-kernels.mlir
// prints microseconds and GB/s of operands and results, on one thread.

#full = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#col = affine_map<(i, j) -> (j)>
#r = affine_map<(i) -> (i)>


func.func @gelu_393216(%a0: tensor<393216xf32>) -> tensor<393216xf32> {
  %e = tensor.empty() : tensor<393216xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a0 : tensor<393216xf32>) outs(%e : tensor<393216xf32>) {
  ^bb0(%x0: f32, %o: f32):
    %half = arith.constant 0.5 : f32
    %one = arith.constant 1.0 : f32
    %r = arith.constant 0.70710678 : f32
    %0 = arith.mulf %x0, %r : f32
    %1 = math.erf %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.mulf %x0, %2 : f32
    %4 = arith.mulf %3, %half : f32
    linalg.yield %4 : f32
  } -> tensor<393216xf32>
  return %0 : tensor<393216xf32>
}


func.func @gelu_tanh_393216(%a0: tensor<393216xf32>) -> tensor<393216xf32> {
  %e = tensor.empty() : tensor<393216xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a0 : tensor<393216xf32>) outs(%e : tensor<393216xf32>) {
  ^bb0(%x0: f32, %o: f32):
    %half = arith.constant 0.5 : f32
    %one = arith.constant 1.0 : f32
    %c = arith.constant 0.044715 : f32
    %r = arith.constant 0.7978845608 : f32
    %x2 = arith.mulf %x0, %x0 : f32
    %x3 = arith.mulf %x2, %x0 : f32
    %c3 = arith.mulf %x3, %c : f32
    %i = arith.addf %x0, %c3 : f32
    %0 = arith.mulf %i, %r : f32
    %1 = math.tanh %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.mulf %x0, %2 : f32
    %4 = arith.mulf %3, %half : f32
    linalg.yield %4 : f32
  } -> tensor<393216xf32>
  return %0 : tensor<393216xf32>
}


func.func @add_393216(%a0: tensor<393216xf32>, %a1: tensor<393216xf32>) -> tensor<393216xf32> {
  %e = tensor.empty() : tensor<393216xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a0, %a1 : tensor<393216xf32>, tensor<393216xf32>) outs(%e : tensor<393216xf32>) {
  ^bb0(%x0: f32, %x1: f32, %o: f32):
    %0 = arith.addf %x0, %x1 : f32
    linalg.yield %0 : f32
  } -> tensor<393216xf32>
  return %0 : tensor<393216xf32>
}


func.func @softmax_768x512(%x: tensor<768x512xf32>) -> tensor<768x512xf32> {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<768xf32>
  %ee = tensor.empty() : tensor<768x512xf32>
  %fm = linalg.fill ins(%ninf : f32) outs(%er : tensor<768xf32>) -> tensor<768xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<768xf32>) -> tensor<768xf32>
  %max = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<768x512xf32>) outs(%fm : tensor<768xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maximumf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<768xf32>
  %exp = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : tensor<768x512xf32>, tensor<768xf32>) outs(%ee : tensor<768x512xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<768x512xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<768x512xf32>) outs(%fs : tensor<768xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<768xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<768x512xf32>, tensor<768xf32>) outs(%ee : tensor<768x512xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<768x512xf32>
  return %y : tensor<768x512xf32>
}


// Results: y, mean, reciprocal deviation.
func.func @layer_norm_768x512(%x: tensor<768x512xf32>, %g: tensor<512xf32>, %b: tensor<512xf32>)
    -> (tensor<768x512xf32>, tensor<768xf32>, tensor<768xf32>) {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 512.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %er = tensor.empty() : tensor<768xf32>
  %ee = tensor.empty() : tensor<768x512xf32>
  %f = linalg.fill ins(%zero : f32) outs(%er : tensor<768xf32>) -> tensor<768xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<768x512xf32>) outs(%f : tensor<768xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<768xf32>
  %mean = linalg.generic {indexing_maps = [#r, #r], iterator_types = ["parallel"]}
      ins(%sum : tensor<768xf32>) outs(%er : tensor<768xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.divf %a, %n : f32
    linalg.yield %0 : f32
  } -> tensor<768xf32>
  %square = linalg.generic {indexing_maps = [#full, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x, %mean : tensor<768x512xf32>, tensor<768xf32>) outs(%f : tensor<768xf32>) {
  ^bb0(%a: f32, %m: f32, %acc: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.addf %acc, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<768xf32>
  %rstd = linalg.generic {indexing_maps = [#r, #r], iterator_types = ["parallel"]}
      ins(%square : tensor<768xf32>) outs(%er : tensor<768xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.divf %a, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    linalg.yield %2 : f32
  } -> tensor<768xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #row, #col, #col, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %mean, %rstd, %g, %b : tensor<768x512xf32>, tensor<768xf32>, tensor<768xf32>, tensor<512xf32>, tensor<512xf32>) outs(%ee : tensor<768x512xf32>) {
  ^bb0(%a: f32, %m: f32, %r: f32, %gg: f32, %bb: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %r : f32
    %2 = arith.mulf %1, %gg : f32
    %3 = arith.addf %2, %bb : f32
    linalg.yield %3 : f32
  } -> tensor<768x512xf32>
  return %y, %mean, %rstd : tensor<768x512xf32>, tensor<768xf32>, tensor<768xf32>
}


// dx = r (g dy - mean(g dy) - xhat mean(g dy xhat)); two sums in one loop.
func.func @layer_norm_dx_768x512(%x: tensor<768x512xf32>, %mean: tensor<768xf32>, %rstd: tensor<768xf32>, %g: tensor<512xf32>, %dy: tensor<768x512xf32>)
    -> tensor<768x512xf32> {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 512.0 : f32
  %er = tensor.empty() : tensor<768xf32>
  %ee = tensor.empty() : tensor<768x512xf32>
  %f = linalg.fill ins(%zero : f32) outs(%er : tensor<768xf32>) -> tensor<768xf32>
  %t:2 = linalg.generic {indexing_maps = [#full, #row, #row, #col, #full, #full, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %mean, %rstd, %g, %dy : tensor<768x512xf32>, tensor<768xf32>, tensor<768xf32>, tensor<512xf32>, tensor<768x512xf32>)
      outs(%ee, %ee : tensor<768x512xf32>, tensor<768x512xf32>) {
  ^bb0(%a: f32, %m: f32, %r: f32, %gg: f32, %d: f32, %o: f32, %p: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %r : f32
    %2 = arith.mulf %d, %gg : f32
    linalg.yield %1, %2 : f32, f32
  } -> (tensor<768x512xf32>, tensor<768x512xf32>)
  %s:2 = linalg.generic {indexing_maps = [#full, #full, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%t#0, %t#1 : tensor<768x512xf32>, tensor<768x512xf32>) outs(%f, %f : tensor<768xf32>, tensor<768xf32>) {
  ^bb0(%h: f32, %d: f32, %acc: f32, %acc2: f32):
    %0 = arith.addf %acc, %d : f32
    %1 = arith.mulf %h, %d : f32
    %2 = arith.addf %acc2, %1 : f32
    linalg.yield %0, %2 : f32, f32
  } -> (tensor<768xf32>, tensor<768xf32>)
  %y = linalg.generic {indexing_maps = [#full, #full, #row, #row, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%t#0, %t#1, %s#0, %s#1, %rstd : tensor<768x512xf32>, tensor<768x512xf32>, tensor<768xf32>, tensor<768xf32>, tensor<768xf32>) outs(%ee : tensor<768x512xf32>) {
  ^bb0(%h: f32, %d: f32, %s0: f32, %s1: f32, %r: f32, %o: f32):
    %0 = arith.divf %s0, %n : f32
    %1 = arith.divf %s1, %n : f32
    %2 = arith.mulf %h, %1 : f32
    %3 = arith.subf %d, %0 : f32
    %4 = arith.subf %3, %2 : f32
    %5 = arith.mulf %4, %r : f32
    linalg.yield %5 : f32
  } -> tensor<768x512xf32>
  return %y : tensor<768x512xf32>
}


func.func @column_sum_768x512(%x: tensor<768x512xf32>, %acc: tensor<512xf32>) -> tensor<512xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<768x512xf32>) outs(%acc : tensor<512xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.addf %s, %a : f32
    linalg.yield %0 : f32
  } -> tensor<512xf32>
  return %0 : tensor<512xf32>
}


func.func @gelu_6291456(%a0: tensor<6291456xf32>) -> tensor<6291456xf32> {
  %e = tensor.empty() : tensor<6291456xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a0 : tensor<6291456xf32>) outs(%e : tensor<6291456xf32>) {
  ^bb0(%x0: f32, %o: f32):
    %half = arith.constant 0.5 : f32
    %one = arith.constant 1.0 : f32
    %r = arith.constant 0.70710678 : f32
    %0 = arith.mulf %x0, %r : f32
    %1 = math.erf %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.mulf %x0, %2 : f32
    %4 = arith.mulf %3, %half : f32
    linalg.yield %4 : f32
  } -> tensor<6291456xf32>
  return %0 : tensor<6291456xf32>
}


func.func @gelu_tanh_6291456(%a0: tensor<6291456xf32>) -> tensor<6291456xf32> {
  %e = tensor.empty() : tensor<6291456xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a0 : tensor<6291456xf32>) outs(%e : tensor<6291456xf32>) {
  ^bb0(%x0: f32, %o: f32):
    %half = arith.constant 0.5 : f32
    %one = arith.constant 1.0 : f32
    %c = arith.constant 0.044715 : f32
    %r = arith.constant 0.7978845608 : f32
    %x2 = arith.mulf %x0, %x0 : f32
    %x3 = arith.mulf %x2, %x0 : f32
    %c3 = arith.mulf %x3, %c : f32
    %i = arith.addf %x0, %c3 : f32
    %0 = arith.mulf %i, %r : f32
    %1 = math.tanh %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.mulf %x0, %2 : f32
    %4 = arith.mulf %3, %half : f32
    linalg.yield %4 : f32
  } -> tensor<6291456xf32>
  return %0 : tensor<6291456xf32>
}


func.func @add_6291456(%a0: tensor<6291456xf32>, %a1: tensor<6291456xf32>) -> tensor<6291456xf32> {
  %e = tensor.empty() : tensor<6291456xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a0, %a1 : tensor<6291456xf32>, tensor<6291456xf32>) outs(%e : tensor<6291456xf32>) {
  ^bb0(%x0: f32, %x1: f32, %o: f32):
    %0 = arith.addf %x0, %x1 : f32
    linalg.yield %0 : f32
  } -> tensor<6291456xf32>
  return %0 : tensor<6291456xf32>
}


func.func @softmax_12288x512(%x: tensor<12288x512xf32>) -> tensor<12288x512xf32> {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<12288xf32>
  %ee = tensor.empty() : tensor<12288x512xf32>
  %fm = linalg.fill ins(%ninf : f32) outs(%er : tensor<12288xf32>) -> tensor<12288xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<12288xf32>) -> tensor<12288xf32>
  %max = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<12288x512xf32>) outs(%fm : tensor<12288xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maximumf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<12288xf32>
  %exp = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : tensor<12288x512xf32>, tensor<12288xf32>) outs(%ee : tensor<12288x512xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<12288x512xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<12288x512xf32>) outs(%fs : tensor<12288xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<12288xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<12288x512xf32>, tensor<12288xf32>) outs(%ee : tensor<12288x512xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<12288x512xf32>
  return %y : tensor<12288x512xf32>
}


// Results: y, mean, reciprocal deviation.
func.func @layer_norm_12288x512(%x: tensor<12288x512xf32>, %g: tensor<512xf32>, %b: tensor<512xf32>)
    -> (tensor<12288x512xf32>, tensor<12288xf32>, tensor<12288xf32>) {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 512.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %er = tensor.empty() : tensor<12288xf32>
  %ee = tensor.empty() : tensor<12288x512xf32>
  %f = linalg.fill ins(%zero : f32) outs(%er : tensor<12288xf32>) -> tensor<12288xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<12288x512xf32>) outs(%f : tensor<12288xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<12288xf32>
  %mean = linalg.generic {indexing_maps = [#r, #r], iterator_types = ["parallel"]}
      ins(%sum : tensor<12288xf32>) outs(%er : tensor<12288xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.divf %a, %n : f32
    linalg.yield %0 : f32
  } -> tensor<12288xf32>
  %square = linalg.generic {indexing_maps = [#full, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x, %mean : tensor<12288x512xf32>, tensor<12288xf32>) outs(%f : tensor<12288xf32>) {
  ^bb0(%a: f32, %m: f32, %acc: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.addf %acc, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<12288xf32>
  %rstd = linalg.generic {indexing_maps = [#r, #r], iterator_types = ["parallel"]}
      ins(%square : tensor<12288xf32>) outs(%er : tensor<12288xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.divf %a, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    linalg.yield %2 : f32
  } -> tensor<12288xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #row, #col, #col, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %mean, %rstd, %g, %b : tensor<12288x512xf32>, tensor<12288xf32>, tensor<12288xf32>, tensor<512xf32>, tensor<512xf32>) outs(%ee : tensor<12288x512xf32>) {
  ^bb0(%a: f32, %m: f32, %r: f32, %gg: f32, %bb: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %r : f32
    %2 = arith.mulf %1, %gg : f32
    %3 = arith.addf %2, %bb : f32
    linalg.yield %3 : f32
  } -> tensor<12288x512xf32>
  return %y, %mean, %rstd : tensor<12288x512xf32>, tensor<12288xf32>, tensor<12288xf32>
}


// dx = r (g dy - mean(g dy) - xhat mean(g dy xhat)); two sums in one loop.
func.func @layer_norm_dx_12288x512(%x: tensor<12288x512xf32>, %mean: tensor<12288xf32>, %rstd: tensor<12288xf32>, %g: tensor<512xf32>, %dy: tensor<12288x512xf32>)
    -> tensor<12288x512xf32> {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 512.0 : f32
  %er = tensor.empty() : tensor<12288xf32>
  %ee = tensor.empty() : tensor<12288x512xf32>
  %f = linalg.fill ins(%zero : f32) outs(%er : tensor<12288xf32>) -> tensor<12288xf32>
  %t:2 = linalg.generic {indexing_maps = [#full, #row, #row, #col, #full, #full, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %mean, %rstd, %g, %dy : tensor<12288x512xf32>, tensor<12288xf32>, tensor<12288xf32>, tensor<512xf32>, tensor<12288x512xf32>)
      outs(%ee, %ee : tensor<12288x512xf32>, tensor<12288x512xf32>) {
  ^bb0(%a: f32, %m: f32, %r: f32, %gg: f32, %d: f32, %o: f32, %p: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %r : f32
    %2 = arith.mulf %d, %gg : f32
    linalg.yield %1, %2 : f32, f32
  } -> (tensor<12288x512xf32>, tensor<12288x512xf32>)
  %s:2 = linalg.generic {indexing_maps = [#full, #full, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%t#0, %t#1 : tensor<12288x512xf32>, tensor<12288x512xf32>) outs(%f, %f : tensor<12288xf32>, tensor<12288xf32>) {
  ^bb0(%h: f32, %d: f32, %acc: f32, %acc2: f32):
    %0 = arith.addf %acc, %d : f32
    %1 = arith.mulf %h, %d : f32
    %2 = arith.addf %acc2, %1 : f32
    linalg.yield %0, %2 : f32, f32
  } -> (tensor<12288xf32>, tensor<12288xf32>)
  %y = linalg.generic {indexing_maps = [#full, #full, #row, #row, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%t#0, %t#1, %s#0, %s#1, %rstd : tensor<12288x512xf32>, tensor<12288x512xf32>, tensor<12288xf32>, tensor<12288xf32>, tensor<12288xf32>) outs(%ee : tensor<12288x512xf32>) {
  ^bb0(%h: f32, %d: f32, %s0: f32, %s1: f32, %r: f32, %o: f32):
    %0 = arith.divf %s0, %n : f32
    %1 = arith.divf %s1, %n : f32
    %2 = arith.mulf %h, %1 : f32
    %3 = arith.subf %d, %0 : f32
    %4 = arith.subf %3, %2 : f32
    %5 = arith.mulf %4, %r : f32
    linalg.yield %5 : f32
  } -> tensor<12288x512xf32>
  return %y : tensor<12288x512xf32>
}


func.func @column_sum_12288x512(%x: tensor<12288x512xf32>, %acc: tensor<512xf32>) -> tensor<512xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<12288x512xf32>) outs(%acc : tensor<512xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.addf %s, %a : f32
    linalg.yield %0 : f32
  } -> tensor<512xf32>
  return %0 : tensor<512xf32>
}


func.func @softmax_3072x64(%x: tensor<3072x64xf32>) -> tensor<3072x64xf32> {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<3072xf32>
  %ee = tensor.empty() : tensor<3072x64xf32>
  %fm = linalg.fill ins(%ninf : f32) outs(%er : tensor<3072xf32>) -> tensor<3072xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<3072xf32>) -> tensor<3072xf32>
  %max = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<3072x64xf32>) outs(%fm : tensor<3072xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maximumf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<3072xf32>
  %exp = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : tensor<3072x64xf32>, tensor<3072xf32>) outs(%ee : tensor<3072x64xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<3072x64xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<3072x64xf32>) outs(%fs : tensor<3072xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<3072xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<3072x64xf32>, tensor<3072xf32>) outs(%ee : tensor<3072x64xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<3072x64xf32>
  return %y : tensor<3072x64xf32>
}


func.func @softmax_256x50257(%x: tensor<256x50257xf32>) -> tensor<256x50257xf32> {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<256xf32>
  %ee = tensor.empty() : tensor<256x50257xf32>
  %fm = linalg.fill ins(%ninf : f32) outs(%er : tensor<256xf32>) -> tensor<256xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<256xf32>) -> tensor<256xf32>
  %max = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<256x50257xf32>) outs(%fm : tensor<256xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maximumf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<256xf32>
  %exp = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : tensor<256x50257xf32>, tensor<256xf32>) outs(%ee : tensor<256x50257xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<256x50257xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<256x50257xf32>) outs(%fs : tensor<256xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<256xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<256x50257xf32>, tensor<256xf32>) outs(%ee : tensor<256x50257xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<256x50257xf32>
  return %y : tensor<256x50257xf32>
}


func.func @column_sum_8192x10(%x: tensor<8192x10xf32>, %acc: tensor<10xf32>) -> tensor<10xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<8192x10xf32>) outs(%acc : tensor<10xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.addf %s, %a : f32
    linalg.yield %0 : f32
  } -> tensor<10xf32>
  return %0 : tensor<10xf32>
}

