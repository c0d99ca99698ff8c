// RUN: dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff --dsc-add-optimizer=kind=adamw | FileCheck %s --check-prefixes=CHECK,ADAMW
// RUN: dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff --dsc-add-optimizer=kind=adam | FileCheck %s --check-prefix=ADAM
// RUN: dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff --dsc-add-optimizer="kind=momentum clip=false" | FileCheck %s --check-prefix=MOMENTUM
// RUN: dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff --dsc-add-optimizer="kind=sgd clip=false" | FileCheck %s --check-prefix=SGD
// RUN: not dsc-opt %s --dsc-attach-loss=kind=mse --dsc-autodiff --dsc-add-optimizer --dsc-add-optimizer 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: @train has no result "grad.w"; the optimizer updates parameters by the gradients that dsc-autodiff returns

// CHECK: train.variable parameter @w
// CHECK-NEXT: train.variable slot @w.exp_avg of @w "exp_avg" : tensor<3xf32> = dense<0.000000e+00>
// CHECK-NEXT: train.variable slot @w.exp_avg_sq of @w "exp_avg_sq"
// CHECK-NEXT: train.variable parameter @unused
// CHECK-NEXT: train.variable frozen @s
// MOMENTUM: train.variable slot @w.momentum_buffer of @w "momentum_buffer"
// SGD-NOT: slot
train.variable parameter @w : tensor<3xf32> = dense<1.0> : tensor<3xf32>
train.variable parameter @unused : tensor<3xf32> = dense<1.0> : tensor<3xf32>
train.variable frozen @s : tensor<3xf32> = dense<1.0> : tensor<3xf32>

// CHECK-LABEL: train.step @train
// CHECK-SAME: -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"}, tensor<f32> {train.name = "grad_norm"})
// Outputs are no longer stacked.
// CHECK: %[[SUMS:.*]]:3 = train.microbatch 1 batch({{.*}}) sums(tensor<f32>, tensor<f32>, tensor<3xf32>) {
// CHECK: train.yield sums({{.*}})
// CHECK: %[[MEAN:.*]] = train.select
// CHECK: %[[RAW:.*]] = train.global_norm %[[SUMS]]#2
// CHECK: %[[NORM:.*]] = train.mul %[[MEAN]], %[[RAW]]
// CHECK: %[[LIMIT:.*]] = train.scalar "clip_norm"
// CHECK: %[[SAFE:.*]] = train.add %[[NORM]], %{{.*}}
// CHECK: %[[RATIO:.*]] = train.div %[[LIMIT]], %[[SAFE]]
// CHECK: %[[CLIP:.*]] = train.min %[[RATIO]], %{{.*}}
// CHECK: %[[SCALE:.*]] = train.mul %[[MEAN]], %[[CLIP]]
// CHECK-DAG: %[[LR:.*]] = train.scalar "lr"
// CHECK-DAG: %[[WD:.*]] = train.scalar "weight_decay" of @w
// ADAMW: %[[W:.*]], %[[M:.*]], %[[V:.*]] = train.adamw %{{.*}}, %[[SUMS]]#2, %{{.*}}, %{{.*}} scale %[[SCALE]] lr %[[LR]] betas %{{.*}}, %{{.*}} eps %{{.*}} decay %[[WD]]
// CHECK: train.write @w, %[[W]]
// CHECK: train.write @w.exp_avg, %[[M]]
// CHECK: train.write @w.exp_avg_sq, %[[V]]
// CHECK-NOT: @unused
// CHECK: train.return %[[SUMS]]#0, %[[SUMS]]#1, %[[NORM]]

// ADAM: train.adam %
// MOMENTUM: -> (tensor<f32> {train.name = "loss_sum"}, tensor<f32> {train.name = "count"})
// MOMENTUM-NOT: train.global_norm
// MOMENTUM: %[[FIRST:.*]] = train.scalar "first_update"
// MOMENTUM: train.momentum {{.*}} first %[[FIRST]]
// SGD: train.sgd
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}) -> (tensor<4x3xf32> {train.name = "y"}) {
  %w = train.read @w : tensor<3xf32>
  %ww = train.broadcast %w [1] : tensor<3xf32> to tensor<4x3xf32>
  %y = train.mul %x, %ww : tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
