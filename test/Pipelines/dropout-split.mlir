// The numbers that dropout draws belong to the element's place in the batch: two
// micro-batches of 4 rows give the outputs of one of 8, and another step others.
// RUN: python3 %{source}/test/npz.py write %t.npz x=f4:8x3:1 labels=f4:8x3:0 scalar.seed=i8::7 scalar.step=i8::1
// RUN: python3 %{source}/test/npz.py write %t.next.npz x=f4:8x3:1 labels=f4:8x3:0 scalar.seed=i8::7 scalar.step=i8::2
// RUN: sed 's/ROWS/8/g' %s | dsc-opt --dsc-train-pipeline="loss=mse" -o %t.one.mlir
// RUN: sed 's/ROWS/4/g' %s | dsc-opt --dsc-train-pipeline="loss=mse microbatches=2" -o %t.two.mlir
// RUN: dsc-interpret %t.one.mlir --entry gradients --data %t.npz > %t.one
// RUN: dsc-interpret %t.two.mlir --entry gradients --data %t.npz > %t.two
// RUN: dsc-interpret %t.two.mlir --entry gradients --data %t.next.npz > %t.next
// RUN: FileCheck %s < %t.one
// RUN: diff %t.one %t.two
// RUN: not diff -q %t.one %t.next

// Some are kept (doubled), some are not.
// CHECK: output.y
// CHECK-SAME: {{[[, ]0[],]}}
// CHECK-SAME: {{[[, ]2[],]}}

train.variable parameter @w : tensor<3xf32> = dense<1.0> : tensor<3xf32>
func.func @forward(%x: tensor<ROWSx3xf32> {train.name = "x"}) -> (tensor<ROWSx3xf32> {train.name = "y"}) {
  %seed = train.scalar "seed" : tensor<i64>
  %step = train.scalar "step" : tensor<i64>
  %zero = train.constant dense<0> : tensor<i64>
  %w = train.read @w : tensor<3xf32>
  %ww = train.broadcast %w [1] : tensor<3xf32> to tensor<ROWSx3xf32>
  %xw = train.mul %x, %ww : tensor<ROWSx3xf32>
  %y = train.dropout %xw seed %seed step %step offset %zero ratio 0.5 stream 1 : tensor<ROWSx3xf32>
  return %y : tensor<ROWSx3xf32>
}
