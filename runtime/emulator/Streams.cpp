//===- Streams.cpp - Streams, events and memory ---------------------------===//
//
// Nothing runs when it is asked for: tasks wait on their streams until the host
// waits for something. Then streams take turns in a random order that the seed
// decides, as far as events allow. A program that forgets to wait reads old values.
//
//===----------------------------------------------------------------------===//
#include "Block.h"
#include "Order.h"
#include "Sanitizers.h"

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <new>
#include <set>

using namespace emulator;

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

namespace {
struct Task {
  TaskId id;
  std::function<void()> run;   // null where it only waits
  cudaEvent_t event = nullptr; // to wait for, or to complete
  uint64_t recording = 0;      // of the event
  bool isWait = false;
};
} // namespace

struct EmulatedEvent {
  uint64_t recorded = 0, completed = 0; // how often
  Clock clock;                          // of the last recording
};

struct EmulatedStream {
  unsigned number = 0;
  uint64_t lastTask = 0;
  Clock clock; // what is done before the next task of this stream
  std::deque<Task> tasks;
};

namespace {

class Machine {
public:
  Machine();
  ~Machine();

  /// Runs tasks until `isDone`; what waits for nothing that will come is an error.
  template <typename Done> void runUntil(Done isDone, const char *what);
  bool isIdle() const;

  TaskId push(cudaStream_t stream, const char *name, const char *node, Task task);
  void touch(const std::vector<Access> &accesses, const TaskId &task, const Clock &clock);
  void *allocate(size_t bytes, bool isDevice);
  bool release(void *memory, bool isDevice);
  enum class Kind { Host, Pinned, Device };
  /// What the memory is: the program's own, or allocated here.
  Kind kindOf(const void *memory) const;
  bool isPinned(const void *memory) const { return kindOf(memory) == Kind::Pinned; }

  std::vector<std::unique_ptr<EmulatedStream>> streams;
  std::set<cudaEvent_t> events;
  Clock hostClock; // what the host has waited for
  AccessTable accesses;
  Random random;

private:
  bool canRun(const EmulatedStream &stream) const;
  void runNext(EmulatedStream &stream);

  struct Allocation {
    size_t bytes;
    bool isDevice;
  };
  std::map<uintptr_t, Allocation> allocations;
};

Machine &machine() {
  static Machine machine;
  return machine;
}

uint64_t seedOfEnvironment() {
  const char *text = getenv("EMULATOR_SEED");
  return text ? strtoull(text, nullptr, 10) : 1;
}

Machine::Machine() : random(seedOfEnvironment()) {}

Machine::~Machine() {
  size_t bytes = 0;
  for (const auto &[address, allocation] : allocations)
    bytes += allocation.bytes;
  if (!allocations.empty())
    fail("%zu allocations with %zu bytes are left over at exit", allocations.size(), bytes);
  if (!events.empty())
    fail("%zu events are left over at exit", events.size());
  for (const auto &stream : streams)
    if (!stream->tasks.empty())
      fail("the program ends while %s (%s) still waits to run", stream->tasks.front().id.name,
           stream->tasks.front().id.node);
}

bool Machine::canRun(const EmulatedStream &stream) const {
  if (stream.tasks.empty())
    return false;
  const Task &task = stream.tasks.front();
  return !task.isWait || task.event->completed >= task.recording;
}

void Machine::runNext(EmulatedStream &stream) {
  Task task = std::move(stream.tasks.front());
  stream.tasks.pop_front();
  if (task.run)
    task.run();
  if (task.event && !task.isWait)
    task.event->completed = std::max(task.event->completed, task.recording);
}

template <typename Done> void Machine::runUntil(Done isDone, const char *what) {
  while (!isDone()) {
    std::vector<EmulatedStream *> able;
    for (auto &stream : streams)
      if (canRun(*stream))
        able.push_back(stream.get());
    if (able.empty())
      fail("%s waits for what never happens: every stream is empty or waits for another", what);
    runNext(*able[random.below(static_cast<unsigned>(able.size()))]);
  }
}

bool Machine::isIdle() const {
  for (const auto &stream : streams)
    if (!stream->tasks.empty())
      return false;
  return true;
}

TaskId Machine::push(cudaStream_t stream, const char *name, const char *node, Task task) {
  if (!stream)
    fail("%s (%s) uses the default stream; create one", name, node);
  // What the host has waited for is done before anything it asks for now.
  stream->clock.merge(hostClock);
  task.id = {stream->number, ++stream->lastTask, name, node};
  stream->clock[stream->number] = task.id.number;
  stream->tasks.push_back(std::move(task));
  return stream->tasks.back().id;
}

void Machine::touch(const std::vector<Access> &list, const TaskId &task, const Clock &clock) {
  for (const Access &access : list)
    accesses.add(access, task, clock);
}

void *Machine::allocate(size_t bytes, bool isDevice) {
  void *memory = ::operator new(bytes, std::align_val_t(256), std::nothrow);
  if (memory) {
    // As on a device, nobody may rely on zeros.
    if (isDevice)
      memset(memory, 0xA5, bytes);
    allocations[reinterpret_cast<uintptr_t>(memory)] = {bytes, isDevice};
  }
  return memory;
}

bool Machine::release(void *memory, bool isDevice) {
  auto it = allocations.find(reinterpret_cast<uintptr_t>(memory));
  if (it == allocations.end() || it->second.isDevice != isDevice)
    return false;
  accesses.forget(memory, it->second.bytes);
  allocations.erase(it);
  ::operator delete(memory, std::align_val_t(256));
  return true;
}

Machine::Kind Machine::kindOf(const void *memory) const {
  auto it = allocations.upper_bound(reinterpret_cast<uintptr_t>(memory));
  if (it == allocations.begin())
    return Kind::Host;
  --it;
  if (reinterpret_cast<uintptr_t>(memory) >= it->first + it->second.bytes)
    return Kind::Host;
  return it->second.isDevice ? Kind::Device : Kind::Pinned;
}

cudaError_t lastError = cudaSuccess;

cudaError_t check(bool good, cudaError_t error = cudaErrorInvalidValue) {
  if (!good)
    lastError = error;
  return good ? cudaSuccess : error;
}

} // namespace

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
        poisoned ? ASAN_POISON_MEMORY_REGION(access.memory, access.bytes)
                 : ASAN_UNPOISON_MEMORY_REGION(access.memory, access.bytes);
