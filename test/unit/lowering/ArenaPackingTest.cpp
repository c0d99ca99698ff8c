//===- ArenaPackingTest.cpp - No overlap, and not much more than the peak -===//

#include "lib/Lowering/ArenaPacking.h"

#include "llvm/ADT/SmallVector.h"
#include "gtest/gtest.h"

#include <random>

using namespace dsc;

using Intervals = llvm::SmallVector<ArenaInterval>;

static bool shareMoment(const ArenaInterval &a, const ArenaInterval &b) {
  return a.begin <= b.end && b.begin <= a.end;
}

static bool shareMemory(const ArenaInterval &a, const ArenaInterval &b) {
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/// The most bytes alive at one moment, which no packing can be below.
static int64_t peakOf(const Intervals &intervals) {
  int64_t peak = 0;
  for (const ArenaInterval &start : intervals) {
    int64_t alive = 0;
    for (const ArenaInterval &other : intervals) {
      bool isAlive = other.begin <= start.begin && start.begin <= other.end;
      alive += isAlive ? alignUp(other.bytes, kArenaAlignment) : 0;
    }
    peak = std::max(peak, alive);
  }
  return peak;
}

/// Packs, checks what every packing must be, and returns total / peak.
static double packAndCheck(Intervals intervals) {
  int64_t peak = peakOf(intervals), total = packArena(intervals);
  EXPECT_GE(total, peak);
  for (size_t i = 0; i < intervals.size(); ++i) {
    EXPECT_EQ(intervals[i].offset % kArenaAlignment, 0);
    EXPECT_GE(intervals[i].offset, 0);
    EXPECT_LE(intervals[i].offset + intervals[i].bytes, total);
    for (size_t j = 0; j < i; ++j) {
      EXPECT_FALSE(shareMoment(intervals[i], intervals[j]) &&
                   shareMemory(intervals[i], intervals[j]))
          << "intervals " << j << " and " << i << " overlap";
    }
  }
  return peak > 0 ? static_cast<double>(total) / static_cast<double>(peak) : 1.0;
}

static int64_t below(std::mt19937_64 &random, int64_t bound) {
  return static_cast<int64_t>(random() % static_cast<uint64_t>(bound));
}

/// Any lengths and sizes.
static Intervals randomIntervals(std::mt19937_64 &random) {
  Intervals intervals;
  for (int64_t i = 1 + below(random, 120); i > 0; --i) {
    int64_t begin = below(random, 200);
    intervals.push_back({1 + below(random, 5000), begin, begin + below(random, 60), -1});
  }
  return intervals;
}

/// What training makes: activations live from the forward pass until their
/// backward op, temporaries for a moment; few different sizes.
static Intervals trainingIntervals(std::mt19937_64 &random, int64_t layers) {
  Intervals intervals;
  for (int64_t layer = 0; layer < layers; ++layer) {
    int64_t forward = 4 * layer, backward = 8 * layers - 4 * layer;
    int64_t bytes = 4096 << below(random, 3);
    intervals.push_back({bytes, forward, backward, -1});
    intervals.push_back({2 * bytes, forward + 1, forward + 2, -1});
    intervals.push_back({bytes, backward, backward + 4, -1});
  }
  return intervals;
}

TEST(ArenaPacking, NothingTakesNothing) { EXPECT_EQ(packArena({}), 0); }

TEST(ArenaPacking, BuffersThatFollowEachOtherShare) {
  Intervals intervals = {{100, 0, 1, -1}, {100, 2, 3, -1}};
  EXPECT_EQ(packArena(intervals), 128);
}

TEST(ArenaPacking, TheLastMomentCounts) {
  Intervals intervals = {{64, 0, 2, -1}, {64, 2, 3, -1}};
  EXPECT_EQ(packArena(intervals), 128);
}

TEST(ArenaPacking, GapsAreFilled) {
  Intervals intervals = {{256, 0, 9, -1}, {128, 0, 2, -1}, {128, 4, 9, -1}, {64, 3, 3, -1}};
  EXPECT_EQ(packArena(intervals), 384);
}

TEST(ArenaPacking, RandomIntervalsNeverOverlap) {
  std::mt19937_64 random(1);
  double sum = 0;
  constexpr int kDraws = 200;
  for (int i = 0; i < kDraws; ++i) {
    double ratio = packAndCheck(randomIntervals(random));
    EXPECT_LE(ratio, 1.5);
    sum += ratio;
  }
  EXPECT_LE(sum / kDraws, 1.15);
}

TEST(ArenaPacking, TrainingStaysNearThePeak) {
  std::mt19937_64 random(2);
  for (int64_t layers = 1; layers < 60; ++layers) {
    EXPECT_LE(packAndCheck(trainingIntervals(random, layers)), 1.1);
  }
}
