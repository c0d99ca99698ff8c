//===- Product.cu - Matrix products that cuBLASLt does not take -----------===//
#include "device/cuda/Kernel.h"
#include "device/cuda/Product.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

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

template <typename T>
__global__ void __launch_bounds__(256)
    multiplyPlainly(BatchedProduct p, const float *bias, int64_t flags) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= p.batch * p.m * p.n)
    return;
  int64_t column = i % p.n, row = i / p.n % p.m, batch = i / (p.n * p.m);
  const T *lhs = static_cast<const T *>(p.lhs) + batch * p.lhsBatch + row * p.lhsRow;
  const T *rhs = static_cast<const T *>(p.rhs) + batch * p.rhsBatch + column * p.rhsColumn;
  float sum = bias ? bias[column] : 0.0f;
  for (int64_t k = 0; k < p.k; ++k)
    sum += float(lhs[k * p.lhsColumn]) * float(rhs[k * p.rhsRow]);
  T *out = static_cast<T *>(p.out) + batch * p.outBatch + row * p.outRow + column * p.outColumn;
  *out = T(p.accumulates ? float(*out) + sum : activate(sum, flags));
}

} // namespace

void plainProduct(Step &step, const BatchedProduct &product, Tensor<const float> bias,
                  int64_t flags) {
  auto multiply = [&](auto element) {
    int64_t count = product.batch * product.m * product.n;
    LAUNCH(step, multiplyPlainly<decltype(element)>, static_cast<unsigned>((count + 255) / 256),
           256, 0, step.stream, product, bias, flags);
  };
  switch (product.type) {
  case DSC_F16:
    return multiply(__half());
  case DSC_BF16:
    return multiply(__nv_bfloat16());
  default:
    return multiply(float());
  }
}

} // namespace dsc::cuda
