// RUN: dsc-kernel-check %s
// RUN: dsc-kernel-check %s --cpu=generic
// RUN: dsc-kernel-check %s --cpu=x86-64-v3

#full = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#r = affine_map<(i) -> (i)>

// Computed in f32, stored in f16; the sum is f32.
func.func @half_rows_f16(%x: tensor<7x45xf16>, %g: tensor<45xf16>) -> (tensor<7x45xf16>, tensor<7xf32>) attributes {check.share = "0:0"} {
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<7xf32>
  %ee = tensor.empty() : tensor<7x45xf16>
  %f = linalg.fill ins(%zero : f32) outs(%er : tensor<7xf32>) -> tensor<7xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<7x45xf16>) outs(%f : tensor<7xf32>) {
  ^bb0(%a: f16, %acc: f32):
    %0 = arith.extf %a : f16 to f32
    %1 = math.exp %0 : f32
    %2 = arith.addf %acc, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<7xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, affine_map<(i, j) -> (j)>, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum, %g : tensor<7x45xf16>, tensor<7xf32>, tensor<45xf16>) outs(%ee : tensor<7x45xf16>) {
  ^bb0(%a: f16, %s: f32, %b: f16, %o: f16):
    %0 = arith.extf %a : f16 to f32
    %1 = math.exp %0 : f32
    %2 = arith.divf %1, %s : f32
    %3 = arith.extf %b : f16 to f32
    %4 = arith.mulf %2, %3 : f32
    %5 = arith.truncf %4 : f32 to f16
    linalg.yield %5 : f16
  } -> tensor<7x45xf16>
  return %y, %sum : tensor<7x45xf16>, tensor<7xf32>
}

