//===- trainer_npz_fuzzer.cpp - Any bytes in, an error or arrays out ------===//
//
// What a trainer reads samples from: an archive, or a lone .npy array (which the
// fuzzer would hardly get past an archive's checksums). Every byte of what is
// accepted is touched.
//
//===----------------------------------------------------------------------===//

#include "trainer/Error.h"
#include "trainer/Npy.h"

#include <cstdlib>

using namespace dsc;

static unsigned touch(const Array &array) {
  unsigned sum = 0;
  for (size_t i = 0; i < array.bytes(); ++i)
    sum += static_cast<unsigned char>(array.data[i]);
  return sum;
}

static unsigned walk(const ArrayFiles &files) {
  unsigned sum = 0;
  for (const std::string &name : files.names())
    try {
      sum += touch(files.open(name));
    } catch (const TrainerError &) { // the other arrays may be whole
    }
  return sum;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  volatile unsigned sum = 0;
  try {
    if (bytes.substr(0, 2) == "\x93N")
      sum = touch(parseNpy(bytes, nullptr, "input"));
    else
      sum = walk(ArrayFiles(bytes, nullptr, "input"));
  } catch (const TrainerError &error) {
    if (error.status != ExitStatus::BadInput)
      std::abort();
  }
  return 0;
}
