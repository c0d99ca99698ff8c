// What no derivative check sees: integers, steps, NaN, ties.
// RUN: dsc-interpret %s --entry integers | FileCheck %s --check-prefix=INT
// RUN: dsc-interpret %s --entry floats | FileCheck %s --check-prefix=FLOAT
// RUN: dsc-interpret %s --entry conversions | FileCheck %s --check-prefix=CONVERT
// RUN: dsc-interpret %s --entry reductions | FileCheck %s --check-prefix=REDUCE

func.func @integers() -> (tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<3xui8>) {
  %a = train.constant dense<[7, -7, 2147483647, -2147483648]> : tensor<4xi32>
  %b = train.constant dense<[2, 2, 1, -1]> : tensor<4xi32>
  // INT: result0 = tensor<4xi32> [9, -5, -2147483648, 2147483647]
  %0 = train.add %a, %b : tensor<4xi32>
  // Truncated towards zero; the smallest number over -1 wraps.
  // INT: result1 = tensor<4xi32> [3, -3, 2147483647, -2147483648]
  %1 = train.div %a, %b : tensor<4xi32>
  // INT: result2 = tensor<4xi32> [49, 49, 2147483647, 0]
  %2 = train.pow %a, %b : tensor<4xi32>
  // INT: result3 = tensor<4xi32> [7, 2, 2147483647, -1]
  %3 = train.max %a, %b : tensor<4xi32>
  // INT: result4 = tensor<3xui8> [4, 255, 0]
  %c = train.constant dense<[250, 254, 255]> : tensor<3xui8>
  %d = train.constant dense<[10, 1, 1]> : tensor<3xui8>
  %4 = train.add %c, %d : tensor<3xui8>
  return %0, %1, %2, %3, %4
      : tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<4xi32>, tensor<3xui8>
}

func.func @floats() -> (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xi1>,
                        tensor<6xi1>, tensor<6xf32>) {
  %x = train.constant dense<[0.5, 1.5, -0.5, -2.5, 0x7FC00000, 0.0]> : tensor<6xf32>
  %one = train.constant dense<1.0> : tensor<6xf32>
  // FLOAT: result0 = tensor<6xf32> [0, 2, -0, -2, nan, 0]
  %0 = train.round %x : tensor<6xf32>
  // FLOAT: result1 = tensor<6xf32> [1, 1, -1, -1, nan, 0]
  %1 = train.sign %x : tensor<6xf32>
  // FLOAT: result2 = tensor<6xf32> [0.5, 1.5, 0, 0, nan, 0]
  %2 = train.relu %x : tensor<6xf32>
  // NaN wins against a number, on either side.
  // FLOAT: result3 = tensor<6xf32> [0.5, 1, -0.5, -2.5, nan, 0]
  %3 = train.min %one, %x : tensor<6xf32>
  // NaN differs from everything.
  // FLOAT: result4 = tensor<6xi1> [1, 0, 1, 1, 0, 1]
  %4 = train.compare lt %x, %one : tensor<6xf32>
  // FLOAT: result5 = tensor<6xi1> [0, 0, 0, 0, 1, 0]
  %5 = train.compare ne %x, %x : tensor<6xf32>
  // FLOAT: result6 = tensor<6xf32> [1, 1.5, 1, 1, nan, 1]
  %6 = train.max %x, %one : tensor<6xf32>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>,
                                      tensor<6xi1>, tensor<6xi1>, tensor<6xf32>
}

func.func @conversions() -> (tensor<4xi64>, tensor<4xi1>, tensor<2xf32>, tensor<1xf32>) {
  %x = train.constant dense<[1.9, -1.9, 0.0, 1.0e30]> : tensor<4xf32>
  // CONVERT: result0 = tensor<4xi64> [1, -1, 0, 9223372036854775807]
  %0 = train.convert %x : tensor<4xf32> to tensor<4xi64>
  // CONVERT: result1 = tensor<4xi1> [1, 1, 0, 1]
  %1 = train.convert %x : tensor<4xf32> to tensor<4xi1>
  // CONVERT: result2 = tensor<2xf32> [1, 0]
  %p = train.constant dense<[true, false]> : tensor<2xi1>
  %2 = train.convert %p : tensor<2xi1> to tensor<2xf32>
  // 2^24 + 1 has no f32.
  // CONVERT: result3 = tensor<1xf32> [16777216]
  %i = train.constant dense<16777217> : tensor<1xi64>
  %3 = train.convert %i : tensor<1xi64> to tensor<1xf32>
  return %0, %1, %2, %3 : tensor<4xi64>, tensor<4xi1>, tensor<2xf32>, tensor<1xf32>
}

func.func @reductions() -> (tensor<2xi64>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>,
                            tensor<2xf32>, tensor<2xi64>) {
  %x = train.constant dense<[[1.0, 3.0, 3.0], [2.0, 0x7FC00000, 5.0]]> : tensor<2x3xf32>
  // The first of several, and NaN counts as the largest.
  // REDUCE: result0 = tensor<2xi64> [1, 1]
  %0 = train.argmax %x 1 : tensor<2x3xf32> to tensor<2xi64>
  // REDUCE: result1 = tensor<2xf32> [3, nan]
  %1 = train.reduce_max %x [1] : tensor<2x3xf32> to tensor<2xf32>
  // REDUCE: result2 = tensor<2xf32> [7, nan]
  %2 = train.reduce_sum %x [1] : tensor<2x3xf32> to tensor<2xf32>
  // REDUCE: result3 = tensor<3xf32> [1, nan, 3]
  %3 = train.reduce_min %x [0] : tensor<2x3xf32> to tensor<3xf32>
  // Over no elements: the neutral element.
  // REDUCE: result4 = tensor<2xf32> [-inf, -inf]
  %none = train.slice %x [0, 0] strides [1, 1] : tensor<2x3xf32> to tensor<2x0xf32>
  %4 = train.reduce_max %none [1] : tensor<2x0xf32> to tensor<2xf32>
  // REDUCE: result5 = tensor<2xi64> [0, 0]
  %empty = train.convert %none : tensor<2x0xf32> to tensor<2x0xi64>
  %5 = train.reduce_sum %empty [1] : tensor<2x0xi64> to tensor<2xi64>
  return %0, %1, %2, %3, %4, %5 : tensor<2xi64>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>,
                                  tensor<2xf32>, tensor<2xi64>
}
