// RUN: dsc-opt %s --split-input-file --dsc-lower-to-exec --verify-diagnostics

func.func @attention(%q: tensor<1x1x2x4xf16>) -> tensor<1x1x2x4xf16> {
  // expected-error @below {{attention on 'f16' is not supported on this target}}
  %y, %lse = train.attention %q, %q, %q scale 0.5 causal true
      : tensor<1x1x2x4xf16>, tensor<1x1x2x4xf16>, tensor<1x1x2x4xf16> -> tensor<1x1x2x4xf16>, tensor<1x1x2xf16>
  return %y : tensor<1x1x2x4xf16>
}

// -----

func.func @scatter(%u: tensor<3xi32>, %i: tensor<3xi64>) -> tensor<5xi32> {
  // expected-error @below {{scattering 'i32'}}
  %y = train.scatter_add %u, %i axis 0 : tensor<3xi32>, tensor<3xi64> -> tensor<5xi32>
  return %y : tensor<5xi32>
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
