// RUN: dsc-opt %s --split-input-file --dsc-attach-loss=kind=mse --dsc-autodiff | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: dsc-opt %s --split-input-file --dsc-attach-loss=kind=mse --dsc-autodiff=microbatches=2 \
// RUN:   | FileCheck %s --check-prefixes=CHECK,TWO

// Numbers are drawn sample by sample, also where the batch is not in front, and for one
// micro-batch as for several.
// CHECK-LABEL: train.step @train
// CHECK: %[[TURNED:.*]] = train.transpose %{{.*}} [1, 0, 2] : tensor<4x3x2xf32> to tensor<3x4x2xf32>
// CHECK: %[[PARTS:.*]] = train.reshape %[[TURNED]] : tensor<3x4x2xf32> to tensor<3x1x4x1x2xf32>
// CHECK: %[[FRONT:.*]] = train.transpose %[[PARTS]] [2, 0, 1, 3, 4] : tensor<3x1x4x1x2xf32> to tensor<4x3x1x1x2xf32>
// ONE: %[[D:.*]] = train.dropout %[[FRONT]] {{.*}} : tensor<4x3x1x1x2xf32>
// TWO: %[[N:.*]] = train.constant dense<24> : tensor<i64>
// TWO: %[[OFFSET:.*]] = train.mul %{{.*}}, %[[N]]
// TWO: %[[D:.*]] = train.dropout %[[FRONT]] {{.*}} offset %[[OFFSET]] {{.*}} : tensor<4x3x1x1x2xf32>
// CHECK: %[[BACK:.*]] = train.transpose %[[D]] [1, 2, 0, 3, 4] : tensor<4x3x1x1x2xf32> to tensor<3x1x4x1x2xf32>
// CHECK: train.reshape %[[BACK]] : tensor<3x1x4x1x2xf32> to tensor<3x4x2xf32>
train.variable parameter @w : tensor<2xf32> = dense<1.0> : tensor<2xf32>
func.func @forward(%x: tensor<4x3x2xf32> {train.name = "x"}) -> (tensor<4x3x2xf32> {train.name = "y"}) {
  %seed = train.scalar "seed" : tensor<i64>
  %step = train.scalar "step" : tensor<i64>
  %zero = train.constant dense<0> : tensor<i64>
  %w = train.read @w : tensor<2xf32>
  %ws = train.broadcast %w [2] : tensor<2xf32> to tensor<4x3x2xf32>
  %h = train.mul %x, %ws : tensor<4x3x2xf32>
  %turned = train.transpose %h [1, 0, 2] : tensor<4x3x2xf32> to tensor<3x4x2xf32>
  %d = train.dropout %turned seed %seed step %step offset %zero ratio 0.5 stream 3 : tensor<3x4x2xf32>
  %y = train.transpose %d [1, 0, 2] : tensor<3x4x2xf32> to tensor<4x3x2xf32>
  return %y : tensor<4x3x2xf32>
}

// -----

// Two views of each sample, one batch behind the other: each sample's views together.
// CHECK-LABEL: train.step @train
// CHECK: %[[VIEWS:.*]] = train.concat 0
// CHECK: %[[PARTS:.*]] = train.reshape %[[VIEWS]] : tensor<8x2xf32> to tensor<2x4x1x2xf32>
// CHECK: %[[FRONT:.*]] = train.transpose %[[PARTS]] [1, 0, 2, 3]
// CHECK: train.dropout %[[FRONT]] {{.*}} : tensor<4x2x1x2xf32>
train.variable parameter @w : tensor<2xf32> = dense<1.0> : tensor<2xf32>
func.func @forward(%x: tensor<4x2xf32> {train.name = "x"}) -> (tensor<4x2xf32> {train.name = "y"}) {
  %seed = train.scalar "seed" : tensor<i64>
  %step = train.scalar "step" : tensor<i64>
  %zero = train.constant dense<0> : tensor<i64>
  %w = train.read @w : tensor<2xf32>
  %ws = train.broadcast %w [1] : tensor<2xf32> to tensor<4x2xf32>
  %h = train.mul %x, %ws : tensor<4x2xf32>
  %views = train.concat 0 %x, %h : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<8x2xf32>
  %d = train.dropout %views seed %seed step %step offset %zero ratio 0.5 stream 3 : tensor<8x2xf32>
  %a = train.slice %d [0, 0] strides [1, 1] : tensor<8x2xf32> to tensor<4x2xf32>
  %b = train.slice %d [4, 0] strides [1, 1] : tensor<8x2xf32> to tensor<4x2xf32>
  %y = train.add %a, %b : tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// What the samples share is the same in each micro-batch.
// CHECK-LABEL: train.step @train
// CHECK: %[[ZERO:.*]] = train.constant dense<0> : tensor<i64>
// CHECK: train.dropout %{{.*}} offset %[[ZERO]] {{.*}} : tensor<2xf32>
train.variable parameter @w : tensor<2xf32> = dense<1.0> : tensor<2xf32>
func.func @forward(%x: tensor<4x2xf32> {train.name = "x"}) -> (tensor<4x2xf32> {train.name = "y"}) {
  %seed = train.scalar "seed" : tensor<i64>
  %step = train.scalar "step" : tensor<i64>
  %zero = train.constant dense<0> : tensor<i64>
  %w = train.read @w : tensor<2xf32>
  %d = train.dropout %w seed %seed step %step offset %zero ratio 0.5 stream 3 : tensor<2xf32>
  %ws = train.broadcast %d [1] : tensor<2xf32> to tensor<4x2xf32>
  %y = train.mul %x, %ws : tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
