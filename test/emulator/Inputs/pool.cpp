// Runs Pool.cu on random shapes, whose last windows may reach behind the pads, and compares with
// the definition. Some elements are -inf, which is the largest of a window that has nothing else.
#include "device.h"

#include <bit>

namespace {

/// A window's taps within the input, and how many positions its average is over.
struct Taps {
  std::vector<Sizes> at;
  int64_t divisor = 0;
};

Pool drawPool() {
  Pool pool = {};
  pool.n = draw(1, 3);
  pool.c = draw(1, 3);
  pool.flags = draw(0, 1) * DSC_POOL_COUNT_INCLUDE_PAD | draw(0, 1) * DSC_POOL_INDEX;
  for (int64_t dim = draw(1, 3); dim > 0; --dim) {
    int64_t kernel = draw(1, 3), dilation = draw(1, 2), stride = draw(1, 2);
    int64_t reach = dilation * (kernel - 1) + 1, low = draw(0, 1), high = draw(0, 1);
    int64_t input = reach + draw(0, 3), room = input + low + high - reach;
    pool.input.push_back(input);
    pool.kernel.push_back(kernel);
    pool.dilations.push_back(dilation);
    pool.strides.push_back(stride);
    pool.lowPads.push_back(low);
    pool.highPads.push_back(high);
    pool.output.push_back((room + draw(0, 1) * (stride - 1)) / stride + 1); // rounded down or up
  }
  return pool;
}

Taps tapsOf(const Pool &pool, const Sizes &out) {
  Taps taps;
  forEach(pool.kernel, [&](const Sizes &tap) {
    Sizes at = {out[0], out[1]};
    bool isInside = true, isCounted = true;
    for (size_t dim = 0; dim < tap.size(); ++dim) {
      int64_t place =
          out[dim + 2] * pool.strides[dim] - pool.lowPads[dim] + tap[dim] * pool.dilations[dim];
      at.push_back(place);
      isInside = isInside && place >= 0 && place < pool.input[dim];
      isCounted = isCounted && place < pool.input[dim] + pool.highPads[dim];
    }
    if (isInside)
      taps.at.push_back(at);
    taps.divisor += pool.flags & DSC_POOL_COUNT_INCLUDE_PAD ? isCounted : isInside;
  });
  return taps;
}

Sizes join(const Pool &pool, Sizes rest) {
  rest.insert(rest.begin(), {pool.n, pool.c});
  return rest;
}

int64_t positionIn(const Pool &pool, const Sizes &at) {
  int64_t position = 0;
  for (size_t dim = 0; dim < pool.input.size(); ++dim)
    position = position * pool.input[dim] + at[dim + 2];
  return position;
}

void checkMax(Pool pool, Array &input, Array &output) {
  Array index(output.dims);
  index.strides = output.strides;
  std::vector<double> expected(output.host.size());
  std::vector<int64_t> winners(output.host.size());
  forEach(output.dims, [&](const Sizes &out) {
    Taps taps = tapsOf(pool, out);
    const Sizes *best = &taps.at.front();
    for (const Sizes &at : taps.at)
      if (input[at] > input[*best])
        best = &at;
    expected[output.placeOf(out)] = input[*best];
    winners[output.placeOf(out)] = positionIn(pool, *best);
  });
  Step step(nullptr);
  maxPool(step, pool, {input.buffer(), output.buffer(), index.buffer()});
  compare("maximum", output, expected);
  if (!(pool.flags & DSC_POOL_INDEX))
    return;
  index.read();
  for (size_t i = 0; i < winners.size(); ++i)
    if (std::bit_cast<int32_t>(index.host[i]) != winners[i]) {
      printf("winner %zu is not %lld\n", i, static_cast<long long>(winners[i]));
      stop();
    }
}

void checkAverage(const Pool &pool, Array &input, Array &output) {
  Array outputGrad(output.dims), inputGrad(input.dims);
  outputGrad.strides = output.strides;
  inputGrad.strides = input.strides;
  std::vector<double> y(output.host.size()), dx(input.host.size());
  forEach(output.dims, [&](const Sizes &out) {
    Taps taps = tapsOf(pool, out);
    for (const Sizes &at : taps.at) {
      y[output.placeOf(out)] += double(input[at]) / double(taps.divisor);
      dx[input.placeOf(at)] += double(outputGrad[out]) / double(taps.divisor);
    }
  });
  Step step(nullptr);
  avgPool(step, pool, {input.buffer(), output.buffer()});
  compare("average", output, y);
  avgPoolGrad(step, pool, {outputGrad.buffer(), inputGrad.buffer()});
  compare("gradient", inputGrad, dx);
}

bool hasEmptyWindow(const Pool &pool) {
  bool found = false;
  forEach(join(pool, pool.output),
          [&](const Sizes &out) { found = found || tapsOf(pool, out).at.empty(); });
  return found;
}

void check(Pool pool) {
  Array input(join(pool, pool.input)), output(join(pool, pool.output));
  pool.inputStrides = input.strides;
  pool.outputStrides = output.strides;
  checkAverage(pool, input, output);
  for (float &value : input.host)
    value = draw(0, 2) == 0 ? -INFINITY : value;
  input.write();
  checkMax(pool, input, output);
}

} // namespace

int main(int, char **argv) {
  int shapes = atoi(argv[1]);
  for (int i = 0; i < shapes; ++i) {
    Pool pool = drawPool();
    while (hasEmptyWindow(pool)) // nothing is the largest of it
      pool = drawPool();
    check(pool);
  }
  printf("%d shapes, %d tensors\n", shapes, comparisons);
  cudaStreamDestroy(stepStream());
}
