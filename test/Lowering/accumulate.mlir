// RUN: dsc-opt %s --dsc-lower-to-exec | FileCheck %s
// RUN: dsc-opt %s --dsc-lower-to-exec="accumulate=false" | FileCheck %s --check-prefix=OFF
// RUN: dsc-opt %s --dsc-lower-to-exec --dsc-fuse-kernels --dsc-place-buffers | FileCheck %s --check-prefix=PLACED
// RUN: dsc-cpu-check %s | FileCheck %s --check-prefix=CPU --implicit-check-not=FAILED

// The gradient of a table that is also the head's matrix: the rows are added to
// the product where it lies.
// CHECK-LABEL: exec.program @tied(
// CHECK: %[[DOT:.*]] = exec.call "Matmul"
// CHECK: %[[SUM:.*]] = exec.call "ScatterAdd"(%{{.*}}, %{{.*}}, %[[DOT]]) ints [0, 8, 1, 7, 8, 3, {{.*}}, 1] {{.*}} {{.*}}exec.in_place = 2 : i64
// CHECK-NEXT: exec.return %[[SUM]]
// OFF-LABEL: exec.program @tied(
// OFF: exec.call "ScatterAdd"(%{{[^,]*}}, %{{[^,]*}}) ints [0, 8, 1, 7, 8, 3, {{.*}}, 0]
// OFF-NEXT: tensor.empty
// OFF-NEXT: linalg.generic
// CPU: tied: agrees
func.func @tied(%x: tensor<5x7xf32>, %dy: tensor<5x8xf32>, %u: tensor<3x8xf32>) -> tensor<7x8xf32> {
  %i = train.constant dense<[2, 0, 2]> : tensor<3xi64>
  %d = train.dot %x, %dy batch [] x [] contract [0] x [0] : tensor<5x7xf32>, tensor<5x8xf32> -> tensor<7x8xf32>
  %s = train.scatter_add %u, %i axis 0 : tensor<3x8xf32>, tensor<3xi64> -> tensor<7x8xf32>
  %y = train.add %s, %d : tensor<7x8xf32>
  return %y : tensor<7x8xf32>
}

// An input's buffer, or a value that is read again, is left as it is.
// CHECK-LABEL: exec.program @read_again(
// CHECK-NOT: exec.in_place
// CHECK: exec.return
// CPU: read_again: agrees
func.func @read_again(%x: tensor<5x7xf32>, %dy: tensor<5x8xf32>, %u: tensor<3x8xf32>, %z: tensor<7x8xf32>)
    -> (tensor<7x8xf32>, tensor<7x8xf32>, tensor<7x8xf32>) {
  %i = train.constant dense<[2, 0, 2]> : tensor<3xi64>
  %d = train.dot %x, %dy batch [] x [] contract [0] x [0] : tensor<5x7xf32>, tensor<5x8xf32> -> tensor<7x8xf32>
  %s = train.scatter_add %u, %i axis 0 : tensor<3x8xf32>, tensor<3xi64> -> tensor<7x8xf32>
  %y = train.add %d, %s : tensor<7x8xf32>
  %t = train.scatter_add %u, %i axis 0 : tensor<3x8xf32>, tensor<3xi64> -> tensor<7x8xf32>
  %w = train.add %z, %t : tensor<7x8xf32>
  return %y, %d, %w : tensor<7x8xf32>, tensor<7x8xf32>, tensor<7x8xf32>
}

// A product is added to another one's result, a kernel's it is not.
// CHECK-LABEL: exec.program @products(
// CHECK: %[[FIRST:.*]] = exec.call "Matmul"
// CHECK: %[[BOTH:.*]] = exec.call "Matmul"(%{{.*}}, %{{.*}}, %[[FIRST]]) ints [{{.*}}, 16] {{.*}} {{.*}}exec.in_place = 2 : i64
// CHECK: exec.call "Matmul"(%{{[^,]*}}, %{{[^,]*}}) ints [{{.*}}, 0]
// CHECK: exec.return
// OFF-LABEL: exec.program @products(
// OFF-NOT: exec.in_place
// OFF: exec.return
// CPU: products: agrees
func.func @products(%x: tensor<5x7xf32>, %v: tensor<7x3xf32>, %y: tensor<5x8xf32>, %w: tensor<8x3xf32>, %z: tensor<5x3xf32>)
    -> (tensor<5x3xf32>, tensor<5x3xf32>) {
  %d = train.dot %x, %v batch [] x [] contract [1] x [0] : tensor<5x7xf32>, tensor<7x3xf32> -> tensor<5x3xf32>
  %e = train.dot %y, %w batch [] x [] contract [1] x [0] : tensor<5x8xf32>, tensor<8x3xf32> -> tensor<5x3xf32>
  %s = train.add %d, %e : tensor<5x3xf32>
  %k = train.exp %z : tensor<5x3xf32>
  %f = train.dot %y, %w batch [] x [] contract [1] x [0] : tensor<5x8xf32>, tensor<8x3xf32> -> tensor<5x3xf32>
  %t = train.add %k, %f : tensor<5x3xf32>
  return %s, %t : tensor<5x3xf32>, tensor<5x3xf32>
}

