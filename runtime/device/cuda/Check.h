//===- Check.h - Errors of CUDA's functions -------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_CHECK_H
#define DSC_RUNTIME_DEVICE_CUDA_CHECK_H

#include "abi/Abi.h"

#include <cuda_runtime.h>

namespace dsc::cuda {

/// Whether it went well; else dscSetError has `what` and why.
inline bool check(cudaError_t error, const char *what) {
  if (error != cudaSuccess)
    dscSetError("%s: %s", what, cudaGetErrorString(error));
  return error == cudaSuccess;
}

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_CHECK_H
