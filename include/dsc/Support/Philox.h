//===- Philox.h - The counter-based generator Philox4x32-10 ---------------===//
//
// Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011. A bijection of 128-bit counters under a 64-bit key: four words of
// random bits per counter, without state, so that any element can be drawn
// anywhere.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_SUPPORT_PHILOX_H
#define DSC_SUPPORT_PHILOX_H

#include <array>
#include <cstdint>

namespace dsc {

/// The four words of `counter` under `key`.
inline std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter,
                                          std::array<uint32_t, 2> key) {
  constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    uint64_t product0 = uint64_t{kMultiplier0} * counter[0];
    uint64_t product1 = uint64_t{kMultiplier1} * counter[2];
    auto high0 = static_cast<uint32_t>(product0 >> 32), low0 = static_cast<uint32_t>(product0);
    auto high1 = static_cast<uint32_t>(product1 >> 32), low1 = static_cast<uint32_t>(product1);
    counter = {high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

} // namespace dsc

#endif // DSC_SUPPORT_PHILOX_H
