// RUN: dsc-opt %s --split-input-file --dsc-autodiff=function=f | FileCheck %s
// RUN: dsc-opt %s --split-input-file --dsc-autodiff=function=f --dsc-lower-to-exec | FileCheck %s --check-prefix=LOWER

// x * stop_gradient(x): the gradient is that of the first factor, x, and not 2x.
// CHECK-LABEL: func.func @f_grad
// CHECK: %[[STOPPED:.*]] = train.stop_gradient %arg0
// CHECK-NEXT: return %[[STOPPED]]
// Once differentiated it is nothing at all.
// LOWER-NOT: stop_gradient
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %0 = train.stop_gradient %x : tensor<f32>
  %y = train.mul %x, %0 : tensor<f32>
  return %y : tensor<f32>
}
