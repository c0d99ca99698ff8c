//===- compiler_safetensors_fuzzer.cpp - Any bytes in, weights or an error out -===//
//
// What dsc-compile replaces initial values from, for a model of three parameters,
// one of which the seeds have in another float type.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/SafetensorsFile.h"

#include <cstdlib>

using namespace dsc;

static InitialValue makeValue(const char *name, const char *dtype, std::vector<int64_t> shape) {
  InitialValue value;
  value.name = name;
  value.dtype = dtype;
  value.shape.assign(shape.begin(), shape.end());
  return value;
}

static void walk(const InitialValue &value) {
  volatile unsigned sum = 0;
  for (llvm::StringRef bytes : {value.view, llvm::StringRef(value.owned)})
    for (char c : bytes)
      sum = sum + static_cast<unsigned char>(c);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef bytes(reinterpret_cast<const char *>(data), size);
  auto file = llvm::MemoryBuffer::getMemBuffer(bytes, "input", false);
  std::vector<InitialValue> values = {makeValue("a", "f32", {2, 3}), makeValue("b", "f32", {2}),
                                      makeValue("n", "i64", {})};
  llvm::consumeError(overrideInitialValues(*file, "input", values));
  for (const InitialValue &value : values)
    walk(value);
  return 0;
}
