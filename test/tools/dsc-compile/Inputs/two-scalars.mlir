// Two outputs that could be the loss.
func.func @forward(%x: tensor<2x3xf32> {train.name = "x"})
    -> (tensor<f32> {train.name = "p"}, tensor<f32> {train.name = "q"}) {
  %p = train.reduce_sum %x [0, 1] : tensor<2x3xf32> to tensor<f32>
  %q = train.reduce_max %x [0, 1] : tensor<2x3xf32> to tensor<f32>
  return %p, %q : tensor<f32>, tensor<f32>
}
