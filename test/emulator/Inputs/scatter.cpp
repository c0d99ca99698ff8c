// Runs the scatters of Indexing.cu on integers: sums wrap, and places without an update are 0.
#include "device.h"

#include <limits>

namespace {

template <typename T> struct Integers {
  explicit Integers(std::vector<T> values) : host(std::move(values)) {
    cudaMalloc(&device, bytes());
    cudaMemcpyAsync(device, host.data(), bytes(), cudaMemcpyHostToDevice, stepStream());
  }
  Integers(const Integers &) = delete;
  ~Integers() { cudaFree(device); }

  const std::vector<T> &read() {
    cudaMemcpyAsync(host.data(), device, bytes(), cudaMemcpyDeviceToHost, stepStream());
    cudaStreamSynchronize(stepStream());
    return host;
  }
  size_t bytes() const { return host.size() * sizeof(T); }
  Buffer buffer() const { return Tensor<T>{static_cast<T *>(device), int64_t(host.size())}; }

  std::vector<T> host;
  void *device = nullptr;
};

template <typename T> void expect(const char *what, Integers<T> &found, std::vector<T> expected) {
  if (found.read() != expected) {
    printf("%s of %zu bytes differs\n", what, sizeof(T));
    exit(1);
  }
  ++comparisons;
}

template <typename T> void check(DscType type) {
  constexpr T most = std::numeric_limits<T>::max(), least = std::numeric_limits<T>::min();
  Integers<T> updates({most, 5, 1, -7}), before({9, 9, 9});
  Integers<int64_t> index({2, 0, 2, 0});
  void *none[2] = {};
  Step step(none);
  ScatterAdd rows = {type, DSC_I64, 1, 3, 1, 4, {4, 1, 1}, 1, {3, 1, 1}};
  scatterAdd(step, rows, {updates.buffer(), index.buffer(), before.buffer()});
  expect<T>("scatterAdd", before, {-2, 0, least});
  rows.flags = DSC_SCATTER_ACCUMULATE;
  scatterAdd(step, rows, {updates.buffer(), index.buffer(), before.buffer()});
  expect<T>("accumulating scatterAdd", before, {-4, 0, 0});
  ScatterAddAlong along = {type, DSC_I64, 0, {4}, {3}, {1}, {1}, {1}};
  scatterAddAlong(step, along, {updates.buffer(), index.buffer(), before.buffer()});
  expect<T>("scatterAddAlong", before, {-2, 0, least});
}

} // namespace

int main() {
  check<int32_t>(DSC_I32);
  check<int64_t>(DSC_I64);
  printf("%d tensors\n", comparisons);
  cudaStreamDestroy(stepStream());
}
