// RUN: dsc-opt %s --split-input-file --pass-pipeline='builtin.module(dsc-attach-loss{kind=cross-entropy ignore-index=-1 label-smoothing=0.1},cse)' | FileCheck %s --check-prefix=CE
// RUN: dsc-opt %s --split-input-file --dsc-attach-loss=kind=mse | FileCheck %s --check-prefix=MSE
// RUN: dsc-opt %s --split-input-file --dsc-attach-loss=kind=bce-with-logits | FileCheck %s --check-prefix=BCE
// RUN: dsc-opt %s --split-input-file --dsc-attach-loss=kind=l1 | FileCheck %s --check-prefix=L1

// [N, C]: the classes are the last dimension.
// CE-LABEL: func.func @forward
// CE-SAME: %[[LABELS:arg1]]: tensor<8xi64> {train.name = "labels"}) -> (tensor<8x10xf32> {train.name = "logits"}, tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"})
// CE-SAME: train.loss = {class_axis = 1 : i64, classes = 10 : i64, ignore_index = -1 : i64, kind = "cross-entropy", label_smoothing = 1.000000e-01 : f64, output = "logits"}
// CE: %[[LOSS:.*]], %{{.*}} = train.cross_entropy %arg0, %[[LABELS]] dim 1 ignore -1 smoothing 1.000000e-01
// CE: %[[COUNTED:.*]] = train.compare ne %[[LABELS]]
// CE: %[[ONES:.*]] = train.convert %[[COUNTED]]
// CE: %[[COUNT:.*]] = train.reduce_sum %[[ONES]] [0]
// CE: %[[SUM:.*]] = train.reduce_sum %[[LOSS]] [0]
// CE: return %arg0, %[[SUM]], %[[COUNT]]

// Every element is a target.
// MSE-LABEL: func.func @forward
// MSE-SAME: %[[LABELS:arg1]]: tensor<8x10xf32> {train.name = "labels"})
// MSE: %[[D:.*]] = train.sub %arg0, %[[LABELS]]
// MSE: %[[DD:.*]] = train.mul %[[D]], %[[D]]
// MSE: %[[COUNT:.*]] = train.constant dense<8.000000e+01> : tensor<f32>
// MSE: %[[SUM:.*]] = train.reduce_sum %[[DD]] [0, 1]
// MSE: return %arg0, %[[SUM]], %[[COUNT]]

// BCE-LABEL: func.func @forward
// BCE: train.max
// BCE: train.log1p
// L1-LABEL: func.func @forward
// L1: train.abs
func.func @forward(%x: tensor<8x10xf32> {train.name = "x"}) -> (tensor<8x10xf32> {train.name = "logits"}) {
  return %x : tensor<8x10xf32>
}

// -----

// Rank 4: axis 1 holds the classes; the model is in f16, its loss is not.
// CE-LABEL: func.func @forward
// CE-SAME: tensor<2x4x4xi64> {train.name = "labels"}
// CE: %[[WIDE:.*]] = train.convert %arg0 : tensor<2x3x4x4xf16> to tensor<2x3x4x4xf32>
// CE: train.cross_entropy %[[WIDE]], %{{.*}} dim 1
// MSE-LABEL: func.func @forward
// MSE: train.convert %arg0 : tensor<2x3x4x4xf16> to tensor<2x3x4x4xf32>
func.func @forward(%x: tensor<2x3x4x4xf16> {train.name = "x"}) -> (tensor<2x3x4x4xf16> {train.name = "mask"}) {
  return %x : tensor<2x3x4x4xf16>
}

// -----

// Batch and sequence flattened by the model: labels keep the batch in front.
// CE-LABEL: func.func @forward
// CE-SAME: %[[LABELS:arg1]]: tensor<2x3xi64> {train.name = "labels"}
// CE: %[[FLAT:.*]] = train.reshape %[[LABELS]] : tensor<2x3xi64> to tensor<6xi64>
// CE: train.cross_entropy %{{.*}}, %[[FLAT]] dim 1
func.func @forward(%x: tensor<2x3x5xf32> {train.name = "x"}) -> (tensor<6x5xf32> {train.name = "logits"}) {
  %y = train.reshape %x : tensor<2x3x5xf32> to tensor<6x5xf32>
  return %y : tensor<6x5xf32>
}
