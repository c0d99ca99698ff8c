//===- Matmul.cpp - Matrix products by cuBLASLt ---------------------------===//
//
// cuBLASLt counts columns first, so a row-major product is asked for as its
// transpose: out^T = rhs^T lhs^T. What its layouts cannot express (no unit stride,
// an empty sum) the plain kernels of Product.cu do.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Product.h"
#include "device/cuda/Routines.h"

#include <cublasLt.h>

#include <map>
#include <memory>
#include <tuple>

namespace dsc::cuda {

namespace {

constexpr size_t workspaceBytes = 32 << 20;

bool check(Step &step, cublasStatus_t status) {
  if (status != CUBLAS_STATUS_SUCCESS)
    step.fail("matmul", cublasLtGetStatusString(status));
  return !step.failed;
}

/// What all products share.
struct Library {
  cublasLtHandle_t handle = nullptr;
  void *workspace = nullptr;

  static Library &get(Step &step) {
    static Library library;
    if (!library.handle && check(step, cublasLtCreate(&library.handle)))
      step.check(cudaMalloc(&library.workspace, workspaceBytes), "matmul's workspace");
    return library;
  }
};

/// A matrix as cuBLASLt sees it: columns first, maybe transposed.
struct Matrix {
  bool transposed = false;
  int64_t leading = 0, batchStride = 0;
  bool fits = false;
};

/// The transpose of a row-major matrix of `rows` x `columns` with these strides.
Matrix describe(int64_t rows, int64_t columns, int64_t rowStride, int64_t columnStride) {
  Matrix matrix;
  if (columnStride == 1 || columns == 1) {
    matrix.leading = rows == 1 ? columns : rowStride;
    matrix.fits = matrix.leading >= columns;
  } else if (rowStride == 1 || rows == 1) {
    matrix.transposed = true;
    matrix.leading = columnStride;
    matrix.fits = matrix.leading >= rows;
  }
  return matrix;
}

/// One product with one batch dimension, prepared for cuBLASLt.
class Plan {
public:
  ~Plan();
  bool prepare(Step &step, const BatchedProduct &product, const Matrix &lhs, const Matrix &rhs,
               const Matrix &out, cublasLtEpilogue_t epilogue);
  bool run(Step &step, const BatchedProduct &product, const float *bias);

private:
  bool makeLayout(Step &step, cublasLtMatrixLayout_t &layout, int64_t rows, int64_t columns,
                  const Matrix &matrix, int64_t batch, int64_t batchStride);
  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t a = nullptr, b = nullptr, c = nullptr;
  cublasLtMatmulHeuristicResult_t chosen = {};
};

Plan::~Plan() {
  cublasLtMatmulDescDestroy(operation);
  for (cublasLtMatrixLayout_t layout : {a, b, c})
    cublasLtMatrixLayoutDestroy(layout);
}

template <typename T>
bool set(Step &step, cublasLtMatmulDesc_t operation, cublasLtMatmulDescAttributes_t attribute,
         T value) {
  return check(step, cublasLtMatmulDescSetAttribute(operation, attribute, &value, sizeof(value)));
}

bool Plan::makeLayout(Step &step, cublasLtMatrixLayout_t &layout, int64_t rows, int64_t columns,
                      const Matrix &matrix, int64_t batch, int64_t batchStride) {
  int64_t storedRows = matrix.transposed ? columns : rows;
  int64_t storedColumns = matrix.transposed ? rows : columns;
  int32_t count = static_cast<int32_t>(batch);
  return check(step, cublasLtMatrixLayoutCreate(&layout, CUDA_R_32F, uint64_t(storedRows),
                                                uint64_t(storedColumns), matrix.leading)) &&
         check(step, cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT,
                                                      &count, sizeof(count))) &&
         check(step,
               cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                                &batchStride, sizeof(batchStride)));
}

