//===- Order.h - Which sample is drawn when -------------------------------===//
//
// The order is a function of seed and position alone: the g-th draw of a run
// lies in epoch g / n at place g mod n, and shuffling maps the place through a
// permutation keyed by (seed, epoch). Nothing is stored and nothing replayed,
// so a run resumes at any step.
//
// The permutation is a Feistel network over the smallest even number of bits
// that holds n; a result of n or more is sent through again until it is smaller
// (cycle walking), which keeps it a bijection of [0, n).
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_ORDER_H
#define DSC_RUNTIME_TRAINER_ORDER_H

#include <cstdint>

namespace dsc {

/// The finalizer of SplitMix64: a bijection of 64-bit words in which every bit depends on all.
uint64_t mixBits(uint64_t value);

/// A uniform number in [0, 1): the `index`-th of the stream of `seed`.
double uniform(uint64_t seed, uint64_t index);

class Permutation {
public:
  Permutation(uint64_t size, uint64_t key);
  uint64_t at(uint64_t index) const;

private:
  uint64_t encrypt(uint64_t value) const;
  uint64_t size, key;
  int halfBits = 1;
};

/// Where the samples of a run come from.
struct SampleOrder {
  int64_t samples = 0; // that an epoch draws when shuffled
  int64_t period = 0;  // after which an unshuffled run starts over
  uint64_t seed = 0;
  bool shuffle = true;

  /// Draws an epoch makes.
  int64_t epochDraws() const { return shuffle ? samples : period; }
  /// The sample of the `draw`-th draw (step * batch + row).
  int64_t at(int64_t draw) const;
};

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_ORDER_H
