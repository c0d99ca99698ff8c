//===- GuardedBuffer.h - Memory with forbidden surroundings ---------------===//
//
// A buffer that begins or ends exactly at a page that faults when touched, so
// that an access out of bounds cannot go unnoticed.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_UNIT_KERNELS_GUARDEDBUFFER_H
#define DSC_TEST_UNIT_KERNELS_GUARDEDBUFFER_H

#include <cstdint>
#include <cstring>
#include <sys/mman.h>

namespace dsc::test {

enum class Guard { Before, Behind };

class GuardedBuffer {
public:
  GuardedBuffer(size_t bytes, Guard guard) : bytes(bytes) {
    size_t body = (bytes + page - 1) / page * page;
    mappedBytes = body + 2 * page;
    mapped = static_cast<char *>(
        mmap(nullptr, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(mapped, page, PROT_NONE);
    mprotect(mapped + page + body, page, PROT_NONE);
    data = guard == Guard::Before ? mapped + page : mapped + page + body - bytes;
    std::memset(data, 0xab, bytes);
  }
  GuardedBuffer(GuardedBuffer &&other) noexcept
      : data(other.data), bytes(other.bytes), mapped(other.mapped), mappedBytes(other.mappedBytes) {
    other.mapped = nullptr;
  }
  GuardedBuffer(const GuardedBuffer &) = delete;
  GuardedBuffer &operator=(const GuardedBuffer &) = delete;
  ~GuardedBuffer() {
    if (mapped)
      munmap(mapped, mappedBytes);
  }

  char *data;
  size_t bytes;

private:
  static constexpr size_t page = 4096;
  char *mapped;
  size_t mappedBytes;
};

} // namespace dsc::test

#endif // DSC_TEST_UNIT_KERNELS_GUARDEDBUFFER_H
