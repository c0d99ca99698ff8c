#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d0)>
#map2 = affine_map<(d0) -> (d0)>
#map3 = affine_map<(d0) -> ()>
#map4 = affine_map<() -> ()>
#map5 = affine_map<(d0, d1) -> (d1, d0)>
#map6 = affine_map<(d0, d1) -> (d1)>
#map7 = affine_map<(d0, d1) -> ()>
module {
  func.func @k0_tanh(%arg0: tensor<8x16xf32>) -> tensor<8x16xf32> {
    %0 = tensor.empty() : tensor<8x16xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<8x16xf32>) outs(%0 : tensor<8x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %2 = math.tanh %in : f32
      linalg.yield %2 : f32
    } -> tensor<8x16xf32>
    return %1 : tensor<8x16xf32>
  }
  func.func @k1_maximumf_subf_exp_addf(%arg0: tensor<8x5xf32>, %arg1: tensor<8xi64>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
    %cst = arith.constant 0xFF800000 : f32
    %0 = tensor.empty() : tensor<8xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "reduction"]} ins(%arg0 : tensor<8x5xf32>) outs(%1 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %31 = arith.maximumf %in, %out : f32
      linalg.yield %31 : f32
    } -> tensor<8xf32>
    %3 = tensor.empty() : tensor<8x5xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %2 : tensor<8x5xf32>, tensor<8xf32>) outs(%3 : tensor<8x5xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %31 = arith.subf %in, %in_2 : f32
      linalg.yield %31 : f32
    } -> tensor<8x5xf32>
    %5 = tensor.empty() : tensor<8x5xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%4 : tensor<8x5xf32>) outs(%5 : tensor<8x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %31 = math.exp %in : f32
      linalg.yield %31 : f32
    } -> tensor<8x5xf32>
    %cst_0 = arith.constant 0.000000e+00 : f32
    %7 = tensor.empty() : tensor<8xf32>
    %8 = linalg.fill ins(%cst_0 : f32) outs(%7 : tensor<8xf32>) -> tensor<8xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "reduction"]} ins(%6 : tensor<8x5xf32>) outs(%8 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %31 = arith.addf %in, %out : f32
      linalg.yield %31 : f32
    } -> tensor<8xf32>
    %10 = tensor.empty() : tensor<8xf32>
    %11 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%9 : tensor<8xf32>) outs(%10 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %31 = math.log %in : f32
      linalg.yield %31 : f32
    } -> tensor<8xf32>
    %12 = tensor.empty() : tensor<8xf32>
    %13 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%11, %2 : tensor<8xf32>, tensor<8xf32>) outs(%12 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %31 = arith.addf %in, %in_2 : f32
      linalg.yield %31 : f32
    } -> tensor<8xf32>
    %14 = tensor.empty() : tensor<8x5xi1>
    %15 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<8xi64>) outs(%14 : tensor<8x5xi1>) {
    ^bb0(%in: i64, %out: i1):
      %31 = linalg.index 1 : index
      %32 = arith.index_cast %31 : index to i64
      %33 = arith.cmpi eq, %32, %in : i64
      linalg.yield %33 : i1
    } -> tensor<8x5xi1>
    %16 = tensor.empty() : tensor<8x5xf32>
    %17 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%15, %arg0 : tensor<8x5xi1>, tensor<8x5xf32>) outs(%16 : tensor<8x5xf32>) {
    ^bb0(%in: i1, %in_2: f32, %out: f32):
      %cst_3 = arith.constant 0.000000e+00 : f32
      %31 = arith.select %in, %in_2, %cst_3 : f32
      linalg.yield %31 : f32
    } -> tensor<8x5xf32>
    %cst_1 = arith.constant 0.000000e+00 : f32
    %18 = tensor.empty() : tensor<8xf32>
    %19 = linalg.fill ins(%cst_1 : f32) outs(%18 : tensor<8xf32>) -> tensor<8xf32>
    %20 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "reduction"]} ins(%17 : tensor<8x5xf32>) outs(%19 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %31 = arith.addf %in, %out : f32
      linalg.yield %31 : f32
    } -> tensor<8xf32>
    %21 = tensor.empty() : tensor<8xf32>
    %22 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%13, %20 : tensor<8xf32>, tensor<8xf32>) outs(%21 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %31 = arith.subf %in, %in_2 : f32
      linalg.yield %31 : f32
    } -> tensor<8xf32>
    %23 = tensor.empty() : tensor<8xi1>
    %24 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%arg1 : tensor<8xi64>) outs(%23 : tensor<8xi1>) {
    ^bb0(%in: i64, %out: i1):
      %c-100_i64 = arith.constant -100 : i64
      %31 = arith.cmpi eq, %in, %c-100_i64 : i64
      linalg.yield %31 : i1
    } -> tensor<8xi1>
    %25 = tensor.empty() : tensor<8xf32>
    %26 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%24, %22 : tensor<8xi1>, tensor<8xf32>) outs(%25 : tensor<8xf32>) {
    ^bb0(%in: i1, %in_2: f32, %out: f32):
      %cst_3 = arith.constant 0.000000e+00 : f32
      %31 = arith.select %in, %cst_3, %in_2 : f32
      linalg.yield %31 : f32
    } -> tensor<8xf32>
    %27 = tensor.empty() : tensor<8xi1>
    %28 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%arg1 : tensor<8xi64>) outs(%27 : tensor<8xi1>) {
    ^bb0(%in: i64, %out: i1):
      %c-100_i64 = arith.constant -100 : i64
      %31 = arith.cmpi ne, %in, %c-100_i64 : i64
      linalg.yield %31 : i1
    } -> tensor<8xi1>
    %29 = tensor.empty() : tensor<8xf32>
    %30 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%28 : tensor<8xi1>) outs(%29 : tensor<8xf32>) {
    ^bb0(%in: i1, %out: f32):
      %31 = arith.uitofp %in : i1 to f32
      linalg.yield %31 : f32
    } -> tensor<8xf32>
    return %13, %26, %30 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  }
  func.func @k2_addf_cmpf_divf_select(%arg0: tensor<8xf32>) -> (tensor<f32>, tensor<f32>) {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<f32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<f32>) -> tensor<f32>
    %2 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["reduction"]} ins(%arg0 : tensor<8xf32>) outs(%1 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %9 = arith.addf %in, %out : f32
      linalg.yield %9 : f32
    } -> tensor<f32>
    %3 = tensor.empty() : tensor<i1>
    %4 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = []} ins(%2 : tensor<f32>) outs(%3 : tensor<i1>) {
    ^bb0(%in: f32, %out: i1):
      %cst_0 = arith.constant 0.000000e+00 : f32
      %9 = arith.cmpf ogt, %in, %cst_0 : f32
      linalg.yield %9 : i1
    } -> tensor<i1>
    %5 = tensor.empty() : tensor<f32>
    %6 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = []} ins(%2 : tensor<f32>) outs(%5 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %cst_0 = arith.constant 1.000000e+00 : f32
      %9 = arith.divf %cst_0, %in : f32
      linalg.yield %9 : f32
    } -> tensor<f32>
    %7 = tensor.empty() : tensor<f32>
    %8 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = []} ins(%4, %6 : tensor<i1>, tensor<f32>) outs(%7 : tensor<f32>) {
    ^bb0(%in: i1, %in_0: f32, %out: f32):
      %cst_1 = arith.constant 0.000000e+00 : f32
      %9 = arith.select %in, %in_0, %cst_1 : f32
      linalg.yield %9 : f32
    } -> tensor<f32>
    return %2, %8 : tensor<f32>, tensor<f32>
  }
  func.func @k3_addf(%arg0: tensor<8xf32>) -> tensor<f32> {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<f32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<f32>) -> tensor<f32>
    %2 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["reduction"]} ins(%arg0 : tensor<8xf32>) outs(%1 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %3 = arith.addf %in, %out : f32
      linalg.yield %3 : f32
    } -> tensor<f32>
    return %2 : tensor<f32>
  }
  func.func @k4_cmpi_select(%arg0: tensor<8xi64>) -> tensor<8xf32> {
    %0 = tensor.empty() : tensor<8xi1>
    %1 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%arg0 : tensor<8xi64>) outs(%0 : tensor<8xi1>) {
    ^bb0(%in: i64, %out: i1):
      %c-100_i64 = arith.constant -100 : i64
      %4 = arith.cmpi eq, %in, %c-100_i64 : i64
      linalg.yield %4 : i1
    } -> tensor<8xi1>
    %2 = tensor.empty() : tensor<8xf32>
    %3 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%1 : tensor<8xi1>) outs(%2 : tensor<8xf32>) {
    ^bb0(%in: i1, %out: f32):
      %cst = arith.constant 0.000000e+00 : f32
      %cst_0 = arith.constant 1.000000e+00 : f32
      %4 = arith.select %in, %cst, %cst_0 : f32
      linalg.yield %4 : f32
    } -> tensor<8xf32>
    return %3 : tensor<8xf32>
  }
  func.func @k5_subf_exp_index_apply(%arg0: tensor<8x5xf32>, %arg1: tensor<8xf32>, %arg2: tensor<8xi64>, %arg3: tensor<8xf32>) -> (tensor<8x5xf32>, tensor<5xf32>) {
    %0 = tensor.empty() : tensor<8x5xf32>
    %1 = linalg.generic {indexing_maps = [#map5, #map6, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<8x5xf32>, tensor<8xf32>) outs(%0 : tensor<8x5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %15 = arith.subf %in, %in_0 : f32
      linalg.yield %15 : f32
    } -> tensor<8x5xf32>
    %2 = tensor.empty() : tensor<8x5xf32>
    %3 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%1 : tensor<8x5xf32>) outs(%2 : tensor<8x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %15 = math.exp %in : f32
      linalg.yield %15 : f32
    } -> tensor<8x5xf32>
    %4 = tensor.empty() : tensor<8x5xi1>
    %5 = linalg.generic {indexing_maps = [#map6, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg2 : tensor<8xi64>) outs(%4 : tensor<8x5xi1>) {
    ^bb0(%in: i64, %out: i1):
      %15 = linalg.index 0 : index
      %16 = linalg.index 1 : index
      %17 = affine.apply #map1(%15, %16)
      %18 = arith.index_cast %17 : index to i64
      %19 = arith.cmpi eq, %18, %in : i64
      linalg.yield %19 : i1
    } -> tensor<8x5xi1>
    %6 = tensor.empty() : tensor<8x5xf32>
    %7 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%5 : tensor<8x5xi1>) outs(%6 : tensor<8x5xf32>) {
    ^bb0(%in: i1, %out: f32):
      %cst_0 = arith.constant 1.000000e+00 : f32
      %cst_1 = arith.constant 0.000000e+00 : f32
      %15 = arith.select %in, %cst_0, %cst_1 : f32
      linalg.yield %15 : f32
    } -> tensor<8x5xf32>
    %8 = tensor.empty() : tensor<8x5xf32>
    %9 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%3, %7 : tensor<8x5xf32>, tensor<8x5xf32>) outs(%8 : tensor<8x5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %15 = arith.subf %in, %in_0 : f32
      linalg.yield %15 : f32
    } -> tensor<8x5xf32>
    %10 = tensor.empty() : tensor<8x5xf32>
    %11 = linalg.generic {indexing_maps = [#map6, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg3, %9 : tensor<8xf32>, tensor<8x5xf32>) outs(%10 : tensor<8x5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %15 = arith.mulf %in, %in_0 : f32
      linalg.yield %15 : f32
    } -> tensor<8x5xf32>
    %cst = arith.constant 0.000000e+00 : f32
    %12 = tensor.empty() : tensor<5xf32>
    %13 = linalg.fill ins(%cst : f32) outs(%12 : tensor<5xf32>) -> tensor<5xf32>
    %14 = linalg.generic {indexing_maps = [#map5, #map1], iterator_types = ["parallel", "reduction"]} ins(%11 : tensor<8x5xf32>) outs(%13 : tensor<5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %15 = arith.addf %in, %out : f32
      linalg.yield %15 : f32
    } -> tensor<5xf32>
    return %11, %14 : tensor<8x5xf32>, tensor<5xf32>
  }
  func.func @k6_mulf_subf_addf(%arg0: tensor<8x16xf32>, %arg1: tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<16xf32>) {
    %0 = tensor.empty() : tensor<8x16xf32>
    %1 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg0 : tensor<8x16xf32>, tensor<8x16xf32>) outs(%0 : tensor<8x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %9 = arith.mulf %in, %in_0 : f32
      linalg.yield %9 : f32
    } -> tensor<8x16xf32>
    %2 = tensor.empty() : tensor<8x16xf32>
    %3 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%1 : tensor<8x16xf32>) outs(%2 : tensor<8x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst_0 = arith.constant 1.000000e+00 : f32
      %9 = arith.subf %cst_0, %in : f32
      linalg.yield %9 : f32
    } -> tensor<8x16xf32>
    %4 = tensor.empty() : tensor<8x16xf32>
    %5 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg1, %3 : tensor<8x16xf32>, tensor<8x16xf32>) outs(%4 : tensor<8x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %9 = arith.mulf %in, %in_0 : f32
      linalg.yield %9 : f32
    } -> tensor<8x16xf32>
    %cst = arith.constant 0.000000e+00 : f32
    %6 = tensor.empty() : tensor<16xf32>
    %7 = linalg.fill ins(%cst : f32) outs(%6 : tensor<16xf32>) -> tensor<16xf32>
    %8 = linalg.generic {indexing_maps = [#map5, #map1], iterator_types = ["parallel", "reduction"]} ins(%5 : tensor<8x16xf32>) outs(%7 : tensor<16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %9 = arith.addf %in, %out : f32
      linalg.yield %9 : f32
    } -> tensor<16xf32>
    return %5, %8 : tensor<8x16xf32>, tensor<16xf32>
  }
  func.func @k7_cmpf_select_addf(%arg0: tensor<8x16xf32>, %arg1: tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<16xf32>) {
    %0 = tensor.empty() : tensor<8x16xi1>
    %1 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<8x16xf32>) outs(%0 : tensor<8x16xi1>) {
    ^bb0(%in: f32, %out: i1):
      %cst_0 = arith.constant 0.000000e+00 : f32
      %7 = arith.cmpf ogt, %in, %cst_0 : f32
      linalg.yield %7 : i1
    } -> tensor<8x16xi1>
    %2 = tensor.empty() : tensor<8x16xf32>
    %3 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%1, %arg1 : tensor<8x16xi1>, tensor<8x16xf32>) outs(%2 : tensor<8x16xf32>) {
    ^bb0(%in: i1, %in_0: f32, %out: f32):
      %cst_1 = arith.constant 0.000000e+00 : f32
      %7 = arith.select %in, %in_0, %cst_1 : f32
      linalg.yield %7 : f32
    } -> tensor<8x16xf32>
    %cst = arith.constant 0.000000e+00 : f32
    %4 = tensor.empty() : tensor<16xf32>
    %5 = linalg.fill ins(%cst : f32) outs(%4 : tensor<16xf32>) -> tensor<16xf32>
    %6 = linalg.generic {indexing_maps = [#map5, #map1], iterator_types = ["parallel", "reduction"]} ins(%3 : tensor<8x16xf32>) outs(%5 : tensor<16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %7 = arith.addf %in, %out : f32
      linalg.yield %7 : f32
    } -> tensor<16xf32>
    return %3, %6 : tensor<8x16xf32>, tensor<16xf32>
  }
  func.func @k8_mulf_addf(%arg0: tensor<16x12xf32>) -> tensor<f32> {
    %0 = tensor.empty() : tensor<16x12xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg0 : tensor<16x12xf32>, tensor<16x12xf32>) outs(%0 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %5 = arith.mulf %in, %in_0 : f32
      linalg.yield %5 : f32
    } -> tensor<16x12xf32>
    %cst = arith.constant 0.000000e+00 : f32
    %2 = tensor.empty() : tensor<f32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<f32>) -> tensor<f32>
    %4 = linalg.generic {indexing_maps = [#map, #map7], iterator_types = ["reduction", "reduction"]} ins(%1 : tensor<16x12xf32>) outs(%3 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %5 = arith.addf %in, %out : f32
      linalg.yield %5 : f32
    } -> tensor<f32>
    return %4 : tensor<f32>
  }
  func.func @k9_mulf_addf(%arg0: tensor<16xf32>, %arg1: tensor<f32>) -> tensor<f32> {
    %0 = tensor.empty() : tensor<16xf32>
    %1 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%arg0, %arg0 : tensor<16xf32>, tensor<16xf32>) outs(%0 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %7 = arith.mulf %in, %in_0 : f32
      linalg.yield %7 : f32
    } -> tensor<16xf32>
    %cst = arith.constant 0.000000e+00 : f32
    %2 = tensor.empty() : tensor<f32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<f32>) -> tensor<f32>
    %4 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["reduction"]} ins(%1 : tensor<16xf32>) outs(%3 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %7 = arith.addf %in, %out : f32
      linalg.yield %7 : f32
    } -> tensor<f32>
    %5 = tensor.empty() : tensor<f32>
    %6 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = []} ins(%arg1, %4 : tensor<f32>, tensor<f32>) outs(%5 : tensor<f32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %7 = arith.addf %in, %in_0 : f32
      linalg.yield %7 : f32
    } -> tensor<f32>
    return %6 : tensor<f32>
  }
  func.func @k10_mulf_addf(%arg0: tensor<16x16xf32>, %arg1: tensor<f32>) -> tensor<f32> {
    %0 = tensor.empty() : tensor<16x16xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg0 : tensor<16x16xf32>, tensor<16x16xf32>) outs(%0 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %7 = arith.mulf %in, %in_0 : f32
      linalg.yield %7 : f32
    } -> tensor<16x16xf32>
    %cst = arith.constant 0.000000e+00 : f32
    %2 = tensor.empty() : tensor<f32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<f32>) -> tensor<f32>
    %4 = linalg.generic {indexing_maps = [#map, #map7], iterator_types = ["reduction", "reduction"]} ins(%1 : tensor<16x16xf32>) outs(%3 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %7 = arith.addf %in, %out : f32
      linalg.yield %7 : f32
    } -> tensor<f32>
    %5 = tensor.empty() : tensor<f32>
    %6 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = []} ins(%arg1, %4 : tensor<f32>, tensor<f32>) outs(%5 : tensor<f32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %7 = arith.addf %in, %in_0 : f32
      linalg.yield %7 : f32
    } -> tensor<f32>
    return %6 : tensor<f32>
  }
  func.func @k11_mulf_addf(%arg0: tensor<5x16xf32>, %arg1: tensor<f32>) -> tensor<f32> {
    %0 = tensor.empty() : tensor<5x16xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg0 : tensor<5x16xf32>, tensor<5x16xf32>) outs(%0 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %7 = arith.mulf %in, %in_0 : f32
      linalg.yield %7 : f32
    } -> tensor<5x16xf32>
    %cst = arith.constant 0.000000e+00 : f32
    %2 = tensor.empty() : tensor<f32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<f32>) -> tensor<f32>
    %4 = linalg.generic {indexing_maps = [#map, #map7], iterator_types = ["reduction", "reduction"]} ins(%1 : tensor<5x16xf32>) outs(%3 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %7 = arith.addf %in, %out : f32
      linalg.yield %7 : f32
    } -> tensor<f32>
    %5 = tensor.empty() : tensor<f32>
    %6 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = []} ins(%arg1, %4 : tensor<f32>, tensor<f32>) outs(%5 : tensor<f32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %7 = arith.addf %in, %in_0 : f32
      linalg.yield %7 : f32
    } -> tensor<f32>
    return %6 : tensor<f32>
  }
  func.func @k12_mulf_addf_sqrt_divf(%arg0: tensor<5xf32>, %arg1: tensor<f32>, %arg2: tensor<f32>, %arg3: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
    %0 = tensor.empty() : tensor<5xf32>
    %1 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%arg0, %arg0 : tensor<5xf32>, tensor<5xf32>) outs(%0 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %19 = arith.mulf %in, %in_0 : f32
      linalg.yield %19 : f32
    } -> tensor<5xf32>
    %cst = arith.constant 0.000000e+00 : f32
    %2 = tensor.empty() : tensor<f32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<f32>) -> tensor<f32>
    %4 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["reduction"]} ins(%1 : tensor<5xf32>) outs(%3 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %19 = arith.addf %in, %out : f32
      linalg.yield %19 : f32
    } -> tensor<f32>
    %5 = tensor.empty() : tensor<f32>
    %6 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = []} ins(%arg1, %4 : tensor<f32>, tensor<f32>) outs(%5 : tensor<f32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %19 = arith.addf %in, %in_0 : f32
      linalg.yield %19 : f32
    } -> tensor<f32>
    %7 = tensor.empty() : tensor<f32>
    %8 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = []} ins(%6 : tensor<f32>) outs(%7 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %19 = math.sqrt %in : f32
      linalg.yield %19 : f32
    } -> tensor<f32>
    %9 = tensor.empty() : tensor<f32>
    %10 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = []} ins(%arg2, %8 : tensor<f32>, tensor<f32>) outs(%9 : tensor<f32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %19 = arith.mulf %in, %in_0 : f32
      linalg.yield %19 : f32
    } -> tensor<f32>
    %11 = tensor.empty() : tensor<f32>
    %12 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = []} ins(%10 : tensor<f32>) outs(%11 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %cst_0 = arith.constant 9.99999997E-7 : f32
      %19 = arith.addf %in, %cst_0 : f32
      linalg.yield %19 : f32
    } -> tensor<f32>
    %13 = tensor.empty() : tensor<f32>
    %14 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = []} ins(%arg3, %12 : tensor<f32>, tensor<f32>) outs(%13 : tensor<f32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %19 = arith.divf %in, %in_0 : f32
      linalg.yield %19 : f32
    } -> tensor<f32>
    %15 = tensor.empty() : tensor<f32>
    %16 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = []} ins(%14 : tensor<f32>) outs(%15 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %cst_0 = arith.constant 1.000000e+00 : f32
      %19 = arith.minimumf %in, %cst_0 : f32
      linalg.yield %19 : f32
    } -> tensor<f32>
    %17 = tensor.empty() : tensor<f32>
    %18 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = []} ins(%arg2, %16 : tensor<f32>, tensor<f32>) outs(%17 : tensor<f32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %19 = arith.mulf %in, %in_0 : f32
      linalg.yield %19 : f32
    } -> tensor<f32>
    return %10, %18 : tensor<f32>, tensor<f32>
  }
  func.func @k13_mulf_subf(%arg0: tensor<f32>, %arg1: tensor<f32>) -> tensor<f32> {
    %0 = tensor.empty() : tensor<f32>
    %1 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = []} ins(%arg0, %arg1 : tensor<f32>, tensor<f32>) outs(%0 : tensor<f32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %4 = arith.mulf %in, %in_0 : f32
      linalg.yield %4 : f32
    } -> tensor<f32>
    %2 = tensor.empty() : tensor<f32>
    %3 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = []} ins(%1 : tensor<f32>) outs(%2 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %cst = arith.constant 1.000000e+00 : f32
      %4 = arith.subf %cst, %in : f32
      linalg.yield %4 : f32
    } -> tensor<f32>
    return %3 : tensor<f32>
  }
  func.func @k14_mulf_subf_addf_sqrt(%arg0: tensor<16x12xf32>, %arg1: tensor<f32>, %arg2: tensor<16x12xf32>, %arg3: tensor<f32>, %arg4: tensor<f32>, %arg5: tensor<16x12xf32>, %arg6: tensor<f32>, %arg7: tensor<16x12xf32>, %arg8: tensor<f32>, %arg9: tensor<f32>, %arg10: tensor<f32>) -> (tensor<16x12xf32>, tensor<16x12xf32>, tensor<16x12xf32>) {
    %0 = tensor.empty() : tensor<16x12xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<16x12xf32>, tensor<f32>) outs(%0 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %2 = tensor.empty() : tensor<16x12xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg2, %arg3 : tensor<16x12xf32>, tensor<f32>) outs(%2 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %4 = tensor.empty() : tensor<16x12xf32>
    %5 = linalg.generic {indexing_maps = [#map7, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg4, %arg5 : tensor<f32>, tensor<16x12xf32>) outs(%4 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %6 = tensor.empty() : tensor<16x12xf32>
    %7 = linalg.generic {indexing_maps = [#map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg4 : tensor<f32>) outs(%6 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst = arith.constant 1.000000e+00 : f32
      %34 = arith.subf %cst, %in : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %8 = tensor.empty() : tensor<16x12xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%7, %3 : tensor<16x12xf32>, tensor<16x12xf32>) outs(%8 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %10 = tensor.empty() : tensor<16x12xf32>
    %11 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%5, %9 : tensor<16x12xf32>, tensor<16x12xf32>) outs(%10 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %12 = tensor.empty() : tensor<16x12xf32>
    %13 = linalg.generic {indexing_maps = [#map7, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg6, %arg7 : tensor<f32>, tensor<16x12xf32>) outs(%12 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %14 = tensor.empty() : tensor<16x12xf32>
    %15 = linalg.generic {indexing_maps = [#map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg6 : tensor<f32>) outs(%14 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst = arith.constant 1.000000e+00 : f32
      %34 = arith.subf %cst, %in : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %16 = tensor.empty() : tensor<16x12xf32>
    %17 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%3, %3 : tensor<16x12xf32>, tensor<16x12xf32>) outs(%16 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %18 = tensor.empty() : tensor<16x12xf32>
    %19 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%15, %17 : tensor<16x12xf32>, tensor<16x12xf32>) outs(%18 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %20 = tensor.empty() : tensor<16x12xf32>
    %21 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%13, %19 : tensor<16x12xf32>, tensor<16x12xf32>) outs(%20 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %22 = tensor.empty() : tensor<16x12xf32>
    %23 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%21 : tensor<16x12xf32>) outs(%22 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %34 = math.sqrt %in : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %24 = tensor.empty() : tensor<16x12xf32>
    %25 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%23, %arg8 : tensor<16x12xf32>, tensor<f32>) outs(%24 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.divf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %26 = tensor.empty() : tensor<16x12xf32>
    %27 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%25, %arg9 : tensor<16x12xf32>, tensor<f32>) outs(%26 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %28 = tensor.empty() : tensor<16x12xf32>
    %29 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%11, %27 : tensor<16x12xf32>, tensor<16x12xf32>) outs(%28 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.divf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %30 = tensor.empty() : tensor<16x12xf32>
    %31 = linalg.generic {indexing_maps = [#map7, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg10, %29 : tensor<f32>, tensor<16x12xf32>) outs(%30 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    %32 = tensor.empty() : tensor<16x12xf32>
    %33 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%1, %31 : tensor<16x12xf32>, tensor<16x12xf32>) outs(%32 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.subf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x12xf32>
    return %11, %21, %33 : tensor<16x12xf32>, tensor<16x12xf32>, tensor<16x12xf32>
  }
  func.func @k15_sqrt(%arg0: tensor<f32>) -> tensor<f32> {
    %0 = tensor.empty() : tensor<f32>
    %1 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = []} ins(%arg0 : tensor<f32>) outs(%0 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %2 = math.sqrt %in : f32
      linalg.yield %2 : f32
    } -> tensor<f32>
    return %1 : tensor<f32>
  }
  func.func @k16_divf(%arg0: tensor<f32>, %arg1: tensor<f32>) -> tensor<f32> {
    %0 = tensor.empty() : tensor<f32>
    %1 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = []} ins(%arg0, %arg1 : tensor<f32>, tensor<f32>) outs(%0 : tensor<f32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %2 = arith.divf %in, %in_0 : f32
      linalg.yield %2 : f32
    } -> tensor<f32>
    return %1 : tensor<f32>
  }
  func.func @k17_mulf_subf_addf_sqrt(%arg0: tensor<16xf32>, %arg1: tensor<f32>, %arg2: tensor<16xf32>, %arg3: tensor<f32>, %arg4: tensor<f32>, %arg5: tensor<16xf32>, %arg6: tensor<f32>, %arg7: tensor<16xf32>, %arg8: tensor<f32>, %arg9: tensor<f32>, %arg10: tensor<f32>) -> (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) {
    %0 = tensor.empty() : tensor<16xf32>
    %1 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel"]} ins(%arg0, %arg1 : tensor<16xf32>, tensor<f32>) outs(%0 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %2 = tensor.empty() : tensor<16xf32>
    %3 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel"]} ins(%arg2, %arg3 : tensor<16xf32>, tensor<f32>) outs(%2 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %4 = tensor.empty() : tensor<16xf32>
    %5 = linalg.generic {indexing_maps = [#map3, #map2, #map2], iterator_types = ["parallel"]} ins(%arg4, %arg5 : tensor<f32>, tensor<16xf32>) outs(%4 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %6 = tensor.empty() : tensor<16xf32>
    %7 = linalg.generic {indexing_maps = [#map3, #map2], iterator_types = ["parallel"]} ins(%arg4 : tensor<f32>) outs(%6 : tensor<16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst = arith.constant 1.000000e+00 : f32
      %34 = arith.subf %cst, %in : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %8 = tensor.empty() : tensor<16xf32>
    %9 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%7, %3 : tensor<16xf32>, tensor<16xf32>) outs(%8 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %10 = tensor.empty() : tensor<16xf32>
    %11 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%5, %9 : tensor<16xf32>, tensor<16xf32>) outs(%10 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %12 = tensor.empty() : tensor<16xf32>
    %13 = linalg.generic {indexing_maps = [#map3, #map2, #map2], iterator_types = ["parallel"]} ins(%arg6, %arg7 : tensor<f32>, tensor<16xf32>) outs(%12 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %14 = tensor.empty() : tensor<16xf32>
    %15 = linalg.generic {indexing_maps = [#map3, #map2], iterator_types = ["parallel"]} ins(%arg6 : tensor<f32>) outs(%14 : tensor<16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst = arith.constant 1.000000e+00 : f32
      %34 = arith.subf %cst, %in : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %16 = tensor.empty() : tensor<16xf32>
    %17 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%3, %3 : tensor<16xf32>, tensor<16xf32>) outs(%16 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %18 = tensor.empty() : tensor<16xf32>
    %19 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%15, %17 : tensor<16xf32>, tensor<16xf32>) outs(%18 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %20 = tensor.empty() : tensor<16xf32>
    %21 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%13, %19 : tensor<16xf32>, tensor<16xf32>) outs(%20 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %22 = tensor.empty() : tensor<16xf32>
    %23 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%21 : tensor<16xf32>) outs(%22 : tensor<16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %34 = math.sqrt %in : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %24 = tensor.empty() : tensor<16xf32>
    %25 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel"]} ins(%23, %arg8 : tensor<16xf32>, tensor<f32>) outs(%24 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.divf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %26 = tensor.empty() : tensor<16xf32>
    %27 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel"]} ins(%25, %arg9 : tensor<16xf32>, tensor<f32>) outs(%26 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %28 = tensor.empty() : tensor<16xf32>
    %29 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%11, %27 : tensor<16xf32>, tensor<16xf32>) outs(%28 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.divf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %30 = tensor.empty() : tensor<16xf32>
    %31 = linalg.generic {indexing_maps = [#map3, #map2, #map2], iterator_types = ["parallel"]} ins(%arg10, %29 : tensor<f32>, tensor<16xf32>) outs(%30 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    %32 = tensor.empty() : tensor<16xf32>
    %33 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%1, %31 : tensor<16xf32>, tensor<16xf32>) outs(%32 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.subf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16xf32>
    return %11, %21, %33 : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
  }
  func.func @k18_mulf_subf_addf_sqrt(%arg0: tensor<16x16xf32>, %arg1: tensor<f32>, %arg2: tensor<16x16xf32>, %arg3: tensor<f32>, %arg4: tensor<f32>, %arg5: tensor<16x16xf32>, %arg6: tensor<f32>, %arg7: tensor<16x16xf32>, %arg8: tensor<f32>, %arg9: tensor<f32>, %arg10: tensor<f32>) -> (tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>) {
    %0 = tensor.empty() : tensor<16x16xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<16x16xf32>, tensor<f32>) outs(%0 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %2 = tensor.empty() : tensor<16x16xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg2, %arg3 : tensor<16x16xf32>, tensor<f32>) outs(%2 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %4 = tensor.empty() : tensor<16x16xf32>
    %5 = linalg.generic {indexing_maps = [#map7, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg4, %arg5 : tensor<f32>, tensor<16x16xf32>) outs(%4 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %6 = tensor.empty() : tensor<16x16xf32>
    %7 = linalg.generic {indexing_maps = [#map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg4 : tensor<f32>) outs(%6 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst = arith.constant 1.000000e+00 : f32
      %34 = arith.subf %cst, %in : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %8 = tensor.empty() : tensor<16x16xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%7, %3 : tensor<16x16xf32>, tensor<16x16xf32>) outs(%8 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %10 = tensor.empty() : tensor<16x16xf32>
    %11 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%5, %9 : tensor<16x16xf32>, tensor<16x16xf32>) outs(%10 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %12 = tensor.empty() : tensor<16x16xf32>
    %13 = linalg.generic {indexing_maps = [#map7, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg6, %arg7 : tensor<f32>, tensor<16x16xf32>) outs(%12 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %14 = tensor.empty() : tensor<16x16xf32>
    %15 = linalg.generic {indexing_maps = [#map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg6 : tensor<f32>) outs(%14 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst = arith.constant 1.000000e+00 : f32
      %34 = arith.subf %cst, %in : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %16 = tensor.empty() : tensor<16x16xf32>
    %17 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%3, %3 : tensor<16x16xf32>, tensor<16x16xf32>) outs(%16 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %18 = tensor.empty() : tensor<16x16xf32>
    %19 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%15, %17 : tensor<16x16xf32>, tensor<16x16xf32>) outs(%18 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %20 = tensor.empty() : tensor<16x16xf32>
    %21 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%13, %19 : tensor<16x16xf32>, tensor<16x16xf32>) outs(%20 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %22 = tensor.empty() : tensor<16x16xf32>
    %23 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%21 : tensor<16x16xf32>) outs(%22 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %34 = math.sqrt %in : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %24 = tensor.empty() : tensor<16x16xf32>
    %25 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%23, %arg8 : tensor<16x16xf32>, tensor<f32>) outs(%24 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.divf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %26 = tensor.empty() : tensor<16x16xf32>
    %27 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%25, %arg9 : tensor<16x16xf32>, tensor<f32>) outs(%26 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %28 = tensor.empty() : tensor<16x16xf32>
    %29 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%11, %27 : tensor<16x16xf32>, tensor<16x16xf32>) outs(%28 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.divf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %30 = tensor.empty() : tensor<16x16xf32>
    %31 = linalg.generic {indexing_maps = [#map7, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg10, %29 : tensor<f32>, tensor<16x16xf32>) outs(%30 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    %32 = tensor.empty() : tensor<16x16xf32>
    %33 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%1, %31 : tensor<16x16xf32>, tensor<16x16xf32>) outs(%32 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.subf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<16x16xf32>
    return %11, %21, %33 : tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>
  }
  func.func @k19_mulf_subf_addf_sqrt(%arg0: tensor<5x16xf32>, %arg1: tensor<f32>, %arg2: tensor<5x16xf32>, %arg3: tensor<f32>, %arg4: tensor<f32>, %arg5: tensor<5x16xf32>, %arg6: tensor<f32>, %arg7: tensor<5x16xf32>, %arg8: tensor<f32>, %arg9: tensor<f32>, %arg10: tensor<f32>) -> (tensor<5x16xf32>, tensor<5x16xf32>, tensor<5x16xf32>) {
    %0 = tensor.empty() : tensor<5x16xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<5x16xf32>, tensor<f32>) outs(%0 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %2 = tensor.empty() : tensor<5x16xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg2, %arg3 : tensor<5x16xf32>, tensor<f32>) outs(%2 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %4 = tensor.empty() : tensor<5x16xf32>
    %5 = linalg.generic {indexing_maps = [#map7, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg4, %arg5 : tensor<f32>, tensor<5x16xf32>) outs(%4 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %6 = tensor.empty() : tensor<5x16xf32>
    %7 = linalg.generic {indexing_maps = [#map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg4 : tensor<f32>) outs(%6 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst = arith.constant 1.000000e+00 : f32
      %34 = arith.subf %cst, %in : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %8 = tensor.empty() : tensor<5x16xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%7, %3 : tensor<5x16xf32>, tensor<5x16xf32>) outs(%8 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %10 = tensor.empty() : tensor<5x16xf32>
    %11 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%5, %9 : tensor<5x16xf32>, tensor<5x16xf32>) outs(%10 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %12 = tensor.empty() : tensor<5x16xf32>
    %13 = linalg.generic {indexing_maps = [#map7, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg6, %arg7 : tensor<f32>, tensor<5x16xf32>) outs(%12 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %14 = tensor.empty() : tensor<5x16xf32>
    %15 = linalg.generic {indexing_maps = [#map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg6 : tensor<f32>) outs(%14 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst = arith.constant 1.000000e+00 : f32
      %34 = arith.subf %cst, %in : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %16 = tensor.empty() : tensor<5x16xf32>
    %17 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%3, %3 : tensor<5x16xf32>, tensor<5x16xf32>) outs(%16 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %18 = tensor.empty() : tensor<5x16xf32>
    %19 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%15, %17 : tensor<5x16xf32>, tensor<5x16xf32>) outs(%18 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %20 = tensor.empty() : tensor<5x16xf32>
    %21 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%13, %19 : tensor<5x16xf32>, tensor<5x16xf32>) outs(%20 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %22 = tensor.empty() : tensor<5x16xf32>
    %23 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%21 : tensor<5x16xf32>) outs(%22 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %34 = math.sqrt %in : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %24 = tensor.empty() : tensor<5x16xf32>
    %25 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%23, %arg8 : tensor<5x16xf32>, tensor<f32>) outs(%24 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.divf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %26 = tensor.empty() : tensor<5x16xf32>
    %27 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%25, %arg9 : tensor<5x16xf32>, tensor<f32>) outs(%26 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %28 = tensor.empty() : tensor<5x16xf32>
    %29 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%11, %27 : tensor<5x16xf32>, tensor<5x16xf32>) outs(%28 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.divf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %30 = tensor.empty() : tensor<5x16xf32>
    %31 = linalg.generic {indexing_maps = [#map7, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg10, %29 : tensor<f32>, tensor<5x16xf32>) outs(%30 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    %32 = tensor.empty() : tensor<5x16xf32>
    %33 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%1, %31 : tensor<5x16xf32>, tensor<5x16xf32>) outs(%32 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.subf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5x16xf32>
    return %11, %21, %33 : tensor<5x16xf32>, tensor<5x16xf32>, tensor<5x16xf32>
  }
  func.func @k20_mulf_subf_addf_sqrt(%arg0: tensor<5xf32>, %arg1: tensor<f32>, %arg2: tensor<5xf32>, %arg3: tensor<f32>, %arg4: tensor<f32>, %arg5: tensor<5xf32>, %arg6: tensor<f32>, %arg7: tensor<5xf32>, %arg8: tensor<f32>, %arg9: tensor<f32>, %arg10: tensor<f32>) -> (tensor<5xf32>, tensor<5xf32>, tensor<5xf32>) {
    %0 = tensor.empty() : tensor<5xf32>
    %1 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel"]} ins(%arg0, %arg1 : tensor<5xf32>, tensor<f32>) outs(%0 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %2 = tensor.empty() : tensor<5xf32>
    %3 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel"]} ins(%arg2, %arg3 : tensor<5xf32>, tensor<f32>) outs(%2 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %4 = tensor.empty() : tensor<5xf32>
    %5 = linalg.generic {indexing_maps = [#map3, #map2, #map2], iterator_types = ["parallel"]} ins(%arg4, %arg5 : tensor<f32>, tensor<5xf32>) outs(%4 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %6 = tensor.empty() : tensor<5xf32>
    %7 = linalg.generic {indexing_maps = [#map3, #map2], iterator_types = ["parallel"]} ins(%arg4 : tensor<f32>) outs(%6 : tensor<5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst = arith.constant 1.000000e+00 : f32
      %34 = arith.subf %cst, %in : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %8 = tensor.empty() : tensor<5xf32>
    %9 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%7, %3 : tensor<5xf32>, tensor<5xf32>) outs(%8 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %10 = tensor.empty() : tensor<5xf32>
    %11 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%5, %9 : tensor<5xf32>, tensor<5xf32>) outs(%10 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %12 = tensor.empty() : tensor<5xf32>
    %13 = linalg.generic {indexing_maps = [#map3, #map2, #map2], iterator_types = ["parallel"]} ins(%arg6, %arg7 : tensor<f32>, tensor<5xf32>) outs(%12 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %14 = tensor.empty() : tensor<5xf32>
    %15 = linalg.generic {indexing_maps = [#map3, #map2], iterator_types = ["parallel"]} ins(%arg6 : tensor<f32>) outs(%14 : tensor<5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst = arith.constant 1.000000e+00 : f32
      %34 = arith.subf %cst, %in : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %16 = tensor.empty() : tensor<5xf32>
    %17 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%3, %3 : tensor<5xf32>, tensor<5xf32>) outs(%16 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %18 = tensor.empty() : tensor<5xf32>
    %19 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%15, %17 : tensor<5xf32>, tensor<5xf32>) outs(%18 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %20 = tensor.empty() : tensor<5xf32>
    %21 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%13, %19 : tensor<5xf32>, tensor<5xf32>) outs(%20 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %22 = tensor.empty() : tensor<5xf32>
    %23 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%21 : tensor<5xf32>) outs(%22 : tensor<5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %34 = math.sqrt %in : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %24 = tensor.empty() : tensor<5xf32>
    %25 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel"]} ins(%23, %arg8 : tensor<5xf32>, tensor<f32>) outs(%24 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.divf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %26 = tensor.empty() : tensor<5xf32>
    %27 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel"]} ins(%25, %arg9 : tensor<5xf32>, tensor<f32>) outs(%26 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.addf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %28 = tensor.empty() : tensor<5xf32>
    %29 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%11, %27 : tensor<5xf32>, tensor<5xf32>) outs(%28 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.divf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %30 = tensor.empty() : tensor<5xf32>
    %31 = linalg.generic {indexing_maps = [#map3, #map2, #map2], iterator_types = ["parallel"]} ins(%arg10, %29 : tensor<f32>, tensor<5xf32>) outs(%30 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.mulf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    %32 = tensor.empty() : tensor<5xf32>
    %33 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%1, %31 : tensor<5xf32>, tensor<5xf32>) outs(%32 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %34 = arith.subf %in, %in_0 : f32
      linalg.yield %34 : f32
    } -> tensor<5xf32>
    return %11, %21, %33 : tensor<5xf32>, tensor<5xf32>, tensor<5xf32>
  }
  func.func @k21_mulf(%arg0: tensor<16x12xf32>, %arg1: tensor<f32>, %arg2: tensor<16xf32>) -> (tensor<16x12xf32>, tensor<16xf32>) {
    %0 = tensor.empty() : tensor<16x12xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<16x12xf32>, tensor<f32>) outs(%0 : tensor<16x12xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %4 = arith.mulf %in, %in_0 : f32
      linalg.yield %4 : f32
    } -> tensor<16x12xf32>
    %2 = tensor.empty() : tensor<16xf32>
    %3 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel"]} ins(%arg2, %arg1 : tensor<16xf32>, tensor<f32>) outs(%2 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %4 = arith.mulf %in, %in_0 : f32
      linalg.yield %4 : f32
    } -> tensor<16xf32>
    return %1, %3 : tensor<16x12xf32>, tensor<16xf32>
  }
  func.func @k22_mulf(%arg0: tensor<16x16xf32>, %arg1: tensor<f32>, %arg2: tensor<16xf32>) -> (tensor<16x16xf32>, tensor<16xf32>) {
    %0 = tensor.empty() : tensor<16x16xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<16x16xf32>, tensor<f32>) outs(%0 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %4 = arith.mulf %in, %in_0 : f32
      linalg.yield %4 : f32
    } -> tensor<16x16xf32>
    %2 = tensor.empty() : tensor<16xf32>
    %3 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel"]} ins(%arg2, %arg1 : tensor<16xf32>, tensor<f32>) outs(%2 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %4 = arith.mulf %in, %in_0 : f32
      linalg.yield %4 : f32
    } -> tensor<16xf32>
    return %1, %3 : tensor<16x16xf32>, tensor<16xf32>
  }
  func.func @k23_mulf(%arg0: tensor<5x16xf32>, %arg1: tensor<f32>) -> tensor<5x16xf32> {
    %0 = tensor.empty() : tensor<5x16xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map7, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<5x16xf32>, tensor<f32>) outs(%0 : tensor<5x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %2 = arith.mulf %in, %in_0 : f32
      linalg.yield %2 : f32
    } -> tensor<5x16xf32>
    return %1 : tensor<5x16xf32>
  }
  func.func @k24_mulf(%arg0: tensor<5xf32>, %arg1: tensor<f32>) -> tensor<5xf32> {
    %0 = tensor.empty() : tensor<5xf32>
    %1 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel"]} ins(%arg0, %arg1 : tensor<5xf32>, tensor<f32>) outs(%0 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %2 = arith.mulf %in, %in_0 : f32
      linalg.yield %2 : f32
    } -> tensor<5xf32>
    return %1 : tensor<5xf32>
  }
  func.func @k25_maximumf_subf_exp_addf(%arg0: tensor<8x5xf32>, %arg1: tensor<8xi64>, %arg2: tensor<8xi64>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
    %cst = arith.constant 0xFF800000 : f32
    %0 = tensor.empty() : tensor<8xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "reduction"]} ins(%arg0 : tensor<8x5xf32>) outs(%1 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %37 = arith.maximumf %in, %out : f32
      linalg.yield %37 : f32
    } -> tensor<8xf32>
    %3 = tensor.empty() : tensor<8x5xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %2 : tensor<8x5xf32>, tensor<8xf32>) outs(%3 : tensor<8x5xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %37 = arith.subf %in, %in_2 : f32
      linalg.yield %37 : f32
    } -> tensor<8x5xf32>
    %5 = tensor.empty() : tensor<8x5xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%4 : tensor<8x5xf32>) outs(%5 : tensor<8x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %37 = math.exp %in : f32
      linalg.yield %37 : f32
    } -> tensor<8x5xf32>
    %cst_0 = arith.constant 0.000000e+00 : f32
    %7 = tensor.empty() : tensor<8xf32>
    %8 = linalg.fill ins(%cst_0 : f32) outs(%7 : tensor<8xf32>) -> tensor<8xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "reduction"]} ins(%6 : tensor<8x5xf32>) outs(%8 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %37 = arith.addf %in, %out : f32
      linalg.yield %37 : f32
    } -> tensor<8xf32>
    %10 = tensor.empty() : tensor<8xf32>
    %11 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%9 : tensor<8xf32>) outs(%10 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %37 = math.log %in : f32
      linalg.yield %37 : f32
    } -> tensor<8xf32>
    %12 = tensor.empty() : tensor<8xf32>
    %13 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%11, %2 : tensor<8xf32>, tensor<8xf32>) outs(%12 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %37 = arith.addf %in, %in_2 : f32
      linalg.yield %37 : f32
    } -> tensor<8xf32>
    %14 = tensor.empty() : tensor<8x5xi1>
    %15 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<8xi64>) outs(%14 : tensor<8x5xi1>) {
    ^bb0(%in: i64, %out: i1):
      %37 = linalg.index 1 : index
      %38 = arith.index_cast %37 : index to i64
      %39 = arith.cmpi eq, %38, %in : i64
      linalg.yield %39 : i1
    } -> tensor<8x5xi1>
    %16 = tensor.empty() : tensor<8x5xf32>
    %17 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%15, %arg0 : tensor<8x5xi1>, tensor<8x5xf32>) outs(%16 : tensor<8x5xf32>) {
    ^bb0(%in: i1, %in_2: f32, %out: f32):
      %cst_3 = arith.constant 0.000000e+00 : f32
      %37 = arith.select %in, %in_2, %cst_3 : f32
      linalg.yield %37 : f32
    } -> tensor<8x5xf32>
    %cst_1 = arith.constant 0.000000e+00 : f32
    %18 = tensor.empty() : tensor<8xf32>
    %19 = linalg.fill ins(%cst_1 : f32) outs(%18 : tensor<8xf32>) -> tensor<8xf32>
    %20 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "reduction"]} ins(%17 : tensor<8x5xf32>) outs(%19 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %37 = arith.addf %in, %out : f32
      linalg.yield %37 : f32
    } -> tensor<8xf32>
    %21 = tensor.empty() : tensor<8xf32>
    %22 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%13, %20 : tensor<8xf32>, tensor<8xf32>) outs(%21 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %37 = arith.subf %in, %in_2 : f32
      linalg.yield %37 : f32
    } -> tensor<8xf32>
    %23 = tensor.empty() : tensor<8xi1>
    %24 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%arg1 : tensor<8xi64>) outs(%23 : tensor<8xi1>) {
    ^bb0(%in: i64, %out: i1):
      %c-100_i64 = arith.constant -100 : i64
      %37 = arith.cmpi eq, %in, %c-100_i64 : i64
      linalg.yield %37 : i1
    } -> tensor<8xi1>
    %25 = tensor.empty() : tensor<8xf32>
    %26 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%24, %22 : tensor<8xi1>, tensor<8xf32>) outs(%25 : tensor<8xf32>) {
    ^bb0(%in: i1, %in_2: f32, %out: f32):
      %cst_3 = arith.constant 0.000000e+00 : f32
      %37 = arith.select %in, %cst_3, %in_2 : f32
      linalg.yield %37 : f32
    } -> tensor<8xf32>
    %27 = tensor.empty() : tensor<8xi1>
    %28 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%arg1 : tensor<8xi64>) outs(%27 : tensor<8xi1>) {
    ^bb0(%in: i64, %out: i1):
      %c-100_i64 = arith.constant -100 : i64
      %37 = arith.cmpi ne, %in, %c-100_i64 : i64
      linalg.yield %37 : i1
    } -> tensor<8xi1>
    %29 = tensor.empty() : tensor<8xf32>
    %30 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%28 : tensor<8xi1>) outs(%29 : tensor<8xf32>) {
    ^bb0(%in: i1, %out: f32):
      %37 = arith.uitofp %in : i1 to f32
      linalg.yield %37 : f32
    } -> tensor<8xf32>
    %31 = tensor.empty() : tensor<8xi1>
    %32 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%arg2, %arg1 : tensor<8xi64>, tensor<8xi64>) outs(%31 : tensor<8xi1>) {
    ^bb0(%in: i64, %in_2: i64, %out: i1):
      %37 = arith.cmpi eq, %in, %in_2 : i64
      linalg.yield %37 : i1
    } -> tensor<8xi1>
    %33 = tensor.empty() : tensor<8xi1>
    %34 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel"]} ins(%32, %28 : tensor<8xi1>, tensor<8xi1>) outs(%33 : tensor<8xi1>) {
    ^bb0(%in: i1, %in_2: i1, %out: i1):
      %37 = arith.andi %in, %in_2 : i1
      linalg.yield %37 : i1
    } -> tensor<8xi1>
    %35 = tensor.empty() : tensor<8xf32>
    %36 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%34 : tensor<8xi1>) outs(%35 : tensor<8xf32>) {
    ^bb0(%in: i1, %out: f32):
      %37 = arith.uitofp %in : i1 to f32
      linalg.yield %37 : f32
    } -> tensor<8xf32>
    return %26, %30, %36 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  }
}

{-#
  external_resources: {
    mlir_reproducer: {
      pipeline: "builtin.module(func.func(dsc-cpu-kernels-to-loops{cpu=native},cse), dsc-cpu-approximate-math, func.func(dsc-cpu-loops-to-llvm{cpu=native}), convert-func-to-llvm{index-bitwidth=0 use-bare-ptr-memref-call-conv=false}, reconcile-unrealized-casts)",
      disable_threading: false,
      verify_each: true
    }
  }
#-}