#endif
  }
  [[maybe_unused]] const std::vector<Access> &allowed;
};

void refuseBadLaunch(const Launch &launch) {
  uint64_t threads = uint64_t(launch.block.x) * launch.block.y * launch.block.z;
  uint64_t blocks = uint64_t(launch.grid.x) * launch.grid.y * launch.grid.z;
  if (threads == 0 || threads > 1024 || launch.block.z > 64)
    fail("kernel %s (%s): a block of %llu threads", launch.name, launch.node,
         static_cast<unsigned long long>(threads));
  if (blocks == 0 || launch.grid.x > 0x7fffffffu || launch.grid.y > 65535 || launch.grid.z > 65535)
    fail("kernel %s (%s): a grid of (%u, %u, %u) blocks", launch.name, launch.node, launch.grid.x,
         launch.grid.y, launch.grid.z);
  if (launch.sharedBytes > 48 << 10)
    fail("kernel %s (%s): %zu bytes of dynamic shared memory", launch.name, launch.node,
         launch.sharedBytes);
}

} // namespace

void emulator::launch(Launch launch, std::vector<Access> accesses, cudaStream_t stream) {
  refuseBadLaunch(launch);
  const char *name = launch.name, *node = launch.node;
  Task task;
  task.run = [launch = std::move(launch), accesses] {
    Fence fence(accesses);
    runGrid(launch, machine().random);
  };
  TaskId id = machine().push(stream, name, node, std::move(task));
  machine().touch(accesses, id, stream->clock);
}

void emulator::enqueue(const char *name, std::function<void()> function,
                       std::vector<Access> accesses, cudaStream_t stream) {
  Task task;
  task.run = [function = std::move(function), accesses] {
    Fence fence(accesses);
    function();
  };
  TaskId id = machine().push(stream, name, "host", std::move(task));
  machine().touch(accesses, id, stream->clock);
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
  default:
    return "invalid argument";
  }
}

cudaError_t cudaGetLastError() {
  cudaError_t error = lastError;
  lastError = cudaSuccess;
  return error;
}

cudaError_t cudaSetDevice(int index) { return check(index == 0); }

cudaError_t cudaMalloc(void **memory, size_t bytes) {
  *memory = machine().allocate(bytes, true);
#ifdef DSC_ASAN
  if (*memory)
    ASAN_POISON_MEMORY_REGION(*memory, bytes);
#endif
  return check(*memory, cudaErrorMemoryAllocation);
}

cudaError_t cudaFree(void *memory) {
  cudaDeviceSynchronize();
  return check(!memory || machine().release(memory, true));
}

cudaError_t cudaMallocHost(void **memory, size_t bytes) {
  *memory = machine().allocate(bytes, false);
  return check(*memory, cudaErrorMemoryAllocation);
}

cudaError_t cudaFreeHost(void *memory) {
  cudaDeviceSynchronize();
  return check(!memory || machine().release(memory, false));
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  std::vector<Access> accesses;
  if (kind != cudaMemcpyDeviceToHost || machine().isPinned(to))
    accesses.push_back({to, bytes, true});
  if (kind != cudaMemcpyHostToDevice || machine().isPinned(from))
    accesses.push_back({from, bytes, false});
  if (kind == cudaMemcpyHostToDevice && !machine().isPinned(from)) {
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
  cudaStreamSynchronize(stream);
  auto &streams = machine().streams;
  for (auto it = streams.begin(); it != streams.end(); ++it)
    if (it->get() == stream) {
      streams.erase(it);
      return cudaSuccess;
    }
  return check(false);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  machine().runUntil([stream] { return stream->tasks.empty(); }, "cudaStreamSynchronize");
  machine().hostClock.merge(stream->clock);
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  machine().runUntil([] { return machine().isIdle(); }, "cudaDeviceSynchronize");
  for (const auto &stream : machine().streams)
    machine().hostClock.merge(stream->clock);
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
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
  cudaDeviceSynchronize(); // a task may still name it
  if (machine().events.erase(event) == 0)
    return check(false);
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  Task task;
  task.event = event;
  task.recording = ++event->recorded;
  machine().push(stream, "cudaEventRecord", "", std::move(task));
  event->clock = stream->clock;
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  machine().runUntil([event] { return event->completed >= event->recorded; },
                     "cudaEventSynchronize");
  machine().hostClock.merge(event->clock);
  return cudaSuccess;
}
