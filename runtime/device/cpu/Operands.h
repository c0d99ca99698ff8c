//===- Operands.h - Reading the tables of a routine's call ----------------===//
//
// A routine reads its `ints` from front to back in the order that
// abi/CpuRoutines.h gives; whatever is wrong with them surfaces once, at `ok`,
// so that the reading code stays a plain list.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_OPERANDS_H
#define DSC_RUNTIME_DEVICE_CPU_OPERANDS_H

#include "abi/Abi.h"

namespace dsc {

/// The highest rank a routine accepts.
constexpr int64_t maxRank = 16;

class Operands {
public:
  explicit Operands(const DscCall *call) : call(call) {}

  int64_t next();
  /// The next `count` entries; null once something was wrong.
  const int64_t *take(int64_t count);
  /// The next entry as a rank or a number of dimensions between `low` and `high`.
  int64_t rank(int64_t low = 0, int64_t high = maxRank);
  /// The next entry as a size that must not be negative.
  int64_t size();
  /// The next entry as one of the element sizes 1, 2, 4, 8.
  int64_t elementBytes();
  /// The next entry as an index type: DSC_I32 or DSC_I64.
  int64_t indexType();
  /// The next entry as an element type that the routine has: a set of bits (1 << type).
  int64_t type(unsigned allowed);

  /// Whether all ints were read and were acceptable; if not, the error is set.
  bool ok();

private:
  int64_t fail(const char *what, int64_t value);

  const DscCall *call;
  int64_t position = 0;
  bool failed = false;
};

/// Whether none of the n sizes is negative or zero.
inline bool allPositive(const int64_t *sizes, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    if (sizes[i] <= 0)
      return false;
  return true;
}

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_OPERANDS_H
