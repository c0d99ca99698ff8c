// RUN: dsc-kernel-check %s | FileCheck %s
// RUN: dsc-kernel-check %s --cpu=generic

// Errors are in units in the last place, against libm in f64; half the values
// are spread evenly over the exponents down to the subnormals, and every fifth
// is an infinity, NaN, zero or subnormal.

// CHECK-COUNT-28: ok

func.func @exp(%a: tensor<20003xf32> {check.range = [-1.040000e+02, 8.900000e+01], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 1.5} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.exp %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @exp2(%a: tensor<20003xf32> {check.range = [-1.500000e+02, 1.280000e+02], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 1.5} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.exp2 %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @expm1(%a: tensor<20003xf32> {check.range = [-3.000000e+01, 8.900000e+01], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 2.5} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.expm1 %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @log(%a: tensor<20003xf32> {check.range = [0.000000e+00, 3.000000e+38], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 1.5} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.log %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @log2(%a: tensor<20003xf32> {check.range = [0.000000e+00, 3.000000e+38], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 2.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.log2 %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @log10(%a: tensor<20003xf32> {check.range = [0.000000e+00, 3.000000e+38], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 2.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.log10 %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @log1p(%a: tensor<20003xf32> {check.range = [-9.990000e-01, 1.000000e+30], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 2.5} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.log1p %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @tanh(%a: tensor<20003xf32> {check.range = [-1.200000e+01, 1.200000e+01], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 3.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.tanh %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @erf(%a: tensor<20003xf32> {check.range = [-5.000000e+00, 5.000000e+00], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 2.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.erf %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @sin(%a: tensor<20003xf32> {check.range = [-1.000000e+05, 1.000000e+05], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 2.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.sin %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @cos(%a: tensor<20003xf32> {check.range = [-1.000000e+05, 1.000000e+05], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 2.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.cos %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @tan(%a: tensor<20003xf32> {check.range = [-1.000000e+03, 1.000000e+03], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 3.5} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.tan %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @rsqrt(%a: tensor<20003xf32> {check.range = [0.000000e+00, 3.000000e+38], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 2.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.rsqrt %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @sqrt(%a: tensor<20003xf32> {check.range = [0.000000e+00, 3.000000e+38], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 0.6} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.sqrt %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @asin(%a: tensor<20003xf32> {check.range = [-1.000000e+00, 1.000000e+00], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 1.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.asin %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @acos(%a: tensor<20003xf32> {check.range = [-1.000000e+00, 1.000000e+00], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 1.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.acos %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @atan(%a: tensor<20003xf32> {check.range = [-1.000000e+02, 1.000000e+02], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 1.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.atan %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @sinh(%a: tensor<20003xf32> {check.range = [-8.000000e+01, 8.000000e+01], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 2.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.sinh %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @cosh(%a: tensor<20003xf32> {check.range = [-8.000000e+01, 8.000000e+01], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 2.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.cosh %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @asinh(%a: tensor<20003xf32> {check.range = [-1.000000e+02, 1.000000e+02], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 2.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.asinh %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @acosh(%a: tensor<20003xf32> {check.range = [1.000000e+00, 1.000000e+02], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 1.5} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.acosh %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @atanh(%a: tensor<20003xf32> {check.range = [-1.000000e+00, 1.000000e+00], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 2.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.atanh %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @cbrt(%a: tensor<20003xf32> {check.range = [-1.000000e+02, 1.000000e+02], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 1.5} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.cbrt %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @erfc(%a: tensor<20003xf32> {check.range = [-3.000000e+00, 9.000000e+00], check.sweep, check.special}) -> tensor<20003xf32> attributes {check.ulp = 2.5} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a : tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.erfc %x : f32
    linalg.yield %y : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @powf(%a: tensor<20003xf32> {check.range = [0.000000e+00, 1.000000e+02], check.sweep, check.special}, %b: tensor<20003xf32> {check.range = [-1.000000e+01, 1.000000e+01]}) -> tensor<20003xf32> attributes {check.ulp = 0.7} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<20003xf32>, tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %z = math.powf %x, %y : f32
    linalg.yield %z : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

func.func @atan2(%a: tensor<20003xf32> {check.range = [-1.000000e+01, 1.000000e+01], check.sweep, check.special}, %b: tensor<20003xf32> {check.range = [-1.000000e+01, 1.000000e+01]}) -> tensor<20003xf32> attributes {check.ulp = 2.0} {
  %e = tensor.empty() : tensor<20003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<20003xf32>, tensor<20003xf32>) outs(%e : tensor<20003xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %z = math.atan2 %x, %y : f32
    linalg.yield %z : f32
  } -> tensor<20003xf32>
  return %0 : tensor<20003xf32>
}

// Negative bases with whole exponents, and every special pair.
func.func @pow_whole(%a: tensor<2003xf32> {check.range = [-9.0, 9.0], check.special}, %b: tensor<2003xi32> {check.range = [-7, 7]}) -> (tensor<2003xf32>, tensor<2003xf32>) attributes {check.ulp = 0.7} {
  %e = tensor.empty() : tensor<2003xf32>
  %0:2 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<2003xf32>, tensor<2003xi32>) outs(%e, %e : tensor<2003xf32>, tensor<2003xf32>) {
  ^bb0(%x: f32, %n: i32, %o: f32, %p: f32):
    %y = arith.sitofp %n : i32 to f32
    %z = math.powf %x, %y : f32
    %w = math.fpowi %x, %n : f32, i32
    linalg.yield %z, %w : f32, f32
  } -> (tensor<2003xf32>, tensor<2003xf32>)
  return %0#0, %0#1 : tensor<2003xf32>, tensor<2003xf32>
}

func.func @pow_special(%a: tensor<2003xf32> {check.range = [-9.0, 9.0], check.special}, %b: tensor<2003xf32> {check.range = [-7.0, 7.0], check.special}) -> tensor<2003xf32> attributes {check.ulp = 0.7} {
  %e = tensor.empty() : tensor<2003xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<2003xf32>, tensor<2003xf32>) outs(%e : tensor<2003xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %z = math.powf %x, %y : f32
    linalg.yield %z : f32
  } -> tensor<2003xf32>
  return %0 : tensor<2003xf32>
}

