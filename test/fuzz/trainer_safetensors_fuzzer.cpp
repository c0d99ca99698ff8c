//===- trainer_safetensors_fuzzer.cpp - Any bytes in, an error or tensors out -===//
//
// What a trainer reads weights and checkpoints from. Every byte of what is
// accepted is touched, and no two tensors may share one.
//
//===----------------------------------------------------------------------===//

#include "trainer/Error.h"
#include "trainer/Safetensors.h"

#include <cstdlib>

using namespace dsc;

static unsigned walk(const Safetensors &image, size_t size) {
  unsigned sum = 0;
  size_t total = 0;
  for (const auto &[name, tensor] : image.tensors) {
    size_t bytes = static_cast<size_t>(numElements(tensor.shape)) * typeSize(tensor.type);
    total += bytes;
    for (size_t i = 0; i < bytes; ++i)
      sum += static_cast<unsigned char>(tensor.data[i]);
  }
  if (total > size)
    std::abort();
  return sum;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  try {
    volatile unsigned sum = walk(readSafetensors(bytes, "input"), size);
    (void)sum;
  } catch (const TrainerError &error) {
    if (error.status != ExitStatus::BadInput)
      std::abort();
  }
  return 0;
}
