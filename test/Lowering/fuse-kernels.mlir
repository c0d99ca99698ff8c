// RUN: dsc-opt %s --dsc-lower-to-exec --dsc-fuse-kernels | FileCheck %s
// RUN: dsc-opt %s --dsc-lower-to-exec --dsc-fuse-kernels=fuse=false | FileCheck %s --check-prefix=SINGLE

// A softmax is one kernel; a second one of the same shape is the same kernel.
// CHECK-LABEL: exec.program @softmax(
// CHECK-NEXT: %[[Y:.*]] = exec.launch @[[SOFTMAX:.*]](%{{.*}}) {{.*}} : (tensor<64x32xf32>) -> tensor<64x32xf32>
// CHECK-NEXT: exec.return %[[Y]]
// CHECK-LABEL: exec.program @softmax_again(
// CHECK-NEXT: exec.launch @[[SOFTMAX]](
// SINGLE-LABEL: exec.program @softmax(
// SINGLE-COUNT-5: exec.launch
// SINGLE-LABEL: exec.program @softmax_again(
func.func @softmax(%x: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %s = train.softmax %x 1 : tensor<64x32xf32>
  return %s : tensor<64x32xf32>
}
func.func @softmax_again(%x: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %s = train.softmax %x 1 : tensor<64x32xf32>
  return %s : tensor<64x32xf32>
}

// What is only read inside a kernel gets no buffer; what is read outside is a result.
// CHECK-LABEL: exec.program @results(
// CHECK-NEXT: %{{.*}}:2 = exec.launch @{{.*}}(%{{.*}}) {{.*}} : (tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>)
func.func @results(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %a = train.exp %x : tensor<8xf32>
  %b = train.neg %a : tensor<8xf32>
  %c = train.tanh %b : tensor<8xf32>
  return %a, %c : tensor<8xf32>, tensor<8xf32>
}

// A product stands between: its input must be complete before, its output after.
// CHECK-LABEL: exec.program @around_call(
// CHECK: %[[A:.*]] = exec.launch
// CHECK: %[[P:.*]] = exec.call "Matmul"(%[[A]],
// CHECK: exec.launch @{{.*}}(%{{.*}}) {{.*}} -> tensor<8x8xf32>
func.func @around_call(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %a = train.exp %x : tensor<8x8xf32>
  %p = train.dot %a, %x batch [] x [] contract [1] x [0] : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %y = train.mul %a, %p : tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// Loops of different sizes stay apart.
// CHECK-LABEL: exec.program @domains(
// CHECK-COUNT-2: exec.launch
// CHECK: exec.return
func.func @domains(%x: tensor<8xf32>, %y: tensor<9xf32>) -> (tensor<8xf32>, tensor<9xf32>) {
  %a = train.exp %x : tensor<8xf32>
  %b = train.exp %y : tensor<9xf32>
  return %a, %b : tensor<8xf32>, tensor<9xf32>
}

// One number that both read is no reason to share a kernel; a tensor is.
// CHECK-LABEL: exec.program @shared_number(
// CHECK-COUNT-2: exec.launch
// CHECK: exec.return
// CHECK-LABEL: exec.program @shared_tensor(
// CHECK-COUNT-1: exec.launch
// CHECK-NEXT: exec.return
func.func @shared_number(%a: tensor<8xf32>, %b: tensor<8xf32>, %s: tensor<f32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %t = train.broadcast %s [] : tensor<f32> to tensor<8xf32>
  %x = train.mul %a, %t : tensor<8xf32>
  %y = train.mul %b, %t : tensor<8xf32>
  return %x, %y : tensor<8xf32>, tensor<8xf32>
}
func.func @shared_tensor(%a: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %x = train.exp %a : tensor<8xf32>
  %y = train.tanh %a : tensor<8xf32>
  return %x, %y : tensor<8xf32>, tensor<8xf32>
}
