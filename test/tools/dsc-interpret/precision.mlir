// Every op's result is rounded to its type, to nearest even; --f64 rounds nothing.
// RUN: dsc-interpret %s | FileCheck %s
// RUN: dsc-interpret %s --f64 | FileCheck %s --check-prefix=F64

func.func @main() -> (tensor<f32> {train.name = "f32"}, tensor<f16> {train.name = "f16"},
                      tensor<bf16> {train.name = "bf16"}, tensor<i8> {train.name = "i8"},
                      tensor<1xbf16> {train.name = "tie"}) {
  %one = train.constant dense<1.0> : tensor<f32>
  %three = train.constant dense<3.0> : tensor<f32>
  // CHECK: f32 = tensor<f32> [0.333333343]
  // F64: f32 = tensor<f32> [0.333333333]
  %third = train.div %one, %three : tensor<f32>
  // CHECK: f16 = tensor<f16> [0.333251953]
  // F64: f16 = tensor<f16> [0.333333333]
  %half = train.convert %third : tensor<f32> to tensor<f16>
  // CHECK: bf16 = tensor<bf16> [0.333984375]
  // F64: bf16 = tensor<bf16> [0.333333333]
  %brain = train.convert %third : tensor<f32> to tensor<bf16>
  // CHECK: i8 = tensor<i8> [-56]
  // F64: i8 = tensor<i8> [-56]
  %hundred = train.constant dense<100> : tensor<i8>
  %wrapped = train.add %hundred, %hundred : tensor<i8>
  // 1 + 2^-8 lies half-way between two bf16 numbers: to the even one.
  // CHECK: tie = tensor<1xbf16> [1]
  // F64: tie = tensor<1xbf16> [1.00390625]
  %x = train.constant dense<1.00390625> : tensor<1xf32>
  %tie = train.convert %x : tensor<1xf32> to tensor<1xbf16>
  return %third, %half, %brain, %wrapped, %tie
      : tensor<f32>, tensor<f16>, tensor<bf16>, tensor<i8>, tensor<1xbf16>
}
