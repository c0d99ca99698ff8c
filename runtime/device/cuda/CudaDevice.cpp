//===- CudaDevice.cpp - A GPU as the device of a trainer ------------------===//
//
// Steps run on one stream, each program as a graph (Recording.h). Inputs come on
// another stream (Staging.h), so that the next batch is copied while a step runs.
//
//===----------------------------------------------------------------------===//
#include "device/Device.h"
#include "device/cuda/Check.h"
#include "device/cuda/Recording.h"
#include "device/cuda/Routines.h"
#include "device/cuda/Staging.h"
#include "device/cuda/Step.h"

#include <nvtx3/nvToolsExt.h>

#include <algorithm>
#include <cstdlib>
#include <map>

using namespace dsc;
using namespace dsc::cuda;

namespace {

class CudaDevice : public Device {
public:
  CudaDevice();
  ~CudaDevice() override;

  char *allocate(int64_t bytes) override;
  void release(char *memory, int64_t bytes) override;
  bool sharesHostMemory() const override { return false; }
  bool write(char *to, const void *from, size_t bytes) override;
  bool read(void *to, const char *from, size_t bytes) override;
  bool prefetchInput(size_t index, const void *data, size_t bytes) override;
  const void *stageInput(size_t index, const void *data, size_t bytes) override;
  bool run(const DscCall &call, void *const *buffers) override;
  bool finish() override { return check(cudaStreamSynchronize(step), "the step"); }
#ifdef DSC_EMULATOR
  bool isEmulated() const override { return true; }
#endif
  void setThreads(int) override {} // the device's are its own
  bool pin(const Algorithms &algorithms) override { return pinMatmuls(algorithms); }
  Algorithms algorithms() const override { return matmulAlgorithms(); }

  cudaStream_t step = nullptr;

private:
  using Key = std::pair<const DscCall *, std::vector<void *>>;
  cudaStream_t copies = nullptr;
  std::map<size_t, Staging> inputs;
  std::map<Key, Recording> recordings;
};

CudaDevice::CudaDevice() {
  // Several ranks of a machine take a device each.
  const char *rank = getenv("LOCAL_RANK");
  check(cudaSetDevice(rank ? atoi(rank) : 0), "the device") &&
      check(cudaStreamCreateWithFlags(&step, cudaStreamNonBlocking), "the stream of steps") &&
      check(cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking), "the stream of copies");
}

CudaDevice::~CudaDevice() {
  recordings.clear(); // a graph that still runs goes when it ends
  inputs.clear();
  cudaStreamDestroy(copies);
  cudaStreamDestroy(step);
}

char *CudaDevice::allocate(int64_t bytes) {
  void *memory = nullptr;
  size_t size = static_cast<size_t>(bytes > 0 ? bytes : 1);
  if (cudaMalloc(&memory, size) != cudaSuccess)
    return nullptr;
  if (!check(cudaMemsetAsync(memory, 0, size, step), "clearing memory"))
    return nullptr;
  return static_cast<char *>(memory);
}

void CudaDevice::release(char *memory, int64_t) {
  cudaStreamSynchronize(step);
  // Graphs that work on it must not be taken for those of what is allocated there next.
  std::erase_if(recordings, [&](const auto &entry) {
    return std::ranges::find(entry.first.second, memory) != entry.first.second.end();
  });
  cudaFree(memory);
}

bool CudaDevice::write(char *to, const void *from, size_t bytes) {
  return check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, step), "a copy");
}

bool CudaDevice::read(void *to, const char *from, size_t bytes) {
  return check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, step), "a copy") &&
         finish();
}

bool CudaDevice::prefetchInput(size_t index, const void *data, size_t bytes) {
  return inputs[index].fetch(data, bytes, copies);
}

const void *CudaDevice::stageInput(size_t index, const void *data, size_t bytes) {
  Staging &staging = inputs[index];
  bool isThere = staging.holds(data, bytes) || staging.fetch(data, bytes, copies);
  return isThere ? staging.take(step) : nullptr;
}

bool CudaDevice::run(const DscCall &call, void *const *buffers) {
  nvtxRangePushA(call.name);
  Recording &recording = recordings[{&call, {buffers, buffers + call.numBuffers}}];
  bool good = recording.run(step, [&] { return call.routine(&call, buffers) == 0; });
  nvtxRangePop();
  return good;
}

CudaDevice &cudaDevice() {
  static CudaDevice device;
  return device;
}

} // namespace

Device &dsc::device() { return cudaDevice(); }

cudaStream_t cuda::stepStream() { return cudaDevice().step; }

dsc::cuda::Step::~Step() { at(nullptr); }

/// One range of the profiler per call, from here to the next.
Step &dsc::cuda::Step::at(const char *nodes) {
  if (node)
    nvtxRangePop();
  node = nodes;
  if (node)
    nvtxRangePushA(node);
  return *this;
}

bool dsc::cuda::Step::check(cudaError_t error, const char *what) {
  if (error != cudaSuccess)
    fail(what, cudaGetErrorString(error));
  return !failed;
}

void dsc::cuda::Step::fail(const char *what, const char *why) {
  failed = true;
  dscSetError("%s (%s): %s", what, node ? node : "", why);
}

/// Asked for once: not while a graph is captured.
const void *dsc::cuda::Step::onDevice(const void *variable) {
  static std::map<const void *, void *> known;
  void *&place = known[variable];
  if (!place)
    check(cudaGetSymbolAddress(&place, variable), "a table of parts");
  return place;
}
