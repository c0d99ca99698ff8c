//===- CublasLt.cpp - cuBLASLt's products by oneDNN -----------------------===//
//
// Behind emulator/cublasLt.h. There are two algorithms: `Any` takes all matrices, `Vectors`
// those that lie on 16 bytes with all columns and matrices of a batch. Tiles and stages
// change nothing; the sum over k may be split, which rounds otherwise. What a real library
// would read beyond a matrix, or refuse, is refused here.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/host/HostCall.h"

#include <cublasLt.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <cstring>

struct EmulatedLt {};
struct EmulatedMatmul {
  cublasOperation_t transposesA = CUBLAS_OP_N, transposesB = CUBLAS_OP_N;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void *bias = nullptr;
};
struct EmulatedLayout {
  cudaDataType_t type;
  int64_t rows, columns, leading;
  int32_t batch = 1;
  int64_t batchStride = 0;

  size_t elementBytes() const { return type == CUDA_R_32F ? 4 : 2; }
};
struct EmulatedPreference {
  uint64_t workspaceBytes = 0;
  uint32_t alignments[4] = {256, 256, 256, 256}; // bytes, of a, b, c and d
};

namespace {

enum Algorithm : uint32_t { Any, Vectors, NumAlgorithms };
constexpr size_t numAttributes = CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID + 1;
constexpr uint32_t numTiles = 4, numStages = 3, mostSplits = 16;
constexpr uint64_t vectorBytes = 16;

/// What lies in a cublasLtMatmulAlgo_t.
struct Config {
  uint32_t isInitialized;
  uint32_t attributes[numAttributes];

  uint32_t operator[](cublasLtMatmulAlgoConfigAttributes_t which) const {
    return attributes[which];
  }
};
static_assert(sizeof(Config) <= sizeof(cublasLtMatmulAlgo_t));

Config configOf(const cublasLtMatmulAlgo_t &algo) {
  Config config;
  memcpy(&config, &algo, sizeof(config));
  return config;
}

cublasLtMatmulAlgo_t algoOf(const Config &config) {
  cublasLtMatmulAlgo_t algo = {};
  memcpy(&algo, &config, sizeof(config));
  return algo;
}

size_t bytesOf(cublasLtMatmulAlgoConfigAttributes_t attribute) {
  return attribute >= CUBLASLT_ALGO_CONFIG_INNER_SHAPE_ID ? sizeof(uint16_t) : sizeof(uint32_t);
}

template <typename T> cublasStatus_t assign(T &field, const void *value, size_t bytes) {
  if (!value || bytes != sizeof(T))
    return CUBLAS_STATUS_INVALID_VALUE;
  memcpy(&field, value, sizeof(T));
  return CUBLAS_STATUS_SUCCESS;
}

//===----------------------------------------------------------------------===//
// The problem
//===----------------------------------------------------------------------===//

/// A matrix of a product as it takes part: its rows and columns, and where they lie.
struct Side {
  int64_t rows, columns, rowStride, columnStride;
};

Side sideOf(const EmulatedLayout &layout, cublasOperation_t operation) {
  if (operation == CUBLAS_OP_T)
    return {layout.columns, layout.rows, layout.leading, 1};
  return {layout.rows, layout.columns, 1, layout.leading};
}

struct Product {
  const EmulatedMatmul &operation;
  const EmulatedLayout &a, &b, &d;

