//===- RandomInit.h - Initial values of #train.normal and #train.uniform --===//
//
// Element i of a variable is a pure function of (seed, i): compiler and
// interpreter draw the same values, whole or in chunks.
//
//   bits:    Philox4x32-10, key = low and high 32 bits of seed,
//            counter = (low, high 32 bits of i / 2, 0, kInitDomain);
//            kInitDomain keeps these counters apart from train.uniform's
//   uniform: low + (high - low) u, u = the upper 53 bits of words 0,1 (i even)
//            or 2,3 (i odd), read as word0 2^32 + word1, times 2^-53
//   normal:  mean + stddev sqrt(-2 ln u1) cos(2 pi u2) for even i, sin for odd i
//            (Box and Muller, 1958), u1 = (upper 53 bits of words 0,1 plus 1)
//            times 2^-53 in (0, 1], u2 from words 2,3 in [0, 1)
//
// Values are f64; a variable of another type rounds them to nearest even.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_SUPPORT_RANDOMINIT_H
#define DSC_SUPPORT_RANDOMINIT_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace dsc {

/// Elements first, first + 1, ... of a normally distributed variable.
void fillNormal(uint64_t seed, double mean, double stddev, uint64_t first,
                llvm::MutableArrayRef<double> values);

/// Elements first, first + 1, ... of a variable uniform in [low, high).
void fillUniform(uint64_t seed, double low, double high, uint64_t first,
                 llvm::MutableArrayRef<double> values);

} // namespace dsc

#endif // DSC_SUPPORT_RANDOMINIT_H
