//===- Sanitizers.h - Which sanitizer this is built with ------------------===//
//
// DSC_ASAN and DSC_TSAN, as g++ and clang++ each tell it, and their interfaces.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_EMULATOR_SANITIZERS_H
#define DSC_RUNTIME_EMULATOR_SANITIZERS_H

#if defined(__SANITIZE_ADDRESS__)
#define DSC_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DSC_ASAN 1
#endif
#endif

// The emulator itself is not instrumented for threads: its own state is shared by all
// fibers on purpose. Builds then define DSC_TSAN.
#if defined(__SANITIZE_THREAD__)
#define DSC_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define DSC_TSAN 1
#endif
#endif

#ifdef DSC_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef DSC_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace emulator {
/// A block begins: no thread has touched shared memory yet.
void renewSharedMemory();
} // namespace emulator

#endif // DSC_RUNTIME_EMULATOR_SANITIZERS_H
