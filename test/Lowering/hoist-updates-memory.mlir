// Two gradients are never alive together when each is used up before the next is made.
// RUN: dsc-opt %s --dsc-exec-pipeline | FileCheck %s

// Behind the variables' 8192 bytes and the scalar's 64: a gradient of 4096, and the loss.
// CHECK-LABEL: exec.program @train
// CHECK-SAME: exec.arena_bytes = 12416
// CHECK: exec.call "Matmul"{{.*}} at [8256]
// CHECK: exec.launch {{.*}} at [4096]
// CHECK: exec.call "Matmul"{{.*}} at [8256]
// CHECK: exec.launch {{.*}} at [0]
train.variable parameter @w : tensor<1024xf32> = #train.weights
train.variable parameter @v : tensor<1024xf32> = #train.weights
train.step @train(%x: tensor<8x1024xf32> {train.name = "x"}, %dy: tensor<8xf32> {train.name = "dy"}) -> (tensor<f32> {train.name = "loss_sum"}) {
  %w = train.read @w : tensor<1024xf32>
  %v = train.read @v : tensor<1024xf32>
  %lr = train.scalar "lr" : tensor<f32>
  %r = train.broadcast %lr [] : tensor<f32> to tensor<1024xf32>
  %gv = train.dot %dy, %x batch [] x [] contract [0] x [0] : tensor<8xf32>, tensor<8x1024xf32> -> tensor<1024xf32>
  %dy2 = train.mul %dy, %dy : tensor<8xf32>
  %gw = train.dot %dy2, %x batch [] x [] contract [0] x [0] : tensor<8xf32>, tensor<8x1024xf32> -> tensor<1024xf32>
  %dw = train.mul %gw, %r : tensor<1024xf32>
  %neww = train.sub %w, %dw : tensor<1024xf32>
  train.write @w, %neww : tensor<1024xf32>
  %dv = train.mul %gv, %r : tensor<1024xf32>
  %newv = train.sub %v, %dv : tensor<1024xf32>
  train.write @v, %newv : tensor<1024xf32>
  %l = train.reduce_sum %dy [0] : tensor<8xf32> to tensor<f32>
  train.return %l : tensor<f32>
}
