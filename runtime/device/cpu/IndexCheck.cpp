//===- IndexCheck.cpp - Indices that come from data -----------------------===//
#include "device/cpu/IndexCheck.h"

#include "device/cpu/Parallel.h"

#include <atomic>
#include <string>

using namespace dsc;

namespace {

/// "[1, 2]", or "3" for rank 1.
std::string positionText(const StridedLoop<1> &loop, int64_t linear) {
  if (loop.rank == 1)
    return std::to_string(linear);
  std::string text;
  for (int64_t i = loop.rank - 1; i >= 0; linear /= loop.dims[i--])
    text = std::to_string(linear % loop.dims[i]) + (text.empty() ? "" : ", ") + text;
  return "[" + text + "]";
}

template <typename Index>
int64_t firstOutside(const Index *index, const StridedLoop<1> &loop, int64_t bound) {
  std::atomic<int64_t> first{loop.size()};
  parallelFor(loop.size(), 1 << 16, [&](int64_t begin, int64_t end) {
    int64_t position = begin, found = end;
    loop.forEach(begin, end, [&](const auto &offsets) {
      auto value = static_cast<uint64_t>(static_cast<int64_t>(index[offsets[0]]));
      if (value >= static_cast<uint64_t>(bound) && found == end)
        found = position;
      ++position;
    });
    int64_t seen = first.load();
    while (found < end && found < seen && !first.compare_exchange_weak(seen, found)) {
    }
  });
  return first.load();
}

} // namespace

bool dsc::checkIndices(const DscCall *call, int64_t type, const void *index,
                       const StridedLoop<1> &loop, int64_t bound) {
  bool good = true;
  withIndex(type, index, [&](auto *typed) {
    int64_t first = firstOutside(typed, loop, bound);
    if (first == loop.size())
      return;
    good = false;
    dscSetError("%s: index %lld at position %s is outside [0, %lld)", call->name,
                static_cast<long long>(typed[loop.offsetsOf(first)[0]]),
                positionText(loop, first).c_str(), static_cast<long long>(bound));
  });
  return good;
}