  Side left() const { return sideOf(a, operation.transposesA); }
  Side right() const { return sideOf(b, operation.transposesB); }
  bool isConsistent() const;
  /// Whether all columns and matrices of a batch begin on vectors where their first one does.
  bool keepsVectors() const;
};

bool isWhole(const EmulatedLayout &layout) {
  return layout.rows > 0 && layout.columns > 0 && layout.leading >= layout.rows &&
         layout.batch > 0 && layout.batchStride >= 0;
}

bool Product::isConsistent() const {
  return isWhole(a) && isWhole(b) && isWhole(d) && a.type == d.type && b.type == d.type &&
         left().rows == d.rows && right().columns == d.columns && left().columns == right().rows &&
         a.batch == d.batch && b.batch == d.batch;
}

bool Product::keepsVectors() const {
  auto keeps = [](const EmulatedLayout &layout) {
    auto vector = static_cast<int64_t>(vectorBytes / layout.elementBytes());
    return layout.leading % vector == 0 && layout.batchStride % vector == 0;
  };
  return keeps(a) && keeps(b) && keeps(d);
}

/// The workspace's bytes, or why the algorithm cannot do it.
cublasStatus_t checkAlgorithm(const Product &product, const Config &config, size_t &bytes) {
  uint32_t splits = config[CUBLASLT_ALGO_CONFIG_SPLITK_NUM];
  bool isKnown = config.isInitialized == 1 && config[CUBLASLT_ALGO_CONFIG_ID] < NumAlgorithms &&
                 config[CUBLASLT_ALGO_CONFIG_TILE_ID] < numTiles &&
                 config[CUBLASLT_ALGO_CONFIG_STAGES_ID] < numStages && splits >= 1 &&
                 splits <= mostSplits;
  if (!isKnown || !product.isConsistent())
    return CUBLAS_STATUS_INVALID_VALUE;
  // Sums of halves are whole here.
  bool isPlain = splits == 1 && product.operation.epilogue == CUBLASLT_EPILOGUE_DEFAULT;
  bool missesHalves = product.d.type != CUDA_R_32F && !isPlain;
  bool splitsEpilogue = splits > 1 && product.operation.epilogue != CUBLASLT_EPILOGUE_DEFAULT;
  bool missesVectors = config[CUBLASLT_ALGO_CONFIG_ID] == Vectors && !product.keepsVectors();
  if (missesHalves || splitsEpilogue || missesVectors)
    return CUBLAS_STATUS_NOT_SUPPORTED;
  bytes = splits > 1 ? sizeof(float) * splits * product.d.rows * product.d.columns * product.d.batch
                     : 0;
  return CUBLAS_STATUS_SUCCESS;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

emulator::Access accessOf(const void *memory, const EmulatedLayout &layout, bool isWrite) {
  int64_t elements =
      (layout.batch - 1) * layout.batchStride + (layout.columns - 1) * layout.leading + layout.rows;
  return {memory, size_t(elements) * layout.elementBytes(), isWrite};
}

int64_t flagsOf(cublasLtEpilogue_t epilogue) {
  return (epilogue & CUBLASLT_EPILOGUE_BIAS ? DSC_MATMUL_BIAS : 0) |
         (epilogue & CUBLASLT_EPILOGUE_RELU ? DSC_MATMUL_RELU : 0) |
         (epilogue & CUBLASLT_EPILOGUE_GELU ? DSC_MATMUL_GELU_TANH : 0);
}

/// The ints of dscCpuMatmul for `k` terms of each sum. Its rows are the result's columns, since
/// its bias runs along a row.
std::vector<int64_t> intsOf(const Product &p, int64_t k, int64_t flags) {
  Side left = p.left(), right = p.right();
  return {DSC_F32,
          1,
          p.d.batch,
          p.d.columns,
          p.d.rows,
          k,
          p.b.batchStride,
          right.columnStride,
          right.rowStride,
          p.a.batchStride,
          left.columnStride,
          left.rowStride,
          p.d.batchStride,
          p.d.leading,
          1,
          flags};
}

struct Pointers {
  const float *a, *b;
  float *d;
};

/// Each part of the sum over k is added to what is there.
void enqueueParts(const Product &p, Pointers at, int64_t flags, int64_t splits,
                  emulator::Access workspace, cudaStream_t stream) {
  Side left = p.left(), right = p.right();
  int64_t whole = left.columns, part = (whole + splits - 1) / splits;
  for (int64_t first = 0; first < whole; first += part) {
    int64_t k = std::min(part, whole - first);
    EmulatedLayout a = p.a, b = p.b; // of this part
    (p.operation.transposesA == CUBLAS_OP_T ? a.rows : a.columns) = k;
    (p.operation.transposesB == CUBLAS_OP_T ? b.columns : b.rows) = k;
    std::vector<emulator::Access> buffers = {accessOf(at.b + first * right.rowStride, b, false),
                                             accessOf(at.a + first * left.columnStride, a, false)};
    if (flags & DSC_MATMUL_BIAS)
      buffers.push_back({p.operation.bias, size_t(p.d.rows) * sizeof(float), false});
    buffers.push_back(accessOf(at.d, p.d, true));
    dsc::cuda::enqueue({"cublasLtMatmul", dscCpuMatmul, intsOf(p, k, flags), std::move(buffers)},
                       stream, workspace);
    flags |= DSC_MATMUL_ACCUMULATE;
  }
}

/// A product of half types, summed in f32.
template <typename T>
void enqueueHalves(const Product &p, const void *a, const void *b, void *d, bool accumulates,
                   cudaStream_t stream) {
  auto work = [left = p.left(), right = p.right(), aBatch = p.a.batchStride,
               bBatch = p.b.batchStride, out = p.d, a = static_cast<const T *>(a),
               b = static_cast<const T *>(b), d = static_cast<T *>(d), accumulates] {
    int64_t size = out.rows * out.columns;
    for (int64_t i = 0; i < out.batch * size; ++i) {
      int64_t batch = i / size, row = i % out.rows, column = i % size / out.rows;
      const T *aRow = a + batch * aBatch + row * left.rowStride;
      const T *bColumn = b + batch * bBatch + column * right.columnStride;
      T &result = d[batch * out.batchStride + column * out.leading + row];
      float sum = accumulates ? float(result) : 0.0f;
      for (int64_t k = 0; k < left.columns; ++k)
        sum += float(aRow[k * left.columnStride]) * float(bColumn[k * right.rowStride]);
      result = T(sum);
    }
  };
  emulator::enqueue("cublasLtMatmul", work,
                    {accessOf(a, p.a, false), accessOf(b, p.b, false), accessOf(d, p.d, true)},
                    stream);
}

bool isAligned(const void *memory, uint64_t bytes) {
  return reinterpret_cast<uintptr_t>(memory) % bytes == 0;
}

int64_t numQueries = 0;

} // namespace

int64_t emulator::heuristicQueries() { return numQueries; }

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation,
                              const void *alpha, const void *A, cublasLtMatrixLayout_t a,
                              const void *B, cublasLtMatrixLayout_t b, const void *beta,
                              const void *C, cublasLtMatrixLayout_t c, void *D,
                              cublasLtMatrixLayout_t d, const cublasLtMatmulAlgo_t *algo,
                              void *workspace, size_t workspaceBytes, cudaStream_t stream) {
  Product product = {*operation, *a, *b, *d};
  Config config = configOf(*algo);
  size_t needed = 0;
  if (cublasStatus_t status = checkAlgorithm(product, config, needed))
    return status;
  float scale = *static_cast<const float *>(alpha), kept = *static_cast<const float *>(beta);
  if (!handle || scale != 1 || (kept != 0 && kept != 1) || C != D || c != d)
    return CUBLAS_STATUS_NOT_SUPPORTED; // here
  uint64_t alignment = config[CUBLASLT_ALGO_CONFIG_ID] == Vectors ? vectorBytes : d->elementBytes();
  int64_t flags = flagsOf(operation->epilogue) | (kept != 0 ? DSC_MATMUL_ACCUMULATE : 0);
  bool hasBias = !(flags & DSC_MATMUL_BIAS) || operation->bias;
  if (!isAligned(A, alignment) || !isAligned(B, alignment) || !isAligned(D, alignment) ||
      !hasBias || needed > workspaceBytes || !isAligned(workspace, vectorBytes))
    return CUBLAS_STATUS_INVALID_VALUE;
  if (d->type == CUDA_R_16F)
    return enqueueHalves<__half>(product, A, B, D, kept != 0, stream), CUBLAS_STATUS_SUCCESS;
  if (d->type == CUDA_R_16BF)
    return enqueueHalves<__nv_bfloat16>(product, A, B, D, kept != 0, stream), CUBLAS_STATUS_SUCCESS;
  Pointers at = {static_cast<const float *>(A), static_cast<const float *>(B),
                 static_cast<float *>(D)};
  enqueueParts(product, at, flags, config[CUBLASLT_ALGO_CONFIG_SPLITK_NUM],
               {workspace, needed, true}, stream);
  return CUBLAS_STATUS_SUCCESS;
}

