//===- RandomInit.cpp - Initial values of #train.normal and #train.uniform ===//

#include "dsc/Support/RandomInit.h"

#include "dsc/Support/Philox.h"

#include <cmath>
#include <numbers>

using namespace dsc;

namespace {
constexpr uint32_t kInitDomain = 0x696e6974; // "init"
constexpr double kUnit = 0x1p-53;

/// The two 53-bit integers of one counter.
struct Pair {
  uint64_t first, second;
};
} // namespace

static Pair drawPair(uint64_t seed, uint64_t index) {
  auto words =
      philox4x32({static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), 0, kInitDomain},
                 {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  auto join = [](uint32_t high, uint32_t low) { return (uint64_t{high} << 32 | low) >> 11; };
  return {join(words[0], words[1]), join(words[2], words[3])};
}

void dsc::fillNormal(uint64_t seed, double mean, double stddev, uint64_t first,
                     llvm::MutableArrayRef<double> values) {
  for (size_t offset = 0; offset < values.size(); ++offset) {
    uint64_t i = first + offset;
    Pair pair = drawPair(seed, i / 2);
    double radius = std::sqrt(-2.0 * std::log(static_cast<double>(pair.first + 1) * kUnit));
    double angle = 2.0 * std::numbers::pi * (static_cast<double>(pair.second) * kUnit);
    values[offset] = mean + stddev * radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
  }
}

void dsc::fillUniform(uint64_t seed, double low, double high, uint64_t first,
                      llvm::MutableArrayRef<double> values) {
  for (size_t offset = 0; offset < values.size(); ++offset) {
    uint64_t i = first + offset;
    Pair pair = drawPair(seed, i / 2);
    double u = static_cast<double>(i % 2 == 0 ? pair.first : pair.second) * kUnit;
    values[offset] = low + (high - low) * u;
  }
}
