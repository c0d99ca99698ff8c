// Ten updates of each optimizer are PyTorch's, with schedule, clipping and decay.
// RUN: dsc-opt %s --dsc-train-pipeline="optimizer=sgd" -o %t.sgd.mlir
// RUN: dsc-opt %s --dsc-train-pipeline="optimizer=momentum" -o %t.momentum.mlir
// RUN: dsc-opt %s --dsc-train-pipeline="optimizer=adam" -o %t.adam.mlir
// RUN: dsc-opt %s --dsc-train-pipeline="optimizer=adamw" -o %t.adamw.mlir
// RUN: python3 %S/follow_golden.py optimizer %{goldens}/optimizer-sgd.npz %t.sgd.mlir
// RUN: python3 %S/follow_golden.py optimizer %{goldens}/optimizer-sgd-schedule.npz %t.sgd.mlir
// RUN: python3 %S/follow_golden.py optimizer %{goldens}/optimizer-momentum.npz %t.momentum.mlir
// RUN: python3 %S/follow_golden.py optimizer %{goldens}/optimizer-momentum-schedule.npz %t.momentum.mlir
// RUN: python3 %S/follow_golden.py optimizer %{goldens}/optimizer-momentum-no-decay.npz %t.momentum.mlir
// RUN: python3 %S/follow_golden.py optimizer %{goldens}/optimizer-adam.npz %t.adam.mlir
// RUN: python3 %S/follow_golden.py optimizer %{goldens}/optimizer-adam-schedule.npz %t.adam.mlir
// RUN: python3 %S/follow_golden.py optimizer %{goldens}/optimizer-adamw.npz %t.adamw.mlir
// RUN: python3 %S/follow_golden.py optimizer %{goldens}/optimizer-adamw-schedule.npz %t.adamw.mlir
// RUN: python3 %S/follow_golden.py optimizer %{goldens}/optimizer-adamw-no-decay.npz %t.adamw.mlir

// And the comparison can fail: decay in the gradient is not decoupled decay.
// RUN: not python3 %S/follow_golden.py optimizer %{goldens}/optimizer-adamw-schedule.npz %t.adam.mlir 2>&1 | FileCheck %s
// CHECK: error: {{.*}}: largest difference

train.variable parameter @fc1.weight : tensor<16x12xf32> = #train.weights
train.variable parameter @fc1.bias : tensor<16xf32> = #train.weights
train.variable parameter @fc2.weight : tensor<16x16xf32> = #train.weights
train.variable parameter @fc2.bias : tensor<16xf32> = #train.weights
train.variable parameter @fc3.weight : tensor<5x16xf32> = #train.weights
train.variable parameter @fc3.bias : tensor<5xf32> = #train.weights
func.func @forward(%x: tensor<8x12xf32> {train.name = "x"}) -> (tensor<8x5xf32> {train.name = "logits"}) {
  %w1 = train.read @fc1.weight : tensor<16x12xf32>
  %b1 = train.read @fc1.bias : tensor<16xf32>
  %p1 = train.dot %x, %w1 batch [] x [] contract [1] x [1] : tensor<8x12xf32>, tensor<16x12xf32> -> tensor<8x16xf32>
  %bb1 = train.broadcast %b1 [1] : tensor<16xf32> to tensor<8x16xf32>
  %s1 = train.add %p1, %bb1 : tensor<8x16xf32>
  %h1 = train.relu %s1 : tensor<8x16xf32>
  %w2 = train.read @fc2.weight : tensor<16x16xf32>
  %b2 = train.read @fc2.bias : tensor<16xf32>
  %p2 = train.dot %h1, %w2 batch [] x [] contract [1] x [1] : tensor<8x16xf32>, tensor<16x16xf32> -> tensor<8x16xf32>
  %bb2 = train.broadcast %b2 [1] : tensor<16xf32> to tensor<8x16xf32>
  %s2 = train.add %p2, %bb2 : tensor<8x16xf32>
  %h2 = train.tanh %s2 : tensor<8x16xf32>
  %w3 = train.read @fc3.weight : tensor<5x16xf32>
  %b3 = train.read @fc3.bias : tensor<5xf32>
  %p3 = train.dot %h2, %w3 batch [] x [] contract [1] x [1] : tensor<8x16xf32>, tensor<5x16xf32> -> tensor<8x5xf32>
  %bb3 = train.broadcast %b3 [1] : tensor<5xf32> to tensor<8x5xf32>
  %s3 = train.add %p3, %bb3 : tensor<8x5xf32>
  return %s3 : tensor<8x5xf32>
}
