train.variable parameter @w : tensor<3xf32> = dense<1.0> : tensor<3xf32>
train.variable parameter @v : tensor<3xf32> = dense<1.0> : tensor<3xf32>
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}) -> (tensor<4x3xf32> {train.name = "y"}) {
  %w = train.read @w : tensor<3xf32>
  %e = train.exp %w : tensor<3xf32>
  train.write @w, %e : tensor<3xf32>
  return %x : tensor<4x3xf32>
}
