// RUN: gradcheck %s --program --loss cross-entropy --classes 7 | FileCheck %s --implicit-check-not=FAILED
// RUN: gradcheck %s --program --loss cross-entropy --classes 7 --microbatches 2 | FileCheck %s --implicit-check-not=FAILED

// A block of a language model: tied embedding (table used as a look-up and as
// the last product), positions, layer norm, causal attention, a residual, logits
// [B, T, V].
// CHECK: forward: {{[0-9]+}} elements, largest relative error
// CHECK: gradients: {{[0-9]+}} elements, largest relative error
// CHECK: train and evaluate: {{[0-9]+}} elements, largest relative error
train.variable parameter @table : tensor<7x8xf32> = dense<1.0> : tensor<7x8xf32>
train.variable parameter @positions : tensor<4x8xf32> = dense<1.0> : tensor<4x8xf32>
train.variable parameter @scale : tensor<8xf32> = dense<1.0> : tensor<8xf32>
train.variable parameter @shift : tensor<8xf32> = dense<1.0> : tensor<8xf32>
train.variable parameter @qkv : tensor<24x8xf32> = dense<1.0> : tensor<24x8xf32>

func.func @forward(%tokens: tensor<2x4xi64> {train.name = "tokens", check.bound = 7}) -> (tensor<2x4x7xf32> {train.name = "logits"}) {
  %table = train.read @table : tensor<7x8xf32>
  %e = train.take %table, %tokens axis 0 : tensor<7x8xf32>, tensor<2x4xi64> -> tensor<2x4x8xf32>
  %positions = train.read @positions : tensor<4x8xf32>
  %pb = train.broadcast %positions [1, 2] : tensor<4x8xf32> to tensor<2x4x8xf32>
  %x = train.add %e, %pb : tensor<2x4x8xf32>
  %scale = train.read @scale : tensor<8xf32>
  %shift = train.read @shift : tensor<8xf32>
  %n:3 = train.layer_norm %x, %scale, %shift axis 2 epsilon 1.0e-2 : tensor<2x4x8xf32>, tensor<8xf32> -> tensor<2x4x8xf32>, tensor<2x4xf32>
  %w = train.read @qkv : tensor<24x8xf32>
  %p = train.dot %n#0, %w batch [] x [] contract [2] x [1] : tensor<2x4x8xf32>, tensor<24x8xf32> -> tensor<2x4x24xf32>
  %heads = train.reshape %p : tensor<2x4x24xf32> to tensor<2x4x3x2x4xf32>
  %t = train.transpose %heads [2, 0, 3, 1, 4] : tensor<2x4x3x2x4xf32> to tensor<3x2x2x4x4xf32>
  %qs = train.slice %t [0, 0, 0, 0, 0] strides [1, 1, 1, 1, 1] : tensor<3x2x2x4x4xf32> to tensor<1x2x2x4x4xf32>
  %ks = train.slice %t [1, 0, 0, 0, 0] strides [1, 1, 1, 1, 1] : tensor<3x2x2x4x4xf32> to tensor<1x2x2x4x4xf32>
  %vs = train.slice %t [2, 0, 0, 0, 0] strides [1, 1, 1, 1, 1] : tensor<3x2x2x4x4xf32> to tensor<1x2x2x4x4xf32>
  %q = train.reshape %qs : tensor<1x2x2x4x4xf32> to tensor<2x2x4x4xf32>
  %k = train.reshape %ks : tensor<1x2x2x4x4xf32> to tensor<2x2x4x4xf32>
  %v = train.reshape %vs : tensor<1x2x2x4x4xf32> to tensor<2x2x4x4xf32>
  %y, %lse = train.attention %q, %k, %v scale 0.5 causal true
      : tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32> -> tensor<2x2x4x4xf32>, tensor<2x2x4xf32>
  %yt = train.transpose %y [0, 2, 1, 3] : tensor<2x2x4x4xf32> to tensor<2x4x2x4xf32>
  %yr = train.reshape %yt : tensor<2x4x2x4xf32> to tensor<2x4x8xf32>
  %r = train.add %x, %yr : tensor<2x4x8xf32>
  %logits = train.dot %r, %table batch [] x [] contract [2] x [1] : tensor<2x4x8xf32>, tensor<7x8xf32> -> tensor<2x4x7xf32>
  return %logits : tensor<2x4x7xf32>
}
