// A block between f32 layers that is computed in f16.
train.variable parameter @first : tensor<16x8xf32> = #train.uniform<low = -0.5 : f64, high = 0.5 : f64, seed = 1>
train.variable parameter @scale : tensor<16xf32> = dense<1.25> : tensor<16xf32>
train.variable parameter @shift : tensor<16xf32> = dense<0.125> : tensor<16xf32>
train.variable parameter @middle : tensor<16x16xf32> = #train.uniform<low = -0.5 : f64, high = 0.5 : f64, seed = 2>
train.variable parameter @bias : tensor<16xf32> = #train.uniform<low = -0.5 : f64, high = 0.5 : f64, seed = 3>
train.variable parameter @last : tensor<3x16xf32> = #train.uniform<low = -0.5 : f64, high = 0.5 : f64, seed = 4>

func.func @forward(%x: tensor<8x8xf32> {train.name = "x"}) -> (tensor<8x3xf32> {train.name = "logits"}) {
  %w1 = train.read @first : tensor<16x8xf32>
  %h = train.dot %x, %w1 batch [] x [] contract [1] x [1] : tensor<8x8xf32>, tensor<16x8xf32> -> tensor<8x16xf32>

  %scale = train.read @scale : tensor<16xf32>
  %shift = train.read @shift : tensor<16xf32>
  %middle = train.read @middle : tensor<16x16xf32>
  %bias = train.read @bias : tensor<16xf32>
  %hh = train.convert %h : tensor<8x16xf32> to tensor<8x16xf16>
  %hscale = train.convert %scale : tensor<16xf32> to tensor<16xf16>
  %hshift = train.convert %shift : tensor<16xf32> to tensor<16xf16>
  %hw = train.convert %middle : tensor<16x16xf32> to tensor<16x16xf16>
  %hbias = train.convert %bias : tensor<16xf32> to tensor<16xf16>
  %n, %mean, %rstd = train.layer_norm %hh, %hscale, %hshift axis 1 epsilon 1.0e-3
      : tensor<8x16xf16>, tensor<16xf16> -> tensor<8x16xf16>, tensor<8xf16>
  %p = train.dot %n, %hw batch [] x [] contract [1] x [1] : tensor<8x16xf16>, tensor<16x16xf16> -> tensor<8x16xf16>
  %bb = train.broadcast %hbias [1] : tensor<16xf16> to tensor<8x16xf16>
  %s = train.add %p, %bb : tensor<8x16xf16>
  %g = train.gelu erf %s : tensor<8x16xf16>
  %r = train.add %g, %hh : tensor<8x16xf16>
  %back = train.convert %r : tensor<8x16xf16> to tensor<8x16xf32>

  %w3 = train.read @last : tensor<3x16xf32>
  %y = train.dot %back, %w3 batch [] x [] contract [1] x [1] : tensor<8x16xf32>, tensor<3x16xf32> -> tensor<8x3xf32>
  return %y : tensor<8x3xf32>
}
