// RUN: dsc-opt %s --dsc-attach-loss="kind=mse output=y" --dsc-make-evaluate | FileCheck %s --check-prefix=MSE
// RUN: dsc-opt %s --dsc-attach-loss="loss-output=l" --dsc-make-evaluate | FileCheck %s --check-prefix=OWN
// RUN: not dsc-opt %s --dsc-make-evaluate 2>&1 | FileCheck %s --check-prefix=NOLOSS
// NOLOSS: error: the model has no loss to evaluate; run dsc-attach-loss first

// MSE-LABEL: func.func @evaluate
// MSE-SAME: -> (tensor<4xf32> {train.name = "loss_sum"}, tensor<4xf32> {train.name = "count"}, tensor<4x3xf32> {train.name = "output.y"},
// MSE: train.constant dense<3.000000e+00> : tensor<4xf32>

// A sum is not what its samples make it, on whole batches only.
// OWN-LABEL: func.func @evaluate
// OWN-SAME: -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}, tensor<4x3xf32> {train.name = "output.y"},
// OWN-SAME: train.whole_batches = "train.reduce_sum sums over the rows of a batch"
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}) -> (tensor<4x3xf32> {train.name = "y"}, tensor<f32> {train.name = "l"}) {
  %sum = train.reduce_sum %x [0, 1] : tensor<4x3xf32> to tensor<f32>
  %four = train.constant dense<4.0> : tensor<f32>
  %l = train.mul %sum, %four : tensor<f32>
  return %x, %l : tensor<4x3xf32>, tensor<f32>
}
