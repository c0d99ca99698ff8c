// RUN: dsc-kernel-check %s
// RUN: dsc-kernel-check %s --cpu=generic
// RUN: dsc-kernel-check %s --cpu=x86-64-v3

#full = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#col = affine_map<(i, j) -> (j)>
#r = affine_map<(i) -> (i)>

func.func @softmax_1x1(%x: tensor<1x1xf32>) -> tensor<1x1xf32> attributes {check.share = "0:0"} {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<1xf32>
  %ee = tensor.empty() : tensor<1x1xf32>
  %fm = linalg.fill ins(%ninf : f32) outs(%er : tensor<1xf32>) -> tensor<1xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<1xf32>) -> tensor<1xf32>
  %max = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<1x1xf32>) outs(%fm : tensor<1xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maximumf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<1xf32>
  %exp = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : tensor<1x1xf32>, tensor<1xf32>) outs(%ee : tensor<1x1xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<1x1xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<1x1xf32>) outs(%fs : tensor<1xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<1xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<1x1xf32>, tensor<1xf32>) outs(%ee : tensor<1x1xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

func.func @softmax_3x17(%x: tensor<3x17xf32>) -> tensor<3x17xf32> attributes {check.share = "0:0"} {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<3xf32>
  %ee = tensor.empty() : tensor<3x17xf32>
  %fm = linalg.fill ins(%ninf : f32) outs(%er : tensor<3xf32>) -> tensor<3xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<3xf32>) -> tensor<3xf32>
  %max = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<3x17xf32>) outs(%fm : tensor<3xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maximumf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<3xf32>
  %exp = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : tensor<3x17xf32>, tensor<3xf32>) outs(%ee : tensor<3x17xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<3x17xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<3x17xf32>) outs(%fs : tensor<3xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<3xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<3x17xf32>, tensor<3xf32>) outs(%ee : tensor<3x17xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<3x17xf32>
  return %y : tensor<3x17xf32>
}

func.func @softmax_5x1000(%x: tensor<5x1000xf32>) -> tensor<5x1000xf32> attributes {check.share = "0:0"} {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<5xf32>
  %ee = tensor.empty() : tensor<5x1000xf32>
  %fm = linalg.fill ins(%ninf : f32) outs(%er : tensor<5xf32>) -> tensor<5xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<5xf32>) -> tensor<5xf32>
  %max = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<5x1000xf32>) outs(%fm : tensor<5xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maximumf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<5xf32>
  %exp = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : tensor<5x1000xf32>, tensor<5xf32>) outs(%ee : tensor<5x1000xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<5x1000xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<5x1000xf32>) outs(%fs : tensor<5xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<5xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<5x1000xf32>, tensor<5xf32>) outs(%ee : tensor<5x1000xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<5x1000xf32>
  return %y : tensor<5x1000xf32>
}

func.func @softmax_70x3(%x: tensor<70x3xf32>) -> tensor<70x3xf32> attributes {check.share = "0:0"} {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<70xf32>
  %ee = tensor.empty() : tensor<70x3xf32>
  %fm = linalg.fill ins(%ninf : f32) outs(%er : tensor<70xf32>) -> tensor<70xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<70xf32>) -> tensor<70xf32>
  %max = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<70x3xf32>) outs(%fm : tensor<70xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maximumf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<70xf32>
  %exp = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : tensor<70x3xf32>, tensor<70xf32>) outs(%ee : tensor<70x3xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<70x3xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<70x3xf32>) outs(%fs : tensor<70xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<70xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<70x3xf32>, tensor<70xf32>) outs(%ee : tensor<70x3xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<70x3xf32>
  return %y : tensor<70x3xf32>
}

