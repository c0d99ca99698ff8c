// RUN: dsc-kernel-check %s
// RUN: dsc-kernel-check %s --cpu=generic
// RUN: dsc-kernel-check %s --cpu=x86-64-v3

#full = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#col = affine_map<(i, j) -> (j)>
#r = affine_map<(i) -> (i)>
#all = affine_map<(i) -> ()>
#swap = affine_map<(i, j) -> (j, i)>

// Sums over all but the channel: P = C, Q = (N, H, W).
func.func @channel_statistics_3x5x7x7(%x: tensor<3x5x7x7xf32>) -> (tensor<5xf32>, tensor<5xf32>) attributes {check.share = ""} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<5xf32>) -> tensor<5xf32>
  %z:2 = linalg.generic {indexing_maps = [affine_map<(c, n, h, w) -> (n, c, h, w)>, affine_map<(c, n, h, w) -> (c)>, affine_map<(c, n, h, w) -> (c)>],
      iterator_types = ["parallel", "reduction", "reduction", "reduction"]}
      ins(%x : tensor<3x5x7x7xf32>) outs(%f, %f : tensor<5xf32>, tensor<5xf32>) {
  ^bb0(%a: f32, %s: f32, %q: f32):
    %0 = arith.addf %s, %a : f32
    %1 = arith.mulf %a, %a : f32
    %2 = arith.addf %1, %q : f32
    linalg.yield %0, %2 : f32, f32
  } -> (tensor<5xf32>, tensor<5xf32>)
  return %z#0, %z#1 : tensor<5xf32>, tensor<5xf32>
}

// Sums over all but the channel: P = C, Q = (N, H, W).
func.func @channel_statistics_2x3x1x1(%x: tensor<2x3x1x1xf32>) -> (tensor<3xf32>, tensor<3xf32>) attributes {check.share = ""} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3xf32>) -> tensor<3xf32>
  %z:2 = linalg.generic {indexing_maps = [affine_map<(c, n, h, w) -> (n, c, h, w)>, affine_map<(c, n, h, w) -> (c)>, affine_map<(c, n, h, w) -> (c)>],
      iterator_types = ["parallel", "reduction", "reduction", "reduction"]}
      ins(%x : tensor<2x3x1x1xf32>) outs(%f, %f : tensor<3xf32>, tensor<3xf32>) {
  ^bb0(%a: f32, %s: f32, %q: f32):
    %0 = arith.addf %s, %a : f32
    %1 = arith.mulf %a, %a : f32
    %2 = arith.addf %1, %q : f32
    linalg.yield %0, %2 : f32, f32
  } -> (tensor<3xf32>, tensor<3xf32>)
  return %z#0, %z#1 : tensor<3xf32>, tensor<3xf32>
}

// Sums over all but the channel: P = C, Q = (N, H, W).
func.func @channel_statistics_4x2x16x16(%x: tensor<4x2x16x16xf32>) -> (tensor<2xf32>, tensor<2xf32>) attributes {check.share = ""} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %z:2 = linalg.generic {indexing_maps = [affine_map<(c, n, h, w) -> (n, c, h, w)>, affine_map<(c, n, h, w) -> (c)>, affine_map<(c, n, h, w) -> (c)>],
      iterator_types = ["parallel", "reduction", "reduction", "reduction"]}
      ins(%x : tensor<4x2x16x16xf32>) outs(%f, %f : tensor<2xf32>, tensor<2xf32>) {
  ^bb0(%a: f32, %s: f32, %q: f32):
    %0 = arith.addf %s, %a : f32
    %1 = arith.mulf %a, %a : f32
    %2 = arith.addf %1, %q : f32
    linalg.yield %0, %2 : f32, f32
  } -> (tensor<2xf32>, tensor<2xf32>)
  return %z#0, %z#1 : tensor<2xf32>, tensor<2xf32>
}

