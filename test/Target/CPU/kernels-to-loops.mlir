// RUN: dsc-opt %s --dsc-cpu-kernels-to-loops=cpu=x86-64-v4 --cse --split-input-file | FileCheck %s

// One flat loop: all dims merge. A part is a block of four vectors; the last
// part has one vector and a masked one.

// CHECK-LABEL: func @relu(
// CHECK-SAME:    %[[BEGIN:.*]]: i64, %[[END:.*]]: i64, %[[BUFFERS:.*]]: !llvm.ptr)
// CHECK:         scf.for %[[PART:.*]] = %[[BEGIN]] to %[[END]]
// CHECK:           %[[WHOLE:.*]] = arith.cmpi slt, %[[PART]]
// CHECK:           scf.if %[[WHOLE]]
// CHECK-COUNT-4:     llvm.load {{.*}} -> vector<16xf32>
// CHECK-COUNT-4:     arith.maximumf {{.*}} : vector<16xf32>
// CHECK-COUNT-4:     llvm.store {{.*}} : vector<16xf32>
// CHECK:           } else {
// CHECK:             llvm.load {{.*}} -> vector<16xf32>
// CHECK:             llvm.intr.masked.load {{.*}} -> vector<16xf32>
// CHECK:             llvm.store
// CHECK:             llvm.intr.masked.store
#id = affine_map<(i, j) -> (i, j)>
func.func @relu(%x: tensor<15x10xf32>) -> tensor<15x10xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<15x10xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<15x10xf32>) outs(%e : tensor<15x10xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maximumf %a, %zero : f32
    linalg.yield %0 : f32
  } -> tensor<15x10xf32>
  return %y : tensor<15x10xf32>
}

// -----

// A row is a part; four accumulators hide the latency of the sum, are then
// combined pairwise, and at last with the initial value.

// CHECK-LABEL: func @row_sum(
// CHECK:         scf.for
// CHECK:           scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK-COUNT-4:     arith.addf {{.*}} : vector<16xf32>
// CHECK-COUNT-3:   arith.addf {{.*}} : vector<16xf32>
// CHECK:           arith.addf {{.*}} : vector<8xf32>
// CHECK:           arith.addf {{.*}} : vector<4xf32>
// CHECK:           arith.addf {{.*}} : vector<2xf32>
// CHECK:           arith.addf {{.*}} : vector<1xf32>
// CHECK:           arith.addf {{.*}} : f32
// CHECK:           llvm.store {{.*}} : f32
func.func @row_sum(%x: tensor<15x256xf32>, %init: tensor<15xf32>) -> tensor<15xf32> {
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<15x256xf32>) outs(%init : tensor<15xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<15xf32>
  return %y : tensor<15xf32>
}

// -----

// Lanes run along the columns, so the rows are the inner loop and no lanes need
// combining.

// CHECK-LABEL: func @column_sum(
// CHECK:         scf.for
// CHECK:           %[[INIT:.*]] = llvm.load {{.*}} -> vector<16xf32>
// CHECK:           %[[SUM:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[INIT]]) -> (vector<16xf32>)
// CHECK:             arith.addf {{.*}} : vector<16xf32>
// CHECK-NOT:       vector.extract
// CHECK:           llvm.store %[[SUM]]
func.func @column_sum(%x: tensor<300x64xf32>, %init: tensor<64xf32>) -> tensor<64xf32> {
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<300x64xf32>) outs(%init : tensor<64xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  } -> tensor<64xf32>
  return %y : tensor<64xf32>
}
