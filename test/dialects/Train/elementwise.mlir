// RUN: dsc-opt %s | dsc-opt | FileCheck %s
// RUN: dsc-opt --mlir-print-op-generic %s | dsc-opt | FileCheck %s

// CHECK-LABEL: func @unary
func.func @unary(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK: train.neg %{{.*}} : tensor<4x8xf32>
  %0 = train.neg %x : tensor<4x8xf32>
  // CHECK: train.abs %{{.*}} : tensor<4x8xf32>
  %1 = train.abs %0 : tensor<4x8xf32>
  // CHECK: train.sign %{{.*}} : tensor<4x8xf32>
  %2 = train.sign %1 : tensor<4x8xf32>
  // CHECK: train.floor %{{.*}} : tensor<4x8xf32>
  %3 = train.floor %2 : tensor<4x8xf32>
  // CHECK: train.ceil %{{.*}} : tensor<4x8xf32>
  %4 = train.ceil %3 : tensor<4x8xf32>
  // CHECK: train.round %{{.*}} : tensor<4x8xf32>
  %5 = train.round %4 : tensor<4x8xf32>
  // CHECK: train.exp %{{.*}} : tensor<4x8xf32>
  %6 = train.exp %5 : tensor<4x8xf32>
  // CHECK: train.expm1 %{{.*}} : tensor<4x8xf32>
  %7 = train.expm1 %6 : tensor<4x8xf32>
  // CHECK: train.log %{{.*}} : tensor<4x8xf32>
  %8 = train.log %7 : tensor<4x8xf32>
  // CHECK: train.log1p %{{.*}} : tensor<4x8xf32>
  %9 = train.log1p %8 : tensor<4x8xf32>
  // CHECK: train.sqrt %{{.*}} : tensor<4x8xf32>
  %10 = train.sqrt %9 : tensor<4x8xf32>
  // CHECK: train.rsqrt %{{.*}} : tensor<4x8xf32>
  %11 = train.rsqrt %10 : tensor<4x8xf32>
  // CHECK: train.reciprocal %{{.*}} : tensor<4x8xf32>
  %12 = train.reciprocal %11 : tensor<4x8xf32>
  // CHECK: train.tanh %{{.*}} : tensor<4x8xf32>
  %13 = train.tanh %12 : tensor<4x8xf32>
  // CHECK: train.sigmoid %{{.*}} : tensor<4x8xf32>
  %14 = train.sigmoid %13 : tensor<4x8xf32>
  // CHECK: train.erf %{{.*}} : tensor<4x8xf32>
  %15 = train.erf %14 : tensor<4x8xf32>
  // CHECK: train.sin %{{.*}} : tensor<4x8xf32>
  %16 = train.sin %15 : tensor<4x8xf32>
  // CHECK: train.cos %{{.*}} : tensor<4x8xf32>
  %17 = train.cos %16 : tensor<4x8xf32>
  // CHECK: train.relu %{{.*}} : tensor<4x8xf32>
  %18 = train.relu %17 : tensor<4x8xf32>
  // CHECK: train.gelu erf %{{.*}} : tensor<4x8xf32>
  %19 = train.gelu erf %18 : tensor<4x8xf32>
  // CHECK: train.gelu tanh %{{.*}} : tensor<4x8xf32>
  %20 = train.gelu tanh %19 : tensor<4x8xf32>
  // CHECK: train.round_through %{{.*}} : tensor<4x8xf32>
  %21 = train.round_through %20 : tensor<4x8xf32>
  // CHECK: train.atan %{{.*}} : tensor<4x8xf32>
  %22 = train.atan %21 : tensor<4x8xf32>
  // CHECK: train.stop_gradient %{{.*}} : tensor<4x8xf32>
  %23 = train.stop_gradient %22 : tensor<4x8xf32>
  return %23 : tensor<4x8xf32>
}

