//===- ArenaPacking.h - Intervals of time and memory without overlap ------===//
#ifndef DSC_LIB_LOWERING_ARENAPACKING_H
#define DSC_LIB_LOWERING_ARENAPACKING_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace dsc {

/// Offsets are multiples of this many bytes (a cache line).
inline constexpr int64_t kArenaAlignment = 64;

inline int64_t alignUp(int64_t value, int64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

struct ArenaInterval {
  int64_t bytes;
  int64_t begin, end; // first and last moment, inclusive
  int64_t offset;     // out
};

/// Places the intervals so that none that share a moment overlap, and returns
/// the bytes needed. First-fit, largest first: the greedy-by-size strategy of
/// Pisarchyk and Lee, "Efficient memory management for deep neural net
/// inference" (2020), which stays within a few percent of the peak of live
/// bytes on training graphs.
int64_t packArena(llvm::MutableArrayRef<ArenaInterval> intervals);

} // namespace dsc

#endif // DSC_LIB_LOWERING_ARENAPACKING_H
