//===- Staging.h - One input on its way to the device ---------------------===//
//
//   the batch ► pinned memory ► staged memory of the device ► the input's place
//             host            copies                        steps
//
// The step's own copy is the only one that waits for the step before, so the next batch
// crosses over while a step runs, and a graph finds its inputs always at one place.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_STAGING_H
#define DSC_RUNTIME_DEVICE_CUDA_STAGING_H

#include <cuda_runtime.h>

#include <cstddef>

namespace dsc::cuda {

/// Functions that may fail return false or null after dscSetError.
class Staging {
public:
  Staging() = default;
  Staging(const Staging &) = delete;
  ~Staging() { release(); }

  /// Starts the copy of a batch's rows; `data` may go when this returns.
  bool fetch(const void *data, size_t bytes, cudaStream_t copies);
  /// Whether the rows at `data` were fetched and not taken yet.
  bool holds(const void *data, size_t bytes) const { return source == data && fetched == bytes; }
  /// Puts what was fetched in its place on the stream of steps; returns the place.
  const void *take(cudaStream_t steps);

private:
  bool resize(size_t wanted);
  void release();

  void *pinned = nullptr, *staged = nullptr, *place = nullptr;
  size_t capacity = 0;
  cudaEvent_t arrived = nullptr; // in staged memory
  cudaEvent_t taken = nullptr;   // out of it
  const void *source = nullptr;  // of what was fetched and not taken
  size_t fetched = 0;
};

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_STAGING_H
