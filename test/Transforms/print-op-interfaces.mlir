// RUN: dsc-opt %s --dsc-print-op-interfaces 2>&1 | FileCheck %s

func.func @rules(%a: tensor<8x32xf32>, %b: tensor<32x16xf32>) -> tensor<8x16xf32> {
  // CHECK: train.dot ([i, k], [k, j]) -> ([i, j]) {i=8, j=16, k=32} reduction={k}, computes-low, 8192 flops, 3584 bytes
  %c = train.dot %a, %b batch [] x [] contract [1] x [0] : tensor<8x32xf32>, tensor<32x16xf32> -> tensor<8x16xf32>
  // CHECK: train.softmax ([i, j]) -> ([i, j]) {i=8, j=16} whole={j}, needs-f32, 512 flops, 1024 bytes
  %s = train.softmax %c 1 : tensor<8x16xf32>
  return %s : tensor<8x16xf32>
}
