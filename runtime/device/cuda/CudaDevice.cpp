//===- CudaDevice.cpp - A GPU as the device of a trainer ------------------===//
//
// Steps run on one stream. Inputs are copied on another, from pinned memory and
// into memory of their own, so that the copy of a batch does not wait for the step
// before it; an event orders the two.
//
//===----------------------------------------------------------------------===//
#include "device/Device.h"
#include "device/cuda/Step.h"

#include <cstdlib>
#include <cstring>
#include <map>

using namespace dsc;

namespace {

bool check(cudaError_t error, const char *what) {
  if (error == cudaSuccess)
    return true;
  dscSetError("%s: %s", what, cudaGetErrorString(error));
  return false;
}

/// An input's memory on both sides.
struct Staging {
  void *host = nullptr, *device = nullptr;
  size_t bytes = 0;

  bool resize(size_t wanted);
  void release();
};

class CudaDevice : public Device {
public:
  CudaDevice();
  ~CudaDevice() override;

  char *allocate(int64_t bytes) override;
  void release(char *memory, int64_t bytes) override;
  bool sharesHostMemory() const override { return false; }
  bool write(char *to, const void *from, size_t bytes) override;
  bool read(void *to, const char *from, size_t bytes) override;
  const void *stageInput(size_t index, const void *data, size_t bytes) override;
  bool run(const DscCall &call, void *const *buffers) override;
  bool finish() override { return check(cudaStreamSynchronize(step), "the step"); }
  void setThreads(int) override {} // the device's are its own

  cudaStream_t step = nullptr;

private:
  cudaStream_t copies = nullptr;
  cudaEvent_t staged = nullptr, used = nullptr;
  std::map<size_t, Staging> inputs;
};

bool Staging::resize(size_t wanted) {
  if (wanted <= bytes)
    return true;
  release();
  bytes = wanted;
  return check(cudaMallocHost(&host, wanted), "pinned memory for an input") &&
         check(cudaMalloc(&device, wanted), "memory for an input");
}

void Staging::release() {
  cudaFreeHost(host);
  cudaFree(device);
  *this = Staging();
}

CudaDevice::CudaDevice() {
  // Several ranks of a machine take a device each.
  const char *rank = getenv("LOCAL_RANK");
  check(cudaSetDevice(rank ? atoi(rank) : 0), "the device") &&
      check(cudaStreamCreateWithFlags(&step, cudaStreamNonBlocking), "the stream of steps") &&
      check(cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking), "the stream of copies") &&
      check(cudaEventCreateWithFlags(&staged, cudaEventDisableTiming), "an event") &&
      check(cudaEventCreateWithFlags(&used, cudaEventDisableTiming), "an event") &&
      check(cudaEventRecord(used, step), "an event");
}

CudaDevice::~CudaDevice() {
  for (auto &[index, staging] : inputs)
    staging.release();
  cudaEventDestroy(used);
  cudaEventDestroy(staged);
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
  cudaFree(memory);
}

bool CudaDevice::write(char *to, const void *from, size_t bytes) {
  return check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, step), "a copy");
}

bool CudaDevice::read(void *to, const char *from, size_t bytes) {
  return check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, step), "a copy") &&
         finish();
}

const void *CudaDevice::stageInput(size_t index, const void *data, size_t bytes) {
  Staging &staging = inputs[index];
  // The last copy has left the pinned memory, and the last step has read its target.
  if (!check(cudaEventSynchronize(staged), "the copies") || !staging.resize(bytes))
    return nullptr;
  memcpy(staging.host, data, bytes);
  bool good =
      check(cudaStreamWaitEvent(copies, used, 0), "an event") &&
      check(cudaMemcpyAsync(staging.device, staging.host, bytes, cudaMemcpyHostToDevice, copies),
            "the copy of an input") &&
      check(cudaEventRecord(staged, copies), "an event") &&
      check(cudaStreamWaitEvent(step, staged, 0), "an event");
  return good ? staging.device : nullptr;
}

bool CudaDevice::run(const DscCall &call, void *const *buffers) {
  return call.routine(&call, buffers) == 0 && check(cudaEventRecord(used, step), "an event");
}

CudaDevice &cudaDevice() {
  static CudaDevice device;
  return device;
}

} // namespace

Device &dsc::device() { return cudaDevice(); }

cudaStream_t dsc::cuda::stepStream() { return cudaDevice().step; }

bool dsc::cuda::Step::check(cudaError_t error, const char *what) {
  if (error != cudaSuccess)
    fail(what, cudaGetErrorString(error));
  return !failed;
}

void dsc::cuda::Step::fail(const char *what, const char *why) {
  failed = true;
  dscSetError("%s (%s): %s", what, node, why);
}
