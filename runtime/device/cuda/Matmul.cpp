//===- Matmul.cpp - Matrix products by cuBLASLt ---------------------------===//
//
// cuBLASLt counts columns first, so a row-major product is asked for as its
// transpose: out^T = rhs^T lhs^T. What its layouts cannot express (no unit stride,
// an empty sum) the plain kernels of Product.cu do. On the host, the emulator has a
// cuBLASLt of its own.
//
// Its heuristics are asked once for each problem, and only where none of the algorithms
// that are pinned is for it.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Check.h"
#include "device/cuda/MatmulAlgorithms.h"
#include "device/cuda/Product.h"
#include "device/cuda/Routines.h"

#include <cublasLt.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>

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
  int64_t flags;
  Matrix lhs, rhs, out;
  cublasLtEpilogue_t epilogue;

  std::string text() const;
};

std::string join(std::initializer_list<int64_t> numbers) {
  std::string text;
  for (int64_t number : numbers)
    text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

std::string textOf(int64_t flags) {
  constexpr std::pair<int64_t, const char *> names[] = {{DSC_MATMUL_BIAS, " bias"},
                                                        {DSC_MATMUL_RELU, " relu"},
                                                        {DSC_MATMUL_GELU_TANH, " gelu"},
                                                        {DSC_MATMUL_ACCUMULATE, " accumulate"}};
  std::string text;
  for (auto [flag, name] : names)
    text += flags & flag ? name : "";
  return text;
}

/// Everything that the choice of an algorithm depends on: strides are those of rows, columns and
/// batch, places the alignments of lhs, rhs, out and bias.
std::string Problem::text() const {
  const BatchedProduct &p = product;
  const char *type = p.type == DSC_F16 ? "f16 " : p.type == DSC_BF16 ? "bf16 " : "f32 ";
  return type + join({p.m, p.n, p.k}) + " batch " + std::to_string(p.batch) + " lhs " +
         join({p.lhsRow, p.lhsColumn, p.lhsBatch}) + " rhs " +
         join({p.rhsRow, p.rhsColumn, p.rhsBatch}) + " out " +
         join({p.outRow, p.outColumn, p.outBatch}) + textOf(flags) + " places " +
         join({alignmentOf(p.lhs), alignmentOf(p.rhs), alignmentOf(p.out), alignmentOf(bias)}) +
         " workspace " + std::to_string(workspaceBytes);
}

/// The algorithms that were pinned; nothing where they are not asked for.
std::optional<Algorithms> &pins() {
  static std::optional<Algorithms> pins;
  return pins;
}

/// A problem prepared for cuBLASLt.
class Plan {
public:
  ~Plan();
  bool prepare(Step &step, const Problem &problem);
  bool run(Step &step, const BatchedProduct &product, const float *bias);

private:
  bool makeDescriptors(Step &step, const Problem &problem);
  bool makeLayout(Step &step, cublasLtMatrixLayout_t &layout, int64_t rows, int64_t columns,
                  const Matrix &matrix, const BatchedProduct &product, int64_t batchStride);
  bool askHeuristics(Step &step, const BatchedProduct &product);
  bool choose(Step &step, const Problem &problem);
  bool take(Step &step, const Problem &problem, const std::string &algorithm);
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
                      const Matrix &matrix, const BatchedProduct &product, int64_t batchStride) {
  int64_t storedRows = matrix.transposed ? columns : rows;
  int64_t storedColumns = matrix.transposed ? rows : columns;
  int32_t count = static_cast<int32_t>(product.batch);
  return check(step,
               cublasLtMatrixLayoutCreate(&layout, dataTypeOf(product.type), uint64_t(storedRows),
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
         makeLayout(step, a, product.n, product.k, problem.rhs, product, product.rhsBatch) &&
         makeLayout(step, b, product.k, product.m, problem.lhs, product, product.lhsBatch) &&
         makeLayout(step, c, product.n, product.m, problem.out, product, product.outBatch);
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

/// The algorithm of this text, where the library still has it and can do the problem by it.
bool Plan::take(Step &step, const Problem &problem, const std::string &algorithm) {
  cublasLtHandle_t handle = Library::get(step).handle;
  cublasStatus_t status = readAlgorithm(handle, algorithm, problem.product.type, chosen.algo);
  cublasLtMatmulAlgo_t algo = chosen.algo; // the check writes over its result
  if (status == CUBLAS_STATUS_SUCCESS)
    status = cublasLtMatmulAlgoCheck(handle, operation, a, b, c, c, &algo, &chosen);
  chosen.algo = algo;
  bool isTooLarge = status == CUBLAS_STATUS_SUCCESS && chosen.workspaceSize > workspaceBytes;
  if (status != CUBLAS_STATUS_SUCCESS || isTooLarge)
    step.fail("matmul",
              ("cuBLASLt refuses the pinned algorithm '" + algorithm + "' for '" + problem.text() +
               "' (" +
               (isTooLarge ? "its workspace is too large" : cublasLtGetStatusString(status)) +
               "); take it out of the plan's field 'matmul_algorithms'")
                  .c_str());
  return !step.failed;
}

/// A choice that is to be kept is taken as it will be when it comes from the plan.
bool Plan::choose(Step &step, const Problem &problem) {
  std::string text = problem.text();
  bool isPinned = pins() && pins()->chosen.count(text) != 0;
  if (!isPinned && !askHeuristics(step, problem.product))
    return false;
  if (!pins())
    return true;
  std::string &algorithm = pins()->chosen[text];
  return (isPinned || check(step, writeAlgorithm(chosen.algo, algorithm))) &&
         take(step, problem, algorithm);
}

bool Plan::prepare(Step &step, const Problem &problem) {
  return makeDescriptors(step, problem) && choose(step, problem);
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

/// By Problem::text().
using Plans = std::map<std::string, std::unique_ptr<Plan>>;

Plans &plans() {
  static Plans plans;
  return plans;
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
                     flags,
                     describe(product.m, product.k, product.lhsRow, product.lhsColumn),
                     describe(product.k, product.n, product.rhsRow, product.rhsColumn),
                     describe(product.m, product.n, product.outRow, product.outColumn),
                     CUBLASLT_EPILOGUE_DEFAULT};
  bool complete = false;
  problem.epilogue = epilogueOf(flags, &complete);
  if (!complete || !fits(problem))
    return plainProduct(step, product, bias, flags);
  std::unique_ptr<Plan> &plan = plans()[problem.text()];
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

bool pinMatmuls(const Algorithms &algorithms) {
  std::string here;
  if (!check(describeLibrary(here), "the device"))
    return false;
  if (!algorithms.library.empty() && algorithms.library != here) {
    dscSetError("the matrix products' algorithms were chosen by %s, and this is %s; take the field "
                "'matmul_algorithms' out of the plan to choose anew",
                algorithms.library.c_str(), here.c_str());
    return false;
  }
  for (const auto &[problem, algorithm] : algorithms.chosen)
    if (!isAlgorithm(algorithm)) {
      dscSetError("field 'matmul_algorithms': '%s' of '%s' is no algorithm; take it out to choose "
                  "anew",
                  algorithm.c_str(), problem.c_str());
      return false;
    }
  plans().clear();
  pins() = Algorithms{here, algorithms.chosen};
  return true;
}

const Algorithms &matmulAlgorithms() {
  static const Algorithms none;
  return pins() ? *pins() : none;
}

} // namespace dsc::cuda
