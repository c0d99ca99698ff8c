// Ops that stay whole: norms, attention, losses, random numbers, optimizers.
// RUN: dsc-opt %s | dsc-opt | FileCheck %s
// RUN: dsc-opt --mlir-print-op-generic %s | dsc-opt | FileCheck %s

// CHECK-LABEL: func @norms
func.func @norms(%x: tensor<2x3x8xf32>, %s: tensor<8xf32>, %c: tensor<3xf32>) {
  // CHECK: train.softmax %{{.*}} 2 : tensor<2x3x8xf32>
  %0 = train.softmax %x 2 : tensor<2x3x8xf32>
  // CHECK: train.log_softmax %{{.*}} 0 : tensor<2x3x8xf32>
  %1 = train.log_softmax %x 0 : tensor<2x3x8xf32>
  // CHECK: train.layer_norm %{{.*}}, %{{.*}}, %{{.*}} axis 2 epsilon 1.000000e-05 : tensor<2x3x8xf32>, tensor<8xf32> -> tensor<2x3x8xf32>, tensor<2x3xf32>
  %y, %mean, %rstd = train.layer_norm %x, %s, %s axis 2 epsilon 1.0e-5
      : tensor<2x3x8xf32>, tensor<8xf32> -> tensor<2x3x8xf32>, tensor<2x3xf32>
  // CHECK: train.layer_norm_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} axis 2 : tensor<2x3x8xf32>, tensor<8xf32>, tensor<2x3xf32>
  %dx, %ds, %db = train.layer_norm_grad %y, %x, %s, %mean, %rstd axis 2
      : tensor<2x3x8xf32>, tensor<8xf32>, tensor<2x3xf32>
  // CHECK: train.batch_norm %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} epsilon 1.000000e-03 momentum 1.000000e-01 : tensor<2x3x8xf32>, tensor<3xf32>
  %b:5 = train.batch_norm %x, %c, %c, %c, %c epsilon 1.0e-3 momentum 0.1
      : tensor<2x3x8xf32>, tensor<3xf32>
  // CHECK: train.batch_norm_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<2x3x8xf32>, tensor<3xf32>
  %g:3 = train.batch_norm_grad %b#0, %x, %c, %b#3, %b#4 : tensor<2x3x8xf32>, tensor<3xf32>
  // CHECK: train.batch_norm {{.*}} momentum 1.000000e-01 local : tensor<2x3x8xf32>, tensor<3xf32>
  %bl:5 = train.batch_norm %x, %c, %c, %c, %c epsilon 1.0e-3 momentum 0.1 local
      : tensor<2x3x8xf32>, tensor<3xf32>
  // CHECK: train.batch_norm_grad {{.*}}, %{{[^ ]*}} local : tensor<2x3x8xf32>, tensor<3xf32>
  %gl:3 = train.batch_norm_grad %b#0, %x, %c, %b#3, %b#4 local : tensor<2x3x8xf32>, tensor<3xf32>
  return
}

// CHECK-LABEL: func @attention
func.func @attention(%q: tensor<2x4x5x8xf32>, %k: tensor<2x4x6x8xf32>, %v: tensor<2x4x6x3xf32>,
                     %m: tensor<1x1x5x6xf32>) {
  // CHECK: train.attention %{{.*}}, %{{.*}}, %{{.*}} scale 5.000000e-01 causal true : tensor<2x4x5x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x3xf32> -> tensor<2x4x5x3xf32>, tensor<2x4x5xf32>
  %y, %lse = train.attention %q, %k, %v scale 0.5 causal true
      : tensor<2x4x5x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x3xf32>
      -> tensor<2x4x5x3xf32>, tensor<2x4x5xf32>
  // CHECK: train.attention %{{.*}}, %{{.*}}, %{{.*}} mask %{{.*}} : tensor<1x1x5x6xf32> scale 5.000000e-01 causal false
  %z, %l = train.attention %q, %k, %v mask %m : tensor<1x1x5x6xf32> scale 0.5 causal false
      : tensor<2x4x5x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x3xf32>
      -> tensor<2x4x5x3xf32>, tensor<2x4x5xf32>
  // CHECK: train.attention_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} scale 5.000000e-01 causal true : tensor<2x4x5x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x3xf32>, tensor<2x4x5x3xf32>, tensor<2x4x5xf32>
  %d:3 = train.attention_grad %z, %q, %k, %v, %y, %lse scale 0.5 causal true
      : tensor<2x4x5x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x3xf32>, tensor<2x4x5x3xf32>,
        tensor<2x4x5xf32>
  // CHECK: train.attention_grad {{.*}} mask %{{.*}} : tensor<1x1x5x6xf32> scale
  %e:3 = train.attention_grad %z, %q, %k, %v, %z, %l mask %m : tensor<1x1x5x6xf32>
      scale 0.5 causal false
      : tensor<2x4x5x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x3xf32>, tensor<2x4x5x3xf32>,
        tensor<2x4x5xf32>
  return
}

