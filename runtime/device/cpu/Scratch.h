//===- Scratch.h - Working memory of the routines -------------------------===//
//
// Calls of a program run one after another, so one buffer that grows to the
// largest need serves them all; nothing in it outlives a call.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_SCRATCH_H
#define DSC_RUNTIME_DEVICE_CPU_SCRATCH_H

#include "abi/Abi.h"

#include <cstddef>
#include <cstdint>

namespace dsc {

/// Hands out 64-byte aligned pieces of the process's scratch buffer. A routine first adds up what
/// it needs (`reserve` returns a place), then calls `allocate` once, then asks for addresses.
class Scratch {
public:
  size_t reserve(size_t bytes) {
    size_t place = total;
    total += (bytes + 63) / 64 * 64;
    return place;
  }
  /// False, with the error set, when there is not enough memory; false also for measureScratch.
  bool allocate();
  void *at(size_t place) const { return static_cast<char *>(base) + place; }
  float *floatsAt(size_t place) const { return static_cast<float *>(at(place)); }

private:
  void *base = nullptr;
  size_t total = 0;
};

/// Size of the buffer so far: memory a trainer uses beside its arena.
size_t scratchBytes();

/// What `routine`, which takes its memory here, would allocate for `call`. Buffers are not touched.
size_t measureScratch(DscRoutine routine, const DscCall &call);

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_SCRATCH_H
