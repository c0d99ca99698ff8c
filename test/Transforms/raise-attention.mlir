// RUN: dsc-opt %s --dsc-raise | FileCheck %s
// RUN: python3 %S/same_values.py %s --dsc-raise

// Scale by the root on both sides, an additive constant mask, keys transposed.
// CHECK-LABEL: func.func @additive
// CHECK-NEXT: %[[Y:.*]], %{{.*}} = train.attention %arg0, %arg1, %arg2 scale 2.500000e-01 causal true
// CHECK-NEXT: return %[[Y]]
func.func @additive(%q: tensor<2x3x4x5xf32> {train.name = "q"}, %k: tensor<2x3x4x5xf32> {train.name = "k"}, %v: tensor<2x3x4x6xf32> {train.name = "v"}) -> (tensor<2x3x4x6xf32> {train.name = "y"}) {
  %cq = train.constant dense<0.5> : tensor<2x3x4x5xf32>
  %ck = train.constant dense<0.5> : tensor<2x3x5x4xf32>
  %mask = train.constant dense<[[0.0, 0xFF800000, 0xFF800000, 0xFF800000], [0.0, 0.0, 0xFF800000, 0xFF800000], [0.0, 0.0, 0.0, 0xFF800000], [0.0, 0.0, 0.0, 0.0]]> : tensor<4x4xf32>
  %m = train.broadcast %mask [2, 3] : tensor<4x4xf32> to tensor<2x3x4x4xf32>
  %qs = train.mul %q, %cq : tensor<2x3x4x5xf32>
  %kt = train.transpose %k [0, 1, 3, 2] : tensor<2x3x4x5xf32> to tensor<2x3x5x4xf32>
  %ks = train.mul %kt, %ck : tensor<2x3x5x4xf32>
  %s = train.dot %qs, %ks batch [0, 1] x [0, 1] contract [3] x [2] : tensor<2x3x4x5xf32>, tensor<2x3x5x4xf32> -> tensor<2x3x4x4xf32>
  %sm = train.add %s, %m : tensor<2x3x4x4xf32>
  %p = train.softmax %sm 3 : tensor<2x3x4x4xf32>
  %y = train.dot %p, %v batch [0, 1] x [0, 1] contract [3] x [2] : tensor<2x3x4x4xf32>, tensor<2x3x4x6xf32> -> tensor<2x3x4x6xf32>
  return %y : tensor<2x3x4x6xf32>
}

// GPT-2 of old: the quotient by the root, then a selected -10000; more keys than queries.
// CHECK-LABEL: func.func @selected
// CHECK: train.attention %arg0, %arg1, %arg2 scale 5.000000e-01 causal true
// CHECK-NOT: train.softmax
func.func @selected(%q: tensor<2x3x2x4xf32> {train.name = "q"}, %k: tensor<2x3x3x4xf32> {train.name = "k"}, %v: tensor<2x3x3x4xf32> {train.name = "v"}) -> (tensor<2x3x2x4xf32> {train.name = "y"}) {
  %two = train.constant dense<2.0> : tensor<2x3x2x3xf32>
  %low = train.constant dense<-1.0e4> : tensor<2x3x2x3xf32>
  %sees = train.constant dense<[[true, true, false], [true, true, true]]> : tensor<2x3xi1>
  %sb = train.broadcast %sees [2, 3] : tensor<2x3xi1> to tensor<2x3x2x3xi1>
  %s = train.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : tensor<2x3x2x4xf32>, tensor<2x3x3x4xf32> -> tensor<2x3x2x3xf32>
  %ss = train.div %s, %two : tensor<2x3x2x3xf32>
  %sm = train.select %sb, %ss, %low : tensor<2x3x2x3xi1>, tensor<2x3x2x3xf32>
  %p = train.softmax %sm 3 : tensor<2x3x2x3xf32>
  %y = train.dot %p, %v batch [0, 1] x [0, 1] contract [3] x [2] : tensor<2x3x2x3xf32>, tensor<2x3x3x4xf32> -> tensor<2x3x2x4xf32>
  return %y : tensor<2x3x2x4xf32>
}

// No heads, no mask, no scale.
// CHECK-LABEL: func.func @plain
// CHECK: train.attention {{.*}} scale 1.000000e+00 causal false : tensor<2x1x4x5xf32>
// CHECK: train.reshape {{.*}} to tensor<2x4x6xf32>
func.func @plain(%q: tensor<2x4x5xf32> {train.name = "q"}, %k: tensor<2x4x5xf32> {train.name = "k"}, %v: tensor<2x4x6xf32> {train.name = "v"}) -> (tensor<2x4x6xf32> {train.name = "y"}) {
  %s = train.dot %q, %k batch [0] x [0] contract [2] x [2] : tensor<2x4x5xf32>, tensor<2x4x5xf32> -> tensor<2x4x4xf32>
  %p = train.softmax %s 2 : tensor<2x4x4xf32>
  %y = train.dot %p, %v batch [0] x [0] contract [2] x [1] : tensor<2x4x4xf32>, tensor<2x4x6xf32> -> tensor<2x4x6xf32>
  return %y : tensor<2x4x6xf32>
}