// CHECK-LABEL: func @losses
func.func @losses(%x: tensor<2x10x3xf32>, %t: tensor<2x3xi64>) {
  // CHECK: train.cross_entropy %{{.*}}, %{{.*}} dim 1 ignore -100 smoothing 1.000000e-01 : tensor<2x10x3xf32>, tensor<2x3xi64> -> tensor<2x3xf32>
  %l, %lse = train.cross_entropy %x, %t dim 1 ignore -100 smoothing 0.1
      : tensor<2x10x3xf32>, tensor<2x3xi64> -> tensor<2x3xf32>
  // CHECK: train.cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} dim 1 ignore -100 smoothing 1.000000e-01 : tensor<2x3xf32>, tensor<2x10x3xf32>, tensor<2x3xi64>
  %d = train.cross_entropy_grad %l, %x, %t, %lse dim 1 ignore -100 smoothing 0.1
      : tensor<2x3xf32>, tensor<2x10x3xf32>, tensor<2x3xi64>
  return
}

// CHECK-LABEL: func @random
func.func @random(%x: tensor<4x8xf32>, %s: tensor<i64>) {
  // CHECK: train.uniform %{{.*}}, %{{.*}}, %{{.*}} stream 3 : tensor<4x8xf32>
  %0 = train.uniform %s, %s, %s stream 3 : tensor<4x8xf32>
  // CHECK: train.dropout %{{.*}} seed %{{.*}} step %{{.*}} offset %{{.*}} ratio 1.000000e-01 stream 3 : tensor<4x8xf32>
  %1 = train.dropout %x seed %s step %s offset %s ratio 0.1 stream 3 : tensor<4x8xf32>
  return
}

// CHECK-LABEL: func @optimizers
func.func @optimizers(%p: tensor<4xf32>, %f: tensor<f32>) {
  // CHECK: train.sgd %{{.*}}, %{{.*}} scale %{{.*}} lr %{{.*}} decay %{{.*}} : tensor<4xf32>
  %0 = train.sgd %p, %p scale %f lr %f decay %f : tensor<4xf32>
  // CHECK: train.momentum %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} lr %{{.*}} momentum %{{.*}} decay %{{.*}} first %{{.*}} : tensor<4xf32>
  %1:2 = train.momentum %p, %p, %p scale %f lr %f momentum %f decay %f first %f : tensor<4xf32>
  // CHECK: train.adam %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} lr %{{.*}} betas %{{.*}}, %{{.*}} eps %{{.*}} decay %{{.*}} corrections %{{.*}}, %{{.*}} : tensor<4xf32>
  %2:3 = train.adam %p, %p, %p, %p scale %f lr %f betas %f, %f eps %f decay %f corrections %f, %f
      : tensor<4xf32>
  // CHECK: train.adamw %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} scale
  %3:3 = train.adamw %p, %p, %p, %p scale %f lr %f betas %f, %f eps %f decay %f corrections %f, %f
      : tensor<4xf32>
  // CHECK: train.global_norm %{{.*}}, %{{.*}} : tensor<4xf32>, tensor<f32>
  %4 = train.global_norm %p, %f : tensor<4xf32>, tensor<f32>
  return
}
