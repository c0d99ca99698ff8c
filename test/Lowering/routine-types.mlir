// Routines compute in f32: halves are converted around them, other products are nests. Integers
// lose their signs, which their operations keep.
// RUN: dsc-opt %s --dsc-lower-to-exec | FileCheck %s

// CHECK-LABEL: exec.program @halves
// CHECK: arith.extf {{.*}} : f16 to f32
// CHECK: exec.call "Matmul"
// CHECK: arith.truncf {{.*}} : f32 to f16
func.func @halves(%a: tensor<2x3xf16>, %b: tensor<3x4xf16>) -> tensor<2x4xf16> {
  %y = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<2x3xf16>, tensor<3x4xf16> -> tensor<2x4xf16>
  return %y : tensor<2x4xf16>
}

// CHECK-LABEL: exec.program @integers
// CHECK-NOT: "Matmul"
// CHECK: arith.muli
// CHECK: arith.addi
func.func @integers(%a: tensor<2x3xi32>, %b: tensor<3x4xi32>) -> tensor<2x4xi32> {
  %y = train.dot %a, %b batch [] x [] contract [1] x [0]
      : tensor<2x3xi32>, tensor<3x4xi32> -> tensor<2x4xi32>
  return %y : tensor<2x4xi32>
}

// CHECK-LABEL: exec.program @unsigned(%{{.*}}: tensor<4xi8>
// CHECK-NOT: ui8
// CHECK: arith.divui
func.func @unsigned(%a: tensor<4xui8>, %b: tensor<4xui8>) -> tensor<4xui8> {
  %y = train.div %a, %b : tensor<4xui8>
  return %y : tensor<4xui8>
}