// Results: y, mean, reciprocal deviation.
func.func @layer_norm_3x17(%x: tensor<3x17xf32>, %g: tensor<17xf32>, %b: tensor<17xf32>)
    -> (tensor<3x17xf32>, tensor<3xf32>, tensor<3xf32>) attributes {check.share = "0:0"} {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 17.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %er = tensor.empty() : tensor<3xf32>
  %ee = tensor.empty() : tensor<3x17xf32>
  %f = linalg.fill ins(%zero : f32) outs(%er : tensor<3xf32>) -> tensor<3xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<3x17xf32>) outs(%f : tensor<3xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<3xf32>
  %mean = linalg.generic {indexing_maps = [#r, #r], iterator_types = ["parallel"]}
      ins(%sum : tensor<3xf32>) outs(%er : tensor<3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.divf %a, %n : f32
    linalg.yield %0 : f32
  } -> tensor<3xf32>
  %square = linalg.generic {indexing_maps = [#full, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x, %mean : tensor<3x17xf32>, tensor<3xf32>) outs(%f : tensor<3xf32>) {
  ^bb0(%a: f32, %m: f32, %acc: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.addf %acc, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<3xf32>
  %rstd = linalg.generic {indexing_maps = [#r, #r], iterator_types = ["parallel"]}
      ins(%square : tensor<3xf32>) outs(%er : tensor<3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.divf %a, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    linalg.yield %2 : f32
  } -> tensor<3xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #row, #col, #col, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %mean, %rstd, %g, %b : tensor<3x17xf32>, tensor<3xf32>, tensor<3xf32>, tensor<17xf32>, tensor<17xf32>) outs(%ee : tensor<3x17xf32>) {
  ^bb0(%a: f32, %m: f32, %r: f32, %gg: f32, %bb: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %r : f32
    %2 = arith.mulf %1, %gg : f32
    %3 = arith.addf %2, %bb : f32
    linalg.yield %3 : f32
  } -> tensor<3x17xf32>
  return %y, %mean, %rstd : tensor<3x17xf32>, tensor<3xf32>, tensor<3xf32>
}

// Results: y, mean, reciprocal deviation.
func.func @layer_norm_5x129(%x: tensor<5x129xf32>, %g: tensor<129xf32>, %b: tensor<129xf32>)
    -> (tensor<5x129xf32>, tensor<5xf32>, tensor<5xf32>) attributes {check.share = "0:0"} {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 129.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %er = tensor.empty() : tensor<5xf32>
  %ee = tensor.empty() : tensor<5x129xf32>
  %f = linalg.fill ins(%zero : f32) outs(%er : tensor<5xf32>) -> tensor<5xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<5x129xf32>) outs(%f : tensor<5xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<5xf32>
  %mean = linalg.generic {indexing_maps = [#r, #r], iterator_types = ["parallel"]}
      ins(%sum : tensor<5xf32>) outs(%er : tensor<5xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.divf %a, %n : f32
    linalg.yield %0 : f32
  } -> tensor<5xf32>
  %square = linalg.generic {indexing_maps = [#full, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x, %mean : tensor<5x129xf32>, tensor<5xf32>) outs(%f : tensor<5xf32>) {
  ^bb0(%a: f32, %m: f32, %acc: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.addf %acc, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<5xf32>
  %rstd = linalg.generic {indexing_maps = [#r, #r], iterator_types = ["parallel"]}
      ins(%square : tensor<5xf32>) outs(%er : tensor<5xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.divf %a, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    linalg.yield %2 : f32
  } -> tensor<5xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #row, #col, #col, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %mean, %rstd, %g, %b : tensor<5x129xf32>, tensor<5xf32>, tensor<5xf32>, tensor<129xf32>, tensor<129xf32>) outs(%ee : tensor<5x129xf32>) {
  ^bb0(%a: f32, %m: f32, %r: f32, %gg: f32, %bb: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %r : f32
    %2 = arith.mulf %1, %gg : f32
    %3 = arith.addf %2, %bb : f32
    linalg.yield %3 : f32
  } -> tensor<5x129xf32>
  return %y, %mean, %rstd : tensor<5x129xf32>, tensor<5xf32>, tensor<5xf32>
}

// dx = r (g dy - mean(g dy) - xhat mean(g dy xhat)); two sums in one loop.
func.func @layer_norm_dx_3x17(%x: tensor<3x17xf32>, %mean: tensor<3xf32>, %rstd: tensor<3xf32>, %g: tensor<17xf32>, %dy: tensor<3x17xf32>)
    -> tensor<3x17xf32> attributes {check.share = "0:0 4:0"} {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 17.0 : f32
  %er = tensor.empty() : tensor<3xf32>
  %ee = tensor.empty() : tensor<3x17xf32>
  %f = linalg.fill ins(%zero : f32) outs(%er : tensor<3xf32>) -> tensor<3xf32>
  %t:2 = linalg.generic {indexing_maps = [#full, #row, #row, #col, #full, #full, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %mean, %rstd, %g, %dy : tensor<3x17xf32>, tensor<3xf32>, tensor<3xf32>, tensor<17xf32>, tensor<3x17xf32>)
      outs(%ee, %ee : tensor<3x17xf32>, tensor<3x17xf32>) {
  ^bb0(%a: f32, %m: f32, %r: f32, %gg: f32, %d: f32, %o: f32, %p: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %r : f32
    %2 = arith.mulf %d, %gg : f32
    linalg.yield %1, %2 : f32, f32
  } -> (tensor<3x17xf32>, tensor<3x17xf32>)
  %s:2 = linalg.generic {indexing_maps = [#full, #full, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%t#0, %t#1 : tensor<3x17xf32>, tensor<3x17xf32>) outs(%f, %f : tensor<3xf32>, tensor<3xf32>) {
  ^bb0(%h: f32, %d: f32, %acc: f32, %acc2: f32):
    %0 = arith.addf %acc, %d : f32
    %1 = arith.mulf %h, %d : f32
    %2 = arith.addf %acc2, %1 : f32
    linalg.yield %0, %2 : f32, f32
  } -> (tensor<3xf32>, tensor<3xf32>)
  %y = linalg.generic {indexing_maps = [#full, #full, #row, #row, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%t#0, %t#1, %s#0, %s#1, %rstd : tensor<3x17xf32>, tensor<3x17xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) outs(%ee : tensor<3x17xf32>) {
  ^bb0(%h: f32, %d: f32, %s0: f32, %s1: f32, %r: f32, %o: f32):
    %0 = arith.divf %s0, %n : f32
    %1 = arith.divf %s1, %n : f32
    %2 = arith.mulf %h, %1 : f32
    %3 = arith.subf %d, %0 : f32
    %4 = arith.subf %3, %2 : f32
    %5 = arith.mulf %4, %r : f32
    linalg.yield %5 : f32
  } -> tensor<3x17xf32>
  return %y : tensor<3x17xf32>
}

// dx = r (g dy - mean(g dy) - xhat mean(g dy xhat)); two sums in one loop.
func.func @layer_norm_dx_4x260(%x: tensor<4x260xf32>, %mean: tensor<4xf32>, %rstd: tensor<4xf32>, %g: tensor<260xf32>, %dy: tensor<4x260xf32>)
    -> tensor<4x260xf32> attributes {check.share = "0:0 4:0"} {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 260.0 : f32
  %er = tensor.empty() : tensor<4xf32>
  %ee = tensor.empty() : tensor<4x260xf32>
  %f = linalg.fill ins(%zero : f32) outs(%er : tensor<4xf32>) -> tensor<4xf32>
  %t:2 = linalg.generic {indexing_maps = [#full, #row, #row, #col, #full, #full, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %mean, %rstd, %g, %dy : tensor<4x260xf32>, tensor<4xf32>, tensor<4xf32>, tensor<260xf32>, tensor<4x260xf32>)
      outs(%ee, %ee : tensor<4x260xf32>, tensor<4x260xf32>) {
  ^bb0(%a: f32, %m: f32, %r: f32, %gg: f32, %d: f32, %o: f32, %p: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %r : f32
    %2 = arith.mulf %d, %gg : f32
    linalg.yield %1, %2 : f32, f32
  } -> (tensor<4x260xf32>, tensor<4x260xf32>)
  %s:2 = linalg.generic {indexing_maps = [#full, #full, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%t#0, %t#1 : tensor<4x260xf32>, tensor<4x260xf32>) outs(%f, %f : tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%h: f32, %d: f32, %acc: f32, %acc2: f32):
    %0 = arith.addf %acc, %d : f32
    %1 = arith.mulf %h, %d : f32
    %2 = arith.addf %acc2, %1 : f32
    linalg.yield %0, %2 : f32, f32
  } -> (tensor<4xf32>, tensor<4xf32>)
  %y = linalg.generic {indexing_maps = [#full, #full, #row, #row, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%t#0, %t#1, %s#0, %s#1, %rstd : tensor<4x260xf32>, tensor<4x260xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) outs(%ee : tensor<4x260xf32>) {
  ^bb0(%h: f32, %d: f32, %s0: f32, %s1: f32, %r: f32, %o: f32):
    %0 = arith.divf %s0, %n : f32
    %1 = arith.divf %s1, %n : f32
    %2 = arith.mulf %h, %1 : f32
    %3 = arith.subf %d, %0 : f32
    %4 = arith.subf %3, %2 : f32
    %5 = arith.mulf %4, %r : f32
    linalg.yield %5 : f32
  } -> tensor<4x260xf32>
  return %y : tensor<4x260xf32>
}

func.func @column_sum_3x17(%x: tensor<3x17xf32>, %acc: tensor<17xf32>) -> tensor<17xf32> attributes {check.share = "1:0"} {
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<3x17xf32>) outs(%acc : tensor<17xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.addf %s, %a : f32
    linalg.yield %0 : f32
  } -> tensor<17xf32>
  return %0 : tensor<17xf32>
}

func.func @column_sum_100x130(%x: tensor<100x130xf32>, %acc: tensor<130xf32>) -> tensor<130xf32> attributes {check.share = "1:0"} {
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<100x130xf32>) outs(%acc : tensor<130xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.addf %s, %a : f32
    linalg.yield %0 : f32
  } -> tensor<130xf32>
  return %0 : tensor<130xf32>
}

func.func @column_sum_9x1(%x: tensor<9x1xf32>, %acc: tensor<1xf32>) -> tensor<1xf32> attributes {check.share = "1:0"} {
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<9x1xf32>) outs(%acc : tensor<1xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.addf %s, %a : f32
    linalg.yield %0 : f32
  } -> tensor<1xf32>
  return %0 : tensor<1xf32>
}

