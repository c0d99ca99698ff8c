//===- compiler_npz_fuzzer.cpp - Any bytes in, an error or arrays out -----===//
//
// What dsc-interpret and the checks read: archives, or a lone .npy array, which
// the fuzzer would hardly get past an archive's checksums.
//
//===----------------------------------------------------------------------===//

#include "dsc/Support/Npz.h"

#include <cstdlib>

using namespace dsc;

/// Reads every element as both kinds of numbers.
static void walk(const NpzArray &array) {
  if (array.bytes.size() != static_cast<uint64_t>(array.size()) * array.width)
    std::abort();
  volatile double sum = 0;
  for (int64_t i = 0; i < array.size(); ++i)
    sum = sum + array.getFloat(i) + static_cast<double>(array.getInt(i));
}

static llvm::Error read(llvm::StringRef bytes) {
  if (bytes.starts_with("\x93N")) {
    auto array = parseNpy(bytes);
    if (array)
      walk(*array);
    return array.takeError();
  }
  auto archive = parseNpz(bytes);
  if (archive)
    for (const auto &[name, array] : *archive)
      walk(array);
  return archive.takeError();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::consumeError(read(llvm::StringRef(reinterpret_cast<const char *>(data), size)));
  return 0;
}
