//===- Arena.cpp - The memory of all steps --------------------------------===//
#include "trainer/Arena.h"

#include "trainer/Error.h"

#include <sys/mman.h>

using namespace dsc;

Arena::Arena(int64_t bytes) {
  constexpr uintptr_t hugePage = 2 << 20;
  mappedBytes = static_cast<size_t>(bytes) + hugePage;
  mapping = mmap(nullptr, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED)
    failInput(
        "cannot reserve %lld bytes of memory for the model; compile it with a smaller --batch "
        "or a --memory-limit",
        static_cast<long long>(bytes));
  // Aligned to a huge page, so that the kernel can use them from the first byte on.
  uintptr_t address = reinterpret_cast<uintptr_t>(mapping);
  begin = reinterpret_cast<char *>((address + hugePage - 1) / hugePage * hugePage);
  madvise(begin, static_cast<size_t>(bytes), MADV_HUGEPAGE); // a hint only
}

Arena::~Arena() { munmap(mapping, mappedBytes); }
