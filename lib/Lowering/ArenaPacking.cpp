//===- ArenaPacking.cpp - Intervals of time and memory without overlap ----===//

#include "lib/Lowering/ArenaPacking.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <algorithm>

using namespace dsc;

static bool overlapInTime(const ArenaInterval &a, const ArenaInterval &b) {
  return a.begin <= b.end && b.begin <= a.end;
}

/// The lowest gap for `interval` among `placed`, which are sorted by offset.
static int64_t findGap(const ArenaInterval &interval,
                       llvm::ArrayRef<const ArenaInterval *> placed) {
  int64_t offset = 0;
  for (const ArenaInterval *other : placed) {
    if (!overlapInTime(interval, *other)) {
      continue;
    }
    if (other->offset >= offset + interval.bytes) {
      break;
    }
    offset = std::max(offset, other->offset + other->bytes);
  }
  return offset;
}

int64_t dsc::packArena(llvm::MutableArrayRef<ArenaInterval> intervals) {
  llvm::SmallVector<ArenaInterval *> order;
  for (ArenaInterval &interval : intervals) {
    interval.bytes = alignUp(interval.bytes, kArenaAlignment);
    order.push_back(&interval);
  }
  // Equal sizes keep the program's order (the pointers ascend).
  llvm::sort(order, [](const ArenaInterval *a, const ArenaInterval *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
  });
  llvm::SmallVector<const ArenaInterval *> placed; // by offset
  int64_t total = 0;
  for (ArenaInterval *interval : order) {
    interval->offset = findGap(*interval, placed);
    total = std::max(total, interval->offset + interval->bytes);
    auto where =
        llvm::upper_bound(placed, interval, [](const ArenaInterval *a, const ArenaInterval *b) {
          return a->offset < b->offset;
        });
    placed.insert(where, interval);
  }
  return total;
}
