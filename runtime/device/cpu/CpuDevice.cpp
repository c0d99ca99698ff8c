//===- CpuDevice.cpp - The processor as the device of a trainer -----------===//
#include "device/Device.h"
#include "device/cpu/Parallel.h"

#include <cstring>
#include <sys/mman.h>

using namespace dsc;

namespace {

constexpr size_t hugePage = 2 << 20;

class CpuDevice : public Device {
public:
  /// Aligned to a huge page, so that the kernel can use them from the first byte on.
  char *allocate(int64_t bytes) override {
    size_t mapped = mappedBytes(bytes) + hugePage;
    void *mapping =
        mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
      return nullptr;
    char *start = static_cast<char *>(mapping);
    size_t before = (hugePage - reinterpret_cast<uintptr_t>(start) % hugePage) % hugePage;
    if (before > 0)
      munmap(start, before);
    char *memory = start + before;
    if (hugePage - before > 0)
      munmap(memory + mappedBytes(bytes), hugePage - before);
    madvise(memory, mappedBytes(bytes), MADV_HUGEPAGE); // a hint only
    return memory;
  }
  void release(char *memory, int64_t bytes) override { munmap(memory, mappedBytes(bytes)); }

  bool sharesHostMemory() const override { return true; }
  /// By all threads: the kernel clears new memory, and reads a file, on the thread that asks.
  bool write(char *to, const void *from, size_t bytes) override {
    parallelFor(static_cast<int64_t>(bytes), hugePage, [&](int64_t begin, int64_t end) {
      memcpy(to + begin, static_cast<const char *>(from) + begin, size_t(end - begin));
    });
    return true;
  }
  bool read(void *to, const char *from, size_t bytes) override {
    memcpy(to, from, bytes);
    return true;
  }
  bool prefetchInput(size_t, const void *, size_t) override { return true; }
  const void *stageInput(size_t, const void *data, size_t) override { return data; }

  bool run(const DscCall &call, void *const *buffers) override {
    if (call.routine)
      return call.routine(&call, buffers) == 0;
    parallelFor(call.extent, call.grain,
                [&](int64_t begin, int64_t end) { call.kernel(begin, end, buffers); });
    return true;
  }
  bool finish() override { return true; }

  void setThreads(int count) override { setThreadCount(count > 0 ? count : threadCount()); }

private:
  static size_t mappedBytes(int64_t bytes) {
    return (static_cast<size_t>(bytes) + hugePage) / hugePage * hugePage;
  }
};

} // namespace

Device &dsc::device() {
  static CpuDevice device;
  return device;
}
