// RUN: dsc-opt %s --dsc-exec-pipeline=target=cpu | FileCheck %s --check-prefixes=CHECK,CPU
// RUN: dsc-opt %s --dsc-exec-pipeline=target=cuda | FileCheck %s --check-prefixes=CHECK,CUDA
// RUN: dsc-opt %s --dsc-lower-to-exec="epilogues=false" | FileCheck %s --check-prefix=OFF
// RUN: dsc-cpu-check %s | FileCheck %s --check-prefix=AGREES --implicit-check-not=FAILED
// RUN: dsc-cuda-check %s | FileCheck %s --check-prefix=AGREES --implicit-check-not=FAILED

// A gelu whose argument nobody needs, as in evaluation, is computed as the product is
// written: 9 is the flag of a bias and the gelu by tanh.
// CHECK-LABEL: exec.program @tanh(
// CHECK: exec.call "Matmul"({{.*}}) ints [0, 0, 4, 16, 8, {{.*}}, 9]
// CHECK-NEXT: exec.return
// OFF-LABEL: exec.program @tanh(
// OFF: exec.call "Matmul"({{.*}}) ints [0, 0, 4, 16, 8, {{.*}}, 0]
// OFF: linalg.generic
// AGREES: tanh: agrees
func.func @tanh(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %bias: tensor<16xf32>) -> tensor<4x16xf32> {
  %y = train.dot %x, %w batch [] x [] contract [1] x [0] : tensor<4x8xf32>, tensor<8x16xf32> -> tensor<4x16xf32>
  %b = train.broadcast %bias [1] : tensor<16xf32> to tensor<4x16xf32>
  %z = train.add %y, %b : tensor<4x16xf32>
  %r = train.gelu tanh %z : tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}

// cuBLASLt knows no gelu by erf.
// CHECK-LABEL: exec.program @erf(
// CPU: exec.call "Matmul"({{.*}}) ints [0, 0, 4, 16, 8, {{.*}}, 4]
// CPU-NEXT: exec.return
// CUDA: exec.call "Matmul"({{.*}}) ints [0, 0, 4, 16, 8, {{.*}}, 0]
// CUDA-NEXT: exec.launch
// AGREES: erf: agrees
func.func @erf(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>) -> tensor<4x16xf32> {
  %y = train.dot %x, %w batch [] x [] contract [1] x [0] : tensor<4x8xf32>, tensor<8x16xf32> -> tensor<4x16xf32>
  %r = train.gelu erf %y : tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}

// The gradient of gelu needs its argument.
// CHECK-LABEL: exec.program @needed(
// CHECK: exec.call "Matmul"({{.*}}) ints [0, 0, 4, 16, 8, {{.*}}, 0]
// AGREES: needed: agrees
func.func @needed(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %dy: tensor<4x16xf32>) -> (tensor<4x16xf32>, tensor<4x16xf32>) {
  %y = train.dot %x, %w batch [] x [] contract [1] x [0] : tensor<4x8xf32>, tensor<8x16xf32> -> tensor<4x16xf32>
  %r = train.gelu tanh %y : tensor<4x16xf32>
  %d = train.mul %y, %dy : tensor<4x16xf32>
  return %r, %d : tensor<4x16xf32>, tensor<4x16xf32>
}
