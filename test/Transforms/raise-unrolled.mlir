// Steps that each reduce a slice of their own, put together as one reduction.
//
// RUN: dsc-opt %s --dsc-raise | FileCheck %s
// RUN: python3 %S/same_values.py %s --dsc-raise

// A table's rows, weighted and summed for each of three samples.
// CHECK-LABEL: func @bags
// CHECK: %[[I:.*]] = train.take %{{.*}}, %arg1 axis 0 : tensor<7x4xf32>, tensor<3x2xi64> -> tensor<3x2x4xf32>
// CHECK: %[[P:.*]] = train.mul %[[I]], %{{.*}} : tensor<3x2x4xf32>
// CHECK: train.reduce_sum %[[P]] [1] : tensor<3x2x4xf32> to tensor<3x4xf32>
// CHECK-NOT: train.concat
func.func @bags(%table: tensor<7x4xf32> {train.name = "table"}, %rows: tensor<3x2xi64> {train.name = "rows"}, %w: tensor<3x2xf32> {train.name = "w"}) -> (tensor<3x4xf32> {train.name = "y0"}) {
  %i = train.reshape %rows : tensor<3x2xi64> to tensor<6xi64>
  %v = train.reshape %w : tensor<3x2xf32> to tensor<6xf32>
  %i0 = train.slice %i [0] strides [1] : tensor<6xi64> to tensor<2xi64>
  %i1 = train.slice %i [2] strides [1] : tensor<6xi64> to tensor<2xi64>
  %i2 = train.slice %i [4] strides [1] : tensor<6xi64> to tensor<2xi64>
  %v0 = train.slice %v [0] strides [1] : tensor<6xf32> to tensor<2xf32>
  %v1 = train.slice %v [2] strides [1] : tensor<6xf32> to tensor<2xf32>
  %v2 = train.slice %v [4] strides [1] : tensor<6xf32> to tensor<2xf32>
  %t0 = train.take %table, %i0 axis 0 : tensor<7x4xf32>, tensor<2xi64> -> tensor<2x4xf32>
  %t1 = train.take %table, %i1 axis 0 : tensor<7x4xf32>, tensor<2xi64> -> tensor<2x4xf32>
  %t2 = train.take %table, %i2 axis 0 : tensor<7x4xf32>, tensor<2xi64> -> tensor<2x4xf32>
  %b0 = train.broadcast %v0 [0] : tensor<2xf32> to tensor<2x4xf32>
  %b1 = train.broadcast %v1 [0] : tensor<2xf32> to tensor<2x4xf32>
  %b2 = train.broadcast %v2 [0] : tensor<2xf32> to tensor<2x4xf32>
  %p0 = train.mul %t0, %b0 : tensor<2x4xf32>
  %p1 = train.mul %t1, %b1 : tensor<2x4xf32>
  %p2 = train.mul %t2, %b2 : tensor<2x4xf32>
  %s0 = train.reduce_sum %p0 [0] : tensor<2x4xf32> to tensor<4xf32>
  %s1 = train.reduce_sum %p1 [0] : tensor<2x4xf32> to tensor<4xf32>
  %s2 = train.reduce_sum %p2 [0] : tensor<2x4xf32> to tensor<4xf32>
  %r0 = train.reshape %s0 : tensor<4xf32> to tensor<1x4xf32>
  %r1 = train.reshape %s1 : tensor<4xf32> to tensor<1x4xf32>
  %r2 = train.reshape %s2 : tensor<4xf32> to tensor<1x4xf32>
  %y = train.concat 0 %r0, %r1, %r2 : (tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// The last step is another one, and what all steps share is repeated.
// CHECK-LABEL: func @last
// CHECK: train.reduce_sum %{{.*}} [0] : tensor<2x4xf32> to tensor<4xf32>
// CHECK: train.reduce_max %{{.*}} [1] : tensor<2x2x4xf32> to tensor<2x4xf32>
// CHECK: train.concat 0 {{.*}} (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<3x4xf32>
func.func @last(%x: tensor<6x4xf32> {train.name = "x"}, %bias: tensor<4xf32> {train.name = "bias"}) -> (tensor<3x4xf32> {train.name = "y0"}) {
  %x0 = train.slice %x [0, 0] strides [1, 1] : tensor<6x4xf32> to tensor<2x4xf32>
  %x1 = train.slice %x [2, 0] strides [1, 1] : tensor<6x4xf32> to tensor<2x4xf32>
  %x2 = train.slice %x [4, 0] strides [1, 1] : tensor<6x4xf32> to tensor<2x4xf32>
  %m0 = train.reduce_max %x0 [0] : tensor<2x4xf32> to tensor<4xf32>
  %m1 = train.reduce_max %x1 [0] : tensor<2x4xf32> to tensor<4xf32>
  %m2 = train.reduce_sum %x2 [0] : tensor<2x4xf32> to tensor<4xf32>
  %a0 = train.add %m0, %bias : tensor<4xf32>
  %a1 = train.add %m1, %bias : tensor<4xf32>
  %r0 = train.reshape %a0 : tensor<4xf32> to tensor<1x4xf32>
  %r1 = train.reshape %a1 : tensor<4xf32> to tensor<1x4xf32>
  %r2 = train.reshape %m2 : tensor<4xf32> to tensor<1x4xf32>
  %y = train.concat 0 %r0, %r1, %r2 : (tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// Not so: the second step looks where the first does in part, and the other way round; a step
// that needs the one before; nothing reduced.
// CHECK-LABEL: func @others
// CHECK-COUNT-2: train.reduce_sum
// CHECK: train.concat 0
// CHECK-COUNT-2: train.reduce_sum
// CHECK-COUNT-2: train.concat 0
func.func @others(%x: tensor<6xf32> {train.name = "x"}) -> (tensor<2xf32> {train.name = "y0"}, tensor<2xf32> {train.name = "y1"}, tensor<4xf32> {train.name = "y2"}) {
  %x0 = train.slice %x [0] strides [1] : tensor<6xf32> to tensor<2xf32>
  %x1 = train.slice %x [1] strides [1] : tensor<6xf32> to tensor<2xf32>
  %x2 = train.slice %x [2] strides [1] : tensor<6xf32> to tensor<2xf32>
  %s0 = train.reduce_sum %x0 [0] : tensor<2xf32> to tensor<f32>
  %s1 = train.reduce_sum %x1 [0] : tensor<2xf32> to tensor<f32>
  %r0 = train.reshape %s0 : tensor<f32> to tensor<1xf32>
  %r1 = train.reshape %s1 : tensor<f32> to tensor<1xf32>
  %overlaps = train.concat 0 %r0, %r1 : (tensor<1xf32>, tensor<1xf32>) -> tensor<2xf32>
  %b = train.broadcast %s1 [] : tensor<f32> to tensor<2xf32>
  %p2 = train.mul %x2, %b : tensor<2xf32>
  %q2 = train.reduce_sum %p2 [0] : tensor<2xf32> to tensor<f32>
  %c = train.broadcast %q2 [] : tensor<f32> to tensor<2xf32>
  %p3 = train.mul %x0, %c : tensor<2xf32>
  %q3 = train.reduce_sum %p3 [0] : tensor<2xf32> to tensor<f32>
  %r2 = train.reshape %q2 : tensor<f32> to tensor<1xf32>
  %r3 = train.reshape %q3 : tensor<f32> to tensor<1xf32>
  %follows = train.concat 0 %r2, %r3 : (tensor<1xf32>, tensor<1xf32>) -> tensor<2xf32>
  %n0 = train.neg %x0 : tensor<2xf32>
  %n2 = train.neg %x2 : tensor<2xf32>
  %whole = train.concat 0 %n0, %n2 : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
  return %overlaps, %follows, %whole : tensor<2xf32>, tensor<2xf32>, tensor<4xf32>
}
