// RUN: dsc-opt %s --split-input-file --dsc-lower-to-exec --verify-diagnostics

func.func @pool(%x: tensor<1x1x4xf64>) -> tensor<1x1x2xf64> {
  // expected-error @below {{'train.avg_pool' on f64 is not supported on this target}}
  %y = train.avg_pool %x window [2] strides [2] low [0] high [0] dilations [1] count_padding false
      : tensor<1x1x4xf64> -> tensor<1x1x2xf64>
  return %y : tensor<1x1x2xf64>
}

// -----

func.func @scatter(%u: tensor<3xi8>, %i: tensor<3xi64>) -> tensor<5xi8> {
  // expected-error @below {{scattering 'i8' elements is not supported on this target; convert to i32}}
  %y = train.scatter_add %u, %i axis 0 : tensor<3xi8>, tensor<3xi64> -> tensor<5xi8>
  return %y : tensor<5xi8>
}

// -----

func.func @argmax(%x: tensor<3x4xf32>) -> tensor<3xi32> {
  // expected-error @below {{argmax gives i64 on this target; convert it afterwards}}
  %y = train.argmax %x 1 : tensor<3x4xf32> to tensor<3xi32>
  return %y : tensor<3xi32>
}

// -----

// expected-error @below {{expected variables and programs only}}
func.func private @declared(tensor<3xf32>) -> tensor<3xf32>