/// The first choice of cuBLASLt's heuristics is kept for as long as the trainer runs.
bool Plan::prepare(Step &step, const BatchedProduct &product, const Matrix &lhs, const Matrix &rhs,
                   const Matrix &out, cublasLtEpilogue_t epilogue) {
  auto operationOf = [](const Matrix &m) { return m.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
  if (!check(step, cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F)) ||
      !set(step, operation, CUBLASLT_MATMUL_DESC_TRANSA, operationOf(rhs)) ||
      !set(step, operation, CUBLASLT_MATMUL_DESC_TRANSB, operationOf(lhs)) ||
      !set(step, operation, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue) ||
      !makeLayout(step, a, product.n, product.k, rhs, product.batch, product.rhsBatch) ||
      !makeLayout(step, b, product.k, product.m, lhs, product.batch, product.lhsBatch) ||
      !makeLayout(step, c, product.n, product.m, out, product.batch, product.outBatch))
    return false;
  cublasLtMatmulPreference_t preference = nullptr;
  size_t most = workspaceBytes;
  int found = 0;
  bool good =
      check(step, cublasLtMatmulPreferenceCreate(&preference)) &&
      check(step, cublasLtMatmulPreferenceSetAttribute(
                      preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &most, sizeof(most))) &&
      check(step, cublasLtMatmulAlgoGetHeuristic(Library::get(step).handle, operation, a, b, c, c,
                                                 preference, 1, &chosen, &found));
  cublasLtMatmulPreferenceDestroy(preference);
  if (good && found == 0)
    step.fail("matmul", "cuBLASLt has no algorithm for it");
  return !step.failed;
}

bool Plan::run(Step &step, const BatchedProduct &product, const float *bias) {
  if (bias && !set(step, operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias))
    return false;
  float alpha = 1, beta = product.accumulates ? 1 : 0;
  Library &library = Library::get(step);
  return check(step, cublasLtMatmul(library.handle, operation, &alpha, product.rhs, a, product.lhs,
                                    b, &beta, product.out, c, product.out, c, &chosen.algo,
                                    library.workspace, workspaceBytes, step.stream));
}

/// The epilogue that does what the flags say; none where cuBLASLt has no such one.
cublasLtEpilogue_t epilogueOf(int64_t flags, bool *complete) {
  *complete = true;
  switch (flags & ~int64_t(DSC_MATMUL_ACCUMULATE)) {
  case 0:
    return CUBLASLT_EPILOGUE_DEFAULT;
  case DSC_MATMUL_BIAS:
    return CUBLASLT_EPILOGUE_BIAS;
  case DSC_MATMUL_RELU:
    return CUBLASLT_EPILOGUE_RELU;
  case DSC_MATMUL_BIAS | DSC_MATMUL_RELU:
    return CUBLASLT_EPILOGUE_RELU_BIAS;
  case DSC_MATMUL_GELU_TANH:
    return CUBLASLT_EPILOGUE_GELU;
  case DSC_MATMUL_BIAS | DSC_MATMUL_GELU_TANH:
    return CUBLASLT_EPILOGUE_GELU_BIAS;
  default:
    *complete = false;
    return CUBLASLT_EPILOGUE_DEFAULT;
  }
}

/// Everything that a plan depends on.
using Key = std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t,
                       int64_t, int64_t, int64_t, int64_t, int64_t, int64_t>;

void multiply(Step &step, const BatchedProduct &product, const float *bias, int64_t flags) {
  // A transposed output is the product of the transposes.
  if (product.outColumn != 1 && product.outRow == 1 && !(flags & ~int64_t(DSC_MATMUL_ACCUMULATE)))
    return multiply(step, product.transposed(), nullptr, flags);
  Matrix lhs = describe(product.m, product.k, product.lhsRow, product.lhsColumn);
  Matrix rhs = describe(product.k, product.n, product.rhsRow, product.rhsColumn);
  Matrix out = describe(product.m, product.n, product.outRow, product.outColumn);
  bool complete = false;
  cublasLtEpilogue_t epilogue = epilogueOf(flags, &complete);
  bool fits = lhs.fits && rhs.fits && out.fits && !out.transposed && product.k > 0 && complete;
  if (!fits)
    return plainProduct(step, product, bias, flags);
  static std::map<Key, std::unique_ptr<Plan>> plans;
  std::unique_ptr<Plan> &plan =
      plans[{product.batch, product.m, product.n, product.k, product.lhsRow, product.lhsColumn,
             product.rhsRow, product.rhsColumn, product.outRow, product.outColumn, product.lhsBatch,
             product.rhsBatch, product.outBatch, flags}];
  if (!plan) {
    plan = std::make_unique<Plan>();
    if (!plan->prepare(step, product, lhs, rhs, out, epilogue))
      return plan.reset();
  }
  plan->run(step, product, flags & DSC_MATMUL_BIAS ? bias : nullptr);
}

} // namespace

void matmul(Step &step, const Matmul &shape, Buffers buffers) {
  forEachProduct(shape, buffers, [&](const BatchedProduct &product, const float *bias) {
    if (!step.failed)
      multiply(step, product, bias, shape.flags & ~int64_t(DSC_MATMUL_LIBRARY));
  });
}

} // namespace dsc::cuda
