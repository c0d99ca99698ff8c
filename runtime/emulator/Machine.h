//===- Machine.h - What the emulated device holds -------------------------===//
//
// Streams with their tasks, events, memory. Nothing runs when it is asked for: tasks
// wait on their streams until the host waits for something. Then streams take turns in
// a random order that the seed decides, as far as events allow. A program that forgets
// to wait reads old values.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_EMULATOR_MACHINE_H
#define DSC_RUNTIME_EMULATOR_MACHINE_H

#include "Block.h"
#include "Graph.h"
#include "Order.h"

#include <deque>
#include <memory>
#include <set>
#include <string>

namespace emulator {

struct Task {
  TaskId id;
  std::function<void()> run;      // null where it only waits
  std::unique_ptr<Replay> replay; // of a graph; tasks of its own
  cudaEvent_t event = nullptr;    // to wait for, or to complete
  uint64_t recording = 0;         // of the event
  bool isWait = false;
};

} // namespace emulator

struct EmulatedEvent {
  uint64_t recorded = 0, completed = 0; // how often
  emulator::Clock clock;                // of the last recording
  emulator::CapturePoint captured;      // where it was recorded in a capture
};

struct EmulatedStream {
  unsigned number = 0;
  uint64_t lastTask = 0;
  emulator::Clock clock; // what is done before the next task of this stream
  std::deque<emulator::Task> tasks;
  emulator::CapturePoint captured; // while the stream is captured
};

namespace emulator {

class Machine {
public:
  Machine();
  ~Machine();

  /// Runs tasks until `isDone`; what waits for nothing that will come is an error.
  void runUntil(const std::function<bool()> &isDone, const char *what);
  bool isIdle() const;

  /// Puts work on a stream, or into the graph that the stream is captured into.
  void submit(cudaStream_t stream, Work work);
  TaskId push(cudaStream_t stream, const char *name, const char *node, Task task);
  void touch(const std::vector<Access> &accesses, const TaskId &task, const Clock &clock);

  void *allocate(size_t bytes, bool isDevice);
  /// Ends the program when a task may still touch the memory.
  bool release(void *memory, bool isDevice);
  enum class Kind { Host, Pinned, Device };
  /// What the memory is: the program's own, or allocated here.
  Kind kindOf(const void *memory) const;
  bool isPinned(const void *memory) const { return kindOf(memory) == Kind::Pinned; }
  bool hasStream(cudaStream_t stream) const;

  std::vector<std::unique_ptr<EmulatedStream>> streams;
  std::set<cudaEvent_t> events;
  std::vector<std::unique_ptr<EmulatedEvent>> destroyedEvents; // which tasks may still name
  std::set<const void *> graphs;                               // and what was instantiated of them
  std::set<Capture *> captures;                                // that have begun and not ended
  Clock hostClock;                                             // what the host has waited for
  AccessTable accesses;
  Random random;
  cudaError_t lastError = cudaSuccess;
  std::set<std::string> rangeNames; // of NVTX, which tasks may name for as long as they live
  std::vector<const char *> ranges; // that are open

private:
  /// Ends the program where no allocation holds all of the bytes.
  void requireAllocated(const Access &access, const TaskId &task) const;
  bool canRun(const EmulatedStream &stream) const;
  void runNext(EmulatedStream &stream);

  struct Allocation {
    size_t bytes;
    bool isDevice;
  };
  std::map<uintptr_t, Allocation> allocations;
};

Machine &machine();

/// Ends the program where there is no such stream: none is made by default, and those that were
/// destroyed are gone.
void requireStream(cudaStream_t stream, const char *function);

/// What a function of the runtime returns; cudaGetLastError() gives it again.
cudaError_t check(bool good, cudaError_t error = cudaErrorInvalidValue);

} // namespace emulator

#endif // DSC_RUNTIME_EMULATOR_MACHINE_H
