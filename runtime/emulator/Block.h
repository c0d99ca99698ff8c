//===- Block.h - The threads of one block ---------------------------------===//
#ifndef DSC_RUNTIME_EMULATOR_BLOCK_H
#define DSC_RUNTIME_EMULATOR_BLOCK_H

#include "cuda_runtime.h"

namespace emulator {

/// A generator of its own, so that the same seed gives the same order everywhere.
class Random {
public:
  explicit Random(uint64_t seed = 1) : state(seed * 0x9E3779B97F4A7C15u + 1) {}
  /// Uniform in [0, bound).
  unsigned below(unsigned bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<unsigned>((state >> 33) * uint64_t(bound) >> 31);
  }

private:
  uint64_t state;
};

/// Runs every block of the launch, in random order. A wrong synchronization ends the
/// program with an `error:` line that names kernel, block and threads.
void runGrid(const Launch &launch, Random &random);

/// Prints `error: emulator: ...` and ends the program with status 1.
[[noreturn]] void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

} // namespace emulator

#endif // DSC_RUNTIME_EMULATOR_BLOCK_H