// A causal mask and one that comes with the data, scaled together.
// CHECK-LABEL: func.func @two_masks
// CHECK: %[[M:.*]] = train.mul
// CHECK: train.attention %arg0, %arg1, %arg2 mask %[[M]] : tensor<2x1x1x3xf32> scale 2.000000e+00 causal true
func.func @two_masks(%q: tensor<2x3x3x4xf32> {train.name = "q"}, %k: tensor<2x3x3x4xf32> {train.name = "k"}, %v: tensor<2x3x3x4xf32> {train.name = "v"}, %padding: tensor<2x3xf32> {train.name = "padding"}) -> (tensor<2x3x3x4xf32> {train.name = "y"}) {
  %two = train.constant dense<2.0> : tensor<2x3x3x3xf32>
  %mask = train.constant dense<[[0.0, 0xFF800000, 0xFF800000], [0.0, 0.0, 0xFF800000], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %m = train.broadcast %mask [2, 3] : tensor<3x3xf32> to tensor<2x3x3x3xf32>
  %pb = train.broadcast %padding [0, 3] : tensor<2x3xf32> to tensor<2x3x3x3xf32>
  %s = train.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : tensor<2x3x3x4xf32>, tensor<2x3x3x4xf32> -> tensor<2x3x3x3xf32>
  %sp = train.add %pb, %s : tensor<2x3x3x3xf32>
  %ss = train.mul %sp, %two : tensor<2x3x3x3xf32>
  %sm = train.add %ss, %m : tensor<2x3x3x3xf32>
  %p = train.softmax %sm 3 : tensor<2x3x3x3xf32>
  %y = train.dot %p, %v batch [0, 1] x [0, 1] contract [3] x [2] : tensor<2x3x3x3xf32>, tensor<2x3x3x4xf32> -> tensor<2x3x3x4xf32>
  return %y : tensor<2x3x3x4xf32>
}

// Finite, it stays a mask: where the other hides all that it shows, the softmax spreads over what it hides.
// CHECK-LABEL: func.func @two_finite_masks
// CHECK: train.attention %arg0, %arg1, %arg2 mask %{{.*}} : tensor<2x1x3x3xf32> scale 2.000000e+00 causal false
func.func @two_finite_masks(%q: tensor<2x3x3x4xf32> {train.name = "q"}, %k: tensor<2x3x3x4xf32> {train.name = "k"}, %v: tensor<2x3x3x4xf32> {train.name = "v"}, %padding: tensor<2x3xf32> {train.name = "padding"}) -> (tensor<2x3x3x4xf32> {train.name = "y"}) {
  %two = train.constant dense<2.0> : tensor<2x3x3x3xf32>
  %mask = train.constant dense<[[0.0, -3.4e38, -3.4e38], [0.0, 0.0, -3.4e38], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %m = train.broadcast %mask [2, 3] : tensor<3x3xf32> to tensor<2x3x3x3xf32>
  %pb = train.broadcast %padding [0, 3] : tensor<2x3xf32> to tensor<2x3x3x3xf32>
  %s = train.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : tensor<2x3x3x4xf32>, tensor<2x3x3x4xf32> -> tensor<2x3x3x3xf32>
  %sp = train.add %pb, %s : tensor<2x3x3x3xf32>
  %ss = train.mul %sp, %two : tensor<2x3x3x3xf32>
  %sm = train.add %ss, %m : tensor<2x3x3x3xf32>
  %p = train.softmax %sm 3 : tensor<2x3x3x3xf32>
  %y = train.dot %p, %v batch [0, 1] x [0, 1] contract [3] x [2] : tensor<2x3x3x3xf32>, tensor<2x3x3x4xf32> -> tensor<2x3x3x4xf32>
  return %y : tensor<2x3x3x4xf32>
}

// A boolean mask that comes with the data.
// CHECK-LABEL: func.func @boolean
// CHECK: %[[M:.*]] = train.select
// CHECK: train.attention %arg0, %arg1, %arg2 mask %[[M]] : tensor<2x1x1x3xf32>
func.func @boolean(%q: tensor<2x3x3x4xf32> {train.name = "q"}, %k: tensor<2x3x3x4xf32> {train.name = "k"}, %v: tensor<2x3x3x4xf32> {train.name = "v"}, %hide: tensor<2x3xi1> {train.name = "hide"}) -> (tensor<2x3x3x4xf32> {train.name = "y"}) {
  %low = train.constant dense<0xFF800000> : tensor<2x3x3x3xf32>
  %hb = train.broadcast %hide [0, 3] : tensor<2x3xi1> to tensor<2x3x3x3xi1>
  %s = train.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : tensor<2x3x3x4xf32>, tensor<2x3x3x4xf32> -> tensor<2x3x3x3xf32>
  %sm = train.select %hb, %low, %s : tensor<2x3x3x3xi1>, tensor<2x3x3x3xf32>
  %p = train.softmax %sm 3 : tensor<2x3x3x3xf32>
  %y = train.dot %p, %v batch [0, 1] x [0, 1] contract [3] x [2] : tensor<2x3x3x3xf32>, tensor<2x3x3x4xf32> -> tensor<2x3x3x4xf32>
  return %y : tensor<2x3x3x4xf32>
}

// With a finite number it may hide a whole row, through which no gradient comes: not an addition.
// CHECK-LABEL: func.func @boolean_finite
// CHECK-NOT: train.attention
// CHECK: return
func.func @boolean_finite(%q: tensor<2x3x3x4xf32> {train.name = "q"}, %k: tensor<2x3x3x4xf32> {train.name = "k"}, %v: tensor<2x3x3x4xf32> {train.name = "v"}, %hide: tensor<2x3xi1> {train.name = "hide"}) -> (tensor<2x3x3x4xf32> {train.name = "y"}) {
  %low = train.constant dense<-3.4e38> : tensor<2x3x3x3xf32>
  %hb = train.broadcast %hide [0, 3] : tensor<2x3xi1> to tensor<2x3x3x3xi1>
  %s = train.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : tensor<2x3x3x4xf32>, tensor<2x3x3x4xf32> -> tensor<2x3x3x3xf32>
  %sm = train.select %hb, %low, %s : tensor<2x3x3x3xi1>, tensor<2x3x3x3xf32>
  %p = train.softmax %sm 3 : tensor<2x3x3x3xf32>
  %y = train.dot %p, %v batch [0, 1] x [0, 1] contract [3] x [2] : tensor<2x3x3x3xf32>, tensor<2x3x3x4xf32> -> tensor<2x3x3x4xf32>
  return %y : tensor<2x3x3x4xf32>
}

// A constant mask that is not causal stays a mask.
// CHECK-LABEL: func.func @window
// CHECK: train.attention {{.*}} mask {{.*}} causal false
func.func @window(%q: tensor<2x3x3x4xf32> {train.name = "q"}, %k: tensor<2x3x3x4xf32> {train.name = "k"}, %v: tensor<2x3x3x4xf32> {train.name = "v"}) -> (tensor<2x3x3x4xf32> {train.name = "y"}) {
  %mask = train.constant dense<[[0.0, -3.4e38, -3.4e38], [0.0, 0.0, -3.4e38], [-3.4e38, 0.0, 0.0]]> : tensor<3x3xf32>
  %m = train.broadcast %mask [2, 3] : tensor<3x3xf32> to tensor<2x3x3x3xf32>
  %s = train.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : tensor<2x3x3x4xf32>, tensor<2x3x3x4xf32> -> tensor<2x3x3x3xf32>
  %sm = train.add %s, %m : tensor<2x3x3x3xf32>
  %p = train.softmax %sm 3 : tensor<2x3x3x3xf32>
  %y = train.dot %p, %v batch [0, 1] x [0, 1] contract [3] x [2] : tensor<2x3x3x3xf32>, tensor<2x3x3x4xf32> -> tensor<2x3x3x4xf32>
  return %y : tensor<2x3x3x4xf32>
}

// Probabilities that are an output too stay.
// CHECK-LABEL: func.func @probabilities_used
// CHECK-NOT: train.attention
// CHECK: return
func.func @probabilities_used(%q: tensor<2x4x5xf32> {train.name = "q"}, %k: tensor<2x4x5xf32> {train.name = "k"}, %v: tensor<2x4x6xf32> {train.name = "v"}) -> (tensor<2x4x6xf32> {train.name = "y"}, tensor<2x4x4xf32> {train.name = "p"}) {
  %s = train.dot %q, %k batch [0] x [0] contract [2] x [2] : tensor<2x4x5xf32>, tensor<2x4x5xf32> -> tensor<2x4x4xf32>
  %p = train.softmax %s 2 : tensor<2x4x4xf32>
  %y = train.dot %p, %v batch [0] x [0] contract [2] x [1] : tensor<2x4x4xf32>, tensor<2x4x6xf32> -> tensor<2x4x6xf32>
  return %y, %p : tensor<2x4x6xf32>, tensor<2x4x4xf32>
}