//===----------------------------------------------------------------------===//
// Algorithms
//===----------------------------------------------------------------------===//

cublasStatus_t cublasLtMatmulAlgoInit(cublasLtHandle_t, cublasComputeType_t, cudaDataType_t,
                                      cudaDataType_t, cudaDataType_t, cudaDataType_t,
                                      cudaDataType_t, int id, cublasLtMatmulAlgo_t *algo) {
  if (id < 0 || id >= int(NumAlgorithms))
    return CUBLAS_STATUS_INVALID_VALUE;
  Config config = {1, {}};
  config.attributes[CUBLASLT_ALGO_CONFIG_ID] = static_cast<uint32_t>(id);
  config.attributes[CUBLASLT_ALGO_CONFIG_SPLITK_NUM] = 1;
  *algo = algoOf(config);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t, cublasLtMatmulDesc_t operation,
                                       cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                       cublasLtMatrixLayout_t, cublasLtMatrixLayout_t d,
                                       const cublasLtMatmulAlgo_t *algo,
                                       cublasLtMatmulHeuristicResult_t *result) {
  *result = {*algo, 0, CUBLAS_STATUS_SUCCESS, 1, {}};
  result->state = checkAlgorithm({*operation, *a, *b, *d}, configOf(*algo), result->workspaceSize);
  return result->state;
}

