// Runs the scatters of Indexing.cu on integers: sums wrap, and places without an update are 0.
#include "device.h"

#include <limits>

namespace {

template <typename T> void check(DscType type) {
  constexpr T most = std::numeric_limits<T>::max(), least = std::numeric_limits<T>::min();
  Values<T> updates({most, 5, 1, -7}), before({9, 9, 9});
  Values<int64_t> index({2, 0, 2, 0});
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
