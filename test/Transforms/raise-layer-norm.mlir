// RUN: dsc-opt %s --dsc-raise | FileCheck %s
// RUN: python3 %S/same_values.py %s --dsc-raise

// As opset 14 has it: means that keep their dimension, a quotient, then scale and bias.
// CHECK-LABEL: func.func @quotient
// CHECK-NEXT: %[[Y:[a-z0-9_]*]], %{{.*}} = train.layer_norm %arg0, %arg1, %arg2 axis 2 epsilon 9.99{{.*}}E-6
// CHECK-NEXT: return %[[Y]]
func.func @quotient(%x: tensor<2x3x8xf32> {train.name = "x"}, %w: tensor<8xf32> {train.name = "w"}, %b: tensor<8xf32> {train.name = "b"}) -> (tensor<2x3x8xf32> {train.name = "y"}) {
  %n = train.constant dense<0.125> : tensor<2x3x1xf32>
  %e = train.constant dense<1.0e-05> : tensor<2x3x1xf32>
  %s = train.reduce_sum %x [2] : tensor<2x3x8xf32> to tensor<2x3xf32>
  %s1 = train.reshape %s : tensor<2x3xf32> to tensor<2x3x1xf32>
  %m = train.mul %s1, %n : tensor<2x3x1xf32>
  %mb = train.broadcast %m [0, 1, 2] : tensor<2x3x1xf32> to tensor<2x3x8xf32>
  %d = train.sub %x, %mb : tensor<2x3x8xf32>
  %d2 = train.mul %d, %d : tensor<2x3x8xf32>
  %v = train.reduce_sum %d2 [2] : tensor<2x3x8xf32> to tensor<2x3xf32>
  %v1 = train.reshape %v : tensor<2x3xf32> to tensor<2x3x1xf32>
  %vm = train.mul %v1, %n : tensor<2x3x1xf32>
  %ve = train.add %vm, %e : tensor<2x3x1xf32>
  %r = train.sqrt %ve : tensor<2x3x1xf32>
  %rb = train.broadcast %r [0, 1, 2] : tensor<2x3x1xf32> to tensor<2x3x8xf32>
  %q = train.div %d, %rb : tensor<2x3x8xf32>
  %wb = train.broadcast %w [2] : tensor<8xf32> to tensor<2x3x8xf32>
  %qw = train.mul %q, %wb : tensor<2x3x8xf32>
  %bb = train.broadcast %b [2] : tensor<8xf32> to tensor<2x3x8xf32>
  %y = train.add %qw, %bb : tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

// Over two dimensions, by the reciprocal of the root, d computed twice, no bias.
// CHECK-LABEL: func.func @reciprocal
// CHECK-DAG: %[[ZERO:.*]] = train.constant dense<0.000000e+00> : tensor<3x4xf32>
// CHECK: train.layer_norm %arg0, %arg1, %[[ZERO]] axis 1 epsilon 0.001
func.func @reciprocal(%x: tensor<2x3x4xf32> {train.name = "x"}, %w: tensor<3x4xf32> {train.name = "w"}) -> (tensor<2x3x4xf32> {train.name = "y"}) {
  %n = train.constant dense<12.0> : tensor<2xf32>
  %e = train.constant dense<1.0e-03> : tensor<2xf32>
  %s = train.reduce_sum %x [1, 2] : tensor<2x3x4xf32> to tensor<2xf32>
  %m = train.div %s, %n : tensor<2xf32>
  %mb = train.broadcast %m [0] : tensor<2xf32> to tensor<2x3x4xf32>
  %d = train.sub %x, %mb : tensor<2x3x4xf32>
  %again = train.sub %x, %mb : tensor<2x3x4xf32>
  %d2 = train.mul %again, %again : tensor<2x3x4xf32>
  %v = train.reduce_sum %d2 [1, 2] : tensor<2x3x4xf32> to tensor<2xf32>
  %vm = train.div %v, %n : tensor<2xf32>
  %ve = train.add %e, %vm : tensor<2xf32>
  %r = train.sqrt %ve : tensor<2xf32>
  %i = train.reciprocal %r : tensor<2xf32>
  %ib = train.broadcast %i [0] : tensor<2xf32> to tensor<2x3x4xf32>
  %q = train.mul %ib, %d : tensor<2x3x4xf32>
  %wb = train.broadcast %w [1, 2] : tensor<3x4xf32> to tensor<2x3x4xf32>
  %y = train.mul %wb, %q : tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}

// Not over the last dimensions; a mean that is none; a scale per row.
// CHECK-LABEL: func.func @not_last
// CHECK-NOT: train.layer_norm
// CHECK: return
func.func @not_last(%x: tensor<4x4xf32> {train.name = "x"}) -> (tensor<4x4xf32> {train.name = "y"}) {
  %n = train.constant dense<0.25> : tensor<4xf32>
  %e = train.constant dense<1.0e-05> : tensor<4xf32>
  %s = train.reduce_sum %x [0] : tensor<4x4xf32> to tensor<4xf32>
  %m = train.mul %s, %n : tensor<4xf32>
  %mb = train.broadcast %m [1] : tensor<4xf32> to tensor<4x4xf32>
  %d = train.sub %x, %mb : tensor<4x4xf32>
  %d2 = train.mul %d, %d : tensor<4x4xf32>
  %v = train.reduce_sum %d2 [0] : tensor<4x4xf32> to tensor<4xf32>
  %vm = train.mul %v, %n : tensor<4xf32>
  %ve = train.add %vm, %e : tensor<4xf32>
  %r = train.sqrt %ve : tensor<4xf32>
  %rb = train.broadcast %r [1] : tensor<4xf32> to tensor<4x4xf32>
  %y = train.div %d, %rb : tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}

// The mean of the rows, but added to the columns: equal sizes must not deceive.
// CHECK-LABEL: func.func @crossed
// CHECK-NOT: train.layer_norm
// CHECK: return
func.func @crossed(%x: tensor<4x4xf32> {train.name = "x"}) -> (tensor<4x4xf32> {train.name = "y"}) {
  %n = train.constant dense<0.25> : tensor<4xf32>
  %e = train.constant dense<1.0e-05> : tensor<4xf32>
  %s = train.reduce_sum %x [1] : tensor<4x4xf32> to tensor<4xf32>
  %m = train.mul %s, %n : tensor<4xf32>
  %mb = train.broadcast %m [1] : tensor<4xf32> to tensor<4x4xf32>
  %d = train.sub %x, %mb : tensor<4x4xf32>
  %d2 = train.mul %d, %d : tensor<4x4xf32>
  %v = train.reduce_sum %d2 [1] : tensor<4x4xf32> to tensor<4xf32>
  %vm = train.mul %v, %n : tensor<4xf32>
  %ve = train.add %vm, %e : tensor<4xf32>
  %r = train.sqrt %ve : tensor<4xf32>
  %rb = train.broadcast %r [0] : tensor<4xf32> to tensor<4x4xf32>
  %y = train.div %d, %rb : tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}

// A scale per row is no scale of a layer norm.
// CHECK-LABEL: func.func @row_scale
// CHECK: train.layer_norm %arg0, %{{.*}}, %{{.*}} axis 1
// CHECK: train.mul
func.func @row_scale(%x: tensor<4x4xf32> {train.name = "x"}, %w: tensor<4xf32> {train.name = "w"}) -> (tensor<4x4xf32> {train.name = "y"}) {
  %one = train.constant dense<1.0> : tensor<4xf32>
  %zero = train.constant dense<0.0> : tensor<4xf32>
  %q, %m, %r = train.layer_norm %x, %one, %zero axis 1 epsilon 1.0e-05 : tensor<4x4xf32>, tensor<4xf32> -> tensor<4x4xf32>, tensor<4xf32>
  %wb = train.broadcast %w [0] : tensor<4xf32> to tensor<4x4xf32>
  %y = train.mul %q, %wb : tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}
