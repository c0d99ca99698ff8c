//===- Dispatch.cpp - Choosing the level of the kernels -------------------===//
#include "device/cpu/kernels/Kernels.h"

using namespace dsc;

namespace dsc {
#if defined(__x86_64__)
namespace v2 {
extern const KernelTable table;
}
namespace v3 {
extern const KernelTable table;
}
namespace v4 {
extern const KernelTable table;
}
#else
namespace baseline {
extern const KernelTable table;
}
#endif
} // namespace dsc

namespace {

struct Choice {
  const KernelTable *runnable[3];
  int count = 0;
  const KernelTable *chosen;

  Choice() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    runnable[count++] = &v2::table;
    if (__builtin_cpu_supports("x86-64-v3"))
      runnable[count++] = &v3::table;
    if (__builtin_cpu_supports("x86-64-v4"))
      runnable[count++] = &v4::table;
#else
    runnable[count++] = &baseline::table;
#endif
    chosen = runnable[count - 1];
  }
};

Choice &choice() {
  static Choice instance;
  return instance;
}

} // namespace

const KernelTable &dsc::kernels() { return *choice().chosen; }

const KernelTable *const *dsc::runnableKernels(int *count) {
  *count = choice().count;
  return choice().runnable;
}

void dsc::useKernels(const KernelTable &table) { choice().chosen = &table; }
