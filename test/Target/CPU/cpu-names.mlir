// RUN: not dsc-opt %s --dsc-cpu-kernels-to-loops=cpu=pentium9000 2>&1 | FileCheck %s
// RUN: not dsc-opt %s --dsc-cpu-kernels-to-loops=cpu=i386 2>&1 | FileCheck %s --check-prefix=OLD
// RUN: dsc-opt %s --dsc-cpu-kernels-to-loops=cpu=native

// CHECK: error: unknown processor 'pentium9000'; expected native, generic, or a name such as
// OLD: error: unknown processor 'i386'
func.func @fill() -> tensor<4xf32> {
  %c = arith.constant dense<1.0> : tensor<4xf32>
  return %c : tensor<4xf32>
}