/// Larger tiles for larger results, so that choices differ.
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle,
                                              cublasLtMatmulDesc_t operation,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t *results,
                                              int *found) {
  ++numQueries;
  *found = 0;
  Product product = {*operation, *a, *b, *d};
  const uint32_t *alignments = preference->alignments;
  bool hasVectors = product.keepsVectors() && std::all_of(alignments, alignments + 4, [](auto it) {
                      return it % vectorBytes == 0;
                    });
  cublasLtMatmulAlgo_t algo;
  cublasLtMatmulAlgoInit(handle, CUBLAS_COMPUTE_32F, CUDA_R_32F, a->type, b->type, c->type, d->type,
                         hasVectors ? Vectors : Any, &algo);
  Config config = configOf(algo);
  int64_t size = d->rows * d->columns;
  config.attributes[CUBLASLT_ALGO_CONFIG_TILE_ID] = size > 4096 ? 3 : size > 256 ? 2 : 1;
  config.attributes[CUBLASLT_ALGO_CONFIG_STAGES_ID] = 1;
  algo = algoOf(config);
  if (wanted < 1)
    return CUBLAS_STATUS_INVALID_VALUE;
  cublasStatus_t status = cublasLtMatmulAlgoCheck(handle, operation, a, b, c, d, &algo, results);
  *found = status == CUBLAS_STATUS_SUCCESS;
  return status;
}

cublasStatus_t cublasLtMatmulAlgoConfigSetAttribute(cublasLtMatmulAlgo_t *algo,
                                                    cublasLtMatmulAlgoConfigAttributes_t attribute,
                                                    const void *value, size_t bytes) {
  if (attribute == CUBLASLT_ALGO_CONFIG_ID || bytes != bytesOf(attribute))
    return CUBLAS_STATUS_INVALID_VALUE;
  Config config = configOf(*algo);
  config.attributes[attribute] = 0;
  memcpy(&config.attributes[attribute], value, bytes);
  *algo = algoOf(config);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t *algo,
                                                    cublasLtMatmulAlgoConfigAttributes_t attribute,
                                                    void *value, size_t bytes, size_t *written) {
  if (bytes != bytesOf(attribute))
    return CUBLAS_STATUS_INVALID_VALUE;
  uint32_t found = configOf(*algo)[attribute];
  memcpy(value, &found, bytes);
  if (written)
    *written = bytes;
  return CUBLAS_STATUS_SUCCESS;
}

//===----------------------------------------------------------------------===//
// Descriptors
//===----------------------------------------------------------------------===//

const char *cublasLtGetStatusString(cublasStatus_t status) {
  switch (status) {
  case CUBLAS_STATUS_SUCCESS:
    return "CUBLAS_STATUS_SUCCESS";
  case CUBLAS_STATUS_INVALID_VALUE:
    return "CUBLAS_STATUS_INVALID_VALUE";
  default:
    return "CUBLAS_STATUS_NOT_SUPPORTED";
  }
}

size_t cublasLtGetVersion() { return 0; }

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
  *handle = new EmulatedLt;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *operation, cublasComputeType_t,
                                        cudaDataType_t) {
  *operation = new EmulatedMatmul;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t operation) {
  delete operation;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t operation,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void *value, size_t bytes) {
  switch (attribute) {
  case CUBLASLT_MATMUL_DESC_TRANSA:
    return assign(operation->transposesA, value, bytes);
  case CUBLASLT_MATMUL_DESC_TRANSB:
    return assign(operation->transposesB, value, bytes);
  case CUBLASLT_MATMUL_DESC_EPILOGUE:
    return assign(operation->epilogue, value, bytes);
  case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
    return assign(operation->bias, value, bytes);
  }
  return CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, cudaDataType_t type,
                                          uint64_t rows, uint64_t columns, int64_t leading) {
  *layout = new EmulatedLayout{type, int64_t(rows), int64_t(columns), leading};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete layout;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute,
                                                const void *value, size_t bytes) {
  if (attribute == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT)
    return assign(layout->batch, value, bytes);
  return assign(layout->batchStride, value, bytes);
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference) {
  *preference = new EmulatedPreference;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete preference;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void *value, size_t bytes) {
  if (attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES)
    return assign(preference->workspaceBytes, value, bytes);
  return assign(preference->alignments[attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES],
                value, bytes);
}
