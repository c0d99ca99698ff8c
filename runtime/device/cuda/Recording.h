//===- Recording.h - A part of a program as a CUDA graph ------------------===//
//
// The first run goes call by call: libraries choose algorithms and take their memory,
// which a capture forbids. The second is captured, and every later one is one launch of
// that graph. What changes from step to step (rate, step, seed, the batch) lies in the
// device's memory at fixed places, so a graph is never changed.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_RECORDING_H
#define DSC_RUNTIME_DEVICE_CUDA_RECORDING_H

#include "device/cuda/Check.h"

namespace dsc::cuda {

class Recording {
public:
  Recording() = default;
  Recording(const Recording &) = delete;
  ~Recording() {
    if (graph)
      cudaGraphExecDestroy(graph);
  }

  /// `enqueue` puts the calls on the stream, or returns false after dscSetError.
  template <typename Enqueue> bool run(cudaStream_t stream, Enqueue enqueue) {
    if (!warm)
      return warm = enqueue();
    if (!graph && !capture(stream, enqueue))
      return false;
    return check(cudaGraphLaunch(graph, stream), "the step's graph");
  }

private:
  template <typename Enqueue> bool capture(cudaStream_t stream, Enqueue enqueue) {
    if (!check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "the capture"))
      return false;
    bool good = enqueue();
    cudaGraph_t captured = nullptr;
    cudaError_t ended = cudaStreamEndCapture(stream, &captured); // also after an error
    good = good && check(ended, "the capture") &&
           check(cudaGraphInstantiate(&graph, captured, 0), "the step's graph");
    if (captured)
      cudaGraphDestroy(captured);
    return good;
  }

  bool warm = false;
  cudaGraphExec_t graph = nullptr;
};

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_RECORDING_H
