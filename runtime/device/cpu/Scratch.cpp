//===- Scratch.cpp - Working memory of the routines -----------------------===//
#include "device/cpu/Scratch.h"

#include "abi/Abi.h"

#include <cstdlib>
#include <memory>

namespace {

struct FreeDeleter {
  void operator()(void *memory) const { std::free(memory); }
};
std::unique_ptr<void, FreeDeleter> buffer;
size_t bufferBytes = 0;

} // namespace

size_t dsc::scratchBytes() { return bufferBytes; }

bool dsc::Scratch::allocate() {
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
