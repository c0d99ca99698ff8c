//===- MatmulAlgorithms.h - cuBLASLt's algorithms as text -----------------===//
//
// A plan file keeps which algorithm cuBLASLt took for a product, so that a later run takes
// the same. As text it is the algorithm's number and its configuration:
//
//   id 21 tile 20 stages 5 split_k 1 reduction 0 swizzle 0 custom 0 inner_shape 0 cluster_shape 0
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_MATMULALGORITHMS_H
#define DSC_RUNTIME_DEVICE_CUDA_MATMULALGORITHMS_H

#include "abi/Abi.h"

#include <cublasLt.h>

#include <string>

namespace dsc::cuda {

/// Versions of the library and the device: elsewhere, algorithms of the same name may compute
/// other bits.
cudaError_t describeLibrary(std::string &text);

bool isAlgorithm(const std::string &text);
cublasStatus_t writeAlgorithm(const cublasLtMatmulAlgo_t &algo, std::string &text);
/// The algorithm that isAlgorithm() accepts, for matrices of this type and sums in f32.
cublasStatus_t readAlgorithm(cublasLtHandle_t handle, const std::string &text, DscType type,
                             cublasLtMatmulAlgo_t &algo);

/// cuBLASLt's name for f32 and the half types.
cudaDataType_t dataTypeOf(DscType type);

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_MATMULALGORITHMS_H
