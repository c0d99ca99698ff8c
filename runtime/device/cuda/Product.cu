//===- Product.cu - Matrix products that cuBLASLt does not take -----------===//
#include "device/cuda/Kernel.h"
#include "device/cuda/Product.h"

namespace dsc::cuda {

namespace {

__device__ inline float activate(float x, int64_t flags) {
  if (flags & DSC_MATMUL_RELU)
    return maximum(x, 0.0f);
  if (flags & DSC_MATMUL_GELU_ERF)
    return 0.5f * x * (1.0f + erff(x * 0.70710678f));
  if (flags & DSC_MATMUL_GELU_TANH)
    return 0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
  return x;
}

__global__ void __launch_bounds__(256)
    multiplyPlainly(BatchedProduct p, const float *bias, int64_t flags) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= p.batch * p.m * p.n)
    return;
  int64_t column = i % p.n, row = i / p.n % p.m, batch = i / (p.n * p.m);
  const float *lhs = p.lhs + batch * p.lhsBatch + row * p.lhsRow;
  const float *rhs = p.rhs + batch * p.rhsBatch + column * p.rhsColumn;
  float sum = bias ? bias[column] : 0.0f;
  for (int64_t k = 0; k < p.k; ++k)
    sum += lhs[k * p.lhsColumn] * rhs[k * p.rhsRow];
  float *out = p.out + batch * p.outBatch + row * p.outRow + column * p.outColumn;
  *out = p.accumulates ? *out + sum : activate(sum, flags);
}

} // namespace

void plainProduct(Step &step, const BatchedProduct &product, Tensor<const float> bias,
                  int64_t flags) {
  int64_t count = product.batch * product.m * product.n;
  LAUNCH(step, multiplyPlainly, static_cast<unsigned>((count + 255) / 256), 256, 0, step.stream,
         product, bias, flags);
}

} // namespace dsc::cuda