// Arithmetic and math on f16 itself, and rounding of every kind of value.
func.func @half_itself_f16(%x: tensor<501xf16> {check.special}, %w: tensor<501xf32> {check.special, check.sweep}) -> (tensor<501xf16>, tensor<501xf16>) {
  %e = tensor.empty() : tensor<501xf16>
  %y:2 = linalg.generic {indexing_maps = [#r, #r, #r, #r], iterator_types = ["parallel"]}
      ins(%x, %w : tensor<501xf16>, tensor<501xf32>) outs(%e, %e : tensor<501xf16>, tensor<501xf16>) {
  ^bb0(%a: f16, %b: f32, %o: f16, %p: f16):
    %0 = arith.addf %a, %a : f16
    %1 = math.tanh %0 : f16
    %2 = arith.truncf %b : f32 to f16
    linalg.yield %1, %2 : f16, f16
  } -> (tensor<501xf16>, tensor<501xf16>)
  return %y#0, %y#1 : tensor<501xf16>, tensor<501xf16>
}

// Computed in f32, stored in bf16; the sum is f32.
func.func @half_rows_bf16(%x: tensor<7x45xbf16>, %g: tensor<45xbf16>) -> (tensor<7x45xbf16>, tensor<7xf32>) attributes {check.share = "0:0"} {
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<7xf32>
  %ee = tensor.empty() : tensor<7x45xbf16>
  %f = linalg.fill ins(%zero : f32) outs(%er : tensor<7xf32>) -> tensor<7xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<7x45xbf16>) outs(%f : tensor<7xf32>) {
  ^bb0(%a: bf16, %acc: f32):
    %0 = arith.extf %a : bf16 to f32
    %1 = math.exp %0 : f32
    %2 = arith.addf %acc, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<7xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, affine_map<(i, j) -> (j)>, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum, %g : tensor<7x45xbf16>, tensor<7xf32>, tensor<45xbf16>) outs(%ee : tensor<7x45xbf16>) {
  ^bb0(%a: bf16, %s: f32, %b: bf16, %o: bf16):
    %0 = arith.extf %a : bf16 to f32
    %1 = math.exp %0 : f32
    %2 = arith.divf %1, %s : f32
    %3 = arith.extf %b : bf16 to f32
    %4 = arith.mulf %2, %3 : f32
    %5 = arith.truncf %4 : f32 to bf16
    linalg.yield %5 : bf16
  } -> tensor<7x45xbf16>
  return %y, %sum : tensor<7x45xbf16>, tensor<7xf32>
}

// Arithmetic and math on bf16 itself, and rounding of every kind of value.
func.func @half_itself_bf16(%x: tensor<501xbf16> {check.special}, %w: tensor<501xf32> {check.special, check.sweep}) -> (tensor<501xbf16>, tensor<501xbf16>) {
  %e = tensor.empty() : tensor<501xbf16>
  %y:2 = linalg.generic {indexing_maps = [#r, #r, #r, #r], iterator_types = ["parallel"]}
      ins(%x, %w : tensor<501xbf16>, tensor<501xf32>) outs(%e, %e : tensor<501xbf16>, tensor<501xbf16>) {
  ^bb0(%a: bf16, %b: f32, %o: bf16, %p: bf16):
    %0 = arith.addf %a, %a : bf16
    %1 = math.tanh %0 : bf16
    %2 = arith.truncf %b : f32 to bf16
    linalg.yield %1, %2 : bf16, bf16
  } -> (tensor<501xbf16>, tensor<501xbf16>)
  return %y#0, %y#1 : tensor<501xbf16>, tensor<501xbf16>
}

// f64 stays f64: libm, lane by lane.
func.func @double(%x: tensor<5x33xf64>) -> (tensor<5x33xf64>, tensor<5xf64>) attributes {check.share = "0:0"} {
  %zero = arith.constant 0.0 : f64
  %er = tensor.empty() : tensor<5xf64>
  %ee = tensor.empty() : tensor<5x33xf64>
  %f = linalg.fill ins(%zero : f64) outs(%er : tensor<5xf64>) -> tensor<5xf64>
  %e = linalg.generic {indexing_maps = [#full, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<5x33xf64>) outs(%ee : tensor<5x33xf64>) {
  ^bb0(%a: f64, %o: f64):
    %0 = math.exp %a : f64
    %1 = math.tanh %a : f64
    %2 = math.erf %a : f64
    %3 = arith.mulf %0, %1 : f64
    %4 = arith.addf %3, %2 : f64
    linalg.yield %4 : f64
  } -> tensor<5x33xf64>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%e : tensor<5x33xf64>) outs(%f : tensor<5xf64>) {
  ^bb0(%a: f64, %acc: f64):
    %0 = arith.addf %acc, %a : f64
    linalg.yield %0 : f64
  } -> tensor<5xf64>
  return %e, %sum : tensor<5x33xf64>, tensor<5xf64>
}

func.func @integers_i8(%x: tensor<19xi8>, %y: tensor<19xi8> {check.range = [1, 9]}) -> (tensor<19xi8>, tensor<19xi8>, tensor<19xi1>) {
  %e = tensor.empty() : tensor<19xi8>
  %eb = tensor.empty() : tensor<19xi1>
  %z:3 = linalg.generic {indexing_maps = [#r, #r, #r, #r, #r], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<19xi8>, tensor<19xi8>) outs(%e, %e, %eb : tensor<19xi8>, tensor<19xi8>, tensor<19xi1>) {
  ^bb0(%a: i8, %b: i8, %o: i8, %p: i8, %q: i1):
    %0 = arith.divsi %a, %b : i8
    %1 = arith.remsi %a, %b : i8
    %2 = arith.muli %0, %b : i8
    %3 = arith.addi %2, %1 : i8
    %4 = arith.floordivsi %a, %b : i8
    %5 = arith.cmpi slt, %a, %4 : i8
    linalg.yield %3, %4, %5 : i8, i8, i1
  } -> (tensor<19xi8>, tensor<19xi8>, tensor<19xi1>)
  return %z#0, %z#1, %z#2 : tensor<19xi8>, tensor<19xi8>, tensor<19xi1>
}

func.func @integers_i16(%x: tensor<40xi16>, %y: tensor<40xi16> {check.range = [1, 9]}) -> (tensor<40xi16>, tensor<40xi16>, tensor<40xi1>) {
  %e = tensor.empty() : tensor<40xi16>
  %eb = tensor.empty() : tensor<40xi1>
  %z:3 = linalg.generic {indexing_maps = [#r, #r, #r, #r, #r], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<40xi16>, tensor<40xi16>) outs(%e, %e, %eb : tensor<40xi16>, tensor<40xi16>, tensor<40xi1>) {
  ^bb0(%a: i16, %b: i16, %o: i16, %p: i16, %q: i1):
    %0 = arith.divsi %a, %b : i16
    %1 = arith.remsi %a, %b : i16
    %2 = arith.muli %0, %b : i16
    %3 = arith.addi %2, %1 : i16
    %4 = arith.floordivsi %a, %b : i16
    %5 = arith.cmpi slt, %a, %4 : i16
    linalg.yield %3, %4, %5 : i16, i16, i1
  } -> (tensor<40xi16>, tensor<40xi16>, tensor<40xi1>)
  return %z#0, %z#1, %z#2 : tensor<40xi16>, tensor<40xi16>, tensor<40xi1>
}

func.func @integers_i32(%x: tensor<33xi32>, %y: tensor<33xi32> {check.range = [1, 9]}) -> (tensor<33xi32>, tensor<33xi32>, tensor<33xi1>) {
  %e = tensor.empty() : tensor<33xi32>
  %eb = tensor.empty() : tensor<33xi1>
  %z:3 = linalg.generic {indexing_maps = [#r, #r, #r, #r, #r], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<33xi32>, tensor<33xi32>) outs(%e, %e, %eb : tensor<33xi32>, tensor<33xi32>, tensor<33xi1>) {
  ^bb0(%a: i32, %b: i32, %o: i32, %p: i32, %q: i1):
    %0 = arith.divsi %a, %b : i32
    %1 = arith.remsi %a, %b : i32
    %2 = arith.muli %0, %b : i32
    %3 = arith.addi %2, %1 : i32
    %4 = arith.floordivsi %a, %b : i32
    %5 = arith.cmpi slt, %a, %4 : i32
    linalg.yield %3, %4, %5 : i32, i32, i1
  } -> (tensor<33xi32>, tensor<33xi32>, tensor<33xi1>)
  return %z#0, %z#1, %z#2 : tensor<33xi32>, tensor<33xi32>, tensor<33xi1>
}

func.func @integers_i64(%x: tensor<21xi64>, %y: tensor<21xi64> {check.range = [1, 9]}) -> (tensor<21xi64>, tensor<21xi64>, tensor<21xi1>) {
  %e = tensor.empty() : tensor<21xi64>
  %eb = tensor.empty() : tensor<21xi1>
  %z:3 = linalg.generic {indexing_maps = [#r, #r, #r, #r, #r], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<21xi64>, tensor<21xi64>) outs(%e, %e, %eb : tensor<21xi64>, tensor<21xi64>, tensor<21xi1>) {
  ^bb0(%a: i64, %b: i64, %o: i64, %p: i64, %q: i1):
    %0 = arith.divsi %a, %b : i64
    %1 = arith.remsi %a, %b : i64
    %2 = arith.muli %0, %b : i64
    %3 = arith.addi %2, %1 : i64
    %4 = arith.floordivsi %a, %b : i64
    %5 = arith.cmpi slt, %a, %4 : i64
    linalg.yield %3, %4, %5 : i64, i64, i1
  } -> (tensor<21xi64>, tensor<21xi64>, tensor<21xi1>)
  return %z#0, %z#1, %z#2 : tensor<21xi64>, tensor<21xi64>, tensor<21xi1>
}

// Booleans are bytes of 0 and 1; counts of them are i64.
func.func @booleans(%x: tensor<6x53xi1>, %y: tensor<6x53xi1>) -> (tensor<6x53xi1>, tensor<6xi1>, tensor<6xi64>) {
  %false = arith.constant false
  %zero = arith.constant 0 : i64
  %eb = tensor.empty() : tensor<6xi1>
  %ei = tensor.empty() : tensor<6xi64>
  %ee = tensor.empty() : tensor<6x53xi1>
  %fb = linalg.fill ins(%false : i1) outs(%eb : tensor<6xi1>) -> tensor<6xi1>
  %fi = linalg.fill ins(%zero : i64) outs(%ei : tensor<6xi64>) -> tensor<6xi64>
  %e = linalg.generic {indexing_maps = [#full, #full, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %y : tensor<6x53xi1>, tensor<6x53xi1>) outs(%ee : tensor<6x53xi1>) {
  ^bb0(%a: i1, %b: i1, %o: i1):
    %0 = arith.andi %a, %b : i1
    linalg.yield %0 : i1
  } -> tensor<6x53xi1>
  %s:2 = linalg.generic {indexing_maps = [#full, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%e : tensor<6x53xi1>) outs(%fb, %fi : tensor<6xi1>, tensor<6xi64>) {
  ^bb0(%a: i1, %any: i1, %n: i64):
    %0 = arith.ori %a, %any : i1
    %1 = arith.extui %a : i1 to i64
    %2 = arith.addi %n, %1 : i64
    linalg.yield %0, %2 : i1, i64
  } -> (tensor<6xi1>, tensor<6xi64>)
  return %e, %s#0, %s#1 : tensor<6x53xi1>, tensor<6xi1>, tensor<6xi64>
}

// A round of a counter-based generator on the linear index, as dropout does.
func.func @hash(%x: tensor<9x31xf32>, %seed: tensor<i64>) -> (tensor<9x31xf32>, tensor<9x31xi32>) attributes {check.share = "0:0"} {
  %e = tensor.empty() : tensor<9x31xf32>
  %ei = tensor.empty() : tensor<9x31xi32>
  %zero = arith.constant 0.0 : f32
  %y:2 = linalg.generic {indexing_maps = [#full, affine_map<(i, j) -> ()>, #full, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %seed : tensor<9x31xf32>, tensor<i64>) outs(%e, %ei : tensor<9x31xf32>, tensor<9x31xi32>) {
  ^bb0(%a: f32, %s: i64, %o: f32, %p: i32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %width = arith.constant 31 : index
    %m = arith.constant -766435501 : i32
    %k = arith.constant -1640531527 : i32
    %half = arith.constant 1073741824 : i32
    %0 = arith.muli %i, %width : index
    %1 = arith.addi %0, %j : index
    %2 = arith.index_cast %1 : index to i64
    %3 = arith.addi %2, %s : i64
    %4 = arith.trunci %3 : i64 to i32
    %lo, %hi = arith.mului_extended %4, %m : i32
    %5 = arith.xori %hi, %k : i32
    %6 = arith.xori %5, %lo : i32
    %7 = arith.cmpi slt, %6, %half : i32
    %8 = arith.select %7, %a, %zero : f32
    linalg.yield %8, %6 : f32, i32
  } -> (tensor<9x31xf32>, tensor<9x31xi32>)
  return %y#0, %y#1 : tensor<9x31xf32>, tensor<9x31xi32>
}

// Conversions, and a power of integers.
func.func @conversions(%x: tensor<37xf32>, %n: tensor<37xi32> {check.range = [0, 9]}) -> (tensor<37xi64>, tensor<37xf64>, tensor<37xi32>, tensor<37xi8>) {
  %e0 = tensor.empty() : tensor<37xi64>
  %e1 = tensor.empty() : tensor<37xf64>
  %e2 = tensor.empty() : tensor<37xi32>
  %e3 = tensor.empty() : tensor<37xi8>
  %three = arith.constant 3 : i32
  %ten = arith.constant 10.0 : f32
  %y:4 = linalg.generic {indexing_maps = [#r, #r, #r, #r, #r, #r], iterator_types = ["parallel"]}
      ins(%x, %n : tensor<37xf32>, tensor<37xi32>) outs(%e0, %e1, %e2, %e3 : tensor<37xi64>, tensor<37xf64>, tensor<37xi32>, tensor<37xi8>) {
  ^bb0(%a: f32, %b: i32, %o0: i64, %o1: f64, %o2: i32, %o3: i8):
    %0 = arith.mulf %a, %ten : f32
    %1 = arith.fptosi %0 : f32 to i64
    %2 = arith.sitofp %b : i32 to f64
    %3 = arith.extf %a : f32 to f64
    %4 = arith.addf %2, %3 : f64
    %5 = math.ipowi %three, %b : i32
    %6 = arith.trunci %b : i32 to i8
    linalg.yield %1, %4, %5, %6 : i64, f64, i32, i8
  } -> (tensor<37xi64>, tensor<37xf64>, tensor<37xi32>, tensor<37xi8>)
  return %y#0, %y#1, %y#2, %y#3 : tensor<37xi64>, tensor<37xf64>, tensor<37xi32>, tensor<37xi8>
}


// Chosen among bf16, which no processor without conversions to it does by itself.
func.func @choose_bf16(%a: tensor<37xbf16>, %b: tensor<37xbf16>) -> tensor<37xbf16> {
  %e = tensor.empty() : tensor<37xbf16>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<37xbf16>, tensor<37xbf16>) outs(%e : tensor<37xbf16>) {
  ^bb0(%x: bf16, %y: bf16, %o: bf16):
    %wide_x = arith.extf %x : bf16 to f32
    %wide_y = arith.extf %y : bf16 to f32
    %less = arith.cmpf olt, %wide_x, %wide_y : f32
    %z = arith.select %less, %x, %y : bf16
    linalg.yield %z : bf16
  } -> tensor<37xbf16>
  return %0 : tensor<37xbf16>
}
