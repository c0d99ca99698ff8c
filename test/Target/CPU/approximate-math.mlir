// RUN: dsc-opt %s --dsc-cpu-approximate-math | FileCheck %s
// RUN: dsc-opt %s --dsc-cpu-approximate-math="polynomials=false" | FileCheck %s --check-prefix=LIBM
// LIBM-LABEL: func @exp(
// LIBM-COUNT-16: llvm.call @expf(
// LIBM: return

// No math but instructions is left: rounding by addition, a polynomial, and the
// power of two by its exponent bits.

// CHECK-DAG: llvm.func @erf(f64) -> f64
// CHECK-DAG: llvm.func @asinf(f32) -> f32

// CHECK-LABEL: func @exp(
// CHECK-NOT:     math.exp
// CHECK-COUNT-8: arith.mulf {{.*}} fastmath<contract> : vector<16xf32>
// CHECK-COUNT-2: arith.shli {{.*}} : vector<16xi32>
// CHECK:         %[[POWER:.*]] = arith.bitcast {{.*}} : vector<16xi32> to vector<16xf32>
// CHECK:         %[[Y:.*]] = arith.mulf %{{.*}}, %[[POWER]]
// CHECK:         return %[[Y]]
func.func @exp(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.exp %x : vector<16xf32>
  return %y : vector<16xf32>
}

// CHECK-LABEL: func @square(
// CHECK:         %[[Y:.*]] = arith.mulf %arg0, %arg0
// CHECK:         return %[[Y]]
func.func @square(%x: vector<8xf32>) -> vector<8xf32> {
  %two = arith.constant dense<2.0> : vector<8xf32>
  %y = math.powf %x, %two : vector<8xf32>
  return %y : vector<8xf32>
}

// CHECK-LABEL: func @erf_double(
// CHECK-COUNT-4: llvm.call @erf({{.*}}) : (f64) -> f64
// CHECK-NOT:     llvm.call
// CHECK:         return
func.func @erf_double(%x: vector<4xf64>) -> vector<4xf64> {
  %y = math.erf %x : vector<4xf64>
  return %y : vector<4xf64>
}

// CHECK-LABEL: func @rare(
// CHECK:         llvm.call @asinf(%arg0) : (f32) -> f32
func.func @rare(%x: f32) -> f32 {
  %y = math.asin %x : f32
  return %y : f32
}

// CHECK-LABEL: func @narrow(
// CHECK:         arith.extf %arg0 : vector<16xbf16> to vector<16xf32>
// CHECK-NOT:     math.tanh
// CHECK:         arith.truncf {{.*}} : vector<16xf32> to vector<16xbf16>
func.func @narrow(%x: vector<16xbf16>) -> vector<16xbf16> {
  %y = math.tanh %x : vector<16xbf16>
  return %y : vector<16xbf16>
}

// Instructions stay as they are.
// CHECK-LABEL: func @instructions(
// CHECK:         math.sqrt %arg0
// CHECK:         math.floor
func.func @instructions(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.sqrt %x : vector<16xf32>
  %z = math.floor %y : vector<16xf32>
  return %z : vector<16xf32>
}
