train.variable parameter @w : tensor<4x3xf32> = dense<1.0> : tensor<4x3xf32>
func.func @forward(%x: tensor<4x3xf32> {train.name = "x"}, %mask: tensor<3xf32> {train.name = "mask"}) -> (tensor<4x3xf32> {train.name = "y"}) {
  %w = train.read @w : tensor<4x3xf32>
  %m = train.broadcast %mask [1] : tensor<3xf32> to tensor<4x3xf32>
  %y = train.mul %m, %w : tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
