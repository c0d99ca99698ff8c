//===- Streams.cpp - Launches and the runtime's functions -----------------===//
#include "Machine.h"
#include "Sanitizers.h"

#include <cstdio>
#include <new>

using namespace emulator;

//===----------------------------------------------------------------------===//
// Kernels and functions
//===----------------------------------------------------------------------===//

namespace {

/// While this lives, a kernel may touch what it was given of the device's memory and
/// nothing else.
class Fence {
public:
  explicit Fence(const std::vector<Access> &allowed) : allowed(allowed) { setPoison(false); }
  ~Fence() { setPoison(true); }

private:
  void setPoison([[maybe_unused]] bool poisoned) {
#ifdef DSC_ASAN
    for (const Access &access : allowed)
      if (machine().kindOf(access.memory) == Machine::Kind::Device)
        poisoned ? poison(access) : ASAN_UNPOISON_MEMORY_REGION(access.memory, access.bytes);
#endif
  }
#ifdef DSC_ASAN
  /// The sanitizer knows of eight bytes how many of the first are open: to open the last four opens
  /// all, and to close them would leave the first four open for good.
  static void poison(const Access &access) {
    uintptr_t begin = reinterpret_cast<uintptr_t>(access.memory), whole = begin & -uintptr_t(8);
    ASAN_POISON_MEMORY_REGION(reinterpret_cast<void *>(whole), access.bytes + (begin - whole));
  }
#endif
  [[maybe_unused]] const std::vector<Access> &allowed;
};

void refuseBadLaunch(const Launch &launch) {
  uint64_t threads = uint64_t(launch.block.x) * launch.block.y * launch.block.z;
  uint64_t blocks = uint64_t(launch.grid.x) * launch.grid.y * launch.grid.z;
  if (threads == 0 || threads > 1024 || launch.block.z > 64)
    fail(
        "kernel %s (%s): a block of %u x %u x %u = %llu threads; a device takes 1 to 1024, at most "
        "64 along z: launch smaller blocks, and more of them",
        launch.name, launch.node, launch.block.x, launch.block.y, launch.block.z,
        static_cast<unsigned long long>(threads));
  if (blocks == 0 || blocks > 0x7fffffffu || launch.grid.y > 65535 || launch.grid.z > 65535)
    fail("kernel %s (%s): a grid of (%u, %u, %u) blocks", launch.name, launch.node, launch.grid.x,
         launch.grid.y, launch.grid.z);
  if (launch.sharedBytes > 48 << 10)
    fail("kernel %s (%s): %zu bytes of dynamic shared memory", launch.name, launch.node,
         launch.sharedBytes);
}

} // namespace

void emulator::launch(Launch launch, std::vector<Access> accesses, cudaStream_t stream) {
  if (!launch.node) // nobody said where it comes from
    launch.node = currentRange();
  refuseBadLaunch(launch);
  const char *name = launch.name, *node = launch.node;
  auto run = [launch = std::move(launch), accesses] {
    Fence fence(accesses);
    runGrid(launch, machine().random);
  };
  machine().submit(stream, {name, node, std::move(run), std::move(accesses)});
}

void emulator::enqueue(const char *name, std::function<void()> function,
                       std::vector<Access> accesses, cudaStream_t stream) {
  auto run = [function = std::move(function), accesses] {
    Fence fence(accesses);
    function();
  };
  machine().submit(stream, {name, currentRange(), std::move(run), std::move(accesses)});
}

void emulator::setSeed(uint64_t seed) { machine().random = Random(seed); }

//===----------------------------------------------------------------------===//
// The runtime's functions
//===----------------------------------------------------------------------===//

const char *cudaGetErrorString(cudaError_t error) {
  switch (error) {
  case cudaSuccess:
    return "no error";
  case cudaErrorMemoryAllocation:
    return "out of memory";
  case cudaErrorIllegalState:
    return "the operation cannot be performed in the present state";
  case cudaErrorStreamCaptureUnsupported:
    return "operation not permitted when stream is capturing";
  case cudaErrorStreamCaptureInvalidated:
    return "operation failed due to a previous error during capture";
  case cudaErrorStreamCaptureUnjoined:
    return "capture has streams that its origin does not wait for";
  case cudaErrorStreamCaptureIsolation:
    return "dependency created on uncaptured work in another stream";
  default:
    return "invalid argument";
  }
}

cudaError_t cudaGetLastError() {
  cudaError_t error = machine().lastError;
  machine().lastError = cudaSuccess;
  return error;
}

cudaError_t cudaSetDevice(int index) { return check(index == 0); }

cudaError_t cudaGetDevice(int *index) {
  *index = 0;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int index) {
  *properties = {"the emulator", 0, 0};
  return check(index == 0);
}

cudaError_t cudaMalloc(void **memory, size_t bytes) {
  if (!refuseInCapture())
    return check(false, cudaErrorStreamCaptureUnsupported);
  *memory = machine().allocate(bytes, true);
#ifdef DSC_ASAN
  if (*memory)
    ASAN_POISON_MEMORY_REGION(*memory, bytes);
#endif
  return check(*memory, cudaErrorMemoryAllocation);
}

cudaError_t cudaGetSymbolAddress(void **memory, const void *variable) {
  if (!refuseInCapture()) // may load the module
    return check(false, cudaErrorStreamCaptureUnsupported);
  *memory = const_cast<void *>(variable);
  return cudaSuccess;
}

cudaError_t cudaFree(void *memory) {
  if (!refuseInCapture())
    return check(false, cudaErrorStreamCaptureUnsupported);
  return check(!memory || machine().release(memory, true));
}

