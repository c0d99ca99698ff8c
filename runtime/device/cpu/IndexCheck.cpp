//===- IndexCheck.cpp - Indices that come from data -----------------------===//
#include "device/cpu/IndexCheck.h"

#include "device/cpu/Parallel.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <type_traits>

using namespace dsc;

namespace {

/// "[1, 2]", or "3" for rank 1.
std::string positionText(const StridedLoop<1> &loop, int64_t linear) {
  if (loop.rank == 1)
    return std::to_string(linear);
  std::string text;
  for (int64_t i = loop.rank - 1; i >= 0; linear /= loop.dims[i--])
    text.insert(0, (i > 0 ? ", " : "[") + std::to_string(linear % loop.dims[i]));
  return text + "]";
}

/// Whether all indices are inside, without asking where; fast for contiguous ones.
template <typename Index> bool allInside(const Index *index, StridedLoop<1> loop, int64_t bound) {
  using Unsigned = std::make_unsigned_t<Index>;
  loop.normalize(0);
  int64_t inner = 1, step = 0;
  if (loop.rank > 0) {
    inner = loop.dims[loop.rank - 1];
    step = loop.strides[--loop.rank][0];
  }
  std::atomic<bool> inside{true};
  loop.forEach(0, loop.size(), [&](const auto &offsets) {
    parallelFor(inner, 1 << 16, [&](int64_t begin, int64_t end) {
      const Index *row = index + offsets[0];
      Unsigned greatest = 0; // negative ones are the greatest
      if (step == 1) {
        for (int64_t i = begin; i < end; ++i)
          greatest = std::max(greatest, static_cast<Unsigned>(row[i]));
      } else {
        for (int64_t i = begin; i < end; ++i)
          greatest = std::max(greatest, static_cast<Unsigned>(row[i * step]));
      }
      if (begin < end && greatest >= static_cast<uint64_t>(bound))
        inside = false;
    });
  });
  return inside;
}

template <typename Index>
int64_t firstOutside(const Index *index, const StridedLoop<1> &loop, int64_t bound) {
  int64_t position = 0, first = loop.size();
  loop.forEach(0, loop.size(), [&](const auto &offsets) {
    auto value = static_cast<int64_t>(index[offsets[0]]);
    if ((value < 0 || value >= bound) && position < first)
      first = position;
    ++position;
  });
  return first;
}

} // namespace

bool dsc::checkIndices(const DscCall *call, int64_t type, const void *index,
                       const StridedLoop<1> &loop, int64_t bound) {
  bool good = true;
  withIndex(type, index, [&](auto *typed) {
    good = loop.size() == 0 || allInside(typed, loop, bound);
    if (good)
      return;
    int64_t first = firstOutside(typed, loop, bound);
    dscSetError("%s: index %lld at position %s is outside [0, %lld)", call->name,
                static_cast<long long>(typed[loop.offsetsOf(first)[0]]),
                positionText(loop, first).c_str(), static_cast<long long>(bound));
  });
  return good;
}
