// RUN: dsc-opt %s --dsc-fold-padded-sums | FileCheck %s
// The same values before and after.
// RUN: python3 %{source}/test/npz.py write %t.npz q=f4:2x2:1,-2,3,5 k=f4:2x3:2,3,-5,7,11,13 v=f4:2x3:17,19,23,-29,31,37
// RUN: dsc-interpret %s --entry split --data %t.npz > %t.before
// RUN: dsc-opt %s --dsc-fold-padded-sums -o %t.mlir && dsc-interpret %t.mlir --entry split --data %t.npz > %t.after
// RUN: diff %t.before %t.after

// Three parts of a split, in the order that reverse mode meets them.
// CHECK-LABEL: func.func @split
// CHECK-NEXT: %[[Y:.*]] = train.concat 1 %arg0, %arg1, %arg2 : (tensor<2x2xf32>, tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: return %[[Y]]
func.func @split(%q: tensor<2x2xf32> {train.name = "q"}, %k: tensor<2x3xf32> {train.name = "k"}, %v: tensor<2x3xf32> {train.name = "v"}) -> (tensor<2x8xf32> {train.name = "y"}) {
  %pv = train.pad %v value 0.0 low [0, 5] high [0, 0] interior [0, 0] : tensor<2x3xf32> to tensor<2x8xf32>
  %pk = train.pad %k value 0.0 low [0, 2] high [0, 3] interior [0, 0] : tensor<2x3xf32> to tensor<2x8xf32>
  %vk = train.add %pv, %pk : tensor<2x8xf32>
  %pq = train.pad %q value 0.0 low [0, 0] high [0, 6] interior [0, 0] : tensor<2x2xf32> to tensor<2x8xf32>
  %y = train.add %vk, %pq : tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// Parts that adjoin only once a third one lies between them.
// CHECK-LABEL: func.func @between
// CHECK-NEXT: %[[Y:.*]] = train.concat 0 %arg0, %arg1, %arg2
// CHECK-NEXT: return %[[Y]]
func.func @between(%a: tensor<2xf32>, %b: tensor<3xf32>, %c: tensor<4xf32>) -> tensor<9xf32> {
  %pa = train.pad %a value 0.0 low [0] high [7] interior [0] : tensor<2xf32> to tensor<9xf32>
  %pb = train.pad %b value 0.0 low [2] high [4] interior [0] : tensor<3xf32> to tensor<9xf32>
  %pc = train.pad %c value 0.0 low [5] high [0] interior [0] : tensor<4xf32> to tensor<9xf32>
  %ac = train.add %pa, %pc : tensor<9xf32>
  %y = train.add %ac, %pb : tensor<9xf32>
  return %y : tensor<9xf32>
}

// A part of a part stays padded.
// CHECK-LABEL: func.func @part
// CHECK: %[[C:.*]] = train.concat 0 %arg0, %arg1
// CHECK: train.pad %[[C]] value 0.000000e+00 low [1] high [2]
func.func @part(%a: tensor<2xf32>, %b: tensor<3xf32>) -> tensor<8xf32> {
  %pa = train.pad %a value 0.0 low [1] high [5] interior [0] : tensor<2xf32> to tensor<8xf32>
  %pb = train.pad %b value 0.0 low [3] high [2] interior [0] : tensor<3xf32> to tensor<8xf32>
  %y = train.add %pa, %pb : tensor<8xf32>
  return %y : tensor<8xf32>
}

// Overlapping parts, padding by another number, interior padding, two
// dimensions, and a second reader: all stay.
// CHECK-LABEL: func.func @kept
// CHECK-NOT: train.concat
func.func @kept(%a: tensor<4xf32>, %b: tensor<2x2xf32>) -> (tensor<6xf32>, tensor<8xf32>, tensor<3x3xf32>, tensor<8xf32>) {
  %p0 = train.pad %a value 0.0 low [0] high [2] interior [0] : tensor<4xf32> to tensor<6xf32>
  %p1 = train.pad %a value 0.0 low [2] high [0] interior [0] : tensor<4xf32> to tensor<6xf32>
  %y0 = train.add %p0, %p1 : tensor<6xf32>
  %p2 = train.pad %a value 1.0 low [0] high [4] interior [0] : tensor<4xf32> to tensor<8xf32>
  %p3 = train.pad %a value 0.0 low [4] high [0] interior [0] : tensor<4xf32> to tensor<8xf32>
  %y1 = train.add %p2, %p3 : tensor<8xf32>
  %p4 = train.pad %b value 0.0 low [1, 1] high [0, 0] interior [0, 0] : tensor<2x2xf32> to tensor<3x3xf32>
  %p5 = train.pad %b value 0.0 low [0, 0] high [1, 1] interior [0, 0] : tensor<2x2xf32> to tensor<3x3xf32>
  %y2 = train.add %p4, %p5 : tensor<3x3xf32>
  %p6 = train.pad %a value 0.0 low [0] high [4] interior [0] : tensor<4xf32> to tensor<8xf32>
  %p7 = train.pad %a value 0.0 low [4] high [0] interior [0] : tensor<4xf32> to tensor<8xf32>
  %y3 = train.add %p6, %p7 : tensor<8xf32>
  %y4 = train.mul %y3, %p7 : tensor<8xf32>
  return %y0, %y1, %y2, %y4 : tensor<6xf32>, tensor<8xf32>, tensor<3x3xf32>, tensor<8xf32>
}
