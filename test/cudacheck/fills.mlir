// Buffers that are filled with one number: a negative one, and the one without a literal.
// RUN: dsc-cuda-check %s | FileCheck %s --implicit-check-not=FAILED

// CHECK: numbers: agrees
func.func @numbers() -> (tensor<3x5xi64>, tensor<2x2xf64>, tensor<7xbf16>) {
  %negative = train.constant dense<-100> : tensor<3x5xi64>
  %zero = train.constant dense<-0.0> : tensor<2x2xf64>
  %third = train.constant dense<-3.0> : tensor<7xbf16>
  return %negative, %zero, %third : tensor<3x5xi64>, tensor<2x2xf64>, tensor<7xbf16>
}
