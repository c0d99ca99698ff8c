// Products of f16 and bf16 by a warp, against sums in f64: every layout of the three matrices,
// dense and as part of wider ones; with numbers from the whole range of the type.
#include "device.h"

#include "tensor_core.cu"

constexpr int64_t m = 32, n = 24, k = 48;

/// A matrix of rows x columns, by rows or by columns, within rows of `padding` more.
static Layout layoutOf(int64_t rows, int64_t columns, bool byColumns, int64_t padding) {
  return byColumns ? Layout{1, rows + padding} : Layout{columns + padding, 1};
}

template <typename T> struct HalfMatrix {
  HalfMatrix(int64_t rows, int64_t columns, Layout layout)
      : layout(layout),
        values(drawn(size_t((rows - 1) * layout.row + (columns - 1) * layout.column + 1))) {}

  /// Of both signs, from sums that cancel to numbers below the type's normal ones.
  static std::vector<T> drawn(size_t count) {
    std::vector<T> values;
    for (size_t i = 0; i < count; ++i)
      values.push_back(T(std::ldexp(double(draw(-2047, 2047)), int(draw(-34, -8)))));
    return values;
  }
  double at(int64_t row, int64_t column) const {
    return float(values.host[size_t(row * layout.row + column * layout.column)]);
  }
  Layout layout;
  Values<T> values;
};

template <typename T> static void multiply(Layout left, Layout right, Layout out) {
  HalfMatrix<T> lhs(m, k, left), rhs(k, n, right);
  Array sums({(m - 1) * out.row + (n - 1) * out.column + 1});
  std::vector<double> expected(sums.host.begin(), sums.host.end()); // between rows, as before
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t at = 0; at < k; ++at)
        sum += lhs.at(i, at) * rhs.at(at, j);
      expected[size_t(i * out.row + j * out.column)] = sum;
    }
  Step step(nullptr);
  LAUNCH(step.at("node"), multiplyTiles<T>, n / 8, 64, 0, step.stream,
         lhs.values.buffer().template tensor<T>(), rhs.values.buffer().template tensor<T>(),
         sums.buffer().tensor<float>(), left, right, out, k);
  compare("product", sums, expected);
}

template <typename T> static void multiplyAll() {
  for (int layouts = 0; layouts < 8; ++layouts)
    for (int64_t padding : {0, 3})
      multiply<T>(layoutOf(m, k, layouts & 1, padding), layoutOf(k, n, layouts & 2, padding),
                  layoutOf(m, n, layouts & 4, padding));
}

static void diverge() {
  Values<__half> data(std::vector<__half>(256, __half(1.0)));
  Array out({32});
  Step step(nullptr);
  LAUNCH(step.at("node"), multiplyByHalfAWarp<__half>, 1, 32, 0, step.stream,
         data.buffer().tensor<__half>(), out.buffer().tensor<float>());
  out.read();
}

int main(int count, char **) {
  if (count > 1)
    return diverge(), 0;
  multiplyAll<__half>();
  multiplyAll<__nv_bfloat16>();
  printf("%d products\n", comparisons);
  fflush(stdout);
  cudaStreamDestroy(stepStream());
}
