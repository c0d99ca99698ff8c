//===- IndexCheck.h - Indices that come from data -------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_INDEXCHECK_H
#define DSC_RUNTIME_DEVICE_CPU_INDEXCHECK_H

#include "abi/Abi.h"
#include "device/cpu/StridedLoop.h"

namespace dsc {

/// Calls body with `index` as a pointer to its type, DSC_I32 or DSC_I64.
template <typename Body> void withIndex(int64_t type, const void *index, Body &&body) {
  if (type == DSC_I32)
    return body(static_cast<const int32_t *>(index));
  return body(static_cast<const int64_t *>(index));
}

/// Whether all indices lie in [0, bound); if not, the error names the first that does not. The loop
/// is in logical order (not normalized), so that the position means something to the user.
bool checkIndices(const DscCall *call, int64_t type, const void *index, const StridedLoop<1> &loop,
                  int64_t bound);

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_INDEXCHECK_H
