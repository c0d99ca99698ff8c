// Sets each part of an algorithm by the library, as wide as its header says, and writes it as text.
#include "device/cuda/MatmulAlgorithms.h"

#include <cstdio>

template <typename T>
static bool set(cublasLtMatmulAlgo_t &algo, cublasLtMatmulAlgoConfigAttributes_t attribute,
                T value) {
  return cublasLtMatmulAlgoConfigSetAttribute(&algo, attribute, &value, sizeof(value)) ==
         CUBLAS_STATUS_SUCCESS;
}

int main() {
  cublasLtMatmulAlgo_t algo = {};
  bool good = set(algo, CUBLASLT_ALGO_CONFIG_TILE_ID, uint32_t(15)) &&
              set(algo, CUBLASLT_ALGO_CONFIG_STAGES_ID, uint32_t(4)) &&
              set(algo, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, int32_t(3)) &&
              set(algo, CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME, uint32_t(2)) &&
              set(algo, CUBLASLT_ALGO_CONFIG_CTA_SWIZZLING, uint32_t(1)) &&
              set(algo, CUBLASLT_ALGO_CONFIG_CUSTOM_OPTION, uint32_t(5)) &&
              set(algo, CUBLASLT_ALGO_CONFIG_INNER_SHAPE_ID, uint16_t(7)) &&
              set(algo, CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID, uint16_t(9));
  std::string text;
  good = good && dsc::cuda::writeAlgorithm(algo, text) == CUBLAS_STATUS_SUCCESS;
  printf("%s\n", text.c_str());
  return !(good && dsc::cuda::isAlgorithm(text));
}
