//===- Staging.cpp - One input on its way to the device -------------------===//
#include "device/cuda/Staging.h"

#include "device/cuda/Check.h"

#include <cstring>

namespace dsc::cuda {

bool Staging::resize(size_t wanted) {
  if (place && wanted <= capacity)
    return true;
  release();
  capacity = wanted;
  return check(cudaMallocHost(&pinned, wanted), "pinned memory for an input") &&
         check(cudaMalloc(&staged, wanted), "memory for an input") &&
         check(cudaMalloc(&place, wanted), "memory for an input") &&
         check(cudaEventCreateWithFlags(&arrived, cudaEventDisableTiming), "an event") &&
         check(cudaEventCreateWithFlags(&taken, cudaEventDisableTiming), "an event");
}

void Staging::release() {
  cudaDeviceSynchronize(); // a copy may still be under way
  for (cudaEvent_t event : {arrived, taken})
    if (event)
      cudaEventDestroy(event);
  cudaFreeHost(pinned);
  cudaFree(staged);
  cudaFree(place);
  pinned = staged = place = nullptr;
  arrived = taken = nullptr;
  source = nullptr;
}

bool Staging::fetch(const void *data, size_t bytes, cudaStream_t copies) {
  // The last copy has left the pinned memory; the last step has taken what it brought.
  if (!resize(bytes) || !check(cudaEventSynchronize(arrived), "the copy of an input"))
    return false;
  memcpy(pinned, data, bytes);
  source = data;
  fetched = bytes;
  return check(cudaStreamWaitEvent(copies, taken, 0), "an event") &&
         check(cudaMemcpyAsync(staged, pinned, bytes, cudaMemcpyHostToDevice, copies),
               "the copy of an input") &&
         check(cudaEventRecord(arrived, copies), "an event");
}

const void *Staging::take(cudaStream_t steps) {
  source = nullptr;
  bool good = check(cudaStreamWaitEvent(steps, arrived, 0), "an event") &&
              check(cudaMemcpyAsync(place, staged, fetched, cudaMemcpyDeviceToDevice, steps),
                    "the copy of an input") &&
              check(cudaEventRecord(taken, steps), "an event");
  return good ? place : nullptr;
}

} // namespace dsc::cuda
