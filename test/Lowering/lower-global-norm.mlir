// The gradients' norm is a call where the target has a routine, with room for the sums of chunks: two of
// the first tensor, one of the second, which is converted, and none of the third. Elsewhere it is taken apart.
// RUN: dsc-opt %s --dsc-exec-pipeline=target=cuda | FileCheck %s
// RUN: dsc-opt %s --dsc-exec-pipeline | FileCheck %s --check-prefix=APART
// RUN: not dsc-opt %s --dsc-exec-pipeline=target=tpu 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// CHECK-LABEL: exec.program @norm
// CHECK: %[[C:.*]] = exec.launch @{{.*}}(%arg1) {{.*}} : (tensor<7xf64>) -> tensor<7xf32>
// CHECK: exec.call "GlobalNorm"(%arg0, %[[C]], %arg2) ints [16384] floats [] shifts [0, 0, 0] {{.*}} -> (tensor<f32>, tensor<3xf32>)
// APART-LABEL: exec.program @norm
// APART-NOT: exec.call
// APART: exec.return
// UNKNOWN: tpu
func.func @norm(%x: tensor<100x200xf32>, %y: tensor<7xf64>, %z: tensor<0x3xf32>) -> tensor<f32> {
  %n = train.global_norm %x, %y, %z : tensor<100x200xf32>, tensor<7xf64>, tensor<0x3xf32>
  return %n : tensor<f32>
}
