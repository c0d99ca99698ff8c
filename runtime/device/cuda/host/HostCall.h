//===- HostCall.h - A routine of the CPU's library on the emulated stream -===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_HOST_HOSTCALL_H
#define DSC_RUNTIME_DEVICE_CUDA_HOST_HOSTCALL_H

#include "abi/CpuRoutines.h"

#include <cuda_runtime.h>

#include <vector>

namespace dsc::cuda {

/// What a routine of abi/CpuRoutines.h is called with; `buffers` in its order, each with its size
/// and whether it is written.
struct HostCall {
  const char *name;
  DscRoutine routine;
  std::vector<int64_t> ints;
  std::vector<emulator::Access> buffers;
};

/// Runs it when its turn on the stream comes, with what it keeps for these ints. An error
/// names the NVTX range around this call. Where `workspace` has bytes, they are written, too.
void enqueue(HostCall call, cudaStream_t stream, emulator::Access workspace = {});

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_HOST_HOSTCALL_H
