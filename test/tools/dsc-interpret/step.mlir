// A step of two micro-batches: sums add up, carried values pass on, stacks are
// joined; a read sees the value before the step, a write the one after.
// RUN: python3 %{source}/test/npz.py write %t.npz x=f4:4x2:1,2,3,4,5,6,7,8 scalar.lr=f8::0.5 scalar.weight_decay.w=f8::0.25
// RUN: dsc-interpret %s --data %t.npz -o %t.out.npz
// RUN: python3 %{source}/test/npz.py show %t.out.npz | FileCheck %s
// Compressed members, another float type, and the variable overridden by name:
// RUN: python3 %{source}/test/npz.py write %t.2.npz --deflate x=f2:4x2:1,2,3,4,5,6,7,8 scalar.lr=f4::0.5 scalar.weight_decay=f8::0.25 w=f8:2:20
// RUN: dsc-interpret %s --data %t.2.npz --entry train | FileCheck %s --check-prefix=TEXT

train.variable parameter @w : tensor<2xf32> = dense<[10.0, 20.0]> : tensor<2xf32>
train.variable state @seen : tensor<2xf32> = dense<0.0> : tensor<2xf32>

// CHECK: sum f4 (2,) 16 20
// CHECK: last f4 (2,) 7 8
// CHECK: doubled f4 (4,2,) 2 4 6 8 10 12 14 16
// CHECK: average f4 () 0.5
// CHECK: result4 f4 (2,) 10 20
// w - lr (sum + decay w) = 10 - 0.5 (16 + 2.5), 20 - 0.5 (20 + 5)
// CHECK: variable.w f4 (2,) 0.75 7.5
// CHECK: variable.seen f4 (2,) 7 8

// TEXT: sum = tensor<2xf32> [16, 20]
// TEXT: result4 = tensor<2xf32> [20, 20]
train.step @train(%x: tensor<4x2xf32> {train.name = "x"})
    -> (tensor<2xf32> {train.name = "sum"}, tensor<2xf32> {train.name = "last"},
        tensor<4x2xf32> {train.name = "doubled"}, tensor<f32> {train.name = "average"},
        tensor<2xf32>) {
  %w = train.read @w : tensor<2xf32>
  %seen = train.read @seen : tensor<2xf32>
  %sum, %last, %doubled, %average = train.microbatch 2 batch(%x : tensor<4x2xf32>)
      carry(%seen : tensor<2xf32>) sums(tensor<2xf32>) carried(tensor<2xf32>)
      stacks(tensor<4x2xf32>, tensor<f32>) {
  ^bb0(%m: tensor<i64>, %xm: tensor<2x2xf32>, %before: tensor<2xf32>):
    %s = train.reduce_sum %xm [0] : tensor<2x2xf32> to tensor<2xf32>
    %row = train.slice %xm [1, 0] strides [1, 1] : tensor<2x2xf32> to tensor<1x2xf32>
    %now = train.reshape %row : tensor<1x2xf32> to tensor<2xf32>
    %both = train.add %xm, %xm : tensor<2x2xf32>
    %number = train.convert %m : tensor<i64> to tensor<f32>
    train.yield sums(%s : tensor<2xf32>) carry(%now : tensor<2xf32>)
        stacks(%both, %number : tensor<2x2xf32>, tensor<f32>)
  }
  %one = train.constant dense<1.0> : tensor<f32>
  %lr = train.scalar "lr" : tensor<f32>
  %decay = train.scalar "weight_decay" of @w : tensor<f32>
  %new = train.sgd %w, %sum scale %one lr %lr decay %decay : tensor<2xf32>
  train.write @w, %new : tensor<2xf32>
  train.write @seen, %last : tensor<2xf32>
  %again = train.read @w : tensor<2xf32>
  train.return %sum, %last, %doubled, %average, %again
      : tensor<2xf32>, tensor<2xf32>, tensor<4x2xf32>, tensor<f32>, tensor<2xf32>
}
