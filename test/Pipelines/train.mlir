// RUN: dsc-opt %s --dsc-train-pipeline="loss=cross-entropy microbatches=2 optimizer=momentum clip=false" | FileCheck %s
// RUN: dsc-opt %s --dsc-train-pipeline="optimizer=adam" | dsc-opt --dsc-verify-train | FileCheck %s --check-prefix=ADAM

// CHECK: train.step @train
// CHECK-SAME: attributes {train.loss = {{.*}}kind = "cross-entropy"
// One read of each variable serves forward and update.
// CHECK: train.read @w :
// CHECK-NOT: train.read @w :
// CHECK: train.momentum
// CHECK: train.write @w,
// CHECK: train.step @gradients
// CHECK: func.func @evaluate
// ADAM: train.adam %
train.variable parameter @w : tensor<6x5xf32> = #train.normal<mean = 0.0 : f64, stddev = 0.1 : f64, seed = 8>
func.func @forward(%x: tensor<4x6xf32> {train.name = "x"}) -> (tensor<4x5xf32> {train.name = "logits"}) {
  %w = train.read @w : tensor<6x5xf32>
  %l = train.dot %x, %w batch [] x [] contract [1] x [0] : tensor<4x6xf32>, tensor<6x5xf32> -> tensor<4x5xf32>
  return %l : tensor<4x5xf32>
}
