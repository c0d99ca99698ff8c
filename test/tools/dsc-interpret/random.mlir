// train.uniform is Philox4x32-10: the words of counter and key 0 are published as
// 6627e8d5 e169c58d bc57ac4c 9b00dbd8; a value is the upper 24 bits times 2^-24.
// RUN: dsc-interpret %s --f64 | FileCheck %s

// CHECK: zero = tensor<5xf32> [0.399046421, 0.880520165, 0.735712767, 0.605481803, [[FIFTH:[0-9.]+]]]
// An offset continues in the same sequence:
// CHECK: shifted = tensor<2x2xf32> [0.735712767, 0.605481803, [[FIFTH]],
// Step, stream and the seed's upper half matter:
// CHECK: step = tensor<1xf32> [[A:\[[0-9.]+\]]]
// CHECK-NOT: stream = tensor<1xf32> [[A]]
// CHECK: stream = tensor<1xf32> [[B:\[[0-9.]+\]]]
// CHECK-NOT: seed = tensor<1xf32> [[A]]
// CHECK-NOT: seed = tensor<1xf32> [[B]]
// CHECK: seed = tensor<1xf32>
// dropout keeps where the number is at least the ratio, scaled by 1 / (1 - ratio):
// CHECK: dropped = tensor<5xf32> [0, 10, 10, 0,
func.func @main() -> (tensor<5xf32> {train.name = "zero"}, tensor<2x2xf32> {train.name = "shifted"},
                      tensor<1xf32> {train.name = "step"}, tensor<1xf32> {train.name = "stream"},
                      tensor<1xf32> {train.name = "seed"}, tensor<5xf32> {train.name = "dropped"}) {
  %zero = train.constant dense<0> : tensor<i64>
  %one = train.constant dense<1> : tensor<i64>
  %two = train.constant dense<2> : tensor<i64>
  %high = train.constant dense<4294967296> : tensor<i64>
  %0 = train.uniform %zero, %zero, %zero stream 0 : tensor<5xf32>
  %1 = train.uniform %zero, %zero, %two stream 0 : tensor<2x2xf32>
  %2 = train.uniform %zero, %one, %zero stream 0 : tensor<1xf32>
  %3 = train.uniform %zero, %zero, %zero stream 1 : tensor<1xf32>
  %4 = train.uniform %high, %zero, %zero stream 0 : tensor<1xf32>
  %x = train.constant dense<3.75> : tensor<5xf32>
  %5 = train.dropout %x seed %zero step %zero offset %zero ratio 0.625 stream 0 : tensor<5xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<5xf32>, tensor<2x2xf32>, tensor<1xf32>, tensor<1xf32>,
                                  tensor<1xf32>, tensor<5xf32>
}
