//===- Matmul.cpp - Matrix products by cuBLASLt ---------------------------===//
//
// cuBLASLt counts columns first, so a row-major product is asked for as its
// transpose: out^T = rhs^T lhs^T. What its layouts cannot express (no unit stride,
// an empty sum) the plain kernels of Product.cu do. On the host, the emulator has a
// cuBLASLt of its own.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Product.h"
#include "device/cuda/Routines.h"

#include <cublasLt.h>

#include <algorithm>
#include <map>
#include <memory>

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
  ~Library() {
    cudaDeviceSynchronize(); // products may still run after an error
    cudaFree(workspace);
    cublasLtDestroy(handle);
  }
};

/// A matrix as cuBLASLt sees it: columns first, maybe transposed.
struct Matrix {
  bool transposed = false;
  int64_t leading = 0;
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

/// The power of two that the address is a multiple of, at most what cudaMalloc() gives: algorithms
/// with wide loads need it, and whether a matrix has it depends on where it lies in another.
uint32_t alignmentOf(const void *memory) {
  auto address = reinterpret_cast<uintptr_t>(memory);
  return static_cast<uint32_t>(std::min<uintptr_t>(address & -address, 256));
}

/// A product as cuBLASLt sees it: out^T = rhs^T lhs^T.
struct Problem {
  BatchedProduct product;
  const float *bias; // null without one
  Matrix lhs, rhs, out;
  cublasLtEpilogue_t epilogue;
};

/// A problem prepared for cuBLASLt.
class Plan {
public:
  ~Plan();
  bool prepare(Step &step, const Problem &problem);
  bool run(Step &step, const BatchedProduct &product, const float *bias);

private:
  bool makeDescriptors(Step &step, const Problem &problem);
  bool makeLayout(Step &step, cublasLtMatrixLayout_t &layout, int64_t rows, int64_t columns,
                  const Matrix &matrix, int64_t batch, int64_t batchStride);
  bool askHeuristics(Step &step, const BatchedProduct &product);
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

template <typename T>
bool set(Step &step, cublasLtMatmulPreference_t preference,
         cublasLtMatmulPreferenceAttributes_t attribute, T value) {
  return check(step,
               cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(value)));
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

bool Plan::makeDescriptors(Step &step, const Problem &problem) {
  const BatchedProduct &product = problem.product;
  auto operationOf = [](const Matrix &m) { return m.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
  return check(step, cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F)) &&
         set(step, operation, CUBLASLT_MATMUL_DESC_TRANSA, operationOf(problem.rhs)) &&
         set(step, operation, CUBLASLT_MATMUL_DESC_TRANSB, operationOf(problem.lhs)) &&
         set(step, operation, CUBLASLT_MATMUL_DESC_EPILOGUE, problem.epilogue) &&
         // The heuristics look at its alignment.
         set(step, operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, problem.bias) &&
         makeLayout(step, a, product.n, product.k, problem.rhs, product.batch, product.rhsBatch) &&
         makeLayout(step, b, product.k, product.m, problem.lhs, product.batch, product.lhsBatch) &&
         makeLayout(step, c, product.n, product.m, problem.out, product.batch, product.outBatch);
}

bool Plan::askHeuristics(Step &step, const BatchedProduct &product) {
  cublasLtMatmulPreference_t preference = nullptr;
  int found = 0;
  bool good =
      check(step, cublasLtMatmulPreferenceCreate(&preference)) &&
      set(step, preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t(workspaceBytes)) &&
      set(step, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignmentOf(product.rhs)) &&
      set(step, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignmentOf(product.lhs)) &&
      set(step, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignmentOf(product.out)) &&
      set(step, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignmentOf(product.out)) &&
      check(step, cublasLtMatmulAlgoGetHeuristic(Library::get(step).handle, operation, a, b, c, c,
                                                 preference, 1, &chosen, &found));
  cublasLtMatmulPreferenceDestroy(preference);
  if (good && found == 0)
    step.fail("matmul", "cuBLASLt has no algorithm for it");
  return !step.failed;
}

/// The first choice of cuBLASLt's heuristics is kept for as long as the trainer runs.
bool Plan::prepare(Step &step, const Problem &problem) {
  return makeDescriptors(step, problem) && askHeuristics(step, problem.product);
}

bool Plan::run(Step &step, const BatchedProduct &product, const float *bias) {
  if (!set(step, operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias))
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

/// Everything that the choice of an algorithm depends on.
using Key = std::vector<int64_t>;

Key keyOf(const BatchedProduct &p, const float *bias, int64_t flags) {
  return {p.batch,
          p.m,
          p.n,
          p.k,
          p.lhsRow,
          p.lhsColumn,
          p.rhsRow,
          p.rhsColumn,
          p.outRow,
          p.outColumn,
          p.lhsBatch,
          p.rhsBatch,
          p.outBatch,
          flags,
          alignmentOf(p.lhs),
          alignmentOf(p.rhs),
          alignmentOf(p.out),
          alignmentOf(bias)};
}

/// Whether cuBLASLt's layouts can express it.
bool fits(const Problem &problem) {
  const BatchedProduct &p = problem.product;
  return problem.lhs.fits && problem.rhs.fits && problem.out.fits && !problem.out.transposed &&
         p.k > 0 && p.lhsBatch >= 0 && p.rhsBatch >= 0 && p.outBatch >= 0;
}

void multiply(Step &step, const BatchedProduct &product, Tensor<const float> bias, int64_t flags) {
  // A transposed output is the product of the transposes.
  if (product.outColumn != 1 && product.outRow == 1 && !(flags & ~int64_t(DSC_MATMUL_ACCUMULATE)))
    return multiply(step, product.transposed(), bias, flags);
  Problem problem = {product,
                     bias.data,
                     describe(product.m, product.k, product.lhsRow, product.lhsColumn),
                     describe(product.k, product.n, product.rhsRow, product.rhsColumn),
                     describe(product.m, product.n, product.outRow, product.outColumn),
                     CUBLASLT_EPILOGUE_DEFAULT};
  bool complete = false;
  problem.epilogue = epilogueOf(flags, &complete);
  if (!complete || !fits(problem))
    return plainProduct(step, product, bias, flags);
  static std::map<Key, std::unique_ptr<Plan>> plans;
  std::unique_ptr<Plan> &plan = plans[keyOf(product, problem.bias, flags)];
  if (!plan) {
    plan = std::make_unique<Plan>();
    if (!plan->prepare(step, problem))
      return plan.reset();
  }
  plan->run(step, product, problem.bias);
}

} // namespace

void matmul(Step &step, const Matmul &shape, Buffers buffers) {
  forEachProduct(shape, buffers, [&](const BatchedProduct &product, Tensor<const float> bias) {
    if (!step.failed)
      multiply(step, product, bias, shape.flags & ~int64_t(DSC_MATMUL_LIBRARY));
  });
}

} // namespace dsc::cuda
