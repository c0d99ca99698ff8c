//===- nvToolsExt.h - Names for a profiler that is not there --------------===//
//
// Stands in for NVTX, as cuda_runtime.h does for the runtime. The emulator only counts,
// so that a range which is not ended is found.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_EMULATOR_NVTX3_NVTOOLSEXT_H
#define DSC_RUNTIME_EMULATOR_NVTX3_NVTOOLSEXT_H

int nvtxRangePushA(const char *name);
int nvtxRangePop();

#endif // DSC_RUNTIME_EMULATOR_NVTX3_NVTOOLSEXT_H
