// Two heads on one trunk; a loss of the first does not depend on the second.
train.variable parameter @trunk : tensor<6x4xf32> = #train.uniform<low = -0.5 : f64, high = 0.5 : f64, seed = 1>
train.variable parameter @head : tensor<3x6xf32> = #train.uniform<low = -0.5 : f64, high = 0.5 : f64, seed = 2>
train.variable parameter @other.weight : tensor<2x6xf32> = #train.uniform<low = -0.5 : f64, high = 0.5 : f64, seed = 3>
train.variable parameter @other.scale : tensor<f32> = dense<1.5> : tensor<f32>

func.func @forward(%x: tensor<4x4xf32> {train.name = "x"})
    -> (tensor<4x3xf32> {train.name = "logits"}, tensor<4x2xf32> {train.name = "other"}) {
  %t = train.read @trunk : tensor<6x4xf32>
  %w = train.read @head : tensor<3x6xf32>
  %v = train.read @other.weight : tensor<2x6xf32>
  %s = train.read @other.scale : tensor<f32>
  %h = train.dot %x, %t batch [] x [] contract [1] x [1] : tensor<4x4xf32>, tensor<6x4xf32> -> tensor<4x6xf32>
  %a = train.tanh %h : tensor<4x6xf32>
  %y = train.dot %a, %w batch [] x [] contract [1] x [1] : tensor<4x6xf32>, tensor<3x6xf32> -> tensor<4x3xf32>
  %z = train.dot %a, %v batch [] x [] contract [1] x [1] : tensor<4x6xf32>, tensor<2x6xf32> -> tensor<4x2xf32>
  %sz = train.broadcast %s [] : tensor<f32> to tensor<4x2xf32>
  %o = train.mul %z, %sz : tensor<4x2xf32>
  return %y, %o : tensor<4x3xf32>, tensor<4x2xf32>
}
