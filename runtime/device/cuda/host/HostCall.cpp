//===- HostCall.cpp - A routine of the CPU's library on the emulated stream ==//
#include "device/cuda/host/HostCall.h"

#include <map>

namespace dsc::cuda {

namespace {
/// A call with what the routine keeps for this shape.
struct Prepared {
  std::vector<int64_t> ints;
  void *state = nullptr;
};
} // namespace

static Prepared &prepare(DscRoutine routine, std::vector<int64_t> ints) {
  // Never destroyed: the library's own statics may be gone by then.
  static auto &known = *new std::map<std::pair<DscRoutine, std::vector<int64_t>>, Prepared>;
  Prepared &prepared = known[{routine, ints}];
  prepared.ints = std::move(ints);
  return prepared;
}

static void run(const HostCall &call, Prepared &prepared, const char *node) {
  std::vector<void *> pointers;
  for (const emulator::Access &buffer : call.buffers)
    pointers.push_back(const_cast<void *>(buffer.memory));
  DscCall entry = {};
  entry.name = call.name;
  entry.origin = node;
  entry.routine = call.routine;
  entry.numBuffers = static_cast<int32_t>(pointers.size());
  entry.numInts = static_cast<int32_t>(prepared.ints.size());
  entry.ints = prepared.ints.data();
  entry.state = &prepared.state;
  if (call.routine(&entry, pointers.data()) != 0)
    dscSetError("%s (%s) failed", call.name, node); // the routine has said why
}

void enqueue(HostCall call, cudaStream_t stream, emulator::Access workspace) {
  Prepared &prepared = prepare(call.routine, std::move(call.ints));
  std::vector<emulator::Access> accesses = call.buffers;
  accesses.push_back(workspace);
  const char *name = call.name, *node = emulator::currentRange();
  auto work = [call = std::move(call), &prepared, node] { run(call, prepared, node); };
  emulator::enqueue(name, std::move(work), std::move(accesses), stream);
}

} // namespace dsc::cuda
