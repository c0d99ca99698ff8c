// RUN: dsc-opt %s --dsc-cpu-kernels=cpu=x86-64-v4 | FileCheck %s
// RUN: dsc-opt %s --dsc-cpu-kernels=cpu=sapphirerapids | FileCheck %s --check-prefix=BF16

// Kernels end as functions of the LLVM dialect, of the type the runtime calls;
// tables that stand beside them are left alone.

// CHECK: llvm.mlir.global external constant @table
llvm.mlir.global external constant @table(42 : i64) : i64

// CHECK-LABEL: llvm.func @narrow(%arg0: i64, %arg1: i64, %arg2: !llvm.ptr)
// CHECK-NOT:     func.
// CHECK-NOT:     scf.
// CHECK-NOT:     unrealized_conversion_cast
// x86-64-v4 cannot round to bf16: integer arithmetic does.
// CHECK-NOT:     llvm.fptrunc
// CHECK:         llvm.lshr {{.*}} : vector<16xi32>
// CHECK:         llvm.return
// BF16:          llvm.fptrunc {{.*}} : vector<16xf32> to vector<16xbf16>
#id = affine_map<(i) -> (i)>
func.func @narrow(%x: tensor<64xf32>) -> tensor<64xbf16> {
  %e = tensor.empty() : tensor<64xbf16>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<64xf32>) outs(%e : tensor<64xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %0 = arith.truncf %a : f32 to bf16
    linalg.yield %0 : bf16
  } -> tensor<64xbf16>
  return %y : tensor<64xbf16>
}

// A choice between two bf16 moves bits: no load, store or select of bf16 is left to LLVM, which
// would round what it widened by a routine that is not linked.
// CHECK-LABEL: llvm.func @choose(
// CHECK-NOT:     llvm.load {{.*}}bf16
// CHECK-NOT:     llvm.select {{.*}}bf16
// CHECK-NOT:     llvm.store {{.*}}bf16
// CHECK:         llvm.return
func.func @choose(%c: tensor<64xi1>, %x: tensor<64xbf16>) -> tensor<64xbf16> {
  %e = tensor.empty() : tensor<64xbf16>
  %y = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%c, %x : tensor<64xi1>, tensor<64xbf16>) outs(%e : tensor<64xbf16>) {
  ^bb0(%b: i1, %a: bf16, %o: bf16):
    %low = arith.constant 0xFF80 : bf16
    %0 = arith.select %b, %a, %low : bf16
    linalg.yield %0 : bf16
  } -> tensor<64xbf16>
  return %y : tensor<64xbf16>
}

// Nor is a root of bf16.
// CHECK-LABEL: llvm.func @root(
// CHECK-NOT:     llvm.intr.sqrt{{.*}}bf16
// CHECK:         llvm.intr.sqrt{{.*}} : (vector<16xf32>)
// CHECK-NOT:     llvm.intr.sqrt{{.*}}bf16
// CHECK:         llvm.return
func.func @root(%x: tensor<64xbf16>) -> tensor<64xbf16> {
  %e = tensor.empty() : tensor<64xbf16>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<64xbf16>) outs(%e : tensor<64xbf16>) {
  ^bb0(%a: bf16, %o: bf16):
    %0 = math.sqrt %a : bf16
    linalg.yield %0 : bf16
  } -> tensor<64xbf16>
  return %y : tensor<64xbf16>
}