// Sums over all but the channel: P = C, Q = (N, H, W).
func.func @channel_statistics_2x70x2x3(%x: tensor<2x70x2x3xf32>) -> (tensor<70xf32>, tensor<70xf32>) attributes {check.share = ""} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<70xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<70xf32>) -> tensor<70xf32>
  %z:2 = linalg.generic {indexing_maps = [affine_map<(c, n, h, w) -> (n, c, h, w)>, affine_map<(c, n, h, w) -> (c)>, affine_map<(c, n, h, w) -> (c)>],
      iterator_types = ["parallel", "reduction", "reduction", "reduction"]}
      ins(%x : tensor<2x70x2x3xf32>) outs(%f, %f : tensor<70xf32>, tensor<70xf32>) {
  ^bb0(%a: f32, %s: f32, %q: f32):
    %0 = arith.addf %s, %a : f32
    %1 = arith.mulf %a, %a : f32
    %2 = arith.addf %1, %q : f32
    linalg.yield %0, %2 : f32, f32
  } -> (tensor<70xf32>, tensor<70xf32>)
  return %z#0, %z#1 : tensor<70xf32>, tensor<70xf32>
}


// The same with channels last: lanes run along the channels.
func.func @channels_last(%x: tensor<30x19xf32>) -> tensor<19xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<19xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<19xf32>) -> tensor<19xf32>
  %z = linalg.generic {indexing_maps = [#swap, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<30x19xf32>) outs(%f : tensor<19xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.addf %s, %a : f32
    linalg.yield %0 : f32
  } -> tensor<19xf32>
  return %z : tensor<19xf32>
}

// y = (x - mean[c]) * scale[c] of x[N, C, H, W], then relu.
func.func @channel_scale(%x: tensor<2x5x9x9xf32>, %m: tensor<5xf32>, %s: tensor<5xf32>) -> tensor<2x5x9x9xf32> attributes {check.share = "0:0"} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x5x9x9xf32>
  %z = linalg.generic {indexing_maps = [affine_map<(n, c, h, w) -> (n, c, h, w)>, affine_map<(n, c, h, w) -> (c)>, affine_map<(n, c, h, w) -> (c)>, affine_map<(n, c, h, w) -> (n, c, h, w)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %m, %s : tensor<2x5x9x9xf32>, tensor<5xf32>, tensor<5xf32>) outs(%e : tensor<2x5x9x9xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %0 = arith.subf %a, %b : f32
    %1 = arith.mulf %0, %c : f32
    %2 = arith.maximumf %1, %zero : f32
    linalg.yield %2 : f32
  } -> tensor<2x5x9x9xf32>
  return %z : tensor<2x5x9x9xf32>
}

