//===- Scratch.cpp - Working memory of the routines -----------------------===//
#include "device/cpu/Scratch.h"

#include "device/cpu/State.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

namespace {

struct FreeDeleter {
  void operator()(void *memory) const { std::free(memory); }
};
std::unique_ptr<void, FreeDeleter> buffer;
size_t bufferBytes = 0;
std::optional<size_t> measured; // while a need is measured

} // namespace

size_t dsc::scratchBytes() { return bufferBytes; }

bool dsc::Scratch::allocate() {
  if (measured) {
    measured = std::max(*measured, total);
    return false;
  }
  if (total > bufferBytes) {
    buffer.reset(); // before, so that old and new never exist together
    bufferBytes = 0;
    buffer.reset(std::aligned_alloc(64, total));
    if (!buffer) {
      dscSetError("out of memory: a routine needs %zu bytes of working memory", total);
      return false;
    }
    bufferBytes = total;
  }
  base = buffer.get();
  return true;
}

size_t dsc::measureScratch(DscRoutine routine, const DscCall &call) {
  DscCall alone = call;
  void *state = nullptr;
  alone.state = &state;
  std::vector<void *> buffers(static_cast<size_t>(call.numBuffers), nullptr);
  measured = 0;
  routine(&alone, buffers.data());
  size_t bytes = *measured;
  measured.reset();
  releaseState(&alone);
  return bytes;
}
