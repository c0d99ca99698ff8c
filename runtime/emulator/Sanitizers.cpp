//===- Sanitizers.cpp - What the sanitizers are told ----------------------===//
//
// A variable in shared memory is one of the host's thread, which all blocks that run on it
// use in turn. To ThreadSanitizer, threads of two blocks are not ordered, so that it finds
// their races on global memory; it would take a block's first use of shared memory for a
// race with the last block's. Ordering the blocks would hide real races. Instead each block
// begins with new memory: TSan's interface for virtual machines can say that an object
// begins its life where another ended.
//
//===----------------------------------------------------------------------===//
#include "Sanitizers.h"

#ifdef DSC_ASAN
/// What is found of locals that a kernel's function has left is not worth a second stack for each
/// thread, on which arguments of some kilobytes take most of the time.
extern "C" const char *__asan_default_options() { return "detect_stack_use_after_return=0"; }
#endif

#ifdef DSC_TSAN

#include "cuda_runtime.h"

#include <link.h>

extern "C" {
void __tsan_java_init(uintptr_t heap, uintptr_t bytes);
void __tsan_java_alloc(uintptr_t object, uintptr_t bytes);
void __tsan_java_free(uintptr_t object, uintptr_t bytes);
}

/// A race is reported only if the sanitizer still knows where the earlier access was made; a block
/// has hundreds of threads, whose histories it would soon forget.
extern "C" const char *__tsan_default_options() { return "history_size=7"; }

namespace {

struct Span {
  uintptr_t begin = 0, bytes = 0;
};

constexpr uintptr_t kAlignment = 8; // of an object

/// Finds the variables of the running thread in the module that holds emulator and kernels.
int findVariables(dl_phdr_info *module, size_t, void *found) {
  uintptr_t begin = reinterpret_cast<uintptr_t>(module->dlpi_tls_data);
  uintptr_t own = reinterpret_cast<uintptr_t>(&threadIdx);
  for (int i = 0; i < module->dlpi_phnum; ++i) {
    uintptr_t bytes = module->dlpi_phdr[i].p_memsz;
    if (module->dlpi_phdr[i].p_type != PT_TLS || own - begin >= bytes)
      continue;
    uintptr_t aligned = begin & -kAlignment;
    *static_cast<Span *>(found) = {aligned,
                                   (begin - aligned + bytes + kAlignment - 1) & -kAlignment};
    return 1;
  }
  return 0;
}

} // namespace

void emulator::renewSharedMemory() {
  static thread_local const Span variables = [] {
    Span found;
    dl_iterate_phdr(findVariables, &found);
    return found;
  }();
  // The sanitizer searches all of its heap for a place that it reports; so it is no larger.
  [[maybe_unused]] static const bool isReady = [] {
    __tsan_java_init(variables.begin, variables.bytes);
    return true;
  }();
  __tsan_java_alloc(variables.begin, variables.bytes);
  __tsan_java_free(variables.begin, variables.bytes); // so that reports still call it what it is
}

#else

void emulator::renewSharedMemory() {}

#endif