cudaError_t cudaMallocHost(void **memory, size_t bytes) {
  if (!refuseInCapture())
    return check(false, cudaErrorStreamCaptureUnsupported);
  *memory = machine().allocate(bytes, false);
  return check(*memory, cudaErrorMemoryAllocation);
}

cudaError_t cudaFreeHost(void *memory) {
  if (!refuseInCapture())
    return check(false, cudaErrorStreamCaptureUnsupported);
  return check(!memory || machine().release(memory, false));
}

/// Whether the two sides are what the kind says: a host's side is not the device's memory.
static bool isKind(const void *to, const void *from, cudaMemcpyKind kind) {
  bool toDevice = machine().kindOf(to) == Machine::Kind::Device;
  bool fromDevice = machine().kindOf(from) == Machine::Kind::Device;
  return toDevice == (kind != cudaMemcpyDeviceToHost) &&
         fromDevice == (kind != cudaMemcpyHostToDevice);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  requireStream(stream, "cudaMemcpyAsync");
  if (bytes > 0 && !isKind(to, from, kind))
    return check(false);
  std::vector<Access> accesses;
  if (kind != cudaMemcpyDeviceToHost || machine().isPinned(to))
    accesses.push_back({to, bytes, true});
  if (kind != cudaMemcpyHostToDevice || machine().isPinned(from))
    accesses.push_back({from, bytes, false});
  bool isPageable = !machine().isPinned(kind == cudaMemcpyHostToDevice ? from : to);
  if (isPageable && kind != cudaMemcpyDeviceToDevice && stream->captured.capture)
    return check(refuseInCapture(), cudaErrorStreamCaptureUnsupported);
  if (isPageable && kind == cudaMemcpyHostToDevice) {
    // The driver takes such memory over before it returns.
    auto copy = std::make_shared<std::vector<char>>(static_cast<const char *>(from),
                                                    static_cast<const char *>(from) + bytes);
    enqueue("cudaMemcpyAsync", [=] { memcpy(to, copy->data(), bytes); }, accesses, stream);
    return cudaSuccess;
  }
  enqueue("cudaMemcpyAsync", [=] { memcpy(to, from, bytes); }, accesses, stream);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t stream) {
  enqueue(
      "cudaMemsetAsync", [=] { memset(memory, value, bytes); }, {{memory, bytes, true}}, stream);
  return cudaSuccess;
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data) {
  enqueue("cudaLaunchHostFunc", [=] { function(data); }, {}, stream);
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
  auto created = std::make_unique<EmulatedStream>();
  static unsigned created_before = 0;
  created->number = ++created_before;
  *stream = created.get();
  machine().streams.push_back(std::move(created));
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  requireStream(stream, "cudaStreamDestroy");
  if (!refuseInCapture())
    return check(false, cudaErrorStreamCaptureUnsupported);
  // What it was asked for is still done, but the host has not waited for it.
  machine().runUntil([stream] { return stream->tasks.empty(); }, "cudaStreamDestroy");
  auto &streams = machine().streams;
  for (auto it = streams.begin(); it != streams.end(); ++it)
    if (it->get() == stream) {
      streams.erase(it);
      return cudaSuccess;
    }
  return check(false);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  requireStream(stream, "cudaStreamSynchronize");
  if (!refuseInCapture())
    return check(false, cudaErrorStreamCaptureUnsupported);
  machine().runUntil([stream] { return stream->tasks.empty(); }, "cudaStreamSynchronize");
  machine().hostClock.merge(stream->clock);
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  if (!refuseInCapture())
    return check(false, cudaErrorStreamCaptureUnsupported);
  machine().runUntil([] { return machine().isIdle(); }, "cudaDeviceSynchronize");
  for (const auto &stream : machine().streams)
    machine().hostClock.merge(stream->clock);
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  requireStream(stream, "cudaStreamWaitEvent");
  Capture *mine = stream->captured.capture, *other = event->captured.capture;
  if (mine && mine != other) {
    mine->broken = cudaErrorStreamCaptureIsolation;
    return check(false, cudaErrorStreamCaptureIsolation);
  }
  if (other) {
    stream->captured.join(event->captured);
    return cudaSuccess;
  }
  Task task;
  task.event = event;
  task.recording = event->recorded;
  task.isWait = true;
  machine().push(stream, "cudaStreamWaitEvent", "", std::move(task));
  stream->clock.merge(event->clock);
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned) {
  *event = new EmulatedEvent;
  machine().events.insert(*event);
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  if (machine().events.erase(event) == 0)
    return check(false);
  machine().destroyedEvents.emplace_back(event);
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  requireStream(stream, "cudaEventRecord");
  event->captured = stream->captured;
  if (event->captured.capture)
    return cudaSuccess;
  Task task;
  task.event = event;
  task.recording = ++event->recorded;
  machine().push(stream, "cudaEventRecord", "", std::move(task));
  event->clock = stream->clock;
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (!refuseInCapture())
    return check(false, cudaErrorStreamCaptureUnsupported);
  machine().runUntil([event] { return event->completed >= event->recorded; },
                     "cudaEventSynchronize");
  machine().hostClock.merge(event->clock);
  return cudaSuccess;
}

//===----------------------------------------------------------------------===//
// NVTX
//===----------------------------------------------------------------------===//

const char *emulator::currentRange() {
  const std::vector<const char *> &ranges = machine().ranges;
  return ranges.empty() ? "" : ranges.back();
}

int nvtxRangePushA(const char *name) {
  machine().ranges.push_back(machine().rangeNames.insert(name).first->c_str());
  return static_cast<int>(machine().ranges.size()) - 1;
}

int nvtxRangePop() {
  if (machine().ranges.empty())
    fail("nvtxRangePop() without a range that is open");
  machine().ranges.pop_back();
  return static_cast<int>(machine().ranges.size());
}