// Products of a micro-batch are added to the sums so far, through their transposes; of a tied
// table the product, then the rows. (test/cpucheck/models.test runs such programs.)
// CHECK-LABEL: exec.program @train(
// CHECK: exec.repeat 3
// CHECK: ^bb0(%[[X:.*]]: tensor<2x7xf32>, %{{.*}}: tensor<2x8xf32>, %[[SUM0:.*]]: tensor<8x7xf32>, %[[SUM1:.*]]: tensor<7x8xf32>, %[[SUM2:.*]]: tensor<2x7xf32>):
// CHECK: %[[NEXT0:.*]] = exec.call "Matmul"(%{{.*}}, %{{.*}}, %[[SUM0]]) {{.*}}exec.in_place = 2 : i64
// CHECK: %[[DOT:.*]] = exec.call "Matmul"(%{{.*}}, %{{.*}}, %[[SUM1]]) {{.*}}exec.in_place = 2 : i64
// CHECK: %[[NEXT1:.*]] = exec.call "ScatterAdd"(%{{.*}}, %{{.*}}, %[[DOT]]) {{.*}}exec.in_place = 2 : i64
// CHECK: %[[NEXT2:.*]] = linalg.generic {{.*}} ins(%[[SUM2]], %[[X]]
// CHECK: exec.yield %[[NEXT0]], %[[NEXT1]], %[[NEXT2]]
// PLACED-LABEL: exec.program @train(
// PLACED: exec.repeat 3
// PLACED-NOT: "Copy"
// PLACED: exec.yield
train.step @train(%x: tensor<6x7xf32> {train.name = "x"}, %dy: tensor<6x8xf32> {train.name = "dy"}) -> (tensor<8x7xf32> {train.name = "a"}, tensor<7x8xf32> {train.name = "b"}, tensor<2x7xf32> {train.name = "c"}) {
  %r:3 = train.microbatch 3 batch(%x, %dy : tensor<6x7xf32>, tensor<6x8xf32>)
      sums(tensor<8x7xf32>, tensor<7x8xf32>, tensor<2x7xf32>) {
  ^bb0(%m: tensor<i64>, %rows: tensor<2x7xf32>, %d: tensor<2x8xf32>):
    %i = train.constant dense<[2, 0]> : tensor<2xi64>
    %p = train.dot %rows, %d batch [] x [] contract [0] x [0] : tensor<2x7xf32>, tensor<2x8xf32> -> tensor<7x8xf32>
    %t = train.transpose %p [1, 0] : tensor<7x8xf32> to tensor<8x7xf32>
    %e = train.exp %d : tensor<2x8xf32>
    %q = train.dot %rows, %e batch [] x [] contract [0] x [0] : tensor<2x7xf32>, tensor<2x8xf32> -> tensor<7x8xf32>
    %s = train.scatter_add %e, %i axis 0 : tensor<2x8xf32>, tensor<2xi64> -> tensor<7x8xf32>
    %u = train.add %q, %s : tensor<7x8xf32>
    train.yield sums(%t, %u, %rows : tensor<8x7xf32>, tensor<7x8xf32>, tensor<2x7xf32>)
  }
  train.return %r#0, %r#1, %r#2 : tensor<8x7xf32>, tensor<7x8xf32>, tensor<2x7xf32>
}

// Equal kernels are one launch, but not where rows are added to what each makes (a scan of few
// steps, whose body reads an invariant).
// CHECK-LABEL: exec.program @repeated(
// CHECK-COUNT-3: exec.in_place = 2 : i64
// PLACED-LABEL: exec.program @repeated(
// PLACED-COUNT-3: exec.launch @{{.*}}tanh
// CPU: repeated: agrees
func.func @repeated(%a: tensor<8x4xf32>, %u: tensor<3x2x4xf32>) -> tensor<3x8x4xf32> {
  %ys = train.scan 3 invariant(%a : tensor<8x4xf32>) input(%u : tensor<3x2x4xf32>) output(tensor<3x8x4xf32>) {
  ^bb0(%w: tensor<8x4xf32>, %x: tensor<2x4xf32>):
    %t = train.tanh %w : tensor<8x4xf32>
    %i = train.constant dense<[5, 4]> : tensor<2xi64>
    %s = train.scatter_add %x, %i axis 0 : tensor<2x4xf32>, tensor<2xi64> -> tensor<8x4xf32>
    %y = train.add %t, %s : tensor<8x4xf32>
    train.body_yield %y : tensor<8x4xf32>
  }
  return %ys : tensor<3x8x4xf32>
}

// A value under two names is read under the other one.
// CHECK-LABEL: exec.program @two_names(
// CHECK-NOT: exec.in_place
// CHECK: exec.return
train.step @two_names(%x: tensor<6x7xf32> {train.name = "x"}, %dy: tensor<6x8xf32> {train.name = "dy"}) -> (tensor<7x8xf32> {train.name = "a"}, tensor<7x8xf32> {train.name = "b"}) {
  %r:2 = train.microbatch 1 batch(%x, %dy : tensor<6x7xf32>, tensor<6x8xf32>) sums(tensor<7x8xf32>, tensor<7x8xf32>) {
  ^bb0(%m: tensor<i64>, %rows: tensor<6x7xf32>, %d: tensor<6x8xf32>):
    %p = train.dot %rows, %d batch [] x [] contract [0] x [0] : tensor<6x7xf32>, tensor<6x8xf32> -> tensor<7x8xf32>
    train.yield sums(%p, %p : tensor<7x8xf32>, tensor<7x8xf32>)
  }
  %q = train.dot %x, %dy batch [] x [] contract [0] x [0] : tensor<6x7xf32>, tensor<6x8xf32> -> tensor<7x8xf32>
  %s = train.add %r#0, %q : tensor<7x8xf32>
  train.return %s, %r#1 : tensor<7x8xf32>, tensor<7x8xf32>
}