// P is empty; the result may lie where its initial value did.
func.func @sum_all(%x: tensor<1003xf32>, %init: tensor<f32>) -> (tensor<f32>, tensor<f64>) attributes {check.share = "1:0", check.extent = 1} {
  %zero = arith.constant 0.0 : f64
  %e = tensor.empty() : tensor<f64>
  %f = linalg.fill ins(%zero : f64) outs(%e : tensor<f64>) -> tensor<f64>
  %z = linalg.generic {indexing_maps = [#r, #all], iterator_types = ["reduction"]}
      ins(%x : tensor<1003xf32>) outs(%init : tensor<f32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.addf %s, %a : f32
    linalg.yield %0 : f32
  } -> tensor<f32>
  %w = linalg.generic {indexing_maps = [#r, #all], iterator_types = ["reduction"]}
      ins(%x : tensor<1003xf32>) outs(%f : tensor<f64>) {
  ^bb0(%a: f32, %s: f64):
    %0 = arith.extf %a : f32 to f64
    %1 = arith.mulf %0, %0 : f64
    %2 = arith.addf %s, %1 : f64
    linalg.yield %2 : f64
  } -> tensor<f64>
  return %z, %w : tensor<f32>, tensor<f64>
}

// Maximum and its place together: no neutral element, so in order (K6).
func.func @arg_max(%x: tensor<21x10xf32>) -> (tensor<21xf32>, tensor<21xi64>) attributes {check.share = ""} {
  %ninf = arith.constant 0xFF800000 : f32
  %minus = arith.constant -1 : i64
  %e = tensor.empty() : tensor<21xf32>
  %ei = tensor.empty() : tensor<21xi64>
  %f = linalg.fill ins(%ninf : f32) outs(%e : tensor<21xf32>) -> tensor<21xf32>
  %fi = linalg.fill ins(%minus : i64) outs(%ei : tensor<21xi64>) -> tensor<21xi64>
  %z:2 = linalg.generic {indexing_maps = [#full, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<21x10xf32>) outs(%f, %fi : tensor<21xf32>, tensor<21xi64>) {
  ^bb0(%a: f32, %m: f32, %k: i64):
    %j = linalg.index 1 : index
    %jj = arith.index_cast %j : index to i64
    %c = arith.cmpf ogt, %a, %m : f32
    %0 = arith.select %c, %a, %m : f32
    %1 = arith.select %c, %jj, %k : i64
    linalg.yield %0, %1 : f32, i64
  } -> (tensor<21xf32>, tensor<21xi64>)
  return %z#0, %z#1 : tensor<21xf32>, tensor<21xi64>
}

func.func @arg_max_all(%x: tensor<50xf32>) -> (tensor<f32>, tensor<i32>) attributes {check.extent = 1} {
  %ninf = arith.constant 0xFF800000 : f32
  %minus = arith.constant -1 : i32
  %e = tensor.empty() : tensor<f32>
  %ei = tensor.empty() : tensor<i32>
  %f = linalg.fill ins(%ninf : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %fi = linalg.fill ins(%minus : i32) outs(%ei : tensor<i32>) -> tensor<i32>
  %z:2 = linalg.generic {indexing_maps = [#r, #all, #all], iterator_types = ["reduction"]}
      ins(%x : tensor<50xf32>) outs(%f, %fi : tensor<f32>, tensor<i32>) {
  ^bb0(%a: f32, %m: f32, %k: i32):
    %j = linalg.index 0 : index
    %jj = arith.index_cast %j : index to i32
    %c = arith.cmpf ogt, %a, %m : f32
    %0 = arith.select %c, %a, %m : f32
    %1 = arith.select %c, %jj, %k : i32
    linalg.yield %0, %1 : f32, i32
  } -> (tensor<f32>, tensor<i32>)
  return %z#0, %z#1 : tensor<f32>, tensor<i32>
}

// Loss of each row from logits and labels; labels of -1 are ignored.
func.func @cross_entropy_4x10(%x: tensor<4x10xf32>, %label: tensor<4xi64> {check.range = [-1, 9]}) -> (tensor<4xf32>, tensor<4x10xf32>) attributes {check.share = "0:1"} {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %izero = arith.constant 0 : i64
  %er = tensor.empty() : tensor<4xf32>
  %ee = tensor.empty() : tensor<4x10xf32>
  %fm = linalg.fill ins(%ninf : f32) outs(%er : tensor<4xf32>) -> tensor<4xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<4xf32>) -> tensor<4xf32>
  %max = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x10xf32>) outs(%fm : tensor<4xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maximumf %a, %acc : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %sum:2 = linalg.generic {indexing_maps = [#full, #row, #row, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x, %max, %label : tensor<4x10xf32>, tensor<4xf32>, tensor<4xi64>) outs(%fs, %fs : tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%a: f32, %m: f32, %l: i64, %acc: f32, %pick: f32):
    %d = arith.subf %a, %m : f32
    %e = math.exp %d : f32
    %s = arith.addf %acc, %e : f32
    %j = linalg.index 1 : index
    %jj = arith.index_cast %j : index to i64
    %c = arith.cmpi eq, %jj, %l : i64
    %p = arith.select %c, %d, %zero : f32
    %q = arith.addf %pick, %p : f32
    linalg.yield %s, %q : f32, f32
  } -> (tensor<4xf32>, tensor<4xf32>)
  %loss = linalg.generic {indexing_maps = [#r, #r, #r, #r], iterator_types = ["parallel"]}
      ins(%sum#0, %sum#1, %label : tensor<4xf32>, tensor<4xf32>, tensor<4xi64>) outs(%er : tensor<4xf32>) {
  ^bb0(%s: f32, %p: f32, %l: i64, %o: f32):
    %log = math.log %s : f32
    %0 = arith.subf %log, %p : f32
    %c = arith.cmpi sge, %l, %izero : i64
    %1 = arith.select %c, %0, %zero : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %dx = linalg.generic {indexing_maps = [#full, #row, #row, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max, %sum#0, %label : tensor<4x10xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi64>) outs(%ee : tensor<4x10xf32>) {
  ^bb0(%a: f32, %m: f32, %s: f32, %l: i64, %o: f32):
    %d = arith.subf %a, %m : f32
    %e = math.exp %d : f32
    %p = arith.divf %e, %s : f32
    %j = linalg.index 1 : index
    %jj = arith.index_cast %j : index to i64
    %c = arith.cmpi eq, %jj, %l : i64
    %h = arith.select %c, %one, %zero : f32
    %g = arith.subf %p, %h : f32
    %v = arith.cmpi sge, %l, %izero : i64
    %r = arith.select %v, %g, %zero : f32
    linalg.yield %r : f32
  } -> tensor<4x10xf32>
  return %loss, %dx : tensor<4xf32>, tensor<4x10xf32>
}

// Loss of each row from logits and labels; labels of -1 are ignored.
func.func @cross_entropy_3x261(%x: tensor<3x261xf32>, %label: tensor<3xi64> {check.range = [-1, 260]}) -> (tensor<3xf32>, tensor<3x261xf32>) attributes {check.share = "0:1"} {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %izero = arith.constant 0 : i64
  %er = tensor.empty() : tensor<3xf32>
  %ee = tensor.empty() : tensor<3x261xf32>
  %fm = linalg.fill ins(%ninf : f32) outs(%er : tensor<3xf32>) -> tensor<3xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<3xf32>) -> tensor<3xf32>
  %max = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<3x261xf32>) outs(%fm : tensor<3xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maximumf %a, %acc : f32
    linalg.yield %0 : f32
  } -> tensor<3xf32>
  %sum:2 = linalg.generic {indexing_maps = [#full, #row, #row, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x, %max, %label : tensor<3x261xf32>, tensor<3xf32>, tensor<3xi64>) outs(%fs, %fs : tensor<3xf32>, tensor<3xf32>) {
  ^bb0(%a: f32, %m: f32, %l: i64, %acc: f32, %pick: f32):
    %d = arith.subf %a, %m : f32
    %e = math.exp %d : f32
    %s = arith.addf %acc, %e : f32
    %j = linalg.index 1 : index
    %jj = arith.index_cast %j : index to i64
    %c = arith.cmpi eq, %jj, %l : i64
    %p = arith.select %c, %d, %zero : f32
    %q = arith.addf %pick, %p : f32
    linalg.yield %s, %q : f32, f32
  } -> (tensor<3xf32>, tensor<3xf32>)
  %loss = linalg.generic {indexing_maps = [#r, #r, #r, #r], iterator_types = ["parallel"]}
      ins(%sum#0, %sum#1, %label : tensor<3xf32>, tensor<3xf32>, tensor<3xi64>) outs(%er : tensor<3xf32>) {
  ^bb0(%s: f32, %p: f32, %l: i64, %o: f32):
    %log = math.log %s : f32
    %0 = arith.subf %log, %p : f32
    %c = arith.cmpi sge, %l, %izero : i64
    %1 = arith.select %c, %0, %zero : f32
    linalg.yield %1 : f32
  } -> tensor<3xf32>
  %dx = linalg.generic {indexing_maps = [#full, #row, #row, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max, %sum#0, %label : tensor<3x261xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xi64>) outs(%ee : tensor<3x261xf32>) {
  ^bb0(%a: f32, %m: f32, %s: f32, %l: i64, %o: f32):
    %d = arith.subf %a, %m : f32
    %e = math.exp %d : f32
    %p = arith.divf %e, %s : f32
    %j = linalg.index 1 : index
    %jj = arith.index_cast %j : index to i64
    %c = arith.cmpi eq, %jj, %l : i64
    %h = arith.select %c, %one, %zero : f32
    %g = arith.subf %p, %h : f32
    %v = arith.cmpi sge, %l, %izero : i64
    %r = arith.select %v, %g, %zero : f32
    linalg.yield %r : f32
  } -> tensor<3x261xf32>
  return %loss, %dx : tensor<3xf32>, tensor<3x261xf32>
}

// Loss of each row from logits and labels; labels of -1 are ignored.
func.func @cross_entropy_2x20000(%x: tensor<2x20000xf32>, %label: tensor<2xi64> {check.range = [-1, 19999]}) -> (tensor<2xf32>, tensor<2x20000xf32>) attributes {check.share = "0:1"} {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %izero = arith.constant 0 : i64
  %er = tensor.empty() : tensor<2xf32>
  %ee = tensor.empty() : tensor<2x20000xf32>
  %fm = linalg.fill ins(%ninf : f32) outs(%er : tensor<2xf32>) -> tensor<2xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<2x20000xf32>) outs(%fm : tensor<2xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maximumf %a, %acc : f32
    linalg.yield %0 : f32
  } -> tensor<2xf32>
  %sum:2 = linalg.generic {indexing_maps = [#full, #row, #row, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x, %max, %label : tensor<2x20000xf32>, tensor<2xf32>, tensor<2xi64>) outs(%fs, %fs : tensor<2xf32>, tensor<2xf32>) {
  ^bb0(%a: f32, %m: f32, %l: i64, %acc: f32, %pick: f32):
    %d = arith.subf %a, %m : f32
    %e = math.exp %d : f32
    %s = arith.addf %acc, %e : f32
    %j = linalg.index 1 : index
    %jj = arith.index_cast %j : index to i64
    %c = arith.cmpi eq, %jj, %l : i64
    %p = arith.select %c, %d, %zero : f32
    %q = arith.addf %pick, %p : f32
    linalg.yield %s, %q : f32, f32
  } -> (tensor<2xf32>, tensor<2xf32>)
  %loss = linalg.generic {indexing_maps = [#r, #r, #r, #r], iterator_types = ["parallel"]}
      ins(%sum#0, %sum#1, %label : tensor<2xf32>, tensor<2xf32>, tensor<2xi64>) outs(%er : tensor<2xf32>) {
  ^bb0(%s: f32, %p: f32, %l: i64, %o: f32):
    %log = math.log %s : f32
    %0 = arith.subf %log, %p : f32
    %c = arith.cmpi sge, %l, %izero : i64
    %1 = arith.select %c, %0, %zero : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %dx = linalg.generic {indexing_maps = [#full, #row, #row, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max, %sum#0, %label : tensor<2x20000xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xi64>) outs(%ee : tensor<2x20000xf32>) {
  ^bb0(%a: f32, %m: f32, %s: f32, %l: i64, %o: f32):
    %d = arith.subf %a, %m : f32
    %e = math.exp %d : f32
    %p = arith.divf %e, %s : f32
    %j = linalg.index 1 : index
    %jj = arith.index_cast %j : index to i64
    %c = arith.cmpi eq, %jj, %l : i64
    %h = arith.select %c, %one, %zero : f32
    %g = arith.subf %p, %h : f32
    %v = arith.cmpi sge, %l, %izero : i64
    %r = arith.select %v, %g, %zero : f32
    linalg.yield %r : f32
  } -> tensor<2x20000xf32>
  return %loss, %dx : tensor<2xf32>, tensor<2x20000xf32>
}


// Softmax along rows of columns: lanes run along the columns, exp is kept in
// scratch memory of a block.
func.func @softmax_axis0(%x: tensor<6x37xf32>) -> tensor<6x37xf32> attributes {check.share = "0:0"} {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<37xf32>
  %ee = tensor.empty() : tensor<6x37xf32>
  %fm = linalg.fill ins(%ninf : f32) outs(%er : tensor<37xf32>) -> tensor<37xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<37xf32>) -> tensor<37xf32>
  %max = linalg.generic {indexing_maps = [#swap, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<6x37xf32>) outs(%fm : tensor<37xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maxnumf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<37xf32>
  %exp = linalg.generic {indexing_maps = [#swap, #row, #swap], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : tensor<6x37xf32>, tensor<37xf32>) outs(%ee : tensor<6x37xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<6x37xf32>
  %sum = linalg.generic {indexing_maps = [#swap, #row], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<6x37xf32>) outs(%fs : tensor<37xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<37xf32>
  %y = linalg.generic {indexing_maps = [#swap, #row, #swap], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<6x37xf32>, tensor<37xf32>) outs(%ee : tensor<6x37xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<6x37xf32>
  return %y : tensor<6x37xf32>
}

// Attention weights: scores[b, i, j] with j <= i, a fully masked row excluded.
func.func @causal_softmax(%x: tensor<3x19x19xf32>) -> tensor<3x19x19xf32> attributes {check.share = "0:0"} {
  %ninf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<3x19xf32>
  %ee = tensor.empty() : tensor<3x19x19xf32>
  %fm = linalg.fill ins(%ninf : f32) outs(%er : tensor<3x19xf32>) -> tensor<3x19xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<3x19xf32>) -> tensor<3x19xf32>
  %masked = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (b, i, j)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<3x19x19xf32>) outs(%ee : tensor<3x19x19xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %c = arith.cmpi sle, %j, %i : index
    %0 = arith.select %c, %a, %ninf : f32
    linalg.yield %0 : f32
  } -> tensor<3x19x19xf32>
  %max = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (b, i)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%masked : tensor<3x19x19xf32>) outs(%fm : tensor<3x19xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maximumf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<3x19xf32>
  %exp = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (b, i)>, affine_map<(b, i, j) -> (b, i, j)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%masked, %max : tensor<3x19x19xf32>, tensor<3x19xf32>) outs(%ee : tensor<3x19x19xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<3x19x19xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (b, i)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%exp : tensor<3x19x19xf32>) outs(%fs : tensor<3x19xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<3x19xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (b, i)>, affine_map<(b, i, j) -> (b, i, j)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%exp, %sum : tensor<3x19x19xf32>, tensor<3x19xf32>) outs(%ee : tensor<3x19x19xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<3x19x19xf32>
  return %y : tensor<3x19x19xf32>
}

// h = a + b is a result, stored by the first loop and read back by the later
// ones: a and b may be overwritten by h, and by y.
func.func @residual_center(%a: tensor<9x70xf32>, %b: tensor<9x70xf32>) -> (tensor<9x70xf32>, tensor<9x70xf32>) attributes {check.share = "0:0 0:1 1:0 1:1"} {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 70.0 : f32
  %er = tensor.empty() : tensor<9xf32>
  %ee = tensor.empty() : tensor<9x70xf32>
  %f = linalg.fill ins(%zero : f32) outs(%er : tensor<9xf32>) -> tensor<9xf32>
  %h = linalg.generic {indexing_maps = [#full, #full, #full], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<9x70xf32>, tensor<9x70xf32>) outs(%ee : tensor<9x70xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %0 = arith.addf %x, %y : f32
    linalg.yield %0 : f32
  } -> tensor<9x70xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%h : tensor<9x70xf32>) outs(%f : tensor<9xf32>) {
  ^bb0(%x: f32, %acc: f32):
    %0 = arith.addf %acc, %x : f32
    linalg.yield %0 : f32
  } -> tensor<9xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%h, %sum : tensor<9x70xf32>, tensor<9xf32>) outs(%ee : tensor<9x70xf32>) {
  ^bb0(%x: f32, %s: f32, %o: f32):
    %0 = arith.divf %s, %n : f32
    %1 = arith.subf %x, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<9x70xf32>
  return %h, %y : tensor<9x70xf32>, tensor<9x70xf32>
}

// The double of x is stored by the first loop, but x is needed by the second.
func.func @stored_too_early(%x: tensor<9x70xf32>) -> (tensor<9x70xf32>, tensor<9x70xf32>) attributes {check.share = "0:1"} {
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<9xf32>
  %ee = tensor.empty() : tensor<9x70xf32>
  %f = linalg.fill ins(%zero : f32) outs(%er : tensor<9xf32>) -> tensor<9xf32>
  %d = linalg.generic {indexing_maps = [#full, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<9x70xf32>) outs(%ee : tensor<9x70xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %a, %a : f32
    linalg.yield %0 : f32
  } -> tensor<9x70xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%d : tensor<9x70xf32>) outs(%f : tensor<9xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<9xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : tensor<9x70xf32>, tensor<9xf32>) outs(%ee : tensor<9x70xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %0 = arith.mulf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<9x70xf32>
  return %d, %y : tensor<9x70xf32>, tensor<9x70xf32>
}

// Row work only at first, then broadcast: Q without a reduction.
func.func @row_then_broadcast(%s: tensor<13xf32>, %x: tensor<13x40xf32>) -> (tensor<13xf32>, tensor<13x40xf32>) attributes {check.share = "0:0 1:1"} {
  %er = tensor.empty() : tensor<13xf32>
  %ee = tensor.empty() : tensor<13x40xf32>
  %e = linalg.generic {indexing_maps = [#r, #r], iterator_types = ["parallel"]}
      ins(%s : tensor<13xf32>) outs(%er : tensor<13xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<13xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %e, %s : tensor<13x40xf32>, tensor<13xf32>, tensor<13xf32>) outs(%ee : tensor<13x40xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %0, %c : f32
    linalg.yield %1 : f32
  } -> tensor<13x40xf32>
  return %e, %y : tensor<13xf32>, tensor<13x40xf32>
}

// Rows of a table; indices are data.
func.func @gather(%table: tensor<11x37xf32>, %ids: tensor<6xi64> {check.range = [0, 10]}, %pos: tensor<6x37xf32>) -> tensor<6x37xf32> attributes {check.share = "2:0"} {
  %ee = tensor.empty() : tensor<6x37xf32>
  %y = linalg.generic {indexing_maps = [#row, #full, #full], iterator_types = ["parallel", "parallel"]}
      ins(%ids, %pos : tensor<6xi64>, tensor<6x37xf32>) outs(%ee : tensor<6x37xf32>) {
  ^bb0(%id: i64, %p: f32, %o: f32):
    %i = arith.index_cast %id : i64 to index
    %j = linalg.index 1 : index
    %t = tensor.extract %table[%i, %j] : tensor<11x37xf32>
    %0 = arith.addf %t, %p : f32
    linalg.yield %0 : f32
  } -> tensor<6x37xf32>
  return %y : tensor<6x37xf32>
}

// Each lane looks up another element.
func.func @look_up(%table: tensor<9xi1>, %ids: tensor<100xi32> {check.range = [0, 8]}) -> tensor<100xi1> {
  %e = tensor.empty() : tensor<100xi1>
  %y = linalg.generic {indexing_maps = [#r, #r], iterator_types = ["parallel"]}
      ins(%ids : tensor<100xi32>) outs(%e : tensor<100xi1>) {
  ^bb0(%id: i32, %o: i1):
    %i = arith.index_cast %id : i32 to index
    %t = tensor.extract %table[%i] : tensor<9xi1>
    linalg.yield %t : i1
  } -> tensor<100xi1>
  return %y : tensor<100xi1>
}

// The accumulator is the destination itself, and is added to by element work.
func.func @accumulate(%x: tensor<50xf32>, %acc: tensor<50xf32>) -> tensor<50xf32> attributes {check.share = "0:0 1:0"} {
  %y = linalg.generic {indexing_maps = [#r, #r], iterator_types = ["parallel"]}
      ins(%x : tensor<50xf32>) outs(%acc : tensor<50xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<50xf32>
  return %y : tensor<50xf32>
}

// AdamW: several operands, several results, all in place.
func.func @adamw(%p: tensor<77xf32>, %g: tensor<77xf32>, %m: tensor<77xf32>, %v: tensor<77xf32> {check.range = [0.0, 1.0]}, %lr: tensor<f32>) -> (tensor<77xf32>, tensor<77xf32>, tensor<77xf32>)
    attributes {check.share = "0:0 0:1 0:2 1:0 1:1 1:2 2:0 2:1 2:2 3:0 3:1 3:2"} {
  %b1 = arith.constant 0.9 : f32
  %b1c = arith.constant 0.1 : f32
  %b2 = arith.constant 0.999 : f32
  %b2c = arith.constant 0.001 : f32
  %eps = arith.constant 1.0e-8 : f32
  %wd = arith.constant 0.01 : f32
  %e = tensor.empty() : tensor<77xf32>
  %z:3 = linalg.generic {indexing_maps = [#r, #r, #r, #r, #all, #r, #r, #r], iterator_types = ["parallel"]}
      ins(%p, %g, %m, %v, %lr : tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<f32>)
      outs(%e, %e, %e : tensor<77xf32>, tensor<77xf32>, tensor<77xf32>) {
  ^bb0(%pp: f32, %gg: f32, %mm: f32, %vv: f32, %l: f32, %o0: f32, %o1: f32, %o2: f32):
    %m0 = arith.mulf %mm, %b1 : f32
    %m1 = arith.mulf %gg, %b1c : f32
    %m2 = arith.addf %m0, %m1 : f32
    %v0 = arith.mulf %vv, %b2 : f32
    %v1 = arith.mulf %gg, %gg : f32
    %v2 = arith.mulf %v1, %b2c : f32
    %v3 = arith.addf %v0, %v2 : f32
    %s = math.sqrt %v3 : f32
    %d = arith.addf %s, %eps : f32
    %u = arith.divf %m2, %d : f32
    %w = arith.mulf %pp, %wd : f32
    %t = arith.addf %u, %w : f32
    %st = arith.mulf %t, %l : f32
    %new = arith.subf %pp, %st : f32
    linalg.yield %new, %m2, %v3 : f32, f32, f32
  } -> (tensor<77xf32>, tensor<77xf32>, tensor<77xf32>)
  return %z#0, %z#1, %z#2 : tensor<77xf32>, tensor<77xf32>, tensor<77xf32>
}

// Tall and thin, short and fat.
func.func @thin(%x: tensor<1000x2xf32>) -> tensor<1000xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1000xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1000xf32>) -> tensor<1000xf32>
  %y = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<1000x2xf32>) outs(%f : tensor<1000xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<1000xf32>
  return %y : tensor<1000xf32>
}

func.func @fat(%x: tensor<2x5001xf32>) -> tensor<2xf32> attributes {check.extent = 2} {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  %f = linalg.fill ins(%one : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %y = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<2x5001xf32>) outs(%f : tensor<2xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.minimumf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// NaN wins in maximumf and loses in maxnumf.
func.func @max_special(%x: tensor<40x23xf32> {check.special}) -> (tensor<40xf32>, tensor<40xf32>) {
  %ninf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<40xf32>
  %f = linalg.fill ins(%ninf : f32) outs(%e : tensor<40xf32>) -> tensor<40xf32>
  %y:2 = linalg.generic {indexing_maps = [#full, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<40x23xf32>) outs(%f, %f : tensor<40xf32>, tensor<40xf32>) {
  ^bb0(%a: f32, %acc: f32, %acc2: f32):
    %0 = arith.maximumf %acc, %a : f32
    %1 = arith.maxnumf %acc2, %a : f32
    linalg.yield %0, %1 : f32, f32
  } -> (tensor<40xf32>, tensor<40xf32>)
  return %y#0, %y#1 : tensor<40xf32>, tensor<40xf32>
}


// Nothing to add up: the initial value remains.
func.func @no_columns(%x: tensor<5x0xf32>) -> tensor<5xf32> {
  %two = arith.constant 2.0 : f32
  %e = tensor.empty() : tensor<5xf32>
  %f = linalg.fill ins(%two : f32) outs(%e : tensor<5xf32>) -> tensor<5xf32>
  %y = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<5x0xf32>) outs(%f : tensor<5xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<5xf32>
  return %y : tensor<5xf32>
}

func.func @no_rows(%x: tensor<0x3xf32>) -> tensor<0x3xf32> attributes {check.extent = 0} {
  %e = tensor.empty() : tensor<0x3xf32>
  %y = linalg.generic {indexing_maps = [#full, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<0x3xf32>) outs(%e : tensor<0x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  } -> tensor<0x3xf32>
  return %y : tensor<0x3xf32>
}

// Index arithmetic, as reordering and collapsing dims leaves it behind.
func.func @index_expressions(%x: tensor<6x35xf32>) -> (tensor<6x35xi64>, tensor<6x35xf32>) attributes {check.share = "0:1"} {
  %e = tensor.empty() : tensor<6x35xi64>
  %ef = tensor.empty() : tensor<6x35xf32>
  %y:2 = linalg.generic {indexing_maps = [#full, #full, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<6x35xf32>) outs(%e, %ef : tensor<6x35xi64>, tensor<6x35xf32>) {
  ^bb0(%a: f32, %o: i64, %p: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %0 = affine.apply affine_map<(i, j) -> ((j - i * 3) floordiv 4 + (j - 20) mod 7 + j ceildiv 5)>(%i, %j)
    %1 = arith.index_cast %0 : index to i64
    %2 = affine.apply affine_map<(i)[s] -> (i * 2 + s)>(%i)[%i]
    %3 = arith.index_cast %2 : index to i32
    %4 = arith.sitofp %3 : i32 to f32
    %5 = arith.addf %a, %4 : f32
    linalg.yield %1, %5 : i64, f32
  } -> (tensor<6x35xi64>, tensor<6x35xf32>)
  return %y#0, %y#1 : tensor<6x35xi64>, tensor<6x35xf32>
}