// CHECK-LABEL: func @binary
func.func @binary(%a: tensor<8xf64>, %b: tensor<8xf64>) -> tensor<8xf64> {
  // CHECK: train.add %{{.*}}, %{{.*}} : tensor<8xf64>
  %0 = train.add %a, %b : tensor<8xf64>
  // CHECK: train.sub %{{.*}}, %{{.*}} : tensor<8xf64>
  %1 = train.sub %0, %b : tensor<8xf64>
  // CHECK: train.mul %{{.*}}, %{{.*}} : tensor<8xf64>
  %2 = train.mul %1, %b : tensor<8xf64>
  // CHECK: train.div %{{.*}}, %{{.*}} : tensor<8xf64>
  %3 = train.div %2, %b : tensor<8xf64>
  // CHECK: train.max %{{.*}}, %{{.*}} : tensor<8xf64>
  %4 = train.max %3, %b : tensor<8xf64>
  // CHECK: train.min %{{.*}}, %{{.*}} : tensor<8xf64>
  %5 = train.min %4, %b : tensor<8xf64>
  // CHECK: train.pow %{{.*}}, %{{.*}} : tensor<8xf64>
  %6 = train.pow %5, %b : tensor<8xf64>
  // CHECK: train.rem %{{.*}}, %{{.*}} : tensor<8xf64>
  %7 = train.rem %6, %b : tensor<8xf64>
  return %7 : tensor<8xf64>
}

// CHECK-LABEL: func @logic
func.func @logic(%a: tensor<bf16>, %b: tensor<bf16>) -> tensor<i32> {
  // CHECK: train.compare eq %{{.*}}, %{{.*}} : tensor<bf16>
  %0 = train.compare eq %a, %b : tensor<bf16>
  // CHECK: train.compare ne
  %1 = train.compare ne %a, %b : tensor<bf16>
  // CHECK: train.compare lt
  %2 = train.compare lt %a, %b : tensor<bf16>
  // CHECK: train.compare le
  %3 = train.compare le %a, %b : tensor<bf16>
  // CHECK: train.compare gt
  %4 = train.compare gt %a, %b : tensor<bf16>
  // CHECK: train.compare ge
  %5 = train.compare ge %a, %b : tensor<bf16>
  // CHECK: train.and %{{.*}}, %{{.*}} : tensor<i1>
  %6 = train.and %0, %1 : tensor<i1>
  // CHECK: train.or %{{.*}}, %{{.*}} : tensor<i1>
  %7 = train.or %6, %2 : tensor<i1>
  // CHECK: train.xor %{{.*}}, %{{.*}} : tensor<i1>
  %8 = train.xor %7, %3 : tensor<i1>
  // CHECK: train.not %{{.*}} : tensor<i1>
  %9 = train.not %8 : tensor<i1>
  // CHECK: train.select %{{.*}}, %{{.*}}, %{{.*}} : tensor<i1>, tensor<bf16>
  %10 = train.select %9, %a, %b : tensor<i1>, tensor<bf16>
  // CHECK: train.convert %{{.*}} : tensor<bf16> to tensor<i32>
  %11 = train.convert %10 : tensor<bf16> to tensor<i32>
  return %11 : tensor<i32>
}

// CHECK-LABEL: func @bits
func.func @bits(%a: tensor<3xi32>, %b: tensor<3xi32>) -> tensor<3xi32> {
  // CHECK: train.and %{{.*}}, %{{.*}} : tensor<3xi32>
  %0 = train.and %a, %b : tensor<3xi32>
  // CHECK: train.not %{{.*}} : tensor<3xi32>
  %1 = train.not %0 : tensor<3xi32>
  // CHECK: train.shift_left %{{.*}}, %{{.*}} : tensor<3xi32>
  %2 = train.shift_left %1, %b : tensor<3xi32>
  // CHECK: train.shift_right %{{.*}}, %{{.*}} : tensor<3xi32>
  %3 = train.shift_right %2, %b : tensor<3xi32>
  return %3 : tensor<3xi32>
}
