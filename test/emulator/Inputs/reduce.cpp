// Two reductions of a block, one behind the other, as a norm over long rows has them.
#include "device.h"

#include "device/cuda/Kernel.h"

namespace {

constexpr int64_t rows = 3, columns = 200;

/// The mean of each row and of its squared distances from it; a block of 64 threads per row.
__global__ void __launch_bounds__(64) moments(const float *x, float *mean, float *variance) {
  const float *row = x + blockIdx.x * columns;
  float sum = 0.0f, squares = 0.0f;
  for (unsigned j = threadIdx.x; j < columns; j += 64)
    sum += row[j];
  float rowMean = blockReduce<Sum>(sum) / columns;
  for (unsigned j = threadIdx.x; j < columns; j += 64)
    squares += (row[j] - rowMean) * (row[j] - rowMean);
  squares = blockReduce<Sum>(squares);
  if (threadIdx.x == 0) {
    mean[blockIdx.x] = rowMean;
    variance[blockIdx.x] = squares / columns;
  }
}

/// The same of columns, 32 per block, which eight rows of threads share.
__global__ void __launch_bounds__(256) columnMoments(const float *x, float *mean, float *variance) {
  const float *column = x + threadIdx.x;
  float sum = 0.0f, squares = 0.0f;
  for (unsigned i = threadIdx.y; i < columns; i += 8)
    sum += column[i * 32];
  float columnMean = columnReduce<Sum>(sum) / columns;
  for (unsigned i = threadIdx.y; i < columns; i += 8)
    squares += (column[i * 32] - columnMean) * (column[i * 32] - columnMean);
  squares = columnReduce<Sum>(squares);
  if (threadIdx.y == 0) {
    mean[threadIdx.x] = columnMean;
    variance[threadIdx.x] = squares / columns;
  }
}

/// `x` has a row for each mean.
void check(Array &x, Array &mean, Array &variance) {
  std::vector<double> means(mean.host.size()), variances(mean.host.size());
  for (int64_t i = 0; i < mean.count; ++i) {
    for (int64_t j = 0; j < columns; ++j)
      means[size_t(i)] += double(x[{i, j}]) / columns;
    for (int64_t j = 0; j < columns; ++j)
      variances[size_t(i)] += std::pow(x[{i, j}] - means[size_t(i)], 2) / columns;
  }
  compare("mean", mean, means);
  compare("variance", variance, variances);
}

template <typename Kernel> void run(Kernel kernel, dim3 blocks, dim3 threads, Array &x) {
  Array mean({x.dims[0]}), variance({x.dims[0]});
  Step step(nullptr);
  LAUNCH(step.at("moments"), kernel, blocks, threads, 0, step.stream,
         x.buffer().tensor<const float>(), mean.buffer().tensor<float>(),
         variance.buffer().tensor<float>());
  check(x, mean, variance);
}

} // namespace

int main() {
  Array x({rows, columns}, 2), y({32, columns}, 2);
  y.strides = {1, 32};
  run(moments, rows, 64, x);
  run(columnMoments, 1, dim3(32, 8), y);
  printf("%d tensors\n", comparisons);
  cudaStreamDestroy(stepStream());
}
