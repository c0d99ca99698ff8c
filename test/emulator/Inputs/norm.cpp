// The norm of many tensors: of sizes around the chunk's and the vector's, empty ones, more than
// one launch takes, at places that are not aligned; the same bits in any order.
#include "device.h"

#include <deque>
#include <vector>

static float normOf(const std::deque<Array> &tensors, int64_t shift) {
  constexpr int64_t chunk = 64;
  int64_t chunks = 0;
  double expected = 0;
  std::vector<Buffer> buffers;
  for (const Array &tensor : tensors) {
    int64_t skipped = std::min(shift, tensor.count), count = tensor.count - skipped;
    buffers.push_back(Tensor<float>{static_cast<float *>(tensor.device) + skipped, count});
    chunks += (count + chunk - 1) / chunk;
    for (int64_t i = skipped; i < tensor.count; ++i)
      expected += double(tensor.host[size_t(i)]) * tensor.host[size_t(i)];
  }
  Array norm({1}), sums({chunks});
  buffers.push_back(norm.buffer());
  buffers.push_back(sums.buffer());
  Step step(nullptr);
  globalNorm(step.at("norm"), {.chunk = chunk}, buffers.data(), buffers.size());
  compare("norm", norm, {std::sqrt(expected)});
  return norm.host[0];
}

int main() {
  for (int64_t number : {1, 5, 128, 300}) {
    std::deque<Array> tensors;
    for (int64_t i = 0; i < number; ++i)
      tensors.emplace_back(Sizes{draw(0, 7) == 0 ? 0 : draw(1, 400)});
    float norm = normOf(tensors, 0);
    emulator::setSeed(7);
    if (normOf(tensors, 0) != norm)
      return printf("another order gives other bits\n"), 1;
    normOf(tensors, 1);
  }
  std::deque<Array> none;
  normOf(none, 0);
  printf("%d norms\n", comparisons);
}
