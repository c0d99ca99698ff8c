//===- Machine.cpp - What the emulated device holds -----------------------===//
#include "Machine.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <new>

using namespace emulator;

Machine &emulator::machine() {
  static Machine machine;
  return machine;
}

static uint64_t seedOfEnvironment() {
  const char *text = getenv("EMULATOR_SEED");
  if (!text)
    return 1;
  uint64_t seed = 0;
  const char *last = text + strlen(text);
  auto [end, error] = std::from_chars(text, last, seed);
  if (error != std::errc() || end != last)
    fail("EMULATOR_SEED is '%s'; give a whole number from 0 to 2^64 - 1", text);
  return seed;
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
  if (!captures.empty())
    fail("a capture is left open at exit");
  if (!graphs.empty())
    fail("%zu graphs are left over at exit", graphs.size());
  if (!ranges.empty())
    fail("NVTX range '%s' is left open at exit", ranges.back());
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
  // A graph's nodes take turns with other streams.
  if (Replay *replay = stream.tasks.front().replay.get(); replay && !replay->isDone())
    replay->runOne(random);
  if (const auto &replay = stream.tasks.front().replay; replay && !replay->isDone())
    return;
  Task task = std::move(stream.tasks.front());
  stream.tasks.pop_front();
  if (task.run)
    task.run();
  if (task.event && !task.isWait)
    task.event->completed = std::max(task.event->completed, task.recording);
}

void Machine::runUntil(const std::function<bool()> &isDone, const char *what) {
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
  requireStream(stream, name);
  // What the host has waited for is done before anything it asks for now.
  stream->clock.merge(hostClock);
  task.id = {stream->number, ++stream->lastTask, name, node};
  stream->clock[stream->number] = task.id.number;
  stream->tasks.push_back(std::move(task));
  return stream->tasks.back().id;
}

void Machine::submit(cudaStream_t stream, Work work) {
  if (stream && stream->captured.capture)
    return addNode(*stream, std::move(work));
  Task task;
  task.run = std::move(work.run);
  TaskId id = push(stream, work.name, work.node, std::move(task));
  touch(work.accesses, id, stream->clock);
}

void Machine::touch(const std::vector<Access> &list, const TaskId &task, const Clock &clock) {
  for (const Access &access : list) {
    requireAllocated(access, task);
    accesses.add(access, task, clock);
  }
}

void Machine::requireAllocated(const Access &access, const TaskId &task) const {
  if (access.bytes == 0)
    return;
  uintptr_t begin = reinterpret_cast<uintptr_t>(access.memory);
  auto it = allocations.upper_bound(begin);
  bool isHeld = it != allocations.begin() &&
                begin + access.bytes <= std::prev(it)->first + std::prev(it)->second.bytes;
  if (!isHeld)
    fail("%s (%s) %s %zu bytes that no allocation holds, or no longer", task.name, task.node,
         access.isWrite ? "writes" : "reads", access.bytes);
}

bool Machine::hasStream(cudaStream_t stream) const {
  return std::any_of(streams.begin(), streams.end(),
                     [&](const auto &each) { return each.get() == stream; });
}

void *Machine::allocate(size_t bytes, bool isDevice) {
  void *memory = ::operator new(bytes, std::align_val_t(256), std::nothrow);
  if (memory) {
    // As on a device, nobody may rely on zeros.
    if (isDevice)
      memset(memory, unwritten, bytes);
    allocations[reinterpret_cast<uintptr_t>(memory)] = {bytes, isDevice};
  }
  return memory;
}

bool Machine::release(void *memory, bool isDevice) {
  auto it = allocations.find(reinterpret_cast<uintptr_t>(memory));
  if (it == allocations.end() || it->second.isDevice != isDevice)
    return false;
  accesses.requireDone(memory, it->second.bytes, hostClock);
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

void emulator::requireStream(cudaStream_t stream, const char *function) {
  if (!stream)
    fail("%s (%s) uses the default stream; create one", function, currentRange());
  if (!machine().hasStream(stream))
    fail("%s (%s) uses a stream that was destroyed", function, currentRange());
}

cudaError_t emulator::check(bool good, cudaError_t error) {
  if (!good)
    machine().lastError = error;
  return good ? cudaSuccess : error;
}
