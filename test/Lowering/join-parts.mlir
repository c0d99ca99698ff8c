// RUN: dsc-opt %s --dsc-lower-to-exec | FileCheck %s
// RUN: dsc-opt %s --dsc-lower-to-exec="join-parts=false" | FileCheck %s --check-prefix=OFF
// RUN: dsc-cpu-check %s | FileCheck %s --check-prefix=CPU --implicit-check-not=FAILED

// The gradients of q, k and v become parts of the projection's gradient: strides of
// the three in its rows, their first elements, flags.
// CHECK-LABEL: exec.program @joined(
// CHECK: %[[ALL:.*]] = exec.call "AttentionGrad"({{.*}}) ints [2, 2, 2, 3, 3, 4, 4, {{.*}}72, 4, 24, 72, 4, 24, 72, 4, 24, 0, 8, 16, 5] {{.*}} -> tensor<2x3x24xf32>
// CHECK-NEXT: exec.return %[[ALL]]
// OFF-LABEL: exec.program @joined(
// OFF: exec.call "AttentionGrad"{{.*}} -> (tensor<2x3x2x4xf32>, tensor<2x3x2x4xf32>, tensor<2x3x2x4xf32>)
// OFF-COUNT-3: exec.call "Copy"
// CPU: joined: agrees
func.func @joined(%x: tensor<2x3x24xf32>, %dy: tensor<2x2x3x4xf32>) -> tensor<2x3x24xf32> {
  %q = train.slice %x [0, 0, 0] strides [1, 1, 1] : tensor<2x3x24xf32> to tensor<2x3x8xf32>
  %k = train.slice %x [0, 0, 8] strides [1, 1, 1] : tensor<2x3x24xf32> to tensor<2x3x8xf32>
  %v = train.slice %x [0, 0, 16] strides [1, 1, 1] : tensor<2x3x24xf32> to tensor<2x3x8xf32>
  %q4 = train.reshape %q : tensor<2x3x8xf32> to tensor<2x3x2x4xf32>
  %k4 = train.reshape %k : tensor<2x3x8xf32> to tensor<2x3x2x4xf32>
  %v4 = train.reshape %v : tensor<2x3x8xf32> to tensor<2x3x2x4xf32>
  %qh = train.transpose %q4 [0, 2, 1, 3] : tensor<2x3x2x4xf32> to tensor<2x2x3x4xf32>
  %kh = train.transpose %k4 [0, 2, 1, 3] : tensor<2x3x2x4xf32> to tensor<2x2x3x4xf32>
  %vh = train.transpose %v4 [0, 2, 1, 3] : tensor<2x3x2x4xf32> to tensor<2x2x3x4xf32>
  %y, %lse = train.attention %qh, %kh, %vh scale 0.5 causal true
      : tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32> -> tensor<2x2x3x4xf32>, tensor<2x2x3xf32>
  %dq, %dk, %dv = train.attention_grad %dy, %qh, %kh, %vh, %y, %lse scale 0.5 causal true
      : tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3xf32>
  %dqt = train.transpose %dq [0, 2, 1, 3] : tensor<2x2x3x4xf32> to tensor<2x3x2x4xf32>
  %dkt = train.transpose %dk [0, 2, 1, 3] : tensor<2x2x3x4xf32> to tensor<2x3x2x4xf32>
  %dvt = train.transpose %dv [0, 2, 1, 3] : tensor<2x2x3x4xf32> to tensor<2x3x2x4xf32>
  %dqr = train.reshape %dqt : tensor<2x3x2x4xf32> to tensor<2x3x8xf32>
  %dkr = train.reshape %dkt : tensor<2x3x2x4xf32> to tensor<2x3x8xf32>
  %dvr = train.reshape %dvt : tensor<2x3x2x4xf32> to tensor<2x3x8xf32>
  %dx = train.concat 2 %dqr, %dkr, %dvr : (tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<2x3x8xf32>) -> tensor<2x3x24xf32>
  return %dx : tensor<2x3x24xf32>
}

// One of them has another reader: nothing is joined.
// CHECK-LABEL: exec.program @read_twice(
// CHECK: exec.call "AttentionGrad"{{.*}} -> (tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>)
// CHECK-COUNT-3: exec.call "Copy"
// CPU: read_twice: agrees
func.func @read_twice(%x: tensor<2x2x3x4xf32>, %dy: tensor<2x2x3x4xf32>) -> (tensor<2x2x9x4xf32>, tensor<2x2x3x4xf32>) {
  %y, %lse = train.attention %x, %x, %x scale 0.5 causal true
      : tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32> -> tensor<2x2x3x4xf32>, tensor<2x2x3xf32>
  %dq, %dk, %dv = train.attention_grad %dy, %x, %x, %x, %y, %lse scale 0.5 causal true
      : tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3xf32>
  %dx = train.concat 2 %dq, %dk, %dv : (tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>) -> tensor<2x2x9x4xf32>
  return %dx, %dv : tensor<2x2x9x4xf32>, tensor<2x2x3x4xf32>
}

// Along the head's width the parts would not be contiguous rows, but they lie in
// the whole with its stride.
// CHECK-LABEL: exec.program @along_width(
// CHECK: exec.call "AttentionGrad"({{.*}}) ints [1, 1, 1, 3, 3, 4, 4, {{.*}}36, 36, 12, 36, 36, 12, 36, 36, 12, 8, 4, 0, 4] {{.*}} -> tensor<1x1x3x12xf32>
// CPU: along_width: agrees
func.func @along_width(%x: tensor<1x1x3x4xf32>, %dy: tensor<1x1x3x4xf32>) -> tensor<1x1x3x12xf32> {
  %y, %lse = train.attention %x, %x, %x scale 0.5 causal false
      : tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x3x4xf32>, tensor<1x1x3xf32>
  %dq, %dk, %dv = train.attention_grad %dy, %x, %x, %x, %y, %lse scale 0.5 causal false
      : tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3xf32>
  %dx = train.concat 3 %dv, %dk, %dq : (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x3x12xf32>
  return %dx : tensor<1x1x3x12xf32>
}
