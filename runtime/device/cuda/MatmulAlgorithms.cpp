//===- MatmulAlgorithms.cpp - cuBLASLt's algorithms as text ---------------===//
#include "device/cuda/MatmulAlgorithms.h"

#include <array>
#include <charconv>
#include <optional>
#include <sstream>

namespace dsc::cuda {

namespace {

/// A part of a configuration: its number is as wide as the library says.
struct Part {
  const char *name;
  cublasLtMatmulAlgoConfigAttributes_t attribute;
  size_t bytes;
};

constexpr Part parts[] = {{"id", CUBLASLT_ALGO_CONFIG_ID, 4},
                          {"tile", CUBLASLT_ALGO_CONFIG_TILE_ID, 4},
                          {"stages", CUBLASLT_ALGO_CONFIG_STAGES_ID, 4},
                          {"split_k", CUBLASLT_ALGO_CONFIG_SPLITK_NUM, 4},
                          {"reduction", CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME, 4},
                          {"swizzle", CUBLASLT_ALGO_CONFIG_CTA_SWIZZLING, 4},
                          {"custom", CUBLASLT_ALGO_CONFIG_CUSTOM_OPTION, 4},
                          {"inner_shape", CUBLASLT_ALGO_CONFIG_INNER_SHAPE_ID, 2},
                          {"cluster_shape", CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID, 2}};

using Numbers = std::array<uint32_t, std::size(parts)>;

bool readNumber(const std::string &word, size_t bytes, uint32_t &number) {
  const char *end = word.data() + word.size();
  auto [stop, error] = std::from_chars(word.data(), end, number);
  return error == std::errc() && stop == end && (bytes == 4 || number <= UINT16_MAX);
}

std::optional<Numbers> parse(const std::string &text) {
  std::istringstream words(text);
  Numbers numbers = {};
  std::string name, number;
  for (size_t i = 0; i < numbers.size(); ++i)
    if (!(words >> name >> number) || name != parts[i].name ||
        !readNumber(number, parts[i].bytes, numbers[i]))
      return std::nullopt;
  bool isWhole = !(words >> name);
  return isWhole ? std::optional(numbers) : std::nullopt;
}

cublasStatus_t get(const cublasLtMatmulAlgo_t &algo, const Part &part, uint32_t &number) {
  uint16_t narrow = 0;
  void *value = part.bytes == 2 ? static_cast<void *>(&narrow) : &number;
  size_t written = 0;
  cublasStatus_t status =
      cublasLtMatmulAlgoConfigGetAttribute(&algo, part.attribute, value, part.bytes, &written);
  if (part.bytes == 2)
    number = narrow;
  return status;
}

cublasStatus_t set(cublasLtMatmulAlgo_t &algo, const Part &part, uint32_t number) {
  uint16_t narrow = static_cast<uint16_t>(number);
  const void *value = part.bytes == 2 ? static_cast<const void *>(&narrow) : &number;
  return cublasLtMatmulAlgoConfigSetAttribute(&algo, part.attribute, value, part.bytes);
}

} // namespace

cudaError_t describeLibrary(std::string &text) {
  int index = 0;
  cudaDeviceProp device = {};
  cudaError_t error = cudaGetDevice(&index);
  if (error == cudaSuccess)
    error = cudaGetDeviceProperties(&device, index);
  text = "cuBLASLt " + std::to_string(cublasLtGetVersion()) + " on " + device.name + " (" +
         std::to_string(device.major) + "." + std::to_string(device.minor) + ")";
  return error;
}

bool isAlgorithm(const std::string &text) { return parse(text).has_value(); }

cublasStatus_t writeAlgorithm(const cublasLtMatmulAlgo_t &algo, std::string &text) {
  text.clear();
  for (const Part &part : parts) {
    uint32_t number = 0;
    if (cublasStatus_t status = get(algo, part, number); status != CUBLAS_STATUS_SUCCESS)
      return status;
    text += (text.empty() ? "" : " ") + std::string(part.name) + " " + std::to_string(number);
  }
  return CUBLAS_STATUS_SUCCESS;
}

cudaDataType_t dataTypeOf(DscType type) {
  return type == DSC_F16 ? CUDA_R_16F : type == DSC_BF16 ? CUDA_R_16BF : CUDA_R_32F;
}

cublasStatus_t readAlgorithm(cublasLtHandle_t handle, const std::string &text, DscType type,
                             cublasLtMatmulAlgo_t &algo) {
  std::optional<Numbers> numbers = parse(text);
  if (!numbers || numbers->front() > INT32_MAX)
    return CUBLAS_STATUS_INVALID_VALUE;
  cudaDataType_t data = dataTypeOf(type);
  cublasStatus_t status =
      cublasLtMatmulAlgoInit(handle, CUBLAS_COMPUTE_32F, CUDA_R_32F, data, data, data, data,
                             static_cast<int>(numbers->front()), &algo);
  for (size_t i = 1; i < numbers->size() && status == CUBLAS_STATUS_SUCCESS; ++i) // id is read only
    status = set(algo, parts[i], (*numbers)[i]);
  return status;
}

} // namespace dsc::cuda
